//! What `swarmgate check` reads: a file of labels, a stack file, or a query.
//!
//! Not here: what the labels mean (`check`).

use super::stack;
use model::Params;
use std::path::Path;

/// Docker Flow's prefix of labels.
pub(super) const PREFIX: &str = "com.df.";
/// The longest file that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// What is said about one service.
pub(super) struct Said {
    /// Where, for the reader of the report.
    pub(super) from: String,
    pub(super) params: Params,
    /// What is amiss with the place, before anything is read.
    pub(super) remarks: Vec<String>,
    /// Whether it is one of a stack's.
    pub(super) is_of_stack: bool,
    /// Whether there is anything for the proxy.
    pub(super) is_call: bool,
}

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("`{0}` is neither a file nor a query such as serviceName=go-demo&servicePath=/demo&port=8080")]
    Neither(String),
    #[error("{0}: it has more than {LONGEST} bytes")]
    TooLong(String),
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
    #[error("{0}: {1}")]
    Yaml(String, super::yaml::NotYaml),
    #[error("{0}: line {1} is not name=value")]
    Line(String, usize),
    #[error("{0}: no label for the proxy is in it: none begins with `{PREFIX}`")]
    Nothing(String),
}

/// Reads a file that is there, else a query.
pub(super) fn read(argument: &str) -> Result<Vec<Said>, Unreadable> {
    let path = Path::new(argument);
    if !path.is_file() {
        let query = argument.split_once('?').map_or(argument, |(_, query)| query);
        return if query.contains('=') {
            Ok(vec![of_query(query)])
        } else {
            Err(Unreadable::Neither(argument.to_owned()))
        };
    }
    let name = argument.to_owned();
    let io = |error| Unreadable::Io(argument.to_owned(), error);
    if path.metadata().map_err(io)?.len() > LONGEST {
        return Err(Unreadable::TooLong(name));
    }
    let text = std::fs::read_to_string(path).map_err(io)?;
    let is_yaml = path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
    let said = match is_yaml {
        true => stack::read(&text).map_err(|error| Unreadable::Yaml(name.clone(), error))?,
        false => vec![of_labels(&text, argument)?],
    };
    if said.is_empty() { Err(Unreadable::Nothing(name)) } else { Ok(said) }
}

/// A query of `reconfigure`, with or without the address before it.
fn of_query(query: &str) -> Said {
    let params = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    Said { from: "the query".to_owned(), params, remarks: Vec::new(), is_of_stack: false, is_call: true }
}

/// Lines of `name=value`, with or without the prefix; empty lines and `#` comments are left out.
fn of_labels(text: &str, file: &str) -> Result<Said, Unreadable> {
    let mut params = Params::default();
    for (place, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once('=').ok_or_else(|| Unreadable::Line(file.to_owned(), place + 1))?;
        params.set(unprefixed(name.trim()).unwrap_or_else(|| name.trim().to_owned()), unquoted(value.trim()));
    }
    let mut remarks = Vec::new();
    if params.get_any_case("serviceName").is_none() {
        let name = Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        params.set("serviceName", name);
    }
    if params.iter().count() == 1 {
        remarks.push("nothing is said about it".to_owned());
    }
    Ok(Said { from: file.to_owned(), params, remarks, is_of_stack: false, is_call: true })
}

fn unquoted(value: &str) -> &str {
    let within = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    within('"').or_else(|| within('\'')).unwrap_or(value)
}

/// The parameter that a label stands for; `None` if it is none of ours.
pub(super) fn unprefixed(label: &str) -> Option<String> {
    label.strip_prefix(PREFIX).map(str::to_owned)
}
