//! One connection of the load that speaks HTTP/1.1: a request, its answer, the next request; or a request and the close.

use mio::Interest;

use super::Question;
use super::wire::{Taken, Wire};
use crate::http::{Fault, Reply};

pub(super) struct Connection {
    stage: Stage,
    reply: Reply,
}

#[derive(PartialEq)]
enum Stage {
    Unasked,
    Waiting,
    /// The answer is whole, the close that must follow it has not come.
    Ending,
}

/// The request that is sent, again and again.
pub(super) fn request(path: &str, host: &str, close: bool) -> Vec<u8> {
    let last = if close { "Connection: close\r\n" } else { "" };
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench\r\nAccept: */*\r\n{last}\r\n").into_bytes()
}

impl Connection {
    /// Asks. On the loopback address a connection is mostly made at once; else an event follows, and then it is asked.
    pub(super) fn open(wire: &mut Wire, question: &Question) -> Result<(Self, Interest), Fault> {
        let mut connection = Self { stage: Stage::Unasked, reply: Reply::default() };
        connection.ask(wire, question)?;
        // One small write at a time needs no TCP_NODELAY, and an event or a system call less is a cheaper load.
        let interest = match connection.stage {
            Stage::Unasked => Interest::READABLE | Interest::WRITABLE,
            Stage::Waiting | Stage::Ending => Interest::READABLE,
        };
        Ok((connection, interest))
    }

    /// Asks if it has not yet, else takes what came; true when the answer is whole (and the connection closed, if it must).
    /// `closed`: the proxy has closed its side, behind what can be read.
    pub(super) fn go_on(
        &mut self,
        wire: &mut Wire,
        question: &Question,
        closed: bool,
        scratch: &mut [u8],
    ) -> Result<bool, Fault> {
        if self.stage == Stage::Unasked {
            self.ask(wire, question)?;
            return Ok(false);
        }
        loop {
            let in_body = self.reply.in_body();
            let count = match wire.read(scratch, in_body)? {
                Taken::Bytes(count) => count,
                Taken::Nothing if !closed => return Ok(false),
                Taken::Nothing | Taken::Closed if self.stage == Stage::Ending => return Ok(true),
                Taken::Nothing | Taken::Closed => return Err(Fault::Closed),
            };
            let whole =
                if in_body { self.reply.skip(count)? } else { self.reply.feed(&scratch[..count], question.body)? };
            // What was read to the end brings more, or the close, as a new event, unless this one told of the close.
            let emptied = wire.is_emptied();
            if whole && (!question.close || (closed && emptied)) {
                self.stage = Stage::Unasked;
                return Ok(true);
            }
            if whole {
                self.stage = Stage::Ending;
            }
            if emptied && !closed {
                return Ok(false);
            }
        }
    }

    /// Sends the request, unless the connection is not made yet: then an event follows.
    pub(super) fn ask(&mut self, wire: &mut Wire, question: &Question) -> Result<(), Fault> {
        if wire.write(&question.request)? {
            self.stage = Stage::Waiting;
        }
        Ok(())
    }
}
