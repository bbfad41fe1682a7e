//! A secret that whoever calls shows in the field Authorization: the token of changes, and what replicas know each other by.
//!
//! Not here: which call needs which (`api`, `api::certs`), and sending one (`peers`, the listener's notifications).

use axum::http::{HeaderMap, HeaderValue, header};
use proxy::SessionKey;
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// A bearer token (RFC 6750). It is never shown.
#[derive(Clone)]
pub struct Bearer(Arc<str>);

impl Bearer {
    /// Takes a text of visible ASCII, which a header field can hold; `None` for any other.
    pub fn new(text: &str) -> Option<Bearer> {
        let usable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        usable.then(|| Bearer(text.into()))
    }

    /// The value of the field, marked as one that nobody shows.
    pub fn authorization(&self) -> HeaderValue {
        let value = HeaderValue::try_from(format!("Bearer {}", self.0));
        let mut value = value.expect("visible ASCII can stand in a field");
        value.set_sensitive(true);
        value
    }

    /// A key of sticky sessions: it cannot be told from their cookies.
    pub fn session_key(&self) -> SessionKey {
        SessionKey::new(self.0.as_bytes())
    }

    /// Whether a call bears it (RFC 6750 §2.1). The time that this takes tells nothing about it but its length.
    pub fn is_borne_by(&self, headers: &HeaderMap) -> bool {
        let field = headers.get(header::AUTHORIZATION).map(|field| field.as_bytes()).unwrap_or_default();
        let Some((scheme, token)) = field.split_at_checked(b"Bearer ".len()) else { return false };
        scheme.eq_ignore_ascii_case(b"Bearer ") && bool::from(token.ct_eq(self.0.as_bytes()))
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("*****")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_will_do() {
        let secret = Bearer::new("s3cret").unwrap();
        let borne =
            |field: &str| secret.is_borne_by(&HeaderMap::from_iter([(header::AUTHORIZATION, field.parse().unwrap())]));
        assert!(borne("Bearer s3cret") && borne("bearer s3cret"));
        for other in
            ["", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crets", "Bearer S3cret", "Basic s3cret", "s3cret"]
        {
            assert!(!borne(other), "{other}");
        }
        assert!(!secret.is_borne_by(&HeaderMap::new()));
        assert!(secret.is_borne_by(&HeaderMap::from_iter([(header::AUTHORIZATION, secret.authorization())])));
        assert!(Bearer::new("").is_none() && Bearer::new("a\nb").is_none());
    }

    #[test]
    fn it_is_never_shown() {
        let secret = Bearer::new("s3cret").unwrap();
        assert_eq!(format!("{secret:?} {:?}", secret.authorization()), "***** Sensitive");
    }
}
