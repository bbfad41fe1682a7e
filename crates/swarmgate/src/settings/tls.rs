//! What is spoken over TLS: `SSL_BIND_OPTIONS`, `SSL_BIND_CIPHERS`, `CA_FILE` and `ENABLE_H2` as one policy.
//!
//! The words are HAProxy's and OpenSSL's, of which the native engine can do the safe part; what it cannot do is told in one warning.
//! Not here: keeping to the policy (`proxy::tls`).

mod ciphers;
mod options;

use super::read::Reader;
use super::table::setting;
use options::Options;
use proxy::tls::{Policy, judge_authorities};

/// Reads the policy. One that leaves nothing to speak is a mistake.
pub(super) fn read(read: &mut Reader<'_>) -> Policy {
    let mut left_out = Vec::new();
    let options = read_options(read, &mut left_out);
    let ciphers = read_ciphers(read, &mut left_out);
    if !left_out.is_empty() {
        read.warn(format!(
            "{}: not acted on; spoken are TLS 1.2 and 1.3 with ephemeral keys (ECDHE) and AES-GCM or ChaCha20-Poly1305",
            left_out.join("; ")
        ));
    }
    Policy {
        oldest: options.oldest,
        newest: options.newest,
        // A list of one's own is in the order that its writer prefers, unless he says otherwise; ours has no bad choice in it.
        clients_order: options.clients_order || ciphers.is_empty(),
        ciphers,
        http2: read.flag("ENABLE_H2"),
        tickets: options.tickets,
        strict_names: options.strict_names,
        // A proxy without the authorities that its operator counts on must not start.
        client_authorities: read.file("CA_FILE", judge_authorities),
        server_authorities: read.file("SERVER_CA_FILE", judge_authorities),
    }
}

fn read_options(read: &mut Reader<'_>, left_out: &mut Vec<String>) -> Options {
    let parsed = read.parsed_or("SSL_BIND_OPTIONS", (Options::default(), Vec::new()), options::parse);
    note(left_out, "SSL_BIND_OPTIONS", &parsed.1);
    parsed.0
}

/// The default list is Docker Flow's own; all of it that can be done is what is done anyway.
fn read_ciphers(read: &mut Reader<'_>, left_out: &mut Vec<String>) -> Vec<String> {
    let default = setting("SSL_BIND_CIPHERS").expect("it is in the table").default;
    if read.text("SSL_BIND_CIPHERS").trim() == default {
        return Vec::new();
    }
    let (ciphers, unknown) = read.parsed_or("SSL_BIND_CIPHERS", (Vec::new(), Vec::new()), ciphers::parse);
    note(left_out, "SSL_BIND_CIPHERS", &unknown);
    ciphers
}

fn note(left_out: &mut Vec<String>, name: &str, words: &[String]) {
    if !words.is_empty() {
        left_out.push(format!("{name} `{}`", words.join("`, `")));
    }
}

#[cfg(test)]
mod tests;
