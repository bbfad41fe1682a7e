//! Conditions: tests put together with `!`, juxtaposition and `||` (configuration manual §7.2).
//!
//! Not here: a single test (`expression::matcher`).

mod predefined;

use super::matcher::Test;
use super::{Environment, Known, Scope, Subject, Unusable};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// When a rule applies: any of several groups of tests, all of which hold; or, with `unless`, when that is not so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    is_unless: bool,
    groups: Vec<Vec<Term>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    is_negated: bool,
    acl: Arc<Acl>,
}

/// Tests, one of which must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acl {
    name: Name,
    tests: Vec<Test>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    /// Written in braces where it is used.
    Anonymous,
    /// HAProxy knows it.
    Predefined(&'static str),
    /// A line `acl <name> …` defines it.
    Defined(String),
}

/// The ACLs that lines have defined. Several lines of one name are tests of one ACL, as in HAProxy, wherever they stand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(BTreeMap<String, Defined>);

/// An ACL as it is where requests are looked at, and where responses are: what it asks for may not be had in one of them.
#[derive(Clone, Debug)]
struct Defined {
    request: Result<Arc<Acl>, Unusable>,
    response: Result<Arc<Acl>, Unusable>,
}

impl Condition {
    /// Parses `if …` or `unless …`; `None` without any word.
    pub fn parse(words: &[String], scope: Scope, environment: &Environment) -> Result<Option<Condition>, Unusable> {
        Condition::parse_with(words, &Names::default(), Known { scope, environment })
    }

    pub(crate) fn parse_with(words: &[String], names: &Names, known: Known<'_>) -> Result<Option<Condition>, Unusable> {
        let Some((first, rest)) = words.split_first() else { return Ok(None) };
        let is_unless = match first.as_str() {
            "if" => false,
            "unless" => true,
            other => {
                let reason = "stands where only `if` or `unless` is possible; quote a value that holds blanks";
                return Err(Unusable::new(other, reason));
            }
        };
        let mut parser = Parser { rest, names, known };
        let groups = parser.groups()?;
        Ok(Some(Condition { is_unless, groups }))
    }

    /// Whether the rule applies to a message.
    pub fn holds(&self, subject: &dyn Subject) -> bool {
        let any = self.groups.iter().any(|group| group.iter().all(|term| term.acl.holds(subject) != term.is_negated));
        any != self.is_unless
    }

    /// As it is written, but for the values that credentials are compared with.
    pub(crate) fn masked(&self) -> String {
        let term = |term: &Term| format!(" {}{}", if term.is_negated { "!" } else { "" }, term.acl.masked());
        let group = |group: &Vec<Term>| group.iter().map(term).collect::<String>();
        let groups: Vec<_> = self.groups.iter().map(group).collect();
        format!("{}{}", if self.is_unless { "unless" } else { "if" }, groups.join(" ||"))
    }

    /// The ACLs that lines must define before this condition stands anywhere: their names and lines.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = &Arc<Acl>> {
        let terms = self.groups.iter().flatten();
        terms.map(|term| &term.acl).filter(|acl| matches!(acl.name, Name::Defined(_)))
    }
}

struct Parser<'w> {
    rest: &'w [String],
    names: &'w Names,
    known: Known<'w>,
}

impl<'w> Parser<'w> {
    fn groups(&mut self) -> Result<Vec<Vec<Term>>, Unusable> {
        let (mut groups, mut group) = (Vec::new(), Vec::new());
        while let Some(word) = self.next() {
            match word {
                "||" | "or" if !group.is_empty() => groups.push(std::mem::take(&mut group)),
                word => group.push(self.term(word)?),
            }
        }
        if group.is_empty() {
            return Err(Unusable::new("if", "has no condition behind it, or `||` has none"));
        }
        groups.push(group);
        Ok(groups)
    }

    fn next(&mut self) -> Option<&'w str> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn term(&mut self, word: &str) -> Result<Term, Unusable> {
        let bare = word.trim_start_matches('!');
        let mut is_negated = (word.len() - bare.len()) % 2 == 1;
        let mut bare = bare;
        while bare.is_empty() {
            let next = self.next().ok_or_else(|| Unusable::new("!", "has nothing behind it"))?;
            bare = next.trim_start_matches('!');
            is_negated ^= (next.len() - bare.len()) % 2 == 1;
        }
        let acl = match bare {
            "{" => self.anonymous()?,
            name => self.named(name)?,
        };
        Ok(Term { is_negated, acl })
    }

    fn anonymous(&mut self) -> Result<Arc<Acl>, Unusable> {
        let Some(length) = self.rest.iter().position(|word| word == "}") else {
            return Err(Unusable::new("{", "has no closing `}`, which is a word of its own"));
        };
        let test = Test::parse(&self.rest[..length], self.known)?;
        self.rest = &self.rest[length + 1..];
        Ok(Arc::new(Acl { name: Name::Anonymous, tests: vec![test] }))
    }

    fn named(&self, name: &str) -> Result<Arc<Acl>, Unusable> {
        if let Some(defined) = self.names.0.get(name) {
            return defined.at(self.known.scope).clone();
        }
        let Some((name, line)) = predefined::acl(name) else {
            return Err(Unusable::new(
                name,
                "is no ACL that was defined before; a test stands in `{ … }`, with blanks",
            ));
        };
        let line: Vec<_> = line.split(' ').map(str::to_owned).collect();
        let tests = vec![Test::parse(&line, self.known)?];
        Ok(Arc::new(Acl { name: Name::Predefined(name), tests }))
    }
}

impl Acl {
    fn holds(&self, subject: &dyn Subject) -> bool {
        self.tests.iter().any(|test| test.holds(subject))
    }

    /// The lines that define it, each behind `acl`.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.tests.iter().map(move |test| format!("{self} {test}"))
    }

    /// The same, but for the values that credentials are compared with.
    pub(crate) fn masked_lines(&self) -> impl Iterator<Item = String> {
        self.tests.iter().map(move |test| format!("{self} {}", test.masked()))
    }

    fn masked(&self) -> String {
        match self.name {
            Name::Anonymous => self.tests.iter().map(|test| format!("{{ {} }}", test.masked())).collect(),
            Name::Predefined(_) | Name::Defined(_) => self.to_string(),
        }
    }
}

impl Names {
    /// Takes in what is behind `acl`: a name and a test.
    pub(crate) fn define(&mut self, words: &[String], environment: &Environment) -> Result<(), Unusable> {
        let Some((name, test)) = words.split_first() else {
            return Err(Unusable::new("acl", "has no name behind it"));
        };
        if predefined::acl(name).is_some() || !is_name(name) {
            return Err(Unusable::new(name, "cannot be the name of an ACL"));
        }
        let fresh = || Arc::new(Acl { name: Name::Defined(name.clone()), tests: Vec::new() });
        let defined =
            self.0.entry(name.clone()).or_insert_with(|| Defined { request: Ok(fresh()), response: Ok(fresh()) });
        let request = add(&mut defined.request, Test::parse(test, Known { scope: Scope::Request, environment }));
        let response = add(&mut defined.response, Test::parse(test, Known { scope: Scope::Response, environment }));
        // What is possible in one of them is possible.
        if response.is_ok() { Ok(()) } else { request }
    }
}

impl Defined {
    fn at(&self, scope: Scope) -> &Result<Arc<Acl>, Unusable> {
        match scope {
            Scope::Request => &self.request,
            Scope::Response => &self.response,
        }
    }
}

/// Adds a test to an ACL; one that cannot be asked makes the whole of it unusable.
fn add(acl: &mut Result<Arc<Acl>, Unusable>, test: Result<Test, Unusable>) -> Result<(), Unusable> {
    match test {
        Ok(test) => {
            if let Ok(acl) = acl {
                Arc::make_mut(acl).tests.push(test);
            }
            Ok(())
        }
        Err(error) => {
            *acl = Err(error.clone());
            Err(error)
        }
    }
}

/// HAProxy's letters for names.
fn is_name(text: &str) -> bool {
    text != "or" && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte))
}

/// The name, or the test in braces.
impl fmt::Display for Acl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Name::Predefined(name) => f.write_str(name),
            Name::Defined(name) => f.write_str(name),
            Name::Anonymous => self.tests.iter().try_for_each(|test| write!(f, "{{ {test} }}")),
        }
    }
}

/// `if …` or `unless …`, quoted; it parses to the same condition.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_unless { "unless" } else { "if" })?;
        for (place, group) in self.groups.iter().enumerate() {
            f.write_str(if place > 0 { " ||" } else { "" })?;
            for term in group {
                write!(f, " {}{}", if term.is_negated { "!" } else { "" }, term.acl)?;
            }
        }
        Ok(())
    }
}
