//! `DFP_SERVICE_*`: services that the environment describes, as the parameters of a call.
//!
//! Docker Flow's rules: `DFP_SERVICE_PORT` is of the one service without a number and `DFP_SERVICE_2_PORT` of the second; a number at the end,
//! as in `DFP_SERVICE_PORT_1`, is a destination's. The destination without an index stands beside those with one, and lends them nothing but
//! its host. Docker Flow gave all of them the index 0; here each has its own.
//! Not here: judging what is read (`model::service`).

use super::read::Reader;
use model::Params;
use model::params::table::{Kind, Level, PARAMS, Param};
use model::service::{Mode, one_edit_apart};
use std::collections::BTreeMap;

/// What the names of all these variables begin with.
pub(super) const PREFIX: &str = "DFP_SERVICE_";
/// The highest index of a destination.
const HIGHEST_INDEX: u8 = 10;

/// A service that the environment describes.
#[derive(Clone, Debug)]
pub struct DeclaredService {
    /// The variables that it was read from, for the log.
    pub variables: Vec<String>,
    /// What they say.
    pub params: Params,
}

/// What one variable says.
struct Said<'v> {
    variable: &'v str,
    value: &'v str,
    /// The parameter, and its name or older name.
    param: &'static Param,
    name: &'static str,
    index: Option<u8>,
}

/// All that is said about one service.
struct Description<'v> {
    /// `DFP_SERVICE_` or `DFP_SERVICE_1_`.
    prefix: String,
    said: Vec<Said<'v>>,
}

/// Reads all services. What is not understood is told, and hurts nothing else.
pub(super) fn read(read: &mut Reader<'_>) -> Vec<DeclaredService> {
    let protocol =
        read.parsed_or("DEFAULT_PROTOCOL", Mode::Http, |text| Mode::parse(text).ok_or("is not one of http, tcp, sni"));
    let separator = read.text("SEPARATOR");
    let mut declared = Vec::new();
    let mut next = 1;
    for (number, description) in describe(read) {
        if description.value("serviceName", None).is_none() || number > next {
            read.warn(description.without_name());
            continue;
        }
        next = number + 1;
        declared.push(DeclaredService {
            params: description.params(read, protocol, &separator),
            variables: description.said.iter().map(|said| said.variable.to_owned()).collect(),
        });
    }
    declared
}

/// The variables by service; 0 is the one without a number.
fn describe<'v>(read: &mut Reader<'v>) -> BTreeMap<u32, Description<'v>> {
    let mut services = BTreeMap::new();
    for (variable, value) in read.all_of(PREFIX) {
        let rest = &variable[PREFIX.len()..];
        let (number, key) = match rest.split_once('_').and_then(|(first, key)| Some((number(first)?, key))) {
            Some((number, key)) => (number, key),
            None => (0, rest),
        };
        let prefix = if number == 0 { PREFIX.to_owned() } else { format!("{PREFIX}{number}_") };
        let (name, index) = split_index(key);
        let Some((param, name)) = known(name) else {
            read.warn(format!("{variable}: nobody knows this variable{}", near(&prefix, name)));
            continue;
        };
        let description = services.entry(number).or_insert_with(|| Description { prefix, said: Vec::new() });
        description.said.push(Said { variable, value, param, name, index });
    }
    services
}

/// A number as it would be counted: no sign, no leading zero.
fn number(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok().filter(|number| *number > 0)?;
    (number.to_string() == text).then_some(number)
}

/// `PORT_1`: the name, and the destination.
fn split_index(key: &str) -> (&str, Option<u8>) {
    let split = key.rsplit_once('_').and_then(|(name, index)| Some((name, u8::try_from(number(index)?).ok()?)));
    split.map_or((key, None), |(name, index)| (name, Some(index)))
}

/// The parameter that is spelled so: `SERVICE_PATH` is `servicePath`. Docker Flow wrote `DISCOVERYTYPE` without a line, so none counts.
fn known(name: &str) -> Option<(&'static Param, &'static str)> {
    let letters: String = name.split('_').collect();
    let is_name = |known: &&&'static str| known.to_ascii_uppercase() == letters;
    let named =
        |param: &'static Param| Some((param, *std::iter::once(&param.name).chain(param.aliases).find(is_name)?));
    PARAMS.iter().find_map(named)
}

fn near(prefix: &str, name: &str) -> String {
    let letters: String = name.split('_').collect();
    let near = PARAMS.iter().find(|param| letters.len() >= 4 && one_edit_apart(param.name, &letters));
    near.map(|param| format!("; did you mean {prefix}{}?", spelled(param.name))).unwrap_or_default()
}

/// `servicePath` as a variable spells it: `SERVICE_PATH`.
fn spelled(name: &str) -> String {
    let mut spelled = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            spelled.push('_');
        }
        spelled.push(letter.to_ascii_uppercase());
    }
    spelled
}

impl Description<'_> {
    fn value(&self, name: &str, index: Option<u8>) -> Option<&str> {
        self.said.iter().find(|said| said.name == name && said.index == index).map(|said| said.value)
    }

    fn has_any(&self, names: &[&str], index: Option<u8>) -> bool {
        names.iter().any(|name| self.value(name, index).is_some())
    }

    fn without_name(&self) -> String {
        format!(
            "{}: no service is made of it: services are counted from 1 without a gap, and each has a {}SERVICE_NAME",
            self.variables(),
            self.prefix
        )
    }

    fn variables(&self) -> String {
        self.said.iter().map(|said| said.variable).collect::<Vec<_>>().join(", ")
    }

    /// The indexes of destinations, from 1 on: as in Docker Flow they end before the first one that is not complete.
    fn indexes(&self) -> Vec<u8> {
        let is_complete = |index: &u8| {
            let at = Some(*index);
            self.has_any(&["servicePath", "serviceDomain", "srcPort"], at) && self.has_any(&["port", "httpsPort"], at)
        };
        (1..=HIGHEST_INDEX).take_while(is_complete).collect()
    }

    /// The parameters of a call that says the same. Where there are destinations with an index, the one without becomes the first.
    fn params(&self, read: &mut Reader<'_>, protocol: Mode, separator: &str) -> Params {
        let indexes = self.indexes();
        let makes: &[&str] = if indexes.is_empty() {
            &["servicePath", "port", "serviceDomain", "httpsPort"]
        } else {
            &["servicePath", "port"]
        };
        let own = self.has_any(makes, None);
        let shift = u8::from(own && !indexes.is_empty());
        let place = |name: &str, index: u8| if index == 0 { name.to_owned() } else { format!("{name}.{index}") };
        let mut params = Params::default();
        for said in &self.said {
            let index = match (said.param.level, said.index) {
                (Level::Service, None) => Some(0),
                (Level::Destination, None) if own => Some(shift),
                (Level::Destination, Some(index)) if indexes.contains(&index) => Some(index + shift),
                _ => None,
            };
            match index.filter(|index| *index <= HIGHEST_INDEX) {
                Some(index) => params.set(place(said.name, index), said.value_for(separator)),
                None if said.is_lent() => {}
                None => read.warn(said.not_read()),
            }
        }
        if own && protocol != Mode::Http {
            params.set_default(place("reqMode", shift), protocol.word());
        }
        for index in indexes {
            if let Some(host) = self.value("outboundHostname", None) {
                params.set_default(place("outboundHostname", index + shift), host);
            }
        }
        // Docker Flow reads no replicas as "not said" here: nothing is removed by the environment.
        if params.get("replicas").is_some_and(|replicas| replicas.trim() == "0") {
            params.remove("replicas");
        }
        params
    }
}

impl Said<'_> {
    /// The value as a parameter. Lists of a service are divided by commas here, whatever `SEPARATOR` says.
    fn value_for(&self, separator: &str) -> String {
        let is_list = self.param.level == Level::Service && self.param.kind == Kind::List && self.name != "users";
        if is_list { self.value.replace(',', separator) } else { self.value.to_owned() }
    }

    /// The one value that destinations with an index take from the one without.
    fn is_lent(&self) -> bool {
        self.name == "outboundHostname" && self.index.is_none()
    }

    fn not_read(&self) -> String {
        let reason = match (self.param.level, self.index) {
            (Level::Service, _) => "it is said of the whole service, without an index at the end",
            (_, None) => {
                "it is of the destination without an index, and there is none: that has a SERVICE_PATH or a PORT"
            }
            (_, Some(_)) => {
                "destinations are counted from 1 to 10 without a gap, and each has a SERVICE_PATH or a SERVICE_DOMAIN, and a PORT"
            }
        };
        format!("{}: it is not read: {reason}", self.variable)
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::{Variables, proxy};

    /// The services as queries, in order, and the warnings.
    fn check(pairs: &[(&str, &str)], services: &[&str], warnings: &[&str]) {
        let settings = proxy(&pairs.iter().copied().collect::<Variables>()).unwrap();
        let query = |service: &super::DeclaredService| {
            let pairs: Vec<_> = service.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
            pairs.join("&")
        };
        let read: Vec<_> = settings.services.iter().map(query).collect();
        assert_eq!(read, services);
        assert_eq!(settings.warnings.len(), warnings.len(), "{:?}", settings.warnings);
        for (told, expected) in settings.warnings.iter().zip(warnings) {
            assert!(told.starts_with(expected), "{told}");
        }
    }

    #[test]
    fn behaviour_79_services_have_numbers_and_destinations_indexes() {
        check(
            &[
                ("DFP_SERVICE_SERVICE_NAME", "plain"),
                ("DFP_SERVICE_SERVICE_PATH", "/a,/b"),
                ("DFP_SERVICE_PORT", "1"),
                ("DFP_SERVICE_1_SERVICE_NAME", "one"),
                ("DFP_SERVICE_1_SERVICE_DOMAIN", "one.com"),
                ("DFP_SERVICE_1_PORT", "2"),
                ("DFP_SERVICE_1_SERVICE_DOMAIN_MATCH_ALL", "true"),
                ("DFP_SERVICE_1_DISCOVERYTYPE", "DNS"),
                ("DFP_SERVICE_2_SERVICE_NAME", "two"),
                ("DFP_SERVICE_2_SERVICE_PATH_1", "/two"),
                ("DFP_SERVICE_2_PORT_1", "3"),
                ("DFP_SERVICE_2_REPLICAS", "0"),
            ],
            &[
                "port=1&serviceName=plain&servicePath=/a,/b",
                "discoveryType=DNS&port=2&serviceDomain=one.com&serviceDomainMatchAll=true&serviceName=one",
                "port.1=3&serviceName=two&servicePath.1=/two",
            ],
            &[],
        );
    }

    #[test]
    fn behaviour_79_what_has_no_name_or_comes_after_a_gap_is_told() {
        check(
            &[
                ("DFP_SERVICE_PORT", "1"),
                ("DFP_SERVICE_SERVICE_PATH", "/a"),
                ("DFP_SERVICE_1_SERVICE_NAME", "one"),
                ("DFP_SERVICE_1_PORT", "2"),
                ("DFP_SERVICE_1_SERVICE_PATH", "/one"),
                ("DFP_SERVICE_3_SERVICE_NAME", "three"),
                ("DFP_SERVICE_1_SERVICE_PAHT", "/x"),
                ("DFP_SERVICE_1_SERVIC_PATH", "/x"),
            ],
            &["port=2&serviceName=one&servicePath=/one"],
            &[
                "DFP_SERVICE_1_SERVICE_PAHT: nobody knows this variable",
                "DFP_SERVICE_1_SERVIC_PATH: nobody knows this variable; did you mean DFP_SERVICE_1_SERVICE_PATH?",
                "DFP_SERVICE_PORT, DFP_SERVICE_SERVICE_PATH: no service is made of it",
                "DFP_SERVICE_3_SERVICE_NAME: no service is made of it",
            ],
        );
    }

    #[test]
    fn the_destination_without_an_index_stands_beside_the_others_and_lends_them_its_host() {
        check(
            &[
                ("DFP_SERVICE_SERVICE_NAME", "a"),
                ("DFP_SERVICE_SERVICE_PATH", "/a"),
                ("DFP_SERVICE_PORT", "1"),
                ("DFP_SERVICE_OUTBOUND_HOSTNAME", "host"),
                ("DFP_SERVICE_DENY_HTTP", "true"),
                ("DFP_SERVICE_SERVICE_PATH_1", "/b"),
                ("DFP_SERVICE_PORT_1", "1"),
                ("DFP_SERVICE_SERVICE_PATH_2", "/c"),
            ],
            &["denyHttp.1=true&outboundHostname.1=host&outboundHostname.2=host&port.1=1&port.2=1\
                &serviceName=a&servicePath.1=/a&servicePath.2=/b"],
            &["DFP_SERVICE_SERVICE_PATH_2: it is not read: destinations are counted"],
        );
        check(
            &[
                ("DFP_SERVICE_SERVICE_NAME", "a"),
                ("DFP_SERVICE_DENY_HTTP", "true"),
                ("DFP_SERVICE_ACL_NAME_1", "x"),
                ("DFP_SERVICE_SERVICE_DOMAIN_1", "b.com"),
                ("DFP_SERVICE_PORT_1", "1"),
            ],
            &["port.1=1&serviceDomain.1=b.com&serviceName=a"],
            &[
                "DFP_SERVICE_ACL_NAME_1: it is not read: it is said of the whole service",
                "DFP_SERVICE_DENY_HTTP: it is not read: it is of the destination without an index",
            ],
        );
    }

    #[test]
    fn the_default_protocol_is_for_destinations_without_an_index_and_lists_have_commas() {
        check(
            &[
                ("DEFAULT_PROTOCOL", "TCP"),
                ("SEPARATOR", "|"),
                ("DFP_SERVICE_SERVICE_NAME", "a"),
                ("DFP_SERVICE_SRC_PORT", "6379"),
                ("DFP_SERVICE_PORT", "1"),
                ("DFP_SERVICE_DEL_RES_HEADER", "A,B"),
                ("DFP_SERVICE_SERVICE_PATH_1", "/b|/c"),
                ("DFP_SERVICE_PORT_1", "2"),
            ],
            &["delResHeader=A|B&port.1=1&port.2=2&reqMode.1=tcp&serviceName=a&servicePath.2=/b|/c&srcPort.1=6379"],
            &[],
        );
        let wrong: Variables = [("DEFAULT_PROTOCOL", "udp")].into_iter().collect();
        let told = proxy(&wrong).unwrap_err().to_string();
        assert!(told.contains("DEFAULT_PROTOCOL: `udp` is not one of http, tcp, sni"), "{told}");
    }
}
