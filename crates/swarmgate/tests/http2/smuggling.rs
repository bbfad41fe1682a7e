//! Downgrades: what HTTP/2 can carry and HTTP/1.1 would read in another way. The server sees nothing, or exactly one innocent request.
//!
//! Behind every case stands an innocent request on the same connection, if that goes on, and one of another client, whose arrival means
//! that the server has seen all there is.
//! Not here: the cases of HTTP/1.1 itself (`raw`).

use crate::client::{Client, Event};
use crate::conformance::proxy;
use crate::frame::{code, data, flag, frame, head, kind, last_data, request, request_in_parts};
use crate::hpack::Block;
use crate::it::harness::{PATIENCE, TestProxy};
use crate::recorder::{Recorder, Seen};
use crate::wire::show;
use std::collections::BTreeMap;

/// A case.
struct Case {
    name: String,
    /// All of it is on the first stream.
    sends: Vec<u8>,
    /// The requests that the server sees, as HTTP/1.1.
    sees: Vec<String>,
    /// A server may have got a part of it, and no end.
    broken_off: bool,
    /// What is wrong comes behind a request that is right: the server may see that one, or nothing.
    late: bool,
}

/// What became of it.
#[derive(Debug)]
enum Outcome {
    Status(u16),
    Reset(u32),
    Closed,
}

fn refused(name: impl Into<String>, block: Block) -> Case {
    Case { name: name.into(), sends: request_in_parts(1, block), sees: Vec::new(), broken_off: false, late: false }
}

fn refused_with_body(name: impl Into<String>, frames: Vec<u8>) -> Case {
    Case { name: name.into(), sends: frames, sees: Vec::new(), broken_off: true, late: false }
}

fn refused_late(name: impl Into<String>, frames: Vec<u8>, sees: &str) -> Case {
    Case { name: name.into(), sends: frames, sees: vec![sees.to_owned()], broken_off: true, late: true }
}

fn passes(name: impl Into<String>, block: Block, sees: &str) -> Case {
    Case {
        name: name.into(),
        sends: request_in_parts(1, block),
        sees: vec![sees.to_owned()],
        broken_off: false,
        late: false,
    }
}

/// A request line and Host, with these lines between.
fn seen(line: &str, host: &str, fields: &str) -> String {
    format!("{line} HTTP/1.1\r\nhost: {host}\r\n{fields}X-Forwarded-For: 127.0.0.1\r\n\r\n")
}

async fn hold(cases: Vec<Case>) {
    let (proxy, server) = proxy().await;
    let mut wrong = Vec::new();
    let count = cases.len();
    for case in cases {
        let outcome = play(&proxy, &case).await;
        if let Err(why) = judge(&case, &outcome, &server, &proxy).await {
            wrong.push(format!("{}: {why}; the client got {outcome:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} went wrong:\n\n{}\n", wrong.len(), wrong.join("\n\n"));
}

async fn play(proxy: &TestProxy, case: &Case) -> Outcome {
    let mut client = Client::open(proxy.address()).await;
    client.can_send(&case.sends).await;
    let outcome = loop {
        match client.next().await {
            Event::Fields(1, fields, _) => break Outcome::Status(fields[0].1.parse().expect("a status")),
            Event::Frame(frame) if frame.is(kind::RST_STREAM, 1) => break Outcome::Reset(frame.number(0)),
            Event::Frame(frame) if frame.kind == kind::GOAWAY => break Outcome::Closed,
            Event::Closed => break Outcome::Closed,
            _ => {}
        }
    };
    // The connection may have ended.
    if client.can_send(request(3, Block::get("/innocent"))).await {
        while !matches!(client.next().await, Event::Closed | Event::Fields(3, ..)) {}
    }
    outcome
}

async fn judge(case: &Case, outcome: &Outcome, server: &Recorder, proxy: &TestProxy) -> Result<(), String> {
    let fits = match outcome {
        Outcome::Status(200) => !case.sees.is_empty(),
        Outcome::Status(400 | 405 | 414 | 417 | 431 | 501) | Outcome::Closed => case.sees.is_empty(),
        Outcome::Reset(code) => case.sees.is_empty() && *code == code::PROTOCOL_ERROR,
        Outcome::Status(_) => false,
    };
    let sentinel = proxy.ask("GET /sentinel HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert_eq!(sentinel.status(), 200, "another client");
    let mut saw = Vec::new();
    for seen in server.take("GET /sentinel", 1, PATIENCE) {
        match seen {
            Seen::Request(bytes) if bytes.starts_with(b"GET /innocent ") || bytes.starts_with(b"GET /sentinel ") => {}
            Seen::Part(_) if case.broken_off => {}
            Seen::Request(bytes) | Seen::Part(bytes) => saw.push(bytes),
        }
    }
    let expected: Vec<_> = case.sees.iter().map(|request| request.clone().into_bytes()).collect();
    let harmless = case.late && (saw.is_empty() || saw == expected);
    match harmless || (saw == expected && fits) {
        true => Ok(()),
        false => Err(format!("the server saw {:?}", saw.iter().map(|bytes| show(bytes)).collect::<Vec<_>>())),
    }
}

/// What ends a line, a word or a field somewhere.
const BREAKS: [(&str, &[u8]); 8] = [
    ("CR LF", b"\r\nx: y"),
    ("LF", b"\nx: y"),
    ("CR", b"\rx: y"),
    ("NUL", b"\0"),
    ("a request", b"\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("DEL", b"\x7f"),
    ("an escape", b"\x1b"),
    ("a vertical tab", b"\x0b"),
];

fn with(text: &str, octets: &[u8]) -> Vec<u8> {
    [text.as_bytes(), octets, b"z"].concat()
}

/// The pseudo fields of a GET with one of them changed, or left out.
fn pseudo(name: &str, value: Option<&[u8]>) -> Block {
    let all = BTreeMap::from([(":authority", "a"), (":method", "GET"), (":path", "/"), (":scheme", "http")]);
    all.into_iter().fold(Block::new(), |block, (field, usual)| match value {
        Some(value) if field == name => block.field(field, value),
        None if field == name => block,
        _ => block.field(field, usual),
    })
}

#[tokio::test]
async fn breaks_in_values() {
    let value = |(what, octets): (&str, &[u8])| {
        refused(format!("{what} in a value"), Block::get("/").field("x-a", with("b", octets)))
    };
    let cookie = |(what, octets): (&str, &[u8])| {
        refused(format!("{what} in a cookie"), Block::get("/").field("cookie", with("b", octets)))
    };
    hold(BREAKS.into_iter().map(value).chain(BREAKS.into_iter().map(cookie)).collect()).await;
}

#[tokio::test]
async fn breaks_in_names() {
    let name = |(what, octets): (&str, &[u8])| {
        refused(format!("{what} in a name"), Block::get("/").field(with("x-a", octets), "b"))
    };
    let mut cases: Vec<_> = BREAKS.into_iter().map(name).collect();
    for odd in [
        "",
        "x y",
        " x",
        "x ",
        "x:y",
        ":",
        "x\"y",
        "x,y",
        "x(y",
        "transfer-encoding ",
        "content-length:",
        "Content-Length",
        "\u{e9}",
    ] {
        cases.push(refused(format!("the name {odd:?}"), Block::get("/").field(odd, "b")));
    }
    hold(cases).await;
}

#[tokio::test]
async fn breaks_in_pseudo_fields() {
    let mut cases = Vec::new();
    for (name, usual) in [(":path", "/"), (":method", "GET"), (":authority", "a"), (":scheme", "http")] {
        for (what, octets) in BREAKS {
            cases.push(refused(format!("{what} in {name}"), pseudo(name, Some(&with(usual, octets)))));
        }
    }
    hold(cases).await;
}

#[tokio::test]
async fn paths() {
    let path = |value: &str| pseudo(":path", Some(value.as_bytes()));
    let mut cases = Vec::new();
    for odd in [
        "/ HTTP/1.1\r\nX: y",
        "/ HTTP/1.1",
        "/a b",
        " /",
        "/\t",
        "a",
        "?a",
        "*",
        "http://b/",
        "https://b/",
        "HTTP/1.1",
        "/\u{e9}",
        "b:80",
        "@b/",
    ] {
        cases.push(refused(format!("the path {odd:?}"), path(odd)));
    }
    for odd in ["//", "/a//b", "//b/", "/a;b", "/%00", "/?a=b?c", "/a/../b", "/a\\b"] {
        let line = format!("GET {odd}");
        cases.push(passes(format!("the path {odd:?}"), path(odd), &seen(&line, "a", "")));
    }
    // A fragment is the client's own; h2 leaves it out, so nobody routes by it and no server sees it.
    cases.push(passes("a fragment", path("/a#b"), &seen("GET /a", "a", "")));
    cases.push(passes(
        "a path of 16 KiB",
        path(&format!("/{}", "x".repeat(16_383))),
        &seen(&format!("GET /{}", "x".repeat(16_383)), "a", ""),
    ));
    cases.push(refused("a longer path", path(&format!("/{}", "x".repeat(16_384)))));
    hold(cases).await;
}

#[tokio::test]
async fn methods() {
    let method = |value: &str| pseudo(":method", Some(value.as_bytes()));
    let mut cases = Vec::new();
    for odd in ["", "GET /x HTTP/1.1\r\nX: y\r\n\r\nGET", "G ET", "GET ", " GET", "G(T", "G:T", "CONNECT", "\u{e9}"] {
        cases.push(refused(format!("the method {odd:?}"), method(odd)));
    }
    cases.push(refused("a method of 33 octets", method(&"M".repeat(33))));
    for odd in ["get", "PRI", "M-SEARCH", &"M".repeat(32)] {
        cases.push(passes(format!("the method {odd:?}"), method(odd), &seen(&format!("{odd} /"), "a", "")));
    }
    cases.push(refused("CONNECT as it should be", Block::of(&[(":method", "CONNECT"), (":authority", "a:80")])));
    cases.push(refused(
        "CONNECT with a protocol that was not offered",
        Block::request("CONNECT", "/").field(":protocol", "websocket"),
    ));
    hold(cases).await;
}

#[tokio::test]
async fn authorities() {
    let authority = |value: &str| pseudo(":authority", Some(value.as_bytes()));
    let get = |host: &str| Block::of(&[(":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", host)]);
    let mut cases = vec![
        refused("neither :authority nor Host", pseudo(":authority", None)),
        refused("Host is not :authority", Block::get("/").field("host", "b")),
        refused("two Hosts", get("a").field("host", "a")),
        refused("two Hosts that differ", get("a").field("host", "b")),
        passes("Host alone", get("a"), &seen("GET /", "a", "")),
        passes("Host like :authority", Block::get("/").field("host", "a"), &seen("GET /", "a", "")),
        passes("a port", authority("a:8080"), &seen("GET /", "a:8080", "")),
        passes("IPv6", authority("[::1]:80"), &seen("GET /", "[::1]:80", "")),
    ];
    for odd in [
        "b@a", "a@b:80", "a/b", "a?b", "a#b", "a b", "a,b", "a:b", "a:80:80", "http://a", "a\\b", ":80", "[::1", "a\"b",
    ] {
        cases.push(refused(format!("the authority {odd:?}"), authority(odd)));
        cases.push(refused(format!("the host {odd:?}"), get(odd)));
    }
    hold(cases).await;
}

#[tokio::test]
async fn schemes() {
    let scheme = |value: &str| pseudo(":scheme", Some(value.as_bytes()));
    let mut cases = Vec::new();
    for odd in ["http ", "http://b/?", "ht tp", "http\t", ":", "http/1.1"] {
        cases.push(refused(format!("the scheme {odd:?}"), scheme(odd)));
    }
    // Whatever it says, no server hears of it.
    cases.push(passes("an unknown one", scheme("gopher"), &seen("GET /", "a", "")));
    cases.push(passes("https", scheme("https"), &seen("GET /", "a", "")));
    hold(cases).await;
}

#[tokio::test]
async fn fields_of_the_connection() {
    let field = |name: &'static str, value: &'static str| {
        refused(format!("{name}: {value}"), Block::get("/").field(name, value))
    };
    let posted = |name: &'static str, value: &'static str| {
        let block = Block::post("/").field(name, value);
        refused_with_body(
            format!("{name}: {value} and a body"),
            [head(1, block), last_data(1, "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")].concat(),
        )
    };
    hold(vec![
        field("transfer-encoding", "chunked"),
        field("transfer-encoding", "identity"),
        field("transfer-encoding", ""),
        field("connection", "close"),
        field("connection", "content-length"),
        field("connection", ""),
        field("upgrade", "websocket"),
        field("upgrade", "h2c"),
        field("keep-alive", "timeout=5"),
        field("proxy-connection", "keep-alive"),
        field("te", "gzip"),
        field("te", "trailers, gzip"),
        posted("transfer-encoding", "chunked"),
        posted("connection", "transfer-encoding"),
        posted("upgrade", "h2c"),
        passes("te: trailers ends here", Block::get("/").field("te", "trailers"), &seen("GET /", "a", "")),
        passes(
            "http2-settings ends here",
            Block::get("/").field("http2-settings", "AAMAAABkAAQAAP__"),
            &seen("GET /", "a", ""),
        ),
    ])
    .await;
}

#[tokio::test]
async fn lengths() {
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    let post = |fields: &[(&str, &str)], body: Vec<u8>| {
        let block = fields.iter().fold(Block::post("/"), |block, (name, value)| block.field(name, value));
        [head(1, block), body].concat()
    };
    let mut cases = Vec::new();
    for lengths in [
        &["5", "5"][..],
        &["5", "6"],
        &["6", "5"],
        &["5, 5"],
        &["5,6"],
        &["+5"],
        &["-5"],
        &["0x5"],
        &["5 "],
        &["05x"],
        &[""],
        &["18446744073709551621"],
        &["5\t"],
    ] {
        let fields: Vec<_> = lengths.iter().map(|length| ("content-length", *length)).collect();
        cases.push(refused_with_body(format!("content-length {lengths:?}"), post(&fields, last_data(1, "hello"))));
    }
    for (length, body) in [("1", smuggled), ("4", "hello"), ("6", "hello"), ("100000", "hello"), ("1", "")] {
        let sends = post(&[("content-length", length)], last_data(1, body));
        cases.push(refused_with_body(format!("content-length {length} and a body of {}", body.len()), sends));
    }
    let posted = |fields: &str, body: &str| format!("{}{body}", seen("POST /", "a", fields));
    let none = post(&[("content-length", "0")], last_data(1, smuggled));
    cases.push(refused_late("content-length 0 and a body", none, &posted("content-length: 0\r\n", "")));
    let two = [data(1, "hel"), last_data(1, smuggled)].concat();
    let two = post(&[("content-length", "3")], two);
    cases.push(refused_late("more in a second DATA", two, &posted("content-length: 3\r\n", "hel")));
    let cut = [data(1, "hel"), request(1, Block::new().field("x", "y"))].concat();
    cases.push(refused_with_body("trailers before the length is reached", post(&[("content-length", "5")], cut)));
    let whole = |name: &str, sends: Vec<u8>, sees: String| Case {
        name: name.to_owned(),
        sends,
        sees: vec![sees],
        broken_off: false,
        late: false,
    };
    cases.push(whole(
        "a right length",
        post(&[("content-length", "5")], last_data(1, "hello")),
        posted("content-length: 5\r\n", "hello"),
    ));
    cases.push(whole(
        "none",
        post(&[], last_data(1, smuggled)),
        posted("transfer-encoding: chunked\r\n", &format!("{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len())),
    ));
    cases.push(whole("no body at all", request(1, Block::post("/")), posted("", "")));
    let empty = last_data(1, "");
    cases.push(whole("an empty body", post(&[], empty), posted("transfer-encoding: chunked\r\n", "0\r\n\r\n")));
    hold(cases).await;
}

#[tokio::test]
async fn trailers() {
    let post = |trailers: Block| [head(1, Block::post("/")), data(1, "hello"), request(1, trailers)].concat();
    let mut cases = Vec::new();
    for (name, value) in [
        ("content-length", "5"),
        ("transfer-encoding", "chunked"),
        ("host", "b"),
        ("connection", "close"),
        ("te", "gzip"),
        ("upgrade", "h2c"),
        ("X-Capital", "y"),
        ("x y", "z"),
        ("x", "y\r\nz: a"),
        ("x", "y\0"),
    ] {
        cases.push(refused_with_body(format!("the trailer {name}: {value:?}"), post(Block::new().field(name, value))));
    }
    let sees = format!("{}5\r\nhello\r\n0\r\n\r\n", seen("POST /", "a", "transfer-encoding: chunked\r\n"));
    let pseudo = post(Block::new().field(":path", "/smuggled"));
    cases.push(refused_late("a pseudo field among trailers", pseudo, &sees));
    let unended = [
        head(1, Block::post("/")),
        data(1, "hello"),
        frame(kind::HEADERS, flag::END_HEADERS, 1, Block::new().field("x", "y")),
    ];
    cases.push(refused_with_body("trailers that end nothing", unended.concat()));
    let sees = format!("{}5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n", seen("POST /", "a", "transfer-encoding: chunked\r\n"));
    cases.push(Case {
        name: "an ordinary trailer".to_owned(),
        sends: post(Block::new().field("x-sum", "1")),
        sees: vec![sees],
        broken_off: false,
        late: false,
    });
    hold(cases).await;
}
