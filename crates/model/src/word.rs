//! Whole words inside a text, as HAProxy's `dom` and `dir` matchers understand them.
//!
//! Not here: which bytes divide words; the caller says so.

/// Whether `word` stands in `text` between delimiters or ends of the text. Delimiters around `word` itself do not count.
pub(crate) fn contains(text: &[u8], word: &[u8], delimiters: &[u8]) -> bool {
    let word = trim(word, delimiters);
    let is_delimiter = |at: usize| text.get(at).is_none_or(|byte| delimiters.contains(byte));
    if word.is_empty() {
        return true;
    }
    memchr::memmem::find_iter(text, word)
        .any(|start| (start == 0 || is_delimiter(start - 1)) && is_delimiter(start + word.len()))
}

fn trim<'w>(word: &'w [u8], delimiters: &[u8]) -> &'w [u8] {
    let outside = |byte: &u8| !delimiters.contains(byte);
    match (word.iter().position(outside), word.iter().rposition(outside)) {
        (Some(first), Some(last)) => &word[first..=last],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn a_word_is_found_between_delimiters_only() {
        assert!(contains(b"/a/img/x", b"img", b"/?"));
        assert!(contains(b"/a/img/x", b"/img/", b"/?"));
        assert!(contains(b"img", b"img", b"/?"));
        assert!(contains(b"/images/img", b"img", b"/?"), "the second place counts too");
        assert!(!contains(b"/a/imgs/x", b"img", b"/?"));
        assert!(!contains(b"/a/ximg", b"img", b"/?"));
    }
}
