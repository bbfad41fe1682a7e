//! `sessionType` and `discoveryType`: which addresses of a service are its servers, and whether a client stays with one of them.
//!
//! Not here: asking DNS and remembering clients (the proxy).

use super::conditions::is_host;
use super::read::Reader;
use super::{Dial, ServiceName};

/// Whether a client stays with one server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sessions {
    /// It does not.
    #[default]
    None,
    /// Nor does it here, but the servers are the tasks: any word but `sticky-server`.
    Tasks,
    /// By a cookie: `sticky-server`.
    Sticky,
}

/// How a service's addresses are found, as far as haproxy.cfg shows it: the proxy itself always follows DNS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Discovery {
    /// One server, whatever its name resolves to.
    #[default]
    Name,
    /// `DNS`: as many servers as there are tasks.
    Tasks,
}

pub(super) fn read_sessions(reader: &mut Reader<'_>) -> Sessions {
    match reader.text("sessionType") {
        None => Sessions::None,
        Some("sticky-server") => Sessions::Sticky,
        Some(_) => Sessions::Tasks,
    }
}

pub(super) fn read_discovery(reader: &Reader<'_>) -> Discovery {
    if reader.text("discoveryType") == Some("DNS") { Discovery::Tasks } else { Discovery::Name }
}

/// The host of a destination. One that is named is dialled as it is written; sessions need the tasks, whatever `discoveryType` says.
pub(super) fn read_dial(reader: &mut Reader<'_>, name: &ServiceName) -> Dial {
    let outbound = reader.parsed("outboundHostname", "is not the name or address of a host", |host| {
        is_host(host.trim()).then(|| host.trim().to_owned())
    });
    let overlay = reader.parsed("discoveryType", "is neither `DNS` nor `Overlay`", |text| match text {
        "Overlay" => Some(true),
        "DNS" => Some(false),
        _ => None,
    });
    let wants_tasks = read_sessions(reader) != Sessions::None;
    match (outbound, overlay) {
        (Some(host), _) => Dial::Host(host),
        (None, Some(true)) if !wants_tasks => Dial::VirtualAddress(name.as_str().to_owned()),
        (None, _) => Dial::Service(name.as_str().to_owned()),
    }
}
