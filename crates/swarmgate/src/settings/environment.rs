//! What values of header fields may name: the host, and the variables that are no secret.
//!
//! Not here: what a text does with them (`model::expression`).

use super::read::{NAMES_OF_NAMES, Variables};
use super::table::setting;
use model::expression::Environment;

/// Parts of the names of variables that hold what no service may learn.
const SECRET: [&str; 14] =
    ["PASS", "PWD", "PW", "TOKEN", "SECRET", "USER", "KEY", "CRED", "AUTH", "COOKIE", "PRIVATE", "CERT", "DSN", "SALT"];

/// How families of the proxy's own variables begin: whole rules stand in them, and so credentials.
const OWN: [&str; 3] = ["DF_", "DFP_", "EXTRA_"];

pub(super) fn environment(variables: &Variables) -> Environment {
    let host_name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    let mut environment = Environment { host_name, ..Environment::default() };
    let named: Vec<_> =
        variables.all().filter(|(name, _)| NAMES_OF_NAMES.contains(name)).map(|(_, name)| name).collect();
    for (name, value) in variables.all() {
        if is_own(name) || named.contains(&name) || is_secret(name) || has_user(value) {
            environment.secrets.insert(name.to_owned());
        } else {
            environment.variables.insert(name.to_owned(), value.to_owned());
        }
    }
    environment
}

/// Whether the proxy itself reads it. None of these is for services.
fn is_own(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    setting(name).or_else(|| setting(&upper)).is_some() || OWN.iter().any(|start| upper.starts_with(start))
}

fn is_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    SECRET.iter().any(|part| upper.contains(part))
}

/// Whether there is a URL in the value that names a user, and so most often a password (RFC 3986 §3.2.1).
fn has_user(value: &str) -> bool {
    value
        .split("://")
        .skip(1)
        .any(|behind| behind.split(['/', '?', '#', ' ']).next().is_some_and(|at| at.contains('@')))
}

#[cfg(test)]
mod tests {
    use super::environment;
    use crate::settings::Variables;

    #[test]
    fn no_service_can_read_a_secret() {
        let names = ["REGION", "STATS_PASS", "DFP_API_TOKEN", "USERS", "my_password", "AWS_SECRET_ACCESS_KEY"];
        let variables: Variables = names.into_iter().map(|name| (name, "value")).collect();
        let environment = environment(&variables);
        assert_eq!(environment.variables.keys().collect::<Vec<_>>(), ["REGION"]);
        assert_eq!(environment.secrets.len(), 5);
    }

    #[test]
    fn bug_rules_and_urls_with_passwords_could_be_read_by_every_service() {
        let variables: Variables = [
            ("EXTRA_FRONTEND", "http-request set-header Authorization x"),
            ("DFP_SERVICE_1_ADD_REQ_HEADER", "Authorization x"),
            ("dfp_service_backend_extra", "x"),
            ("MODE", "swarm"),
            ("STATS_PASS_ENV", "MY_DOOR"),
            ("MY_DOOR", "s3cret"),
            ("DATABASE_URL", "postgres://admin:s3cret@db/a"),
            ("REPLICAS", "http://a/,http://b:c@d/"),
            ("DB_PWD", "s3cret"),
            ("SENTRY_DSN", "s3cret"),
            ("SESSION_COOKIE", "s3cret"),
            ("HOME_URL", "http://example.com/@me"),
            ("ZONE", "b"),
        ]
        .into_iter()
        .collect();
        let environment = environment(&variables);
        assert_eq!(environment.variables.keys().collect::<Vec<_>>(), ["HOME_URL", "ZONE"]);
        assert_eq!(environment.secrets.len(), 11);
    }
}
