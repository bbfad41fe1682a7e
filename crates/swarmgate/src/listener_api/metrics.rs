//! `/metrics` of a listener, in Prometheus' text format: a table, and its rows as text and as a part of docs/metrics.md.
//!
//! Not here: counting (`swarm`), and the metrics of a proxy (`api::metrics`).

use super::failures::Failures;
use std::fmt::Write as _;
use std::time::Duration;
use swarm::{Figures, Operation};

/// A metric: one row.
struct Metric {
    name: &'static str,
    kind: &'static str,
    /// The label that its samples differ in; empty for one sample without labels.
    label: &'static str,
    /// One sentence for an operator.
    doc: &'static str,
    read: fn(&Figures, &Failures) -> Vec<Sample>,
}

/// The value of the label, and the number.
type Sample = (&'static str, f64);

const fn row(
    name: &'static str,
    kind: &'static str,
    label: &'static str,
    read: fn(&Figures, &Failures) -> Vec<Sample>,
    doc: &'static str,
) -> Metric {
    Metric { name, kind, label, doc, read }
}

/// Every metric, in the order in which they are shown.
#[rustfmt::skip]
const METRICS: &[Metric] = &[
    row("docker_flow_error", "counter", "operation", errors, "What failed, by Docker Flow's names of operations. Each sample also has the label `service=\"swarm_listener\"`."),
    row("docker_flow_service_count", "gauge", "", |of, _| one(of.services), "Services that are announced; with the label `service=\"swarm_listener\"`."),
    row("swarmgate_listener_services", "gauge", "", |of, _| one(of.services), "The same."),
    row("swarmgate_listener_nodes", "gauge", "", |of, _| one(of.nodes), "Nodes of the Swarm."),
    row("swarmgate_listener_docker_up", "gauge", "", |of, _| one(u64::from(of.docker_answers)), "1 if Docker answered the last listing of services."),
    row("swarmgate_listener_services_age_seconds", "gauge", "", |of, _| age(of.services_listed), "Since Docker last listed services; nothing before it did."),
    row("swarmgate_listener_tasks_age_seconds", "gauge", "", |of, _| age(of.tasks_listed), "Since Docker last listed tasks; nothing before it did."),
    row("swarmgate_listener_tasks_known", "gauge", "", |of, _| one(u64::from(of.tasks_known)), "1 if proxies get a list of tasks; 0 when Docker has given none for 15 s, and they look servers up in DNS."),
    row("swarmgate_listener_docker_failures_total", "counter", "call", calls, "Calls that Docker did not answer as it should."),
    row("swarmgate_listener_event_streams_total", "counter", "", |of, _| one(of.streams), "Streams of events that were opened; each but the first is a reconnect."),
    row("swarmgate_listener_notifications_sent_total", "counter", "kind", |of, _| kinds(|kind| of.sent(kind)), "Notifications that receivers have accepted."),
    row("swarmgate_listener_notifications_failed_total", "counter", "kind", |of, _| kinds(|kind| of.failed(kind)), "Tries that failed; they are made again."),
    row("swarmgate_listener_notifications_pending", "gauge", "", |of, _| one(of.pending), "Notifications that are not accepted yet."),
];

/// All samples.
pub(super) fn text(figures: &Figures, failures: &Failures) -> String {
    let mut text = String::new();
    for Metric { name, kind, label, doc, read } in METRICS {
        let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} {kind}", doc.replace('\\', "\\\\"));
        for (value, number) in read(figures, failures) {
            let own = if label.is_empty() { String::new() } else { format!("{label}=\"{value}\"") };
            let labels = match (name.starts_with("docker_flow_"), own.is_empty()) {
                (true, true) => "{service=\"swarm_listener\"}".to_owned(),
                (true, false) => format!("{{{own},service=\"swarm_listener\"}}"),
                (false, true) => String::new(),
                (false, false) => format!("{{{own}}}"),
            };
            let _ = writeln!(text, "{name}{labels} {number}");
        }
    }
    text
}

/// The rows for docs/metrics.md.
pub fn markdown() -> String {
    let mut text = String::from(
        "\n## Listener\n\nShown by the role `listener` on the port of its own API. Those of Docker Flow's listener keep their names.\n\n\
        | metric | type | what it says |\n|---|---|---|\n",
    );
    for Metric { name, kind, label, doc, .. } in METRICS {
        let label = if label.is_empty() { String::new() } else { format!(" `{{{label}}}`") };
        let _ = writeln!(text, "| `{name}`{label} | {kind} | {doc} |");
    }
    text
}

fn one(number: u64) -> Vec<Sample> {
    vec![("", number as f64)]
}

fn age(age: Option<Duration>) -> Vec<Sample> {
    age.map(|age| ("", age.as_secs_f64())).into_iter().collect()
}

fn errors(of: &Figures, failures: &Failures) -> Vec<Sample> {
    let names = [
        ("ListenForServiceEvents", of.failed(Operation::Events)),
        ("notificationSendCreateserviceRequest", of.failed(Operation::ServiceCreated)),
        ("notificationSendRemoveserviceRequest", of.failed(Operation::ServiceRemoved)),
        ("notificationSendCreatenodeRequest", of.failed(Operation::NodeCreated)),
        ("notificationSendRemovenodeRequest", of.failed(Operation::NodeRemoved)),
        ("serveGetServices", failures.services.count()),
        ("serveGetNodes", failures.nodes.count()),
    ];
    names.into_iter().flat_map(|(name, count)| one(count).into_iter().map(move |(_, count)| (name, count))).collect()
}

fn calls(of: &Figures, _: &Failures) -> Vec<Sample> {
    let names = [
        ("services", of.failed(Operation::ListServices)),
        ("tasks", of.failed(Operation::ListTasks)),
        ("events", of.failed(Operation::Events)),
    ];
    names.into_iter().flat_map(|(name, count)| one(count).into_iter().map(move |(_, count)| (name, count))).collect()
}

fn kinds(count: impl Fn(Operation) -> u64) -> Vec<Sample> {
    let name = |operation| match operation {
        Operation::ServiceCreated => "service created",
        Operation::ServiceRemoved => "service removed",
        Operation::NodeCreated => "node created",
        _ => "node removed",
    };
    Operation::NOTIFICATIONS
        .into_iter()
        .flat_map(|operation| one(count(operation)).into_iter().map(move |(_, count)| (name(operation), count)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_names_stand_beside_each_other() {
        let mut figures = Figures::default();
        figures.services = 3;
        figures.services_listed = Some(Duration::from_millis(1500));
        let text = text(&figures, &Failures::default());
        for line in [
            "# TYPE docker_flow_error counter",
            "docker_flow_error{operation=\"serveGetServices\",service=\"swarm_listener\"} 0",
            "docker_flow_service_count{service=\"swarm_listener\"} 3",
            "swarmgate_listener_services 3",
            "swarmgate_listener_services_age_seconds 1.5",
            "swarmgate_listener_notifications_sent_total{kind=\"node removed\"} 0",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} in\n{text}");
        }
        let is_sample = |line: &str| line.starts_with("swarmgate_listener_tasks_age_seconds");
        assert!(!text.lines().any(is_sample), "there is no age of what never was");
    }
}
