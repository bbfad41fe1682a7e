//! Raw bytes in; a verdict, and what the other side saw, out. Hostile clients and hostile servers, family by family, against a whole
//! proxy over real sockets. Each case runs twice, in one piece and byte by byte, and must come to the same end.
//!
//! `requests/*` and `responses/*` hold the cases, one family a file. The ignored test asks HAProxy and nginx the same and prints where
//! they differ:
//! `cargo test --package swarmgate --test raw -- --ignored --nocapture`
//! Not here: what a good exchange looks like in time (`it`), and parsers alone (`proxy`, `fuzz`).

#[path = "../it"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the other test binary speaks the whole language; this one needs its proxy"
)]
mod it {
    pub(crate) mod harness;
}

mod case;
mod compare;
mod peers;
mod recorder;
mod requests;
mod responses;
mod run;
mod script;
mod seeds;
mod wire;
