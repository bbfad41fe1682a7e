//! The servers behind both proxies: they remember every request as it came, and answer as the request's field `Answer` asks.
//!
//! One that begins with a TLS handshake gets one. Not here: which servers there are (`world`).

use crate::tls::Keys;
use crate::wire::{Framing, Head, Wire};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A request as a server saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Which server.
    pub(crate) server: SocketAddr,
    /// The name that the TLS handshake asked for, if there was one: `-` for none.
    pub(crate) tls: Option<String>,
    pub(crate) head: Head,
    /// The body had chunks.
    pub(crate) chunked: bool,
    pub(crate) body: Vec<u8>,
}

/// Servers, and what they saw. They end with this.
pub(crate) struct Recorder {
    memory: Arc<Mutex<Vec<Seen>>>,
    _serving: JoinSet<()>,
}

impl Recorder {
    /// Servers on all of these addresses.
    pub(crate) async fn start(addresses: &[SocketAddr], keys: &Arc<Keys>) -> Recorder {
        let memory = Arc::<Mutex<Vec<Seen>>>::default();
        let mut serving = JoinSet::new();
        for address in addresses {
            let listener = TcpListener::bind(address).await;
            let listener = listener.unwrap_or_else(|error| panic!("{address} cannot be bound: {error}"));
            serving.spawn(accept(listener, *address, Arc::clone(&memory), Arc::clone(keys)));
        }
        Recorder { memory, _serving: serving }
    }

    /// What was seen since this was last asked.
    pub(crate) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.memory.lock().expect("no server panics"))
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, memory: Arc<Mutex<Vec<Seen>>>, keys: Arc<Keys>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (memory, keys) = (Arc::clone(&memory), Arc::clone(&keys));
        connections.spawn(async move {
            // A proxy that breaks off has its reasons; the client's side shows them.
            let _ = serve(stream, server, &memory, &keys).await;
        });
    }
}

async fn serve(stream: TcpStream, server: SocketAddr, memory: &Mutex<Vec<Seen>>, keys: &Keys) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut first = [0; 1];
    if stream.peek(&mut first).await? == 0 {
        return Ok(());
    }
    let (mut wire, tls) = match first[0] {
        22 => {
            let stream = keys.server.accept(stream).await?;
            let name = stream.get_ref().1.server_name().unwrap_or("-").to_owned();
            (Wire::new(Box::new(stream)), Some(name))
        }
        _ => (Wire::new(Box::new(stream)), None),
    };
    while let Some(head) = wire.next_head().await? {
        if head.field("expect").is_some_and(|expect| expect.eq_ignore_ascii_case("100-continue")) {
            wire.send(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let framing = head.framing().unwrap_or(Framing::Nothing);
        let body = wire.body(framing).await?;
        let answer = Answer::to(&head, &body);
        let chunked = framing == Framing::Chunks;
        memory.lock().expect("no server panics").push(Seen { server, tls: tls.clone(), head, chunked, body });
        wire.send(&answer.bytes).await?;
        if answer.is_last {
            wire.ends().await;
            return Ok(());
        }
    }
    Ok(())
}

struct Answer {
    bytes: Vec<u8>,
    /// The connection ends behind it.
    is_last: bool,
}

impl Answer {
    /// What `Answer: …` asks for; a short text without it.
    fn to(head: &Head, body: &[u8]) -> Answer {
        let text = format!("an answer to {} bytes\n", body.len());
        let asked = head.field("answer").unwrap_or_default();
        let is_head = head.word(0) == "HEAD";
        let with_length = |line: &str, fields: &str, text: &str| {
            let body = if is_head { "" } else { text };
            format!("HTTP/1.1 {line}\r\nServer: recorder\r\n{fields}Content-Length: {}\r\n\r\n{body}", text.len())
        };
        let plain = "Content-Type: text/plain\r\n";
        let bytes = match asked {
            "chunks" if is_head => "HTTP/1.1 200 OK\r\nServer: recorder\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            "chunks" => "HTTP/1.1 200 OK\r\nServer: recorder\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n5;x=y\r\n, two\r\n0\r\n\r\n"
                .to_owned(),
            "until-close" => format!("HTTP/1.1 200 OK\r\nServer: recorder\r\nContent-Type: text/plain\r\n\r\n{text}"),
            "close" => with_length("200 OK", "Connection: close\r\n", &text),
            "http10" => format!("HTTP/1.0 200 OK\r\nServer: recorder\r\nContent-Length: {}\r\n\r\n{text}", text.len()),
            "204" => "HTTP/1.1 204 No Content\r\nServer: recorder\r\nX-A: b\r\n\r\n".to_owned(),
            "304" => "HTTP/1.1 304 Not Modified\r\nServer: recorder\r\nETag: \"a\"\r\n\r\n".to_owned(),
            "302" => with_length("302 Found", "Location: http://elsewhere.test/x?y\r\n", ""),
            "404" => with_length("404 Not Found", plain, "no\n"),
            "500" => with_length("500 Internal Server Error", plain, "no\n"),
            "401" => with_length("401 Unauthorized", "WWW-Authenticate: Basic realm=\"its own\"\r\n", "no\n"),
            "fields" => with_length(
                "200 OK",
                "Set-Cookie: a=b; Path=/\r\nset-cookie: c=d\r\nX-Two: 1\r\nX-TWO: 2, 3\r\nStrict-Transport-Security: max-age=1\r\nX-Empty:\r\n\
                 Connection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nVia: 1.1 recorder\r\n",
                &text,
            ),
            "interim" => {
                format!("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n{}", with_length("200 OK", plain, &text))
            }
            "long" => with_length("200 OK", "Content-Type: text/html\r\n", &"a line of some length\n".repeat(4000)),
            "nothing" => return Answer { bytes: Vec::new(), is_last: true },
            "nonsense" => "nonsense\r\n\r\n".to_owned(),
            _ => with_length("200 OK", plain, &text),
        };
        let is_last = matches!(asked, "until-close" | "close" | "http10" | "nonsense") || !head.persists(head.word(2));
        Answer { bytes: bytes.into_bytes(), is_last }
    }
}
