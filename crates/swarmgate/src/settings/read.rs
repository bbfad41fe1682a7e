//! Reading variables and secrets. Every mistake is kept, so that an operator sees them all at once.
//!
//! Not here: which settings there are (`settings::table`).

use super::services::PREFIX;
use super::table::{Role, SETTINGS, State, setting};
use model::service::one_edit_apart;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// Variables and secrets by the variable's name. A secret wins over a variable.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

/// All that is wrong with the settings.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistakes(Vec<String>);

/// Reads settings of one role and gathers what is wrong with them.
pub(super) struct Reader<'v> {
    variables: &'v Variables,
    mistakes: Vec<String>,
    warnings: Vec<String>,
}

/// Where no time at all makes sense.
const ZERO_SECONDS: [&str; 2] = ["DRAIN_SECONDS", "DF_RETRY_INTERVAL"];

/// Variables that hold the name of a variable, which may be a secret too.
pub(super) const NAMES_OF_NAMES: [&str; 3] = ["STATS_USER_ENV", "STATS_PASS_ENV", "STATS_URI_ENV"];

/// Shorter names are near to too much that has nothing to do with this program, such as `USER`.
const SHORTEST_MISSPELT: usize = 8;

impl Variables {
    /// The environment of the process and the secrets in `SECRETS_DIR` (`/run/secrets`).
    #[allow(clippy::disallowed_methods, reason = "this is the one door to the environment")]
    pub fn of_process() -> Variables {
        let readable = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let mut variables = Variables(std::env::vars_os().filter_map(readable).collect());
        let directory = variables.0.get("SECRETS_DIR").map_or("/run/secrets", String::as_str).to_owned();
        variables.add_secrets(Path::new(&directory));
        variables
    }

    pub(super) fn add_secrets(&mut self, directory: &Path) {
        for setting in SETTINGS {
            let file =
                if setting.name.starts_with("df_") { setting.name.to_owned() } else { secret_name(setting.name) };
            if !setting.secret && file != setting.name {
                continue;
            }
            if let Ok(value) = std::fs::read_to_string(directory.join(file)) {
                self.0.insert(setting.name.to_owned(), value.trim_end_matches(['\n', '\r']).to_owned());
            }
        }
        let named: Vec<_> = NAMES_OF_NAMES.iter().filter_map(|name| self.get(name)).map(str::to_owned).collect();
        for name in named.into_iter().filter(|name| is_plain(name)) {
            if let Ok(value) = std::fs::read_to_string(directory.join(secret_name(&name))) {
                self.0.insert(name, value.trim_end_matches(['\n', '\r']).to_owned());
            }
        }
    }

    /// What is logged (`LOG`): a level, or `tracing`'s filters.
    pub fn log(&self) -> &str {
        self.get("LOG").unwrap_or("info")
    }

    /// All of them, by name.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The same, and `name` is `value`.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Variables {
        self.0.insert(name.to_owned(), value.to_owned());
        self
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// Whether a name leads to no other folder.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `dfp_` and the name in lower case; a name that starts so already is not made longer.
fn secret_name(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    if name.starts_with("dfp_") { name } else { format!("dfp_{name}") }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Variables(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl<'v> Reader<'v> {
    pub(super) fn new(variables: &'v Variables, role: Role) -> Self {
        let mut reader = Reader { variables, mistakes: Vec::new(), warnings: Vec::new() };
        reader.check_names(role);
        reader.check_spelling(role);
        reader
    }

    /// What should be known about the settings, or all that is wrong with them.
    pub(super) fn finish(self) -> Result<Vec<String>, Mistakes> {
        if self.mistakes.is_empty() { Ok(self.warnings) } else { Err(Mistakes(self.mistakes)) }
    }

    /// What is wrong, as a whole sentence, where the value must not be shown or there is more to say.
    pub(super) fn mistake(&mut self, mistake: String) {
        self.mistakes.push(mistake);
    }

    pub(super) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// The value, or the table's default. An empty one is the same as none.
    pub(super) fn text(&self, name: &'static str) -> String {
        let default = setting(name).expect("only names of the table are read").default;
        self.variables.get(name).unwrap_or(default).to_owned()
    }

    /// The value of the variable whose name is the value of `name`; empty if it is not set.
    pub(super) fn text_named_by(&self, name: &'static str) -> String {
        self.variables.get(&self.text(name)).unwrap_or_default().to_owned()
    }

    /// The variables whose names begin so, with values, in the order of their names.
    pub(super) fn all_of(&self, prefix: &'static str) -> impl Iterator<Item = (&'v str, &'v str)> + use<'v> {
        let variables: &'v Variables = self.variables;
        let all = variables.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        all.filter(move |(name, value)| name.starts_with(prefix) && name.len() > prefix.len() && !value.is_empty())
    }

    /// The elements of a comma-separated list.
    pub(super) fn texts(&self, name: &'static str) -> Vec<String> {
        self.text(name).split(',').map(str::trim).filter(|element| !element.is_empty()).map(str::to_owned).collect()
    }

    /// Whole seconds.
    pub(super) fn seconds(&mut self, name: &'static str) -> Duration {
        Duration::from_secs(self.parsed_or(name, 0, |text| {
            let seconds = text.parse::<u32>().map(u64::from).map_err(|_| "is not a number of whole seconds")?;
            // HAProxy's users write 0 for "no limit"; here it would mean "at once".
            let allowed = seconds > 0 || ZERO_SECONDS.contains(&name);
            allowed.then_some(seconds).ok_or("must be 1 or more")
        }))
    }

    pub(super) fn number(&mut self, name: &'static str) -> u64 {
        self.parsed_or(name, 0, |text| text.parse().map_err(|_| "is not a number"))
    }

    /// `true`, `false`, `1`, `0`, in any case of letters.
    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        self.parsed_or(name, false, |text| match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "t" => Ok(true),
            "false" | "0" | "f" => Ok(false),
            _ => Err("is neither true nor false"),
        })
    }

    /// The value as `parse` reads it; its error says what is wrong.
    pub(super) fn parsed<T: Default, E: fmt::Display>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> T {
        let text = self.text(name);
        parse(&text).unwrap_or_else(|error| {
            self.mistakes.push(format!("{name}: {error}"));
            T::default()
        })
    }

    /// The value as `parse` reads it; the error completes the sentence that begins with the value.
    pub(super) fn parsed_or<T>(
        &mut self,
        name: &'static str,
        otherwise: T,
        parse: impl Fn(&str) -> Result<T, &'static str>,
    ) -> T {
        let text = self.text(name);
        parse(text.trim()).unwrap_or_else(|reason| {
            self.mistakes.push(format!("{name}: `{text}` {reason}"));
            otherwise
        })
    }

    /// The bytes of the file that the value names, if `judge` has nothing against them. `None`: none is named, or a mistake was noted.
    pub(super) fn file<E: fmt::Display>(
        &mut self,
        name: &'static str,
        judge: impl Fn(&[u8]) -> Result<(), E>,
    ) -> Option<Vec<u8>> {
        let path = Some(self.text(name)).filter(|path| !path.is_empty())?;
        let read = std::fs::read(&path).map_err(|error| format!("cannot be read: {error}"));
        let judged = read.and_then(|bytes| match judge(&bytes) {
            Ok(()) => Ok(bytes),
            Err(error) => Err(format!("cannot be used: {error}")),
        });
        judged.map_err(|reason| self.mistakes.push(format!("{name}: `{path}` {reason}"))).ok()
    }

    /// The elements of a comma-separated list as `parse` reads them.
    pub(super) fn list<T>(&mut self, name: &'static str, parse: impl Fn(&str) -> Result<T, &'static str>) -> Vec<T> {
        let mut values = Vec::new();
        for text in self.texts(name) {
            match parse(&text) {
                Ok(value) => values.push(value),
                Err(reason) => self.mistakes.push(format!("{name}: `{text}` {reason}")),
            }
        }
        values
    }

    /// Says which variables are one letter away from one that would be acted on. The environment is full of names of others, so nothing else
    /// is said of those that nobody knows.
    fn check_spelling(&mut self, role: Role) {
        let known = || SETTINGS.iter().filter(|setting| setting.role == role || setting.role == Role::Both);
        let near = |name: &str| {
            known().find(|known| known.name.len() >= SHORTEST_MISSPELT && one_edit_apart(known.name, name))
        };
        for name in self.variables.0.keys().filter(|name| setting(name).is_none() && !name.starts_with(PREFIX)) {
            if let Some(near) = near(name) {
                self.warnings.push(format!("{name}: nobody knows this variable; did you mean {}?", near.name));
            }
        }
    }

    /// Says which variables are set and not acted on.
    fn check_names(&mut self, role: Role) {
        for setting in SETTINGS.iter().filter(|setting| setting.role == role || setting.role == Role::Both) {
            if self.variables.get(setting.name).is_none_or(|value| value == setting.default) {
                continue;
            }
            if setting.state == State::Gone {
                self.warnings.push(format!(
                    "{}: belonged to Docker Flow's Consul mode, which ended in 2017; it is ignored",
                    setting.name
                ));
            }
        }
    }
}

impl Mistakes {
    /// All mistakes of several roles, each once.
    pub(super) fn of(mistakes: impl Iterator<Item = Mistakes>) -> Mistakes {
        let mut all: Vec<String> = Vec::new();
        for mistake in mistakes.flat_map(|mistakes| mistakes.0) {
            if !all.contains(&mistake) {
                all.push(mistake);
            }
        }
        Mistakes(all)
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in the settings:", if self.0.len() == 1 { "a mistake" } else { "mistakes" })?;
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl std::error::Error for Mistakes {}
