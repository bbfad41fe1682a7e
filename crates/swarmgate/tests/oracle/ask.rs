//! What a client asks: requests, one connection's worth at a time.
//!
//! Not here: which requests a case is asked (`questions`).

use crate::wire::{Framing, Head, Wire};
use std::fmt;
use std::io;

/// Requests of one connection, each sent once the one before is answered.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// The port of the proxy.
    pub(crate) port: u16,
    /// How the client speaks TLS, if it does.
    pub(crate) tls: Option<Hello>,
    pub(crate) requests: Vec<Request>,
}

/// A client's TLS.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hello {
    /// The name that is asked for.
    pub(crate) name: Option<String>,
    /// Whether the client shows a certificate.
    pub(crate) shows_certificate: bool,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) version: &'static str,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The body is sent in two chunks.
    pub(crate) chunked: bool,
}

/// A response as the client saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) head: Head,
    /// Responses before it, 103 and the like; `100 Continue` says nothing and is left out.
    pub(crate) interim: Vec<Head>,
    pub(crate) framing: Framing,
    pub(crate) body: Vec<u8>,
    /// The connection goes on.
    pub(crate) persists: bool,
}

impl Request {
    /// A GET of HTTP/1.1.
    pub(crate) fn get(target: &str, host: &str) -> Request {
        Request {
            method: "GET".to_owned(),
            target: target.to_owned(),
            version: "HTTP/1.1",
            fields: vec![("Host".to_owned(), host.to_owned())],
            body: Vec::new(),
            chunked: false,
        }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The same with this field beside the others.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Request {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with this field in place of those of its name.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Request {
        self.fields.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.with(name, value)
    }

    /// The same without this field.
    pub(crate) fn without(mut self, name: &str) -> Request {
        self.fields.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self
    }

    pub(crate) fn method(mut self, method: &str) -> Request {
        method.clone_into(&mut self.method);
        self
    }

    pub(crate) fn target(mut self, target: &str) -> Request {
        target.clone_into(&mut self.target);
        self
    }

    pub(crate) fn http10(mut self) -> Request {
        self.version = "HTTP/1.0";
        self
    }

    pub(crate) fn body(mut self, body: &str, chunked: bool) -> Request {
        self.body = body.as_bytes().to_vec();
        self.chunked = chunked;
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} {}\r\n", self.method, self.target, self.version).into_bytes();
        for (name, value) in &self.fields {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        if self.chunked {
            let (first, second) = self.body.split_at(self.body.len() / 2);
            bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            for chunk in [first, second].into_iter().filter(|chunk| !chunk.is_empty()) {
                bytes.extend_from_slice(&[format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
        } else if !self.body.is_empty() || ["POST", "PUT", "PATCH"].contains(&self.method.as_str()) {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", self.body.len()).as_bytes());
            bytes.extend_from_slice(&self.body);
        } else {
            bytes.extend_from_slice(b"\r\n");
        }
        bytes
    }

    /// Sends it and reads the whole response.
    pub(crate) async fn ask(&self, wire: &mut Wire) -> io::Result<Response> {
        wire.send(&self.bytes()).await?;
        let mut interim = Vec::new();
        loop {
            let head = wire.head().await?;
            match head.word(1) {
                "100" => {}
                status if status.starts_with('1') && status != "101" => interim.push(head),
                _ => return self.read(wire, head, interim).await,
            }
        }
    }

    async fn read(&self, wire: &mut Wire, head: Head, interim: Vec<Head>) -> io::Result<Response> {
        let bodiless = self.method == "HEAD" || matches!(head.word(1), "101" | "204" | "304");
        let framing = match bodiless {
            true => Framing::Nothing,
            false => head.framing().unwrap_or(Framing::UntilClose),
        };
        let body = wire.body(framing).await?;
        let persists = framing != Framing::UntilClose && head.persists(head.word(0));
        Ok(Response { head, interim, framing, body, persists })
    }
}

/// As whoever reads a difference wants to see it, and as an `ask:` line says it.
impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = self.tls.as_ref().map(|hello| format!(" over TLS ({hello:?})")).unwrap_or_default();
        write!(f, "port {}{tls}", self.port)?;
        for request in &self.requests {
            write!(f, "\n    {}", String::from_utf8_lossy(&request.bytes()).trim_end().replace("\r\n", "\n    "))?;
        }
        Ok(())
    }
}
