//! WHAT is routed: parameters become a service, services a catalog, the catalog a route table and a haproxy.cfg.
//!
//! Pure. Nothing in here can wait, fail by itself, or change by itself: no socket, no file, no clock, no environment.

pub mod auth;
pub mod backend;
pub mod catalog;
pub mod compression;
pub mod expression;
pub mod frontend;
pub mod haproxy;
pub mod log_format;
pub mod params;
pub mod pattern;
mod quote;
pub mod rewrite;
mod room;
pub mod route;
pub mod service;
pub mod slots;
pub mod snapshot;
pub mod statement;
pub mod tcp;
mod trie;
mod word;

pub use backend::{Backend, BackendId};
pub use catalog::Catalog;
pub use compression::Compression;
pub use frontend::{Frontend, Timeouts};
pub use params::Params;
pub use room::MOST_WRITTEN;
pub use route::{Fields, RequestHead, Route, RouteTable, Verdict};
pub use service::{Context, Service, ServiceName};
pub use slots::Slots;
pub use snapshot::{Generation, Snapshot};
