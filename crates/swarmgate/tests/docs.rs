//! docs/settings.md and docs/metrics.md are what their tables say. `UPDATE_EXPECT=1` rewrites them.

use expect_test::expect_file;

#[test]
fn the_page_of_settings_is_up_to_date() {
    expect_file!["../../../docs/settings.md"].assert_eq(&swarmgate::settings::markdown());
}

#[test]
fn the_page_of_metrics_is_up_to_date() {
    expect_file!["../../../docs/metrics.md"].assert_eq(&swarmgate::api::metrics::markdown());
}
