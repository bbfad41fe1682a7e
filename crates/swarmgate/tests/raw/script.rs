//! A hostile server: it says what a case wants it to say, and answers innocent requests honestly.
//!
//! Not here: servers that only remember (`recorder`).

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

use crate::case::{ClientGets, ResponseCase, position};
use crate::recorder::Reader;
use crate::wire::{Pieces, send};

/// What an innocent request gets.
pub(crate) const HONEST: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhonest";

#[derive(Default)]
struct State {
    says: Vec<u8>,
    surplus: usize,
    closes: bool,
    pieces: Option<Pieces>,
    /// It says only its first words, up to the end of a head, until the client has them.
    waits: bool,
    /// The connection that the hostile words went to last, and its number.
    hostile: Option<(usize, TcpStream)>,
    /// The connection of the last innocent request.
    innocent: usize,
}

type Shared = (Mutex<State>, Condvar);

/// The server.
pub(crate) struct Script {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

impl Script {
    pub(crate) fn start() -> Script {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let shared = Arc::<Shared>::default();
        let script = Script { address, shared: Arc::clone(&shared) };
        thread::spawn(move || {
            for number in 1.. {
                let Ok((stream, _)) = listener.accept() else { return };
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(number, Reader::new(stream), &shared));
            }
        });
        script
    }

    /// From now on it says what `case` wants.
    pub(crate) fn play(&self, case: &ResponseCase, pieces: Pieces) {
        let mut state = lock(&self.shared);
        (state.says, state.surplus) = (case.says.clone(), case.surplus);
        (state.closes, state.pieces) = (case.closes, Some(pieces));
        state.waits = pieces == Pieces::Bytes && matches!(case.verdict, ClientGets::BrokenOff(_));
        (state.hostile, state.innocent) = (None, 0);
    }

    /// The client has the first words.
    pub(crate) fn go_on(&self) {
        lock(&self.shared).waits = false;
        self.shared.1.notify_all();
    }

    /// Says something on the connection that had the hostile words, which nobody asks on.
    pub(crate) fn say_unasked(&self, bytes: &[u8]) {
        if let Some((_, stream)) = &mut lock(&self.shared).hostile {
            send(stream, bytes, Pieces::Whole);
        }
    }

    /// Whether the last innocent request came on the connection that had the hostile words.
    pub(crate) fn was_kept(&self) -> bool {
        let state = lock(&self.shared);
        state.hostile.as_ref().is_some_and(|(number, _)| *number == state.innocent)
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.0.lock().expect("no thread of the script panics")
}

fn serve(number: usize, mut reader: Reader, shared: &Shared) {
    while let Some(head) = reader.head() {
        let line = head.lines().next().unwrap_or_default();
        if line.contains("/innocent") || line.contains("/sentinel") {
            lock(shared).innocent = number;
            send(&mut reader.stream, HONEST.as_bytes(), Pieces::Whole);
        } else {
            speak(number, &mut reader.stream, shared);
        }
        if reader.body(&head).is_none() {
            return;
        }
        reader.taken();
    }
}

/// Says the case's words.
fn speak(number: usize, stream: &mut TcpStream, shared: &Shared) {
    let mut state = lock(shared);
    let (says, surplus, closes, waits) = (state.says.clone(), state.surplus, state.closes, state.waits);
    let pieces = state.pieces.unwrap_or(Pieces::Whole);
    state.hostile = stream.try_clone().ok().map(|stream| (number, stream));
    drop(state);
    let first = if waits { position(&says, b"\r\n\r\n").map_or(0, |end| end + 4) } else { 0 };
    send(stream, &says[..first], pieces);
    let state = shared.1.wait_while(lock(shared), |state| state.waits);
    drop(state.expect("no thread of the script panics"));
    let together = says.len() - if surplus > 0 { surplus + 1 } else { 0 };
    send(stream, &says[first..together], pieces);
    send(stream, &says[together..], Pieces::Whole);
    if closes {
        // It may be closed already.
        let _ = stream.shutdown(Shutdown::Write);
    }
}
