//! Taking values apart: elements of a list, cookies, parameters of a query, the path of a target.
//!
//! Nothing is decoded and nothing is judged here; a request that came this far is well-formed.

use crate::route::head;

/// The elements of a comma-separated value, without blanks around them. An empty value has none.
pub(super) fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    Some(value.trim_ascii()).filter(|value| !value.is_empty()).into_iter().flat_map(head::elements)
}

/// The values of the cookies called `name` in a Cookie field; the case of the name counts (RFC 6265 §5.4).
pub(super) fn cookies<'l>(line: &'l [u8], name: &'l [u8]) -> impl Iterator<Item = &'l [u8]> {
    line.split(|byte| *byte == b';').filter_map(move |pair| {
        let at = memchr::memchr(b'=', pair)?;
        (pair[..at].trim_ascii() == name).then(|| pair[at + 1..].trim_ascii())
    })
}

/// The values of the parameters called `name` in a query, as they are written.
pub(super) fn parameters<'q>(query: &'q [u8], name: &'q [u8]) -> impl Iterator<Item = &'q [u8]> {
    query.split(|byte| *byte == b'&').filter_map(move |pair| pair.strip_prefix(name)?.strip_prefix(b"="))
}

/// Path and query of a target, which may be a whole URI; `None` for `*`.
pub(crate) fn without_authority(target: &[u8]) -> Option<&[u8]> {
    if target.starts_with(b"/") {
        return Some(target);
    }
    let authority = memchr::memmem::find(target, b"://")? + 3;
    let path = target[authority..].iter().position(|byte| *byte == b'/')?;
    Some(&target[authority + path..])
}

/// Whether it may be the name of a field or a method (RFC 9110 §5.6.2).
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<'v>(values: impl Iterator<Item = &'v [u8]>) -> Vec<&'v str> {
        values.map(|value| std::str::from_utf8(value).unwrap()).collect()
    }

    #[test]
    fn values_are_taken_apart() {
        assert_eq!(texts(elements(b" a , \"b,c\\\",d\" ,,e")), ["a", "\"b,c\\\",d\"", "", "e"]);
        assert_eq!(texts(elements(b"  ")), [""; 0]);
        assert_eq!(texts(cookies(b"a=1; b=2;a=x=y; A=3; a", b"a")), ["1", "x=y"]);
        assert_eq!(texts(parameters(b"a=1&b=2&a=&aa=3", b"a")), ["1", ""]);
    }

    #[test]
    fn a_target_may_be_a_whole_uri() {
        assert_eq!(without_authority(b"/a?b"), Some(&b"/a?b"[..]));
        assert_eq!(without_authority(b"http://h/a?b"), Some(&b"/a?b"[..]));
        assert_eq!(without_authority(b"http://h"), None);
        assert_eq!(without_authority(b"*"), None);
    }
}
