//! PARAMS: the one table that defines every parameter. docs/parameters.md, and near-miss warnings come from it.
//!
//! Not here: reading a value (`service::read`) or what a value does to a request (`route`).

use Category::{Auth, Backend, Headers, Identity, Redirects, Rewriting, Routing, Tcp, Templates, Tls};
use Kind::{Count, Flag, List, Port, Seconds, Text};
use OnBad::{Refuse, Warn, Zero};

/// What a parameter is: one row of [`PARAMS`].
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// The name as labels, queries and documents spell it.
    pub name: &'static str,
    /// Older names that mean the same.
    pub aliases: &'static [&'static str],
    /// The shape of its value.
    pub kind: Kind,
    /// Whether it may carry an index (`servicePath.1`).
    pub level: Level,
    /// The chapter of docs/parameters.md it stands in.
    pub category: Category,
    /// What a value that cannot be understood gets.
    pub on_bad: OnBad,
    /// Whether this version acts on it.
    pub state: State,
    /// One or two sentences for an operator.
    pub doc: &'static str,
    /// A value as an operator would write it.
    pub example: &'static str,
}

/// The shape of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Free text.
    Text,
    /// Several texts, divided by `SEPARATOR` (a comma unless set).
    List,
    /// `true` or `false`.
    Flag,
    /// A TCP port, 1 to 65535.
    Port,
    /// A whole number.
    Count,
    /// Whole seconds.
    Seconds,
}

/// Where a parameter applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The whole service; its name is read in any case of letters.
    Service,
    /// One destination; may be indexed 1 to 10; its name is read as it is spelled.
    Destination,
}

/// A chapter of docs/parameters.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Who the service is.
    Identity,
    /// Which requests it gets.
    Routing,
    /// Where they go.
    Backend,
    /// What is changed in the request line.
    Rewriting,
    /// Who may pass.
    Auth,
    /// What is answered with another address.
    Redirects,
    /// What is added to and taken from messages.
    Headers,
    /// TCP and SNI.
    Tcp,
    /// Certificates.
    Tls,
    /// HAProxy snippets of one's own.
    Templates,
}

/// What a value that cannot be understood gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBad {
    /// The call is refused with 409; the last good version of the service stays live.
    Refuse,
    /// The value is ignored with a warning.
    Warn,
    /// The value counts as 0, with a warning.
    Zero,
}

/// Whether this version acts on a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It does.
    Built,
    /// It never will: it belonged to the Consul mode that Docker Flow itself removed in 2017.
    Consul,
}

/// The row of `name`, or of an alias. Names of services' parameters are found in any case of letters.
pub fn param(name: &str) -> Option<&'static Param> {
    PARAMS.iter().find(|param| {
        let same = |known: &str| match param.level {
            Level::Service => known.eq_ignore_ascii_case(name),
            Level::Destination => known == name,
        };
        same(param.name) || param.aliases.iter().any(|alias| same(alias))
    })
}

/// Whether the value of `name`, indexed or not, must not be shown: users and certificates, and what looks like one of them misspelt.
pub(crate) fn is_secret(name: &str) -> bool {
    const SECRETS: [&str; 2] = ["users", "serviceCert"];
    const SUSPECT: [&str; 6] = ["user", "pass", "cert", "secret", "token", "auth"];
    let base = name.split('.').next().unwrap_or_default();
    let known = PARAMS.iter().any(|param| param.name.eq_ignore_ascii_case(base));
    let lower = base.to_ascii_lowercase();
    match known {
        true => SECRETS.iter().any(|secret| secret.eq_ignore_ascii_case(base)),
        false => SUSPECT.iter().any(|part| lower.contains(part)),
    }
}

impl Param {
    const fn service(
        name: &'static str,
        category: Category,
        kind: Kind,
        doc: &'static str,
        example: &'static str,
    ) -> Self {
        let (aliases, level, on_bad, state): (&[&str], _, _, _) = (&[], Level::Service, Refuse, State::Built);
        Param { name, aliases, kind, level, category, on_bad, state, doc, example }
    }

    const fn destination(
        name: &'static str,
        category: Category,
        kind: Kind,
        doc: &'static str,
        example: &'static str,
    ) -> Self {
        let mut param = Param::service(name, category, kind, doc, example);
        param.level = Level::Destination;
        param
    }

    const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    const fn warns(mut self) -> Self {
        self.on_bad = Warn;
        self
    }

    const fn zero(mut self) -> Self {
        self.on_bad = Zero;
        self
    }

    const fn consul(mut self) -> Self {
        self.state = State::Consul;
        self
    }
}

/// Every parameter that Docker Flow Proxy ever had and our own, in the order of docs/parameters.md.
#[rustfmt::skip]
pub const PARAMS: &[Param] = &[
    Param::service("serviceName", Identity, Text, "The name of the service: its identity, and the host that is dialled unless `outboundHostname` says otherwise. Mandatory; a listener adds it.", "go-demo"),
    Param::service("aclName", Identity, Text, "Orders the rules and names the backends. Services with a path in `/.well-known` are asked first, those with the path `/` last, and among equals in bytewise order of this name. The service's name unless set.", "05-go-demo"),
    Param::service("replicas", Identity, Count, "How many tasks the service should have; a listener adds it. 0 removes the service.", "3").zero(),
    Param::service("distribute", Identity, Flag, "Whether the call is passed on to all replicas of the proxy. A listener adds `true`.", "true").warns(),
    Param::service("proxyInstanceName", Identity, Text, "The instance of the proxy that this service is meant for. Where `FILTER_PROXY_INSTANCE_NAME` is true, a service that names another one than `PROXY_INSTANCE_NAME`, or none, is not taken, and one that was taken is removed. The case of letters does not count.", "docker-flow").warns(),

    Param::destination("servicePath", Routing, List, "Paths that belong to the service. `/demo` is also `/demo/hello` and `/demonstration`: see `pathType`. Mandatory unless `serviceDomain` is set, which alone means `/`.", "/demo,/api"),
    Param::destination("servicePathExclude", Routing, List, "Paths that do not belong to the service although `servicePath` matches them. They match as `pathType` says.", "/demo/internal"),
    Param::destination("pathType", Routing, Text, "How paths match: `path_beg` (their start, the default), `path` (the whole path), `path_end` (their end), `path_sub` (any part), `path_dir` (whole segments), `path_dom` (whole words between `/`, `.`, `?` and `:`), `path_len` (their length in bytes), `path_reg` (a PCRE). ` -i` after it ignores the case of letters.", "path_reg"),
    Param::destination("serviceDomain", Routing, List, "Domains that belong to the service, with any of its paths. One that starts with `*` makes all domains of the service match by their ending. Case, port and a trailing dot are not compared.", "my-domain.com,*other.com"),
    Param::service("serviceDomainAlgo", Routing, Text, "How domains match: `hdr_beg(host)` (their start; the default unless `SERVICE_DOMAIN_ALGO` is set), `hdr(host)` (the whole name, the strict way), `hdr_dom(host)` (whole labels: also `www.my-domain.com`), `hdr_end(host)` (their ending), `hdr_sub(host)` (any part), `hdr_reg(host)` (a PCRE).", "hdr(host)"),
    Param::service("serviceDomainMatchAll", Routing, Flag, "Deprecated: `true` is `serviceDomainAlgo=hdr_dom(host)`.", "true").warns(),
    Param::destination("serviceHeader", Routing, List, "Header fields the request must have, all of them, each as `Name:value`. A value is compared with each element of a comma-separated field, and its case counts.", "X-Version:3,Client:mobile"),
    Param::destination("userAgent", Routing, List, "Texts of which the User-Agent field must hold one, in any case of letters.", "amiga,amstrad"),
    Param::destination("srcPort", Routing, Port, "The port of the proxy, inside its container, on which the request must have come in. `BIND_PORTS` binds more than 80 and 443.", "8085"),
    Param::destination("srcHttpsPort", Routing, Port, "The TLS port of the proxy on which requests for `httpsPort` come in; 443 unless set.", "8443"),
    Param::service("isDefaultBackend", Routing, Flag, "`true`: the service gets all requests that no rule matches. Of several such services the last in the order of rules gets them.", "true").warns(),

    Param::destination("port", Backend, Port, "The port of the service. Mandatory unless `httpsPort` is set.", "8080"),
    Param::destination("httpsPort", Backend, Port, "The port of the service for requests that came in on `srcHttpsPort`. Where it is set, `port` is for requests on port 80, or on `srcPort`.", "8443"),
    Param::destination("outboundHostname", Backend, Text, "The host to dial in place of the service's name, as it is written. The proxy's own control API is never dialled.", "legacy.example.com"),
    Param::service("discoveryType", Backend, Text, "`Overlay`: dial the service's virtual address. `DNS`, or unset: dial its tasks where `tasks.<service>` resolves, else its virtual address; the tasks are followed as they come and go. With `DNS`, haproxy.cfg shows as many servers as the service has replicas (ten where that is not known).", "DNS").warns(),
    Param::service("checkResolvers", Backend, Flag, "Nothing depends on it: addresses are always looked up again.", "true").warns(),
    Param::destination("timeoutServer", Backend, Seconds, "How long the service may stay silent, in whole seconds; `TIMEOUT_SERVER` unless set.", "60"),
    Param::destination("timeoutTunnel", Backend, Seconds, "How long a WebSocket or another tunnel may stay silent, in whole seconds; `TIMEOUT_TUNNEL` unless set.", "7200"),
    Param::service("sessionType", Backend, Text, "`sticky-server`: a client stays with one task for as long as that task can be had, by a cookie that is named after the service (`Set-Cookie: <service>=…; path=/`); the service never sees the cookie. Its value says nothing about the task and is the same on all replicas of the proxy; with `DFP_CLUSTER_SECRET` it cannot be guessed either. A cookie of Docker Flow Proxy is understood once, and replaced. Any other word: the tasks are the servers, whatever `discoveryType` says, and no client stays.", "sticky-server").warns(),
    Param::service("connectionMode", Backend, Text, "HAProxy's connection mode: `http-keep-alive` (the default unless `CONNECTION_MODE` is set), `http-server-close` (a connection to the server serves one request), `httpclose` or `forceclose` (so does the client's). `http-tunnel` is `http-keep-alive`.", "http-server-close").warns(),
    Param::destination("sslVerifyNone", Backend, Flag, "`true`: the service is dialled over TLS and its certificate is not checked. No name is sent to it (SNI).", "true"),
    Param::destination("sslVerifyHost", Backend, Text, "The service is dialled over TLS, and its certificate must be valid for this host name or address, by one of the authorities in `SERVER_CA_FILE`, or of Mozilla's where that is not set. The name is sent too (SNI). A server that cannot show such a certificate gets no request: 503. Wins over `sslVerifyNone`.", "go-demo.internal"),
    Param::service("backendExtra", Backend, Text, "Lines of HAProxy's language for the service's backend, behind everything else: see [rules.md](rules.md). A line that this proxy cannot act on refuses the service.", "http-request deny if { path_beg /private }"),
    Param::destination("userDef", Backend, Text, "Nothing depends on it: only templates of one's own used it. It is shown in `/config?type=json`.", "blue").warns(),

    Param::service("reqRepSearch", Rewriting, Text, "A PCRE that is matched against the request line, `METHOD URI HTTP/1.1`; blanks are written `\\ `. Nothing happens without `reqRepReplace`.", "^([^\\ ]*)\\ /something/(.*)"),
    Param::service("reqRepReplace", Rewriting, Text, "The request line that takes the place of one that `reqRepSearch` matches, as a whole; `\\1` to `\\9` are its groups.", "\\1\\ /demo/\\2"),
    Param::destination("reqPathSearchReplace", Rewriting, List, "Pairs `search,replace`, divided by `:`, each applied to what the one before made. A search is a PCRE; its first match in the path is replaced, with `,g` behind the pair every match. `\\1` to `\\9` are its groups. The query is kept.", "/something/,/demo/"),
    Param::service("reqPathSearch", Rewriting, Text, "Deprecated: the search of one pair that comes before `reqPathSearchReplace`.", "/something/"),
    Param::service("reqPathReplace", Rewriting, Text, "Deprecated: the replacement for `reqPathSearch`; may be empty.", "/demo/"),

    Param::service("users", Auth, List, "Who may pass, as `name:password`, always divided by commas or line ends. A name alone takes its password from `USERS`; one without a password anywhere is left out with a warning. These users replace `USERS` for the service. With `usersSecret`, a name alone takes its password from there and from nowhere else. None left means locked: every request gets 401.", "admin:password").warns(),
    Param::service("usersSecret", Auth, Text, "The suffix of the Docker secret `dfp_users_<suffix>` that holds users in the form of `users`, read when the proxy starts. Without `users`, all of them may pass. A secret that was not there has no users: the service is locked.", "admins").warns(),
    Param::service("usersPassEncrypted", Auth, Flag, "`true`: the passwords in `users` and `usersSecret` are hashes of crypt(3): SHA-256 (`$5$`), SHA-512 (`$6$`), each of 1,000 to 1,000,000 rounds, or bcrypt (`$2a$`, `$2b$`, `$2y$`) of a cost of 4 to 14. A user with any other is left out with a warning. They are checked by half of the processors, one login at a time each, and an answer is remembered; a login that waits for 5 seconds gets 503.", "true"),
    Param::destination("ignoreAuthorization", Auth, Flag, "`true`: no password is asked for here, whatever the service and `USERS` say.", "true").warns(),
    Param::destination("allowedMethods", Auth, List, "Methods that pass; all others get 403. Their case counts, and `GET` does not let HEAD pass.", "GET,HEAD"),
    Param::destination("deniedMethods", Auth, List, "Methods that get 403.", "DELETE"),
    Param::destination("denyHttp", Auth, Flag, "`true`: requests that did not come over TLS get 403.", "true"),
    Param::destination("verifyClientSsl", Auth, Flag, "`true`: only clients pass that show, over TLS, a certificate that the proxy's `CA_FILE` vouches for; the others get 403. Without `CA_FILE` nobody passes.", "true"),

    Param::destination("httpsOnly", Redirects, Flag, "`true`: requests that did not come over TLS are redirected to https. Without an index it holds for all destinations.", "true"),
    Param::destination("httpsRedirectCode", Redirects, Count, "The status of redirects to https: 301, 302 (the default), 303, 307 or 308.", "301"),
    Param::service("redirectWhenHttpProto", Redirects, Flag, "`true`: requests whose X-Forwarded-Proto is `http` are redirected to https.", "true"),
    Param::service("redirectUnlessHttpsProto", Redirects, Flag, "`true`: requests whose X-Forwarded-Proto is not `https` are redirected to https.", "true"),
    Param::destination("redirectFromDomain", Redirects, List, "Domains whose requests are redirected (301) to the first `serviceDomain`, whatever their path. A host that starts with one counts.", "old-domain.com"),

    Param::service("addReqHeader", Headers, List, "Header fields added to requests: each a name and a value, and perhaps a condition (`if { ssl_fc }`), in HAProxy's language; see [rules.md](rules.md). A value with blanks or a separator is quoted.", "X-Port %[dst_port]").alias(&["addHeader"]),
    Param::service("setReqHeader", Headers, List, "The same, in place of all fields of the name that the client sent.", "X-Real-IP %[src]").alias(&["setHeader"]),
    Param::service("delReqHeader", Headers, List, "Names of header fields that are taken out of requests, each perhaps with a condition. It comes after those that add and set.", "X-Debug"),
    Param::service("addResHeader", Headers, List, "Header fields added to responses of the service; the proxy's own answers have none of them.", "X-Served-By %b"),
    Param::service("setResHeader", Headers, List, "The same, in place of all fields of the name that the service sent.", "Strict-Transport-Security \"max-age=16000000; includeSubDomains\" if { ssl_fc }"),
    Param::service("delResHeader", Headers, List, "Names of header fields that are taken out of responses, after adding and setting.", "Server"),
    Param::service("compressionAlgo", Headers, Text, "How responses are compressed for clients that ask for it (Accept-Encoding), in place of `COMPRESSION_ALGO`: `gzip`, `deflate`, `raw-deflate`, `br`, `zstd`, or several of them divided by blanks; a client gets what it likes most, and of what it likes equally `br`, then `zstd`, then `gzip`. `identity` alone turns compression off. Compressed are, as HAProxy does it, whole responses of HTTP/1.1 with the status 200 to 203 that have no Content-Encoding, no `no-transform`, and not several parts; a strong ETag becomes a weak one.", "gzip br").warns(),
    Param::service("compressionType", Headers, Text, "Media types that are compressed, divided by blanks, in place of `COMPRESSION_TYPE`: the starts of Content-Type, in any case of letters. Unset: all of them, and responses without one.", "text/html text/css").warns(),

    Param::destination("reqMode", Tcp, Text, "`http` (the default): requests are forwarded. `tcp`: the proxy binds `srcPort` for as long as the service exists and passes its connections through; a `serviceDomain` is compared with the name that a TLS client asks for, and one service without domains gets all others. `sni`: the same, with the names in `servicePath`, or in `serviceDomain`, and the matcher in `pathType` (`req_ssl_sni -i`). A port of `DEFAULT_PORTS` or `BIND_PORTS`, or one that another service or program has, is refused.", "tcp"),
    Param::destination("timeoutClient", Tcp, Seconds, "How long a TCP client may stay silent before it is connected with a server, in whole seconds; `TIMEOUT_CLIENT` unless set. After that, `timeoutTunnel` holds for both sides. The first service of a port decides.", "60"),
    Param::destination("checkTcp", Tcp, Flag, "`true`: servers are probed every two seconds by connecting to them; one that fails three times in a row is passed over until it answers twice.", "true").warns(),
    Param::destination("clitcpka", Tcp, Flag, "`true`: TCP keep-alive towards clients. The first service of a port decides.", "true").warns(),
    Param::destination("serviceGroup", Tcp, Text, "Services in tcp mode with one group and one `srcPort` share the port: connections go to the tasks of all of them. The first in the order of aclName decides about everything else.", "redis"),
    Param::destination("balanceGroup", Tcp, Text, "How a group is balanced: `roundrobin` (the default), `leastconn` (the fewest open connections), `source` (by the client's address) or `first` (the first that can be had).", "leastconn"),

    Param::service("serviceCert", Tls, Text, "A PEM bundle of certificates and their key, line ends written as `\\n`. It is kept under the first domain, else the name of the service, but never in place of a file that did not come with the same service: the file's first line says with which it came. It is for the service's domains (without any: its own names) that no other certificate is for, and the default only where there is no other. A service with a bad one is refused; one that has expired, or is not valid yet, is left out and warned of.", "-----BEGIN CERTIFICATE-----\\n..."),

    Param::service("templateFePath", Templates, Text, "A file with frontend lines of HAProxy's language. A service that names one is refused, and the file is not read: only a real HAProxy can do what a template says. `ENGINE=haproxy` will be the way once it is built.", "/tmpl/go-demo-fe.tmpl"),
    Param::service("templateBePath", Templates, Text, "A file with backend lines of HAProxy's language. Refused for the same reason.", "/tmpl/go-demo-be.tmpl"),
    Param::service("consulTemplateFePath", Templates, Text, "Consul mode; removed from Docker Flow in 2017.", "/fe.ctmpl").consul(),
    Param::service("consulTemplateBePath", Templates, Text, "Consul mode; removed from Docker Flow in 2017.", "/be.ctmpl").consul(),
    Param::service("serviceColor", Templates, Text, "Consul mode; removed from Docker Flow in 2017.", "blue").consul(),
    Param::service("skipCheck", Templates, Flag, "Consul mode; removed from Docker Flow in 2017.", "true").consul(),
];
