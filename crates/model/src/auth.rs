//! Basic authentication: who may pass, and whether the Authorization field of a request is one of them.
//!
//! Not here: computing hashes in time (the proxy), and reading the parameters that name users (`service::parse`).

mod credentials;
mod file;
mod hash;
mod read;

pub use credentials::Credentials;
pub use file::UserFiles;
pub use hash::{Hash, Unusable};
pub use read::{Asked, Read, global_users, service_users};

use base64::Engine;
use base64::engine::general_purpose::GeneralPurposeConfig;
use base64::engine::{DecodePaddingMode, GeneralPurpose};
use std::fmt;
use std::sync::Arc;

/// Some clients leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A name and its password. Never shown: `Debug` masks the password.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    name: String,
    password: Password,
}

#[derive(Clone, PartialEq, Eq)]
enum Password {
    Plain(String),
    Hashed(Arc<Hash>),
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

/// Whether a request passes.
#[derive(Debug)]
pub enum Admission {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// The answer costs milliseconds.
    Ask(Question),
}

/// A password, and the hashes that it may be one of. Never shown.
pub struct Question {
    password: Vec<u8>,
    hashes: Vec<Arc<Hash>>,
    /// There is a user of that name. Without one the answer is no; it is as long in coming, so that nobody learns who exists.
    is_known: bool,
}

impl User {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The password, or its hash, for what must be able to check it.
    pub(crate) fn password(&self) -> &str {
        match &self.password {
            Password::Plain(password) => password,
            Password::Hashed(hash) => hash.as_str(),
        }
    }

    /// Whether the password is known as a hash only.
    pub fn is_hashed(&self) -> bool {
        matches!(self.password, Password::Hashed(_))
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:*****", self.name)
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("*****")
    }
}

impl ServiceUsers {
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

    /// Whether a request with this Authorization field passes. Nothing that costs time is computed.
    pub fn judge(&self, authorization: Option<&[u8]>) -> Admission {
        let Access::Users { users, .. } = self else { return Admission::Yes };
        let Some(credentials) = authorization.and_then(basic_credentials) else { return Admission::No };
        // All users are compared, so that the time says nothing about which one came close.
        match users.iter().fold(false, |found, user| found | user.is(&credentials)) {
            true => Admission::Yes,
            false => Question::about(users, &credentials).map_or(Admission::No, Admission::Ask),
        }
    }
}

impl User {
    /// Whether these are its credentials; never if its password is hashed.
    fn is(&self, credentials: &[u8]) -> bool {
        let Password::Plain(password) = &self.password else { return false };
        let expected = self.name.bytes().chain([b':']).chain(password.bytes());
        let length = self.name.len() + 1 + password.len();
        let difference = expected.zip(credentials).fold(0, |sum, (a, b)| sum | (a ^ b));
        length == credentials.len() && difference == 0
    }
}

impl Question {
    /// `None` where nobody has a hashed password, or where these are no credentials.
    fn about(users: &[User], credentials: &[u8]) -> Option<Question> {
        let colon = credentials.iter().position(|byte| *byte == b':')?;
        let (name, password) = (&credentials[..colon], credentials[colon + 1..].to_vec());
        let hashed = || {
            users.iter().filter_map(|user| match &user.password {
                Password::Hashed(hash) => Some((user.name.as_bytes(), hash)),
                Password::Plain(_) => None,
            })
        };
        let mut hashes: Vec<_> =
            hashed().filter(|(known, _)| *known == name).map(|(_, hash)| Arc::clone(hash)).collect();
        let is_known = !hashes.is_empty();
        if !is_known {
            hashes.push(Arc::clone(hashed().next()?.1));
        }
        Some(Question { password, hashes, is_known })
    }

    /// Whether the password is right. Costs milliseconds, at most about a second for each hash: for a thread that nobody waits for.
    pub fn is_right(&self) -> bool {
        // The decoy's answer is of no matter, only its time.
        self.hashes.iter().any(|hash| hash.is_of(&self.password)) && self.is_known
    }

    /// All that the answer depends on, piece by piece: the same pieces have the same answer for ever. Not to be shown.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let known: &[u8] = if self.is_known { b"known" } else { b"decoy" };
        [known, &self.password].into_iter().chain(self.hashes.iter().map(|hash| hash.as_str().as_bytes()))
    }
}

/// `name:password` out of `Basic <base64>` (RFC 7617 §2); the scheme in any case of letters.
fn basic_credentials(field: &[u8]) -> Option<Vec<u8>> {
    let (scheme, token) = field.trim_ascii().split_at_checked(6)?;
    scheme.eq_ignore_ascii_case(b"basic ").then_some(())?;
    BASE64.decode(token.trim_ascii()).ok()
}

#[cfg(test)]
mod tests;
