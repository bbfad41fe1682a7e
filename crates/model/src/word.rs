//! Whole words inside a text, as HAProxy's `dom` and `dir` matchers understand them.
//!
//! Not here: which bytes divide words; the caller says so.

/// Whether `word` stands in `text` between delimiters or ends of the text. Delimiters around `word` itself do not count.
pub(crate) fn contains(text: &[u8], word: &[u8], delimiters: &[u8]) -> bool {
    is_certain(text, Open { before: false, behind: false }, word, delimiters)
}

/// Where more may stand around a text that is only a part of another one.
#[derive(Clone, Copy)]
pub(crate) struct Open {
    pub(crate) before: bool,
    pub(crate) behind: bool,
}

/// Whether `word` stands so in every text that holds `text`, whatever comes at the ends that are open.
pub(crate) fn is_certain(text: &[u8], open: Open, word: &[u8], delimiters: &[u8]) -> bool {
    let word = trim(word, delimiters);
    if word.is_empty() {
        return true;
    }
    let begins = |start: usize| match start.checked_sub(1) {
        Some(before) => delimiters.contains(&text[before]),
        None => !open.before,
    };
    let ends = |end: usize| text.get(end).map_or(!open.behind, |byte| delimiters.contains(byte));
    memchr::memmem::find_iter(text, word).any(|start| begins(start) && ends(start + word.len()))
}

/// `word` without the delimiters around it.
pub(crate) fn trim<'w>(word: &'w [u8], delimiters: &[u8]) -> &'w [u8] {
    let outside = |byte: &u8| !delimiters.contains(byte);
    match (word.iter().position(outside), word.iter().rposition(outside)) {
        (Some(first), Some(last)) => &word[first..=last],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::{Open, contains, is_certain};

    #[test]
    fn a_word_is_found_between_delimiters_only() {
        assert!(contains(b"/a/img/x", b"img", b"/?"));
        assert!(contains(b"/a/img/x", b"/img/", b"/?"));
        assert!(contains(b"img", b"img", b"/?"));
        assert!(contains(b"/images/img", b"img", b"/?"), "the second place counts too");
        assert!(!contains(b"/a/imgs/x", b"img", b"/?"));
        assert!(!contains(b"/a/ximg", b"img", b"/?"));
    }

    #[test]
    fn a_word_at_an_open_end_may_go_on() {
        let open = |before, behind| Open { before, behind };
        assert!(is_certain(b"/a/img", open(true, false), b"img", b"/?"));
        assert!(!is_certain(b"/a/img", open(false, true), b"img", b"/?"));
        assert!(!is_certain(b"img/a", open(true, false), b"img", b"/?"));
        assert!(is_certain(b"x/img/a", open(true, true), b"img", b"/?"));
    }
}
