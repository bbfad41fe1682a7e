//! Bodies through each encoder, in pieces, and which responses are compressed at all. Whole conversations are the program's tests.

use super::*;
use crate::http1::request::Shape;
use crate::http1::{Parsed, field_space, response};
use std::io::Read;

const ALL: [Algorithm; 5] =
    [Algorithm::Brotli, Algorithm::Zstd, Algorithm::Gzip, Algorithm::Deflate, Algorithm::RawDeflate];

/// What a client makes of what has come so far: as much as there is, whether the end is there or not.
fn decoded(algorithm: Algorithm, coded: &[u8]) -> Vec<u8> {
    let mut reader: Box<dyn Read> = match algorithm {
        Algorithm::Gzip => Box::new(flate2::read::GzDecoder::new(coded)),
        Algorithm::Deflate => Box::new(flate2::read::ZlibDecoder::new(coded)),
        Algorithm::RawDeflate => Box::new(flate2::read::DeflateDecoder::new(coded)),
        Algorithm::Brotli => Box::new(brotli::Decompressor::new(coded, 4096)),
        Algorithm::Zstd => Box::new(zstd::stream::read::Decoder::new(coded).unwrap()),
    };
    let (mut data, mut byte) = (Vec::new(), [0]);
    // Byte by byte: an error behind what is there must not hide it.
    while let Ok(1) = reader.read(&mut byte) {
        data.push(byte[0]);
    }
    data
}

/// The data of chunks, and whether the last one is there, with its trailers.
fn unframed(chunks: &[u8]) -> (Vec<u8>, bool, Vec<u8>) {
    let (mut body, mut data, mut trailers) = (Body::CHUNKED, Vec::new(), Vec::new());
    let taken = body.advance_parts(chunks, usize::MAX, |part| match part {
        Part::Data(bytes) => data.extend_from_slice(bytes),
        Part::Trailer(byte) => trailers.push(byte),
    });
    assert_eq!(taken, Ok(chunks.len()));
    (data, body.is_finished(), trailers)
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|place| b"the quick brown fox "[(place * place / 7) % 20]).collect()
}

#[test]
fn each_piece_of_a_body_can_be_read_as_soon_as_it_has_passed() {
    let text = text(60_000);
    for algorithm in ALL {
        let (mut coding, mut body, mut sent) = (Coding::new(algorithm).unwrap(), Body::Length(60_000), Vec::new());
        let mut passed = 0;
        for piece in [1, 10, 32 * 1024, 27_221] {
            assert_eq!(coding.pass(&mut body, &text[passed..passed + piece], &mut sent), Ok(piece));
            passed += piece;
            let (coded, ended, _) = unframed(&sent);
            assert_eq!(decoded(algorithm, &coded), text[..passed], "{algorithm:?} after {passed} bytes");
            assert_eq!(ended, passed == 60_000, "{algorithm:?} after {passed} bytes");
        }
        assert_eq!(passed, 60_000, "all pieces");
    }
}

#[test]
fn chunks_and_trailers_of_the_server_are_read_and_trailers_stand_behind_the_last_chunk() {
    let body = b"5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\nX-Sum: 1\r\nServer-Timing: a\r\n\r\nNEXT";
    for algorithm in ALL {
        for piece in [1, 7, body.len()] {
            let (mut coding, mut left, mut sent) = (Coding::new(algorithm).unwrap(), Body::CHUNKED, Vec::new());
            let mut taken = 0;
            for bytes in body.chunks(piece) {
                taken += coding.pass(&mut left, bytes, &mut sent).unwrap();
                if left.is_finished() {
                    break;
                }
            }
            let (coded, ended, trailers) = unframed(&sent);
            assert_eq!(decoded(algorithm, &coded), b"hello, world", "{algorithm:?} in pieces of {piece}");
            assert!(ended && trailers == b"X-Sum: 1\r\nServer-Timing: a\r\n" && taken == body.len() - 4);
        }
    }
}

#[test]
fn a_body_that_breaks_off_has_no_end() {
    for algorithm in ALL {
        let (mut coding, mut body, mut sent) = (Coding::new(algorithm).unwrap(), Body::Length(100), Vec::new());
        coding.pass(&mut body, &text(99), &mut sent).unwrap();
        drop(coding);
        let (coded, ended, _) = unframed(&sent);
        assert!(!ended && decoded(algorithm, &coded) == text(99), "{algorithm:?}");
    }
}

#[test]
fn bug_there_are_only_so_many_encoders_at_once() {
    static TWO: Places = Places::new(2);
    for algorithm in ALL {
        let coding = || Coding::with_place(algorithm, TWO.take()?);
        let (mut ends, breaks_off) = (coding().unwrap(), coding().unwrap());
        assert!(coding().is_none(), "{algorithm:?}: all places are taken");
        let (mut body, mut sent) = (Body::Length(4), Vec::new());
        ends.pass(&mut body, b"done", &mut sent).unwrap();
        let third = coding().expect("a body that has ended needs no encoder");
        assert!(coding().is_none(), "{algorithm:?}: and leaves one place");
        drop(breaks_off);
        let fourth = coding().expect("nor does one that broke off");
        assert!(coding().is_none());
        drop((third, fourth));
    }
}

#[test]
fn an_empty_chunked_body_is_a_whole_compressed_one() {
    for algorithm in ALL {
        let (mut coding, mut body, mut sent) = (Coding::new(algorithm).unwrap(), Body::CHUNKED, Vec::new());
        coding.pass(&mut body, b"0\r\n\r\n", &mut sent).unwrap();
        let (coded, ended, _) = unframed(&sent);
        assert!(ended && !coded.is_empty() && decoded(algorithm, &coded).is_empty(), "{algorithm:?}");
    }
}

/// Whether a response with this head is compressed; `http10` is what the client speaks.
fn suits_with(head: &str, is_head: bool, http10: bool, types: &[&str]) -> bool {
    let head = format!("{}\r\n\r\n", head.replace('|', "\r\n"));
    let request = Shape { http10, ..Shape::of_stream(is_head) };
    let mut space = field_space();
    let Ok(Parsed::Complete(head)) = response::read(head.as_bytes(), &request, true, &mut space) else {
        panic!("{head:?} is a head");
    };
    let types = types.iter().map(|start| (*start).to_owned()).collect();
    suits(&head, &Draft::of(head.classified()), &Compression { algorithms: vec![Algorithm::Gzip], types })
}

/// The answers of HAProxy 2.6.12 to the same heads.
#[test]
fn responses_are_compressed_on_haproxys_conditions() {
    let plain = "HTTP/1.1 200 OK|Content-Length: 500|Content-Type: text/html";
    assert!(suits_with(plain, false, false, &["text/html"]));
    assert!(suits_with(plain, false, false, &[]));
    assert!(!suits_with(plain, true, false, &[]), "HEAD");
    assert!(!suits_with(plain, false, true, &[]), "a client of HTTP/1.0");
    assert!(!suits_with(plain, false, false, &["text/css"]));
    for (head, expected) in [
        ("HTTP/1.1 200 OK|Transfer-Encoding: chunked", true),
        ("HTTP/1.1 201 Created|Content-Length: 5", true),
        ("HTTP/1.1 203 Other|Content-Length: 5", true),
        ("HTTP/1.1 206 Part|Content-Length: 5", false),
        ("HTTP/1.1 404 No|Content-Length: 5", false),
        ("HTTP/1.1 304 Same|Content-Length: 5", false),
        ("HTTP/1.1 200 OK|Content-Length: 0", false),
        ("HTTP/1.1 200 OK", false),
        ("HTTP/1.0 200 OK|Content-Length: 5", false),
        ("HTTP/1.1 200 OK|Content-Length: 5|Content-Encoding: identity", false),
        ("HTTP/1.1 200 OK|Content-Length: 5|Cache-Control: max-age=4, no-transform", false),
        ("HTTP/1.1 200 OK|Content-Length: 5|Cache-Control: max-age=4", true),
        ("HTTP/1.1 200 OK|Content-Length: 5|ETag: \"a\"", true),
        ("HTTP/1.1 200 OK|Content-Length: 5|ETag: W/\"a\"", true),
        ("HTTP/1.1 200 OK|Content-Length: 5|ETag: a", false),
        ("HTTP/1.1 200 OK|Content-Length: 5|ETag: \"a\"|ETag: \"b\"", false),
        ("HTTP/1.1 200 OK|Content-Length: 5|Content-Type: multipart/mixed", false),
    ] {
        assert_eq!(suits_with(head, false, false, &[]), expected, "{head}");
    }
    assert!(!suits_with("HTTP/1.1 200 OK|Content-Length: 5", false, false, &["text/"]), "a type is asked for");
}
