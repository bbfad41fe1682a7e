//! docs/settings.md as text, made from SETTINGS.
//!
//! Not here: writing the file; a test compares it and `UPDATE_EXPECT=1` rewrites it.

use super::table::{Role, SETTINGS, Setting, State};
use std::fmt::Write as _;

/// The whole of docs/settings.md.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Settings\n\nGenerated from the table of settings in the crate `swarmgate`; a test keeps it so.\n\n\
        A setting is a variable of the environment. Where *secret* says yes, the Docker secret `dfp_<name in lower case>` is read too and wins.\n\
        All mistakes are reported at once and the program does not start; a variable that is not acted on is told once.\n\
        The role `all` acts on both lists; it needs no LISTENER_ADDRESS.\n",
    );
    for (title, roles) in [("Proxy", [Role::Both, Role::Proxy]), ("Listener", [Role::Both, Role::Listener])] {
        let _ = write!(text, "\n## {title}\n\n| variable | default | secret | what it does |\n|---|---|---|---|\n");
        for setting in SETTINGS.iter().filter(|setting| roles.contains(&setting.role)) {
            row(&mut text, setting);
        }
    }
    text
}

/// The rows of docs/migration.md: variables that are known and not acted on, and why.
pub fn not_acted_on() -> String {
    let mut text = String::from("\n| variable | why |\n|---|---|\n");
    for setting in SETTINGS {
        let why = match setting.state {
            State::Built => continue,
            State::Gone | State::Other => setting.doc,
        };
        let _ = writeln!(text, "| `{}` | {why} |", setting.name);
    }
    text + "\n"
}

fn row(text: &mut String, setting: &Setting) {
    let default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
    let note = match setting.state {
        State::Gone => " Ignored, with a warning.",
        State::Built | State::Other => "",
    };
    let _ = writeln!(
        text,
        "| `{}` | {default} | {} | {}{note} |",
        setting.name,
        if setting.secret { "yes" } else { "" },
        setting.doc
    );
}
