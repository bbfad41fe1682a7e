//! One name and one password that are asked for, whatever letters they hold: no list is read here.
//!
//! Not here: users of services, and `USERS` (`auth`).

use super::basic_credentials;
use std::fmt;

/// A name and a password. Never shown: `Debug` masks the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    name: String,
    password: String,
}

impl Credentials {
    /// What a request must show.
    pub fn new(name: impl Into<String>, password: impl Into<String>) -> Credentials {
        Credentials { name: name.into(), password: password.into() }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The password, for a configuration that a program reads.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Whether a request with this Authorization field shows them (RFC 7617 §2). The time says nothing about how close it came.
    pub fn admits(&self, authorization: Option<&[u8]>) -> bool {
        let Some(shown) = authorization.and_then(basic_credentials) else { return false };
        let expected = self.name.bytes().chain([b':']).chain(self.password.bytes());
        let difference = expected.zip(&shown).fold(0, |sum, (a, b)| sum | (a ^ b));
        shown.len() == self.name.len() + 1 + self.password.len() && difference == 0
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:*****", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::Credentials;

    #[test]
    fn only_these_pass_and_no_letter_is_special() {
        let admin = Credentials::new("admin", "a,b:c");
        // admin:a,b:c, admin:a,b and nothing
        assert!(admin.admits(Some(b"Basic YWRtaW46YSxiOmM=")));
        assert!(!admin.admits(Some(b"Basic YWRtaW46YSxi")) && !admin.admits(Some(b"Basic ")) && !admin.admits(None));
        assert_eq!(format!("{admin:?}"), "admin:*****");
    }
}
