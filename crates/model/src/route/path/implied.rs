//! Which path patterns hold wherever another one does, and which never do.
//!
//! Not here: the same of whole rules (`route::claim`), and comparing a path with a pattern (`route::path`).

use super::{PathPattern, Test};
use crate::word::{self, Open};
use memchr::memmem;
use std::borrow::Cow;

/// What divides the segments of `path_dir`.
const SEGMENTS: &[u8] = b"/?";
/// What divides the words of `path_dom`.
const WORDS: &[u8] = b"/?.:";

impl PathPattern {
    /// Whether every path that this one matches is matched by `other`, where a path is empty or begins with `/`. A yes is certain. A no
    /// may only mean that nobody can tell: a regular expression is known to match what the same one does, or one certain path.
    pub(in crate::route) fn implies(&self, other: &PathPattern) -> bool {
        if (&self.test, &self.text) == (&other.test, &other.text) {
            return true;
        }
        if let Test::Exact = self.test {
            return other.matches(self.text.as_bytes());
        }
        let (mine, theirs) = (self.test.in_one_case(), other.test.in_one_case());
        let is_strict = self.kind.ignore_case && !other.kind.ignore_case;
        if matches!(theirs, Test::Regex(_)) || (is_strict && has_letters(&other.text)) {
            return false;
        }
        let text = if other.kind.ignore_case { self.lowered() } else { Cow::Borrowed(self.as_str()) };
        mine.implies(text.as_bytes(), theirs, other.text.as_bytes())
    }

    /// Whether no path is matched by both. A yes is certain, a no is not.
    pub(in crate::route) fn excludes(&self, other: &PathPattern) -> bool {
        match (&self.test, &other.test) {
            (Test::Exact, _) => return !other.matches(self.text.as_bytes()),
            (_, Test::Exact) => return !self.matches(other.text.as_bytes()),
            _ => {}
        }
        let in_any_case = self.kind.ignore_case || other.kind.ignore_case;
        let [one, another] = [self, other].map(|pattern| match in_any_case {
            true => pattern.lowered(),
            false => Cow::Borrowed(pattern.as_str()),
        });
        match (self.test.in_one_case(), other.test.in_one_case()) {
            (Test::Prefix, Test::Prefix) => !one.starts_with(&*another) && !another.starts_with(&*one),
            (Test::Suffix, Test::Suffix) => !one.ends_with(&*another) && !another.ends_with(&*one),
            (Test::Length(one), Test::Length(another)) => one != another,
            _ => false,
        }
    }

    /// Whether no request has such a path: it is compared from its start, and begins with no `/`.
    pub(crate) fn is_hopeless(&self) -> bool {
        let from_the_start = matches!(self.test.in_one_case(), Test::Exact | Test::Prefix);
        from_the_start && !self.text.is_empty() && !self.text.starts_with('/')
    }

    fn lowered(&self) -> Cow<'_, str> {
        match self.text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(self.text.to_ascii_lowercase()),
            false => Cow::Borrowed(&self.text),
        }
    }
}

impl Test {
    /// The test itself, where the letters of both sides are of one case already.
    fn in_one_case(&self) -> &Test {
        match self {
            Test::AnyCase(test) => test,
            test => test,
        }
    }

    /// Whether all paths that this test finds `text` in are such that `other` finds `wanted` in them.
    fn implies(&self, text: &[u8], other: &Test, wanted: &[u8]) -> bool {
        match (self, other) {
            (_, Test::Prefix | Test::Suffix | Test::Substring) if wanted.is_empty() => true,
            (_, Test::Segments | Test::Words) if word::trim(wanted, other.dividers()).is_empty() => true,
            (Test::Exact, _) => other.matches(wanted, text),
            (Test::Prefix, Test::Prefix) => text.starts_with(wanted),
            // A path that is not empty begins so.
            (_, Test::Prefix) => wanted == b"/" && !self.matches(text, b""),
            (Test::Suffix, Test::Suffix) => text.ends_with(wanted),
            (Test::Length(length), Test::Length(other)) => length == other,
            (Test::Length(_) | Test::Regex(_), _) => false,
            (_, Test::Substring) => memmem::find(self.certain(text), wanted).is_some(),
            (_, Test::Segments | Test::Words) => {
                word::is_certain(self.certain(text), self.ends(other), wanted, other.dividers())
            }
            _ => false,
        }
    }

    /// What of `text` is found as it stands: dividers around words are not looked for.
    fn certain<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        word::trim(text, self.dividers())
    }

    fn dividers(&self) -> &'static [u8] {
        match self {
            Test::Segments => SEGMENTS,
            Test::Words => WORDS,
            _ => b"",
        }
    }

    /// Whether a word of `other` can go on before what this test finds, and behind it.
    fn ends(&self, other: &Test) -> Open {
        let [before, behind] = match (self, other) {
            (Test::Prefix, _) => [false, true],
            (Test::Suffix, _) => [true, false],
            (Test::Segments, _) | (Test::Words, Test::Words) => [false, false],
            _ => [true, true],
        };
        Open { before, behind }
    }
}

fn has_letters(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use crate::route::path::{PathPattern, PathType};

    fn pattern(text: &str) -> PathPattern {
        let (kind, text) = text.rsplit_once(' ').unwrap();
        PathPattern::parse(text, PathType::parse(kind).unwrap()).unwrap()
    }

    #[test]
    fn one_path_pattern_implies_another_where_all_its_paths_match_that_too() {
        for (one, other, expected) in [
            ("path_beg /digitalproduct", "path_beg /digital", true),
            ("path_beg /digital", "path_beg /digitalproduct", false),
            ("path_beg /a", "path /a", false),
            ("path /a/b", "path_beg /a", true),
            ("path /a/b", "path_reg ^/a/.$", true),
            ("path_beg /A/b", "path_beg -i /a", true),
            ("path_beg -i /a", "path_beg /a", false),
            ("path_beg -i /a", "path_beg /", true),
            ("path -i /a/b", "path_dir -i B", true),
            ("path_beg /a/b", "path_dir b", false),
            ("path_beg /a/b/", "path_dir b", true),
            ("path_beg /a/b", "path_sub a/b", true),
            ("path_end x.png", "path_end .png", true),
            ("path_end x.png", "path_dom png", true),
            ("path_end png", "path_dom png", false),
            ("path_end .png", "path_beg /", true),
            ("path_reg .", "path_beg /", true),
            ("path_reg .*", "path_beg /", false),
            ("path_len 3", "path_beg /", true),
            ("path_len 3", "path_len 3", true),
            ("path_dir img/x", "path_dir img", true),
            ("path_dir /img/", "path_sub /img", false),
            ("path_dir img/x.png", "path_dom png", true),
            ("path_dom a/img/b", "path_dir img", true),
            ("path_dom img", "path_dir img", false),
            ("path_sub /img/", "path_dir img", true),
            ("path_reg -i ^/a", "path_reg -i ^/a", true),
            ("path_reg -i ^/a", "path_reg ^/a", false),
        ] {
            assert_eq!(pattern(one).implies(&pattern(other)), expected, "{one} implies {other}");
        }
    }

    #[test]
    fn one_path_pattern_excludes_another_where_no_path_matches_both() {
        for (one, other, expected) in [
            ("path_beg /a", "path_beg /b", true),
            ("path_beg /a", "path_beg /ab", false),
            ("path_beg -i /a", "path_beg /A", false),
            ("path /a", "path_beg /b", true),
            ("path_reg ^/a", "path /b", true),
            ("path_end .png", "path_end .jpg", true),
            ("path_beg /a", "path_sub b", false),
        ] {
            assert_eq!(pattern(one).excludes(&pattern(other)), expected, "{one} excludes {other}");
            assert_eq!(pattern(other).excludes(&pattern(one)), expected, "{other} excludes {one}");
        }
    }
}
