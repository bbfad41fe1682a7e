//! As much HTTP/1.1 as the fakes need: a head without a body in, one answer out, then close.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for T {}

/// The request line without the version: `GET /path?query`, and behind it the field Authorization if there is one. None if the client sent no whole head.
pub(crate) async fn read_request(stream: &mut impl Stream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).expect("heads are ascii");
    let authorization = head.lines().find_map(|line| line.strip_prefix("authorization:")).unwrap_or_default();
    Some(head.lines().next()?.trim_end_matches(" HTTP/1.1").to_owned() + authorization)
}

/// Errors are the client's: it may be gone.
pub(crate) async fn write_answer(stream: &mut impl Stream, status: u16, body: &str) {
    write_answer_with(stream, status, "", body).await;
}

/// The same with these header lines.
pub(crate) async fn write_answer_with(stream: &mut impl Stream, status: u16, lines: &str, body: &str) {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} -\r\n{lines}content-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
}

/// Returns when the client closes the connection.
pub(crate) async fn closed(stream: &mut impl Stream) {
    while stream.read_u8().await.is_ok() {}
}
