//! What `/config` says beside the services: the settings in the words of haproxy.cfg.
//!
//! Not here: writing it (`model::haproxy`).

use crate::settings::{ProxySettings, StatisticsSettings};
use model::Frontend;
use model::haproxy::{self, Globals, Log, Secrets, TlsTerms};
use proxy::tls::Version;
use std::sync::Arc;

/// What haproxy.cfg says, now that the ports are known.
pub(super) fn globals(settings: &ProxySettings, ports: &[u16]) -> Globals {
    let bound = |(frontend, port): (&Frontend, &u16)| Frontend { port: *port, ..*frontend };
    Globals {
        frontends: settings.frontends.iter().zip(ports).map(bound).collect(),
        timeouts: settings.timeouts,
        users: settings.context.users.clone(),
        certificates: Vec::new(),
        server_ca_file: settings.server_ca_file.clone(),
        ca_file: settings.ca_file.clone(),
        compression: settings.context.compression.clone(),
        connection_mode: settings.context.connection_mode,
        tls: tls_terms(settings),
        resolvers: settings.resolvers.iter().map(ToString::to_string).collect(),
        log: settings.access_log.as_ref().map(shown_log),
        error_files: error_files(settings),
        statistics: settings
            .statistics
            .clone()
            .map(|StatisticsSettings { uri, port, credentials }| haproxy::Statistics { uri, port, credentials }),
        frontend: Arc::clone(&settings.frontend),
        secrets: Secrets::Masked,
    }
}

fn shown_log(log: &proxy::observe::LogSettings) -> Log {
    Log {
        errors_only: log.errors_only,
        http: log.http.clone(),
        tcp: log.tcp.clone(),
        captures: Arc::clone(&log.captures),
    }
}

fn tls_terms(settings: &ProxySettings) -> TlsTerms {
    let word = |version: Version| match version {
        Version::V1_2 => "TLSv1.2",
        Version::V1_3 => "TLSv1.3",
    };
    let policy = &settings.tls;
    TlsTerms {
        oldest: word(policy.oldest),
        newest: word(policy.newest),
        ciphers: settings.ciphers.clone(),
        tickets: policy.tickets && policy.client_authorities.is_none(),
        clients_order: policy.clients_order,
        strict_names: policy.strict_names,
        http2: policy.http2,
    }
}

fn error_files(settings: &ProxySettings) -> Vec<(u16, String)> {
    let (directory, files) = &settings.error_files;
    files.statuses().map(|code| (code, directory.join(format!("{code}.http")).display().to_string())).collect()
}
