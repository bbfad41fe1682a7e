//! Many random exchanges at once: every method of framing, every place to cut a message, connections used again and again.
//!
//! What is random follows from the number of a client, so that a failure comes again.

use crate::harness::{Backend, Peer, TestProxy, pattern, soon};

const CLIENTS: u64 = 12;
const EXCHANGES: usize = 60;

/// A generator that anybody can follow: xorshift.
struct Chance(u64);

impl Chance {
    fn of(number: u64) -> Chance {
        Chance(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("below a usize")
    }

    /// Mostly small, at times large.
    fn size(&mut self) -> usize {
        let limit = [1, 10, 1000, 5000, 70_000, 300_000][self.below(6)];
        self.below(limit)
    }
}

/// The fields and bytes of a body in a framing that chance chooses.
fn framed(body: &[u8], chance: &mut Chance) -> (String, Vec<u8>) {
    if chance.below(2) == 0 {
        return (format!("Content-Length: {}\r\n", body.len()), body.to_vec());
    }
    let (mut bytes, mut rest) = (Vec::new(), body);
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(1 + chance.below(rest.len()));
        bytes.extend_from_slice(format!("{:X};a=b\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
        rest = after;
    }
    bytes.extend_from_slice(b"0\r\nX-Trailer: 1\r\n\r\n");
    ("Transfer-Encoding: chunked\r\n".to_owned(), bytes)
}

/// Sends in pieces that chance cuts.
async fn send(peer: &mut Peer, mut bytes: &[u8], chance: &mut Chance) {
    while !bytes.is_empty() {
        let (piece, rest) = bytes.split_at(1 + chance.below(bytes.len()));
        peer.send(piece).await;
        bytes = rest;
    }
}

/// The body behind `head`, without its framing.
async fn body(peer: &mut Peer, head: &str) -> Vec<u8> {
    if !head.contains("chunked") {
        return peer.receives_bytes(crate::harness::Reply::length(head)).await;
    }
    let mut body = Vec::new();
    loop {
        let line = peer.receives_line().await;
        let size = usize::from_str_radix(line.split(';').next().unwrap_or_default(), 16).expect("a size");
        if size == 0 {
            assert_eq!(peer.receives_line().await, "X-Trailer: 1");
            assert_eq!(peer.receives_line().await, "");
            return body;
        }
        body.extend(peer.receives_bytes(size).await);
        peer.receives("\r\n").await;
    }
}

/// A server that sends back what it got, in framings and pieces of its own.
async fn serve(mut server: Peer, mut chance: Chance) {
    while let Some(head) = server.next_head().await {
        let body = body(&mut server, &head).await;
        let (fields, bytes) = framed(&body, &mut chance);
        let last = chance.below(8) == 0;
        let interim = if chance.below(4) == 0 { "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" } else { "" };
        let connection = if last { "Connection: close\r\n" } else { "" };
        let head = format!("{interim}HTTP/1.1 200 OK\r\n{connection}{fields}\r\n");
        send(&mut server, &[head.as_bytes(), &bytes].concat(), &mut chance).await;
        if last {
            return;
        }
    }
}

/// One client's requests, some of them sent together, and their responses in the same order.
async fn converse(mut client: Peer, mut chance: Chance) {
    let mut sent = 0;
    while sent < EXCHANGES {
        let bodies: Vec<_> = (0..1 + chance.below(5)).map(|_| pattern(chance.size())).collect();
        let mut bytes = Vec::new();
        for body in &bodies {
            let (fields, body) = framed(body, &mut chance);
            bytes.extend_from_slice(format!("PUT /demo HTTP/1.1\r\nHost: a\r\n{fields}\r\n").as_bytes());
            bytes.extend(body);
        }
        sent += bodies.len();
        // More than a few sockets hold must be read while it is sent; here, requests are small enough to be sent first.
        send(&mut client, &bytes, &mut chance).await;
        for expected in bodies {
            let mut head = client.receives_head().await;
            while head.starts_with("HTTP/1.1 103") {
                head = client.receives_head().await;
            }
            assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
            assert!(body(&mut client, &head).await == expected, "another body than was sent");
        }
    }
}

#[tokio::test]
async fn nothing_is_lost_in_a_storm() {
    let (proxy, mut backend) = (TestProxy::with(&[("THREADS", "2")], |_| {}).await, Backend::start().await);
    proxy.publish(&backend).await;
    tokio::spawn(async move {
        for number in 1000.. {
            tokio::spawn(serve(backend.accept_at_last().await, Chance::of(number)));
        }
    });
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        clients.push(tokio::spawn(converse(proxy.client().await, Chance::of(number))));
    }
    for client in clients {
        soon("the end of the storm", client).await.unwrap();
    }
    soon("the drain", proxy.drain()).await;
}
