//! What a route table looks at in a request.
//!
//! Not here: parsing; whoever holds the bytes lends them.

/// The head of a request, lent for the time of one decision.
#[derive(Clone, Copy)]
pub struct RequestHead<'r> {
    /// The method, as it came: methods are case-sensitive (RFC 9110 §9.1).
    pub method: &'r [u8],
    /// The authority: the Host field, or the target's own (RFC 9112 §3.2.2). As it came.
    pub host: Option<&'r [u8]>,
    /// Path and query.
    pub target: &'r [u8],
    /// The path without the query; empty for `OPTIONS *`.
    pub path: &'r [u8],
    /// The port of the proxy that the connection came in on.
    pub port: u16,
    /// Whether the request came over TLS, to this proxy or to a trusted one before it.
    pub secure: bool,
    /// Whether the client has shown a certificate that was verified.
    pub verified: bool,
    /// The header fields.
    pub fields: &'r dyn Fields,
}

/// The header fields of a request, as their holder keeps them.
pub trait Fields {
    /// Calls `visit` with each value of `name` (any case of letters) in order, until it returns true; returns whether it did.
    fn any(&self, name: &str, visit: &mut dyn FnMut(&[u8]) -> bool) -> bool;

    /// The first value of `name`.
    fn first(&self, name: &str) -> Option<&[u8]>;

    /// Whether any element of the comma-separated values of `name` is `wanted`, byte for byte (HAProxy's `hdr`).
    fn has_element(&self, name: &str, wanted: &[u8]) -> bool {
        self.any(name, &mut |value| elements(value).any(|element| element == wanted))
    }
}

/// The elements of a comma-separated value, blanks around them taken off. A comma in a quoted string divides nothing (RFC 9110 §5.6.4);
/// a string that is never closed reaches to the end, as in HAProxy.
pub fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    let divides = move |byte: &u8| {
        let (was_quoted, was_escaped) = (quoted, escaped);
        escaped = was_quoted && !was_escaped && *byte == b'\\';
        quoted ^= *byte == b'"' && !was_escaped;
        *byte == b',' && !was_quoted
    };
    value.split(divides).map(<[u8]>::trim_ascii)
}

/// Header fields as a list of names and values, in order.
pub struct FieldList<'f>(pub &'f [(&'f str, &'f [u8])]);

impl Fields for FieldList<'_> {
    fn any(&self, name: &str, visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.0.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).any(|(_, value)| visit(value))
    }

    fn first(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::elements;

    #[test]
    fn bug_a_comma_in_a_quoted_string_divides_no_elements() {
        for (value, expected) in [
            ("a, b ,c", &["a", "b", "c"][..]),
            (r#""a,b", c"#, &[r#""a,b""#, "c"]),
            (r#"x="\",", y"#, &[r#"x="\",""#, "y"]),
            (r#"a, "b, c"#, &["a", r#""b, c"#]),
            ("", &[""]),
        ] {
            let found: Vec<_> =
                elements(value.as_bytes()).map(|element| std::str::from_utf8(element).unwrap()).collect();
            assert_eq!(found, expected, "{value}");
        }
    }
}
