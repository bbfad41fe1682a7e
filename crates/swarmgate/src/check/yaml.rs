//! As much of YAML as a stack file needs: texts, lists and maps, with anchors, aliases and merge keys, all of them bounded.
//!
//! An alias shares what its anchor holds, so a file that multiplies itself costs no memory. Not here: what a stack says (`check::stack`).

use saphyr_parser::{Event, Parser, ScalarStyle};
use std::collections::HashMap;
use std::rc::Rc;

/// The deepest nesting that is followed.
const DEEPEST: usize = 64;
/// The most values of a file; an alias is one.
const MOST_VALUES: usize = 50_000;

/// A value. What is shared is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Yaml {
    /// A text, a number, `true` or `false`, as it is written. Nothing at all is an empty one.
    Text(String),
    List(Vec<Rc<Yaml>>),
    /// Keys in their order, each once: the last value counts.
    Map(Vec<(String, Rc<Yaml>)>),
}

/// Why a text is no YAML of ours; for an operator.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotYaml {
    #[error("{0}")]
    Syntax(#[from] saphyr_parser::ScanError),
    #[error("it is nested deeper than {DEEPEST} levels")]
    TooDeep,
    #[error("it has more than {MOST_VALUES} values")]
    TooLarge,
    #[error("it holds an alias to an anchor that is not there")]
    NoAnchor,
    #[error("it has a key that is no text")]
    BadKey,
    #[error("it ends in the middle")]
    Unfinished,
}

/// Reads the first document of `text`.
pub(super) fn parse(text: &str) -> Result<Rc<Yaml>, NotYaml> {
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: HashMap::new(), values: 0 };
    loop {
        match reader.next()? {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd => return Ok(Rc::new(Yaml::Text(String::new()))),
            event => return reader.value(event, 0),
        }
    }
}

struct Reader<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    anchors: HashMap<usize, Rc<Yaml>>,
    values: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Event<'t>, NotYaml> {
        Ok(self.parser.next_event().ok_or(NotYaml::Unfinished)??.0)
    }

    /// The value that begins with `event`.
    fn value(&mut self, event: Event<'t>, depth: usize) -> Result<Rc<Yaml>, NotYaml> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(NotYaml::TooLarge);
        }
        if depth > DEEPEST {
            return Err(NotYaml::TooDeep);
        }
        let (value, anchor) = match event {
            Event::Alias(anchor) => return self.anchors.get(&anchor).cloned().ok_or(NotYaml::NoAnchor),
            Event::Scalar(text, style, anchor, _) => {
                let is_nothing = style == ScalarStyle::Plain && matches!(&*text, "~" | "null");
                (Yaml::Text(if is_nothing { String::new() } else { text.into_owned() }), anchor)
            }
            Event::SequenceStart(anchor, _) => (self.list(depth)?, anchor),
            Event::MappingStart(anchor, _) => (self.map(depth)?, anchor),
            _ => return Err(NotYaml::Unfinished),
        };
        let value = Rc::new(value);
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&value));
        }
        Ok(value)
    }

    fn list(&mut self, depth: usize) -> Result<Yaml, NotYaml> {
        let mut list = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Yaml::List(list)),
                event => list.push(self.value(event, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Yaml, NotYaml> {
        let (mut own, mut merged) = (Vec::new(), Vec::new());
        loop {
            let key = match self.next()? {
                Event::MappingEnd => break,
                event => self.value(event, depth + 1)?,
            };
            let Yaml::Text(key) = &*key else { return Err(NotYaml::BadKey) };
            let event = self.next()?;
            let value = self.value(event, depth + 1)?;
            match key.as_str() {
                "<<" => self.merge(&value, &mut merged)?,
                key => set(&mut own, key, value),
            }
        }
        // What a map says itself counts, whatever it merges.
        merged.retain(|(key, _)| !own.iter().any(|(known, _)| known == key));
        own.extend(merged);
        Ok(Yaml::Map(own))
    }

    /// Takes over the entries of a map, or of each of a list of maps; the first one of a key counts.
    fn merge(&mut self, value: &Yaml, into: &mut Vec<(String, Rc<Yaml>)>) -> Result<(), NotYaml> {
        let maps = match value {
            Yaml::List(list) => list.iter().map(|map| &**map).collect(),
            value => vec![value],
        };
        for (key, value) in maps.into_iter().flat_map(Yaml::entries) {
            self.values += 1;
            if self.values > MOST_VALUES {
                return Err(NotYaml::TooLarge);
            }
            if !into.iter().any(|(known, _)| known == key) {
                into.push((key.to_owned(), Rc::clone(value)));
            }
        }
        Ok(())
    }
}

fn set(map: &mut Vec<(String, Rc<Yaml>)>, key: &str, value: Rc<Yaml>) {
    match map.iter_mut().find(|(known, _)| known == key) {
        Some((_, known)) => *known = value,
        None => map.push((key.to_owned(), value)),
    }
}

impl Yaml {
    /// The entries of a map; none of anything else.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Rc<Yaml>)> {
        let map = if let Yaml::Map(map) = self { map.as_slice() } else { &[] };
        map.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The value of a key of a map.
    pub(super) fn get(&self, key: &str) -> Option<&Yaml> {
        self.entries().find(|(known, _)| *known == key).map(|(_, value)| &**value)
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        if let Yaml::Text(text) = self { Some(text) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<'y>(yaml: &'y Yaml, keys: &[&str]) -> Option<&'y str> {
        keys.iter().try_fold(yaml, |yaml, key| yaml.get(key)).and_then(Yaml::text)
    }

    #[test]
    fn texts_are_as_they_are_written_and_aliases_and_merges_are_followed() {
        let yaml = parse(
            "x-labels: &labels\n  a: 1\n  b: yes\none:\n  <<: *labels\n  b: 'no'\ntwo:\n  <<: [*labels, {c: 0x10, a: 2}]\nthree: *labels\nfour: ~\nlist:\n  - a=b\n",
        )
        .unwrap();
        let texts = [["one", "a"], ["one", "b"], ["two", "a"], ["two", "c"], ["three", "b"]];
        assert_eq!(texts.map(|keys| at(&yaml, &keys)), [Some("1"), Some("no"), Some("1"), Some("0x10"), Some("yes")]);
        assert_eq!((at(&yaml, &["four"]), at(&yaml, &["five"])), (Some(""), None));
        assert_eq!(parse("").unwrap().text(), Some(""));
    }

    #[test]
    fn a_file_that_multiplies_itself_costs_nothing_and_one_without_end_is_refused() {
        let mut laughs = "a0: &a0 [x, x]\n".to_owned();
        for level in 1..60 {
            let below = level - 1;
            laughs.push_str(&format!("a{level}: &a{level} [*a{below}, *a{below}, *a{below}]\n"));
        }
        assert_eq!(parse(&laughs).unwrap().entries().count(), 60);
        assert!(matches!(parse(&"[".repeat(1000)), Err(NotYaml::TooDeep | NotYaml::Syntax(_))));
        assert!(matches!(parse(&format!("[{}]", "a,".repeat(MOST_VALUES))), Err(NotYaml::TooLarge)));
        for wrong in ["a: *b", "a: [", "a: b: c", "[a]: b"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
