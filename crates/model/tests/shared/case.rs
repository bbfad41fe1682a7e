//! The upper part of a case: variables of the proxy and calls of `/reconfigure`, read.
//!
//! Two suites read the same files: the model's own, which says what becomes of them, and the one that asks a real HAProxy.
//! Not here: what is below the line.

use model::Params;

/// What is above the line.
pub(crate) struct Case {
    /// Variables of the proxy, by name.
    pub(crate) settings: Vec<(String, String)>,
    /// The calls, in their order.
    pub(crate) services: Vec<Params>,
}

impl Case {
    /// Reads `#` comments, `context: NAME=value`, and queries, each on a line. `%{x*1000}` in a query is a thousand `x`.
    pub(crate) fn parse(above: &str) -> Case {
        let lines = above.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (settings, services): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with(SETTING));
        let setting = |line: &str| {
            let (name, value) = line[SETTING.len()..].split_once('=').expect("a setting is NAME=value");
            (name.to_owned(), value.to_owned())
        };
        Case {
            settings: settings.into_iter().map(setting).collect(),
            services: services.into_iter().map(params).collect(),
        }
    }
}

const SETTING: &str = "context: ";

/// A query as a browser or the listener writes it.
fn params(query: &str) -> Params {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let byte = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        match (byte, repetition(part)) {
            (Some(byte), _) => {
                bytes.push(byte);
                bytes.extend_from_slice(&part.as_bytes()[2..]);
            }
            (None, Some(repeated)) => bytes.extend_from_slice(repeated.as_bytes()),
            (None, None) => panic!("%{part} is neither %XX nor %{{text*times}}"),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `{x*1000}` at the start of `text`, written out, and what follows it.
fn repetition(text: &str) -> Option<String> {
    let (inside, rest) = text.strip_prefix('{')?.split_once('}')?;
    let (what, times) = inside.rsplit_once('*')?;
    Some(what.repeat(times.parse().ok()?) + rest)
}
