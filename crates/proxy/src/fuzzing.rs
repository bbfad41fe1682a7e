//! What must hold of the parsers for any bytes at all. The fuzz targets (`fuzz/`) are these functions; a test gives them the kept corpora.
//!
//! Not here: examples (`http1`'s own tests), and sockets. Nothing of this is in a normal build.

use crate::http1::body::Body;
use crate::http1::request::{Changes, Request, Shape};
use crate::http1::response::{self, Kind, Response};
use crate::http1::{Malformed, Parsed, field_space};
use crate::proxy_protocol::{self, BadHeader, Header};
use crate::tcp::hello::server_name;
use model::rewrite::Rewrite;
use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr};

/// More is not looked at prefix by prefix.
const EVERY_PREFIX: usize = 600;
const ADDRESS: &[u8] = b"X-Forwarded-For: 192.0.2.7\r\n";

/// The head of a request: it comes to the same end however it is cut, and what a server gets of it is read alike by a second proxy.
pub fn request_head(bytes: &[u8]) {
    let whole = length_of_request(bytes);
    same_in_every_prefix(bytes, whole, length_of_request);
    let mut space = field_space();
    if let Ok(Parsed::Complete(request)) = Request::parse(bytes, &mut space) {
        passes_on(&request);
    }
}

/// The head of a response, to the request that the first byte describes.
pub fn response_head(bytes: &[u8]) {
    let Some((&flags, bytes)) = bytes.split_first() else { return };
    let request = Shape {
        head_length: 0,
        body: Body::EMPTY,
        keep_alive: true,
        upgrade: flags & 1 != 0,
        is_head: flags & 2 != 0,
        http10: flags & 4 != 0,
        safe: true,
        idempotent: true,
    };
    let client_keeps = flags & 8 != 0;
    let read = |bytes: &[u8]| {
        let mut written = Vec::new();
        response::forward(bytes, &request, client_keeps, &mut written).map(|parsed| (parsed, written))
    };
    let length = |bytes: &[u8]| {
        read(bytes).map(|(parsed, _)| match parsed {
            Parsed::Complete(response) => Some(response.head_length),
            Parsed::Partial => None,
        })
    };
    same_in_every_prefix(bytes, length(bytes), length);
    let Ok((Parsed::Complete(first), written)) = read(bytes) else { return };
    if first.kind == Kind::Interim && request.http10 {
        assert!(written.is_empty(), "a client of HTTP/1.0 is spared");
        return;
    }
    lines_are_whole(&written);
    let Ok((Parsed::Complete(second), _)) = read(&written) else { panic!("what a client gets is a head") };
    read_alike(&first, &second, &written);
}

/// A chunked body: any pieces give the same data and the same end, which a simple reader finds too.
pub fn chunked_body(bytes: &[u8]) {
    let whole = read_in_pieces(bytes, &mut std::iter::repeat(usize::MAX));
    assert_eq!(whole, read_in_pieces(bytes, &mut std::iter::repeat(1)), "byte by byte");
    let mut sizes = bytes.iter().rev().map(|byte| usize::from(byte % 7) + 1).cycle();
    assert_eq!(whole, read_in_pieces(bytes, &mut sizes), "in odd pieces");
    let Read { data, end } = whole;
    let Ok(Some(length)) = end else { return };
    assert_eq!(data, simple_decode(&bytes[..length]), "a simple reader");
    let mut framed = Body::CHUNKED;
    assert_eq!(framed.advance(bytes), Ok(length), "counting alone");
    let again = [format!("{:x}\r\n", data.len()).as_bytes(), &data, b"\r\n0\r\n\r\n"].concat();
    let again = if data.is_empty() { b"0\r\n\r\n".to_vec() } else { again };
    assert_eq!(read_in_pieces(&again, &mut std::iter::repeat(3)), Read { data, end: Ok(Some(again.len())) });
}

/// The first message of a TLS client: what comes behind it changes nothing, and a part of it is never taken for the whole.
pub fn client_hello(bytes: &[u8]) {
    let Ok(Parsed::Complete(name)) = server_name(bytes) else { return };
    let says_the_same = |bytes: &[u8]| matches!(server_name(bytes), Ok(Parsed::Complete(again)) if again == name);
    assert!(says_the_same(&[bytes, b"more"].concat()), "what comes behind it");
    for end in 0..bytes.len().min(EVERY_PREFIX) {
        let part = &bytes[..end];
        assert!(matches!(server_name(part), Ok(Parsed::Partial)) || says_the_same(part), "{end} bytes");
    }
}

/// A rewrite, its search, its replacement, a method and a target, one in a line: what comes out is a request line for anybody.
pub fn rewrite(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.splitn(5, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let (kind, search, replace, method, target) = (next(), next(), next(), next(), next());
    let rewrites = match kind {
        "path" => Rewrite::path(search, replace).map(|rewrite| vec![rewrite]),
        "line" => Rewrite::request_line(search, replace).map(|rewrite| vec![rewrite]),
        _ => Rewrite::pairs(&format!("{search},{replace}")),
    };
    let line = format!("{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n");
    let (Ok(rewrites), Ok(Some(_))) = (rewrites, length_of_request(line.as_bytes())) else { return };
    let Ok(after) = Rewrite::apply_all(&rewrites, method.as_bytes(), target.as_bytes()) else { return };
    let line = [&after.method[..], b" ", &after.target, b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
    let mut space = field_space();
    let Ok(Parsed::Complete(request)) = Request::parse(&line, &mut space) else { panic!("it is a request line") };
    assert_eq!((request.method.as_bytes(), request.target), (&after.method[..], &after.target[..]));
}

/// A PROXY protocol header: it comes to the same end however it is cut, and its client is read again from either version.
pub fn proxy_header(bytes: &[u8]) {
    let length = |bytes: &[u8]| {
        proxy_protocol::parse(bytes).map(|parsed| match parsed {
            Parsed::Complete((_, length)) => Some(length),
            Parsed::Partial => None,
        })
    };
    same_in_every_prefix(bytes, length(bytes), length);
    let Ok(Parsed::Complete((header, end))) = proxy_protocol::parse(bytes) else { return };
    assert!((1..=bytes.len()).contains(&end), "{end} of {}", bytes.len());
    if let Header::Client(client) = header {
        for version in [header_v1(client), header_v2(client)] {
            let again: Result<_, BadHeader> = proxy_protocol::parse(&version);
            let Ok(Parsed::Complete(again)) = again else { panic!("{version:?} is a header") };
            assert_eq!(again, (header, version.len()));
        }
    }
}

fn header_v1(client: SocketAddr) -> Vec<u8> {
    let (family, port) = (if client.is_ipv4() { "TCP4" } else { "TCP6" }, client.port());
    let address = client.ip();
    format!("PROXY {family} {address} {address} {port} 80\r\n").into_bytes()
}

fn header_v2(client: SocketAddr) -> Vec<u8> {
    let (family, address) = match client.ip() {
        IpAddr::V4(address) => (0x11, address.octets().to_vec()),
        IpAddr::V6(address) => (0x21, address.octets().to_vec()),
    };
    let addresses = [&address[..], &address, &client.port().to_be_bytes(), &[0, 80]].concat();
    let length = [0, addresses.len().to_le_bytes()[0]];
    [b"\r\n\r\n\0\r\nQUIT\n\x21", &[family][..], &length, &addresses].concat()
}

/// The length of a whole head; `None` if more is needed.
fn length_of_request(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    match Request::parse(bytes, &mut field_space())? {
        Parsed::Complete(request) => Ok(Some(request.shape.head_length)),
        Parsed::Partial => Ok(None),
    }
}

/// Parts of a head are partial or refused, and never a head; behind its end nothing counts.
fn same_in_every_prefix<E: Copy + Debug + PartialEq>(
    bytes: &[u8],
    whole: Result<Option<usize>, E>,
    read: impl Fn(&[u8]) -> Result<Option<usize>, E>,
) {
    let mut refused = false;
    let most = bytes.len().min(EVERY_PREFIX);
    for length in 0..most {
        let part = read(&bytes[..length]);
        match whole {
            Ok(Some(end)) if length < end => assert_eq!(part, Ok(None), "{length} bytes of {end}"),
            Ok(_) => assert_eq!(part, whole, "{length} bytes"),
            Err(_) => assert!(part.is_err() || (part == Ok(None) && !refused), "{length} bytes: {part:?}"),
        }
        refused |= part.is_err();
    }
}

/// What a server gets is a head that is read as the client's was, and passes once more unchanged.
fn passes_on(request: &Request<'_, '_>) {
    let changes = Changes {
        client: "192.0.2.7",
        rewritten: None,
        drop_authorization: false,
        drop_forwarded: false,
        fallback_host: "go",
        close: false,
        encrypted: false,
    };
    let (mut first, mut second) = (Vec::new(), Vec::new());
    request.write(&changes, &mut first);
    lines_are_whole(&first);
    let mut space = field_space();
    let Ok(Parsed::Complete(read)) = Request::parse(&first, &mut space) else {
        // The proxy's own fields may be one too many, or a few bytes too long.
        let room = first.len() > crate::http1::MAX_HEAD || request_is_full(&first);
        assert!(room, "what a server gets is a head: {:?}", String::from_utf8_lossy(&first));
        return;
    };
    assert_eq!(read.shape.head_length, first.len());
    assert_eq!((read.method, read.target), (request.method, request.target));
    assert_eq!((read.shape.body, read.shape.upgrade), (request.shape.body, request.shape.upgrade));
    assert_eq!(read.host, request.host.or(request.shape.http10.then_some(b"go")));
    assert!(!read.shape.http10 && read.shape.keep_alive, "a server is told nothing of the client's connection");
    read.write(&changes, &mut second);
    let added = if read.shape.upgrade { b"Connection: upgrade\r\n\r\n".len() } else { b"\r\n".len() };
    let (fields, end) = first.split_at(first.len() - added);
    assert_eq!(second, [fields, ADDRESS, end].concat(), "it passes once more with one address more");
}

fn request_is_full(head: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', head).count() > crate::http1::MAX_FIELDS
}

/// What a client gets is read as the server's head was.
fn read_alike(first: &Response, second: &Response, written: &[u8]) {
    assert_eq!(second.head_length, written.len());
    assert_eq!(second.kind, first.kind);
    let expected = if first.unframe { Body::UntilClose } else { first.body };
    assert_eq!(second.body, expected);
    if first.kind == Kind::Final {
        assert_eq!(second.server_keeps, first.client_keeps, "the client is told whether its connection goes on");
    }
}

fn lines_are_whole(head: &[u8]) {
    assert!(head.ends_with(b"\r\n\r\n"));
    for (at, byte) in head.iter().enumerate() {
        match byte {
            b'\r' => assert_eq!(head.get(at + 1), Some(&b'\n'), "CR alone"),
            b'\n' => assert_eq!(at.checked_sub(1).map(|before| head[before]), Some(b'\r'), "LF alone"),
            byte => assert!(*byte >= b' ' && *byte != 0x7f || *byte == b'\t', "a control"),
        }
    }
}

/// What was read of a body: its data, and where it ended, if it did.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    data: Vec<u8>,
    end: Result<Option<usize>, Malformed>,
}

fn read_in_pieces(bytes: &[u8], sizes: &mut dyn Iterator<Item = usize>) -> Read {
    let (mut body, mut data, mut at) = (Body::CHUNKED, Vec::new(), 0);
    while at < bytes.len() && !body.is_finished() {
        let size = sizes.next().unwrap_or(1).min(bytes.len() - at);
        match body.advance_unframed(&bytes[at..at + size], |bytes| data.extend_from_slice(bytes)) {
            Ok(taken) => at += taken,
            Err(refused) => return Read { data, end: Err(refused) },
        }
    }
    Read { data, end: Ok(body.is_finished().then_some(at)) }
}

/// The data of a whole chunked body.
fn simple_decode(mut rest: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    loop {
        let line = memchr::memmem::find(rest, b"\r\n").expect("a chunk begins with a line");
        let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let digits = std::str::from_utf8(&rest[..digits]).expect("digits are text");
        let size = usize::from_str_radix(digits, 16).expect("a size is a number");
        if size == 0 {
            return data;
        }
        data.extend_from_slice(&rest[line + 2..][..size]);
        rest = &rest[line + 2 + size + 2..];
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    type Target = fn(&[u8]);

    /// Everything that was ever worth keeping, again.
    #[test]
    fn the_kept_corpora_hold() {
        let targets: [(&str, Target); 6] = [
            ("request_head", super::request_head),
            ("response_head", super::response_head),
            ("chunked_body", super::chunked_body),
            ("rewrite", super::rewrite),
            ("proxy_header", super::proxy_header),
            ("client_hello", super::client_hello),
        ];
        for (name, target) in targets {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
            let entries = std::fs::read_dir(&folder).expect("each target has a corpus");
            let files: Vec<_> = entries.map(|entry| entry.expect("a file of the corpus").path()).collect();
            assert!(files.len() > 5, "{name}: a corpus of {}", files.len());
            for file in files {
                target(&std::fs::read(file).expect("a file of the corpus"));
            }
        }
    }
}
