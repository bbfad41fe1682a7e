//! docs/metrics.md as text, made from METRICS and from the listener's own table.
//!
//! Not here: writing the file; a test compares it and `UPDATE_EXPECT=1` rewrites it.

use super::table::{METRICS, Of};
use std::fmt::Write as _;

/// The whole of docs/metrics.md.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Metrics\n\nGenerated from the table of metrics in the crate `swarmgate`; a test keeps it so.\n\n\
        `GET /metrics` on the port of the API shows them in Prometheus' text format. They cost a request nothing to speak of: each thread counts for\n\
        itself, and `/metrics` adds up. Nothing secret is in them, and nothing that a client sends makes a new series.\n\n\
        A series begins with the first request of its backend or server. Counters outlive changes of the configuration; those of a backend that is\n\
        configured no more, and of a server that was not dialled, are forgotten after a quarter of an hour without use and begin at 0 should it return.\n\n\
        Those with HAProxy's names are the same figures as HAProxy's exporter shows them, for dashboards that know it: the frontend `services`, backends and\n\
        servers as in haproxy.cfg. What it shows and nobody counts here is left out: rates, and the largest value so far.\n",
    );
    let groups: [(&str, &[&str]); 8] = [
        ("Program", &[]),
        ("Frontends", &["port"]),
        ("Answers of the proxy", &["code", "reason"]),
        ("Backends", &["backend", "service"]),
        ("Servers", &["backend", "service", "server"]),
        ("HAProxy's names: frontends", &["frontend"]),
        ("HAProxy's names: backends", &["backend"]),
        ("HAProxy's names: servers", &["backend", "server"]),
    ];
    for (title, labels) in groups {
        let shown = if labels.is_empty() { "none".to_owned() } else { format!("`{}`", labels.join("`, `")) };
        let _ = write!(text, "\n## {title}\n\nLabels: {shown}.\n\n| metric | type | what it says |\n|---|---|---|\n");
        for metric in METRICS.iter().filter(|metric| metric.of.labels() == labels) {
            let more = more_labels(&metric.of, metric.name);
            let _ = writeln!(text, "| `{}`{more} | {} | {} |", metric.name, metric.kind.word(), metric.doc);
        }
    }
    text + &crate::listener_api::markdown()
}

/// Labels beside those of the group.
fn more_labels(of: &Of, name: &str) -> &'static str {
    match of {
        Of::Process(_) if name.ends_with("_info") => " `{version}`",
        Of::Row(..) if name.ends_with("_responses_total") => " `{code}`",
        _ if name.ends_with("_responses_total") && !name.contains("broken") => " `{code_class}`",
        _ => "",
    }
}
