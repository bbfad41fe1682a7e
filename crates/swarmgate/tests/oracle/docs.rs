//! docs/migration.md holds the list of meant differences. `UPDATE_EXPECT=1` rewrites that part of it.
//!
//! Not here: the rest of the page.

use crate::differences::DIFFERENCES;
use expect_test::expect_file;
use std::fmt::Write as _;

const BEGIN: &str = "<!-- differences: generated from crates/swarmgate/tests/oracle/differences/list.rs -->\n";
const END: &str = "<!-- end of differences -->";

#[test]
fn the_page_of_migration_lists_every_difference() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/migration.md"));
    let page = page.expect("the page is in the repository");
    let (before, rest) = page.split_once(BEGIN).expect("the page has the list");
    let (_, after) = rest.split_once(END).expect("the list ends");
    expect_file!["../../../../docs/migration.md"].assert_eq(&format!("{before}{BEGIN}{}{END}{after}", list()));
}

fn list() -> String {
    let mut text = String::from("\n| difference | what, and why |\n|---|---|\n");
    for difference in DIFFERENCES {
        let _ = writeln!(text, "| {} | {} |", difference.name.replace('-', " "), difference.reason);
    }
    text + "\n"
}
