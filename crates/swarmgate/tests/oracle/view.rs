//! One way into a service as a client may think of it: a request that should get in, made of the case's own parameters.
//!
//! It reads parameters in its own simple way; what it gets wrong costs a question, not a fault.
//! Not here: how the request is varied (`questions`).

use crate::ask::{Hello, Request};
use crate::case::{Case, HOST};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::Params;

/// What a destination asks for.
pub(crate) struct View<'c> {
    separator: &'c str,
    params: &'c Params,
    index: Option<u8>,
    /// `USERS`.
    users: &'c str,
}

/// All destinations of a case.
pub(crate) fn views(case: &Case) -> Vec<View<'_>> {
    let separator = Some(case.setting("SEPARATOR")).filter(|separator| !separator.is_empty()).unwrap_or(",");
    let users = case.setting("USERS");
    let of_service = |params| {
        let indexes = Params::indexes(params);
        let indexes = if indexes.is_empty() { vec![None] } else { indexes.into_iter().map(Some).collect() };
        indexes.into_iter().map(move |index| View { separator, params, index, users })
    };
    case.services.iter().flat_map(of_service).collect()
}

impl View<'_> {
    /// The value of a parameter; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.params.get_at(name, self.index).unwrap_or_default()
    }

    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        self.text(name).split(self.separator).map(str::trim).filter(|item| !item.is_empty()).collect()
    }

    /// `http`, `tcp` or `sni`.
    pub(crate) fn mode(&self) -> String {
        self.text("reqMode").trim().to_ascii_lowercase()
    }

    /// Whether bytes pass as they are.
    pub(crate) fn is_tcp(&self) -> bool {
        matches!(&*self.mode(), "tcp" | "sni")
    }

    pub(crate) fn port(&self, name: &str) -> Option<u16> {
        self.text(name).parse().ok()
    }

    /// Paths that should match, one for each that is named.
    pub(crate) fn paths(&self) -> Vec<String> {
        let named = self.list("servicePath");
        let paths: Vec<_> = named.iter().map(|path| path_like(path, self.text("pathType"))).collect();
        if paths.is_empty() { vec!["/".to_owned()] } else { paths }
    }

    /// Hosts that should match; the usual one where any does.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let hosts: Vec<_> = self.list("serviceDomain").into_iter().map(host_like).collect();
        if hosts.is_empty() { vec![HOST.to_owned()] } else { hosts }
    }

    /// Credentials that should pass, as the field says them.
    pub(crate) fn credentials(&self) -> Vec<String> {
        let users = [self.text("users"), self.users].join(",");
        users.split([',', '\n']).filter(|user| user.contains(':')).map(|user| basic(user.trim())).collect()
    }

    /// A request that should get in.
    pub(crate) fn request(&self) -> Request {
        let method = self.list("allowedMethods").first().map_or("GET", |method| method).to_owned();
        let mut request = Request::get(&self.paths()[0], &self.hosts()[0]).method(&method);
        for (name, value) in self.list("serviceHeader").iter().filter_map(|header| header.split_once(':')) {
            request = request.with(name.trim(), &value.trim().replace("\\ ", " "));
        }
        if let Some(agent) = self.list("userAgent").first() {
            request = request.with("User-Agent", &format!("x/{}/1", agent.replace("\\ ", " ")));
        }
        if let Some(credentials) = self.credentials().first() {
            request = request.with("Authorization", credentials);
        }
        request
    }

    /// The names that a TLS client may ask for to get here.
    pub(crate) fn names(&self) -> Vec<Hello> {
        let names =
            [self.list("serviceDomain"), if self.mode() == "sni" { self.list("servicePath") } else { Vec::new() }]
                .concat();
        let names =
            names.into_iter().map(host_like).filter(|name| !name.is_empty() && !name.contains(['/', ':', '$', '\n']));
        names.map(|name| Hello { name: Some(name), shows_certificate: false }).collect()
    }
}

/// `Basic …` of a name and password.
pub(crate) fn basic(user: &str) -> String {
    format!("Basic {}", STANDARD.encode(user))
}

/// A path that matches `path` as `path_type` says.
fn path_like(path: &str, path_type: &str) -> String {
    let path = path.replace("\\ ", "%20");
    match path_type.split(' ').next().unwrap_or_default() {
        "path_end" => format!("/some/file{path}"),
        "path_sub" => format!("/a{path}z"),
        "path_dir" => format!("/some/{}/file", path.trim_matches('/')),
        "path_dom" => format!("/some.{path}.x"),
        "path_len" => format!("/{}", "x".repeat(path.parse::<usize>().unwrap_or(1).saturating_sub(1))),
        "path_reg" => example(&path),
        _ => path,
    }
}

fn host_like(domain: &str) -> String {
    let name = domain.trim_start_matches('*');
    if domain.starts_with("*.") { format!("x{name}") } else { example(name) }
}

/// A text that a simple regular expression matches.
fn example(pattern: &str) -> String {
    let simple = [
        ("^", ""),
        ("$", ""),
        ("[0-9]+", "42"),
        ("[0-9]", "7"),
        ("\\d+", "42"),
        ("\\w+", "word"),
        ("[a-z]+", "abc"),
        (".*", "any"),
        (".+", "any"),
        ("(", ""),
        (")", ""),
        ("\\.", "."),
        ("?", ""),
    ];
    simple.iter().fold(pattern.to_owned(), |text, (from, to)| text.replace(from, to))
}
