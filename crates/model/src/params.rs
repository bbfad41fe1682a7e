//! The flat map of parameters, as it came: from a query, from `com.df.*` labels, from a listener's list.
//!
//! Not here: what a parameter means. [`crate::service`] reads meaning out of this map.

pub mod docs;
pub mod table;

use std::collections::BTreeMap;
use std::collections::btree_map;

/// The highest index of a destination.
const HIGHEST_INDEX: u8 = 10;
/// An index that has one of these is a destination.
const MAKES_A_DESTINATION: [&str; 4] = ["servicePath", "port", "serviceDomain", "httpsPort"];

/// Parameters by name, in bytewise order of their names. Values are kept verbatim.
///
/// This map is the wire protocol between a listener and a proxy: the query of `/reconfigure` and `/remove`, an element of
/// `get-services`, and the labels of a service without their prefix are all the same flat map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// The value of `name`, spelled exactly so. An empty value is the same as an absent one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of `name` in any case of letters; the exact spelling wins.
    pub fn get_any_case(&self, name: &str) -> Option<&str> {
        let similar = || self.iter().find(|(other, value)| other.eq_ignore_ascii_case(name) && !value.is_empty());
        self.get(name).or_else(|| similar().map(|(_, value)| value))
    }

    /// The value of a destination's parameter: `name.index` if it is there, else `name`.
    pub fn get_at(&self, name: &str, index: Option<u8>) -> Option<&str> {
        let indexed = index.and_then(|index| self.get(&format!("{name}.{index}")));
        indexed.or_else(|| self.get(name))
    }

    /// The indexes of destinations, from 1 on: they end before the first one that has neither path, port, domain nor https port.
    pub fn indexes(&self) -> Vec<u8> {
        let has = |index: &u8| MAKES_A_DESTINATION.iter().any(|name| self.get(&format!("{name}.{index}")).is_some());
        (1..=HIGHEST_INDEX).take_while(has).collect()
    }

    /// Sets `name` to `value`, replacing what was there.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// Sets `name` unless it is already present.
    pub fn set_default(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.entry(name.into()).or_insert_with(|| value.into());
    }

    /// Takes `name` out.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// All parameters, in bytewise order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Params(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl IntoIterator for Params {
    type Item = (String, String);
    type IntoIter = btree_map::IntoIter<String, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
