//! Chunk extensions pass as they are if nobody could see a line end in them (RFC 9112 §7.1.1), and are not endless.

use crate::case::{RequestCase, SMUGGLED, broken_off, chunked, passes};

pub(super) fn cases() -> Vec<RequestCase> {
    let with = |extension: &str| chunked(&format!("5{extension}\r\nhello\r\n0\r\n\r\n"));
    let hostile = |extension: &str| chunked(&format!("5{extension}\r\nhello\r\n0\r\n\r\n{SMUGGLED}"));
    vec![
        passes("a name", with(";x")),
        passes("a name and a value", with(";x=y")),
        passes("a quoted value", with(";x=\"y; z\"")),
        passes("several", with(";x=y;z;a=\"b\"")),
        passes("blanks inside", with("; x = y")),
        passes("nothing behind the semicolon", with(";")),
        passes("letters beyond ASCII", with(";x=\u{e4}")),
        passes("one on the last chunk", chunked("5\r\nhello\r\n0;x=y\r\n\r\n")),
        passes("one as long as all may be together", with(&format!(";{}", "x".repeat(8192)))),
        broken_off("one byte more than all may be together", with(&format!(";{}", "x".repeat(8193)))),
        broken_off("many, longer together", chunked(&format!("{}0\r\n\r\n", format!("1;{}\r\na\r\n", "x".repeat(100)).repeat(90)))),
        broken_off("a blank before the semicolon, which RFC 9112 calls bad", hostile(" ;x")),
        broken_off("a bare LF: a line end for some", hostile(";x\n")),
        broken_off("a bare LF that hides a chunk", chunked(&format!("2;\nxx\r\n4c\r\n0\r\n\r\n{SMUGGLED}"))),
        broken_off("a bare CR", hostile(";x\ry")),
        broken_off("CR CR LF", hostile(";x\r")),
        broken_off("a NUL", hostile(";x\0")),
        broken_off("a control", hostile(";x\x08")),
        broken_off("DEL", hostile(";x\x7f")),
        broken_off("a line end in quotes", hostile(";x=\"\r\n\"")),
        broken_off("LF in quotes", hostile(";x=\"\n\"")),
        broken_off("without a semicolon", hostile("x=y")),
        broken_off("a comma for the semicolon", hostile(",x=y")),
        broken_off("LF in the extension of the last chunk", chunked(&format!("0;x\n\r\n\r\n{SMUGGLED}"))),
    ]
}
