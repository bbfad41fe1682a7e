//! Where a body ends: none, by length, by chunks, or with the connection (RFC 9112 §6).
//!
//! Bytes are counted and pass through as they came; only a client of HTTP/1.0 gets a chunked body without its framing.
//! Not here: reading and writing.

mod trailer;

use super::Malformed;
use trailer::TrailerName;

/// The most bytes of all chunk extensions, or of all trailers, of one body.
const MAX_CHUNK_EXTRAS: u32 = 8 * 1024;
/// Hexadecimal digits of a chunk size: fifteen cannot overflow.
const MAX_SIZE_DIGITS: u8 = 15;

/// What is left of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// So many bytes; 0 is the end.
    Length(u64),
    /// Chunks.
    Chunked(Chunked),
    /// All bytes until the connection is closed.
    UntilClose,
}

/// A piece of a body without its framing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'b> {
    /// Some of its data.
    Data(&'b [u8]),
    /// The next byte of its trailers, whose lines end in CRLF.
    Trailer(u8),
}

/// Where in a chunked body we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunked {
    at: At,
    /// Bytes of extensions and trailers so far.
    extras: u32,
    /// The name of the trailer that is being read.
    name: TrailerName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Size {
        size: u64,
        digits: u8,
    },
    Extension {
        size: u64,
    },
    SizeEnd {
        size: u64,
    },
    Data {
        left: u64,
    },
    DataCr,
    DataLf,
    /// The start of a trailer line, or of the empty line that ends the body.
    Line,
    TrailerName,
    Trailer,
    TrailerEnd,
    LastLf,
    Done,
}

impl Body {
    /// No body at all.
    pub(crate) const EMPTY: Body = Body::Length(0);

    /// A chunked body from its start.
    pub(crate) const CHUNKED: Body =
        Body::Chunked(Chunked { at: At::Size { size: 0, digits: 0 }, extras: 0, name: TrailerName::EMPTY });

    /// Whether its end was seen.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(self, Body::Length(0) | Body::Chunked(Chunked { at: At::Done, .. }))
    }

    /// Takes what belongs to the body from the front of `bytes`; returns how many bytes that were.
    pub(crate) fn advance(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        match self {
            Body::Length(left) => Ok(take(left, bytes.len())),
            Body::UntilClose => Ok(bytes.len()),
            Body::Chunked(chunked) => chunked.advance(bytes, usize::MAX, |_| {}),
        }
    }

    /// The same, handing on the data without its chunk framing.
    pub(crate) fn advance_unframed(&mut self, bytes: &[u8], mut data: impl FnMut(&[u8])) -> Result<usize, Malformed> {
        self.advance_parts(bytes, usize::MAX, |part| match part {
            Part::Data(bytes) => data(bytes),
            Part::Trailer(_) => {}
        })
    }

    /// The same with trailers, taking no more than `room` bytes of data.
    pub(crate) fn advance_parts(
        &mut self,
        bytes: &[u8],
        room: usize,
        mut part: impl FnMut(Part<'_>),
    ) -> Result<usize, Malformed> {
        match self {
            Body::Chunked(chunked) => chunked.advance(bytes, room, part),
            Body::Length(_) | Body::UntilClose => {
                let taken = self.advance(&bytes[..bytes.len().min(room)])?;
                part(Part::Data(&bytes[..taken]));
                Ok(taken)
            }
        }
    }
}

impl Chunked {
    fn advance(&mut self, bytes: &[u8], mut room: usize, mut part: impl FnMut(Part<'_>)) -> Result<usize, Malformed> {
        let mut read = 0;
        while read < bytes.len() && self.at != At::Done {
            if let At::Data { left } = &mut self.at {
                let taken = take(left, (bytes.len() - read).min(room));
                if *left == 0 {
                    self.at = At::DataCr;
                }
                part(Part::Data(&bytes[read..read + taken]));
                read += taken;
                room -= taken;
                if taken == 0 {
                    break;
                }
            } else {
                let before = self.at;
                self.at = self.step(bytes[read])?;
                if before == At::TrailerEnd || matches!(self.at, At::TrailerName | At::Trailer | At::TrailerEnd) {
                    part(Part::Trailer(bytes[read]));
                }
                read += 1;
            }
        }
        Ok(read)
    }

    /// One byte of framing.
    fn step(&mut self, byte: u8) -> Result<At, Malformed> {
        Ok(match (self.at, byte) {
            (At::Size { size, digits: 1.. }, b'\r') => At::SizeEnd { size },
            (At::Size { size, digits: 1.. }, b';') => At::Extension { size },
            (At::Size { size, digits }, byte) if digits < MAX_SIZE_DIGITS => {
                At::Size { size: size << 4 | hex(byte)?, digits: digits + 1 }
            }
            (At::Extension { size }, b'\r') => At::SizeEnd { size },
            (At::Extension { size }, byte) => self.extra(byte, At::Extension { size })?,
            (At::SizeEnd { size: 0 }, b'\n') => At::Line,
            (At::SizeEnd { size }, b'\n') => At::Data { left: size },
            (At::DataCr, b'\r') => At::DataLf,
            (At::DataLf, b'\n') => At::Size { size: 0, digits: 0 },
            (At::Line, b'\r') => At::LastLf,
            (At::Line, byte) => {
                self.name = TrailerName::EMPTY;
                self.name_byte(byte)?
            }
            (At::TrailerName, b':') if self.name.is_allowed() => At::Trailer,
            (At::TrailerName, byte) => self.name_byte(byte)?,
            (At::Trailer, b'\r') => At::TrailerEnd,
            (At::Trailer, byte) => self.extra(byte, At::Trailer)?,
            (At::TrailerEnd, b'\n') => At::Line,
            (At::LastLf, b'\n') => At::Done,
            _ => return Err(Malformed::Syntax),
        })
    }

    /// A byte of a trailer's name: no blank, no line end, nothing but a name before the colon.
    fn name_byte(&mut self, byte: u8) -> Result<At, Malformed> {
        if !is_token(byte) {
            return Err(Malformed::Syntax);
        }
        self.name.push(byte);
        self.extra(byte, At::TrailerName)
    }

    /// A byte of an extension or trailer: visible, blank or tab, and not endless.
    fn extra(&mut self, byte: u8, next: At) -> Result<At, Malformed> {
        self.extras += 1;
        let visible = byte == b'\t' || (byte >= b' ' && byte != 0x7f);
        if visible && self.extras <= MAX_CHUNK_EXTRAS { Ok(next) } else { Err(Malformed::Syntax) }
    }
}

/// Takes up to `available` from `left`; returns how many.
fn take(left: &mut u64, available: usize) -> usize {
    let taken = usize::try_from(*left).map_or(available, |left| left.min(available));
    *left -= taken as u64;
    taken
}

fn hex(byte: u8) -> Result<u64, Malformed> {
    char::from(byte).to_digit(16).map(u64::from).ok_or(Malformed::Syntax)
}

/// A byte of a field name (RFC 9110 §5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `bytes` in pieces of `piece` bytes; returns the data and how many bytes belonged to the body.
    fn read(bytes: &[u8], piece: usize) -> Result<(Vec<u8>, usize), Malformed> {
        let (mut body, mut data, mut read) = (Body::CHUNKED, Vec::new(), 0);
        for part in bytes.chunks(piece) {
            let taken = body.advance_unframed(part, |bytes| data.extend_from_slice(bytes))?;
            read += taken;
            if taken < part.len() {
                break;
            }
        }
        assert!(body.is_finished() || read == bytes.len());
        Ok((data, read))
    }

    #[test]
    fn a_chunked_body_is_read_in_pieces_of_any_size() {
        let body = b"5\r\nhello\r\n00A;name=\"v\"\r\n, chunked!\r\n0\r\nX-Sum: 1\r\n\r\nGET / HTTP/1.1";
        for piece in 1..body.len() {
            assert_eq!(read(body, piece), Ok((b"hello, chunked!".to_vec(), body.len() - 14)), "pieces of {piece}");
        }
    }

    #[test]
    fn chunk_framing_that_two_readers_could_read_in_two_ways_is_refused() {
        for bad in [
            "\r\n",
            ";\r\n",
            " 5\r\nhello\r\n",
            "5 \r\nhello\r\n",
            "+5\r\n",
            "-1\r\n",
            "0x5\r\n",
            "5\nhello\r\n",
            "5\r\rhello",
            "5\r\nhelloX\r\n",
            "5\r\nhello\n",
            "5;a\nb\r\n",
            "1234567890abcdef\r\n",
            "0\r\n\n",
            "0\r\nX: y\n\r\n",
            "0\r\n X: y\r\n\r\n",
            "0\r\nX\r\n\r\n",
            "0\r\nX : y\r\n\r\n",
            "0\r\n: y\r\n\r\n",
            "0\r\nX(: y\r\n\r\n",
            "0\r\nX: \0\r\n\r\n",
            "0\r\nX: y\r\n z\r\n\r\n",
            "0\r\nA: b\r\ncontent-LENGTH: 5\r\n\r\n",
            "0\r\nHost: a\r\n\r\n",
            "0\r\n\rX",
            "5;\0\r\n",
        ] {
            assert_eq!(read(bad.as_bytes(), 1), Err(Malformed::Syntax), "{bad:?}");
        }
        assert_eq!(read(format!("0\r\nX: {}\r\n\r\n", "y".repeat(9000)).as_bytes(), 100), Err(Malformed::Syntax));
    }

    #[test]
    fn a_length_ends_and_the_rest_is_not_taken() {
        let mut body = Body::Length(3);
        assert_eq!(body.advance(b"ab"), Ok(2));
        assert!(!body.is_finished());
        assert_eq!(body.advance(b"cde"), Ok(1));
        assert!(body.is_finished());
    }
}
