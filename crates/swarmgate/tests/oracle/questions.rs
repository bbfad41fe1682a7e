//! What every case is asked: for each of its destinations a request that should get in, and its near misses, one change at a time.
//!
//! Not here: what a case asks beside that (`case`), and random ones (`random`).

use crate::ask::{Ask, Hello, Request};
use crate::case::{Case, HOST};
use crate::view::{View, basic, views};
use model::Frontend;

/// Values of any length are judged elsewhere; both proxies have limits of their own.
const LONGEST: usize = 4000;

/// All questions of a case, in groups: the first of a group tells whether its server is there at all.
pub(crate) fn questions(case: &Case, frontends: &[Frontend]) -> Vec<Vec<Ask>> {
    let views = views(case);
    let of_view = |view| if View::is_tcp(view) { bare(view) } else { of_http(view, frontends) };
    let mut groups: Vec<_> = views.iter().map(of_view).collect();
    for group in &mut groups {
        group.retain(|ask| ask.requests.iter().all(|request| is_sound(request) && request.bytes().len() < LONGEST));
    }
    groups.push(case.asks.clone());
    groups
}

fn of_http(view: &View<'_>, frontends: &[Frontend]) -> Vec<Ask> {
    let ports = [view.port("srcPort"), view.port("srcHttpsPort"), Some(80), Some(443)];
    let open = |port: &u16| frontends.iter().any(|frontend| frontend.port == *port);
    let ports: Vec<_> = ports.into_iter().flatten().filter(open).collect();
    let Some((first, others)) = ports.split_first() else { return Vec::new() };
    let mut asks: Vec<_> = variations(view).into_iter().map(|request| http(*first, frontends, vec![request])).collect();
    for port in others {
        asks.extend(few(view).into_iter().map(|request| http(*port, frontends, vec![request])));
    }
    asks.push(http(*first, frontends, vec![view.request(); 3]));
    asks
}

/// What breaks HTTP itself is another suite's (`raw`).
fn is_sound(request: &Request) -> bool {
    let graphic = request.target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    let target = match request.target.strip_prefix("http://") {
        Some(rest) => is_host(rest.split(['/', '?']).next().unwrap_or_default()),
        None => request.target.starts_with('/') || request.target == "*",
    };
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let field = |(name, value): &(String, String)| {
        !name.is_empty() && name.bytes().all(token) && !value.bytes().any(|byte| byte.is_ascii_control())
    };
    let hosts = request.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("host")).count();
    let host = hosts == 1 || (hosts == 0 && request.version == "HTTP/1.0");
    graphic && target && host && request.fields.iter().all(field) && request.field("Host").is_none_or(is_host)
}

/// A name or an address, and maybe a port.
fn is_host(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[') {
        return address.contains("]:") || address.ends_with(']');
    }
    let (name, port) = text.split_once(':').unwrap_or((text, "80"));
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    !name.is_empty() && name.bytes().all(part) && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

fn http(port: u16, frontends: &[Frontend], requests: Vec<Request>) -> Ask {
    let is_tls = frontends.iter().any(|frontend| frontend.port == port && frontend.tls);
    Ask { port, tls: is_tls.then(Hello::default), requests }
}

/// The same on a port that is not the first: whether it gets in at all, and whether plain HTTP makes a difference.
fn few(view: &View<'_>) -> Vec<Request> {
    let request = view.request();
    vec![
        request.clone(),
        request.clone().with("X-Forwarded-Proto", "http"),
        request.clone().without("Authorization"),
        request.method("POST").body("hello", false),
    ]
}

fn variations(view: &View<'_>) -> Vec<Request> {
    let request = view.request();
    let mut all = vec![request.clone()];
    all.extend(paths(view).iter().map(|path| request.clone().target(path)));
    all.extend(hosts(view).iter().map(|host| request.clone().set("Host", host)));
    all.extend(headers(view, &request));
    all.extend(agents(view).iter().map(|agent| request.clone().set("User-Agent", agent)));
    all.extend(methods(view).iter().map(|method| request.clone().method(method)));
    all.extend(credentials(view).iter().map(|credentials| request.clone().set("Authorization", credentials)));
    all.push(request.clone().without("Authorization"));
    for proto in ["http", "https", "HTTPS", "ftp, https", "http,https"] {
        all.push(request.clone().with("X-Forwarded-Proto", proto));
    }
    all.extend(versions(&request));
    all
}

fn paths(view: &View<'_>) -> Vec<String> {
    let mut paths = Vec::new();
    for path in view.paths().into_iter().take(4) {
        let cut = path.get(..path.len().saturating_sub(1)).unwrap_or_default();
        paths.extend(
            ["", "/", "x", "/sub/path", "?query=1&b=/demo", "/x?a/b", "/../up", "%20"]
                .map(|more| format!("{path}{more}")),
        );
        paths.extend(["/", "/x", "/.", "/%2e"].map(|before| format!("{before}{path}")));
        paths.extend([cut.to_owned(), format!("{cut}?x={path}"), path.to_ascii_uppercase(), path.to_ascii_lowercase()]);
        paths.extend(path.get(1..2).map(|letter| format!("/%{:02x}{}", letter.as_bytes()[0], &path[2..])));
        paths.push(format!("http://{}{path}", view.hosts()[0]));
    }
    for path in view.list("servicePathExclude") {
        paths.extend(["", "/", "x", "?y"].map(|more| format!("{path}{more}")));
        paths.extend(path.get(..path.len() - 1).map(str::to_owned));
    }
    paths.extend(["/", "/nowhere", "/.well-known/acme-challenge/token"].map(str::to_owned));
    paths
}

fn hosts(view: &View<'_>) -> Vec<String> {
    let mut hosts = Vec::new();
    let named = [view.hosts(), view.list("redirectFromDomain").into_iter().map(str::to_owned).collect()].concat();
    for host in named.iter().take(4) {
        let cut = host.get(1..).unwrap_or_default();
        hosts.extend(["", ".", ":80", ":8080", ".:80", ".evil.org", "x"].map(|more| format!("{host}{more}")));
        hosts.extend(["www.", "x", "www.x."].map(|before| format!("{before}{host}")));
        hosts.extend([host.to_ascii_uppercase(), cut.to_owned()]);
    }
    hosts.extend(["other.test", "127.0.0.1", "[::1]:80"].map(str::to_owned));
    hosts.retain(|host| !host.is_empty());
    hosts
}

fn headers(view: &View<'_>, request: &Request) -> Vec<Request> {
    let mut all = Vec::new();
    for (name, value) in view.list("serviceHeader").iter().filter_map(|header| header.split_once(':')) {
        let (name, value) = (name.trim(), value.trim());
        all.push(request.clone().without(name));
        all.push(request.clone().set(&name.to_ascii_uppercase(), value));
        for value in [
            format!("other, {value}"),
            format!("{value},other"),
            format!("{value}x"),
            format!("x{value}"),
            value.to_ascii_uppercase(),
            format!("\"{value}\""),
            format!("{value};q=1"),
            String::new(),
            "other".to_owned(),
        ] {
            all.push(request.clone().set(name, &value));
        }
        all.push(request.clone().set(name, "other").with(name, value));
    }
    all
}

fn agents(view: &View<'_>) -> Vec<String> {
    let mut agents = Vec::new();
    for agent in view.list("userAgent") {
        let agent = agent.replace("\\ ", " ");
        agents.extend([
            agent.clone(),
            agent.to_ascii_uppercase(),
            format!("Mozilla/5.0 ({agent})"),
            agent[1..].to_owned(),
        ]);
    }
    agents.extend(["curl/8".to_owned(), String::new()]);
    agents
}

fn methods(view: &View<'_>) -> Vec<String> {
    let named = [view.list("allowedMethods"), view.list("deniedMethods")].concat();
    let named =
        named.into_iter().flat_map(|method| [method.to_owned(), method.to_ascii_lowercase(), format!("{method}X")]);
    named.chain(["HEAD", "OPTIONS", "DELETE", "PROPFIND"].map(str::to_owned)).collect()
}

fn credentials(view: &View<'_>) -> Vec<String> {
    let good = view.credentials();
    let mut all = vec![basic("nobody:nothing"), "Bearer token".to_owned(), "Basic".to_owned(), "Basic !".to_owned()];
    for credentials in good.iter().take(3) {
        all.extend([credentials.clone(), credentials.replacen("Basic", "basic", 1), format!("{}x", credentials)]);
        all.push(credentials.trim_end_matches('=').to_owned());
    }
    all.extend(view.list("users").iter().filter_map(|user| user.split_once(':')).flat_map(|(name, password)| {
        [format!("{name}:{password}x"), format!("{name}:"), format!("{}:{password}", name.to_ascii_uppercase())]
            .map(|user| basic(&user))
    }));
    all
}

/// The same thing said in other words: bodies, versions, connections, hop-by-hop fields.
fn versions(request: &Request) -> Vec<Request> {
    let post = || request.clone().method("POST");
    vec![
        post().body("hello", false),
        post().body("hello, chunks", true),
        post(),
        post().body("expected", false).with("Expect", "100-continue"),
        request.clone().http10(),
        request.clone().http10().without("Host"),
        request.clone().http10().with("Connection", "keep-alive"),
        request.clone().with("Connection", "close"),
        request.clone().with("Connection", "keep-alive, X-Hop").with("X-Hop", "1").with("X-Stays", "1"),
        request.clone().with("X-Forwarded-For", "1.2.3.4").with("x-forwarded-for", "5.6.7.8"),
        request.clone().with("Cookie", "a=b; c=d").with("X-Empty", "").with("Accept-Encoding", "gzip"),
        request.clone().with("TE", "trailers").with("Keep-Alive", "timeout=5").with("Proxy-Connection", "keep-alive"),
        request.clone().method("OPTIONS").target("*"),
        request.clone().target(&format!("http://{HOST}")),
    ]
}

/// Connections whose bytes pass: in tcp mode whatever is sent, in sni mode by the name that TLS asks for.
fn bare(view: &View<'_>) -> Vec<Ask> {
    let Some(port) = view.port("srcPort") else { return Vec::new() };
    let mut hellos: Vec<Option<Hello>> =
        vec![Some(Hello { name: Some("other.test".to_owned()), shows_certificate: false })];
    if view.mode() == "tcp" && view.list("serviceDomain").is_empty() {
        hellos.push(None);
    }
    for hello in view.names() {
        let name = hello.name.clone().unwrap_or_default();
        for name in [
            name.clone(),
            name.to_ascii_uppercase(),
            format!("www.{name}"),
            format!("{name}.evil.org"),
            format!("x{name}"),
        ] {
            hellos.push(Some(Hello { name: Some(name), shows_certificate: false }));
        }
    }
    hellos.into_iter().map(|tls| Ask { port, tls, requests: vec![Request::get("/", HOST); 2] }).collect()
}
