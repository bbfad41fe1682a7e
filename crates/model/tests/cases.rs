//! The compatibility spec: each file in `cases/` has parameters above and what becomes of them below.
//!
//! Above the line: `#` comments; `context:` lines that set a variable of the proxy (USERS, SEPARATOR, SERVICE_DOMAIN_ALGO,
//! HTTPS_ONLY, CA_FILE, COMPRESSION_ALGO, COMPRESSION_TYPE; PROXY_INSTANCE_NAME with its filter); then one call of `/reconfigure` a
//! line, as its query (`shared::case` reads them).
//! Below: what is warned about and refused, the rules in order, and the services' part of haproxy.cfg.
//! `UPDATE_EXPECT=1 cargo test -p model --test cases` rewrites what is below; read the difference.

#![allow(clippy::disallowed_methods, reason = "the runner reads files and a variable; the crate it tests does not")]

#[path = "shared/case.rs"]
mod case;

use case::Case;
use model::auth::global_users;
use model::catalog::{Catalog, Command};
use model::haproxy::{Globals, render};
use model::route::host::DomainAlgorithm;
use model::route::{Rule, RuleKind};
use model::{Compression, Context, Generation, Snapshot};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const LINE: &str = "----------------------------------------\n";
/// Longer lines are cut: a value of 10 kB is judged, not read.
const LONGEST_LINE: usize = 240;

#[test]
fn cases() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for path in case_files() {
        let text = fs::read_to_string(&path).expect("a listed file can be read");
        let (above, below) = text.split_once(LINE).unwrap_or((&text, ""));
        let actual = outcome(above);
        if actual == below {
            continue;
        }
        if update {
            fs::write(&path, format!("{}\n\n{LINE}{actual}", above.trim_end())).expect("a case can be rewritten");
        } else {
            wrong.push(difference(&path, below, &actual));
        }
    }
    assert!(wrong.is_empty(), "UPDATE_EXPECT=1 rewrites these cases:\n\n{}", wrong.join("\n"));
}

fn case_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let entries = fs::read_dir(folder).expect("the cases are in the repository");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    files.sort();
    assert!(
        files.iter().all(|path| path.extension().is_some_and(|end| end == "case")),
        "only cases are here: {files:?}"
    );
    assert!(files.len() >= 25, "the cases were found: {files:?}");
    files
}

/// The first line that differs, and the whole of what is.
fn difference(path: &Path, expected: &str, actual: &str) -> String {
    let lines = expected.lines().chain([""]).zip(actual.lines().chain([""]));
    let differing = lines.zip(1..).find(|((expected, actual), _)| expected != actual);
    let ((expected, found), line) = differing.unwrap_or((("", "another end"), 0));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("{name}, line {line} below the line:\n  expected: {expected}\n  found:    {found}\n\n{actual}")
}

/// What is below the line.
fn outcome(above: &str) -> String {
    let case = Case::parse(above);
    let context = context(&case);
    let (mut catalog, mut warnings, mut refused) = (Catalog::default(), Vec::new(), Vec::new());
    for params in case.services {
        match catalog.apply(Command::Configure(params), &context) {
            Ok(applied) => {
                warnings.extend(applied.warnings.iter().map(|(name, warning)| format!("{name}: {warning}")));
            }
            Err(error) => refused.push(format!("{:?}: {error}", error.kind)),
        }
    }
    let snapshot = Snapshot::new(Generation::default(), catalog, &context);
    let config =
        render(&snapshot, &Globals { users: context.users, compression: context.compression, ..Globals::default() });
    [
        section("warnings", &warnings),
        section("refused", &refused),
        section("routes", &routes(&snapshot)),
        section("haproxy.cfg", &services_part(&config)),
    ]
    .concat()
}

fn section(title: &str, lines: &[String]) -> String {
    let indented = |line: &String| if line.is_empty() { "\n".to_owned() } else { format!("    {}\n", cut(line)) };
    if lines.is_empty() {
        String::new()
    } else {
        format!("{title}\n{}", lines.iter().map(indented).collect::<String>())
    }
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(LONGEST_LINE) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}… ({} bytes)", &line[..end], line.len()),
    }
}

/// The rules in the order in which they are asked: where each leads, and its conditions.
fn routes(snapshot: &Snapshot) -> Vec<String> {
    let table = &snapshot.routes;
    let redirect = |rule: &Rule| match rule.kind() {
        RuleKind::RedirectFromDomain => {
            format!("redirect to {} <- {rule}", rule.destination().first_domain.as_deref().unwrap_or_default())
        }
        _ => format!("redirect to https <- {rule}"),
    };
    let mut lines: Vec<_> = table.redirects().map(redirect).collect();
    lines.extend(table.rules().map(|(rule, route)| format!("{} <- {rule}", table.backend(route).name)));
    lines.extend(table.default_route().map(|route| format!("{} <- everything else", table.backend(route).name)));
    lines
}

/// Everything behind `defaults`, whose lines no service changes.
fn services_part(config: &str) -> Vec<String> {
    let sections = config.split_inclusive("\n\n").skip_while(|section| !section.starts_with("defaults")).skip(1);
    sections.collect::<String>().lines().map(str::to_owned).collect()
}

fn context(case: &Case) -> Context {
    let mut context = Context::default();
    let hashed = case.settings.iter().any(|(name, value)| name == "USERS_PASS_ENCRYPTED" && value == "true");
    for (name, value) in &case.settings {
        match name.as_str() {
            "USERS" => context.users = global_users(value, hashed).users,
            "USERS_PASS_ENCRYPTED" => {}
            "SEPARATOR" => context.separator = value.clone(),
            "SERVICE_DOMAIN_ALGO" => {
                context.domain_algorithm = DomainAlgorithm::parse(value).expect("a case names an algorithm");
            }
            "COMPRESSION_ALGO" => {
                let algorithms = Compression::parse_algorithms(value).expect("a case names algorithms");
                Arc::make_mut(context.compression.get_or_insert_default()).algorithms = algorithms;
            }
            "COMPRESSION_TYPE" => {
                Arc::make_mut(context.compression.get_or_insert_default()).types = Compression::parse_types(value);
            }
            "CA_FILE" => context.verifies_clients = !value.is_empty(),
            "PROXY_INSTANCE_NAME" => context.instance = Some(value.to_owned()),
            "HTTPS_ONLY" => context.https_only = value == "true",
            other => panic!("no case may set {other}"),
        }
    }
    context
}
