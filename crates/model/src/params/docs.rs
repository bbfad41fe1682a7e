//! docs/parameters.md as text, made from PARAMS.
//!
//! Not here: writing the file; a test compares it and `UPDATE_EXPECT=1` rewrites it.

use super::table::{Category, Kind, Level, OnBad, PARAMS, Param, State};
use std::fmt::Write as _;

/// The whole of docs/parameters.md.
pub fn markdown() -> String {
    let mut text = String::from(INTRODUCTION);
    for category in CHAPTERS {
        let _ = write!(text, "\n## {}\n\n{HEADER}", title(category));
        for param in PARAMS.iter().filter(|param| param.category == category) {
            row(&mut text, param);
        }
    }
    text
}

const INTRODUCTION: &str = "\
# Parameters

Generated from the table of parameters in the crate `model`; a test keeps it so.

A parameter arrives as a label `com.df.<name>` of a service, in the query of `/v1/docker-flow-proxy/reconfigure`, or in a listener's list.
An empty value is the same as none. The elements of a list are divided by a comma, or by `SEPARATOR`; blanks around them do not count.

An *indexed* parameter may end in `.1` to `.10`: `servicePath.1` and `port.1` make a destination of their own, asked in the order of the
indexes. They are counted without a gap: what comes behind a missing one is not read. As soon as one indexed destination exists, values without an
index only stand in for missing indexed ones. The names of indexed parameters are read as they are spelled here, all others in any case of letters.

A bad value is *refused* (the call is answered with 409 and the service's last good version stays live) or *ignored*, with a warning. Either way
no other service notices. Names that are not in this list are ignored without a word, unless they look like a misspelling.
";

const HEADER: &str =
    "| parameter | value | indexed | a bad value is | what it does | example |\n|---|---|---|---|---|---|\n";

const CHAPTERS: [Category; 10] = [
    Category::Identity,
    Category::Routing,
    Category::Backend,
    Category::Rewriting,
    Category::Auth,
    Category::Redirects,
    Category::Headers,
    Category::Tcp,
    Category::Tls,
    Category::Templates,
];

fn row(text: &mut String, param: &Param) {
    let mut doc = param.doc.to_owned();
    if !param.aliases.is_empty() {
        let _ = write!(doc, " Also: `{}`.", param.aliases.join("`, `"));
    }
    match param.state {
        State::Built => {}
        State::Consul => doc.push_str(" Ignored, with a warning."),
    }
    let indexed = if param.level == Level::Destination { "yes" } else { "" };
    let bad = match (param.state, param.on_bad) {
        // Values that nothing reads are not judged.
        (State::Consul, _) => "",
        (State::Built, OnBad::Refuse) => "refused",
        (State::Built, OnBad::Warn) => "ignored",
        (State::Built, OnBad::Zero) => "taken for 0",
    };
    let (kind, example) = (kind(param.kind), param.example.replace('|', "\\|"));
    let _ = writeln!(text, "| `{}` | {kind} | {indexed} | {bad} | {doc} | `{example}` |", param.name);
}

/// The rows of docs/migration.md: parameters that are known and not acted on, and why.
pub fn not_acted_on() -> String {
    let mut text = String::from("\n| parameter | why |\n|---|---|\n");
    for param in PARAMS {
        let why = match param.state {
            State::Built => continue,
            State::Consul => param.doc.to_owned(),
        };
        let _ = writeln!(text, "| `{}` | {why} |", param.name);
    }
    text + "\n"
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::List => "list",
        Kind::Flag => "true, false",
        Kind::Port => "port",
        Kind::Count => "number",
        Kind::Seconds => "seconds",
    }
}

fn title(category: Category) -> &'static str {
    match category {
        Category::Identity => "Who the service is",
        Category::Routing => "Which requests it gets",
        Category::Backend => "Where they go",
        Category::Rewriting => "What is changed in the request line",
        Category::Auth => "Who may pass",
        Category::Redirects => "What is redirected",
        Category::Headers => "Headers and bodies",
        Category::Tcp => "TCP and SNI",
        Category::Tls => "Certificates",
        Category::Templates => "Templates",
    }
}
