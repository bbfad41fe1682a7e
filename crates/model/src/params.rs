//! The flat map of parameters, as it came: from a query, from `com.df.*` labels, from a listener's list.
//!
//! Not here: what a parameter means. [`crate::service`] reads meaning out of this map.

pub mod docs;
mod masking;
pub mod table;

pub(crate) use masking::names_credential;
pub use masking::{MASK, shown};

use std::collections::BTreeMap;
use std::vec;

/// The highest index of a destination.
const HIGHEST_INDEX: u8 = 10;
/// An index that has one of these is a destination.
const MAKES_A_DESTINATION: [&str; 4] = ["servicePath", "port", "serviceDomain", "httpsPort"];

/// Parameters by name, in bytewise order of their names. Values are kept verbatim.
///
/// This map is the wire protocol between a listener and a proxy: the query of `/reconfigure` and `/remove`, an element of
/// `get-services`, and the labels of a service without their prefix are all the same flat map.
// A sorted list: a service has a handful of parameters, and the smallest node of a BTreeMap has room for eleven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<Pair>);

/// A name and its value.
type Pair = (Box<str>, Box<str>);

impl Params {
    /// The value of `name`, spelled exactly so. An empty value is the same as an absent one.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.place(name).ok().map(|place| &*self.0[place].1);
        value.filter(|value| !value.is_empty())
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
        let (name, value) = (name.into(), value.into().into_boxed_str());
        match self.place(&name) {
            Ok(place) => self.0[place].1 = value,
            Err(place) => self.0.insert(place, (name.into(), value)),
        }
    }

    /// Sets `name` unless it is already present.
    pub fn set_default(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let name = name.into();
        if let Err(place) = self.place(&name) {
            self.0.insert(place, (name.into(), value.into().into()));
        }
    }

    /// Takes `name` out.
    pub fn remove(&mut self, name: &str) -> Option<String> {
        let place = self.place(name).ok()?;
        Some(self.0.remove(place).1.into())
    }

    /// All parameters, in bytewise order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Where `name` is, or else where it belongs.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(name))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        // The last of several values of one name counts.
        let pairs: BTreeMap<String, String> =
            pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Params(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl IntoIterator for Params {
    type Item = (String, String);
    type IntoIter = std::iter::Map<vec::IntoIter<Pair>, fn(Pair) -> (String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(|(name, value)| (name.into(), value.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::Params;

    #[test]
    fn parameters_are_in_order_each_once_and_the_last_value_counts() {
        let mut params = Params::from_iter([("b", "1"), ("a", "2"), ("b", "3")]);
        params.set("c", "4");
        params.set("a", "5");
        params.set_default("a", "6");
        params.set_default("B", "7");
        assert_eq!(params.iter().collect::<Vec<_>>(), [("B", "7"), ("a", "5"), ("b", "3"), ("c", "4")]);
        assert_eq!((params.remove("b").as_deref(), params.remove("b"), params.get("b")), (Some("3"), None, None));
        let pairs: Vec<(String, String)> = params.clone().into_iter().collect();
        assert_eq!(pairs.into_iter().collect::<Params>(), params);
    }
}
