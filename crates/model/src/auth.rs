//! Basic authentication: who may pass, and whether the Authorization field of a request is one of them.
//!
//! Hashed passwords are not here yet: a service that asks for them is locked.

mod credentials;

pub use credentials::Credentials;

use base64::Engine;
use base64::engine::general_purpose::GeneralPurposeConfig;
use base64::engine::{DecodePaddingMode, GeneralPurpose};
use std::fmt;

/// Some clients leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A name and its password. Never shown: `Debug` masks the password.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    name: String,
    password: String,
}

/// The users of a service. Empty means locked: asked for, but none is usable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUsers(Vec<User>);

/// `USERS`: who may pass where a service names nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum GlobalUsers {
    /// Not set: nobody is asked.
    #[default]
    Open,
    /// Only these may pass; none means locked.
    Only(Vec<User>),
}

/// What a request must show to pass one destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    #[default]
    Open,
    /// The credentials of one of the users; nobody's if there are none.
    Users {
        /// Told to the client.
        realm: String,
        /// Who may pass.
        users: Vec<User>,
    },
}

/// Reads `name:password` entries, divided by commas or line ends, blanks around them ignored. The first `:` divides.
/// Returns the users and the number of entries that had no name or no password.
pub fn parse_users(text: &str) -> (Vec<User>, usize) {
    let mut users = Vec::new();
    let mut dropped = 0;
    for entry in entries(text) {
        match entry.split_once(':') {
            Some((name, password)) if !name.is_empty() && !password.is_empty() => {
                users.push(User { name: name.to_owned(), password: password.to_owned() });
            }
            _ => dropped += 1,
        }
    }
    (users, dropped)
}

/// `USERS`, read. Entries without a password are left out; set but without one usable user means locked.
pub fn global_users(text: &str) -> (GlobalUsers, usize) {
    if text.trim().is_empty() {
        return (GlobalUsers::Open, 0);
    }
    let (users, dropped) = parse_users(text);
    (GlobalUsers::Only(users), dropped)
}

/// A service's `users`: a name without a password takes that of the global user of the same name.
/// Returns the users and the number of entries that are not usable.
pub fn service_users(text: &str, global: &GlobalUsers) -> (ServiceUsers, usize) {
    let known = match global {
        GlobalUsers::Open => &[],
        GlobalUsers::Only(users) => users.as_slice(),
    };
    let mut users = Vec::new();
    let mut dropped = 0;
    for entry in entries(text) {
        let (named, _) = parse_users(entry);
        let found = named.into_iter().next().or_else(|| known.iter().find(|user| user.name == entry).cloned());
        match found {
            Some(user) => users.push(user),
            None => dropped += 1,
        }
    }
    (ServiceUsers(users), dropped)
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty())
}

impl User {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The password, for what must be able to check it.
    pub(crate) fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:*****", self.name)
    }
}

impl ServiceUsers {
    /// Nobody may pass.
    pub fn locked() -> ServiceUsers {
        ServiceUsers(Vec::new())
    }

    /// Whether nobody may pass.
    pub fn is_locked(&self) -> bool {
        self.0.is_empty()
    }

    /// The users.
    pub fn users(&self) -> &[User] {
        &self.0
    }
}

impl Access {
    /// What a destination of service `name` asks for: its own users replace the global ones, as the seed of this project says.
    pub fn new(name: &str, service: Option<&ServiceUsers>, global: &GlobalUsers) -> Access {
        match (service, global) {
            (Some(ServiceUsers(users)), _) => Access::Users { realm: format!("{name}Realm"), users: users.clone() },
            (None, GlobalUsers::Only(users)) => {
                Access::Users { realm: "defaultRealm".to_owned(), users: users.clone() }
            }
            (None, GlobalUsers::Open) => Access::Open,
        }
    }

    /// Whether a request with this Authorization field passes.
    pub fn admits(&self, authorization: Option<&[u8]>) -> bool {
        let Access::Users { users, .. } = self else { return true };
        let Some(credentials) = authorization.and_then(basic_credentials) else { return false };
        // All users are compared, so that the time says nothing about which one came close.
        users.iter().fold(false, |found, user| found | user.is(&credentials))
    }
}

impl User {
    fn is(&self, credentials: &[u8]) -> bool {
        let expected = self.name.bytes().chain([b':']).chain(self.password.bytes());
        let length = self.name.len() + 1 + self.password.len();
        let difference = expected.zip(credentials).fold(0, |sum, (a, b)| sum | (a ^ b));
        length == credentials.len() && difference == 0
    }
}

/// `name:password` out of `Basic <base64>` (RFC 7617 §2); the scheme in any case of letters.
fn basic_credentials(field: &[u8]) -> Option<Vec<u8>> {
    let (scheme, token) = field.trim_ascii().split_at_checked(6)?;
    scheme.eq_ignore_ascii_case(b"basic ").then_some(())?;
    BASE64.decode(token.trim_ascii()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(service: &str, global: &str) -> Access {
        let (global, _) = global_users(global);
        let own = (!service.is_empty()).then(|| service_users(service, &global).0);
        Access::new("go-demo", own.as_ref(), &global)
    }

    fn admits(access: &Access, credentials: &str) -> bool {
        let field = format!("Basic {}", BASE64.encode(credentials));
        access.admits(Some(field.as_bytes()))
    }

    #[test]
    fn behaviour_187_service_users_replace_global_ones() {
        let both = access("admin:password", "my-user:my-pass");
        assert!(admits(&both, "admin:password"));
        assert!(!admits(&both, "my-user:my-pass"));
        assert!(matches!(both, Access::Users { realm, .. } if realm == "go-demoRealm"));
    }

    #[test]
    fn behaviour_140_a_name_alone_takes_its_password_from_the_global_users() {
        let mixed = access("my-user,other:x", "my-user:my-pass,hidden:y");
        assert!(admits(&mixed, "my-user:my-pass") && admits(&mixed, "other:x"));
        assert!(!admits(&mixed, "hidden:y"));
    }

    #[test]
    fn behaviour_140_users_asked_for_but_not_found_lock_the_service() {
        let locked = access("nobody", "");
        assert!(!admits(&locked, "nobody:") && !locked.admits(None));
        assert!(!admits(&access("", "nonsense"), "nonsense:"));
    }

    #[test]
    fn behaviour_141_blanks_line_ends_and_incomplete_entries_are_harmless() {
        let (users, dropped) = parse_users(" a:b ,\n\nc:d:e,,nopass,:noname,nopass:\n");
        assert_eq!(format!("{users:?}"), "[a:*****, c:*****]");
        assert_eq!(dropped, 3);
        assert!(admits(&access("c:d:e", ""), "c:d:e"), "a password may hold a colon");
    }

    #[test]
    fn only_the_exact_credentials_of_one_user_pass() {
        let users = access("admin:password", "");
        for wrong in ["admin:passwor", "admin:passwordx", "Admin:password", "admin", "", ":"] {
            assert!(!admits(&users, wrong), "{wrong:?}");
        }
        assert!(!users.admits(None));
        assert!(!users.admits(Some(b"Bearer YWRtaW46cGFzc3dvcmQ=")));
        assert!(!users.admits(Some(b"Basic !!!")));
        assert!(
            users.admits(Some(b"basic  YWRtaW46cGFzc3dvcmQ")),
            "case, blanks and padding of the scheme do not matter"
        );
        assert!(access("", "").admits(None), "nobody is asked where nobody is named");
    }
}
