//! Cases: the model's own, and those in `cases/`, where each begins with `== name` and may ask for more than is asked anyway.
//!
//! `ask: [port] METHOD target [HTTP/1.0] | Name: value | body: text | chunks: text | sni: name | certificate | no Host`; `then: …` is a
//! further request of the same connection.
//! Not here: what is asked anyway (`questions`), and lines that set variables and call `/reconfigure` (the model's `shared::case`).

use crate::above;
use crate::ask::{Ask, Hello, Request};
use model::Params;
use std::fs;
use std::path::{Path, PathBuf};

/// Where a case says nothing else.
pub(crate) const HOST: &str = "oracle.test";
const TITLE: &str = "== ";
const LINE: &str = "----------------------------------------\n";

/// A world, and what to ask it beside the usual.
pub(crate) struct Case {
    pub(crate) name: String,
    /// As it was written.
    pub(crate) text: String,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) services: Vec<Params>,
    pub(crate) asks: Vec<Ask>,
}

/// All cases, in the order of files and lines.
pub(crate) fn all() -> Vec<Case> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = |path: &PathBuf| {
        let text = read(path);
        let above = text.split_once(LINE).map_or(&*text, |(above, _)| above);
        Case::parse(&path.file_stem().expect("a file").to_string_lossy(), above)
    };
    let goldens = files(&here.join("../model/tests/cases"));
    let own = files(&here.join("tests/oracle/cases"));
    let own = own.iter().flat_map(|path| several(&read(path)));
    goldens.iter().map(golden).chain(own).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the cases are in the repository");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "case"));
    files.sort();
    assert!(!files.is_empty(), "{}: there are no cases", folder.display());
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a listed file can be read")
}

fn several(text: &str) -> Vec<Case> {
    let starts = text.match_indices(TITLE).filter(|(at, _)| *at == 0 || text[..*at].ends_with('\n'));
    let starts: Vec<_> = starts.map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let one = |(start, end): (&usize, usize)| {
        let (name, rest) = text[start + TITLE.len()..end].split_once('\n').unwrap_or_default();
        Case::parse(name.trim(), rest)
    };
    starts.iter().zip(ends).map(one).collect()
}

impl Case {
    pub(crate) fn parse(name: &str, text: &str) -> Case {
        let is_ask = |line: &&str| line.starts_with("ask: ") || line.starts_with("then: ");
        let (asked, above): (Vec<_>, Vec<_>) = text.lines().partition(is_ask);
        let above::Case { settings, services } = above::Case::parse(&above.join("\n"));
        let mut asks: Vec<Ask> = Vec::new();
        for line in asked {
            match (line.strip_prefix("ask: "), line.strip_prefix("then: ")) {
                (Some(line), _) => asks.push(ask(line)),
                (_, Some(line)) => {
                    asks.last_mut().expect("something was asked before").requests.extend(ask(line).requests);
                }
                _ => {}
            }
        }
        Case { name: name.to_owned(), text: text.trim().to_owned(), settings, services, asks }
    }

    /// The value of a variable, empty unless the case sets it.
    pub(crate) fn setting(&self, name: &str) -> &str {
        self.settings.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
    }
}

fn ask(line: &str) -> Ask {
    let mut parts = line.split(" | ");
    let mut words = parts.next().unwrap_or_default().split(' ').peekable();
    let port =
        words.next_if(|word| word.bytes().all(|byte| byte.is_ascii_digit())).map(|port| port.parse().expect("a port"));
    let (method, target) = (words.next().expect("a method"), words.next().expect("a target"));
    let mut request = Request::get(target, HOST).method(method);
    if words.next().is_some() {
        request = request.http10();
    }
    let port = port.unwrap_or(80);
    let mut tls = (port == 443).then(Hello::default);
    for part in parts {
        let (name, value) = part.split_once(':').map_or((part.trim(), ""), |(name, value)| (name, value.trim_start()));
        match name {
            "body" => request = request.body(value, false),
            "chunks" => request = request.body(value, true),
            "sni" => tls.get_or_insert_default().name = Some(value.to_owned()),
            "certificate" => tls.get_or_insert_default().shows_certificate = true,
            "tls" => drop(tls.get_or_insert_default()),
            "no Host" => request = request.without("Host"),
            "Host" => request = request.set(name, value),
            _ => request = request.with(name, value),
        }
    }
    Ask { port, tls, requests: vec![request] }
}
