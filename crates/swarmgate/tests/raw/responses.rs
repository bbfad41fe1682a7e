//! Hostile servers, family by family.
//!
//! Not here: how cases are run (`run`).

use crate::case::ResponseCase;
use crate::run;

/// A family: its name, and its cases.
pub(crate) type Family = (&'static str, fn() -> Vec<ResponseCase>);

/// Declares families: a module each, a test each, and the list of all.
macro_rules! families {
    ($($module:ident $name:literal)*) => {
        $(mod $module;)*

        /// All families, in reading order.
        pub(crate) const FAMILIES: &[Family] = &[$(($name, $module::cases)),*];

        $(
            #[tokio::test]
            async fn $module() {
                run::responses($module::cases()).await;
            }
        )*
    };
}

families! {
    status_line "status lines and versions"
    framing "lengths and codings"
    head "line ends, octets and size of heads"
    chunks "chunks and trailers"
    truncated "truncated responses"
    interim "interim responses"
    switching "101 and 426"
    bodiless "204, 304 and HEAD"
    extra "more than was asked for"
    passing "what passes, and how it changes"
}

#[test]
fn the_suite_is_as_large_as_promised_and_says_each_thing_once() {
    let families: Vec<_> = FAMILIES.iter().map(|(name, cases)| (*name, cases())).collect();
    let all: usize = families.iter().map(|(_, cases)| cases.len()).sum();
    assert!(all >= 100, "{all} cases");
    for (family, cases) in &families {
        let mut names: Vec<_> = cases.iter().map(|case| &case.name).collect();
        names.sort();
        let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
        assert_eq!(twice, None, "{family}");
    }
}
