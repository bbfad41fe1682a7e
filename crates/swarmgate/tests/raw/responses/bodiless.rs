//! Responses without a body, whatever their fields say: what stands behind them is not a body, and not the next response
//! (RFC 9112 §6.3).

use crate::case::{ResponseCase, gets};

const EVIL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

pub(super) fn cases() -> Vec<ResponseCase> {
    let head = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
    let alone = |name: &str, says: &str, client: &str| gets(name, says, client);
    let followed = |name: &str, says: &str, client: &str| gets(name, says, client).with_surplus(EVIL);
    let none = "HTTP/1.1 204 No Content\r\n\r\n";
    let sized = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let unchanged = "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n";
    vec![
        alone("204", none, none),
        alone("204 with a length, which is dropped", "HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\n", none),
        alone("204 with chunks, which are dropped", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", none),
        alone("304 with a length", unchanged, unchanged),
        alone("304 with chunks", "HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n\r\n"),
        alone("304 with neither", "HTTP/1.1 304 x\r\n\r\n", "HTTP/1.1 304 x\r\n\r\n"),
        alone("HEAD with a length", sized, sized).to(head),
        alone("HEAD with chunks", chunked, chunked).to(head),
        alone("HEAD with neither", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n").to(head),
        alone("205 with nothing", "HTTP/1.1 205 x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 205 x\r\nContent-Length: 0\r\n\r\n"),
        followed("a response behind 204", none, none),
        followed("a response behind 304", unchanged, unchanged),
        followed("a response behind one to HEAD", sized, sized).to(head),
        gets("a body behind 204", none, none).with_surplus("evil"),
        gets("a body behind 304", unchanged, unchanged).with_surplus("evil"),
        gets("a body behind one to HEAD", sized, sized).to(head).with_surplus("evil"),
        gets("chunks behind one to HEAD", chunked, chunked).to(head).with_surplus("4\r\nevil\r\n0\r\n\r\n"),
    ]
}
