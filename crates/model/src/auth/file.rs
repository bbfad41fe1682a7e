//! The Docker secrets that hold users (`dfp_users_<name>`), as they were read when the program started.
//!
//! A service names one of them; no service makes anybody read a file. Not here: reading them (the program's settings).

use std::collections::BTreeMap;
use std::fmt;

/// What such files are called: this, and the name that a service gives (`usersSecret`).
const PREFIX: &str = "dfp_users_";

/// The texts of all secrets with users, by the name that services give. Never shown: `Debug` has the names only.
#[derive(Clone, Default)]
pub struct UserFiles(BTreeMap<String, String>);

impl UserFiles {
    /// The name that services give the secret in a file of this name; `None` if it holds no users.
    pub fn name_of(file: &str) -> Option<&str> {
        file.strip_prefix(PREFIX).filter(|name| !name.is_empty())
    }

    /// The text of the secret that a service calls `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl FromIterator<(String, String)> for UserFiles {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(files: I) -> Self {
        UserFiles(files.into_iter().collect())
    }
}

impl fmt::Debug for UserFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
