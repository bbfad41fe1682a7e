//! Lines of HAProxy's language that operators add: `backendExtra` and `EXTRA_FRONTEND`.
//!
//! A line is understood as HAProxy understands it, or refused: none is left out silently.
//! Not here: the statements themselves (`statement::parse`).

use super::Statement;
use crate::expression::{Environment, Known, Names, Scope, Unusable, words};
use crate::service::ConnectionMode;
use std::time::Duration;

/// What lines say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    /// Their `http-request` rules.
    pub request: Vec<Statement>,
    /// Their `http-response` rules.
    pub response: Vec<Statement>,
    /// `timeout server`.
    pub timeout_server: Option<Duration>,
    /// `timeout tunnel`.
    pub timeout_tunnel: Option<Duration>,
    /// `option http-server-close` and its like.
    pub connection_mode: Option<ConnectionMode>,
}

/// The section that lines are added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The frontend `services`: `EXTRA_FRONTEND`.
    Frontend,
    /// A service's backend: `backendExtra`.
    Backend,
}

/// A line that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {number}: {error}; ENGINE=haproxy, once it is built, will take any line of HAProxy's")]
pub struct BadLine {
    /// Which one, from 1 on.
    pub number: usize,
    /// The word at fault, and why.
    pub error: Unusable,
}

impl Section {
    /// Whether the lines of haproxy.cfg may define this name themselves: two ACLs of one name would be one.
    fn has_acl(self, name: &str) -> bool {
        const STEMS: [&str; 6] = ["url_", "domain_", "srcPort_", "srcHttpsPort_", "user_agent_", "hdr_"];
        let is_ours = match self {
            Section::Frontend => {
                STEMS.iter().any(|stem| name.starts_with(stem)) && name.ends_with(|c: char| c.is_ascii_digit())
            }
            Section::Backend => {
                name == "valid_allowed_method" || name == "valid_denied_method" || name.ends_with("UsersAcl")
            }
        };
        is_ours || name.starts_with("is_") && (name.ends_with("_http") || name.ends_with("_https"))
    }
}

impl Extra {
    /// Parses lines. Empty ones and comments are nothing.
    pub fn parse(text: &str, section: Section, environment: &Environment) -> Result<Extra, BadLine> {
        // Lines belong together: a word of any of them may be compared with a credential that another one names.
        let bad = |number, error: Unusable| BadLine { number, error: error.masked_beside(text) };
        let mut lines = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            let words = words(line, environment).map_err(|error| bad(number, error))?;
            lines.extend(Some((number, words)).filter(|(_, words)| !words.is_empty()));
        }
        let mut parser = Parser { section, environment, names: Names::default(), extra: Extra::default() };
        for (number, words) in &lines {
            parser.define(words).map_err(|error| bad(*number, error))?;
        }
        for (number, words) in &lines {
            parser.line(words).map_err(|error| bad(*number, error))?;
        }
        Ok(parser.extra)
    }
}

struct Parser<'e> {
    section: Section,
    environment: &'e Environment,
    /// All of them, before the first rule is parsed: a later line of a name belongs to the rules before it too, as in HAProxy.
    names: Names,
    extra: Extra,
}

impl Parser<'_> {
    fn define(&mut self, words: &[String]) -> Result<(), Unusable> {
        match words.split_first() {
            Some((first, rest)) if first == "acl" => {
                if let Some(name) = rest.first().filter(|name| self.section.has_acl(name)) {
                    return Err(Unusable::new(name, "is a name that the proxy's own rules have"));
                }
                self.names.define(rest, self.environment)
            }
            _ => Ok(()),
        }
    }

    fn line(&mut self, words: &[String]) -> Result<(), Unusable> {
        let Some((first, rest)) = words.split_first() else { return Ok(()) };
        match first.as_str() {
            "acl" => Ok(()),
            "http-request" => {
                let statement = Statement::parse(rest, &self.names, self.known(Scope::Request))?;
                self.extra.request.push(statement);
                Ok(())
            }
            "http-response" => {
                let statement = Statement::parse(rest, &self.names, self.known(Scope::Response))?;
                self.extra.response.push(statement);
                Ok(())
            }
            // HAProxy's older word; it is asked after the rules above.
            "redirect" => {
                self.extra.request.push(Statement::parse(words, &self.names, self.known(Scope::Request))?);
                Ok(())
            }
            "timeout" if self.section == Section::Backend => self.timeout(rest),
            "option" => self.option(rest),
            // It is so anyway.
            "mode" if rest == ["http"] => Ok(()),
            word => Err(Unusable::new(word, NOT_KNOWN)),
        }
    }

    fn known(&self, scope: Scope) -> Known<'_> {
        Known { scope, environment: self.environment }
    }

    fn timeout(&mut self, words: &[String]) -> Result<(), Unusable> {
        let [name, limit] = words else { return Err(Unusable::new("timeout", "needs a name and a time")) };
        let limit = read_time(limit)?;
        match name.as_str() {
            "server" => self.extra.timeout_server = Some(limit),
            "tunnel" => self.extra.timeout_tunnel = Some(limit),
            other => return Err(Unusable::new(other, "is no timeout that a backend has here: `server` and `tunnel`")),
        }
        Ok(())
    }

    fn option(&mut self, words: &[String]) -> Result<(), Unusable> {
        let [name] = words else { return Err(Unusable::new(words.join(" "), NOT_KNOWN)) };
        if name == "forwardfor" {
            return Ok(()); // It is so anyway.
        }
        match ConnectionMode::parse(name).filter(|_| self.section == Section::Backend) {
            Some(mode) => self.extra.connection_mode = Some(mode),
            None => return Err(Unusable::new(name, "is no option that this proxy can act on here")),
        }
        Ok(())
    }
}

/// A time as HAProxy writes it: milliseconds, or with a unit, 2,147,483,647 ms at most (configuration manual §2.5).
fn read_time(text: &str) -> Result<Duration, Unusable> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let milliseconds = match unit {
        "ms" | "" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => 0,
    };
    let time = number.parse::<u32>().ok().map(|number| u64::from(number) * milliseconds);
    let time = time.filter(|time| (1..=LONGEST_TIME).contains(time));
    time.map(Duration::from_millis)
        .ok_or_else(|| Unusable::new(text, "is not a time such as `60s`, of 24 days at most"))
}

/// HAProxy's longest, in milliseconds: a configuration with a longer one is refused as a whole.
const LONGEST_TIME: u64 = 0x7fff_ffff;

const NOT_KNOWN: &str = "begins no line that this proxy can act on here";
