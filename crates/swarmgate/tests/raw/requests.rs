//! Hostile clients, family by family.
//!
//! Not here: how cases are run (`run`).

use crate::case::RequestCase;
use crate::run;

/// A family: its name, and its cases.
pub(crate) type Family = (&'static str, fn() -> Vec<RequestCase>);

/// Declares families: a module each, a test each, and the list of all.
macro_rules! families {
    ($($module:ident $name:literal)*) => {
        $(mod $module;)*

        /// All families, in reading order.
        pub(crate) const FAMILIES: &[Family] = &[$(($name, $module::cases)),*];

        $(
            #[tokio::test]
            async fn $module() {
                run::requests($module::cases()).await;
            }
        )*
    };
}

families! {
    cl_te "CL.TE and TE.CL: both lengths at once"
    te_te "TE.TE: every byte around and inside `chunked`"
    content_length "Content-Length: doubled, listed, signed, too large"
    line_ends "bare LF, bare CR, obs-fold, empty lines"
    octets "NUL, controls and blanks where they do not belong"
    chunk_size "chunk sizes and chunk ends"
    chunk_extension "chunk extensions"
    trailers "trailers"
    absolute "absolute-form against Host"
    host "Host: none, several, malformed"
    version "HTTP/0.9, 1.0, 1.2, 2"
    target "request lines and targets"
    method "methods, CONNECT, bodies of GET"
    expect "Expect"
    hop "Connection, Upgrade and the fields of this hop"
    pipelining "pipelining"
    limits "limits"
}

#[test]
fn the_suite_is_as_large_as_promised_and_says_each_thing_once() {
    let families: Vec<_> = FAMILIES.iter().map(|(name, cases)| (*name, cases())).collect();
    let by_hand: usize =
        families.iter().filter(|(name, _)| !name.contains("every byte")).map(|(_, cases)| cases.len()).sum();
    assert!(by_hand >= 150, "{by_hand} cases beside those made byte by byte");
    for (family, cases) in &families {
        let mut names: Vec<_> = cases.iter().map(|case| &case.name).collect();
        names.sort();
        let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
        assert_eq!(twice, None, "{family}");
    }
}
