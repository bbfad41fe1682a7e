//! docs/settings.md, docs/metrics.md and two tables of docs/migration.md are what their sources say. `UPDATE_EXPECT=1` rewrites them.

use expect_test::expect_file;

#[test]
fn the_page_of_settings_is_up_to_date() {
    expect_file!["../../../docs/settings.md"].assert_eq(&swarmgate::settings::markdown());
}

#[test]
fn the_page_of_metrics_is_up_to_date() {
    expect_file!["../../../docs/metrics.md"].assert_eq(&swarmgate::api::metrics::markdown());
}

#[test]
fn the_page_of_migration_names_what_is_not_acted_on() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/migration.md");
    #[allow(clippy::disallowed_methods, reason = "a test that reads a page")]
    let page = std::fs::read_to_string(path).expect("the page is in the repository");
    let page = with_section(&page, "parameters", &model::params::docs::not_acted_on());
    let page = with_section(&page, "variables", &swarmgate::settings::not_acted_on());
    expect_file!["../../../docs/migration.md"].assert_eq(&page);
}

/// The page with `text` in the section between the comments that name it.
fn with_section(page: &str, name: &str, text: &str) -> String {
    let (before, rest) = page.split_once(&format!("<!-- {name}: ")).expect("the section begins");
    let (title, rest) = rest.split_once('\n').expect("the comment ends");
    let end = format!("<!-- end of {name} -->");
    let (_, after) = rest.split_once(&end).expect("the section ends");
    format!("{before}<!-- {name}: {title}\n{text}{end}{after}")
}
