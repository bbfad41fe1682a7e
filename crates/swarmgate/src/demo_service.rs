//! `swarmgate demo-service`: the stand-in for the tutorial's `go-demo`, so that trying swarmgate needs no second image.
//!
//! It is the thing *behind* the proxy: it says hello, echoes what reached it and stops politely. It is not a part of
//! the proxy, knows none of its types, and has no settings beyond its port.

use std::{future::Future, time::Duration};

use anyhow::Context;
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

/// How long requests in flight may take to end after a stop was asked for. Docker kills a container after ten seconds,
/// and an exit of our own is better than that.
const DRAIN_LIMIT: Duration = Duration::from_secs(9);

/// The longest request body that is echoed, in bytes.
const ECHO_LIMIT: usize = 1024 * 1024;

/// What the image's own health check asks first (see `ping`), so that a demo container counts as healthy too.
const HEALTH_PATH: &str = "/v1/docker-flow-proxy/ping";

/// What it asks next, to find out whether this is a listener. It is not.
const LISTENERS_HEALTH_PATH: &str = "/v1/docker-flow-swarm-listener/ping";

/// Serves on every address of `port` until SIGTERM or SIGINT, then finishes the requests in flight and returns.
///
/// # Errors
/// When the port cannot be bound or the signals cannot be listened to.
pub async fn run(port: u16) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", port))
        .await
        .with_context(|| format!("cannot bind the demo service to {port}"))?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen to SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen to SIGINT")?;
    println!("Demo service listens on port {port}");
    serve(listener, async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
    .await
}

/// Serves on `listener` until `stop` ends, then drains for at most [`DRAIN_LIMIT`]: idle connections are closed at once,
/// busy ones get `Connection: close` with their last response.
pub(crate) async fn serve(
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let (stopping, stopped) = oneshot::channel::<()>();
    let server = axum::serve(listener, Router::new().fallback(answer)).with_graceful_shutdown(async move {
        stop.await;
        let _ = stopping.send(());
    });
    let drained_too_long = async move {
        // An error means that the server ended without being asked to, which the other branch reports.
        if stopped.await.is_ok() {
            tokio::time::sleep(DRAIN_LIMIT).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        served = server => served.context("the demo service stopped serving"),
        () = drained_too_long => Ok(()),
    }
}

/// Answers one request and logs its method and path: no query, no header, since both may carry secrets. Health checks are
/// not logged, so that the log counts what visitors asked.
async fn answer(request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    if path == HEALTH_PATH {
        return text("healthy\n");
    }
    if is_logged(path) {
        println!("{} {path}", head.method);
    }
    match path {
        "/demo/hello" => text("hello, world!\n"),
        "/demo/person" => text("I am a person, and I live next door to hello.\n"),
        path if path == "/demo/echo" || path.starts_with("/demo/echo/") => echo(&head, body).await,
        _ => (StatusCode::NOT_FOUND, text("there is no such page here; try /demo/hello\n")).into_response(),
    }
}

fn is_logged(path: &str) -> bool {
    ![HEALTH_PATH, LISTENERS_HEALTH_PATH].contains(&path)
}

/// The request as it arrived here: request line, headers one a line, an empty line, the body. The answer's `X-Served-By`
/// header names this host, so that a caller can tell replicas apart without touching the echoed bytes.
async fn echo(head: &Parts, body: Body) -> Response {
    let Ok(body) = to_bytes(body, ECHO_LIMIT).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, text("the body is cut off, or longer than 1 MiB\n")).into_response();
    };
    let mut seen = format!("{} {} {:?}\n", head.method, head.uri, head.version).into_bytes();
    for (name, value) in &head.headers {
        seen.extend_from_slice(name.as_str().as_bytes());
        seen.extend_from_slice(b": ");
        seen.extend_from_slice(value.as_bytes());
        seen.push(b'\n');
    }
    seen.push(b'\n');
    seen.extend_from_slice(&body);
    ([("x-served-by", hostname())], text(seen)).into_response()
}

/// A 200 whose type is exactly the one that the tutorial shows.
fn text(body: impl Into<Bytes>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body.into()).into_response()
}

/// This host's name, in Docker the container's id unless `--hostname` says otherwise; empty where it cannot be told.
fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests;
