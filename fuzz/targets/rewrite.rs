//! Any text as a rewrite and a request line. What must hold is in `proxy::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| proxy::fuzzing::rewrite(bytes));
