//! docs/settings.md is what the table of settings says. `UPDATE_EXPECT=1` rewrites it.

use expect_test::expect_file;

#[test]
fn the_page_of_settings_is_up_to_date() {
    expect_file!["../../../docs/settings.md"].assert_eq(&swarmgate::settings::markdown());
}
