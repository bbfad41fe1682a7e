//! docs/parameters.md is what the table of parameters says; `UPDATE_EXPECT=1 cargo test -p model --test docs` rewrites it.

use expect_test::expect_file;
use model::params::docs::markdown;

#[test]
fn the_page_of_parameters_is_in_sync_with_the_table() {
    expect_file!["../../../docs/parameters.md"].assert_eq(&markdown());
}
