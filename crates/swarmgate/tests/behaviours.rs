//! Docker Flow's own behaviours, by number: each that can be seen from outside stands in the name of a test, or below with its reason.
//!
//! It reads sources, as `tidy` does. Not here: what the behaviours are.

#![allow(clippy::disallowed_methods, reason = "a test that reads the sources")]

use std::collections::BTreeSet;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// Those that are visible from outside.
const VISIBLE: &[RangeInclusive<u16>] = &[
    1..=50,
    53..=78,
    80..=85,
    87..=90,
    92..=92,
    97..=118,
    120..=120,
    123..=123,
    125..=133,
    135..=135,
    140..=148,
    179..=189,
];

/// Those without a test of their own, and why.
const EXCEPTIONS: &[(u16, &str)] = &[
    (11, "no second process is ever started, so none can be left over"),
    (35, "there is no configuration file that could be damaged: what `/config` shows is made of the services"),
    (
        65,
        "nothing is executed that could fail: a change is live, or refused with 400 or 409 and the last good version stays",
    ),
    (92, "no HAProxy logs by syslog: `ACCESS_LOG` writes its lines itself"),
];

#[test]
fn every_visible_behaviour_is_a_test() {
    let mut found = BTreeSet::new();
    for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")) {
        let text = fs::read_to_string(&file).expect("a listed file can be read");
        names(&text).for_each(|name| found.extend(numbers(name)));
        if file.ends_with("it/routing.rs") {
            found.extend(rows(&text));
        }
    }
    let excepted: BTreeSet<_> = EXCEPTIONS.iter().map(|(number, _)| *number).collect();
    let missing: Vec<_> =
        VISIBLE.iter().cloned().flatten().filter(|n| !found.contains(n) && !excepted.contains(n)).collect();
    assert_eq!(missing, [0; 0], "no test is named for these behaviours");
    let needless: Vec<_> = excepted.intersection(&found).collect();
    assert!(needless.is_empty(), "these have tests and need no exception: {needless:?}");
}

/// Sources and cases.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|end| end == "rs" || end == "case") {
            files.push(path);
        }
    }
    files
}

/// Names of tests: functions, the cases of a `.case` file, sections that are called `sN_`, and the comments of cases.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim_start();
        let name = line.split_once("fn ").filter(|(before, _)| matches!(*before, "" | "async ")).map(|(_, name)| name);
        name.or_else(|| line.strip_prefix("== "))
            .or_else(|| line.strip_prefix("# "))
            .or_else(|| line.strip_prefix("(\""))
    })
}

/// The numbers behind `behaviour_`, `behaviours_` or `s`: `1`, `1_and_2`, `1_to_3`, `1, 3 and 4`.
fn numbers(name: &str) -> Vec<u16> {
    let name = name.to_ascii_lowercase().replace([',', '-', ' ', ':'], "_");
    let Some(mut at) = name.find("behaviour").map(|at| &name[at..]) else {
        let number = name.strip_prefix('s').and_then(|rest| rest.split('_').next()?.parse().ok());
        return number.into_iter().collect();
    };
    let mut found = Vec::new();
    while let Some(start) = at.find("behaviour") {
        at = at[start + "behaviour".len()..].trim_start_matches('s');
        let (mut to, mut last) = (false, None);
        for word in at.split(['_', '(', '.']).filter(|word| !word.is_empty()) {
            match (word, word.parse::<u16>()) {
                (_, Ok(number)) if to => found.extend(last.map(|last| last..=number).into_iter().flatten()),
                (_, Ok(number)) => found.push(number),
                ("to", _) => {}
                ("and", _) => {}
                _ => break,
            }
            to = word == "to";
            last = found.last().copied();
        }
    }
    found
}

/// The rows of a table of behaviours begin with their number.
fn rows(text: &str) -> impl Iterator<Item = u16> {
    let rows = text.lines().filter_map(|line| line.trim_start().strip_prefix('(')?.split(',').next()?.parse().ok());
    rows.collect::<Vec<_>>().into_iter()
}
