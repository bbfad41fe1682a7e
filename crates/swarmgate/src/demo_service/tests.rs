//! Conversations with the demo service over real sockets.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};

use super::*;

/// A demo service on a free port, and the button that stops it.
struct Demo {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<anyhow::Result<()>>,
}

impl Demo {
    async fn start() -> Demo {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(serve(listener, async move { stopped.await.unwrap_or(()) }));
        Demo { address, stop, served }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends `request` on a connection of its own and returns all that comes back.
    async fn ask(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        read_to_end(&mut stream).await
    }
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Reads until `end` was seen, which may be in the middle of what the peer has to say.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut seen = Vec::new();
    while !seen.ends_with(end.as_bytes()) {
        seen.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(seen).unwrap()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn hello_answers_what_the_tutorial_shows() {
    let answer = Demo::start().await.ask(&get("/demo/hello")).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let lines: Vec<&str> = head.split("\r\n").collect();
    assert_eq!(lines[0], "HTTP/1.1 200 OK");
    assert!(lines.contains(&"content-type: text/plain; charset=utf-8"), "{head}");
    assert!(lines.contains(&"content-length: 14"), "{head}");
    assert!(lines.iter().any(|line| line.starts_with("date: ") && line.ends_with(" GMT")), "{head}");
    assert_eq!(body, "hello, world!\n");
}

#[tokio::test]
async fn known_paths_answer_and_others_are_404() {
    let demo = Demo::start().await;
    for (path, status) in [
        ("/demo/person", "200 OK"),
        (HEALTH_PATH, "200 OK"),
        ("/demo/other", "404 Not Found"),
        ("/", "404 Not Found"),
        ("/demo/echoes", "404 Not Found"),
    ] {
        let answer = demo.ask(&get(path)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{path}: {answer}");
    }
}

#[tokio::test]
async fn echo_shows_target_headers_and_body() {
    let answer = Demo::start()
        .await
        .ask("POST /demo/echo/a?b=c HTTP/1.1\r\nHost: demo\r\nX-One: 1\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody")
        .await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("\r\nx-served-by: {}\r\n", hostname())), "{head}");
    let expected = "POST /demo/echo/a?b=c HTTP/1.1\nhost: demo\nx-one: 1\ncontent-length: 4\nconnection: close\n\nbody";
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let length = ECHO_LIMIT + 1;
    let head = format!("POST /demo/echo HTTP/1.1\r\nHost: demo\r\nContent-Length: {length}\r\n\r\n");
    let demo = Demo::start().await;
    let mut stream = demo.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'x'; length]).await.unwrap();
    let answer = read_until(&mut stream, "\r\n").await;
    assert_eq!(answer, "HTTP/1.1 413 Payload Too Large\r\n");
}

#[tokio::test]
async fn a_stop_finishes_the_request_in_flight_and_says_close() {
    let demo = Demo::start().await;
    let mut stream = demo.connect().await;
    let head = "POST /demo/echo HTTP/1.1\r\nHost: demo\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    // The interim answer is the proof that the request is being handled when the stop arrives.
    assert_eq!(read_until(&mut stream, "\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    demo.stop.send(()).unwrap();
    refuses_connections(demo.address).await;
    stream.write_all(b"body").await.unwrap();
    let answer = read_to_end(&mut stream).await;
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    assert!(answer.ends_with("\n\nbody"), "{answer}");
    demo.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_closes_an_idle_connection() {
    let demo = Demo::start().await;
    let mut stream = demo.connect().await;
    stream.write_all(b"GET /demo/hello HTTP/1.1\r\nHost: demo\r\n\r\n").await.unwrap();
    read_until(&mut stream, "hello, world!\n").await;
    demo.stop.send(()).unwrap();
    assert_eq!(read_to_end(&mut stream).await, "");
    demo.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_drain_ends_though_a_client_never_does() {
    let demo = Demo::start().await;
    let mut stream = demo.connect().await;
    let head = "POST /demo/echo HTTP/1.1\r\nHost: demo\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    read_until(&mut stream, "\r\n\r\n").await;
    tokio::time::pause();
    demo.stop.send(()).unwrap();
    demo.served.await.unwrap().unwrap();
}

/// Ends when the port is closed; every turn of the loop is a connection that was still taken.
async fn refuses_connections(address: SocketAddr) {
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[test]
fn bug_the_health_check_of_the_image_drowned_the_requests_in_the_log() {
    assert!(!is_logged("/v1/docker-flow-proxy/ping") && !is_logged("/v1/docker-flow-swarm-listener/ping"));
    assert!(is_logged("/demo/hello") && is_logged("/v1"));
}
