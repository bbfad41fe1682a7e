//! Compression of responses: which algorithms and media types, as HAProxy names them, and which of them a client gets.
//!
//! The conditions are those of HAProxy's configuration manual, §4.2, `compression algo` and `compression type`.
//! Not here: compressing (the proxy's), and reading the parameters (`service::parse`).

use crate::route::Fields;

/// How responses of a service are compressed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compression {
    /// What clients may get, the best first, each once; empty: nothing.
    pub algorithms: Vec<Algorithm>,
    /// Starts of the media types that are compressed, in any case of letters; empty: all, and responses without one.
    pub types: Vec<String>,
}

/// An algorithm. Of those that a client likes equally, it gets the first one here: what shrinks a text most for the time that it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// `br` (RFC 7932). Ours: HAProxy has none.
    Brotli,
    /// `zstd` (RFC 8878). Ours: HAProxy has none.
    Zstd,
    /// `gzip` (RFC 1952).
    Gzip,
    /// `deflate`, in zlib's format (RFC 1950), as RFC 9110 §8.4.1.2 asks.
    Deflate,
    /// `raw-deflate`: the coding `deflate` without zlib's format (RFC 1951), which some old clients take it for.
    RawDeflate,
}

/// Why a list of algorithms is none.
pub const NOT_ALGORITHMS: &str = "is not made of gzip, deflate, raw-deflate, identity, br, zstd";

impl Compression {
    /// Reads algorithms, divided by blanks. `identity` is known and is no compression; alone, it turns compression off.
    pub fn parse_algorithms(text: &str) -> Option<Vec<Algorithm>> {
        let mut algorithms = Vec::new();
        for word in text.split_whitespace().filter(|word| *word != "identity") {
            algorithms.push(Algorithm::parse(word)?);
        }
        algorithms.sort_unstable();
        algorithms.dedup();
        Some(algorithms)
    }

    /// Reads media types, divided by blanks.
    pub fn parse_types(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    /// Whether no response is ever compressed.
    pub fn is_off(&self) -> bool {
        self.algorithms.is_empty()
    }

    /// The algorithm for a client that sent these fields, by the weights of its Accept-Encoding (RFC 9110 §12.5.3). A client without that
    /// field gets none.
    pub fn choose(&self, request: &dyn Fields) -> Option<Algorithm> {
        let mut weights = vec![None; self.algorithms.len()];
        let mut others = 0;
        request.any("accept-encoding", &mut |value| {
            for element in value.split(|byte| *byte == b',') {
                let (coding, weight) = read_element(element);
                if coding == b"*" {
                    others = weight;
                }
                for (algorithm, known) in self.algorithms.iter().zip(&mut weights) {
                    if coding.eq_ignore_ascii_case(algorithm.coding().as_bytes()) {
                        *known = Some(weight);
                    }
                }
            }
            false
        });
        let weighted = weights.into_iter().map(|weight| weight.unwrap_or(others)).zip(&self.algorithms).rev();
        // Of equals the last one is taken: turned around, the best.
        weighted.filter(|(weight, _)| *weight > 0).max_by_key(|(weight, _)| *weight).map(|(_, algorithm)| *algorithm)
    }

    /// Whether a response of this media type is compressed. One of several parts never is: it may be read as it comes.
    pub fn takes(&self, content_type: Option<&[u8]>) -> bool {
        let Some(content_type) = content_type else { return self.types.is_empty() };
        let starts = |start: &str| {
            content_type.get(..start.len()).is_some_and(|part| part.eq_ignore_ascii_case(start.as_bytes()))
        };
        !starts("multipart") && (self.types.is_empty() || self.types.iter().any(|start| starts(start)))
    }
}

impl Algorithm {
    fn parse(word: &str) -> Option<Algorithm> {
        [Algorithm::Brotli, Algorithm::Zstd, Algorithm::Gzip, Algorithm::Deflate, Algorithm::RawDeflate]
            .into_iter()
            .find(|algorithm| algorithm.keyword() == word)
    }

    /// The word of the parameter: HAProxy's, where it has one.
    pub fn keyword(self) -> &'static str {
        match self {
            Algorithm::RawDeflate => "raw-deflate",
            _ => self.coding(),
        }
    }

    /// The name in Content-Encoding and Accept-Encoding.
    pub fn coding(self) -> &'static str {
        match self {
            Algorithm::Brotli => "br",
            Algorithm::Zstd => "zstd",
            Algorithm::Gzip => "gzip",
            Algorithm::Deflate | Algorithm::RawDeflate => "deflate",
        }
    }

    /// Whether HAProxy knows it.
    pub fn is_known_to_haproxy(self) -> bool {
        !matches!(self, Algorithm::Brotli | Algorithm::Zstd)
    }
}

/// A coding and its weight in thousandths. A weight that is none is the least: such a client has not asked for anything in particular.
fn read_element(element: &[u8]) -> (&[u8], u32) {
    let mut parts = element.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let coding = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q=")));
    (coding, weight.map_or(1000, |weight| read_weight(weight).unwrap_or(0)))
}

/// `0`, `1`, or either with up to three digits behind a point, not above 1 (RFC 9110 §12.4.2).
fn read_weight(text: &[u8]) -> Option<u32> {
    let (whole, rest) = text.split_first()?;
    let digits = match rest {
        [] => &[],
        [b'.', digits @ ..] if digits.len() <= 3 => digits,
        _ => return None,
    };
    let mut weight = match whole {
        b'0' => 0,
        b'1' => 1,
        _ => return None,
    };
    for place in 0..3 {
        let digit = digits.get(place).copied().unwrap_or(b'0');
        weight = weight * 10 + char::from(digit).to_digit(10)?;
    }
    (weight <= 1000).then_some(weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::FieldList;

    fn compression(algorithms: &str, types: &str) -> Compression {
        let algorithms = Compression::parse_algorithms(algorithms).unwrap();
        Compression { algorithms, types: Compression::parse_types(types) }
    }

    fn choose(algorithms: &str, accepted: &[&str]) -> Option<&'static str> {
        let fields: Vec<_> = accepted.iter().map(|value| ("Accept-Encoding", value.as_bytes())).collect();
        compression(algorithms, "").choose(&FieldList(&fields)).map(Algorithm::keyword)
    }

    #[test]
    fn a_client_gets_what_it_likes_most_and_of_equals_what_shrinks_most() {
        for (algorithms, accepted, expected) in [
            ("gzip", &["gzip, deflate, br"][..], Some("gzip")),
            ("gzip br zstd", &["gzip, deflate, br, zstd"], Some("br")),
            ("gzip zstd", &["gzip, zstd"], Some("zstd")),
            ("gzip br", &["br;q=0.5, gzip;q=0.8"], Some("gzip")),
            ("gzip br", &["br;q=0.5", "gzip;q=0.4"], Some("br")),
            ("deflate gzip", &["GZIP , deflate;q=0.999"], Some("gzip")),
            ("raw-deflate", &["deflate"], Some("raw-deflate")),
            ("raw-deflate", &["raw-deflate"], None),
            ("gzip", &["*"], Some("gzip")),
            ("gzip", &["gzip;q=0, *"], None),
            ("gzip deflate", &["gzip;q=0, *;q=0.1"], Some("deflate")),
            ("gzip", &["gzip;q=0.000"], None),
            ("gzip", &["gzip; q=1.000"], Some("gzip")),
            ("gzip", &["gzip;q=1.001"], None),
            ("gzip", &["gzip;q=x"], None),
            ("gzip", &["x-gzip, identity"], None),
            ("gzip", &[""], None),
            ("gzip", &[], None),
            ("identity", &["identity"], None),
        ] {
            assert_eq!(choose(algorithms, accepted), expected, "{algorithms} for {accepted:?}");
        }
    }

    #[test]
    fn words_are_those_of_haproxy_and_two_of_our_own() {
        let parse = |text| Compression::parse_algorithms(text).map(|list| list.len());
        assert_eq!(parse("gzip  deflate raw-deflate identity br zstd gzip"), Some(5));
        assert_eq!(parse("identity"), Some(0));
        assert_eq!(parse("gzip,deflate"), None);
        assert_eq!(parse("Gzip"), None);
    }

    #[test]
    fn media_types_are_compared_by_their_start_and_parts_are_never_compressed() {
        let some = compression("gzip", "text/html text/css");
        for (content_type, expected) in [
            ("text/html", true),
            ("TEXT/HTML; charset=utf-8", true),
            ("text/htmlx", true),
            ("text/htm", false),
            ("application/json", false),
            ("multipart/mixed", false),
        ] {
            assert_eq!(some.takes(Some(content_type.as_bytes())), expected, "{content_type}");
        }
        assert!(!some.takes(None));
        let all = compression("gzip", "");
        assert!(all.takes(None) && all.takes(Some(b"image/png")) && !all.takes(Some(b"Multipart/form-data")));
    }
}
