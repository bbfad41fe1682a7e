//! Frames as bytes, right and wrong ones alike (RFC 9113 §4, §6).
//!
//! Not here: header blocks (`hpack`), and connections (`client`).

/// What a client says before its first frame (RFC 9113 §3.4).
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Types of frames.
pub(crate) mod kind {
    pub(crate) const DATA: u8 = 0;
    pub(crate) const HEADERS: u8 = 1;
    pub(crate) const PRIORITY: u8 = 2;
    pub(crate) const RST_STREAM: u8 = 3;
    pub(crate) const SETTINGS: u8 = 4;
    pub(crate) const PUSH_PROMISE: u8 = 5;
    pub(crate) const PING: u8 = 6;
    pub(crate) const GOAWAY: u8 = 7;
    pub(crate) const WINDOW_UPDATE: u8 = 8;
    pub(crate) const CONTINUATION: u8 = 9;
    /// Nobody's.
    pub(crate) const UNKNOWN: u8 = 0xfe;
}

/// Flags of frames.
pub(crate) mod flag {
    pub(crate) const NONE: u8 = 0;
    pub(crate) const ACK: u8 = 1;
    pub(crate) const END_STREAM: u8 = 1;
    pub(crate) const END_HEADERS: u8 = 4;
    pub(crate) const PADDED: u8 = 8;
    pub(crate) const PRIORITY: u8 = 0x20;
    /// A whole request without a body.
    pub(crate) const WHOLE: u8 = END_STREAM | END_HEADERS;
}

/// Codes of errors (RFC 9113 §7).
pub(crate) mod code {
    pub(crate) const NO_ERROR: u32 = 0;
    pub(crate) const PROTOCOL_ERROR: u32 = 1;
    pub(crate) const FLOW_CONTROL_ERROR: u32 = 3;
    pub(crate) const STREAM_CLOSED: u32 = 5;
    pub(crate) const FRAME_SIZE_ERROR: u32 = 6;
    pub(crate) const REFUSED_STREAM: u32 = 7;
    pub(crate) const CANCEL: u32 = 8;
    pub(crate) const COMPRESSION_ERROR: u32 = 9;
    pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;
}

/// Settings (RFC 9113 §6.5.2).
pub(crate) mod setting {
    pub(crate) const HEADER_TABLE_SIZE: u16 = 1;
    pub(crate) const ENABLE_PUSH: u16 = 2;
    pub(crate) const MAX_CONCURRENT_STREAMS: u16 = 3;
    pub(crate) const INITIAL_WINDOW_SIZE: u16 = 4;
    pub(crate) const MAX_FRAME_SIZE: u16 = 5;
}

/// A frame that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// Takes the first whole frame off what is behind `read` in `bytes`.
    pub(crate) fn take(bytes: &mut Vec<u8>, read: &mut usize) -> Option<Frame> {
        let Some((frame, length)) = Frame::first(&bytes[*read..]) else {
            bytes.drain(..std::mem::take(read));
            return None;
        };
        *read += length;
        Some(frame)
    }

    fn first(bytes: &[u8]) -> Option<(Frame, usize)> {
        let head: [u8; 9] = bytes.get(..9)?.try_into().ok()?;
        let length = 9 + (usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]));
        let payload = bytes.get(9..length)?.to_vec();
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Some((Frame { kind: head[3], flags: head[4], stream, payload }, length))
    }

    pub(crate) fn is(&self, kind: u8, stream: u32) -> bool {
        self.kind == kind && self.stream == stream
    }

    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The 32-bit number at `place` of the payload: an error code, an increment.
    pub(crate) fn number(&self, place: usize) -> u32 {
        let number = self.payload.get(place..place + 4).and_then(|bytes| bytes.try_into().ok());
        u32::from_be_bytes(number.expect("a frame that is long enough"))
    }
}

/// A frame whose length is right.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: impl AsRef<[u8]>) -> Vec<u8> {
    lying(payload.as_ref().len(), kind, flags, stream, payload)
}

/// A frame that says it is `length` octets long.
pub(crate) fn lying(length: usize, kind: u8, flags: u8, stream: u32, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let length = u32::try_from(length).expect("a length").to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags];
    [&head[..], &stream.to_be_bytes(), payload.as_ref()].concat()
}

/// The head of a request that has no body.
pub(crate) fn request(stream: u32, block: impl AsRef<[u8]>) -> Vec<u8> {
    frame(kind::HEADERS, flag::WHOLE, stream, block)
}

/// The same in as many frames as it needs.
pub(crate) fn request_in_parts(stream: u32, block: impl AsRef<[u8]>) -> Vec<u8> {
    let mut parts: Vec<_> = block.as_ref().chunks(16 * 1024).collect();
    let Some(last) = parts.pop().filter(|_| !parts.is_empty()) else { return request(stream, block) };
    let first = frame(kind::HEADERS, flag::END_STREAM, stream, parts.remove(0));
    let rest = parts.into_iter().flat_map(|part| continuation(flag::NONE, stream, part));
    [first, rest.collect(), continuation(flag::END_HEADERS, stream, last)].concat()
}

/// The head of a request whose body follows.
pub(crate) fn head(stream: u32, block: impl AsRef<[u8]>) -> Vec<u8> {
    frame(kind::HEADERS, flag::END_HEADERS, stream, block)
}

/// A part of a body.
pub(crate) fn data(stream: u32, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    frame(kind::DATA, flag::NONE, stream, bytes)
}

/// The last part of a body.
pub(crate) fn last_data(stream: u32, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    frame(kind::DATA, flag::END_STREAM, stream, bytes)
}

pub(crate) fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let pair = |(name, value): &(u16, u32)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat();
    frame(kind::SETTINGS, flag::NONE, 0, values.iter().map(pair).collect::<Vec<_>>().concat())
}

pub(crate) fn settings_ack() -> Vec<u8> {
    frame(kind::SETTINGS, flag::ACK, 0, [])
}

pub(crate) fn ping() -> Vec<u8> {
    frame(kind::PING, flag::NONE, 0, b"swarming")
}

pub(crate) fn window_update(stream: u32, increment: u32) -> Vec<u8> {
    frame(kind::WINDOW_UPDATE, flag::NONE, stream, increment.to_be_bytes())
}

pub(crate) fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(kind::RST_STREAM, flag::NONE, stream, code.to_be_bytes())
}

pub(crate) fn continuation(flags: u8, stream: u32, block: impl AsRef<[u8]>) -> Vec<u8> {
    frame(kind::CONTINUATION, flags, stream, block)
}

pub(crate) fn priority(stream: u32, on: u32, weight: u8) -> Vec<u8> {
    frame(kind::PRIORITY, flag::NONE, stream, priority_of(on, weight))
}

/// The five octets of a priority.
pub(crate) fn priority_of(on: u32, weight: u8) -> Vec<u8> {
    [&on.to_be_bytes()[..], &[weight]].concat()
}

pub(crate) fn goaway(stream: u32, last: u32, code: u32) -> Vec<u8> {
    frame(kind::GOAWAY, flag::NONE, stream, [last.to_be_bytes(), code.to_be_bytes()].concat())
}
