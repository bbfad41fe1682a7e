//! SETTINGS: the one table of all variables. docs/settings.md and the warnings about variables that are not acted on come from it.
//!
//! Not here: reading them (`settings`).

use Role::{Both, Listener, Proxy};
use State::{Built, Gone, Other};

/// What a variable is: one row of [`SETTINGS`].
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The variable. Also read from the secret `dfp_<name in lower case>` if `secret`.
    pub name: &'static str,
    /// Which role reads it.
    pub role: Role,
    /// The value it has unless it is set.
    pub default: &'static str,
    /// Whether a Docker secret may hold it.
    pub secret: bool,
    /// Whether this version acts on it.
    pub state: State,
    /// One sentence for an operator.
    pub doc: &'static str,
}

/// A role of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The data plane and its API.
    Proxy,
    /// The follower of the Swarm.
    Listener,
    /// Either of them.
    Both,
}

/// Whether this version acts on a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It does.
    Built,
    /// There is nothing to do: the reason is in the doc.
    Other,
    /// It belonged to the Consul mode, which Docker Flow itself removed in 2017.
    Gone,
}

const fn row(name: &'static str, role: Role, default: &'static str, state: State, doc: &'static str) -> Setting {
    Setting { name, role, default, secret: false, state, doc }
}

const fn secret(name: &'static str, role: Role, default: &'static str, state: State, doc: &'static str) -> Setting {
    Setting { name, role, default, secret: true, state, doc }
}

/// Every variable of Docker Flow Proxy and Docker Flow Swarm Listener, and our own.
#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    row("IP", Both, "0.0.0.0", Built, "Address that the API is bound on."),
    row("PORT", Both, "8080", Built, "Port of the API; a proxy also speaks to its other replicas on it."),
    row("LOG", Both, "info", Built, "What is logged: `error`, `warn`, `info`, `debug` or `trace`."),
    row("ACCESS_LOG", Proxy, "", Built, "A line about each request, on standard output: `json`, `haproxy`, or `off`. Without it: `haproxy` if `DEBUG` is true, else `off`. Never Authorization or Cookie; the query, which may hold tokens, only as `haproxy`. See metrics.md for lost lines."),
    row("SECRETS_DIR", Both, "/run/secrets", Built, "Where Docker secrets are. Those named `cert-…` or `cert_…` are certificates, after those of `CERTS_DIR`; other replicas do not get them from this one. Those named `dfp_users_…` hold users (`usersSecret`), read at the start."),
    row("SERVICE_NAME", Proxy, "proxy", Built, "Name of the proxy's own service: `tasks.<name>` are all replicas."),
    row("LISTENER_ADDRESS", Proxy, "", Built, "Who is asked for all services: hosts, or host:port, divided by commas."),
    row("RELOAD_INTERVAL", Proxy, "5000", Built, "Milliseconds between two questions to the listeners; at least 1000."),
    row("MODE", Proxy, "swarm", Other, "Ignored: there is one mode."),
    row("SEPARATOR", Proxy, ",", Built, "Divides the elements of a list in a parameter."),
    secret("DEFAULT_PORTS", Proxy, "80,443:ssl", Built, "Ports that are bound; `accept-proxy` behind one whose connections begin with a PROXY protocol header (version 1 or 2; without one they are closed), `:ssl` behind one that speaks TLS, as in `80 accept-proxy,443 accept-proxy:ssl`. Without any certificate such a port ends every handshake; it never speaks plain HTTP."),
    secret("BIND_PORTS", Proxy, "", Built, "More ports that are bound for HTTP, for `srcPort`. Ports of services in tcp and sni mode are bound as they come."),
    secret("USERS", Proxy, "", Built, "Who may pass where a service names nobody: `name:password`, divided by commas or line ends."),
    secret("TIMEOUT_CONNECT", Proxy, "5", Built, "Seconds to connect to a server, all tries together."),
    secret("TIMEOUT_CLIENT", Proxy, "20", Built, "Seconds a client may stay silent inside a request or response. A request's body must also come at 100 bytes a second on average over that time, until the server answers."),
    secret("TIMEOUT_SERVER", Proxy, "20", Built, "Seconds a server may stay silent."),
    secret("TIMEOUT_QUEUE", Proxy, "30", Other, "Shown in `/config`; nothing waits for it: connections to a server are not limited, so no request queues for one."),
    secret("TIMEOUT_TUNNEL", Proxy, "3600", Built, "Seconds a WebSocket or another tunnel may stay silent."),
    secret("TIMEOUT_HTTP_REQUEST", Proxy, "5", Built, "Seconds for the whole head of a request."),
    secret("TIMEOUT_HTTP_KEEP_ALIVE", Proxy, "15", Built, "Seconds between two requests of a connection."),
    row("SERVICE_DOMAIN_ALGO", Proxy, "hdr_beg(host)", Built, "How domains match unless a service says otherwise; `hdr(host)` is the strict way."),
    row("HTTPS_ONLY", Proxy, "false", Built, "`true`: every service redirects plain HTTP to https, but for those from the environment."),
    secret("RESOLVERS", Proxy, "", Built, "DNS servers to ask in place of those of resolv.conf: `nameserver dns 127.0.0.11:53`, or an address."),
    row("THREADS", Proxy, "0", Built, "Threads that serve; 0: as many as the process may use."),
    row("DRAIN_SECONDS", Proxy, "8", Built, "Seconds that connections may go on after SIGTERM. Docker kills after 10 unless told otherwise."),
    row("SKIP_ADDRESS_VALIDATION", Proxy, "true", Built, "`true`: a service whose host does not resolve is taken, and answers 503 until it does. `false`: a call of `/reconfigure` for it is refused with 500, and the service stays as it was. Lists of listeners are taken as they are."),
    row("RECONFIGURE_ATTEMPTS", Proxy, "20", Other, "Ignored: a change is judged once and live at once."),
    row("RELOAD_ATTEMPTS", Proxy, "5", Other, "Ignored: listeners are asked until they answer."),
    row("REPEAT_RELOAD", Proxy, "false", Other, "Ignored: listeners are always asked again."),
    row("DNS_LOOKUP_PAUSE_MS", Proxy, "0", Other, "Ignored: nothing needs the pause."),
    row("HEALTHCHECK", Proxy, "true", Other, "Ignored: the image's health check is `swarmgate ping`."),
    row("DISPLAY_CONFIG_ON_ERROR", Proxy, "", Other, "Ignored: an error names its cause."),
    row("CHECK_RESOLVERS", Proxy, "false", Other, "Ignored: addresses are always looked up again."),
    row("DO_NOT_RESOLVE_ADDR", Proxy, "false", Other, "Ignored: a host that does not resolve hurts nobody else."),
    row("TERMINATE_ON_RELOAD", Proxy, "false", Other, "Ignored: a change cuts nothing."),
    row("PROXY_INSTANCE_NAME", Proxy, "docker-flow", Built, "The name that `proxyInstanceName` is compared with."),
    row("FILTER_PROXY_INSTANCE_NAME", Proxy, "false", Built, "`true`: only services whose `proxyInstanceName` is `PROXY_INSTANCE_NAME` are taken; the call for another is answered with 200."),
    secret("DEFAULT_REQ_MODE", Proxy, "http", Built, "Mode of the frontend `services`: `http`, and nothing else. In another one nothing could be routed by path or domain; services in tcp and sni mode have ports of their own."),
    secret("DEFAULT_PROTOCOL", Proxy, "http", Built, "`reqMode` of services from the environment, in the destination without an index, where they say nothing."),
    row("DFP_SERVICE_*", Proxy, "", Built, "A service that the environment describes: `DFP_SERVICE_SERVICE_NAME`, `DFP_SERVICE_SERVICE_PATH`, `DFP_SERVICE_PORT`, and so on for every parameter; of several, `DFP_SERVICE_1_…`, `DFP_SERVICE_2_…`, counted without a gap. A number at the end is a destination's, as in `DFP_SERVICE_PORT_1`; those stand beside the one without. They are live from the start, no list of a listener takes them away, and `HTTPS_ONLY` is not for them. A bad one is told of and left out."),
    row("ENABLE_H2", Proxy, "true", Built, "HTTP/2: offered over TLS (ALPN), and taken from clients that begin with it without TLS (prior knowledge)."),
    secret("SSL_BIND_OPTIONS", Proxy, "no-sslv3", Built, "HAProxy's words, divided by blanks; a word that HAProxy does not know stops the start: `no-tlsv12`, `no-tlsv13`, `force-tlsv12`, `force-tlsv13`, `ssl-min-ver` and `ssl-max-ver` with a version such as `TLSv1.2`, `no-tls-tickets`, `prefer-client-ciphers`, and `strict-sni`, which ends the handshake of clients that ask for a name without a certificate, or for none. Versions before TLS 1.2 are never spoken. What cannot be done is told in one warning; where no version is left the proxy does not start."),
    secret("SSL_BIND_CIPHERS", Proxy, "ECDH+AESGCM:ECDH+CHACHA20:DH+AESGCM:ECDH+AES256:DH+AES256:ECDH+AES128:DH+AES:RSA+AESGCM:RSA+AES:!aNULL:!MD5:!DSS", Built, "Ciphers of TLS 1.2 as an OpenSSL cipher list: names and words, `!`, `-`, `+` and `@STRENGTH`. There are ECDHE-ECDSA and ECDHE-RSA, each with AES128-GCM-SHA256, AES256-GCM-SHA384 and CHACHA20-POLY1305; the rest is told in one warning, and where none is left the proxy does not start. The default comes to Mozilla's \"intermediate\", in the client's order; a list of one's own is in its own order unless `prefer-client-ciphers` says otherwise. Those of TLS 1.3 are always spoken."),
    row("CA_FILE", Proxy, "", Built, "PEM file of the authorities whose client certificates count for `verifyClientSsl`. Clients are asked for one and served without; the handshake with one of somebody else ends. Sessions are not resumed then, so that each connection is verified. Read once; the proxy does not start without it."),
    row("SERVER_CA_FILE", Proxy, "", Built, "A PEM file: the authorities whose certificates of servers count, for `sslVerifyHost`; unset: Mozilla's. A self-signed certificate of a server may be in it too. The name must be one of the certificate's subject alternative names. The file is read at the start."),
    row("CRT_LIST_PATH", Proxy, "", Built, "HAProxy's list of certificates (crt-list): a line is a file, seen from the list's own folder, and the names it is for. They come before all other certificates, in the order of the list. Watched like `CERTS_DIR`."),
    row("PREFERRED_CERTIFICATE", Proxy, "", Built, "Which certificates come first: file names or paths in which `*` stands for anything, divided by commas. The first certificate of all is for clients that name no host, or one that no certificate is for; without this it is the first by name."),
    row("CERTS", Proxy, "", Other, "Ignored, as by Docker Flow since 2017."),
    row("CERTS_DIR", Proxy, "/certs", Built, "Where certificates are kept: every file in it whose name does not begin with a dot is a PEM bundle of certificates and their key, and is live within two seconds of a change. A bad one is told of and hurts no other. Made (0700) by the first certificate that is put; files are 0600."),
    secret("CONNECTION_MODE", Proxy, "http-keep-alive", Built, "HAProxy's connection mode where a service says nothing: `http-keep-alive`, `http-server-close` or `httpclose`; see `connectionMode`."),
    secret("USERS_PASS_ENCRYPTED", Proxy, "false", Built, "`true`: the passwords in `USERS` are hashes of crypt(3), as `usersPassEncrypted` says of those of a service."),
    row("COMPRESSION_ALGO", Proxy, "", Built, "How responses of services are compressed that say nothing themselves: see `compressionAlgo`."),
    row("COMPRESSION_TYPE", Proxy, "", Built, "Media types that are compressed where a service says nothing: see `compressionType`. Nothing is compressed without `COMPRESSION_ALGO`, or the service's own."),
    secret("EXTRA_FRONTEND", Proxy, "", Built, "Rules for all requests and responses, in HAProxy's language (see rules.md), divided by commas, so that none can hold one. They come before everything else. A line that this proxy cannot act on stops the start."),
    secret("EXTRA_GLOBAL", Proxy, "", Other, "Lines for HAProxy's section `global`, divided by commas. What only tunes it is ignored with a warning; any other line stops the start."),
    row("CFG_TEMPLATE_PATH", Proxy, "", Other, "A template of one's own for haproxy.cfg, as a file at `/cfg/tmpl/haproxy.tmpl` is: not used, with one warning. Only a real HAProxy can do what it says; `ENGINE=haproxy` will be the way once it is built."),
    row("CAPTURE_REQUEST_HEADER", Proxy, "", Built, "Header fields of requests that the access log shows: `Name:length,Name:length`, at most 16, each value cut to its length. They stand in braces before the request in HAProxy's line, where `%hr` is in a format, and as `captured` in a JSON line. Authorization, Proxy-Authorization and Cookie are refused."),
    secret("STATS_USER", Proxy, "", Built, "Who may see the page of statistics. There is one where both `STATS_USER` and `STATS_PASS` are set; `none` in either: everybody may see it."),
    secret("STATS_PASS", Proxy, "", Built, "The password for it."),
    secret("STATS_URI", Proxy, "/admin?stats", Built, "Where the page is: requests whose path and query begin so get it, on every port of HTTP and for every domain, before services are looked at. With `;csv` behind: HAProxy's table of figures."),
    secret("STATS_PORT", Proxy, "", Built, "A port for the page alone; unset, or 80: it is on all ports of HTTP."),
    row("STATS_USER_ENV", Proxy, "STATS_USER", Built, "Name of the variable, or of its secret, to read in place of STATS_USER."),
    row("STATS_PASS_ENV", Proxy, "STATS_PASS", Built, "Name of the variable, or of its secret, to read in place of STATS_PASS."),
    row("STATS_URI_ENV", Proxy, "STATS_URI", Built, "Name of the variable, or of its secret, to read in place of STATS_URI."),
    row("ERRORFILES_DIR", Proxy, "/errorfiles", Built, "Where pages of one's own for errors are: `400.http`, 403, 405, 408, 429, 500, 502, 503, 504, each a whole HTTP response of at most 64 KiB, as for HAProxy's `errorfile`. Read once. The version, the length and what becomes of the connection are the proxy's to say. One that cannot be used is told of, and the built-in page stays."),
    secret("DEBUG", Proxy, "false", Built, "`true`: the access log in HAProxy's format, unless `ACCESS_LOG` says otherwise."),
    secret("DEBUG_ERRORS_ONLY", Proxy, "false", Built, "`true`: only errors are in the access log: a 5xx, a retry, or a request that was refused or broken off; HAProxy's `dontlog-normal`."),
    secret("DEBUG_HTTP_FORMAT", Proxy, "", Built, "How requests look in HAProxy's access log, in place of `httplog`: HAProxy's `log-format`, in quotes or with a backslash before each blank. A variable that cannot be written (such as `%Tq`, `%Tt`, `%Th`, `%Ti`) stops the start, with its name."),
    secret("DEBUG_TCP_FORMAT", Proxy, "", Built, "The same for bare connections, in place of `tcplog`."),
    row("STATE_DIR", Proxy, "", Built, "A folder in which the last known services are kept over a restart, so that a proxy serves them at once, also while no listener answers; made (0700) where it is missing. Passwords and keys that parameters hold are in the file `services.json` (0600) as they came. Not the folder of `CERTS_DIR`. See replicas.md."),
    row("TRUSTED_PROXIES", Proxy, "", Built, "Networks and addresses, divided by commas, that may speak for other clients; unset: everybody. Where it is set, the fields X-Forwarded-*, Forwarded and X-Real-IP of all others are dropped, their connections to an `accept-proxy` port are closed, and an X-Forwarded-Proto of those listed counts as TLS for `httpsOnly` and `denyHttp`."),
    secret("DFP_API_TOKEN", Both, "", Built, "Bearer token that every change needs (`reconfigure`, `remove`, `reload`, `cert`), the same for listeners and all replicas of the proxy: a listener sends it with its notifications, to all of its receivers, and replicas send it to each other and to listeners. A listener that has it gives its list of services, which holds their passwords, and notifies all again, only for who bears it: not to Docker Flow's own proxy, which cannot. Without it whoever reaches the API may change what is served, as in Docker Flow. What is only read stays open otherwise, with secrets masked, but for keys, which `DFP_CLUSTER_SECRET` guards."),
    secret("DFP_CLUSTER_SECRET", Proxy, "", Built, "Bearer token of the replicas among themselves, the same for all of them. With it, `GET /certs` gives keys only to who bears it, and a new replica fetches certificates from the others before it is ready; without it, only to the addresses of `tasks.<SERVICE_NAME>`, and replicas send theirs to every new one. It opens nothing that `DFP_API_TOKEN` guards: a certificate that a replica sends to another needs the token like any change."),
    row("ENGINE", Proxy, "native", Built, "What serves: `native`. `haproxy`, where a real HAProxy serves, is not built yet: the proxy does not start with it."),
    row("CONSUL_ADDRESS", Proxy, "", Gone, "Belonged to the Consul mode."),

    row("DF_DOCKER_HOST", Listener, "", Built, "Docker's API: `unix:///var/run/docker.sock` or `tcp://host:port`. Only read from, in the version that Docker speaks, 1.24 or newer."),
    row("DOCKER_HOST", Listener, "", Built, "The same, where DF_DOCKER_HOST is not set."),
    row("DOCKER_CERT_PATH", Listener, "", Built, "A folder with `ca.pem`, `cert.pem` and `key.pem`: a Docker at `tcp://` or `https://` is spoken to over TLS, with this certificate, and must have one of that authority. Read once; the listener does not start without it."),
    row("DOCKER_TLS_VERIFY", Listener, "", Built, "Anything: the listener does not start without `DOCKER_CERT_PATH`, unless Docker is at a socket. What TLS there is, is always verified."),
    row("DF_NOTIFY_LABEL", Listener, "com.df.notify", Built, "The label that makes a service count, with any value but `false`; `label=value` wants that value."),
    row("DF_NOTIF_CREATE_SERVICE_URL", Listener, "", Built, "Who is told of new and changed services: URLs, divided by commas."),
    row("DF_NOTIFY_CREATE_SERVICE_URL", Listener, "", Built, "The same, where DF_NOTIF_CREATE_SERVICE_URL is not set."),
    row("DF_NOTIF_REMOVE_SERVICE_URL", Listener, "", Built, "Who is told of removed services."),
    row("DF_NOTIFY_REMOVE_SERVICE_URL", Listener, "", Built, "The same, where DF_NOTIF_REMOVE_SERVICE_URL is not set."),
    row("DF_NOTIFICATION_URL", Listener, "", Built, "Who is told of both, where the others are not set."),
    row("DF_NOTIFY_CREATE_SERVICE_METHOD", Listener, "GET", Built, "HTTP methods, by the position of the URL; the last one repeats."),
    row("DF_NOTIFY_REMOVE_SERVICE_METHOD", Listener, "GET", Built, "HTTP methods, by the position of the URL; the last one repeats."),
    row("DF_RETRY", Listener, "50", Built, "How often a failed notification is sent again; then at later listings, less and less often. A receiver that cannot be reached at all is tried by one notification at a time, and told everything when it can."),
    row("DF_RETRY_INTERVAL", Listener, "5", Built, "Seconds between two tries, or up to a quarter more."),
    row("DF_SERVICE_NAME_PREFIX", Listener, "", Built, "Put before every service's name, with `_` between."),
    row("df_notify_create_service_url", Listener, "", Built, "Secret of this name: more URLs."),
    row("df_notify_remove_service_url", Listener, "", Built, "Secret of this name: more URLs."),
    row("DF_NOTIFY_CREATE_NODE_URL", Listener, "", Built, "Who is told of new and changed nodes, with GET: URLs, divided by commas."),
    row("DF_NOTIFY_REMOVE_NODE_URL", Listener, "", Built, "Who is told of nodes that are down or gone, with GET."),
    row("df_notify_create_node_url", Listener, "", Built, "Secret of this name: more URLs."),
    row("df_notify_remove_node_url", Listener, "", Built, "Secret of this name: more URLs."),
    row("DF_INCLUDE_NODE_IP_INFO", Listener, "false", Built, "`true`: a service with the label `com.df.scrapeNetwork=<network>` is announced with `nodeInfo`, the nodes and addresses of its running tasks there, and again when they change."),
    row("DF_NODE_IP_INFO_INCLUDES_TASK_ADDRESS", Listener, "true", Built, "`false`: `nodeInfo` has empty texts in the place of addresses."),
    row("DF_NOTIFY_CREATE_SERVICE_IMMEDIATELY", Listener, "false", Other, "Ignored: services are always announced at once."),
    row("DF_SERVICE_POLLING_INTERVAL", Listener, "-1", Other, "Ignored: all services are listed every ten seconds in any case."),
    row("DF_NODE_POLLING_INTERVAL", Listener, "-1", Other, "Ignored: nodes and tasks are looked at every ten seconds at the latest."),
    row("DF_USE_DOCKER_SERVICE_EVENTS", Listener, "true", Other, "Ignored: events are always followed."),
    row("DF_USE_DOCKER_NODE_EVENTS", Listener, "true", Other, "Ignored: events are always followed."),
    row("DF_INTERVAL", Listener, "5", Other, "Ignored: events are followed."),
];

/// The row of a variable.
pub(super) fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}
