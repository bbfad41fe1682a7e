//! A service as the API shows it: the serde twin of what was sent, with Docker Flow's keys in Docker Flow's order.
//!
//! It shows parameters as they were sent, those that are not acted on too. Passwords and keys are masked.
//! Not here: what the parameters mean (`model::service`).

use model::params::{self, MASK};
use model::{Context, Params};
use serde::Serialize;
use std::collections::BTreeMap;

/// The fields of a service. Lists are `null` where the parameter is absent.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ServiceFields {
    pub(super) acl_name: String,
    add_req_header: Option<Vec<String>>,
    add_res_header: Option<Vec<String>>,
    backend_extra: String,
    check_resolvers: bool,
    compression_algo: String,
    compression_type: String,
    connection_mode: String,
    debug: bool,
    debug_format: String,
    del_req_header: Option<Vec<String>>,
    del_res_header: Option<Vec<String>>,
    discovery_type: String,
    pub(super) distribute: bool,
    is_default_backend: bool,
    proxy_instance_name: String,
    redirect_when_http_proto: bool,
    redirect_unless_https_proto: bool,
    replicas: u32,
    req_path_replace: String,
    req_path_search: String,
    service_cert: String,
    pub(super) service_domain_algo: String,
    /// Only `/config` has the name here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service_name: Option<String>,
    session_type: String,
    set_req_header: Option<Vec<String>>,
    set_res_header: Option<Vec<String>>,
    template_be_path: String,
    template_fe_path: String,
    use_global_users: bool,
    users: Option<Vec<UserFields>>,
    service_port: String,
    acl_condition: String,
    is_global: bool,
    lookup_retry: u32,
    lookup_retry_interval: u32,
    pub(super) service_dest: Option<Vec<DestinationFields>>,
    tasks: Option<Vec<String>>,
}

/// A user; the password is never shown.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct UserFields {
    username: String,
    password: &'static str,
    pass_encrypted: bool,
}

/// The fields of a destination. Lists are empty where the parameter is absent.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DestinationFields {
    allowed_methods: Vec<String>,
    balance_group: String,
    #[serde(rename = "CheckTCP")]
    check_tcp: bool,
    clitcpka: bool,
    denied_methods: Vec<String>,
    deny_http: bool,
    https_only: bool,
    https_port: u16,
    https_redirect_code: String,
    ignore_authorization: bool,
    outbound_hostname: String,
    pub(super) path_type: String,
    port: String,
    redirect_from_domain: Vec<String>,
    req_mode: String,
    req_mode_formatted: String,
    req_path_search_replace: String,
    service_domain: Vec<String>,
    service_group: String,
    service_header: BTreeMap<String, String>,
    service_path: Vec<String>,
    service_path_exclude: Vec<String>,
    pub(super) src_port: u16,
    pub(super) src_https_port: u16,
    pub(super) src_port_acl: String,
    pub(super) src_port_acl_name: String,
    src_https_port_acl: String,
    src_https_port_acl_name: String,
    ssl_verify_none: bool,
    timeout_server: String,
    timeout_client: String,
    timeout_tunnel: String,
    verify_client_ssl: bool,
    user_agent: AgentFields,
    user_def: String,
    pub(super) index: u8,
    req_path_search_replace_formatted: Vec<String>,
    #[serde(rename = "IncludeSrcPortACL")]
    include_src_port_acl: bool,
    #[serde(rename = "IncludeSrcHttpsPortACL")]
    include_src_https_port_acl: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AgentFields {
    value: Option<Vec<String>>,
    acl_name: String,
}

/// Reads values as they were sent.
struct Sent<'p> {
    params: &'p Params,
    separator: &'p str,
    index: Option<u8>,
}

/// A service as its parameters were sent.
pub(super) fn as_sent(params: &Params, context: &Context) -> ServiceFields {
    let sent = Sent { params, separator: &context.separator, index: None };
    let destination = |index| Sent { index, ..sent }.destination();
    let indexes = params.indexes();
    let destinations = match indexes.is_empty() {
        true => vec![destination(None)],
        false => indexes.into_iter().map(Some).map(destination).collect(),
    };
    ServiceFields { service_dest: Some(destinations), ..sent.service() }
}

impl Sent<'_> {
    fn service(&self) -> ServiceFields {
        let replicas = self.params.get_any_case("replicas");
        ServiceFields {
            acl_name: self.of_service("aclName"),
            add_req_header: self.headers("addReqHeader", "addHeader"),
            add_res_header: self.headers("addResHeader", ""),
            backend_extra: params::shown("backendExtra", &self.of_service("backendExtra")).into_owned(),
            check_resolvers: self.is_set("checkResolvers"),
            compression_algo: self.of_service("compressionAlgo"),
            compression_type: self.of_service("compressionType"),
            connection_mode: self.of_service("connectionMode"),
            del_req_header: self.headers("delReqHeader", ""),
            del_res_header: self.headers("delResHeader", ""),
            discovery_type: self.of_service("discoveryType"),
            distribute: self.is_set("distribute"),
            is_default_backend: self.is_set("isDefaultBackend"),
            proxy_instance_name: self.of_service("proxyInstanceName"),
            redirect_when_http_proto: self.is_set("redirectWhenHttpProto"),
            redirect_unless_https_proto: self.is_set("redirectUnlessHttpsProto"),
            replicas: replicas.and_then(|replicas| replicas.trim().parse().ok()).unwrap_or(0),
            req_path_replace: self.of_service("reqPathReplace"),
            req_path_search: self.of_service("reqPathSearch"),
            service_cert: self.params.get_any_case("serviceCert").map_or("", |_| MASK).to_owned(),
            service_domain_algo: self.domain_algorithm(),
            session_type: self.of_service("sessionType"),
            set_req_header: self.headers("setReqHeader", "setHeader"),
            set_res_header: self.headers("setResHeader", ""),
            template_be_path: self.of_service("templateBePath"),
            template_fe_path: self.of_service("templateFePath"),
            users: self.users(),
            is_global: replicas.is_none(),
            ..ServiceFields::default()
        }
    }

    fn destination(&self) -> DestinationFields {
        let agents = self.list("userAgent");
        DestinationFields {
            allowed_methods: self.list("allowedMethods"),
            balance_group: self.text("balanceGroup"),
            check_tcp: self.is_on("checkTcp"),
            clitcpka: self.is_on("clitcpka"),
            denied_methods: self.list("deniedMethods"),
            deny_http: self.is_on("denyHttp"),
            https_only: self.is_on("httpsOnly"),
            https_port: self.port("httpsPort"),
            https_redirect_code: self.text("httpsRedirectCode"),
            ignore_authorization: self.is_on("ignoreAuthorization"),
            outbound_hostname: self.text("outboundHostname"),
            path_type: self.text("pathType"),
            port: self.text("port"),
            redirect_from_domain: self.list("redirectFromDomain"),
            req_mode: self.params.get_at("reqMode", self.index).unwrap_or("http").to_owned(),
            req_mode_formatted: String::new(),
            req_path_search_replace: self.text("reqPathSearchReplace"),
            service_domain: self.list("serviceDomain"),
            service_group: self.text("serviceGroup"),
            service_header: self.service_headers(),
            service_path: self.paths(),
            service_path_exclude: self.list("servicePathExclude"),
            src_port: self.port("srcPort"),
            src_https_port: self.port("srcHttpsPort"),
            src_port_acl: String::new(),
            src_port_acl_name: String::new(),
            src_https_port_acl: String::new(),
            src_https_port_acl_name: String::new(),
            ssl_verify_none: self.is_on("sslVerifyNone"),
            timeout_server: self.text("timeoutServer"),
            timeout_client: self.text("timeoutClient"),
            timeout_tunnel: self.text("timeoutTunnel"),
            verify_client_ssl: self.is_on("verifyClientSsl"),
            user_agent: AgentFields { value: (!agents.is_empty()).then_some(agents), acl_name: String::new() },
            user_def: params::shown("userDef", &self.text("userDef")).into_owned(),
            index: self.index.unwrap_or(0),
            req_path_search_replace_formatted: Vec::new(),
            include_src_port_acl: false,
            include_src_https_port_acl: false,
        }
    }

    fn text(&self, name: &str) -> String {
        self.params.get_at(name, self.index).unwrap_or_default().to_owned()
    }

    fn of_service(&self, name: &str) -> String {
        self.params.get_any_case(name).unwrap_or_default().to_owned()
    }

    fn split(&self, text: &str) -> Vec<String> {
        text.split(self.separator).filter(|element| !element.is_empty()).map(str::to_owned).collect()
    }

    fn list(&self, name: &str) -> Vec<String> {
        self.params.get_at(name, self.index).map(|text| self.split(text)).unwrap_or_default()
    }

    /// A domain without a path is the domain's root.
    fn paths(&self) -> Vec<String> {
        let paths = self.list("servicePath");
        if paths.is_empty() && !self.list("serviceDomain").is_empty() { vec!["/".to_owned()] } else { paths }
    }

    fn headers(&self, name: &str, old: &str) -> Option<Vec<String>> {
        let text = self.params.get_any_case(name).or_else(|| self.params.get_any_case(old));
        text.map(|text| self.split(&params::shown(name, text)))
    }

    fn service_headers(&self) -> BTreeMap<String, String> {
        let pair = |entry: String| entry.split_once(':').map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.list("serviceHeader").into_iter().filter_map(pair).collect()
    }

    fn port(&self, name: &str) -> u16 {
        self.params.get_at(name, self.index).and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    fn is_on(&self, name: &str) -> bool {
        self.params.get_at(name, self.index).is_some_and(is_yes)
    }

    fn is_set(&self, name: &str) -> bool {
        self.params.get_any_case(name).is_some_and(is_yes)
    }

    fn domain_algorithm(&self) -> String {
        let match_all = self.is_set("serviceDomainMatchAll").then(|| "hdr_dom(host)".to_owned());
        match_all.unwrap_or_else(|| self.of_service("serviceDomainAlgo"))
    }

    fn users(&self) -> Option<Vec<UserFields>> {
        let pass_encrypted = self.is_set("usersPassEncrypted");
        let user = |entry: &str| {
            let username = entry.split(':').next().unwrap_or_default().to_owned();
            UserFields { username, password: MASK, pass_encrypted }
        };
        let entries = self.params.get_any_case("users")?.split([',', '\n']).map(str::trim);
        Some(entries.filter(|entry| !entry.is_empty()).map(user).collect())
    }
}

fn is_yes(text: &str) -> bool {
    ["1", "t", "true", "on"].iter().any(|yes| text.trim().eq_ignore_ascii_case(yes))
}

#[cfg(test)]
mod tests;
