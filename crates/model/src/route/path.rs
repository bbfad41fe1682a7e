//! Paths: the ways a service's path can match the path of a request.
//!
//! Paths are compared byte for byte as they came: no percent-decoding, no dot segments, no doubled slashes removed, as in HAProxy.
//! Not here: finding the rule for a path among thousands (`route::index`).

mod implied;

use crate::pattern::Pattern;
use crate::word;
use std::fmt;

/// HAProxy's path matchers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathMatcher {
    /// `path`: the whole path.
    Exact,
    /// `path_beg`: the start of the path, whole segments or not. The default.
    #[default]
    Prefix,
    /// `path_end`: the end of the path.
    Suffix,
    /// `path_sub`: anywhere in the path.
    Substring,
    /// `path_dir`: a run of whole segments.
    Segments,
    /// `path_dom`: a run of words between `/`, `?`, `.` and `:`.
    Words,
    /// `path_len`: the length of the path in bytes.
    Length,
    /// `path_reg`: a PCRE, unanchored.
    Regex,
}

/// `pathType`, read: a matcher and whether it ignores the case of letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathType {
    /// How a path is compared.
    pub matcher: PathMatcher,
    /// Whether letters match in any case (`-i`).
    pub ignore_case: bool,
}

/// One path of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    text: String,
    kind: PathType,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Exact,
    Prefix,
    Suffix,
    Substring,
    Segments,
    Words,
    Length(usize),
    Regex(Pattern),
    /// Another test on lower-case letters; the text is lower case already.
    AnyCase(Box<Test>),
}

/// What the index can do with a pattern.
pub(super) enum Indexable<'p> {
    Exact(&'p str),
    Prefix(&'p str),
    No,
}

impl PathType {
    /// Reads HAProxy's keyword, optionally followed by ` -i`. `None` for anything else.
    pub fn parse(text: &str) -> Option<PathType> {
        let mut words = text.split_ascii_whitespace();
        let matcher = match words.next()? {
            "path" => PathMatcher::Exact,
            "path_beg" => PathMatcher::Prefix,
            "path_end" => PathMatcher::Suffix,
            "path_sub" => PathMatcher::Substring,
            "path_dir" => PathMatcher::Segments,
            "path_dom" => PathMatcher::Words,
            "path_len" => PathMatcher::Length,
            "path_reg" => PathMatcher::Regex,
            _ => return None,
        };
        let ignore_case = match words.next() {
            None => false,
            Some("-i") => true,
            Some(_) => return None,
        };
        words.next().is_none().then_some(PathType { matcher, ignore_case })
    }
}

/// HAProxy's keyword, followed by ` -i` where the case of letters is ignored.
impl fmt::Display for PathType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.matcher {
            PathMatcher::Exact => "path",
            PathMatcher::Prefix => "path_beg",
            PathMatcher::Suffix => "path_end",
            PathMatcher::Substring => "path_sub",
            PathMatcher::Segments => "path_dir",
            PathMatcher::Words => "path_dom",
            PathMatcher::Length => "path_len",
            PathMatcher::Regex => "path_reg",
        })?;
        f.write_str(if self.ignore_case { " -i" } else { "" })
    }
}

impl PathPattern {
    /// The pattern that `text` means under `kind`; the error is the reason, for an operator.
    pub fn parse(text: &str, kind: PathType) -> Result<PathPattern, String> {
        let test = match kind.matcher {
            PathMatcher::Regex => {
                let pattern = Pattern::compile(text, kind.ignore_case).map_err(|error| error.to_string())?;
                return Ok(PathPattern { text: text.to_owned(), kind, test: Test::Regex(pattern) });
            }
            PathMatcher::Length => {
                let length = text.parse().map_err(|_| "is not a length in bytes".to_owned())?;
                return Ok(PathPattern { text: text.to_owned(), kind, test: Test::Length(length) });
            }
            PathMatcher::Exact => Test::Exact,
            PathMatcher::Prefix => Test::Prefix,
            PathMatcher::Suffix => Test::Suffix,
            PathMatcher::Substring => Test::Substring,
            PathMatcher::Segments => Test::Segments,
            PathMatcher::Words => Test::Words,
        };
        Ok(match kind.ignore_case {
            false => PathPattern { text: text.to_owned(), kind, test },
            true => PathPattern { text: text.to_ascii_lowercase(), kind, test: Test::AnyCase(Box::new(test)) },
        })
    }

    /// The pattern's text; lower case if case is ignored.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How it is compared.
    pub fn kind(&self) -> PathType {
        self.kind
    }

    /// Whether `path`, without its query, matches.
    pub fn matches(&self, path: &[u8]) -> bool {
        self.test.matches(self.text.as_bytes(), path)
    }

    pub(super) fn indexable(&self) -> Indexable<'_> {
        match self.test {
            Test::Exact => Indexable::Exact(&self.text),
            Test::Prefix => Indexable::Prefix(&self.text),
            _ => Indexable::No,
        }
    }
}

impl Test {
    fn matches(&self, text: &[u8], path: &[u8]) -> bool {
        match self {
            Test::Exact => path == text,
            Test::Prefix => path.starts_with(text),
            Test::Suffix => path.ends_with(text),
            Test::Substring => memchr::memmem::find(path, text).is_some(),
            Test::Segments => word::contains(path, text, b"/?"),
            Test::Words => word::contains(path, text, b"/?.:"),
            Test::Length(length) => path.len() == *length,
            Test::Regex(pattern) => pattern.is_match(path),
            Test::AnyCase(test) => test.matches(text, &path.to_ascii_lowercase()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, text: &str, hits: &[&str], misses: &[&str]) {
        let pattern = PathPattern::parse(text, PathType::parse(kind).unwrap()).unwrap();
        for path in hits {
            assert!(pattern.matches(path.as_bytes()), "{kind} {text} must match {path}");
        }
        for path in misses {
            assert!(!pattern.matches(path.as_bytes()), "{kind} {text} must not match {path}");
        }
    }

    #[test]
    fn every_path_type_matches_as_haproxy_does() {
        check("path_beg", "/a", &["/a", "/a/b", "/abc"], &["//a", "/x/../a", "/%61", "/A"]);
        check("path", "/a", &["/a"], &["/a/", "/ab"]);
        check("path_end", ".png", &["/x.png"], &["/x.png/"]);
        check("path_sub", "mid", &["/a/amid/b"], &["/a"]);
        check("path_dir", "img", &["/img", "/a/img/b"], &["/imgs"]);
        check("path_dom", "png", &["/x.png"], &["/xpng"]);
        check("path_len", "4", &["/abc"], &["/ab"]);
        check("path_reg", "/.*/test$", &["/v1/test", "/a/b/test"], &["/test", "/v1/tests"]);
        check("path_beg -i", "/Api", &["/API/x", "/api"], &["/ap"]);
        check("path_reg -i", "^/my-ITEM$", &["/My-Item"], &["/my-items"]);
    }

    #[test]
    fn path_types_nobody_knows_are_none() {
        for text in ["", "path_begin", "path_beg -x", "path_beg -i -i", "hdr(host)"] {
            assert_eq!(PathType::parse(text), None, "{text}");
        }
    }
}
