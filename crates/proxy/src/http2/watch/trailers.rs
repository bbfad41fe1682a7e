//! Pseudo fields in trailers, which make a request malformed (RFC 9113 §8.1) and which h2 drops without a word.
//!
//! A header block is read as it passes, without its table: so a pseudo field that an earlier block has put into the table is not found.
//! Nobody but a test of conformance sends one; what h2 hands on never holds any.
//! Not here: everything else about header blocks, which is h2's.

use super::frames::FrameHead;

/// The first fields of the static table (RFC 7541 appendix A) are the pseudo fields.
const LAST_PSEUDO: usize = 14;
/// `:` in Huffman's code, seven bits long (RFC 7541 appendix B).
const HUFFMAN_COLON: u8 = 0x5c;

const PADDED: u8 = 8;
const PRIORITY: u8 = 0x20;

/// The trailers of one request, frame by frame.
pub(super) struct Trailers {
    /// Octets of this frame before its part of the block: the length of the padding is the first of them.
    before: usize,
    padded: bool,
    /// Octets of this frame that belong to the block.
    left: usize,
    at: At,
    found: bool,
}

/// Where in a block we are (RFC 7541 §6).
#[derive(Clone, Copy)]
enum At {
    Field,
    /// Within the number of a field of the table; whether a value follows.
    Index {
        value: bool,
    },
    /// Before the length of a string.
    Length {
        name: bool,
    },
    /// Within that length.
    LongLength {
        name: bool,
        length: usize,
        shift: u32,
        huffman: bool,
    },
    /// Within a string, of which so much is left.
    Text {
        name: bool,
        left: usize,
        begins: bool,
        huffman: bool,
    },
}

impl Trailers {
    /// Those that begin with this frame.
    pub(super) fn begin(frame: FrameHead) -> Trailers {
        let padded = frame.flags & PADDED != 0;
        let before = usize::from(padded) + if frame.flags & PRIORITY != 0 { 5 } else { 0 };
        Trailers { before, padded, left: frame.length.saturating_sub(before), at: At::Field, found: false }
    }

    /// They go on with this frame.
    pub(super) fn go_on(&mut self, frame: FrameHead) {
        (self.before, self.padded, self.left) = (0, false, frame.length);
    }

    /// A part of the frame's payload; whether there is a pseudo field.
    pub(super) fn have_pseudo(&mut self, payload: &[u8]) -> bool {
        for byte in payload {
            if self.before > 0 {
                self.before -= 1;
                if std::mem::take(&mut self.padded) {
                    self.left = self.left.saturating_sub(usize::from(*byte));
                }
            } else if self.left > 0 {
                self.left -= 1;
                self.at = self.step(*byte);
            }
        }
        self.found
    }

    fn step(&mut self, byte: u8) -> At {
        match self.at {
            At::Field if byte & 0x80 != 0 => self.index(byte, 0x7f, false),
            At::Field if byte & 0x40 != 0 => self.index(byte, 0x3f, true),
            At::Field if byte & 0x20 != 0 => match byte & 0x1f {
                0x1f => At::Index { value: false },
                _ => At::Field,
            },
            At::Field => self.index(byte, 0x0f, true),
            At::Index { .. } if byte & 0x80 != 0 => self.at,
            At::Index { value: true } => At::Length { name: false },
            At::Index { value: false } => At::Field,
            At::Length { name } => match (usize::from(byte & 0x7f), byte & 0x80 != 0) {
                (length @ 0x7f, huffman) => At::LongLength { name, length, shift: 0, huffman },
                (length, huffman) => text(name, length, huffman),
            },
            At::LongLength { name, length, shift, huffman } => {
                let part = usize::from(byte & 0x7f).checked_shl(shift).unwrap_or(usize::MAX);
                let length = length.saturating_add(part);
                match byte & 0x80 {
                    0 => text(name, length, huffman),
                    _ => At::LongLength { name, length, shift: shift + 7, huffman },
                }
            }
            At::Text { name, left, begins, huffman } => {
                self.found |= begins && name && (if huffman { byte >> 1 == HUFFMAN_COLON } else { byte == b':' });
                match left {
                    1 => behind(name),
                    _ => At::Text { name, left: left - 1, begins: false, huffman },
                }
            }
        }
    }

    /// A field, or its name, by its number in the table.
    fn index(&mut self, byte: u8, mask: u8, value: bool) -> At {
        let index = usize::from(byte & mask);
        self.found |= (1..=LAST_PSEUDO).contains(&index);
        match (index, value) {
            (0, true) => At::Length { name: true },
            (index, value) if index == usize::from(mask) => At::Index { value },
            (_, true) => At::Length { name: false },
            (_, false) => At::Field,
        }
    }
}

fn text(name: bool, length: usize, huffman: bool) -> At {
    match length {
        0 => behind(name),
        left => At::Text { name, left, begins: true, huffman },
    }
}

/// What follows a string.
fn behind(name: bool) -> At {
    if name { At::Length { name: false } } else { At::Field }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a pseudo field is found in `block`, in pieces of any size and with padding around it.
    fn check(block: &[u8], expected: bool) {
        let padded = [&[3, 0, 0, 0, 0, 9], block, b":\x01:"].concat();
        for (flags, payload) in [(0, block), (PADDED | PRIORITY, &padded)] {
            let frame = FrameHead { length: payload.len(), kind: 1, flags, stream: 1 };
            for piece in 1..=payload.len() {
                let mut trailers = Trailers::begin(frame);
                let found = payload.chunks(piece).any(|part| trailers.have_pseudo(part));
                assert_eq!(found, expected, "{block:x?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn pseudo_fields_are_found_however_they_are_written() {
        let ordinary = b"\x00\x01x\x02:y\x0f\x13\x01:\x90\x3f\xe1\x1f\x40\x7f\x01".to_vec();
        let ordinary = [ordinary, vec![b'x'; 128], b"\x00".to_vec(), vec![0x5f, 0x00]].concat();
        check(&ordinary, false);
        for pseudo in [
            &b"\x82"[..],
            b"\x42\x03GET",
            b"\x02\x03GET",
            b"\x11\x00",
            b"\x00\x02:x\x00",
            b"\x40\x05:path\x01/",
            b"\x00\x82\xb9\x0f\x01y",
        ] {
            check(pseudo, true);
            check(&[&ordinary, pseudo].concat(), true);
        }
    }

    #[test]
    fn a_block_goes_on_in_the_next_frame() {
        let frame = |length| FrameHead { length, kind: 1, flags: 0, stream: 1 };
        let mut trailers = Trailers::begin(frame(3));
        assert!(!trailers.have_pseudo(b"\x00\x01x"));
        trailers.go_on(frame(5));
        assert!(!trailers.have_pseudo(b"\x01:"));
        assert!(trailers.have_pseudo(b"\x00\x01:"));
    }
}
