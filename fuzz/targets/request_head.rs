//! Any bytes as the head of a request. What must hold is in `proxy::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| proxy::fuzzing::request_head(bytes));
