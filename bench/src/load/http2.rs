//! One connection of the load that speaks HTTP/2: a few requests under way at a time, each followed by the next once it was answered.
//!
//! Just enough of RFC 9113 for that. It reads of a header block only its first field, the status, which needs no decoder because it is
//! never anything but one byte; and it counts the body, whose end the framing tells. So it costs little, and every answer is checked.

use super::Question;
use super::wire::{Taken, Wire};
use crate::http::Fault;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const FRAME_HEAD: usize = 9;

// Frame types and flags (RFC 9113 §6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 0x1;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED_OR_PRIORITY: u8 = 0x28;

/// `SETTINGS_ENABLE_PUSH` is 0 and a stream's window 1 MiB, as much as a body may have here.
const SETTINGS_PAYLOAD: [u8; 12] = [0, 2, 0, 0, 0, 0, 0, 4, 0, 0x10, 0, 0];
/// All bodies of a connection together may have so many bytes before its window is opened again.
const WINDOW: u32 = 1 << 30;
/// `:status: 200` and all that the static table has from there to 500 (RFC 7541 appendix A).
const STATUS_200: u8 = 0x88;
const STATUSES: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];

pub(super) struct Connection {
    streams: Vec<Stream>,
    /// The identifier of the next stream.
    next: u32,
    /// The one that was next at the mark, which is set once all have been asked.
    marked: u32,
    /// A frame that came in pieces, while it is not whole.
    piece: Vec<u8>,
    /// What is to be sent after all that was read is taken.
    unsent: Vec<u8>,
    /// Bytes of bodies since the window was opened.
    received: u32,
}

/// A request under way.
struct Stream {
    id: u32,
    /// Bytes of the body that are still to come, once the status has come.
    left: Option<usize>,
}

struct Frame<'a> {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: &'a [u8],
}

/// The header blocks of a connection's first request, which tells the server's table of fields about itself, and of all others, which
/// refer to it. As most clients do, the path is spelled out each time.
pub(super) fn header_blocks(path: &str, host: &str) -> [Vec<u8>; 2] {
    // Static entries: 2 is `:method: GET`, 7 `:scheme: https`; names: 4 `:path`, 1 `:authority`, 58 `user-agent`, 19 `accept`.
    let mut first = vec![0x82, 0x87];
    literal(&mut first, 0x04, path);
    let mut later = first.clone();
    literal(&mut first, 0x40 | 1, host);
    literal(&mut first, 0x40 | 58, "bench");
    literal(&mut first, 0x40 | 19, "*/*");
    // The newest entry of the dynamic table is 62.
    later.extend([0x80 | 64, 0x80 | 63, 0x80 | 62]);
    [first, later]
}

/// A field whose name the static table has (RFC 7541 §6.2), its value not compressed.
fn literal(block: &mut Vec<u8>, name: u8, value: &str) {
    let length = u8::try_from(value.len()).ok().filter(|length| *length < 127);
    block.extend([name, length.expect("all values here are short")]);
    block.extend_from_slice(value.as_bytes());
}

fn push_frame(to: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).expect("all frames here are short").to_be_bytes();
    to.extend_from_slice(&length[1..]);
    to.extend([kind, flags]);
    to.extend(stream.to_be_bytes());
    to.extend_from_slice(payload);
}

impl Connection {
    /// Greets and asks.
    pub(super) fn open(wire: &mut Wire, question: &Question, streams: usize) -> Result<Self, Fault> {
        wire.set_nodelay()?;
        let mut unsent = PREFACE.to_vec();
        push_frame(&mut unsent, SETTINGS, 0, 0, &SETTINGS_PAYLOAD);
        push_frame(&mut unsent, WINDOW_UPDATE, 0, 0, &WINDOW.to_be_bytes());
        let mut connection = Self { streams: Vec::new(), next: 1, marked: 1, piece: Vec::new(), unsent, received: 0 };
        for _ in 0..streams {
            let stream = connection.ask(question);
            connection.streams.push(stream);
        }
        connection.mark();
        connection.send(wire)?;
        Ok(connection)
    }

    /// Forgets which streams were asked when.
    pub(super) fn mark(&mut self) {
        self.marked = self.next;
    }

    /// How many requests from before the mark have no answer.
    pub(super) fn unanswered(&self) -> usize {
        self.streams.iter().filter(|stream| stream.id < self.marked).count()
    }

    /// Takes what came and asks anew for every answer; how many were whole.
    /// `closed`: the proxy has closed its side, behind what can be read.
    pub(super) fn go_on(
        &mut self,
        wire: &mut Wire,
        question: &Question,
        closed: bool,
        scratch: &mut [u8],
    ) -> Result<u64, Fault> {
        // The greeting, if the connection has only just been made.
        self.send(wire)?;
        let mut whole = 0;
        loop {
            match wire.read(scratch, false)? {
                Taken::Bytes(count) => whole += self.feed(&scratch[..count], question)?,
                Taken::Nothing if !closed => break,
                Taken::Nothing | Taken::Closed => return Err(Fault::Closed),
            }
            if wire.is_emptied() && !closed {
                break;
            }
        }
        self.send(wire)?;
        Ok(whole)
    }

    /// Requests leave together, as the answers came.
    fn send(&mut self, wire: &mut Wire) -> Result<(), Fault> {
        if !self.unsent.is_empty() && wire.write(&self.unsent)? {
            self.unsent.clear();
        }
        Ok(())
    }

    fn ask(&mut self, question: &Question) -> Stream {
        let id = self.next;
        self.next += 2;
        let [first, later] = &question.blocks;
        let block = if id == 1 { first } else { later };
        push_frame(&mut self.unsent, HEADERS, END_HEADERS | END_STREAM, id, block);
        Stream { id, left: None }
    }

    fn feed(&mut self, bytes: &[u8], question: &Question) -> Result<u64, Fault> {
        if self.piece.is_empty() {
            let (whole, used) = self.frames(bytes, question)?;
            self.piece.extend_from_slice(&bytes[used..]);
            return Ok(whole);
        }
        let mut piece = std::mem::take(&mut self.piece);
        piece.extend_from_slice(bytes);
        let (whole, used) = self.frames(&piece, question)?;
        piece.drain(..used);
        self.piece = piece;
        Ok(whole)
    }

    /// Takes all whole frames: how many answers became whole by them, and how many bytes they are.
    fn frames(&mut self, bytes: &[u8], question: &Question) -> Result<(u64, usize), Fault> {
        let (mut whole, mut used) = (0, 0);
        while let Some((frame, size)) = Frame::read(&bytes[used..]) {
            used += size;
            whole += u64::from(self.take(&frame, question)?);
        }
        Ok((whole, used))
    }

    /// True when an answer became whole.
    fn take(&mut self, frame: &Frame, question: &Question) -> Result<bool, Fault> {
        match frame.kind {
            HEADERS | DATA => self.take_part(frame, question),
            SETTINGS if frame.flags & ACK == 0 => {
                push_frame(&mut self.unsent, SETTINGS, ACK, 0, &[]);
                Ok(false)
            }
            PING if frame.flags & ACK == 0 => {
                push_frame(&mut self.unsent, PING, ACK, 0, frame.payload);
                Ok(false)
            }
            RST_STREAM | GOAWAY => Err(Fault::Refused(frame.kind)),
            // The rest of a header block, or of no matter to a client that sends no bodies.
            _ => Ok(false),
        }
    }

    fn take_part(&mut self, frame: &Frame, question: &Question) -> Result<bool, Fault> {
        let place = self.streams.iter().position(|stream| stream.id == frame.stream).ok_or(Fault::Surplus)?;
        let stream = &mut self.streams[place];
        match frame.kind {
            HEADERS => stream.begin(frame, question.body)?,
            _ => stream.skip(frame)?,
        }
        if frame.kind == DATA {
            self.received += u32::try_from(frame.payload.len()).expect("a frame has at most 2^24 bytes");
        }
        if self.received > WINDOW / 2 {
            push_frame(&mut self.unsent, WINDOW_UPDATE, 0, 0, &self.received.to_be_bytes());
            self.received = 0;
        }
        if frame.flags & END_STREAM == 0 {
            return Ok(false);
        }
        match self.streams[place].left {
            Some(0) => self.streams[place] = self.ask(question),
            left => {
                return Err(Fault::Length { got: question.body - left.unwrap_or(question.body), want: question.body });
            }
        }
        Ok(true)
    }
}

impl Stream {
    fn begin(&mut self, frame: &Frame, body: usize) -> Result<(), Fault> {
        let status = frame.payload.first().filter(|_| frame.flags & PADDED_OR_PRIORITY == 0 && self.left.is_none());
        match status {
            Some(&STATUS_200) => self.left = Some(body),
            Some(&status) => return Err(Fault::Status(status_of(status))),
            None => return Err(Fault::Block),
        }
        Ok(())
    }

    fn skip(&mut self, frame: &Frame) -> Result<(), Fault> {
        let left = self.left.ok_or(Fault::Block)?;
        self.left = Some(left.checked_sub(frame.payload.len()).ok_or(Fault::Surplus)?);
        Ok(())
    }
}

/// The status of an indexed field; 0 for all that are spelled out.
fn status_of(field: u8) -> u16 {
    STATUSES.get(usize::from(field.wrapping_sub(STATUS_200))).copied().unwrap_or(0)
}

impl<'a> Frame<'a> {
    /// The first frame, if it is whole, and its size.
    fn read(bytes: &'a [u8]) -> Option<(Frame<'a>, usize)> {
        let (head, rest) = bytes.split_first_chunk::<FRAME_HEAD>()?;
        let [a, b, c, kind, flags, stream @ ..] = *head;
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        let payload = rest.get(..length)?;
        // The first bit of an identifier is reserved.
        let stream = u32::from_be_bytes(stream) & (u32::MAX >> 1);
        Some((Frame { kind, flags, stream, payload }, FRAME_HEAD + length))
    }
}

#[cfg(test)]
mod tests;
