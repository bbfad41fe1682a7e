//! Changes of the request line: `reqRepSearch`/`reqRepReplace` and `reqPathSearchReplace`, with their groups and quoting.
//!
//! Not here: reading and writing the request itself; the proxy hands in method and target and takes them back.

use crate::pattern::Pattern;
use crate::quote::unescape;
use crate::room;
use std::fmt;

/// The longest request line a rewrite may make, in bytes: what the proxy would take from a client.
const LONGEST_TARGET: usize = 16 * 1024;

/// The longest method it may make, in bytes, for the same reason.
const LONGEST_METHOD: usize = 32;

/// One change of the request line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rewrite {
    /// HAProxy's `set-path %[path,regsub(search,replace)]`: matches in the path, without the query, are replaced.
    Path {
        /// What is looked for.
        search: Pattern,
        /// What replaces it.
        replace: Template,
        /// Every match instead of the first one.
        all: bool,
    },
    /// HAProxy's `reqrep`: a line `METHOD URI HTTP/1.1` that matches is replaced as a whole.
    RequestLine {
        /// What is looked for.
        search: Pattern,
        /// The new line.
        replace: Template,
    },
}

/// A replacement with references `\1` to `\9` to groups; `\0` is the whole match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Vec<u8>),
    Group(usize),
}

/// A request line after all changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// The method.
    pub method: Vec<u8>,
    /// Path and query; starts with `/`.
    pub target: Vec<u8>,
}

/// A rewrite made something that is no request line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rewritten request line is not one")]
pub struct NotARequestLine;

impl Rewrite {
    /// One replacement in the path. The error is the reason, for an operator.
    pub fn path(search: &str, replace: &str) -> Result<Rewrite, String> {
        Ok(Rewrite::Path { search: compile(search)?, replace: Template::parse(replace), all: false })
    }

    /// `search,replace[,g][:search,replace[,g]…]`. The error is the reason, for an operator.
    pub fn pairs(text: &str) -> Result<Vec<Rewrite>, String> {
        text.split(':').filter(|pair| !pair.is_empty()).map(Rewrite::pair).collect()
    }

    fn pair(text: &str) -> Result<Rewrite, String> {
        let mut parts = text.split(',');
        let search = parts.next().filter(|search| !search.is_empty()).ok_or("has a pair without a search")?;
        let replace = parts.next().unwrap_or_default();
        let all = match parts.next() {
            None => false,
            Some("g") => true,
            Some(other) => return Err(format!("has `{other}` behind a pair where only `g` is possible")),
        };
        Ok(Rewrite::Path { search: compile(search)?, replace: Template::parse(replace), all })
    }

    /// A replacement of the whole line. The error is the reason, for an operator.
    pub fn request_line(search: &str, replace: &str) -> Result<Rewrite, String> {
        Ok(Rewrite::RequestLine { search: compile(search)?, replace: Template::parse(replace) })
    }

    /// Applies all changes, each to the result of the one before.
    pub fn apply_all(rewrites: &[Rewrite], method: &[u8], target: &[u8]) -> Result<Rewritten, NotARequestLine> {
        let mut line = Rewritten { method: method.to_vec(), target: target.to_vec() };
        for rewrite in rewrites {
            match rewrite {
                Rewrite::Path { search, replace, all } => line.replace_in_path(search, replace, *all),
                Rewrite::RequestLine { search, replace } => line.replace_line(search, replace)?,
            }
        }
        line.is_sound().then_some(line).ok_or(NotARequestLine)
    }
}

impl Rewritten {
    fn replace_in_path(&mut self, search: &Pattern, replace: &Template, all: bool) {
        // `OPTIONS *` has no path.
        if self.target == b"*" {
            return;
        }
        let length = self.target.iter().position(|byte| *byte == b'?').unwrap_or(self.target.len());
        let (path, query) = self.target.split_at(length);
        let mut changed = substitute(path, search, all, &|groups, into| replace.expand(groups, into));
        changed.extend_from_slice(query);
        // Whoever takes `/demo/` away from `/demo/x` means `/x`, and no server knows a path without its slash.
        if !changed.starts_with(b"/") {
            changed.insert(0, b'/');
        }
        self.target = changed;
    }

    fn replace_line(&mut self, search: &Pattern, replace: &Template) -> Result<(), NotARequestLine> {
        let line = [&self.method[..], &self.target, b"HTTP/1.1"].join(&b' ');
        let Some(captures) = search.captures(&line) else { return Ok(()) };
        let mut changed = Vec::new();
        replace.expand(&|number| captures.get(number).map(|group| group.as_bytes()), &mut changed);
        let mut words = changed.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        let (Some(method), Some(target)) = (words.next(), words.next()) else { return Err(NotARequestLine) };
        let (version, end) = (words.next(), words.next());
        if end.is_some() || version.is_some_and(|version| !version.starts_with(b"HTTP/")) {
            return Err(NotARequestLine);
        }
        (self.method, self.target) = (method.to_vec(), target.to_vec());
        Ok(())
    }

    /// What the proxy would take from a client: a token for a method, and a target in origin form, ASCII without controls, blanks and a
    /// fragment (RFC 9112 §3).
    fn is_sound(&self) -> bool {
        let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
        let method = (1..=LONGEST_METHOD).contains(&self.method.len()) && self.method.iter().all(token);
        method
            && self.method != b"CONNECT"
            && self.target.len() <= LONGEST_TARGET
            && (self.target.starts_with(b"/") || (self.target == b"*" && self.method == b"OPTIONS"))
            && self.target.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'#')
    }
}

impl Template {
    fn parse(source: &str) -> Template {
        let text = unescape(source);
        let mut parts = Vec::new();
        let mut plain = Vec::new();
        let mut bytes = text.bytes().peekable();
        while let Some(byte) = bytes.next() {
            match bytes.next_if(|next| byte == b'\\' && next.is_ascii_digit()) {
                None => plain.push(byte),
                Some(digit) => {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                    parts.push(Part::Group(usize::from(digit - b'0')));
                }
            }
        }
        parts.push(Part::Text(plain));
        Template { parts }
    }

    /// Writes the replacement for a match whose groups `group` gives.
    fn expand(&self, group: &Groups<'_>, into: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Text(text) => room::extend(into, text),
                Part::Group(number) => room::extend(into, group(*number).unwrap_or_default()),
            }
        }
    }
}

/// As HAProxy's `regsub` takes it: `\1` is a group, every other backslash is doubled.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(&String::from_utf8_lossy(text).replace('\\', "\\\\")),
            Part::Group(number) => write!(f, "\\{number}"),
        })
    }
}

/// The groups of a match, by number; `None` for one that did not take part.
pub(crate) type Groups<'g> = dyn Fn(usize) -> Option<&'g [u8]> + 'g;

/// `text` with its first match, or every one, replaced by what `expand` writes for it. HAProxy's loop (`regsub`): behind a match of nothing
/// one byte is passed over, and at the end of the text there is one last try.
pub(crate) fn substitute(
    text: &[u8],
    search: &Pattern,
    all: bool,
    expand: &dyn Fn(&Groups<'_>, &mut Vec<u8>),
) -> Vec<u8> {
    let (mut changed, mut start) = (Vec::with_capacity(text.len()), 0);
    while let Some(groups) = search.groups_from(text, start) {
        let Some((from, to)) = groups.get(0) else { break };
        let is_last = !all || start == text.len() || room::is_full(&changed);
        room::extend(&mut changed, &text[start..from]);
        expand(&|number| groups.get(number).map(|(from, to)| &text[from..to]), &mut changed);
        start = to;
        if is_last {
            break;
        }
        if from == to {
            changed.extend(text.get(start));
            start = text.len().min(start + 1);
        }
    }
    room::extend(&mut changed, &text[start..]);
    changed
}

fn compile(search: &str) -> Result<Pattern, String> {
    Pattern::compile(&unescape(search), false).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rewrites: Result<Vec<Rewrite>, String>, before: &str, after: Result<&str, NotARequestLine>) {
        let (method, target) = before.split_once(' ').unwrap();
        let line = Rewrite::apply_all(&rewrites.unwrap(), method.as_bytes(), target.as_bytes());
        let line = line.map(|line| String::from_utf8([&line.method[..], &line.target].join(&b' ')).unwrap());
        assert_eq!(line, after.map(str::to_owned));
    }

    fn line(search: &str, replace: &str) -> Result<Vec<Rewrite>, String> {
        Rewrite::request_line(search, replace).map(|rewrite| vec![rewrite])
    }

    #[test]
    fn behaviour_185_the_seeds_rewrite_maps_something_to_demo() {
        let seed = || line(r"^([^\ ]*)\ /something/(.*)", r"\1\ /demo/\2");
        check(seed(), "GET /something/hello", Ok("GET /demo/hello"));
        check(seed(), "POST /something/a?x=/something/", Ok("POST /demo/a?x=/something/"));
        check(seed(), "GET /other", Ok("GET /other"));
    }

    #[test]
    fn behaviours_26_to_29_paths_are_replaced_and_queries_kept() {
        check(Rewrite::pairs("/else/,/demo/"), "GET /else/hello?a=/else/", Ok("GET /demo/hello?a=/else/"));
        check(Rewrite::pairs("xxx|/something/,/demo/"), "GET /something/hello", Ok("GET /demo/hello"));
        check(Rewrite::path("/something", "").map(|one| vec![one]), "GET /something/demo/hello", Ok("GET /demo/hello"));
        check(Rewrite::pairs("/a,/b:/b,/c"), "GET /a/x", Ok("GET /c/x"));
        check(Rewrite::pairs("o,0"), "GET /foo/foo", Ok("GET /f0o/foo"));
        check(Rewrite::pairs("o,0,g"), "GET /foo/foo", Ok("GET /f00/f00"));
        check(Rewrite::pairs(r"^/(\w+)/(\w+),/\2/\1"), "GET /a/b/c", Ok("GET /b/a/c"));
    }

    #[test]
    fn a_rewrite_that_breaks_the_line_is_an_error() {
        check(line("^.*$", "nonsense"), "GET /a", Err(NotARequestLine));
        check(line("^.*$", r"GET\ /a\nX:\ y\ HTTP/1.1"), "GET /a", Err(NotARequestLine));
        check(Rewrite::path("a", "#").map(|one| vec![one]), "GET /a", Err(NotARequestLine));
        check(Rewrite::path("a", "\u{e9}").map(|one| vec![one]), "GET /a", Err(NotARequestLine));
        check(line("^GET", "CONNECT"), "GET /a", Err(NotARequestLine));
        check(line("^GET", &"M".repeat(33)), "GET /a", Err(NotARequestLine));
    }

    #[test]
    fn bug_a_path_that_a_rewrite_leaves_without_its_slash_gets_it_back() {
        for (search, path, after) in
            [("/demo", "/demo", "/"), ("/demo/", "/demo/x?y", "/x?y"), ("/demo", "/demo?x", "/?x")]
        {
            check(Rewrite::path(search, "").map(|one| vec![one]), &format!("GET {path}"), Ok(&format!("GET {after}")));
        }
    }

    #[test]
    fn bug_a_rewrite_that_does_not_match_leaves_options_star_alone() {
        check(Rewrite::pairs("a*,b,g"), "OPTIONS *", Ok("OPTIONS *"));
        check(line(r"^GET\ (.*)", r"PUT\ \1"), "OPTIONS *", Ok("OPTIONS *"));
        check(line(r"^OPTIONS", r"GET\ *"), "OPTIONS *", Err(NotARequestLine));
    }

    #[test]
    fn bug_matches_of_nothing_and_anchors_are_replaced_as_haproxy_replaces_them() {
        for (search, path, after) in [
            ("x*", "/a", "/y/yay"),
            ("x*", "/xa", "/y/yyay"),
            ("x*", "/axxb", "/y/yayyby"),
            ("^", "/a", "/y/a"),
            ("$", "/a", "/ayy"),
            ("^/a", "/a/a", "/y/a"),
        ] {
            check(Rewrite::pairs(&format!("{search},y,g")), &format!("GET {path}"), Ok(&format!("GET {after}")));
        }
    }

    #[test]
    fn a_match_of_nothing_and_runaway_patterns_end() {
        check(Rewrite::pairs("x{9},y,g"), "GET /a", Ok("GET /a"));
        check(line("(a+)+$", "x"), &format!("GET /{}b", "a".repeat(40)), Ok(&format!("GET /{}b", "a".repeat(40))));
    }
}
