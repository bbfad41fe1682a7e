//! What a log can say of a request or a connection that has ended: HAProxy's variables and samples by name.
//!
//! Not here: the text around them (`log_format`), and their values, which the data plane knows.

use super::{Capture, Mode};
use crate::expression::Unusable;

/// One of them. The comment is HAProxy's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    /// `%ci`
    ClientAddress,
    /// `%cp`
    ClientPort,
    /// `%fp`
    FrontendPort,
    /// `%f`
    Frontend,
    /// `%ft`: with `~` behind it over TLS.
    FrontendTransport,
    /// `%b`
    Backend,
    /// `%s`
    Server,
    /// `%si`
    ServerAddress,
    /// `%sp`
    ServerPort,
    /// `%t`, `%tr`: when the request began, to the millisecond.
    Date,
    /// `%T`, `%Tl`, `%trg`, `%trl`: the same, with the time zone.
    DateWithZone,
    /// `%Ts`: the same, in seconds since 1970.
    Timestamp,
    /// `%ms`: its milliseconds.
    Milliseconds,
    /// `%TR`
    RequestTime,
    /// `%Tw`
    QueueTime,
    /// `%Tc`
    ConnectTime,
    /// `%Tr`
    ResponseTime,
    /// `%Td`
    TransferTime,
    /// `%Ta`, and `%Tt` of a connection.
    ActiveTime,
    /// `%ST`
    Status,
    /// `%B`: bytes to the client.
    BytesSent,
    /// `%U`: bytes from the client.
    BytesReceived,
    /// `%ts`
    Termination,
    /// `%tsc`
    TerminationWithCookies,
    /// `%ac`
    Connections,
    /// `%fc`
    FrontendConnections,
    /// `%bc`
    BackendConnections,
    /// `%sc`
    ServerConnections,
    /// `%rc`
    Retries,
    /// `%sq`, `%bq`: there are no queues.
    Zero,
    /// `%hr`: `{a|b}`.
    Captured,
    /// `%hrl`: `a b`.
    CapturedList,
    /// `%[capture.req.hdr(0)]`
    CapturedField(usize),
    /// `%hs`, `%hsl`: nothing of responses is captured.
    Nothing,
    /// `%CC`, `%CS`, `%ID`: no cookie is captured, and no request is numbered.
    Absent,
    /// `%r`
    Request,
    /// `%HM`
    Method,
    /// `%HP`: up to the query, with the authority where the client sent one.
    Path,
    /// `%HPO`: the path alone.
    PathOnly,
    /// `%HQ`: with its question mark.
    Query,
    /// `%HU`
    Target,
    /// `%HV`
    Version,
    /// `%H`
    HostName,
    /// `%pid`
    Process,
    /// `%lc`: lines so far, with this one.
    Lines,
}

/// Names for both modes.
const SHARED: [(&str, Variable); 36] = [
    ("ci", Variable::ClientAddress),
    ("cp", Variable::ClientPort),
    ("fp", Variable::FrontendPort),
    ("f", Variable::Frontend),
    ("ft", Variable::FrontendTransport),
    ("b", Variable::Backend),
    ("s", Variable::Server),
    ("si", Variable::ServerAddress),
    ("sp", Variable::ServerPort),
    ("t", Variable::Date),
    ("T", Variable::DateWithZone),
    ("Tl", Variable::DateWithZone),
    ("Ts", Variable::Timestamp),
    ("ms", Variable::Milliseconds),
    ("Tw", Variable::QueueTime),
    ("Tc", Variable::ConnectTime),
    ("Td", Variable::TransferTime),
    ("B", Variable::BytesSent),
    ("U", Variable::BytesReceived),
    ("ts", Variable::Termination),
    ("tsc", Variable::TerminationWithCookies),
    ("ac", Variable::Connections),
    ("fc", Variable::FrontendConnections),
    ("bc", Variable::BackendConnections),
    ("sc", Variable::ServerConnections),
    ("rc", Variable::Retries),
    ("sq", Variable::Zero),
    ("bq", Variable::Zero),
    ("hr", Variable::Captured),
    ("hrl", Variable::CapturedList),
    ("hs", Variable::Nothing),
    ("hsl", Variable::Nothing),
    ("ID", Variable::Absent),
    ("H", Variable::HostName),
    ("pid", Variable::Process),
    ("lc", Variable::Lines),
];

/// Names that HAProxy reserves for requests, and the status, which a connection has none of.
const HTTP: [(&str, Variable); 16] = [
    ("tr", Variable::Date),
    ("trg", Variable::DateWithZone),
    ("trl", Variable::DateWithZone),
    ("TR", Variable::RequestTime),
    ("Tr", Variable::ResponseTime),
    ("Ta", Variable::ActiveTime),
    ("ST", Variable::Status),
    ("CC", Variable::Absent),
    ("CS", Variable::Absent),
    ("r", Variable::Request),
    ("HM", Variable::Method),
    ("HP", Variable::Path),
    ("HPO", Variable::PathOnly),
    ("HQ", Variable::Query),
    ("HU", Variable::Target),
    ("HV", Variable::Version),
];

/// Names of HAProxy's that cannot be written, and why.
const UNKNOWN: [(&str, &str); 11] = [
    ("Th", "is the time of a handshake, which is not kept"),
    ("Ti", "is the idle time before a request, which is not kept"),
    ("Tq", "counts the idle time before a request, which is not kept; `%TR` is the time of its head"),
    ("Tt", "counts the idle time before a request, which is not kept; `%Ta` is the time from its first byte on"),
    ("Tu", "counts the time of a handshake, which is not kept; `%Ta` is the time from the request's first byte on"),
    ("fi", "is the proxy's own address, which is not kept; `%fp` is the port"),
    ("bi", "is the proxy's own address towards a server, which is not kept"),
    ("bp", "is the proxy's own port towards a server, which is not kept"),
    ("rt", "is a number of a request, and requests are not numbered"),
    ("sslc", "is a cipher, which is not kept"),
    ("sslv", "is a version of TLS, which is not kept"),
];

impl Variable {
    /// The one that a format calls `%name`.
    pub(super) fn of_name(name: &str, mode: Mode) -> Result<Variable, Unusable> {
        let of = |names: &[(&str, Variable)]| names.iter().find(|(known, _)| *known == name).map(|(_, found)| *found);
        match (of(&SHARED), of(&HTTP), mode) {
            (Some(variable), _, _) | (None, Some(variable), Mode::Http) => Ok(variable),
            (None, Some(_), Mode::Tcp) => {
                Err(Unusable::new(format!("%{name}"), "belongs to a request, and a bare connection has none"))
            }
            (None, None, Mode::Tcp) if name == "Tt" => Ok(Variable::ActiveTime),
            (None, None, _) => Err(Unusable::new(format!("%{name}"), reason(name))),
        }
    }

    /// The one that a format asks for as `%[sample]`. What is in a header field is to be had only where it is captured.
    pub(super) fn of_sample(sample: &str, mode: Mode, captures: &[Capture]) -> Result<Variable, Unusable> {
        let captured = sample.strip_prefix("capture.req.hdr(").and_then(|rest| rest.strip_suffix(')'));
        match (sample, captured.map(str::parse::<usize>), mode) {
            (_, Some(Ok(place)), Mode::Http) if place < captures.len() => Ok(Variable::CapturedField(place)),
            (_, Some(_), _) => {
                Err(Unusable::new(sample, "is none of the fields that CAPTURE_REQUEST_HEADER names, counted from 0"))
            }
            ("src", ..) => Ok(Variable::ClientAddress),
            ("fe_name", ..) => Ok(Variable::Frontend),
            ("hostname", ..) => Ok(Variable::HostName),
            _ => Err(Unusable::new(
                sample,
                "is no sample that a line can hold; there are src, fe_name, hostname and capture.req.hdr, without converters",
            )),
        }
    }
}

fn reason(name: &str) -> &'static str {
    let found = UNKNOWN.iter().find(|(known, _)| *known == name).map(|(_, reason)| *reason);
    found.unwrap_or("is no variable of HAProxy's; a plain `%` is written `%%`")
}
