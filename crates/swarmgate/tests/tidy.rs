//! The rules of the house that neither the compiler nor clippy holds: walls between rooms, sizes, first lines, reasons.
//!
//! A failure names the file, the line, the rule and why it is one. Generated pages and cases have their own tests.

use std::fs;
use std::path::{Path, PathBuf};

/// A file is read in one sitting. Tests do not count, and tables are as long as what they list.
const LONGEST_FILE: usize = 500;

/// What is closed to a room.
struct Wall {
    room: &'static str,
    /// A file or folder of the room that the wall does not stand around.
    but: &'static str,
    closed: &'static [(Closed, &'static str)],
}

/// What must not be written.
#[derive(Clone, Copy)]
enum Closed {
    /// A path or a name, as a whole.
    Path(&'static str),
    /// A part of any name, in any case of letters.
    Part(&'static str),
}

use Closed::{Part, Path as Whole};

const WALLS: &[Wall] = &[
    Wall {
        room: "model",
        but: "",
        closed: &[
            (Whole("tokio"), "nothing in model may wait"),
            (Whole("std::net"), "the model never sees a socket"),
            (Whole("std::fs"), "nothing in model may fail by itself"),
            (Whole("std::env"), "what the environment says is handed in as a Context"),
            (Whole("std::process"), "nothing in model may fail by itself"),
            (Whole("std::thread"), "nothing in model may wait"),
            (Whole("std::time::Instant"), "nothing in model may change by itself"),
            (Whole("SystemTime::now"), "nothing in model may change by itself: a time is handed in"),
            (Whole("serde"), "the wire's twins of these types live in the program's api"),
            (Whole("tracing"), "what happened is a value that the caller may log"),
        ],
    },
    Wall {
        room: "proxy",
        but: "",
        closed: &[
            (Whole("swarm::"), "siblings never see each other"),
            (Whole("swarmgate::"), "no arrow runs back up"),
            (Whole("Params"), "the proxy never sees a label"),
            (Whole("std::env"), "settings are handed in"),
            (Part("docker"), "the proxy does not know where its routes come from"),
        ],
    },
    Wall {
        room: "swarm",
        but: "",
        closed: &[
            (Whole("proxy::"), "siblings never see each other"),
            (Whole("swarmgate::"), "no arrow runs back up"),
            (Whole("RouteTable"), "the listener never sees a route"),
            (Whole("Snapshot"), "the listener never sees a route"),
            (Whole("std::env"), "settings are handed in"),
        ],
    },
    Wall {
        room: "swarmgate",
        but: "settings",
        closed: &[(Whole("std::env"), "settings are the one door to the environment")],
    },
];

/// The crates that a room may not depend on, not even in its tests.
const CLOSED_DEPENDENCIES: &[(&str, &[&str])] = &[
    ("model", &["proxy", "swarm", "swarmgate", "tokio", "hyper", "serde", "serde_json", "tracing", "reqwest", "rand"]),
    ("proxy", &["swarm", "swarmgate", "hyper", "reqwest", "axum", "clap"]),
    ("swarm", &["proxy", "swarmgate", "axum", "clap"]),
];

#[test]
fn every_file_begins_by_saying_what_it_is() {
    let wrong = sources().into_iter().filter(|source| !source.text.starts_with("//! "));
    report(wrong.map(|source| {
        format!(
            "{}:1: a file opens with `//!` that says what it is and what it is not: readers come from anywhere",
            source.name
        )
    }));
}

#[test]
fn no_module_is_called_mod() {
    let wrong = sources().into_iter().filter(|source| source.file_name() == "mod.rs");
    report(
        wrong.map(|source| {
            format!("{}:1: foo/mod.rs is foo.rs here: a tab with its name says what is in it", source.name)
        }),
    );
}

#[test]
fn no_file_is_longer_than_one_sitting() {
    report(sources().into_iter().filter(|source| !source.is_test() && source.file_name() != "table.rs").filter_map(
        |source| {
            let length = code_before_tests(&source.text);
            (length > LONGEST_FILE).then(|| {
                format!("{}:{length}: {LONGEST_FILE} lines is where a file must be divided, tests apart", source.name)
            })
        },
    ));
}

#[test]
fn the_walls_stand_in_the_code() {
    let sources = sources();
    report(WALLS.iter().flat_map(|wall| {
        let room = format!("crates/{}/src/", wall.room);
        let (inside, but) = (room.clone(), format!("{room}{}", wall.but));
        let behind = move |source: &&Source| {
            source.name.starts_with(&inside) && (but == inside || !source.name.starts_with(&but))
        };
        sources.iter().filter(behind).flat_map(|source| breaches(source, wall)).collect::<Vec<_>>()
    }));
}

#[test]
fn the_walls_stand_in_the_manifests() {
    report(CLOSED_DEPENDENCIES.iter().flat_map(|(room, closed)| {
        let name = format!("crates/{room}/Cargo.toml");
        let manifest = fs::read_to_string(root().join(&name)).expect("every room has a manifest");
        let found = dependencies(&manifest).into_iter().filter(|(_, dependency)| closed.contains(&dependency.as_str()));
        found
            .map(|(line, dependency)| format!("{name}:{line}: {room} may not depend on {dependency}"))
            .collect::<Vec<_>>()
    }));
}

#[test]
fn every_exception_has_a_reason() {
    report(sources().into_iter().flat_map(|source| {
        let wrong = exceptions_without_reason(&source.text).into_iter();
        wrong.map(move |line| {
            format!("{}:{line}: an allowed lint carries `reason = \"…\"`: the next reader wants it", source.name)
        })
    }));
}

#[test]
fn a_wall_is_breached_by_imports_and_paths_but_not_by_comments_and_longer_names() {
    let text = "//! tokio\nuse std::{collections::BTreeMap, fs::{self, File}};\n// std::env\nlet tokio_like = 1; // tokio\nlet x = std::time::Instant::now();\n";
    let source = Source { name: "crates/model/src/x.rs".to_owned(), text: text.to_owned() };
    let found: Vec<_> =
        breaches(&source, &WALLS[0]).iter().map(|breach| breach.split(": ").next().map(str::to_owned)).collect();
    assert_eq!(found, [Some("crates/model/src/x.rs:2".to_owned()), Some("crates/model/src/x.rs:5".to_owned())]);
    let source = Source { name: "crates/proxy/src/x.rs".to_owned(), text: "fn from_DockerLabel() {}\n".to_owned() };
    assert_eq!(breaches(&source, &WALLS[1]).len(), 1);
}

#[test]
fn an_exception_over_several_lines_is_seen() {
    assert_eq!(
        exceptions_without_reason(
            "#[allow(dead_code)]\n#[expect(\n    x,\n    reason = \"y\",\n)]\n#![allow(\n  z\n)]\n"
        ),
        [1, 6]
    );
    assert_eq!(code_before_tests("a\nb\n#[cfg(test)]\nmod tests {\n}\n"), 2);
    assert_eq!(
        dependencies("[package]\nname = \"x\"\n[dependencies]\na.workspace = true\n\n[dev-dependencies]\nb = \"1\"\n"),
        [(4, "a".to_owned()), (7, "b".to_owned())]
    );
}

/// A source file of the repository, named from its root.
struct Source {
    name: String,
    text: String,
}

impl Source {
    fn file_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    fn is_test(&self) -> bool {
        self.name.contains("/tests/") || self.file_name() == "tests.rs"
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All Rust files, in order.
fn sources() -> Vec<Source> {
    let root = root();
    let mut sources = Vec::new();
    for folder in ["crates", "bench", "fuzz"] {
        gather(&root, Path::new(folder), &mut sources);
    }
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(sources.len() > 30, "the sources were found");
    sources
}

fn gather(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return };
    for entry in entries.map(|entry| entry.expect("a folder of the repository can be read")) {
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() && entry.file_name() != "target" {
            gather(root, &path, sources);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(entry.path()).expect("a source file can be read");
            sources.push(Source { name: path.to_string_lossy().into_owned(), text });
        }
    }
}

fn report(wrong: impl Iterator<Item = String>) {
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn breaches(source: &Source, wall: &Wall) -> Vec<String> {
    let mut breaches = Vec::new();
    for (line, code) in statements(&source.text) {
        for (closed, why) in wall.closed {
            if closed.is_in(&code) {
                breaches.push(format!("{}:{line}: `{}` is closed to {}: {why}", source.name, closed.word(), wall.room));
            }
        }
    }
    // One import of several names behind a wall is one breach.
    breaches.dedup();
    breaches
}

impl Closed {
    fn word(self) -> &'static str {
        match self {
            Whole(word) | Part(word) => word,
        }
    }

    fn is_in(self, code: &str) -> bool {
        let of_a_name = |c: char| c.is_alphanumeric() || c == '_';
        match self {
            Part(word) => code.to_lowercase().contains(word),
            Whole(word) => code.match_indices(word).any(|(at, _)| {
                let (before, after) = (&code[..at], &code[at + word.len()..]);
                !before.ends_with(of_a_name) && (word.ends_with(':') || !after.starts_with(of_a_name))
            }),
        }
    }
}

/// The code of a file by line, without comments; an import with braces is one path for each name.
fn statements(text: &str) -> Vec<(usize, String)> {
    let mut statements = Vec::new();
    let mut import: Option<(usize, String)> = None;
    for (code, number) in text.lines().map(without_comment).zip(1..) {
        let starts = code.trim_start().trim_start_matches("pub ").starts_with("use ");
        match import.as_mut() {
            Some((_, open)) => open.push_str(code),
            None if starts => import = Some((number, code.to_owned())),
            None => statements.push((number, code.to_owned())),
        }
        if let Some((number, whole)) = import.take_if(|(_, open)| open.contains(';')) {
            statements.extend(expand(&whole).into_iter().map(|path| (number, path)));
        }
    }
    statements
}

/// `a::{b, c::{d, e}}` is `a::b`, `a::c::d`, `a::c::e`.
fn expand(path: &str) -> Vec<String> {
    let Some((before, inside)) = path.split_once('{') else { return vec![path.to_owned()] };
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for c in inside.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        parts.last_mut().expect("there is always one").push(c);
    }
    parts.iter().flat_map(|part| expand(&format!("{before}{}", part.trim()))).collect()
}

/// The line up to `//`, unless that belongs to an address.
fn without_comment(line: &str) -> &str {
    let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
    comment.map_or(line, |(at, _)| &line[..at])
}

fn code_before_tests(text: &str) -> usize {
    let lines: Vec<_> = text.lines().collect();
    let tests = lines.windows(2).position(|pair| pair[0] == "#[cfg(test)]" && pair[1].ends_with('{'));
    tests.unwrap_or(lines.len())
}

/// The dependencies of a manifest of any kind, with their lines.
fn dependencies(manifest: &str) -> Vec<(usize, String)> {
    let mut inside = false;
    let mut found = Vec::new();
    for (line, number) in manifest.lines().zip(1..) {
        if line.starts_with('[') {
            inside = line.trim_end_matches(']').ends_with("dependencies");
        } else if inside && !line.trim().is_empty() && !line.starts_with('#') {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            found.push((number, name.to_owned()));
        }
    }
    found
}

/// The lines of `allow` and `expect` attributes that say no reason.
fn exceptions_without_reason(text: &str) -> Vec<usize> {
    let code: Vec<_> = text.lines().map(without_comment).collect();
    let is_exception = |line: &str| {
        ["#[allow(", "#![allow(", "#[expect(", "#![expect("].iter().any(|start| line.trim_start().starts_with(start))
    };
    let attribute = |at: usize| {
        let length = code[at..].iter().position(|line| line.trim_end().ends_with(']')).unwrap_or_default();
        code[at..=at + length].concat()
    };
    (0..code.len())
        .filter(|at| is_exception(code[*at]) && !attribute(*at).contains("reason = "))
        .map(|at| at + 1)
        .collect()
}
