//! What values of header fields may name: the host, and the variables that are no secret.
//!
//! Not here: what a text does with them (`model::expression`).

use super::read::Variables;
use model::expression::Environment;

/// Parts of the names of variables that hold what no service may learn.
const SECRET: [&str; 9] = ["PASS", "TOKEN", "SECRET", "USER", "KEY", "CRED", "AUTH", "PRIVATE", "CERT"];

pub(super) fn environment(variables: &Variables) -> Environment {
    let host_name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    let mut environment = Environment { host_name, ..Environment::default() };
    for (name, value) in variables.all() {
        let upper = name.to_ascii_uppercase();
        if SECRET.iter().any(|part| upper.contains(part)) {
            environment.secrets.insert(name.to_owned());
        } else {
            environment.variables.insert(name.to_owned(), value.to_owned());
        }
    }
    environment
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
}
