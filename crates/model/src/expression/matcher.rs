//! Tests: a sample compared with patterns, as an ACL's line does it (configuration manual §7.1).
//!
//! Not here: how tests are put together (`expression::condition`).

mod numbers;
mod texts;

use super::arguments::Call;
use super::sample::Sample;
use super::value::{Kind, Value};
use super::{Known, Scope, Subject, Unusable};
use crate::params::names_credential;
use crate::pattern::Pattern;
use crate::quote::{patterns, word};
use core::net::IpAddr;
use numbers::Range;
use std::fmt;
use texts::{How, Texts};

/// A sample and what it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Test {
    sample: Sample,
    /// As it was spelled behind the fetch's name (`_beg`).
    suffix: &'static str,
    /// As it was spelled behind `-m`.
    method: Option<&'static str>,
    ignore_case: bool,
    wanted: Wanted,
    /// The patterns as they were written.
    patterns: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Something,
    True,
    Number(Vec<Range>),
    Length(Vec<Range>),
    Network(Vec<Network>),
    Text(Texts),
    Regex(Vec<Pattern>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u8,
}

/// The ways of comparing: what `-m` calls them.
const METHODS: [&str; 12] = ["found", "bool", "int", "ip", "len", "str", "beg", "end", "sub", "dir", "dom", "reg"];

/// Names that may carry a way of comparing behind them, as in `path_beg`, and the fetch that is meant.
const DERIVED: [(&str, &str); 8] = [
    ("path", "path"),
    ("url", "url"),
    ("base", "base"),
    ("hdr", "hdr"),
    ("shdr", "shdr"),
    ("cook", "cook"),
    ("scook", "scook"),
    ("urlp", "urlp"),
];
const SUFFIXES: [(&str, &str); 7] = [
    ("_beg", "beg"),
    ("_end", "end"),
    ("_sub", "sub"),
    ("_dir", "dir"),
    ("_dom", "dom"),
    ("_reg", "reg"),
    ("_len", "len"),
];

impl Test {
    /// Parses `<sample> [flags] [operator] <pattern>…`.
    pub(super) fn parse(words: &[String], known: Known<'_>) -> Result<Test, Unusable> {
        let Some((first, others)) = words.split_first() else {
            return Err(Unusable::new("{ }", "tests nothing"));
        };
        let (sample, suffix) = parse_sample(first, known)?;
        let (flags, patterns) = Flags::parse(others)?;
        let spelled = flags.method.or_else(|| SUFFIXES.iter().find(|(name, _)| *name == suffix).map(|(_, how)| *how));
        let wanted = Wanted::parse(spelled.unwrap_or(default_method(sample.kind())), &flags, patterns, first)?;
        let patterns = match wanted {
            Wanted::Something | Wanted::True => Vec::new(),
            _ => patterns.to_vec(),
        };
        Ok(Test { sample, suffix, method: flags.method, ignore_case: flags.ignore_case, wanted, patterns })
    }

    /// As it is written, but for the values that a credential is compared with, or that a converter of it has.
    pub(super) fn masked(&self) -> String {
        if !names_credential(&self.sample.spelled(self.suffix)) {
            return self.to_string();
        }
        let call = &self.sample.fetch.call;
        let fetch = format!("{}{}({})", call.name, self.suffix, call.arguments.join(","));
        let method = self.method.map(|method| format!(" -m {method}")).unwrap_or_default();
        format!("{}{method} *****", word(&fetch))
    }

    pub(super) fn holds(&self, subject: &dyn Subject) -> bool {
        self.sample.any(subject, &mut |value| self.wanted.matches(value))
    }
}

struct Flags {
    ignore_case: bool,
    method: Option<&'static str>,
}

impl Flags {
    /// The flags before the patterns, and the patterns.
    fn parse(words: &[String]) -> Result<(Flags, &[String]), Unusable> {
        let mut flags = Flags { ignore_case: false, method: None };
        let mut rest = words;
        while let Some((word, behind)) = rest.split_first().filter(|(word, _)| word.starts_with('-')) {
            rest = behind;
            match word.as_str() {
                "--" => break,
                "-i" => flags.ignore_case = true,
                "-m" => {
                    let name = rest.first().map_or("", String::as_str);
                    let method = METHODS.iter().find(|method| **method == name);
                    flags.method = Some(method.ok_or_else(|| Unusable::new(name, "is not a way of comparing (`-m`)"))?);
                    rest = &rest[1..];
                }
                "-f" | "-M" => {
                    return Err(Unusable::new(word, "reads a file, which no service may make the proxy do"));
                }
                // A negative number is a pattern.
                other if other[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                    rest = &words[words.len() - behind.len() - 1..];
                    break;
                }
                _ => return Err(Unusable::new(word, "is not a flag that is known here: there are -i, -m and --")),
            }
        }
        Ok((flags, rest))
    }
}

/// The sample of a test, and the way of comparing that its name carries.
fn parse_sample(text: &str, known: Known<'_>) -> Result<(Sample, &'static str), Unusable> {
    let (mut call, rest) = Call::parse_start(text)?;
    let derived = SUFFIXES.iter().find_map(|(suffix, _)| {
        let base = call.name.strip_suffix(suffix)?;
        let (_, fetch) = DERIVED.iter().find(|(name, _)| *name == base)?;
        Some((*suffix, *fetch))
    });
    if let Some((_, fetch)) = derived {
        call.name = fetch.to_owned();
    }
    if call.name == "hdr" && known.scope == Scope::Response {
        let reason =
            "asks for the request's fields in a condition, and those are gone; `res.hdr` asks for the response's";
        return Err(Unusable::new(text, reason));
    }
    let (sample, rest) = Sample::parse_behind(call, rest, known)?;
    match rest.is_empty() {
        true => Ok((sample, derived.map_or("", |(suffix, _)| suffix))),
        false => Err(Unusable::new(text, format!("has `{rest}` behind its sample"))),
    }
}

fn default_method(kind: Kind) -> &'static str {
    match kind {
        Kind::Flag => "bool",
        Kind::Number => "int",
        Kind::Address => "ip",
        Kind::Text => "str",
    }
}

impl Wanted {
    fn parse(method: &str, flags: &Flags, patterns: &[String], sample: &str) -> Result<Wanted, Unusable> {
        let texts = |how| Ok(Wanted::Text(Texts::new(how, patterns, flags.ignore_case)));
        if patterns.is_empty() && !matches!(method, "found" | "bool") {
            let reason = "is compared with nothing, which never holds; `-m found` asks whether it is there";
            return Err(Unusable::new(sample, reason));
        }
        match method {
            "found" if patterns.is_empty() => Ok(Wanted::Something),
            "bool" if patterns.iter().all(|text| text == "1" || text == "true") => Ok(Wanted::True),
            "found" | "bool" => Err(Unusable::new(&patterns[0], "is not compared with anything; use `!` to negate")),
            "int" => numbers::parse(patterns).map(Wanted::Number),
            "len" => numbers::parse(patterns).map(Wanted::Length),
            "ip" => patterns.iter().map(|text| Network::parse(text)).collect::<Result<_, _>>().map(Wanted::Network),
            "reg" => {
                let compile = |text: &String| {
                    Pattern::compile(text, flags.ignore_case).map_err(|error| Unusable::new(text, error.to_string()))
                };
                patterns.iter().map(compile).collect::<Result<_, _>>().map(Wanted::Regex)
            }
            "beg" => texts(How::Begins),
            "end" => texts(How::Ends),
            "sub" => texts(How::Holds),
            "dir" => texts(How::HoldsSegments),
            "dom" => texts(How::HoldsLabels),
            _ => texts(How::Is),
        }
    }

    fn matches(&self, value: Value<'_>) -> bool {
        match self {
            Wanted::Something => true,
            Wanted::True => value.flag(),
            Wanted::Number(ranges) => value.number().is_some_and(|number| numbers::hold(ranges, number)),
            Wanted::Length(ranges) => numbers::hold(ranges, i64::try_from(value.text().len()).unwrap_or(i64::MAX)),
            Wanted::Network(networks) => {
                value.address().is_some_and(|address| networks.iter().any(|network| network.holds(address)))
            }
            Wanted::Text(texts) => texts.match_any(&value.text()),
            Wanted::Regex(patterns) => {
                let text = value.text();
                patterns.iter().any(|pattern| pattern.is_match(&text))
            }
        }
    }
}

impl Network {
    /// `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `::1`.
    fn parse(text: &str) -> Result<Network, Unusable> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let network = || {
            let address: IpAddr = address.parse().ok()?;
            let width = if address.is_ipv4() { 32 } else { 128 };
            let bits = match bits {
                None => width,
                Some(bits) => bits.parse().ok().or_else(|| mask_length(bits))?,
            };
            (bits <= width).then_some(Network { address, bits })
        };
        network().ok_or_else(|| Unusable::new(text, "is neither an address nor a network such as 10.0.0.0/8"))
    }

    fn holds(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.leading_zeros() >= u32::from(self.bits)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.leading_zeros() >= u32::from(self.bits)
            }
            _ => false,
        }
    }
}

/// The length of a mask that is written like an address.
fn mask_length(text: &str) -> Option<u8> {
    let bits = text.parse::<core::net::Ipv4Addr>().ok()?.to_bits();
    (bits.leading_ones() + bits.trailing_zeros() == 32 || bits == 0)
        .then(|| u8::try_from(bits.leading_ones()).unwrap_or(32))
}

/// The words of the test, quoted.
impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&word(&self.sample.spelled(self.suffix)))?;
        if let Some(method) = self.method {
            write!(f, " -m {method}")?;
        }
        if self.ignore_case {
            f.write_str(" -i")?;
        }
        match self.patterns.is_empty() {
            true => Ok(()),
            false => write!(f, " {}", patterns(self.patterns.iter().map(String::as_str))),
        }
    }
}
