//! CL.TE and TE.CL: a message with both lengths is refused, whichever a server would believe (RFC 9112 §6.1, §6.3).

use crate::case::{RequestCase, SMUGGLED, post, refused};

pub(super) fn cases() -> Vec<RequestCase> {
    let both = |first: &str, second: &str, body: &str| post(&format!("{first}\r\n{second}\r\n"), body);
    let chunks = format!("0\r\n\r\n{SMUGGLED}");
    let length = format!("Content-Length: {}", chunks.len());
    let hidden = format!("{:x}\r\n{SMUGGLED}\r\n0\r\n\r\n", SMUGGLED.len());
    vec![
        refused("CL.TE: the length covers a request behind the last chunk", both(&length, "Transfer-Encoding: chunked", &chunks)),
        refused("CL.TE with Transfer-Encoding first", both("Transfer-Encoding: chunked", &length, &chunks)),
        refused("TE.CL: a chunk hides a request behind the length", both("Content-Length: 4", "Transfer-Encoding: chunked", &hidden)),
        refused("TE.CL with Transfer-Encoding first", both("Transfer-Encoding: chunked", "Content-Length: 4", &hidden)),
        refused("both, and they agree", both("Content-Length: 5", "Transfer-Encoding: chunked", "0\r\n\r\n")),
        refused("a length of 0 and chunks", both("Content-Length: 0", "Transfer-Encoding: chunked", &chunks)),
        refused("both in capitals", both("CONTENT-LENGTH: 5", "TRANSFER-ENCODING: CHUNKED", "0\r\n\r\n")),
        refused("both with tabs before their values", both("Content-Length:\t5", "Transfer-Encoding:\tchunked", "0\r\n\r\n")),
        refused("both far apart", post(&format!("Transfer-Encoding: chunked\r\n{}Content-Length: 5\r\n", "X: 1\r\n".repeat(100)), "0\r\n\r\n")),
        refused("a length and an unknown coding", both("Content-Length: 5", "Transfer-Encoding: identity", "0\r\n\r\n")),
        refused("a length and an empty coding", both("Content-Length: 5", "Transfer-Encoding:", "0\r\n\r\n")),
        refused("two lengths and chunks", post("Content-Length: 5\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
        refused("both, one of them named away by Connection", post("Connection: content-length\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
        refused("both, the other named away by Connection", post("Connection: transfer-encoding\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
        refused("both in a GET", format!("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")),
        refused("both in HTTP/1.0", format!("POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")),
        refused("a length with a blank before its colon, and chunks", post("Content-Length : 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
    ]
}
