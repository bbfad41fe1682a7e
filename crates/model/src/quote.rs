//! HAProxy's quoting: whatever a value holds, it stays one word of one line.
//!
//! The rules are those of HAProxy's configuration manual, §2.2: quotes and backslashes around words, and once more around the
//! arguments of a sample expression.
//! Not here: what the words mean.

use std::borrow::Cow;
use std::fmt::Write as _;

/// One word of a line.
pub(crate) fn word(text: &str) -> Cow<'_, str> {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"#\"'\\$".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    if !text.is_empty() && !text.contains(|c: char| c == '\'' || c.is_control()) {
        return Cow::Owned(format!("'{text}'"));
    }
    Cow::Owned(in_double_quotes(text))
}

/// One argument of a sample expression, such as `path` of `regsub(path,…)`. The expression as a whole goes through [`word`].
pub(crate) fn argument(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_.-:^$*+?|[]{}".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))),
    }
}

/// The most words of a line that may be patterns: HAProxy takes 64 words in all.
const MOST_PATTERNS: usize = 50;

/// A test of any of these patterns, as one ACL says it: in as many lines of its name as it takes.
pub(crate) fn tests<'t>(fetch: &str, texts: impl Iterator<Item = &'t str>) -> Vec<String> {
    let texts: Vec<_> = texts.collect();
    texts.chunks(MOST_PATTERNS).map(|texts| format!("{fetch} {}", patterns(texts.iter().copied()))).collect()
}

/// The patterns of an ACL. `--` keeps one that starts with `-` from being read as a flag such as `-f <file>`.
pub(crate) fn patterns<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let texts: Vec<_> = texts.collect();
    let flags = if texts.iter().any(|text| text.starts_with('-')) { "-- " } else { "" };
    let words: Vec<_> = texts.into_iter().map(word).collect();
    format!("{flags}{}", words.join(" "))
}

/// A text where HAProxy expands `%` expressions: a plain one has none.
pub(crate) fn format_string(text: &str) -> String {
    word(&text.replace('%', "%%")).into_owned()
}

fn in_double_quotes(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if c.is_control() {
            // Control characters of the second block are two bytes.
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(quoted, "\\x{byte:02x}");
            }
            continue;
        }
        if "\"\\$".contains(c) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// Takes HAProxy's quoting out of a word: `\ `, `\\`, `\#`, `\"`, `\'` are the character behind, `\r`, `\n`, `\t` and `\xHH` a byte.
/// Any other backslash stays: it belongs to the regular expression (HAProxy configuration manual §2.2).
pub(crate) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let code = rest.get(1..3).and_then(|code| u8::from_str_radix(code, 16).ok()).filter(u8::is_ascii);
        let (character, length) = match (rest.chars().next(), code) {
            (Some(quoted @ (' ' | '\\' | '#' | '"' | '\'')), _) => (quoted, 1),
            (Some('r'), _) => ('\r', 1),
            (Some('n'), _) => ('\n', 1),
            (Some('t'), _) => ('\t', 1),
            (Some('x'), Some(code)) => (char::from(code), 3),
            _ => ('\\', 0),
        };
        plain.push(character);
        rest = &rest[length..];
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::{argument, format_string, patterns, unescape, word};

    #[test]
    fn a_word_is_quoted_only_where_it_must_be() {
        for (text, quoted) in [
            ("/demo", "/demo"),
            ("", r#""""#),
            ("a b", "'a b'"),
            (r"^/\d+#$", r"'^/\d+#$'"),
            ("it's $5", r#""it's \$5""#),
            ("a\nuse_backend evil", r#""a\x0ause_backend evil""#),
            ("\u{85}", r#""\xc2\x85""#),
            ("\u{2028}", "'\u{2028}'"),
        ] {
            assert_eq!(word(text), quoted, "{text:?}");
        }
    }

    #[test]
    fn an_argument_cannot_end_its_expression() {
        assert_eq!(argument("/something/"), "/something/");
        assert_eq!(argument(r#"^/(\w+),"x""#), r#""^/(\\w+),\"x\"""#);
        assert_eq!(argument(""), r#""""#);
    }

    #[test]
    fn a_pattern_is_never_a_flag() {
        assert_eq!(patterns(["/a", "/b"].into_iter()), "/a /b");
        assert_eq!(patterns(["-f", "/etc/shadow"].into_iter()), "-- -f /etc/shadow");
        assert_eq!(patterns(["-i #"].into_iter()), "-- '-i #'", "quotes do not hide it from HAProxy");
    }

    #[test]
    fn a_percent_sign_is_doubled_where_expressions_are_expanded() {
        assert_eq!(format_string("a%[env(X)]"), "a%%[env(X)]");
    }

    #[test]
    fn quoting_is_haproxys() {
        assert_eq!(unescape(r"a\ b\\c\#\x41\d\1\."), r"a b\c#A\d\1\.");
        assert_eq!(unescape("tail\\"), "tail\\");
    }
}
