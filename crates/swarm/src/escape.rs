//! Text as a part of a query, as Go's `url.QueryEscape` writes it.
//!
//! Not here: which parts there are.

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// A space as `+`, and everything but letters, digits and `-._~` as `%` and two capital hexadecimal digits.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            b' ' => escaped.push('+'),
            _ => {
                escaped.push('%');
                escaped.push(char::from(HEX[usize::from(byte >> 4)]));
                escaped.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    escaped
}
