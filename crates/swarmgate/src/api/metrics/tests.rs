//! The text format; counts of whole conversations are among the conversations.

use super::*;
use expect_test::expect_file;
use model::ServiceName;
use proxy::observe::{AnswerFigures, BackendFigures, DURATION_BOUNDS, Durations, FrontendFigures, ServerFigures};
use std::time::SystemTime;
use table::METRICS;

const XIP_IO: &[u8] = include_bytes!("../../../../proxy/src/tls/certificate/tests/version1.pem");

fn scrape(backends: usize) -> Scrape {
    let process = Process {
        uptime: Duration::from_millis(1500),
        generation: 3,
        services: 1,
        quarantined: 1,
        unreachable: 0,
        digest: 9_007_199_254_740_991,
        since_sync: Some(Duration::from_millis(2500)),
        silent_listeners: 0,
        replicas: ReplicaCounts { all: 3, drifting: 1, silent: 1 },
        backends: 2,
        log_lines_dropped: 0,
        panics: 0,
        access_log_lines: 7,
        access_log_lines_dropped: 1,
    };
    let service = ServiceName::parse("go").unwrap();
    let mut durations = Durations { sum: Duration::from_millis(750), ..Durations::default() };
    (durations.counts[0], durations.counts[9], durations.counts[14]) = (2, 1, 1);
    let backend = |number: usize| BackendFigures {
        backend: format!("go-be80_{number}").into(),
        service: service.clone(),
        requests: 4,
        sessions: 1,
        responses: [0, 2, 0, 1, 0],
        request_bytes: 400,
        response_bytes: 4000,
        connects: 1,
        connect_failures: 0,
        retries: 0,
        repetitions: 0,
        broken_off: 0,
        durations: durations.clone(),
    };
    let server = ServerFigures {
        backend: "go-be80_0".into(),
        service: service.clone(),
        address: "[::1]:80".parse().unwrap(),
        requests: 4,
        sessions: 1,
        connects: 1,
        connect_failures: 0,
        failing_threads: 0,
    };
    let mut frontend = FrontendFigures { port: 80, accepted: 5, open: 5, ..FrontendFigures::default() };
    (frontend.handshakes[0], frontend.handshakes[2]) = (4, 1);
    let figures = Figures {
        frontends: vec![frontend],
        backends: (0..backends).map(backend).collect(),
        servers: vec![server],
        answers: vec![AnswerFigures { status: 503, reason: "no_route", count: 9 }],
        ..Figures::default()
    };
    // 2030-01-01
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_893_456_000);
    let certificate = Certificate::from_pem("/certs/xip.io.pem", XIP_IO, now).unwrap();
    Scrape { process, figures, certificates: vec![Arc::new(certificate)], rows: Vec::new() }
}

fn text(scrape: &Scrape) -> String {
    Piece::all(scrape).iter().map(|piece| piece.render(scrape)).collect()
}

#[test]
fn the_exposition_is_prometheus() {
    let text = text(&scrape(1)).replace(env!("CARGO_PKG_VERSION"), "VERSION");
    let samples: String =
        text.lines().filter(|line| !line.starts_with("# HELP")).map(|line| format!("{line}\n")).collect();
    expect_file!["exposition.txt"].assert_eq(&samples);
}

#[test]
fn many_backends_come_in_pieces_and_each_metric_is_introduced_once() {
    let scrape = scrape(600);
    let pieces: Vec<_> = Piece::all(&scrape).iter().map(|piece| piece.render(&scrape)).collect();
    assert!(pieces.iter().map(String::len).max() < Some(600_000));
    let all = pieces.concat();
    assert_eq!(all.matches("\nswarmgate_backend_requests_total{").count(), 600);
    for metric in METRICS {
        assert_eq!(all.matches(&format!("# TYPE {} ", metric.name)).count(), 1, "{}", metric.name);
    }
}

#[test]
fn a_metric_without_samples_is_introduced_all_the_same() {
    let text = text(&scrape(0));
    assert!(text.contains("# TYPE swarmgate_backend_requests_total counter\n# HELP"), "{text}");
}

/// Prometheus' own conventions: one prefix, base units, `_total` for counters and for nothing else.
#[test]
fn names_follow_the_conventions() {
    for metric in METRICS {
        let is_counter = metric.kind.word() == "counter";
        assert_eq!(metric.name.ends_with("_total"), is_counter, "{}", metric.name);
        assert!(
            (metric.name.starts_with("swarmgate_") || metric.name.starts_with("haproxy_")) && metric.doc.ends_with('.'),
            "{}",
            metric.name
        );
    }
    assert_eq!(DURATION_BOUNDS.len(), 14);
}
