//! A server's connection, with or without TLS.
//!
//! Not here: making one (`exchange::connect`, `tls`), and keeping it (`pool`).

use rustls::ClientConnection;
use socket2::SockRef;
use std::io::{self, IoSlice, Read};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// The most reads that a kept connection is looked at with. Session tickets and the like need a few.
const MOST_LOOKS: usize = 16;

/// What a server takes nothing of for so long does not arrive there: its kernel would have said so, whatever the server itself does.
/// Time enough for the fourth try of a lost packet.
const LOST_AFTER: Duration = Duration::from_millis(1500);

/// A connection to a server. What is written to an encrypted one must be flushed: TLS may hold it back.
pub(crate) struct ServerStream {
    wire: Wire,
    /// The kernel gives it up [`LOST_AFTER`].
    hurries: bool,
}

enum Wire {
    Plain(TcpStream),
    /// TLS keeps some kilobytes of state, which a plain connection should not carry about.
    Encrypted(Box<TlsStream<TcpStream>>),
}

impl ServerStream {
    pub(crate) fn plain(stream: TcpStream) -> ServerStream {
        ServerStream { wire: Wire::Plain(stream), hurries: false }
    }

    pub(crate) fn encrypted(stream: TlsStream<TcpStream>) -> ServerStream {
        ServerStream { wire: Wire::Encrypted(Box::new(stream)), hurries: false }
    }

    /// Whether the kernel gives the connection up soon if nothing of what is sent arrives (`TCP_USER_TIMEOUT`, RFC 5482): a server that was
    /// cut off says nothing, and a quarter of an hour would pass. It also ends a connection whose server arrives but does not read, so it is
    /// for requests that fit into any server's buffer.
    pub(crate) fn hurry(&mut self, hurries: bool) {
        if self.hurries != hurries {
            self.hurries = hurries;
            let socket = match &self.wire {
                Wire::Plain(stream) => SockRef::from(stream),
                Wire::Encrypted(stream) => SockRef::from(stream.get_ref().0),
            };
            // A kernel that refuses keeps the connection as it is.
            let _ = socket.set_tcp_user_timeout(hurries.then_some(LOST_AFTER));
        }
    }

    /// Whether the server has neither closed nor said anything unasked. The runtime already knows: mostly no system call is needed. Unlike a
    /// poll, a try never says "nothing" only because this task has done enough for now.
    pub(crate) fn is_alive(&mut self) -> bool {
        match &mut self.wire {
            Wire::Plain(stream) => would_block(stream.try_read(&mut [0])),
            Wire::Encrypted(stream) => {
                let (socket, session) = stream.get_mut();
                is_session_alive(socket, session)
            }
        }
    }
}

/// Tickets that came after the handshake are taken in; plaintext, an alert and an end are the end.
fn is_session_alive(socket: &TcpStream, session: &mut ClientConnection) -> bool {
    for _ in 0..MOST_LOOKS {
        match session.process_new_packets() {
            Ok(state) if state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed() => {}
            _ => return false,
        }
        match session.read_tls(&mut Tries(socket)) {
            Ok(1..) => {}
            read => return would_block(read),
        }
    }
    false
}

fn would_block(read: io::Result<usize>) -> bool {
    matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// Reads what is there.
struct Tries<'s>(&'s TcpStream);

impl Read for Tries<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(bytes)
    }
}

impl AsyncRead for ServerStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(stream) => Pin::new(stream).poll_read(cx, bytes),
            Wire::Encrypted(stream) => Pin::new(&mut **stream).poll_read(cx, bytes),
        }
    }
}

impl AsyncWrite for ServerStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().wire {
            Wire::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Wire::Encrypted(stream) => Pin::new(&mut **stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().wire {
            Wire::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
            Wire::Encrypted(stream) => Pin::new(&mut **stream).poll_write_vectored(cx, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.wire {
            Wire::Plain(stream) => stream.is_write_vectored(),
            Wire::Encrypted(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Wire::Encrypted(stream) => Pin::new(&mut **stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Wire::Encrypted(stream) => Pin::new(&mut **stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_kernel_is_told_to_hurry_and_to_be_patient_again() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut stream = ServerStream::plain(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
        for hurries in [true, true, false] {
            stream.hurry(hurries);
            let Wire::Plain(socket) = &stream.wire else { panic!("it is plain") };
            let limit = SockRef::from(socket).tcp_user_timeout().unwrap().filter(|limit| !limit.is_zero());
            assert_eq!(limit, hurries.then_some(LOST_AFTER));
        }
    }
}
