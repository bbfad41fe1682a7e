//! The order of preference: HAProxy's list in its own order, what PREFERRED_CERTIFICATE names, files, secrets, and last what came with services; each
//! of these by name.
//!
//! Not here: what the order decides (`proxy::tls`).

use std::path::{Path, PathBuf};

/// A name in which `*` stands for any letters, also none, as in `*.acme.com.pem`. It is compared with the file name and with the whole path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<String>);

/// The place of a file: the smaller one is preferred.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// It came with a service: it is the default only where there is no other.
    is_brought: bool,
    /// In HAProxy's list; those that are not in it come after all that are.
    listed: usize,
    /// Of the first pattern that matches.
    preferred: usize,
    is_secret: bool,
    name: PathBuf,
    path: PathBuf,
}

impl Pattern {
    /// Any text is a pattern.
    pub fn new(text: &str) -> Pattern {
        Pattern(text.split('*').map(str::to_owned).collect())
    }

    fn matches(&self, text: &str) -> bool {
        let Some((first, others)) = self.0.split_first() else { return false };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        let Some((last, inner)) = others.split_last() else { return rest.is_empty() };
        for part in inner {
            let Some(place) = rest.find(part.as_str()) else { return false };
            rest = &rest[place + part.len()..];
        }
        rest.ends_with(last.as_str())
    }
}

impl Rank {
    /// The place of the file `path`.
    pub(super) fn of(path: &Path, listed: Option<usize>, preferred: &[Pattern], is_secret: bool) -> Rank {
        let name = path.file_name().map(PathBuf::from).unwrap_or_default();
        let matches =
            |pattern: &Pattern| pattern.matches(&name.to_string_lossy()) || pattern.matches(&path.to_string_lossy());
        let preferred = preferred.iter().position(matches).unwrap_or(usize::MAX);
        Rank {
            is_brought: false,
            listed: listed.unwrap_or(usize::MAX),
            preferred,
            is_secret,
            name,
            path: path.to_owned(),
        }
    }

    /// The same place among those that came with services, if it is one of them.
    pub(super) fn brought(self, is_brought: bool) -> Rank {
        Rank { is_brought, ..self }
    }

    pub(super) fn is_brought(&self) -> bool {
        self.is_brought
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, matches) in [
            ("a.pem", "a.pem", true),
            ("a.pem", "a.pem.old", false),
            ("*", "", true),
            ("*.pem", "a.pem", true),
            ("a*", "ab", true),
            ("a*", "ba", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("/certs/*", "/certs/a", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(text), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn behaviour_93_the_list_comes_first_then_patterns_then_files_then_secrets() {
        let preferred = [Pattern::new("*.org"), Pattern::new("/run/secrets/*"), Pattern::new("z*")];
        let file = |name: &str, listed| (Path::new("/certs").join(name), listed, false);
        let secret = |name: &str| (Path::new("/run/secrets").join(name), None, true);
        let mut files = [
            secret("cert-a"),
            file("b.com", None),
            file("z", None),
            file("a.com", None),
            file("b.org", None),
            file("a.org", None),
            file("y", Some(1)),
            file("x", Some(0)),
        ];
        files.sort_by_key(|(path, listed, is_secret)| Rank::of(path, *listed, &preferred, *is_secret));
        let names: Vec<_> = files.iter().filter_map(|(path, ..)| path.file_name()?.to_str()).collect();
        assert_eq!(names, ["x", "y", "a.org", "b.org", "cert-a", "z", "a.com", "b.com"]);
    }
}
