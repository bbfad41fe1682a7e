//! Servers that are dialled over TLS: who is believed, what is kept, and that nothing gets lost or stuck between two layers.
//!
//! The scripted server sees what came out of the TLS; what the TLS itself saw is [`Seen`].

use crate::dns::FakeDns;
use crate::harness::{
    Authority, Backend, Certified, Encrypted, Peer, Seen, TestProxy, Warnings, get, got, ok, pattern, soon,
};
use std::cell::Cell;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::yield_now;

const MIB: usize = 1024 * 1024;
/// More than all sockets and the proxy hold together.
const LARGE: usize = 48 * MIB;
const NAME: &str = "go.internal";

/// A proxy, and a server behind TLS that it believes.
struct Stage {
    proxy: TestProxy,
    tls: Encrypted,
    backend: Backend,
}

impl Stage {
    /// The server has a certificate for [`NAME`] and for 127.0.0.1, and is published with these parameters.
    async fn new(asked: &str) -> Stage {
        let authority = Authority::new("ours");
        let backend = Backend::start().await;
        let tls = Encrypted::before(&backend, &authority.certifies(&[NAME, "127.0.0.1"])).await;
        let proxy = believing(&authority).await;
        publish(&proxy, tls.port(), asked).await;
        Stage { proxy, tls, backend }
    }

    async fn verified() -> Stage {
        Stage::new(&format!("sslVerifyHost={NAME}")).await
    }

    /// A request and its response; the connections stay.
    async fn warm(&mut self) -> (Peer, Peer) {
        let (mut client, mut server) = self.proxy.exchange(&mut self.backend, &get("/demo")).await;
        answers(&mut client, &mut server).await;
        (client, server)
    }
}

async fn believing(authority: &Authority) -> TestProxy {
    believing_pem(authority.pem()).await
}

async fn believing_pem(pem: String) -> TestProxy {
    TestProxy::with(&[], |settings| settings.tls.server_authorities = Some(pem.into_bytes())).await
}

async fn publish(proxy: &TestProxy, port: u16, asked: &str) {
    let service = "serviceName=go&servicePath=/demo&outboundHostname=127.0.0.1";
    proxy.configure(&format!("{service}&port={port}&{asked}")).await;
}

async fn answers(client: &mut Peer, server: &mut Peer) {
    server.send(ok("hi")).await;
    client.receives(ok("hi")).await;
}

fn asked(name: &str) -> Seen {
    Seen::Handshake(Some(name.to_owned()))
}

async fn metrics(proxy: &TestProxy) -> String {
    let url = format!("http://{}/metrics", proxy.api_address());
    soon("the metrics", async { reqwest::get(url).await.expect("an API").text().await.expect("text") }).await
}

#[tokio::test]
async fn behaviour_127_ssl_verify_none_takes_any_certificate_and_sends_no_name() {
    let mut backend = Backend::start().await;
    let mut tls = Encrypted::before(&backend, &Certified::by_itself(&["somebody.else"])).await;
    let proxy = TestProxy::start().await;
    publish(&proxy, tls.port(), "sslVerifyNone=true").await;
    let mut client = proxy.client().await;
    client.send(get("/demo")).await;
    assert_eq!(tls.sees().await, Seen::Handshake(None));
    let mut server = backend.accept().await;
    server.receives(got("/demo")).await;
    answers(&mut client, &mut server).await;
}

#[tokio::test]
async fn a_verified_server_is_asked_for_its_name() {
    let mut stage = Stage::verified().await;
    stage.warm().await;
    assert_eq!(stage.tls.sees().await, asked(NAME));
}

#[tokio::test]
async fn an_address_can_be_verified_and_is_not_sent() {
    let mut stage = Stage::new("sslVerifyHost=127.0.0.1").await;
    stage.warm().await;
    assert_eq!(stage.tls.sees().await, Seen::Handshake(None));
}

/// The request never leaves the proxy, the client gets 503, and an operator can find out why.
#[tokio::test]
async fn a_server_that_cannot_be_verified_gets_no_request() {
    let warnings = Warnings::of_process();
    let (authority, other) = (Authority::new("ours"), Authority::new("theirs"));
    let backend = Backend::start().await;
    for (certified, reason) in [
        (authority.certifies(&["somebody.else"]), "not valid for name"),
        (other.certifies(&[NAME]), "UnknownIssuer"),
        (Certified::by_itself(&[NAME]), "UnknownIssuer"),
    ] {
        let mut tls = Encrypted::before(&backend, &certified).await;
        let proxy = believing(&authority).await;
        publish(&proxy, tls.port(), &format!("sslVerifyHost={NAME}")).await;
        assert_eq!(proxy.ask(&get("/demo")).await.status(), 503, "{reason}");
        assert_eq!(tls.sees().await, Seen::Failure, "{reason}");
        let told = warnings.with(&tls.address.to_string());
        let names =
            |line: &String| line.contains("Service go: server ") && line.contains(NAME) && line.contains(reason);
        assert!(told.len() == 1 && told.iter().all(names), "{reason}: {told:?}");
        let metrics = metrics(&proxy).await;
        assert!(metrics.contains("swarmgate_answers_total{code=\"503\",reason=\"server_tls\"} 1\n"), "{metrics}");
        let failed = "swarmgate_backend_connect_failures_total{backend=\"go-be";
        assert!(metrics.lines().any(|line| line.starts_with(failed) && line.ends_with(" 1")), "{metrics}");
    }
}

#[tokio::test]
async fn a_self_signed_certificate_among_the_authorities_vouches_for_its_own_name_while_it_lasts() {
    for (names, until, status) in [([NAME], 2100, 200), (["somebody.else"], 2100, 503), ([NAME], 2020, 503)] {
        let certified = Certified::as_authority(&names, until);
        let backend = Backend::start().await;
        let tls = Encrypted::before(&backend, &certified).await;
        backend.echoes();
        let proxy = believing_pem(certified.pem()).await;
        publish(&proxy, tls.port(), &format!("sslVerifyHost={NAME}")).await;
        assert_eq!(proxy.ask(&get("/demo")).await.status(), status, "{names:?} until {until}");
    }
}

#[tokio::test]
async fn without_a_file_of_authorities_those_of_mozilla_count() {
    let backend = Backend::start().await;
    let mut tls = Encrypted::before(&backend, &Authority::new("ours").certifies(&[NAME])).await;
    let proxy = TestProxy::start().await;
    publish(&proxy, tls.port(), &format!("sslVerifyHost={NAME}")).await;
    assert_eq!(proxy.ask(&get("/demo")).await.status(), 503);
    assert_eq!(tls.sees().await, Seen::Failure);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_gets_no_request() {
    let mut backend = Backend::start().await;
    let proxy = TestProxy::start().await;
    publish(&proxy, backend.port(), "sslVerifyNone=true").await;
    let mut client = proxy.client().await;
    client.send(get("/demo/secret")).await;
    let mut server = backend.accept().await;
    server.receives(b"\x16\x03").await;
    server.send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
    server.ends().await;
    assert_eq!(client.reply().await.status(), 503);
    let came = server.rest().await.unwrap_or_default();
    assert!(!String::from_utf8_lossy(&came).contains("secret"));
}

#[tokio::test]
async fn a_handshake_that_does_not_end_counts_as_a_part_of_connecting() {
    let proxy = TestProxy::with(&[], |settings| settings.timeouts.connect = Duration::from_millis(300)).await;
    let mut backend = Backend::start().await;
    publish(&proxy, backend.port(), "sslVerifyNone=true").await;
    let mut client = proxy.client().await;
    client.send(get("/demo")).await;
    let mut silent = backend.accept().await;
    assert_eq!(client.reply().await.status(), 503);
    assert!(silent.rest().await.is_ok(), "it is let go");
    assert!(metrics(&proxy).await.contains("reason=\"server_tls\"} 1\n"));
}

#[tokio::test]
async fn another_server_answers_for_one_without_tls() {
    let dns = FakeDns::start().await;
    let (authority, mut backend) = (Authority::new("ours"), Backend::start().await);
    let tls = Encrypted::before(&backend, &authority.certifies(&[NAME])).await;
    let plain = Backend::on(([127, 0, 0, 2], tls.port()).into()).await.expect("a free port");
    plain.echoes();
    dns.resolves("tasks.go", &[1, 2]);
    let pem = authority.pem().into_bytes();
    let variables = [("RESOLVERS", &*dns.address.to_string())];
    let proxy = TestProxy::with(&variables, |settings| settings.tls.server_authorities = Some(pem)).await;
    let port = tls.port();
    proxy.configure(&format!("serviceName=go&servicePath=/demo&port={port}&sslVerifyHost={NAME}")).await;
    for _ in 0..4 {
        let mut client = proxy.client().await;
        client.send("POST /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi").await;
        let mut server = backend.accept().await;
        server.receives_head().await;
        server.receives("hi").await;
        server.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(client.reply().await.status(), 200);
    }
}

#[tokio::test]
async fn a_connection_serves_many_requests_and_a_new_one_goes_on_with_the_session() {
    let mut stage = Stage::verified().await;
    let (mut client, mut server) = stage.warm().await;
    assert_eq!(stage.tls.sees().await, asked(NAME));
    for request in [get("/demo/2"), get("/demo/3")] {
        // A client of its own each time, and a request that takes no connection that may be dead.
        client.send(request.replace("GET", "POST")).await;
        server.receives_head().await;
        answers(&mut client, &mut server).await;
        client = stage.proxy.client().await;
    }
    assert!(stage.tls.is_left_alone());
    drop(server);
    assert_eq!(stage.tls.sees().await, Seen::Goodbye);
    client.send(get("/demo")).await;
    let mut server = stage.backend.accept().await;
    server.receives_head().await;
    answers(&mut client, &mut server).await;
    assert_eq!(stage.tls.sees().await, Seen::Resumption);
}

#[tokio::test]
async fn a_connection_serves_only_who_would_have_made_it_so() {
    let authority = Authority::new("ours");
    let mut backend = Backend::start().await;
    let names = ["a.internal", "b.internal"];
    let mut tls = Encrypted::before(&backend, &authority.certifies(&names)).await;
    let proxy = believing(&authority).await;
    let mut servers = Vec::new();
    for asked in ["sslVerifyNone=true", "sslVerifyHost=a.internal", "sslVerifyHost=b.internal"] {
        publish(&proxy, tls.port(), asked).await;
        let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
        answers(&mut client, &mut server).await;
        servers.push(server);
    }
    for expected in [Seen::Handshake(None), asked(names[0]), asked(names[1])] {
        assert_eq!(tls.sees().await, expected);
    }
    // Changes of other parameters leave the connections what they are.
    publish(&proxy, tls.port(), "sslVerifyHost=a.internal&timeoutServer=7").await;
    let mut client = proxy.client().await;
    client.send(get("/demo")).await;
    servers[1].receives_head().await;
    answers(&mut client, &mut servers[1]).await;
}

#[tokio::test]
async fn a_request_that_can_be_repeated_is_when_the_kept_connection_dies_under_it() {
    for cut in [false, true] {
        let mut stage = Stage::verified().await;
        let (mut client, mut server) = stage.warm().await;
        client.send(get("/demo/again")).await;
        server.receives(got("/demo/again")).await;
        if cut {
            server.cuts_off();
        } else {
            drop(server);
        }
        let mut server = stage.backend.accept().await;
        server.receives(got("/demo/again")).await;
        answers(&mut client, &mut server).await;
    }
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_not_used() {
    let mut stage = Stage::verified().await;
    let (mut client, server) = stage.warm().await;
    stage.tls.sees().await;
    drop(server);
    assert_eq!(stage.tls.sees().await, Seen::Goodbye);
    client.send("POST /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi").await;
    let mut server = stage.backend.accept().await;
    server.receives_head().await;
    server.receives("hi").await;
}

/// What TLS holds back is sent before anybody is waited for.
#[tokio::test]
async fn every_piece_of_a_request_arrives_before_the_next_one_is_sent() {
    let mut stage = Stage::verified().await;
    let head = "POST /demo HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n";
    let (mut client, mut server) = stage.proxy.exchange(&mut stage.backend, head).await;
    for piece in pattern(300_000).chunks(60_000) {
        client.send(piece).await;
        server.receives(piece).await;
    }
    answers(&mut client, &mut server).await;
}

#[tokio::test]
async fn a_large_upload_arrives_whole_at_a_slow_reader() {
    let mut stage = Stage::verified().await;
    let bytes = pattern(LARGE);
    let head = format!("PUT /demo HTTP/1.1\r\nHost: a\r\nContent-Length: {LARGE}\r\n\r\n");
    let (mut client, mut server) = stage.proxy.exchange(&mut stage.backend, &head).await;
    slowly(&mut client, &mut server, &bytes).await;
    answers(&mut client, &mut server).await;
}

#[tokio::test]
async fn a_large_download_arrives_whole_at_a_slow_reader() {
    let mut stage = Stage::verified().await;
    let bytes = pattern(LARGE);
    let (mut client, mut server) = stage.proxy.exchange(&mut stage.backend, &get("/demo")).await;
    server.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n")).await;
    client.receives_head().await;
    slowly(&mut server, &mut client, &bytes).await;
    client.send(get("/demo")).await;
    server.receives(got("/demo")).await;
    answers(&mut client, &mut server).await;
}

/// Everything on the way is full before `to` reads, and as good as full until it has read the last byte.
async fn slowly(from: &mut Peer, to: &mut Peer, bytes: &[u8]) {
    let sent = Cell::new(0);
    let sending = async {
        for piece in bytes.chunks(64 * 1024) {
            from.send(piece).await;
            sent.set(sent.get() + piece.len());
        }
    };
    let receiving = async {
        while has_moved(&sent).await {}
        assert!(sent.get() < bytes.len(), "more must be sent than all sockets hold");
        let mut received = Vec::with_capacity(bytes.len());
        while received.len() < bytes.len() {
            let piece = (bytes.len() - received.len()).min(9001);
            received.extend(to.receives_bytes(piece).await);
            yield_now().await;
        }
        assert!(received == bytes);
    };
    tokio::join!(sending, receiving);
}

/// Whether anything was sent while everybody else had many turns.
async fn has_moved(sent: &Cell<usize>) -> bool {
    let before = sent.get();
    for _ in 0..20_000 {
        yield_now().await;
    }
    sent.get() != before
}

#[tokio::test]
async fn a_server_that_does_not_read_stops_the_client_and_costs_no_time() {
    let mut backend = Backend::start().await;
    let tls = Encrypted::before(&backend, &Certified::by_itself(&[NAME])).await;
    let proxy = TestProxy::with(&[], |settings| settings.timeouts.server = Duration::from_millis(500)).await;
    publish(&proxy, tls.port(), "sslVerifyNone=true").await;
    let head = format!("PUT /demo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 10_000 * MIB);
    let (mut client, _server) = proxy.exchange(&mut backend, &head).await;
    let sent = client.sends_until_cut_off(&[0; 64 * 1024]).await;
    assert!(sent < 100 * MIB, "{} MiB were taken for nobody", sent / MIB);
    let busy = proxy.busy();
    assert!(busy < Duration::from_millis(400), "a proxy that can do nothing was busy for {busy:?}");
}

/// Only the goodbye of TLS tells the end of such a response from a connection that somebody cut (RFC 9112 §9.8).
#[tokio::test]
async fn a_response_without_an_end_of_its_own_ends_with_the_goodbye_of_tls() {
    let mut stage = Stage::verified().await;
    let (mut client, mut server) = stage.proxy.exchange(&mut stage.backend, &get("/demo")).await;
    server.send("HTTP/1.0 200 OK\r\n\r\nsome").await;
    client.receives("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nsome").await;
    server.ends().await;
    client.receives_end().await;
    let (mut client, mut server) = stage.proxy.exchange(&mut stage.backend, &get("/demo")).await;
    server.send("HTTP/1.0 200 OK\r\n\r\nsome").await;
    client.receives("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nsome").await;
    server.cuts_off();
    client.is_cut_off().await;
}

#[tokio::test]
async fn a_websocket_passes_bytes_both_ways() {
    let mut stage = Stage::verified().await;
    let asking = "GET /demo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";
    let (mut client, mut server) = stage.proxy.exchange(&mut stage.backend, asking).await;
    server.send(format!("{switching}early")).await;
    client.receives(format!("{switching}early")).await;
    for _ in 0..3 {
        client.send(b"\x81\x05hello").await;
        server.receives(b"\x81\x05hello").await;
        server.send(b"\x81\x00GET /").await;
        client.receives(b"\x81\x00GET /").await;
    }
    both_at_once(client, server).await;
}

async fn both_at_once(client: Peer, server: Peer) {
    let bytes = pattern(6 * MIB);
    let ((mut from_server, mut to_server), (mut from_client, mut to_client)) = (client.split(), server.split());
    let (mut upwards, mut downwards) = (vec![0; bytes.len()], vec![0; bytes.len()]);
    let all = async {
        tokio::try_join!(
            to_server.write_all(&bytes),
            to_client.write_all(&bytes),
            from_client.read_exact(&mut upwards),
            from_server.read_exact(&mut downwards),
        )
    };
    soon("both streams", all).await.expect("a tunnel");
    assert!(upwards == bytes && downwards == bytes);
}

#[tokio::test]
async fn either_side_of_a_tunnel_may_end_first_and_goes_on_listening() {
    let mut stage = Stage::verified().await;
    let asking = "GET /demo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    for client_first in [true, false] {
        let (mut client, mut server) = stage.proxy.exchange(&mut stage.backend, asking).await;
        server.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n").await;
        client.receives_head().await;
        let (first, second) = if client_first { (&mut client, &mut server) } else { (&mut server, &mut client) };
        first.send("last words").await;
        first.ends().await;
        second.receives("last words").await;
        second.receives_end().await;
        second.send("still here").await;
        first.receives("still here").await;
        second.ends().await;
        first.receives_end().await;
    }
}

/// The authorities are read from the file that the operator named.
#[tokio::test]
async fn server_ca_file_names_the_authorities() {
    let authority = Authority::new("ours");
    let path = format!("{}/server-ca-{}.pem", env!("CARGO_TARGET_TMPDIR"), std::process::id());
    std::fs::write(&path, authority.pem()).expect("a folder for tests");
    let mut backend = Backend::start().await;
    let tls = Encrypted::before(&backend, &authority.certifies(&[NAME])).await;
    let proxy = TestProxy::with(&[("SERVER_CA_FILE", &path)], |_| {}).await;
    std::fs::remove_file(&path).expect("it was written");
    publish(&proxy, tls.port(), &format!("sslVerifyHost={NAME}")).await;
    let (mut client, mut server) = proxy.exchange(&mut backend, &get("/demo")).await;
    answers(&mut client, &mut server).await;
    let shown = format!("ssl verify required ca-file {path} sni str({NAME}) verifyhost {NAME}");
    let config = proxy.api("/config").await.body;
    assert!(config.contains(&shown), "{config}");
}
