//! A response as a test looks at it.

use serde_json::Value;

/// Head and body of one response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn new(head: String, body: Vec<u8>) -> Reply {
        Reply { head, body: String::from_utf8(body).expect("a reply is text") }
    }

    /// The Content-Length of a head; 0 if it has none.
    pub(crate) fn length(head: &str) -> usize {
        Reply::field_of(head, "content-length").map_or(0, |length| length.parse().expect("a length"))
    }

    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
    }

    /// The value of a field; empty if there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        Reply::field_of(&self.head, name).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }

    /// `Message` of the JSON body.
    pub(crate) fn message(&self) -> String {
        self.json()["Message"].as_str().expect("a message").to_owned()
    }

    fn field_of<'h>(head: &'h str, name: &str) -> Option<&'h str> {
        let fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.into_iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}
