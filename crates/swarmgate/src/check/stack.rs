//! A stack file: the labels of its services that a listener would see, and those that it would not.
//!
//! Not here: what the labels mean (`check`).

use super::input::{PREFIX, Said, unprefixed};
use super::yaml::{NotYaml, Yaml, parse};
use model::Params;

/// What makes a listener announce a service.
const NOTIFY: &str = "com.df.notify";

/// Every service of the file with labels for the proxy, in the order of the file.
pub(super) fn read(text: &str) -> Result<Vec<Said>, NotYaml> {
    let stack = parse(text)?;
    let services = stack.get("services").map(Yaml::entries).into_iter().flatten();
    Ok(services.filter_map(|(name, service)| read_service(name, service)).collect())
}

fn read_service(name: &str, service: &Yaml) -> Option<Said> {
    let deploy = service.get("deploy");
    let mut remarks = Vec::new();
    let labels = deploy.and_then(|deploy| deploy.get("labels")).map(|labels| read_labels(labels, &mut remarks));
    let labels = labels.unwrap_or_default();
    let misplaced = service.get("labels").map(|labels| read_labels(labels, &mut Vec::new())).unwrap_or_default();
    let misplaced: Vec<_> =
        misplaced.into_iter().map(|(name, _)| name).filter(|name| name.starts_with(PREFIX)).collect();
    if !misplaced.is_empty() {
        remarks.push(format!(
            "`labels` of the container hold {}; a listener sees those below `deploy` only: move them to `deploy.labels`",
            misplaced.join(", ")
        ));
    }
    let is_ours = labels.iter().any(|(name, _)| name.starts_with(PREFIX));
    if !is_ours && misplaced.is_empty() {
        return None;
    }
    let is_announced = labels.iter().any(|(name, value)| name == NOTIFY && !value.eq_ignore_ascii_case("false"));
    if is_ours && !is_announced {
        remarks.push(format!("no listener announces it: `{NOTIFY}=true` is not among its labels"));
    }
    let mut params: Params = labels.into_iter().filter_map(|(name, value)| Some((unprefixed(&name)?, value))).collect();
    // What Docker knows itself, a listener does not take from labels.
    params.set("serviceName", name);
    if let Some(replicas) = deploy.and_then(|deploy| deploy.get("replicas")).and_then(Yaml::text) {
        params.set("replicas", replicas);
    }
    Some(Said { from: format!("services.{name}.deploy.labels"), params, remarks, is_of_stack: true, is_call: is_ours })
}

/// Labels, as a map or as a list of `name=value`.
fn read_labels(labels: &Yaml, remarks: &mut Vec<String>) -> Vec<(String, String)> {
    let pairs: Vec<_> = match labels {
        Yaml::List(list) => list.iter().filter_map(|label| label.text()).map(divided).collect(),
        labels => {
            labels.entries().filter_map(|(name, value)| Some((name.to_owned(), value.text()?.to_owned()))).collect()
        }
    };
    let filled_in = |(name, value): (String, String)| {
        let (value, has_variables) = without_variables(&value);
        if has_variables {
            remarks.push(format!("{name}: it holds a variable of the shell; it is judged as it is written"));
        }
        (name, value)
    };
    pairs.into_iter().map(filled_in).collect()
}

fn divided(label: &str) -> (String, String) {
    let (name, value) = label.split_once('=').unwrap_or((label, ""));
    (name.to_owned(), value.to_owned())
}

/// The text that `docker stack deploy` makes of `$$`, and whether it would fill something in.
fn without_variables(value: &str) -> (String, bool) {
    let rest = value.replace("$$", "\0");
    let has_variables = rest
        .split('$')
        .skip(1)
        .any(|after| after.starts_with(|next: char| next == '{' || next == '_' || next.is_ascii_alphabetic()));
    (rest.replace('\0', "$"), has_variables)
}

#[cfg(test)]
mod tests {
    use super::without_variables;

    #[test]
    fn two_dollars_are_one_and_one_is_a_variable() {
        let read = |text: &str| without_variables(text);
        assert_eq!(read("admin:$$6$$salt$$hash"), ("admin:$6$salt$hash".to_owned(), false));
        assert_eq!(read("${PORT}"), ("${PORT}".to_owned(), true));
        assert_eq!(read("a$1 $"), ("a$1 $".to_owned(), false));
    }
}
