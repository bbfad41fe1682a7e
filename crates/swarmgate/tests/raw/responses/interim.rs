//! Interim responses pass, have no body, and are not endless (RFC 9110 §15.2).

use crate::case::{ResponseCase, bad_gateway, gets};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

pub(super) fn cases() -> Vec<ResponseCase> {
    let old = "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n";
    let before = |interim: &str| format!("{interim}{OK}");
    let passes = |name: &str, interim: &str| gets(name, before(interim), before(interim));
    vec![
        passes("100 that nobody expected", CONTINUE),
        passes("103 with fields", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
        passes("102", "HTTP/1.1 102 Processing\r\n\r\n"),
        passes("199", "HTTP/1.1 199 x\r\n\r\n"),
        passes("several", &format!("{CONTINUE}HTTP/1.1 103 Early Hints\r\n\r\n{CONTINUE}")),
        passes("256 of them", &CONTINUE.repeat(256)),
        bad_gateway("257 of them", before(&CONTINUE.repeat(257))).after(CONTINUE.repeat(256)),
        bad_gateway("ten thousand of them", CONTINUE.repeat(10_000)).after(CONTINUE.repeat(256)),
        gets("a length in one is dropped", before("HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n"), before(CONTINUE)),
        gets("chunks in one are dropped", before("HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n"), before(CONTINUE)),
        gets("Connection: close in one says nothing", before("HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n"), before(CONTINUE)),
        bad_gateway("a body behind one is taken for a head, and is none", before("HTTP/1.1 100 Continue\r\nContent-Length: 2\r\n\r\nhi")).after(CONTINUE),
        bad_gateway("both lengths in one", before("HTTP/1.1 100 Continue\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n")),
        bad_gateway("a bare LF in one", before("HTTP/1.1 100 Continue\nX: 1\r\n\r\n")),
        bad_gateway("garbage behind one", "HTTP/1.1 100 Continue\r\n\r\nhello\r\n\r\n").after(CONTINUE),
        gets("a client of HTTP/1.0 is spared", before(CONTINUE), OK.replace("\r\n\r\n", "\r\nConnection: keep-alive\r\n\r\n")).to(old),
        gets("and of many", before(&CONTINUE.repeat(20)), OK.replace("\r\n\r\n", "\r\nConnection: keep-alive\r\n\r\n")).to(old),
    ]
}
