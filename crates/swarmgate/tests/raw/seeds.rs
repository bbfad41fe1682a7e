//! The cases as seeds of the fuzz targets' corpora, to be minimised by `cargo fuzz cmin`.
//!
//! Not here: the corpora as they are kept (`fuzz/corpus`).

use std::fs;
use std::path::Path;

use crate::case::position;
use crate::{requests, responses};

/// Longer ones only slow a fuzzer down.
const LONGEST: usize = 1024;

#[test]
#[ignore = "writes into fuzz/corpus"]
fn seeds() {
    for (family, cases) in requests::FAMILIES {
        for case in cases() {
            seed("request_head", &case.bytes);
            if family.contains("chunk") || family.contains("trailers") {
                let body = position(&case.bytes, b"\r\n\r\n").map_or(0, |end| end + 4);
                seed("chunked_body", &case.bytes[body..]);
            }
        }
    }
    for (_, cases) in responses::FAMILIES {
        for case in cases() {
            let is = |part: &str| position(&case.request, part.as_bytes()).is_some();
            let flags = u8::from(is("pgrade")) | u8::from(is("HEAD")) << 1 | u8::from(is("HTTP/1.0")) << 2 | 8;
            seed("response_head", &[&[flags], &case.says[..]].concat());
        }
    }
}

/// Its name is its content's: the same seed twice is one file.
fn seed(target: &str, bytes: &[u8]) {
    if bytes.len() > LONGEST {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    fs::create_dir_all(&folder).expect("the repository can be written");
    let name = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    fs::write(folder.join(format!("{name:016x}")), bytes).expect("the repository can be written");
}
