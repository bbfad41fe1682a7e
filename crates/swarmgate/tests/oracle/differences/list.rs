//! The list itself: docs/migration.md shows names and reasons.
//!
//! Not here: how it is applied (`differences`).

use super::{Compared, Difference};
use crate::ask::Request;
use crate::outcome::{Message, Outcome};

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
        reason: "The page of a 400 or 403 says in a sentence of its own what went wrong.",
        take_out: own_words,
    },
    Difference {
        name: "redirects-are-not-stored",
        reason: "A redirect says `Cache-Control: no-cache`, as Docker Flow's HAProxy 1 did; HAProxy 2 leaves it out of 301 and 308.",
        take_out: redirects_are_not_stored,
    },
    Difference {
        name: "http10-is-forwarded-as-11",
        reason: "A request of HTTP/1.0 reaches its server as HTTP/1.1, with a Host if it had none (RFC 9110 §2.5, RFC 9112 §3.2).",
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
        name: "rewritten-paths-keep-their-slash",
        reason: "A path that a rewrite leaves without a `/` at its start gets one; HAProxy sends a request line that no server understands.",
        take_out: slash,
    },
];

/// Both answered by themselves with the same number.
fn own_version(compared: &mut Compared<'_>) {
    let http10 = compared.ask.requests.iter().any(|request| request.version == "HTTP/1.0");
    let (Some(ours), Some(haproxy)) = (compared.ours.own_answer(), compared.haproxy.own_answer()) else { return };
    let rest = |message: &Message| message.line.get(9..).unwrap_or_default().to_owned();
    if http10 && ours.line.starts_with("HTTP/1.0 ") && rest(ours) == rest(haproxy) {
        compared.ours.answers[0].line.clone_from(&compared.haproxy.answers[0].line);
    }
}

/// Both answered by themselves, with the same status that is no redirect; HAProxy's connection goes on, ours does not.
fn errors_close(compared: &mut Compared<'_>) {
    let Some(ours) = compared.ours.own_answer().filter(|ours| !ours.persists && is_error(ours)) else { return };
    let haproxy = &mut compared.haproxy;
    let same = haproxy.answers.iter().all(|answer| answer.status() == ours.status() && answer.persists);
    if same && haproxy.forwarded.is_empty() && haproxy.failure.is_none() && !haproxy.answers.is_empty() {
        haproxy.answers.truncate(1);
        haproxy.answers[0].persists = false;
    }
}

/// Both answered by themselves, with the same status and a page.
fn own_words(compared: &mut Compared<'_>) {
    let (Some(ours), Some(haproxy)) = (compared.ours.own_answer(), compared.haproxy.own_answer()) else { return };
    if ours.status() != haproxy.status() || !matches!(ours.status(), "400" | "403") {
        return;
    }
    for outcome in [&mut compared.ours, &mut compared.haproxy] {
        let answer = &mut outcome.answers[0];
        answer.line = answer.line[..12].to_owned();
        answer.body.clear();
        answer.remove("content-length");
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
}

/// Our server saw the path where HAProxy's saw the whole address, and the address's authority in Host.
fn absolute_form(compared: &mut Compared<'_>) {
    let authority = |request: &Request| {
        let rest = request.target.strip_prefix("http://")?;
        rest.split(['/', '?']).next().map(str::to_owned)
    };
    for (request, ours, haproxy) in forwarded(compared) {
        let Some(authority) = authority(request) else { continue };
        let prefix = format!("http://{authority}");
        let path = |line: &str| line.replacen(&prefix, "", 1).replacen("  ", " / ", 1);
        if ours.line == path(&haproxy.line) && ours.field("host") == Some(&*authority) {
            ours.line.clone_from(&haproxy.line);
        }
    }
    let [request] = &*compared.ask.requests else { return };
    let Some(authority) = authority(request) else { return };
    let differ = request.field("Host") != Some(&*authority);
    let pathless = request.target == format!("http://{authority}");
    let refused = |status| compared.haproxy.own_answer().is_some_and(|answer| answer.status() == status);
    if (differ && refused("400")) || (pathless && refused("503")) {
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
}

/// The host that was asked for has a port or a dot at its end, and it decides.
fn hosts(compared: &mut Compared<'_>) {
    let odd = |request: &Request| request.field("Host").is_some_and(|host| host.ends_with('.') || host.contains(':'));
    let names_hosts = |name: &str| name.starts_with("serviceDomain") || name.starts_with("redirectFromDomain");
    let asks = compared.case.services.iter().any(|params| params.iter().any(|(name, _)| names_hosts(name)));
    if asks && compared.ask.requests.iter().all(odd) && leads(&compared.ours) != leads(&compared.haproxy) {
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

/// HAProxy's server saw a path that does not begin with a slash.
fn slash(compared: &mut Compared<'_>) {
    let rewrites = |name: &str| name.starts_with("reqPath");
    if !compared.case.services.iter().any(|params| params.iter().any(|(name, _)| rewrites(name))) {
        return;
    }
    for (_, ours, haproxy) in forwarded(compared) {
        let words = |message: &Message| message.line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        if let ([_, path, _], [method, odd, version]) = (&*words(ours), &*words(haproxy)) {
            // Of a path that has none the next rewrite sees nothing at all.
            if odd.is_empty() || *path == format!("/{odd}") {
                haproxy.line = format!("{method} {path} {version}");
            }
        }
    }
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
