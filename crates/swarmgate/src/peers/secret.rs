//! What replicas know each other by (`DFP_CLUSTER_SECRET`).
//!
//! Not here: what only replicas may have (`api::certs`).

use axum::http::{HeaderMap, header};
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// The secret that all replicas of a proxy share. It is never shown.
#[derive(Clone)]
pub struct ClusterSecret(Arc<str>);

impl ClusterSecret {
    /// Takes a text of visible ASCII, which a header field can hold; `None` for any other.
    pub fn new(text: &str) -> Option<ClusterSecret> {
        let usable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        usable.then(|| ClusterSecret(text.into()))
    }

    /// For the one field it is sent in.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether a call bears it (RFC 6750 §2.1). The time that this takes tells nothing about the secret but its length.
    pub fn is_borne_by(&self, headers: &HeaderMap) -> bool {
        let field = headers.get(header::AUTHORIZATION).map(|field| field.as_bytes()).unwrap_or_default();
        let Some((scheme, token)) = field.split_at_checked(b"Bearer ".len()) else { return false };
        scheme.eq_ignore_ascii_case(b"Bearer ") && bool::from(token.ct_eq(self.0.as_bytes()))
    }
}

impl fmt::Debug for ClusterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("*****")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_will_do() {
        let secret = ClusterSecret::new("s3cret").unwrap();
        let borne =
            |field: &str| secret.is_borne_by(&HeaderMap::from_iter([(header::AUTHORIZATION, field.parse().unwrap())]));
        assert!(borne("Bearer s3cret") && borne("bearer s3cret"));
        for other in
            ["", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crets", "Bearer S3cret", "Basic s3cret", "s3cret"]
        {
            assert!(!borne(other), "{other}");
        }
        assert!(!secret.is_borne_by(&HeaderMap::new()));
        assert_eq!(format!("{secret:?}"), "*****");
        assert!(ClusterSecret::new("").is_none() && ClusterSecret::new("a\nb").is_none());
    }
}
