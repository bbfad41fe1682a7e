//! `SSL_BIND_OPTIONS`: the words of HAProxy's `ssl-default-bind-options`, and `strict-sni` of its `bind`.
//!
//! Not here: ciphers (`ciphers`).

use proxy::tls::Version;

/// What the words ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) oldest: Version,
    pub(super) newest: Version,
    pub(super) tickets: bool,
    pub(super) clients_order: bool,
    pub(super) strict_names: bool,
}

/// A version in HAProxy's words. Those before TLS 1.2 are not spoken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Older,
    Spoken(Version),
}

/// HAProxy's other words, which are not acted on.
const FLAGS: [&str; 7] =
    ["allow-0rtt", "generate-certificates", "no-alpn", "no-ca-names", "no-strict-sni", "tls-tickets", "ssl"];
/// Those that a value follows.
const WITH_VALUE: [&str; 15] = [
    "alpn",
    "ca-file",
    "ca-ignore-err",
    "ca-verify-file",
    "ciphers",
    "ciphersuites",
    "client-sigalgs",
    "crl-file",
    "crt-ignore-err",
    "curves",
    "ecdhe",
    "npn",
    "sigalgs",
    "tls-ticket-keys",
    "verify",
];

const UNKNOWN: &str = "holds a word that HAProxy does not know; words are divided by blanks";
const NOTHING_LEFT: &str = "leaves no version of TLS: 1.2 and 1.3 are spoken, older ones never";

impl Default for Options {
    fn default() -> Self {
        Options {
            oldest: Version::V1_2,
            newest: Version::V1_3,
            tickets: true,
            clients_order: false,
            strict_names: false,
        }
    }
}

/// The options, and the words that cannot be acted on.
pub(super) fn parse(text: &str) -> Result<(Options, Vec<String>), &'static str> {
    let mut options = Options::default();
    let mut left_out = Vec::new();
    let mut refused = Vec::new();
    let mut words = text.split_ascii_whitespace();
    while let Some(word) = words.next() {
        match word {
            "no-tls-tickets" => options.tickets = false,
            "prefer-client-ciphers" => options.clients_order = true,
            "strict-sni" => options.strict_names = true,
            "ssl-min-ver" | "ssl-max-ver" => {
                let name = words.next().ok_or("ends with a word that a version must follow, such as TLSv1.2")?;
                let asked =
                    version(&name.to_ascii_lowercase()).ok_or("names a version other than TLSv1.0 to TLSv1.3")?;
                match (word, asked) {
                    ("ssl-min-ver", Asked::Spoken(version)) => options.oldest = version,
                    // Who asks for it counts on clients that will not get through.
                    ("ssl-min-ver", Asked::Older) => left_out.push(format!("{word} {name}")),
                    (_, Asked::Spoken(version)) => options.newest = version,
                    (_, Asked::Older) => return Err(NOTHING_LEFT),
                }
            }
            _ => match word.split_once('-').map(|(verb, name)| (verb, version(name))) {
                Some(("no", Some(Asked::Older))) => {}
                Some(("no", Some(Asked::Spoken(version)))) => refused.push(version),
                Some(("force", Some(Asked::Spoken(version)))) => (options.oldest, options.newest) = (version, version),
                Some(("force", Some(Asked::Older))) => return Err(NOTHING_LEFT),
                _ if FLAGS.contains(&word) => left_out.push(word.to_owned()),
                _ if WITH_VALUE.contains(&word) => {
                    left_out.push([word, words.next().unwrap_or_default()].join(" ").trim_end().to_owned());
                }
                // A misspelt word could be one that closes something.
                _ => return Err(UNKNOWN),
            },
        }
    }
    let spoken = [Version::V1_2, Version::V1_3];
    let is_left = |version: &Version| (options.oldest..=options.newest).contains(version) && !refused.contains(version);
    let oldest = spoken.into_iter().find(is_left).ok_or(NOTHING_LEFT)?;
    let newest = spoken.into_iter().rfind(is_left).ok_or(NOTHING_LEFT)?;
    Ok((Options { oldest, newest, ..options }, left_out))
}

/// `TLSv1.2` as values have it, `tlsv12` as words do; in lower case.
fn version(name: &str) -> Option<Asked> {
    match name.replace('.', "").as_str() {
        "sslv3" | "tlsv10" | "tlsv11" => Some(Asked::Older),
        "tlsv12" => Some(Asked::Spoken(Version::V1_2)),
        "tlsv13" => Some(Asked::Spoken(Version::V1_3)),
        _ => None,
    }
}
