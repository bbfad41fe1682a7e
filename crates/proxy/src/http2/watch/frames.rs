//! The frames in what passes in one direction, in pieces of any size.
//!
//! Not here: what they mean.

/// The octets before the first frame of a client: `PRI * HTTP/2.0 …` (RFC 9113 §3.4).
pub(super) const PREFACE: usize = 24;
/// The octets of a frame before its payload (RFC 9113 §4.1).
const HEAD: usize = 9;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const CONTINUATION: u8 = 9;

/// The flag of an acknowledgement.
pub(super) const ACK: u8 = 1;

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHead {
    /// Octets of its payload.
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
    /// The number of its stream; 0: the connection.
    pub(super) stream: u32,
}

/// What passes.
pub(super) enum Piece<'b> {
    Head(FrameHead),
    /// A part of the payload of the last head.
    Payload(&'b [u8]),
}

/// Takes one direction apart.
pub(super) struct Frames {
    /// Octets that are still to come of a payload, or of the preface.
    left: usize,
    /// A head that is not whole yet.
    partial: [u8; HEAD],
    /// How much of it is there.
    have: usize,
}

impl Frames {
    /// So many octets come before the first frame.
    pub(super) fn behind(octets: usize) -> Frames {
        Frames { left: octets, partial: [0; HEAD], have: 0 }
    }

    pub(super) fn pass(&mut self, mut bytes: &[u8], mut see: impl FnMut(Piece<'_>)) {
        loop {
            let (payload, rest) = bytes.split_at(self.left.min(bytes.len()));
            self.left -= payload.len();
            see(Piece::Payload(payload));
            if rest.is_empty() {
                return;
            }
            let (head, rest) = rest.split_at(rest.len().min(HEAD - self.have));
            self.partial[self.have..self.have + head.len()].copy_from_slice(head);
            self.have += head.len();
            bytes = rest;
            if self.have == HEAD {
                let head = FrameHead::read(&self.partial);
                (self.have, self.left) = (0, head.length);
                see(Piece::Head(head));
            }
        }
    }
}

impl FrameHead {
    fn read(head: &[u8; HEAD]) -> FrameHead {
        let [a, b, c, kind, flags, stream @ ..] = *head;
        let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        // The first bit is reserved and means nothing.
        FrameHead { length, kind, flags, stream: u32::from_be_bytes(stream) & !(1 << 31) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_in_pieces_of_any_size() {
        let frame = |length: u8, kind: u8, stream: u8| {
            [&[0, 0, length, kind, 0, 0x80, 0, 0, stream][..], &vec![kind; usize::from(length)]].concat()
        };
        let bytes = [vec![b'x'; PREFACE], frame(0, 4, 0), frame(200, 0, 1), frame(1, 200, 1), frame(8, 6, 0)].concat();
        for piece in 1..=bytes.len() {
            let (mut frames, mut heads, mut payload) = (Frames::behind(PREFACE), Vec::new(), 0);
            bytes.chunks(piece).for_each(|part| {
                frames.pass(part, |piece| match piece {
                    Piece::Head(head) => heads.push((head.kind, head.length, head.stream)),
                    Piece::Payload(bytes) => payload += bytes.len(),
                });
            });
            assert_eq!(heads, [(4, 0, 0), (0, 200, 1), (200, 1, 1), (6, 8, 0)], "pieces of {piece}");
            assert_eq!(payload, PREFACE + 209, "pieces of {piece}");
        }
    }
}
