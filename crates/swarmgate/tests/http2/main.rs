//! HTTP/2 frame by frame, against a whole proxy over real sockets: conformance, what passes to servers, smuggling, floods.
//!
//! `conformance` holds the cases of h2spec by their numbers; `passing` what RFC 9113 and RFC 9110 ask of a proxy that speaks HTTP/1.1 to
//! servers; `smuggling` what a downgrade must not let through; `floods` what a client must not be able to cost.
//! Not here: HTTP/1.1 (`it`, `raw`), and programs of others (`clients`).

#[path = "../it"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the other test binary speaks the whole language; this one needs its proxy and its servers"
)]
mod it {
    pub(crate) mod harness;
}

#[path = "../raw"]
#[allow(dead_code, reason = "the suite of HTTP/1.1 holds cases of its own against them")]
mod raw {
    pub(crate) mod case;
    pub(crate) mod recorder;
    pub(crate) mod wire;
}

#[path = "../endurance"]
#[allow(dead_code, unused_imports, reason = "the promises hold more of the real program than these tests do")]
mod endurance {
    pub(crate) mod harness;
}

pub(crate) use raw::{case, recorder, wire};

mod client;
mod conformance;
mod floods;
mod frame;
mod hpack;
mod passing;
mod smuggling;
