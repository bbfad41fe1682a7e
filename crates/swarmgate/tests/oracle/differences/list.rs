//! The list itself: docs/migration.md shows names and reasons.
//!
//! Not here: how it is applied (`differences`).

use super::{Compared, Difference};
use crate::ask::Request;
use crate::outcome::{Message, Outcome};
use std::net::IpAddr;

/// All of them, in the order in which they are applied.
pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        name: "status-line-speaks-the-clients-version",
        reason: "The proxy's own answers to a client of HTTP/1.0 begin with `HTTP/1.0`; HAProxy's say 1.1.",
        take_out: own_version,
    },
    Difference {
        name: "errors-close",
        reason: "The connection ends after an error of the proxy's own, as Docker Flow's error pages said it; HAProxy 2 keeps it.",
        take_out: errors_close,
    },
    Difference {
        name: "own-words",
        reason: "The page of an error says in a sentence of its own what went wrong; those of 401 and 503 are HAProxy's.",
        take_out: own_words,
    },
    Difference {
        name: "redirects-are-not-stored",
        reason: "A redirect says `Cache-Control: no-cache`, as Docker Flow's HAProxy 1 did; HAProxy 2 leaves it out of 301 and 308.",
        take_out: redirects_are_not_stored,
    },
    Difference {
        name: "http10-is-forwarded-as-11",
        reason: "A request of HTTP/1.0 reaches its server as HTTP/1.1, with a Host if it had none; a response of HTTP/1.0 reaches its client as HTTP/1.1 (RFC 9110 §2.5, RFC 9112 §3.2).",
        take_out: http10,
    },
    Difference {
        name: "absolute-form",
        reason: "`GET http://a.com/x` reaches its server as `GET /x` with `Host: a.com`, whatever Host said (RFC 9112 §3.2.2). HAProxy passes it on, refuses it where Host says something else, and finds no path in `http://a.com`.",
        take_out: absolute_form,
    },
    Difference {
        name: "hop-by-hop-fields-end-here",
        reason: "TE, Proxy-Connection and the fields that Connection names are for this connection only (RFC 9110 §7.6.1); HAProxy passes them on.",
        take_out: hop_by_hop,
    },
    Difference {
        name: "hosts-without-port-and-dot",
        reason: "Domains are compared with a Host without its port and trailing dot, so `a.com:8080` and `a.com.` are `a.com` for every algorithm.",
        take_out: hosts,
    },
    Difference {
        name: "credentials-without-padding",
        reason: "Basic credentials may leave out the `=` at the end of their base64, as some clients do; HAProxy says 401.",
        take_out: padding,
    },
    Difference {
        name: "httpclose-of-a-service",
        reason: "`connectionMode=httpclose` (or `forceclose`) of a service ends the client's connection too, as HAProxy 1 did; HAProxy 2 ends only the server's.",
        take_out: httpclose,
    },
    Difference {
        name: "a-service-may-keep-its-connections",
        reason: "`connectionMode=http-keep-alive` of a service holds against a `CONNECTION_MODE` that closes; in HAProxy the mode that closes wins.",
        take_out: keeps,
    },
    Difference {
        name: "rewritten-paths-keep-their-slash",
        reason: "A path that a rewrite leaves without a `/` at its start gets one; HAProxy sends a request line that no server understands.",
        take_out: slash,
    },
    Difference {
        name: "rewrites-that-break-the-line",
        reason: "A rewrite that makes something else of a request line than a method and a path gets 500; HAProxy sends it.",
        take_out: broken_lines,
    },
    Difference {
        name: "tls-is-https",
        reason: "`redirectUnlessHttpsProto` lets pass what came over TLS to this proxy itself and has no X-Forwarded-Proto: HAProxy redirects it to where it is, for ever.",
        take_out: tls_is_https,
    },
    Difference {
        name: "addresses-in-certificates",
        reason: "`sslVerifyHost` may be an address, which is looked for among the addresses of the server's certificate; HAProxy knows only names there, and refuses every server.",
        take_out: addresses,
    },
    Difference {
        name: "a-request-is-sent-again",
        reason: "A GET that a server takes and answers with nothing but an end is sent once more before the client gets 502; HAProxy does so only where `retry-on` asks for it.",
        take_out: sent_again,
    },
];

/// Both answered by themselves with the same number.
fn own_version(compared: &mut Compared<'_>) {
    let http10 = compared.ask.requests.iter().any(|request| request.version == "HTTP/1.0");
    for (ours, haproxy) in answers(compared).filter(|(ours, haproxy)| http10 && ours.is_own() && haproxy.is_own()) {
        if let Some(rest) = ours.line.strip_prefix("HTTP/1.0 ").filter(|rest| haproxy.line.ends_with(rest)) {
            ours.line = format!("HTTP/1.1 {rest}");
        }
    }
}

/// Ours ends behind its own error; HAProxy has the same error and goes on.
fn errors_close(compared: &mut Compared<'_>) {
    let (ours, haproxy) = (&compared.ours, &mut compared.haproxy);
    let Some(last) = ours.answers.last().filter(|last| last.is_own() && is_error(last) && !last.persists) else {
        return;
    };
    let Some(same) = haproxy.answers.get_mut(ours.answers.len() - 1) else { return };
    if same.is_own() && same.status() == last.status() && same.persists {
        same.persists = false;
        haproxy.answers.truncate(ours.answers.len());
        haproxy.forwarded.truncate(ours.forwarded.len());
    }
}

/// Both answered by themselves, with the same status and a page.
fn own_words(compared: &mut Compared<'_>) {
    for (ours, haproxy) in answers(compared) {
        let same = ours.is_own() && haproxy.is_own() && ours.status() == haproxy.status();
        if !same || !is_error(ours) || matches!(ours.status(), "401" | "503") {
            continue;
        }
        for answer in [ours, haproxy] {
            answer.line = answer.line[..12].to_owned();
            answer.body.clear();
            answer.remove("content-length");
        }
    }
}

/// Both redirect.
fn redirects_are_not_stored(compared: &mut Compared<'_>) {
    for (ours, haproxy) in compared.ours.answers.iter_mut().zip(&compared.haproxy.answers) {
        let redirects = matches!(ours.status(), "301" | "308") && ours.status() == haproxy.status();
        if redirects && haproxy.field("cache-control").is_none() && ours.field("cache-control") == Some("no-cache") {
            ours.remove("cache-control");
        }
    }
}

/// Our server saw HTTP/1.1 where HAProxy's saw HTTP/1.0, and a Host where the client sent none.
fn http10(compared: &mut Compared<'_>) {
    for (request, ours, haproxy) in forwarded(compared).filter(|(request, ..)| request.version == "HTTP/1.0") {
        if let Some(line) = ours.line.strip_suffix("HTTP/1.1") {
            ours.line = format!("{line}HTTP/1.0");
            // In 1.0 silence means that the connection ends, in 1.1 that it goes on.
            ours.persists = haproxy.persists;
        }
        if request.field("Host").is_none() && haproxy.field("host").is_none() {
            ours.remove("host");
        }
    }
    for (ours, haproxy) in answers(compared) {
        let rest = haproxy.line.strip_prefix("HTTP/1.0").filter(|_| !haproxy.is_own());
        if rest.is_some() && rest == ours.line.strip_prefix("HTTP/1.1") {
            ours.line.clone_from(&haproxy.line);
        }
    }
}

/// Our server saw the path where HAProxy's saw the whole address, and the address's authority in Host.
fn absolute_form(compared: &mut Compared<'_>) {
    let authority = |request: &Request| {
        let rest = request.target.strip_prefix("http://")?;
        rest.split(['/', '?']).next().map(str::to_owned)
    };
    let lines = names(compared, "reqRep");
    for (request, ours, haproxy) in forwarded(compared) {
        let Some(authority) = authority(request) else { continue };
        let prefix = format!("http://{authority}");
        let path = |line: &str| line.replacen(&prefix, "", 1).replacen("  ", " / ", 1);
        // A line is rewritten as the server would see it.
        let rewritten = lines && haproxy.line.split(' ').nth(1).is_some_and(|target| target.starts_with(&prefix));
        if (rewritten || ours.line == path(&haproxy.line)) && ours.field("host") == Some(&*authority) {
            ours.line.clone_from(&haproxy.line);
        }
    }
    let [request] = &*compared.ask.requests else { return };
    let Some(authority) = authority(request) else { return };
    let differ = request.field("Host") != Some(&*authority);
    let pathless = request.target == format!("http://{authority}");
    let refused = |status| compared.haproxy.own_answer().is_some_and(|answer| answer.status() == status);
    let elsewhere = leads(&compared.ours) != leads(&compared.haproxy);
    // A path that a rewrite left without its slash runs into the authority there.
    let merged = compared
        .haproxy
        .forwarded
        .iter()
        .any(|seen| seen.field("host").is_some_and(|host| host != authority && host.starts_with(&authority)));
    if (differ && refused("400")) || (pathless && elsewhere) || (merged && names(compared, "reqPath")) {
        compared.haproxy = compared.ours.clone();
    }
}

/// HAProxy's server saw what was meant for HAProxy.
fn hop_by_hop(compared: &mut Compared<'_>) {
    for (request, ours, haproxy) in forwarded(compared) {
        let named: Vec<_> = request
            .field("Connection")
            .unwrap_or_default()
            .split(',')
            .map(|name| name.trim().to_ascii_lowercase())
            .collect();
        for name in named.iter().map(String::as_str).chain(["te", "proxy-connection"]) {
            if ours.field(name).is_none() && haproxy.field(name).is_some() {
                haproxy.remove(name);
                // HAProxy closes without saying so where Connection names something.
                haproxy.persists = ours.persists;
            }
        }
    }
    let requests = compared.ask.requests.iter().map(|request| request.field("Answer"));
    for (_, (ours, haproxy)) in requests.clone().zip(answers(compared)).filter(|(answer, _)| *answer == Some("fields"))
    {
        if ours.field("x-hop").is_none() {
            haproxy.remove("x-hop");
        }
    }
}

/// The host that was asked for has a port or a dot at its end, and it decides.
fn hosts(compared: &mut Compared<'_>) {
    let odd = |request: &Request| request.field("Host").is_some_and(|host| host.ends_with('.') || host.contains(':'));
    if (names(compared, "serviceDomain") || names(compared, "redirectFromDomain"))
        && compared.ask.requests.iter().all(odd)
        && leads(&compared.ours) != leads(&compared.haproxy)
    {
        compared.haproxy = compared.ours.clone();
    }
}

/// HAProxy asks for credentials that it got, and ours is content with.
fn padding(compared: &mut Compared<'_>) {
    let unpadded = |request: &Request| {
        let token = request.field("Authorization").and_then(|credentials| credentials.split(' ').nth(1));
        token.is_some_and(|token| token.len() % 4 != 0 && !token.ends_with('='))
    };
    let refused = compared.haproxy.own_answer().is_some_and(|answer| answer.status() == "401");
    if refused && !compared.ours.forwarded.is_empty() && compared.ask.requests.iter().all(unpadded) {
        compared.haproxy = compared.ours.clone();
    }
}

/// Only whether the client's connection goes on differs.
fn httpclose(compared: &mut Compared<'_>) {
    let closes = |value: &str| matches!(value, "httpclose" | "forceclose");
    let modes = compared.case.services.iter().filter_map(|params| params.get_any_case("connectionMode"));
    let asked = modes.chain([compared.case.setting("CONNECTION_MODE")]).any(closes);
    let ours_ends = matches!(&*compared.ours.answers, [answer] if !answer.persists);
    if asked && ours_ends && compared.haproxy.answers.iter().all(|answer| answer.persists) {
        compared.haproxy.answers.truncate(1);
        compared.haproxy.forwarded.truncate(1);
        for answer in &mut compared.haproxy.answers {
            answer.persists = false;
        }
    }
}

/// Only whether the server's connection goes on differs.
fn keeps(compared: &mut Compared<'_>) {
    let closes = !matches!(compared.case.setting("CONNECTION_MODE"), "" | "http-keep-alive");
    let mut modes = compared.case.services.iter().filter_map(|params| params.get_any_case("connectionMode"));
    if closes && modes.any(|mode| mode == "http-keep-alive") {
        for (_, ours, haproxy) in forwarded(compared).filter(|(_, ours, haproxy)| ours.persists && !haproxy.persists) {
            haproxy.persists = ours.persists;
        }
    }
}

/// HAProxy's server saw a path that does not begin with a slash.
fn slash(compared: &mut Compared<'_>) {
    if !names(compared, "reqPath") {
        return;
    }
    let is_line_rewritten = names(compared, "reqRep");
    for (request, ours, haproxy) in forwarded(compared) {
        let authority = format!("http://{}", request.field("Host").unwrap_or_default());
        let words = |message: &Message| message.line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        if let ([_, path, _], [method, odd, version]) = (&*words(ours), &*words(haproxy)) {
            let odd = odd.strip_prefix(&authority).unwrap_or(odd);
            // Of a path that has none the next rewrite sees nothing at all, and one of the whole line takes the version for it.
            if odd.is_empty() || *path == format!("/{odd}") || (is_line_rewritten && odd == version) {
                haproxy.line = format!("{method} {path} {version}");
                // HAProxy takes what stands before the first slash for an authority.
                for (_, value) in haproxy.fields.iter_mut().filter(|(name, _)| name == "host") {
                    *value = ours.field("host").unwrap_or_default().to_owned();
                }
            }
        }
    }
}

/// Ours says 500; HAProxy's server saw no path, or one with a fragment.
fn broken_lines(compared: &mut Compared<'_>) {
    let target = |seen: &Message| seen.line.split(' ').nth(1).unwrap_or_default().to_owned();
    let is_broken = |seen: &Message| !target(seen).starts_with('/') || target(seen).contains('#');
    let refused = compared.ours.own_answer().is_some_and(|answer| answer.status() == "500");
    if refused && names(compared, "req") && compared.haproxy.forwarded.iter().all(is_broken) {
        compared.haproxy = compared.ours.clone();
    }
}

/// HAProxy redirects a request over TLS that says nothing of TLS.
fn tls_is_https(compared: &mut Compared<'_>) {
    let mut asked = compared.ask.requests.iter().zip(&compared.haproxy.answers);
    let redirected = asked.any(|(request, answer)| {
        request.field("X-Forwarded-Proto").is_none() && answer.is_own() && answer.status().starts_with('3')
    });
    if redirected && compared.ask.tls.is_some() && names(compared, "redirectUnlessHttpsProto") {
        compared.haproxy = compared.ours.clone();
    }
}

/// HAProxy's server is none to it.
fn addresses(compared: &mut Compared<'_>) {
    let is_address = |(name, value): (&str, &str)| name.starts_with("sslVerifyHost") && value.parse::<IpAddr>().is_ok();
    let asked = compared.case.services.iter().any(|params| params.iter().any(is_address));
    let refused = compared.haproxy.own_answer().is_some_and(|answer| answer.status() == "503");
    if asked && refused && compared.ours.forwarded.iter().all(|seen| seen.server.contains("over TLS")) {
        compared.haproxy = compared.ours.clone();
    }
}

/// Our server saw the same request twice, and both clients got 502.
fn sent_again(compared: &mut Compared<'_>) {
    let gateway = |outcome: &Outcome| matches!(&*outcome.answers, [answer] if answer.status() == "502");
    if !gateway(&compared.ours) || !gateway(&compared.haproxy) || compared.haproxy.forwarded.len() != 1 {
        return;
    }
    if matches!(&*compared.ours.forwarded, [first, second] if first == second && first.line.starts_with("GET ")) {
        compared.ours.forwarded.truncate(1);
    }
}

/// Whether the case has a parameter whose name begins so.
fn names(compared: &Compared<'_>, start: &str) -> bool {
    compared.case.services.iter().any(|params| params.iter().any(|(name, _)| name.starts_with(start)))
}

/// Answers of both, one by one.
fn answers<'c>(compared: &'c mut Compared<'_>) -> impl Iterator<Item = (&'c mut Message, &'c mut Message)> {
    compared.ours.answers.iter_mut().zip(&mut compared.haproxy.answers)
}

/// Requests that reached a server of each, with what the client asked.
fn forwarded<'c>(
    compared: &'c mut Compared<'_>,
) -> impl Iterator<Item = (&'c Request, &'c mut Message, &'c mut Message)> {
    let seen = compared.ours.forwarded.iter_mut().zip(&mut compared.haproxy.forwarded);
    compared.ask.requests.iter().zip(seen).map(|(request, (ours, haproxy))| (request, ours, haproxy))
}

fn is_error(answer: &Message) -> bool {
    answer.status() >= "400"
}

/// Where the requests went: the servers, and what the proxy answered by itself.
fn leads(outcome: &Outcome) -> Vec<&str> {
    let servers = outcome.forwarded.iter().map(|seen| &*seen.server);
    servers.chain(outcome.answers.iter().map(Message::status)).collect()
}
