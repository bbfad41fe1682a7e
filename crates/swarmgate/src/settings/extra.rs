//! `EXTRA_FRONTEND` and `EXTRA_GLOBAL`: lines of HAProxy's language that an operator adds, commas for line ends.
//!
//! Not here: the language (`model::expression`, `model::statement`).

use super::read::Reader;
use model::expression::{Environment, words};
use model::statement::{Extra, Section, Statements};
use std::sync::Arc;

/// What only tunes a HAProxy, or says where it writes and as whom it runs; `tune.` and what ends in `conn` too.
const TUNING: [&str; 26] = [
    "busy-polling",
    "chroot",
    "cpu-map",
    "daemon",
    "description",
    "fd-hard-limit",
    "gid",
    "group",
    "hard-stop-after",
    "log",
    "log-send-hostname",
    "log-tag",
    "maxconn",
    "maxconnrate",
    "maxsessrate",
    "maxsslrate",
    "nbproc",
    "nbthread",
    "node",
    "pidfile",
    "spread-checks",
    "stats",
    "uid",
    "ulimit-n",
    "user",
    "maxsslconn",
];

/// The rules for all requests and responses.
pub(super) fn read_frontend(read: &mut Reader<'_>, environment: &Environment) -> Arc<Statements> {
    let text = read.text("EXTRA_FRONTEND").replace(',', "\n");
    match Extra::parse(&text, Section::Frontend, environment) {
        Ok(extra) => Arc::new(extra.into()),
        Err(error) => {
            read.mistake(format!("EXTRA_FRONTEND: {error}"));
            Arc::default()
        }
    }
}

/// Nothing in the section `global` changes what is done here; what would change traffic in HAProxy stops the start.
pub(super) fn check_global(read: &mut Reader<'_>, environment: &Environment) {
    let text = read.text("EXTRA_GLOBAL").replace(',', "\n");
    let mut tuning = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let keyword = words(line, environment).map(|words| words.into_iter().next());
        match keyword {
            Ok(None) => {}
            Ok(Some(word)) if TUNING.contains(&word.as_str()) || word.starts_with("tune.") => tuning.push(word),
            Ok(Some(word)) => read.mistake(format!(
                "EXTRA_GLOBAL: line {number}: `{word}` could change what happens to requests, and this proxy cannot act on it; ENGINE=haproxy, once it is built, will take any line of HAProxy's"
            )),
            Err(error) => read.mistake(format!("EXTRA_GLOBAL: line {number}: {error}")),
        }
    }
    if !tuning.is_empty() {
        read.warn(format!("EXTRA_GLOBAL: {} would tune HAProxy and changes nothing here", tuning.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::{Variables, proxy};

    fn check(name: &str, value: &str, expected: Result<&str, &str>) {
        let variables: Variables = [(name, value)].into_iter().collect();
        let found = proxy(&variables);
        match (found, expected) {
            (Ok(settings), Ok(warning)) => assert_eq!(settings.warnings.join("\n"), warning, "{value}"),
            (Err(mistakes), Err(expected)) => {
                assert!(mistakes.to_string().contains(expected), "{value}: {mistakes}");
            }
            (found, _) => panic!("{value}: {:?}", found.map(|settings| settings.warnings)),
        }
    }

    #[test]
    fn lines_of_the_frontend_are_rules_or_stop_the_start() {
        let rules = "acl old path_beg /old,http-request deny if old,http-response set-header X-A b";
        check("EXTRA_FRONTEND", rules, Ok(""));
        let variables: Variables = [("EXTRA_FRONTEND", rules)].into_iter().collect();
        let frontend = proxy(&variables).unwrap().frontend;
        assert_eq!((frontend.request.len(), frontend.response.len()), (1, 1));
        check("EXTRA_FRONTEND", "mode http,http-request lua.x", Err("EXTRA_FRONTEND: line 2: `lua.x` is no action"));
        check("EXTRA_FRONTEND", "use_backend evil if TRUE", Err("`use_backend` begins no line"));
        check("EXTRA_FRONTEND", "acl url_a80_0 path /", Err("`url_a80_0` is a name that the proxy's own rules have"));
    }

    #[test]
    fn lines_of_global_tune_or_stop_the_start() {
        let warning = "EXTRA_GLOBAL: maxconn, tune.bufsize would tune HAProxy and changes nothing here";
        check("EXTRA_GLOBAL", "maxconn 5000,tune.bufsize 32768,# a comment", Ok(warning));
        check("EXTRA_GLOBAL", "maxconn 1,lua-load /x.lua", Err("EXTRA_GLOBAL: line 2: `lua-load` could change"));
    }
}
