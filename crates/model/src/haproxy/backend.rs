//! The sections `backend …`: what happens to a request once its backend is chosen, in HAProxy's order, and the users who may pass.
//!
//! Not here: which requests come (`haproxy::frontend`).

use super::frontend::to_https;
use super::{DEFAULT_USERS, Globals, Lines, compression, write_statements, write_userlist};
use crate::auth::{Access, ServiceUsers};
use crate::backend::Backend;
use crate::quote::{argument, tests, word};
use crate::rewrite::Rewrite;
use crate::route::{Route, RouteTable};
use crate::service::{Dial, ServerTls, Service, ServiceName};
use rustls_pki_types::ServerName;

pub(super) fn write(lines: &mut Lines, routes: &RouteTable, globals: &Globals) {
    let mut last: Option<&ServiceName> = None;
    let place = compression::Place::of(routes, globals);
    for (_, route) in routes.rules() {
        let service = route.service();
        // All backends of a service stand together; its users come before the first.
        if last != Some(&service.name) {
            last = Some(&service.name);
            if let Some(users) = service.users.as_ref().map(ServiceUsers::users) {
                write_userlist(lines, &userlist(service), users, globals.secrets);
            }
        }
        write_backend(lines, (route, routes.backend(route)), globals, place);
    }
}

fn write_backend(
    lines: &mut Lines,
    (route, backend): (&Route, &Backend),
    globals: &Globals,
    place: compression::Place,
) {
    lines.section(format_args!("backend {}", backend.name));
    lines.line("mode http");
    let guard = &route.destination().guard;
    if guard.https_only {
        let action = to_https(guard.https_redirect_code);
        lines.line(format_args!("http-request redirect {action} if !{{ ssl_fc }}"));
    }
    lines.line("http-request set-header X-Forwarded-Proto https if { ssl_fc }");
    if backend.connection_mode != globals.connection_mode {
        lines.line(format_args!("option {}", backend.connection_mode.keyword()));
    }
    write_statements(lines, "http-request", &backend.statements.request, globals.secrets);
    write_statements(lines, "http-response", &backend.statements.response, globals.secrets);
    for (name, limit) in [("server", backend.timeout_server), ("tunnel", backend.timeout_tunnel)] {
        if let Some(limit) = limit {
            lines.timeout(name, limit);
        }
    }
    write_path_rewrites(lines, route.rewrites());
    write_guard(lines, route);
    write_line_rewrites(lines, route.rewrites());
    if place == compression::Place::Backends {
        backend.compression.iter().for_each(|own| compression::write(lines, own));
    }
    write_statements(lines, "http-request", &backend.statements.last, globals.secrets);
    write_servers(lines, backend, globals);
}

/// One server, or as many as DNS may list: their addresses are not the model's to know. A cookie holds what HAProxy makes of a server's
/// address and a key (`dynamic`), as it does in this proxy, whose key is another.
fn write_servers(lines: &mut Lines, backend: &Backend, globals: &Globals) {
    let tls = backend.server_tls.as_ref().map(|tls| server_tls(tls, globals)).unwrap_or_default();
    let (service, host, port) = (&backend.service, bracketed(backend.dial.host()), backend.port);
    let Some(slots) = backend.slots else {
        return lines.line(format_args!("server {service} {host}:{port}{tls}"));
    };
    let host = match &*backend.dial {
        Dial::Service(name) => format!("tasks.{name}"),
        _ => host,
    };
    let mut prefix = service.to_string();
    if let Some(cookie) = &backend.cookie {
        lines.line(format_args!("cookie {cookie} insert indirect nocache dynamic"));
        lines.line("dynamic-cookie-key swarmgate");
        prefix.push('_');
    }
    lines.line(format_args!("server-template {prefix} {slots} {host}:{port} check{tls}"));
}

/// How a server is dialled over TLS, as it stands behind its address.
fn server_tls(tls: &ServerTls, globals: &Globals) -> String {
    let ServerTls::VerifyHost(name) = tls else { return " ssl verify none".to_owned() };
    let authorities = word(globals.server_ca_file.as_deref().unwrap_or("@system-ca"));
    let sni = match &**name {
        ServerName::DnsName(name) => format!(" sni str({})", name.as_ref()),
        // An address is no name that could be sent.
        _ => String::new(),
    };
    format!(" ssl verify required ca-file {authorities}{sni} verifyhost {}", name.to_str())
}

fn write_path_rewrites(lines: &mut Lines, rewrites: &[Rewrite]) {
    for rewrite in rewrites {
        if let Rewrite::Path { search, replace, all } = rewrite {
            let (search, replace) = (argument(search.as_str()), replace.to_string());
            let flags = if *all { ",g" } else { "" };
            let path = format!("%[path,regsub({search},{}{flags})]", argument(&replace));
            lines.line(format_args!("http-request set-path {}", word(&path)));
        }
    }
}

/// Client certificates, methods, plain HTTP, users: who is refused, in the order in which it is asked.
fn write_guard(lines: &mut Lines, route: &Route) {
    let guard = &route.destination().guard;
    if guard.verify_client_ssl {
        lines.line("http-request deny unless { ssl_c_used } { ssl_c_verify 0 }");
    }
    if !guard.allowed_methods.is_empty() {
        write_methods(lines, "valid_allowed_method", &guard.allowed_methods);
        lines.line("http-request deny unless valid_allowed_method");
    }
    if !guard.denied_methods.is_empty() {
        write_methods(lines, "valid_denied_method", &guard.denied_methods);
        lines.line("http-request deny if valid_denied_method");
    }
    if guard.deny_http {
        lines.line("http-request deny if !{ ssl_fc }");
    }
    let Access::Users { realm, .. } = &route.access else { return };
    let (acl, userlist) = match route.service().users {
        Some(_) => (format!("{}UsersAcl", route.service().name), userlist(route.service())),
        None => ("defaultUsersAcl".to_owned(), DEFAULT_USERS.to_owned()),
    };
    lines.line(format_args!("acl {acl} http_auth({userlist})"));
    lines.line(format_args!("http-request auth realm {realm} if !{acl}"));
    lines.line("http-request del-header Authorization");
}

fn write_methods(lines: &mut Lines, acl: &str, methods: &[String]) {
    for test in tests("method", methods.iter().map(String::as_str)) {
        lines.line(format_args!("acl {acl} {test}"));
    }
}

/// `reqrep` changed a line as a whole; HAProxy 2.1 dropped the word. The same in its present words: the line is put together, replaced
/// where it matches (the search is widened to all of it), and taken apart again.
fn write_line_rewrites(lines: &mut Lines, rewrites: &[Rewrite]) {
    for rewrite in rewrites {
        if let Rewrite::RequestLine { search, replace } = rewrite {
            let (search, replace) = (search.as_str(), replace.to_string());
            let whole = argument(&format!("^.*?(?:{search}).*$")).into_owned();
            let replaced = format!("var(txn.line),regsub({whole},{})", argument(&replace));
            lines.line(format_args!("# reqrep {} {}", word(search), word(&replace)));
            lines.line("http-request set-var-fmt(txn.line) '%[method] %[url] HTTP/1.1'");
            lines.line(format_args!("http-request set-var(txn.line) {}", word(&replaced)));
            lines.line(r#"http-request set-method '%[var(txn.line),word(1," ")]'"#);
            lines.line(r#"http-request set-uri '%[var(txn.line),word(2," ")]'"#);
        }
    }
}

/// The users of a service. The name of the global ones is taken.
fn userlist(service: &Service) -> String {
    let name = format!("{}Users", service.name);
    if name == DEFAULT_USERS { format!("{name}:2") } else { name }
}

/// An IPv6 address in brackets, so that its last colon is not taken for the port's.
pub(super) fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() }
}
