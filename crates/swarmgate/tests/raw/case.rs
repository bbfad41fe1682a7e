//! A case: bytes, and what must become of them.
//!
//! Not here: finding out (`run`).

/// What a hostile client sends.
pub(crate) struct RequestCase {
    /// A sentence.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) verdict: Verdict,
    /// The client ends its side behind the bytes: nothing innocent follows.
    pub(crate) ends: bool,
}

/// What becomes of a client's bytes. Behind them stands an innocent request.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    /// The requests that the server sees whole, byte for byte, each of which it answers with 200.
    pub(crate) sees: Vec<Vec<u8>>,
    /// How the proxy answers after them, and ends the connection; `None`: the innocent request is served.
    pub(crate) then: Option<u16>,
    /// The server may have got a part of a request, and no end of it.
    pub(crate) broken_off: bool,
}

/// Refused with this status; the server sees nothing.
pub(crate) fn refused_with(status: u16, name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> RequestCase {
    case(name, bytes, Verdict { sees: Vec::new(), then: Some(status), broken_off: false })
}

/// Refused with 400; the server sees nothing.
pub(crate) fn refused(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> RequestCase {
    refused_with(400, name, bytes)
}

/// Refused with 400 in the middle of its body: the server never sees the end of it.
pub(crate) fn broken_off(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> RequestCase {
    case(name, bytes, Verdict { sees: Vec::new(), then: Some(400), broken_off: true })
}

/// The server sees exactly what was sent, and the client's address.
pub(crate) fn passes(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> RequestCase {
    let bytes = bytes.into();
    becomes(name, bytes.clone(), [bytes])
}

/// The server sees these requests; the client's address is added to each, unless it is there.
pub(crate) fn becomes<const N: usize>(
    name: impl Into<String>,
    bytes: impl Into<Vec<u8>>,
    sees: [impl AsRef<[u8]>; N],
) -> RequestCase {
    let sees = sees.into_iter().map(|request| with_address(request.as_ref())).collect();
    case(name, bytes, Verdict { sees, then: None, broken_off: false })
}

fn case(name: impl Into<String>, bytes: impl Into<Vec<u8>>, verdict: Verdict) -> RequestCase {
    RequestCase { name: name.into(), bytes: bytes.into(), verdict, ends: false }
}

impl RequestCase {
    /// What would follow is refused with this status.
    pub(crate) fn then_refused(mut self, status: u16) -> RequestCase {
        self.verdict.then = Some(status);
        self
    }

    /// The client says no more.
    pub(crate) fn and_ends(mut self) -> RequestCase {
        self.ends = true;
        self
    }
}

/// A POST with these fields, each with its line end, and what follows them.
pub(crate) fn post(fields: &str, body: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n{body}")
}

/// A GET with these fields, each with its line end.
pub(crate) fn get(fields: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
}

/// A chunked POST with this body.
pub(crate) fn chunked(body: &str) -> String {
    post("Transfer-Encoding: chunked\r\n", body)
}

/// A request that nobody asked for, if it is taken for one.
pub(crate) const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

const ADDRESS: &[u8] = b"X-Forwarded-For: 127.0.0.1\r\n";

/// The request as a server gets it: the client's address is the last field.
pub(crate) fn with_address(request: &[u8]) -> Vec<u8> {
    let end = position(request, b"\r\n\r\n").expect("a whole head") + 2;
    if position(&request[..end], ADDRESS).is_some() {
        return request.to_vec();
    }
    [&request[..end], ADDRESS, &request[end..]].concat()
}

pub(crate) fn position(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// What a hostile server says, and to whom.
pub(crate) struct ResponseCase {
    /// A sentence.
    pub(crate) name: String,
    /// The client's request.
    pub(crate) request: Vec<u8>,
    /// What the server says once it has the request's head.
    pub(crate) says: Vec<u8>,
    /// So many bytes at the end of it are more than was asked for. They come in one piece with the byte before them: a moment later they
    /// could not be told from the response to the next request.
    pub(crate) surplus: usize,
    /// What it says once the client has everything, and nobody asks.
    pub(crate) later: Vec<u8>,
    /// It closes behind its words.
    pub(crate) closes: bool,
    pub(crate) verdict: ClientGets,
}

/// What a client gets of a server's words. Behind its request stands an innocent one.
#[derive(Clone, Debug)]
pub(crate) enum ClientGets {
    /// After these bytes, a 502 and the end.
    BadGateway(Vec<u8>),
    /// At most these bytes, and the connection is broken off.
    BrokenOff(Vec<u8>),
    /// Exactly these bytes.
    Exactly {
        /// The bytes.
        bytes: Vec<u8>,
        /// The client's connection goes on: the innocent request is served on it.
        goes_on: bool,
        /// The server's connection is used again.
        kept: bool,
    },
}

/// The client gets 502.
pub(crate) fn bad_gateway(name: impl Into<String>, says: impl Into<Vec<u8>>) -> ResponseCase {
    answer(name, says, ClientGets::BadGateway(Vec::new()))
}

/// The client gets at most these bytes and sees that something is missing.
pub(crate) fn cut_off(name: impl Into<String>, says: impl Into<Vec<u8>>, gets: impl Into<Vec<u8>>) -> ResponseCase {
    answer(name, says, ClientGets::BrokenOff(gets.into()))
}

/// The client gets exactly `gets`; both connections go on.
pub(crate) fn gets(name: impl Into<String>, says: impl Into<Vec<u8>>, gets: impl Into<Vec<u8>>) -> ResponseCase {
    answer(name, says, ClientGets::Exactly { bytes: gets.into(), goes_on: true, kept: true })
}

fn answer(name: impl Into<String>, says: impl Into<Vec<u8>>, verdict: ClientGets) -> ResponseCase {
    let request = get("").into_bytes();
    ResponseCase {
        name: name.into(),
        request,
        says: says.into(),
        surplus: 0,
        later: Vec::new(),
        closes: false,
        verdict,
    }
}

impl ResponseCase {
    /// It answers this request.
    pub(crate) fn to(mut self, request: impl Into<Vec<u8>>) -> ResponseCase {
        self.request = request.into();
        self
    }

    /// The server closes behind its words.
    pub(crate) fn and_closes(mut self) -> ResponseCase {
        self.closes = true;
        self
    }

    /// It says more than it was asked for, and its connection is not used again.
    pub(crate) fn with_surplus(mut self, surplus: impl AsRef<[u8]>) -> ResponseCase {
        self.says.extend_from_slice(surplus.as_ref());
        self.surplus = surplus.as_ref().len();
        self.not_kept()
    }

    /// It says this when nobody asks any more.
    pub(crate) fn and_later(mut self, later: impl Into<Vec<u8>>) -> ResponseCase {
        self.later = later.into();
        self
    }

    /// The server's connection is not used again.
    pub(crate) fn not_kept(mut self) -> ResponseCase {
        if let ClientGets::Exactly { kept, .. } = &mut self.verdict {
            *kept = false;
        }
        self
    }

    /// It is the last response on the client's connection.
    pub(crate) fn last(mut self) -> ResponseCase {
        if let ClientGets::Exactly { goes_on, .. } = &mut self.verdict {
            *goes_on = false;
        }
        self
    }

    /// The client gets this before its 502.
    pub(crate) fn after(mut self, before: impl Into<Vec<u8>>) -> ResponseCase {
        if let ClientGets::BadGateway(bytes) = &mut self.verdict {
            *bytes = before.into();
        }
        self
    }
}
