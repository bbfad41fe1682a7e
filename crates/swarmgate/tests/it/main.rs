//! Conversations with a whole proxy: clients, servers, listeners, name servers and callers of the API, all over real sockets.
//!
//! One file a topic. The numbers in test names are those of the list of Docker Flow's own behaviours.
//! Not here: what a single head becomes (`proxy`), and which route wins (`model`); their own tests hold them.

mod harness;

#[path = "../../../proxy/src/resolve/tests/dns.rs"]
mod dns;

/// The fake Docker Engine of the crate `swarm`, and the HTTP that it speaks.
#[allow(dead_code, reason = "the tests of that crate need more of it")]
#[path = "../../../swarm/tests/it/docker.rs"]
mod docker;
#[path = "../../../swarm/tests/it/http.rs"]
mod http;

mod access_log;
mod all;
mod answers;
mod api;
mod binds;
mod bodies;
mod certificates;
mod check;
mod compression;
mod configuring;
mod connection_modes;
mod connections;
mod continuing;
mod cut_off;
mod descriptors;
mod distributing;
mod draining;
mod encrypted_servers;
mod error_files;
mod findings;
mod following;
mod handshakes;
mod hostile;
mod https_port;
mod leaving;
mod live;
mod observing;
mod over_tls;
mod own_api;
mod passwords;
mod pipelining;
mod proxy_protocol;
mod recorded;
mod replicas;
mod retrying;
mod rolling;
mod routing;
mod service_certificates;
mod sharing;
mod sni;
mod sources;
mod state;
mod statements;
mod statistics;
mod status;
mod sticky;
mod storm;
mod taking;
mod tasks;
mod tcp;
mod timeouts;
mod token;
mod upgrading;
mod watching;

use harness::soon;
