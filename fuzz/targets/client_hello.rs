//! Any bytes as the first message of a TLS client. What must hold is in `proxy::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| proxy::fuzzing::client_hello(bytes));
