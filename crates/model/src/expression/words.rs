//! A line of HAProxy's language taken apart: words, quotes and backslashes (configuration manual §2.2).
//!
//! Not here: putting words back into a line (`quote`).

use super::{Environment, Unusable};

/// The longest line that is read, in bytes: a header field of that size is already more than most servers take.
const LONGEST_LINE: usize = 8 * 1024;

/// The most words of a line: as many as HAProxy takes.
const MOST_WORDS: usize = 64;

/// The words of a line, out of their quotes. `#` outside of quotes ends the line. Control characters are not possible but for a tab,
/// neither as they are nor escaped; nor is an empty word, which HAProxy would take for the end of the line.
pub fn words(line: &str, environment: &Environment) -> Result<Vec<String>, Unusable> {
    read(line, true, environment)
}

/// The words of a value that becomes a part of a line. `#` outside of quotes is refused: it would cut the value.
pub(crate) fn item_words(item: &str, environment: &Environment) -> Result<Vec<String>, Unusable> {
    read(item, false, environment)
}

fn read(line: &str, may_comment: bool, environment: &Environment) -> Result<Vec<String>, Unusable> {
    if line.len() > LONGEST_LINE {
        return Err(Unusable::new(line, format!("is longer than {LONGEST_LINE} bytes")));
    }
    let mut reader = Reader { rest: line, may_comment, environment, word: None, words: Vec::new() };
    while reader.step()? {}
    reader.end_word()?;
    match reader.words.get(MOST_WORDS) {
        Some(word) => Err(Unusable::new(word, format!("is more than the {MOST_WORDS} words that a line may have"))),
        None => Ok(reader.words),
    }
}

struct Reader<'l> {
    rest: &'l str,
    may_comment: bool,
    environment: &'l Environment,
    /// The bytes of the word at hand; `None` between two words.
    word: Option<Vec<u8>>,
    words: Vec<String>,
}

impl Reader<'_> {
    /// Takes the next character, or the whole of a quotation. False at the end of the line.
    fn step(&mut self) -> Result<bool, Unusable> {
        match self.next() {
            None => return Ok(false),
            Some('#') if self.may_comment => return Ok(false),
            Some('#') => return Err(Unusable::new(format!("#{}", self.rest), "would be a comment; quote it")),
            Some(' ' | '\t') => self.end_word()?,
            Some('\'') => self.single_quoted()?,
            Some('"') => self.double_quoted()?,
            Some('\\') => self.escape(" \\#\"'")?,
            Some(plain) => self.push(plain),
        }
        Ok(true)
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    fn push(&mut self, character: char) {
        self.push_bytes(character.encode_utf8(&mut [0; 4]).as_bytes());
    }

    fn push_bytes(&mut self, bytes: &[u8]) {
        self.word.get_or_insert_default().extend_from_slice(bytes);
    }

    fn end_word(&mut self) -> Result<(), Unusable> {
        let Some(bytes) = self.word.take() else { return Ok(()) };
        let word = String::from_utf8(bytes)
            .map_err(|error| Unusable::new(String::from_utf8_lossy(error.as_bytes()), "is not UTF-8"))?;
        if word.is_empty() {
            return Err(Unusable::new("\"\"", "is empty, and an empty word would end the line"));
        }
        if word.contains(|c: char| c.is_ascii_control() && c != '\t') {
            return Err(Unusable::new(word, "holds a line end or another control character"));
        }
        self.words.push(word);
        Ok(())
    }

    /// Nothing has a meaning in single quotes but their end.
    fn single_quoted(&mut self) -> Result<(), Unusable> {
        let unclosed = || Unusable::new(format!("'{}", self.rest), "has no closing quote");
        let end = self.rest.find('\'').ok_or_else(unclosed)?;
        let inside = &self.rest[..end];
        self.push_bytes(inside.as_bytes());
        self.rest = &self.rest[end + 1..];
        Ok(())
    }

    /// Backslashes and variables have their meaning in double quotes.
    fn double_quoted(&mut self) -> Result<(), Unusable> {
        let inside = self.rest;
        self.push_bytes(b"");
        loop {
            match self.next() {
                None => return Err(Unusable::new(format!("\"{inside}"), "has no closing quote")),
                Some('"') => return Ok(()),
                Some('\\') => self.escape(" \\#\"'$")?,
                Some('$') => self.variable()?,
                Some(plain) => self.push(plain),
            }
        }
    }

    /// What is behind a backslash. One before any other character stays: it belongs to a regular expression.
    fn escape(&mut self, quotable: &str) -> Result<(), Unusable> {
        let mut characters = self.rest.chars();
        let (plain, length) = match characters.next() {
            Some(quoted) if quotable.contains(quoted) => (quoted, 1),
            Some('r') => ('\r', 1),
            Some('n') => ('\n', 1),
            Some('t') => ('\t', 1),
            Some('x') => return self.coded(),
            _ => ('\\', 0),
        };
        self.push(plain);
        self.rest = &self.rest[length..];
        Ok(())
    }

    /// `\xHH`: one byte.
    fn coded(&mut self) -> Result<(), Unusable> {
        let digits = self.rest.get(1..3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let Some(byte) = byte else {
            let start: String = self.rest.chars().take(3).collect();
            return Err(Unusable::new(format!("\\{start}"), "is not `\\x` and two hexadecimal digits"));
        };
        self.push_bytes(&[byte]);
        self.rest = &self.rest[3..];
        Ok(())
    }

    /// `$NAME` or `${NAME}`.
    fn variable(&mut self) -> Result<(), Unusable> {
        let text = self.rest;
        let in_braces = text.strip_prefix('{');
        let named = in_braces.unwrap_or(text);
        let length = named.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(named.len());
        let (name, behind) = named.split_at(length);
        let behind = if in_braces.is_some() { behind.strip_prefix('}') } else { Some(behind) };
        let behind = behind.filter(|_| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'));
        let Some(behind) = behind else {
            let start: String = text.chars().take(12).collect();
            return Err(Unusable::new(format!("${start}"), "is not the name of a variable; a plain `$` is `\\$`"));
        };
        self.push_bytes(self.environment.variable(name)?.as_bytes());
        self.rest = behind;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::words;
    use crate::expression::Environment;

    fn check(line: &str, expected: Result<&[&str], &str>) {
        let variables = [("FOO".to_owned(), "foo v".to_owned())].into();
        let secrets = ["TOKEN".to_owned()].into();
        let environment = Environment { variables, secrets, ..Environment::default() };
        let found = words(line, &environment).map_err(|error| error.to_string());
        let expected = expected.map(|words| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(found, expected.map_err(str::to_owned), "{line}");
    }

    #[test]
    fn words_are_divided_as_haproxy_divides_them() {
        check("  X-A\tb  ", Ok(&["X-A", "b"]));
        check(r#"ab"c d"e ''x"#, Ok(&["abc de", "x"]));
        check(r"a\ b\#c\\d\x41\.", Ok(&[r"a b#c\dA\."]));
        check(r#"a\d\.\$b\"c"#, Ok(&[r#"a\d\.\$b"c"#]));
        check(r#""a\d\.\$b\"c\x41 \q""#, Ok(&[r#"a\d\.$b"cA \q"#]));
        check(r#"'a\d\\x"'"#, Ok(&[r#"a\d\\x""#]));
        check("a#b c", Ok(&["a"]));
        check("'a#b' c", Ok(&["a#b", "c"]));
        check(r#""x$FOO|${FOO}|${NOPE}y" a$FOO"#, Ok(&["xfoo v|foo v|y", "a$FOO"]));
        check(r"\xc3\xa9", Ok(&["é"]));
        check("a\\", Ok(&["a\\"]));
    }

    #[test]
    fn what_would_leave_its_line_is_refused() {
        check("a '' b", Err("`\"\"` is empty, and an empty word would end the line"));
        check("a 'b", Err("`'b` has no closing quote"));
        check("a \"b'", Err("`\"b'` has no closing quote"));
        check(r"a\xzz", Err(r"`\xzz` is not `\x` and two hexadecimal digits"));
        check(r"\xff", Err("`\u{fffd}` is not UTF-8"));
        for text in ["a\nb", r"a\nb", r"a\x0ab", r#""a\nb""#] {
            check(text, Err(r"`a\nb` holds a line end or another control character"));
        }
        check(r#""$1 x""#, Err(r#"`$1 x"` is not the name of a variable; a plain `$` is `\$`"#));
        check(
            r#""${TOKEN}""#,
            Err("`TOKEN` is a variable of the proxy's own or may hold something secret; it cannot be read from here"),
        );
        check(&"x".repeat(9000), Err(&format!("`{}…` is longer than 8192 bytes", "x".repeat(80))));
    }
}
