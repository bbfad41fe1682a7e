//! HAProxy's list of certificates (crt-list): on a line a file, options in brackets, and the names that it is for.
//!
//! Not here: the files it names (`files`).

use super::known::{self, Stamp};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The list as it was last read. One that cannot be read leaves it as it was.
#[derive(Debug, Default)]
pub(super) struct CrtList {
    lines: Vec<Line>,
    /// Of the version that was read; `None`: read it again.
    stamp: Option<Stamp>,
    /// What was said about it.
    told: Option<String>,
}

/// A file, and the names it is for in place of its own; none: its own. `!` begins a name that it is not for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) path: PathBuf,
    pub(super) names: Vec<String>,
}

impl CrtList {
    /// Each file once, in the order of preference.
    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Reads the list if it may have changed. Blocks.
    pub(super) fn look(&mut self, path: &Path, now: SystemTime) {
        let metadata = fs::metadata(path);
        let stamp = metadata.as_ref().ok().map(Stamp::of);
        if stamp.is_some() && stamp == self.stamp {
            return;
        }
        let young = metadata.is_ok_and(|metadata| known::is_young(&metadata, now));
        let warning = match known::read(path) {
            Ok(content) => {
                let (lines, options) =
                    parse(&String::from_utf8_lossy(&content), path.parent().unwrap_or(Path::new("")));
                self.lines = lines;
                let options: Vec<_> = options.into_iter().collect();
                (!options.is_empty()).then(|| format!("these options mean nothing here: {}", options.join(", ")))
            }
            Err(reason) => Some(format!("it cannot be read, what it said before stays: {reason}")),
        };
        if warning != self.told {
            warning.iter().for_each(|warning| tracing::warn!("CRT_LIST_PATH {}: {warning}", path.display()));
            self.told = warning;
        }
        self.stamp = stamp.filter(|_| !young);
    }
}

/// The lines, relative paths seen from `folder`, and the options that stand in brackets.
fn parse(text: &str, folder: &Path) -> (Vec<Line>, BTreeSet<String>) {
    let (mut lines, mut options) = (Vec::<Line>::new(), BTreeSet::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (file, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let (bracketed, names) = match rest.trim_start().strip_prefix('[') {
            Some(rest) => rest.split_once(']').unwrap_or((rest, "")),
            None => ("", rest),
        };
        options.extend(keywords(bracketed));
        let names: Vec<_> = names.split_whitespace().map(str::to_ascii_lowercase).collect();
        let path = folder.join(file);
        match lines.iter_mut().find(|line| line.path == path) {
            // A line without names means all that the file is for.
            Some(line) if line.names.is_empty() || names.is_empty() => line.names.clear(),
            Some(line) => line.names.extend(names),
            None => lines.push(Line { path, names }),
        }
    }
    (lines, options)
}

/// The options' own words, without their values. Of HAProxy's options for a line, these stand alone.
fn keywords(options: &str) -> Vec<String> {
    const ALONE: [&str; 4] = ["allow-0rtt", "no-alpn", "no-ca-names", "prefer-client-ciphers"];
    let mut keywords = Vec::new();
    let mut words = options.split_whitespace();
    while let Some(keyword) = words.next() {
        keywords.push(keyword.escape_default().to_string());
        if !ALONE.contains(&keyword) {
            words.next();
        }
    }
    keywords
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str, names: &[&str]) -> Line {
        Line { path: path.into(), names: names.iter().map(|name| (*name).to_owned()).collect() }
    }

    #[test]
    fn a_line_is_a_file_with_options_and_names() {
        let text = "# our own\n\n  a.pem\n/certs/b.pem [alpn h2,http/1.1 ssl-min-ver TLSv1.2] B.com *.b.com !x.b.com\r\n\tsub/c.pem  c.com\nd.pem [allow-0rtt verify none]\n";
        let (lines, options) = parse(text, Path::new("/lists"));
        assert_eq!(
            lines,
            [
                line("/lists/a.pem", &[]),
                line("/certs/b.pem", &["b.com", "*.b.com", "!x.b.com"]),
                line("/lists/sub/c.pem", &["c.com"]),
                line("/lists/d.pem", &[]),
            ]
        );
        assert_eq!(Vec::from_iter(options), ["allow-0rtt", "alpn", "ssl-min-ver", "verify"]);
    }

    #[test]
    fn a_file_on_several_lines_is_one_with_all_its_names() {
        let (lines, _) = parse("a x.com\nb\na y.com\nb z.com\n./a !v.com\nb [", Path::new("/l"));
        assert_eq!(lines, [line("/l/a", &["x.com", "y.com", "!v.com"]), line("/l/b", &[])]);
    }
}
