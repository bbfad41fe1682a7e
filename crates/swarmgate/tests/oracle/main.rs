//! A real HAProxy as the oracle: what we render is run by it, both are asked the same, and both must answer alike.
//!
//! Each case is a world of services. Both proxies have the same servers, which record what reaches them; a client asks questions made of
//! the case's own paths, hosts, fields, methods and users, and of near misses. Whatever differs is a fault, or stands in a short list with
//! its reason (`differences`). Needs HAProxy and ports below 1024: `scripts/test oracle` runs it, plain `cargo test` does not.
//! Not here: bytes that are no HTTP (`raw`), and time.

#[path = "../it"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the other test binary speaks the whole language; this one needs a few words of it"
)]
mod it {
    pub(crate) mod harness;
}

#[path = "../../../model/tests/shared/case.rs"]
mod above;

mod ask;
mod case;
mod differences;
mod docs;
mod outcome;
mod place;
mod process;
mod questions;
mod random;
mod recorder;
mod suite;
mod tls;
mod view;
mod wire;
mod world;
