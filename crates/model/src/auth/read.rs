//! Users as `USERS`, `users` and the secrets `dfp_users_…` write them, and where a name alone takes its password from.
//!
//! Not here: which of them a request may be (`auth`).

use super::hash::{Hash, Unusable};
use super::{GlobalUsers, Password, ServiceUsers, User};
use std::collections::HashSet;
use std::sync::Arc;

/// Users as they were read, and what is said about those who cannot pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read<T> {
    /// Who may pass.
    pub users: T,
    /// Sentences for an operator. No password is in them, and nothing that may be one.
    pub complaints: Vec<String>,
}

/// What a service says about its users.
#[derive(Clone, Copy, Default)]
pub struct Asked<'a> {
    /// `users`.
    pub named: Option<&'a str>,
    /// What is in the secret that `usersSecret` names; empty if there is none.
    pub secret: Option<&'a str>,
    /// `usersPassEncrypted`: the passwords of both are hashes.
    pub hashed: bool,
}

/// An entry, divided.
struct Entry<'a> {
    name: &'a str,
    /// Empty: there is none.
    password: &'a str,
}

/// `USERS`, read: `name:password` entries, divided by commas or line ends, blanks around them ignored; the first `:` divides. Entries
/// without a password are left out; set but without one usable user means locked.
pub fn global_users(text: &str, hashed: bool) -> Read<GlobalUsers> {
    if text.trim().is_empty() {
        return Read { users: GlobalUsers::Open, complaints: Vec::new() };
    }
    let mut complaints = Complaints::default();
    let users = complaints.sort_out_all(text, hashed, None);
    Read { users: GlobalUsers::Only(users), complaints: complaints.told() }
}

/// A service's users, in Docker Flow's order: those of `users`, whose name alone takes the password of the secret's user of that name, in any
/// case of letters, or where no secret is named that of the global one; without `users`, all of the secret.
pub fn service_users(asked: Asked<'_>, global: &GlobalUsers) -> Read<ServiceUsers> {
    let mut complaints = Complaints::default();
    let secret: Vec<User> = match (asked.secret, asked.named) {
        // Whom `users` does not name is of no interest, nor what is wrong with them.
        (Some(text), Some(_)) => global_users(text, asked.hashed).users.into_users(),
        (Some(text), None) => complaints.sort_out_all(text, asked.hashed, None),
        (None, _) => Vec::new(),
    };
    let Some(named) = asked.named else {
        return Read { users: ServiceUsers(secret), complaints: complaints.told() };
    };
    let others = match (asked.secret, global) {
        (None, GlobalUsers::Only(users)) => users.as_slice(),
        _ => secret.as_slice(),
    };
    let users = complaints.sort_out_all(named, asked.hashed, Some(others));
    Read { users: ServiceUsers(users), complaints: complaints.told() }
}

fn entries(text: &str) -> impl Iterator<Item = Entry<'_>> {
    let entries = text.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
    entries.map(|entry| {
        let (name, password) = entry.split_once(':').unwrap_or((entry, ""));
        Entry { name, password }
    })
}

impl GlobalUsers {
    fn into_users(self) -> Vec<User> {
        match self {
            GlobalUsers::Open => Vec::new(),
            GlobalUsers::Only(users) => users,
        }
    }
}

/// What is wrong with entries.
#[derive(Default)]
struct Complaints {
    incomplete: usize,
    /// Entries of a name that another one has.
    repeated: usize,
    unusable: Vec<String>,
}

impl Complaints {
    /// The users of all entries; the first of a name, as HAProxy has it: a hash costs up to a second, and a login costs each of its name.
    fn sort_out_all(&mut self, text: &str, hashed: bool, others: Option<&[User]>) -> Vec<User> {
        let mut users: Vec<User> = entries(text).filter_map(|entry| self.sort_out(&entry, hashed, others)).collect();
        let (before, mut names) = (users.len(), HashSet::new());
        users.retain(|user| names.insert(user.name.clone()));
        self.repeated = before - users.len();
        users
    }

    /// The user of an entry. One without a password is that of the same name among `others`.
    fn sort_out(&mut self, entry: &Entry<'_>, hashed: bool, others: Option<&[User]>) -> Option<User> {
        let Entry { name, password } = *entry;
        if !name.is_empty() && !password.is_empty() {
            return self.judge(name, password, hashed);
        }
        let same = |user: &&User| user.name.eq_ignore_ascii_case(name);
        let found = others.unwrap_or_default().iter().find(same).filter(|_| !name.is_empty()).cloned();
        self.incomplete += usize::from(found.is_none());
        found
    }

    fn judge(&mut self, name: &str, password: &str, hashed: bool) -> Option<User> {
        let password = match hashed {
            true => Hash::parse(password).map(|hash| Password::Hashed(Arc::new(hash))),
            false => Ok(Password::Plain(password.to_owned())),
        };
        password
            .map_err(|reason| self.unusable(name, reason))
            .ok()
            .map(|password| User { name: name.to_owned(), password })
    }

    fn unusable(&mut self, name: &str, reason: Unusable) {
        let name: String = name.chars().take(80).flat_map(char::escape_debug).collect();
        self.unusable.push(format!("user `{name}` cannot pass: {reason}"));
    }

    fn told(self) -> Vec<String> {
        let (count, repeated) = (self.incomplete, self.repeated);
        let incomplete = format!("{count} of the users have no name or no password anywhere; they cannot pass");
        let repeated_text =
            format!("{repeated} of the users have the name of another one; only the first of a name can pass");
        let counted = [(count, incomplete), (repeated, repeated_text)].into_iter();
        counted.filter(|(count, _)| *count > 0).map(|(_, text)| text).chain(self.unusable).collect()
    }
}
