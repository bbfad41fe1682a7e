//! curl against the proxy over TLS: what an operator tries first, with a client that is not of our making.
//!
//! Needs curl; `scripts/test https` runs it, plain `cargo test` does not.
//! Not here: what no ordinary client does (`tests/it`).

mod choosing;
mod clients;
mod harness;
mod re_encrypting;
