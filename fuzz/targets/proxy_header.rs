//! Any bytes as a PROXY protocol header. What must hold is in `proxy::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| proxy::fuzzing::proxy_header(bytes));
