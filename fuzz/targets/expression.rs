//! Any text as lines of HAProxy's language: refused, or understood and rendered so that it is understood in the same way.
#![no_main]

use model::expression::Environment;
use model::statement::{Extra, Section};

libfuzzer_sys::fuzz_target!(|text: &str| {
    for section in [Section::Frontend, Section::Backend] {
        let Ok(extra) = Extra::parse(text, section, &Environment::default()) else { continue };
        let lines = |extra: &Extra| {
            let request = extra.request.iter().map(|rule| format!("http-request {rule}"));
            request.chain(extra.response.iter().map(|rule| format!("http-response {rule}"))).collect::<Vec<_>>()
        };
        // Names are defined by other lines, which no rule repeats.
        if text.contains("acl") {
            continue;
        }
        let rendered = lines(&extra);
        let again = Extra::parse(&rendered.join("\n"), section, &Environment::default()).expect("it was understood");
        assert_eq!(lines(&again), rendered);
    }
});
