//! What of a parameter's value may be shown: in logs, replies, reports and errors.
//!
//! Not here: haproxy.cfg, which is made of what was understood (`haproxy`).

use super::table::{is_secret, param};
use crate::statement::{HEADER_PARAMETERS, split_items};
use std::borrow::Cow;

/// What stands in the place of a secret.
pub const MASK: &str = "*****";

/// Parts of the names of header fields, and of HAProxy's samples, whose values only a sender and a receiver may see.
const CREDENTIALS: [&str; 8] = ["authorization", "cook", "token", "secret", "password", "api-key", "api_key", "apikey"];

/// The value of the parameter `name`, indexed or not, as it may be shown; borrowed where nothing is hidden.
///
/// Users and certificates are hidden, and what looks like one of them misspelt. Of the header parameters, the elements that name a
/// field like Authorization, Cookie or X-Api-Key lose what is behind their first word. `backendExtra`, `userDef` and parameters that
/// nobody knows are hidden as a whole where they name one. The elements are divided at commas, whatever `SEPARATOR` is: who writes a log
/// need not know it, and another one hides more, never less. An empty value, and one of no parameter (`""`), is shown.
pub fn shown<'v>(name: &str, value: &'v str) -> Cow<'v, str> {
    if name.is_empty() || value.is_empty() {
        return Cow::Borrowed(value);
    }
    if is_secret(name) {
        return Cow::Borrowed(MASK);
    }
    let base = name.split('.').next().unwrap_or_default();
    let known = param(base).or_else(|| param(name)).map(|row| row.name);
    match known {
        _ if !names_credential(value) => Cow::Borrowed(value),
        Some(known) if HEADER_PARAMETERS.iter().any(|parameter| parameter.name == known) => Cow::Owned(items(value)),
        Some("backendExtra" | "userDef") | None => Cow::Borrowed(MASK),
        Some(_) => Cow::Borrowed(value),
    }
}

/// Whether a text names something that holds a credential, in any case of letters, and however it is quoted.
pub(crate) fn names_credential(text: &str) -> bool {
    let bare: String = text.chars().filter(|c| !matches!(c, '"' | '\'' | '\\')).collect();
    let bare = bare.to_ascii_lowercase();
    CREDENTIALS.iter().any(|part| bare.contains(part))
}

fn items(value: &str) -> String {
    let mut hides = false;
    let items = split_items(value, ",").into_iter().map(|item| {
        // What has no name and value of its own may be the rest of a value that was divided.
        hides = names_credential(item) || hides && !has_name_and_value(item);
        if hides { masked_item(item) } else { Cow::Borrowed(item) }
    });
    items.collect::<Vec<_>>().join(",")
}

fn has_name_and_value(item: &str) -> bool {
    name_length(item).is_some_and(|length| item[length..].starts_with([' ', '\t']))
}

/// The name of the field stays; a name alone has nothing to hide.
fn masked_item(item: &str) -> Cow<'_, str> {
    match name_length(item) {
        Some(length) if length == item.len() && names_credential(item) => Cow::Borrowed(item),
        Some(length) if length < item.len() => Cow::Owned(format!("{} {MASK}", &item[..length])),
        _ => Cow::Borrowed(MASK),
    }
}

/// The length of the field's name that an item starts with, if there is one.
fn name_length(item: &str) -> Option<usize> {
    let is_behind = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_');
    Some(item.find(is_behind).unwrap_or(item.len())).filter(|length| *length > 0)
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn elements_that_name_a_credential_keep_only_their_name() {
        for (value, expected) in [
            ("X-A 1,Authorization \"Basic a,b\",X-B 2", "X-A 1,Authorization *****,X-B 2"),
            ("X-Api-Key abc if { src 10.0.0.1 },Cookie a=b", "X-Api-Key *****,Cookie *****"),
            ("A\"uthor\"ization x", "A *****"),
            ("'Authorization' x", "*****"),
            ("X-A %[req.hdr(Authorization)],X-B %[src]", "X-A *****,X-B %[src]"),
            ("Authorization Basic,c2Vj", "Authorization *****,*****"),
            ("Authorization \"Basic c2Vj,X-A 1", "Authorization *****"),
            ("Authorization:c2Vj", "Authorization *****"),
            ("X-A 1|Cookie c2Vj|X-B 2", "X-A *****"),
            ("Authorization,Cookie", "Authorization,Cookie"),
            ("X-A 1, X-B 2", "X-A 1, X-B 2"),
        ] {
            for name in ["addReqHeader", "setreqheader", "setResHeader", "delReqHeader", "addHeader", "addResHeader.1"]
            {
                assert_eq!(shown(name, value), expected, "{name}={value}");
            }
        }
    }

    #[test]
    fn other_values_are_hidden_as_a_whole_or_not_at_all() {
        let line = "http-request set-header Authorization x";
        for (name, value, expected) in [
            ("backendExtra", line, "*****"),
            ("backendExtra", "http-request deny", "http-request deny"),
            ("backendExtra", "http-request deny unless { req.cook(id) x }", "*****"),
            ("userDef.1", "my-token", "*****"),
            ("setReqHeaders", "X-Token x", "*****"),
            ("users", "a:b", "*****"),
            ("users.1", "a:b", "*****"),
            ("usersSecret", "my-secret", "my-secret"),
            ("servicePath.1", "/token", "/token"),
            ("users", "", ""),
            ("", "a-token", "a-token"),
        ] {
            assert_eq!(shown(name, value), expected, "{name}={value}");
        }
    }
}
