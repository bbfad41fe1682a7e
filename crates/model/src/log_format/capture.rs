//! Header fields of requests that the log shows (`CAPTURE_REQUEST_HEADER`; HAProxy's `capture request header`, configuration manual §8.8).
//!
//! Not here: taking their values, which the data plane does.

use crate::expression::Unusable;

/// A field, and how much of its value is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Any case of letters is meant; this one is shown.
    pub name: String,
    /// Bytes of the value; the rest is left out.
    pub length: usize,
}

/// Fields that hold a password or open a session: no log shows them.
const SECRET: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "cookie2"];
/// A line of a log is no place for more.
const LONGEST: usize = 4096;
/// The most fields: all of them are looked for in each request.
const MOST: usize = 16;

impl Capture {
    /// Reads `Name:length,Name:length`.
    pub fn parse_list(text: &str) -> Result<Vec<Capture>, Unusable> {
        let mut captures: Vec<Capture> = Vec::new();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let capture = Capture::parse(item)?;
            if captures.iter().any(|other| other.name.eq_ignore_ascii_case(&capture.name)) {
                return Err(Unusable::new(item, "names a field a second time"));
            }
            captures.push(capture);
            if captures.len() > MOST {
                return Err(Unusable::new(item, format!("is more than the {MOST} fields that can be captured")));
            }
        }
        Ok(captures)
    }

    fn parse(item: &str) -> Result<Capture, Unusable> {
        let (name, length) = item.split_once(':').unwrap_or((item, ""));
        let (name, length) = (name.trim(), length.trim());
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(Unusable::new(item, "does not begin with the name of a header field"));
        }
        if SECRET.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(Unusable::new(name, "holds what must be in no log"));
        }
        let length = length.parse().ok().filter(|length| (1..=LONGEST).contains(length));
        let reason = || format!("is not `Name:length` with a length from 1 to {LONGEST}");
        let length = length.ok_or_else(|| Unusable::new(item, reason()))?;
        Ok(Capture { name: name.to_owned(), length })
    }
}

/// A letter of a field's name (RFC 9110 §5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
