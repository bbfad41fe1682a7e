//! Compressing the body of a response on its way: piece by piece, so that what a server has said reaches the client at once.
//!
//! The body leaves in chunks, since its length is not known before its end; HTTP/2 takes them apart again. What breaks off gets no last
//! chunk, and so never looks whole.
//! Not here: which algorithms a service has and a client takes (`model::compression`), and writing (`exchange::response`).

mod places;

use super::draft::Draft;
use crate::http1::Malformed;
use crate::http1::body::{Body, Part};
use crate::http1::response::{Head, Kind};
use brotli::CompressorWriter;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use model::Compression;
use model::compression::Algorithm;
use places::{Place, Places};
use std::io::{self, Write};
use zstd::stream::raw::CParameter;

/// HAProxy's own level (`tune.comp.maxlevel`): most of what there is to win, at a fraction of the time.
const GZIP_LEVEL: u32 = 1;
/// About as fast as that, and denser.
const BROTLI_QUALITY: u32 = 3;
const ZSTD_LEVEL: i32 = 1;
/// How far back a text is looked at: 128 KiB, which bounds what an encoder keeps in memory to less than a megabyte.
const WINDOW_BITS: u32 = 17;
/// The most encoders of the process at once, which bounds the memory of all to less than a gigabyte: how many responses wait for their
/// clients is the clients' choice. HAProxy's `maxzlibmem` is there for the same.
const MOST_ENCODERS: usize = 1_000;
/// Room of an encoder for what it has not handed on.
const BUFFER: usize = 4 * 1024;

/// Shared by all threads.
static ENCODERS: Places = Places::new(MOST_ENCODERS);

/// A body that is being compressed.
pub(super) struct Coding {
    /// Until the end of the body; its place is free again with it.
    encoder: Option<(Encoder, Place)>,
    /// The lines of trailers so far: they stand behind the last chunk.
    trailers: Vec<u8>,
}

/// Each writes into memory, which is emptied after every piece.
enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Deflate(ZlibEncoder<Vec<u8>>),
    RawDeflate(DeflateEncoder<Vec<u8>>),
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

/// Whether a response is compressed: HAProxy's conditions (configuration manual, §4.2, `compression algo`), as it judges them: it has an
/// end of its own and was sent as HTTP/1.1, to a client of at least that; its status is 200 to 203. `draft` is what became of its fields.
pub(super) fn suits(head: &Head<'_, '_>, draft: &Draft<'_>, compression: &Compression) -> bool {
    let response = &head.response;
    let whole = response.kind == Kind::Final && (200..=203).contains(&response.status);
    let framed = !response.body.is_finished() && response.body != Body::UntilClose;
    whole && framed && head.is_http11() && !head.answers_http10() && fields_suit(draft, compression)
}

fn fields_suit(draft: &Draft<'_>, compression: &Compression) -> bool {
    let values = |name: &'static str| draft.values(name);
    let mut etags = values("etag");
    let etag = etags.next();
    let no_transform = |value: &[u8]| {
        value.split(|byte| *byte == b',').any(|part| part.trim_ascii().eq_ignore_ascii_case(b"no-transform"))
    };
    values("content-encoding").next().is_none()
        && !values("cache-control").any(no_transform)
        && etags.next().is_none()
        && etag.is_none_or(is_etag)
        && compression.takes(values("content-type").next())
}

/// `"…"` or `W/"…"` (RFC 9110 §8.8.3).
fn is_etag(value: &[u8]) -> bool {
    let opaque = value.strip_prefix(b"W/").unwrap_or(value);
    let inner = opaque.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    inner.is_some_and(|inner| inner.iter().all(|byte| *byte != b'"' && *byte > b' ' && *byte != 0x7f))
}

/// What the head of a response says once its body is compressed: chunks for a length, a weak ETag for a strong one, since what it names is
/// not the same byte for byte (RFC 9110 §8.8.1), and that the answer depends on Accept-Encoding.
pub(super) fn announce(draft: &mut Draft<'_>, algorithm: Algorithm) {
    draft.frame_in_chunks();
    if let Some(strong) = draft.first("etag").filter(|etag| etag.starts_with(b"\"")).map(<[u8]>::to_vec) {
        draft.set("ETag", [b"W/", &*strong].concat());
    }
    draft.add("Vary", b"Accept-Encoding".to_vec());
    draft.add("Content-Encoding", algorithm.coding().as_bytes().to_vec());
}

impl Coding {
    /// `None`: there are too many already, or the encoder does not start; the body passes as it is.
    pub(super) fn new(algorithm: Algorithm) -> Option<Coding> {
        Coding::with_place(algorithm, ENCODERS.take()?)
    }

    fn with_place(algorithm: Algorithm, place: Place) -> Option<Coding> {
        let encoder = Encoder::new(algorithm).ok()?;
        Some(Coding { encoder: Some((encoder, place)), trailers: Vec::new() })
    }

    /// Takes the body's bytes from the front of `bytes` and appends to `outgoing` what they become; returns how many they were. All that
    /// was taken leaves: nothing waits in here for more.
    pub(super) fn pass(&mut self, body: &mut Body, bytes: &[u8], outgoing: &mut Vec<u8>) -> Result<usize, Malformed> {
        let Coding { encoder, trailers } = self;
        let (mut wrote, mut written) = (false, Ok(()));
        let taken = body.advance_parts(bytes, usize::MAX, |part| match (part, &mut *encoder) {
            (Part::Data(data), Some((encoder, _))) if !data.is_empty() => {
                wrote = true;
                if written.is_ok() {
                    written = encoder.writer().write_all(data);
                }
            }
            (Part::Data(_), _) => {}
            (Part::Trailer(byte), _) => trailers.push(byte),
        })?;
        // What is written to is memory: only a fault of the encoder itself could be an error here, and then the rest would be garbage.
        let coded = written.and_then(|()| self.take_output(body.is_finished(), wrote));
        write_chunk(&coded.map_err(|_| Malformed::Syntax)?, outgoing);
        if body.is_finished() {
            outgoing.extend_from_slice(b"0\r\n");
            outgoing.append(&mut self.trailers);
            outgoing.extend_from_slice(b"\r\n");
        }
        Ok(taken)
    }

    /// All that the encoder has for what was written, and the end of its format with the end of the body.
    fn take_output(&mut self, ended: bool, wrote: bool) -> io::Result<Vec<u8>> {
        match &mut self.encoder {
            Some(_) if ended => self.encoder.take().map_or(Ok(Vec::new()), |(encoder, _)| encoder.finish()),
            Some((encoder, _)) if wrote => {
                encoder.writer().flush()?;
                Ok(std::mem::take(encoder.output()))
            }
            _ => Ok(Vec::new()),
        }
    }
}

/// A chunk without data would be the last one.
fn write_chunk(data: &[u8], outgoing: &mut Vec<u8>) {
    if !data.is_empty() {
        outgoing.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
        outgoing.extend_from_slice(data);
        outgoing.extend_from_slice(b"\r\n");
    }
}

impl Encoder {
    fn new(algorithm: Algorithm) -> io::Result<Encoder> {
        let (level, output) = (flate2::Compression::new(GZIP_LEVEL), Vec::new());
        Ok(match algorithm {
            Algorithm::Gzip => Encoder::Gzip(GzEncoder::new(output, level)),
            Algorithm::Deflate => Encoder::Deflate(ZlibEncoder::new(output, level)),
            Algorithm::RawDeflate => Encoder::RawDeflate(DeflateEncoder::new(output, level)),
            Algorithm::Brotli => {
                let writer = CompressorWriter::new(output, BUFFER, BROTLI_QUALITY, WINDOW_BITS);
                Encoder::Brotli(Box::new(writer))
            }
            Algorithm::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(output, ZSTD_LEVEL)?;
                encoder.set_parameter(CParameter::WindowLog(WINDOW_BITS))?;
                Encoder::Zstd(encoder)
            }
        })
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Encoder::Gzip(encoder) => encoder,
            Encoder::Deflate(encoder) => encoder,
            Encoder::RawDeflate(encoder) => encoder,
            Encoder::Brotli(encoder) => encoder,
            Encoder::Zstd(encoder) => encoder,
        }
    }

    /// What it has handed on.
    fn output(&mut self) -> &mut Vec<u8> {
        match self {
            Encoder::Gzip(encoder) => encoder.get_mut(),
            Encoder::Deflate(encoder) => encoder.get_mut(),
            Encoder::RawDeflate(encoder) => encoder.get_mut(),
            Encoder::Brotli(encoder) => encoder.get_mut(),
            Encoder::Zstd(encoder) => encoder.get_mut(),
        }
    }

    /// Writes the end of the format.
    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Encoder::Gzip(encoder) => encoder.finish(),
            Encoder::Deflate(encoder) => encoder.finish(),
            Encoder::RawDeflate(encoder) => encoder.finish(),
            Encoder::Brotli(encoder) => Ok(encoder.into_inner()),
            Encoder::Zstd(encoder) => encoder.finish(),
        }
    }
}

#[cfg(test)]
mod tests;
