//! What lies between a client and h2, and looks at the frames as they pass: how many bring nothing, and what h2 lets slip.
//!
//! HTTP/2 lets a client send frames that cost the proxy work and bring neither side anything: PING, SETTINGS, PRIORITY, WINDOW_UPDATE,
//! requests that are withdrawn at once, frames without a payload, types that nobody knows (RFC 9113 §10.5; HAProxy counts them as
//! "glitches", nginx weighs their octets against the payload). h2 bounds what they take in memory, and not how many there are.
//! Not here: ending the connection (`http2`); limits on header blocks, streams and small DATA frames, which are h2's own.

mod account;
mod frames;
mod trailers;

use account::Account;
use frames::{ACK, CONTINUATION, FrameHead, Frames, HEADERS, PREFACE, Piece, SETTINGS};
use h2::Reason;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use trailers::Trailers;

/// A client's connection that is watched. It begins with the client's preface.
pub(super) struct Watched<S> {
    stream: S,
    incoming: Incoming,
    outgoing: Frames,
    account: Account,
    watch: Watch,
    /// Whoever reads was told once, by waiting; then by an error.
    told: bool,
    /// The last read found nothing.
    is_dry: bool,
}

/// Says how a connection fares.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch(Arc<Findings>);

#[derive(Debug, Default)]
struct Findings {
    /// The reason to end it; 0: none.
    objection: AtomicU32,
    /// What was written last has not all been taken.
    stuck: AtomicBool,
    /// Whoever reads has not given way since it last read.
    goes_on: AtomicBool,
}

/// What a client sends.
struct Incoming {
    frames: Frames,
    /// Its settings have come, which are the end of its preface.
    greeted: bool,
    /// The highest number of a stream: HEADERS of a lower one are trailers.
    last_stream: u32,
    /// Those that pass now.
    trailers: Option<Trailers>,
}

impl Watch {
    /// Why the connection is to be ended at once. Nothing more is read of it.
    pub(super) fn objection(&self) -> Option<Reason> {
        Some(Reason::from(self.0.objection.load(Relaxed))).filter(|reason| *reason != Reason::NO_ERROR)
    }

    /// Whether the client does not take what is written for it.
    pub(super) fn is_stuck(&self) -> bool {
        self.0.stuck.load(Relaxed)
    }

    /// Whoever reads will ask for more before its task gives way, or gives way now.
    pub(super) fn goes_on(&self, at_once: bool) {
        self.0.goes_on.store(at_once, Relaxed);
    }

    fn object(&self, reason: Reason) {
        self.0.objection.store(reason.into(), Relaxed);
    }

    /// Notes whether a write came to its end.
    fn note<T>(&self, written: Poll<T>) -> Poll<T> {
        self.0.stuck.store(written.is_pending(), Relaxed);
        written
    }
}

impl<S> Watched<S> {
    /// The stream, and what to look at each time after it was read.
    pub(super) fn new(stream: S) -> (Watched<S>, Watch) {
        let watch = Watch::default();
        let incoming = Incoming { frames: Frames::behind(PREFACE), greeted: false, last_stream: 0, trailers: None };
        let (outgoing, account) = (Frames::behind(0), Account::open());
        let watched = Watched { stream, incoming, outgoing, account, watch: watch.clone(), told: false, is_dry: false };
        (watched, watch)
    }

    fn came(&mut self, bytes: &[u8]) {
        let Watched { incoming: Incoming { frames, greeted, last_stream, trailers }, account, watch, .. } = self;
        frames.pass(bytes, |piece| match piece {
            Piece::Head(frame) => {
                account.came(frame);
                // RFC 9113 §3.4.
                if !std::mem::replace(greeted, true) && (frame.kind != SETTINGS || frame.flags & ACK != 0) {
                    watch.object(Reason::PROTOCOL_ERROR);
                }
                follow(frame, last_stream, trailers);
            }
            Piece::Payload(payload) => {
                if trailers.as_mut().is_some_and(|trailers| trailers.have_pseudo(payload)) {
                    watch.object(Reason::PROTOCOL_ERROR);
                }
            }
        });
        if account.is_overdrawn() {
            watch.object(Reason::ENHANCE_YOUR_CALM);
        }
    }

    fn went(&mut self, bytes: &[u8]) {
        let Watched { outgoing, account, .. } = self;
        outgoing.pass(bytes, |piece| {
            if let Piece::Head(frame) = piece {
                account.went(frame);
            }
        });
    }
}

/// Notices where trailers begin, go on and end.
fn follow(frame: FrameHead, last_stream: &mut u32, trailers: &mut Option<Trailers>) {
    match (frame.kind, &mut *trailers) {
        (HEADERS, _) if frame.stream > *last_stream => {
            *last_stream = frame.stream;
            *trailers = None;
        }
        (HEADERS, _) => *trailers = Some(Trailers::begin(frame)),
        (CONTINUATION, Some(trailers)) => trailers.go_on(frame),
        _ => *trailers = None,
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let watched = self.get_mut();
        if watched.watch.objection().is_some() {
            if std::mem::replace(&mut watched.told, true) {
                return Poll::Ready(Err(io::Error::other("the client breaks the rules")));
            }
            // Whoever polls the connection gets a chance to say goodbye.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        // h2 looks again for each request that came at once. What comes meanwhile wakes the task, which has looked in vain already.
        if watched.is_dry && watched.watch.0.goes_on.load(Relaxed) {
            return Poll::Pending;
        }
        let before = room.filled().len();
        let read = Pin::new(&mut watched.stream).poll_read(cx, room);
        watched.is_dry = read.is_pending();
        ready!(read)?;
        watched.came(&room.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let watched = self.get_mut();
        let written = ready!(watched.watch.note(Pin::new(&mut watched.stream).poll_write(cx, bytes)))?;
        watched.went(&bytes[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let watched = self.get_mut();
        let written = ready!(watched.watch.note(Pin::new(&mut watched.stream).poll_write_vectored(cx, parts)))?;
        let mut left = written;
        for part in parts {
            let taken = left.min(part.len());
            watched.went(&part[..taken]);
            left -= taken;
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let watched = self.get_mut();
        watched.watch.note(Pin::new(&mut watched.stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
