//! The query and form of a call → parameters.
//!
//! Docker Flow had two decoders, kept here: a service's parameters come from query and form, the last value wins; a destination's come
//! from the query alone, the first value wins.
//! Not here: what the parameters mean (`model::service`).

use crate::peers::NOTIFIED_BY;
use axum::body::Bytes;
use axum::http::{HeaderMap, Uri, header};
use model::Params;
use model::catalog::ListenerId;
use model::params;
use model::params::table::{Level, param};

/// All pairs of a call, in order; a form comes after the query.
pub(super) struct Pairs {
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    /// The listener that says that this is what its list holds too.
    pub(super) notified_by: Option<ListenerId>,
}

impl Pairs {
    pub(super) fn read(uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Pairs {
        let decode = |bytes: &[u8]| form_urlencoded::parse(bytes).into_owned().collect();
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_form = kind
            .split(';')
            .next()
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"));
        let form = if is_form { decode(body) } else { Vec::new() };
        let notified_by = headers.get(NOTIFIED_BY).and_then(|id| ListenerId::parse(id.to_str().ok()?));
        Pairs { query: decode(uri.query().unwrap_or_default().as_bytes()), form, notified_by }
    }

    pub(super) fn params(&self) -> Params {
        let mut params = Params::default();
        for (name, value) in &self.query {
            match is_for_service(name) {
                true => params.set(name, value),
                false => params.set_default(name, value),
            }
        }
        for (name, value) in self.form.iter().filter(|(name, _)| is_for_service(name)) {
            params.set(name, value);
        }
        params
    }

    /// Everything, for another replica.
    pub(super) fn into_all(self) -> Vec<(String, String)> {
        let form = self.form.into_iter().filter(|(name, _)| is_for_service(name));
        self.query.into_iter().chain(form).collect()
    }
}

fn is_for_service(name: &str) -> bool {
    param(name).is_some_and(|param| param.level == Level::Service)
}

/// Whether the call asks to be passed on to all replicas.
pub(super) fn wants_distribution(params: &Params) -> bool {
    let asked = params.get_any_case("distribute").unwrap_or_default();
    ["1", "t", "true", "on"].iter().any(|yes| asked.trim().eq_ignore_ascii_case(yes))
}

/// Whether the call says that it does not want something.
pub(super) fn is_denied(params: &Params, name: &str) -> bool {
    let asked = params.get_any_case(name).unwrap_or_default();
    ["0", "f", "false", "off"].iter().any(|no| asked.trim().eq_ignore_ascii_case(no))
}

/// A query for the log: secrets masked, control characters still encoded.
pub(super) fn masked(query: &str) -> String {
    // A name may be encoded like a value.
    let mask = |pair: &str| {
        let (name, _) = pair.split_once('=')?;
        let (decoded, value) = form_urlencoded::parse(pair.as_bytes()).next()?;
        let shown = params::shown(&decoded, &value);
        (shown != value)
            .then(|| format!("{name}={}", form_urlencoded::byte_serialize(shown.as_bytes()).collect::<String>()))
    };
    let mask = |pair: &str| mask(pair).unwrap_or_else(|| pair.to_owned());
    query.split('&').map(mask).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(query: &str, form: &str) -> Vec<(String, String)> {
        let uri: Uri = format!("/x?{query}").parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8".parse().unwrap());
        Pairs::read(&uri, &headers, &Bytes::from(form.to_owned())).params().into_iter().collect()
    }

    #[test]
    fn a_services_last_value_wins_and_a_destinations_first() {
        let read = params("aclName=a&aclName=b&port=1&port=2&servicePath=%2Fa+b", "aclName=c&port=3");
        let expected = [("aclName", "c"), ("port", "1"), ("servicePath", "/a b")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn regression_what_looks_like_a_misspelt_secret_is_masked_too() {
        assert_eq!(
            masked("userrs=a:b&user=a:b&users.1=a:b&userAgent=curl"),
            "userrs=*****&user=*****&users.1=*****&userAgent=curl"
        );
    }

    #[test]
    fn bug_credentials_in_header_rules_were_logged() {
        assert_eq!(
            masked("setReqHeader=X-A+1,Authorization%20Basic%2Ca&addHeader=X-B%20%0A&backendExtra=x%20cookie"),
            "setReqHeader=X-A+1%2CAuthorization+*****%2C*****&addHeader=X-B%20%0A&backendExtra=*****"
        );
    }

    #[test]
    fn secrets_are_masked_in_the_log() {
        assert_eq!(
            masked("serviceName=a&users=u:p&Users=x&serviceCert=KEY&port=1"),
            "serviceName=a&users=*****&Users=*****&serviceCert=*****&port=1"
        );
        assert_eq!(masked("u%73ers=u:p&%55SERS=u:p&users"), "u%73ers=*****&%55SERS=*****&users");
        assert_eq!(masked(""), "");
    }
}
