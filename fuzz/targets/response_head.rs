//! Any bytes as the head of a response, after one that describes its request. What must hold is in `proxy::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| proxy::fuzzing::response_head(bytes));
