//! What variables become, and what is said about mistakes.

use super::{Mistakes, Variables, listener, proxy};
use model::auth::GlobalUsers;
use std::time::Duration;

fn variables(pairs: &[(&str, &str)]) -> Variables {
    pairs.iter().copied().collect()
}

fn mistakes<T>(result: Result<T, Mistakes>) -> String {
    result.err().expect("a mistake").to_string()
}

#[test]
fn defaults_are_the_image_s() {
    let settings = proxy(&Variables::default()).unwrap();
    assert_eq!((settings.port, settings.service_name.as_str()), (8080, "proxy"));
    assert_eq!(
        settings.frontends.iter().map(|port| (port.port, port.tls)).collect::<Vec<_>>(),
        [(80, false), (443, true)]
    );
    assert_eq!(settings.timeouts, model::Timeouts::default());
    assert_eq!(settings.drain, Duration::from_secs(8));
    assert!(settings.warnings.is_empty() && settings.threads > 0);
}

#[test]
fn the_seeds_variables_are_understood() {
    let settings = proxy(&variables(&[
        ("MODE", "swarm"),
        ("LISTENER_ADDRESS", "swarm-listener"),
        ("USERS", "my-user-1:my-pass-1,my-user-2:my-pass-2"),
    ]))
    .unwrap();
    assert_eq!(settings.listeners[0].to_string(), "swarm-listener:8080");
    assert!(matches!(&settings.context.users, GlobalUsers::Only(users) if users.len() == 2));
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let wrong = [
        ("PORT", "none"),
        ("DEFAULT_PORTS", "80,x"),
        ("TIMEOUT_CLIENT", "1m"),
        ("SERVICE_DOMAIN_ALGO", "hdr"),
        ("ENGINE", "haproxy"),
    ];
    assert_eq!(
        mistakes(proxy(&variables(&wrong))),
        "mistakes in the settings:\
        \n  ENGINE: `haproxy` is not built yet: requests are served by the native engine, and what it cannot do it refuses by name\
        \n  DEFAULT_PORTS: `x` is not a port: it must begin with 1 to 65535\
        \n  PORT: `none` is not a port, 1 to 65535\
        \n  TIMEOUT_CLIENT: `1m` is not a number of whole seconds\
        \n  SERVICE_DOMAIN_ALGO: `hdr` is not one of hdr(host), hdr_beg(host), hdr_dom(host), hdr_end(host), hdr_sub(host), hdr_reg(host)"
    );
}

#[test]
fn variables_that_are_not_acted_on_are_told() {
    let settings =
        proxy(&variables(&[("CONSUL_ADDRESS", "x"), ("DFP_SERVICE_PORT", "1"), ("ENABLE_H2", "true")])).unwrap();
    assert_eq!(settings.warnings.len(), 2, "{:?}", settings.warnings);
}

#[test]
fn behaviour_161_the_seeds_notification_names_win() {
    let urls = [
        ("DF_NOTIF_CREATE_SERVICE_URL", "http://seed/"),
        ("DF_NOTIFY_CREATE_SERVICE_URL", "http://late/"),
        ("DF_NOTIFICATION_URL", "http://both/a,http://both/b"),
    ];
    let settings = listener(&variables(&urls)).unwrap().swarm;
    assert_eq!(settings.create_urls, ["http://seed/"]);
    assert_eq!(settings.remove_urls, ["http://both/a", "http://both/b"]);
    assert_eq!((settings.retry, settings.retry_interval), (50, Duration::from_secs(5)));
}

#[test]
fn docker_host_has_two_names_and_a_default() {
    let host = |pairs: &[(&str, &str)]| listener(&variables(pairs)).unwrap().swarm.docker_host;
    assert_eq!(host(&[]), "unix:///var/run/docker.sock");
    assert_eq!(host(&[("DOCKER_HOST", "tcp://a:1")]), "tcp://a:1");
    assert_eq!(host(&[("DOCKER_HOST", "tcp://a:1"), ("DF_DOCKER_HOST", "tcp://b:2")]), "tcp://b:2");
}

#[test]
fn a_docker_over_tcp_is_spoken_to_over_tls_where_there_are_certificates() {
    let remote = ("DOCKER_HOST", "tcp://a:2376");
    let told = mistakes(listener(&variables(&[remote, ("DOCKER_CERT_PATH", "/nowhere")])));
    for file in ["ca.pem", "cert.pem", "key.pem"] {
        assert!(told.contains(&format!("DOCKER_CERT_PATH: `/nowhere/{file}` cannot be read")), "{told}");
    }
    let told = mistakes(listener(&variables(&[remote, ("DOCKER_TLS_VERIFY", "1")])));
    assert!(told.contains("DOCKER_TLS_VERIFY: it needs"), "{told}");
    assert!(listener(&variables(&[remote])).unwrap().swarm.docker_tls.is_none());
    assert!(listener(&variables(&[("DOCKER_TLS_VERIFY", "1")])).is_ok(), "the socket needs none");
}

#[test]
fn behaviour_161_nodes_are_told_to_variables_and_secrets() {
    let settings = listener(&variables(&[
        ("DF_NOTIFY_CREATE_NODE_URL", "http://a/create"),
        ("df_notify_create_node_url", "http://b/create,http://c/create"),
        ("df_notify_remove_node_url", "http://b/remove"),
        ("DF_INCLUDE_NODE_IP_INFO", "true"),
    ]))
    .unwrap();
    assert_eq!(settings.warnings, Vec::<String>::new());
    assert_eq!(settings.swarm.create_node_urls, ["http://a/create", "http://b/create", "http://c/create"]);
    assert_eq!(settings.swarm.remove_node_urls, ["http://b/remove"]);
    assert_eq!(settings.swarm.node_info, Some(swarm::NodeInfo::WithAddresses));
}

#[test]
fn bug_a_misspelt_level_silenced_the_log() {
    let told = mistakes(proxy(&variables(&[("LOG", "warning")])));
    assert!(told.contains("LOG") && told.contains("`warning`") && told.contains("warn, info"), "{told}");
    for filter in ["INFO", "debug", "info,proxy=debug"] {
        assert!(proxy(&variables(&[("LOG", filter)])).is_ok(), "{filter}");
    }
}

#[test]
fn a_file_of_authorities_that_cannot_be_used_stops_the_start() {
    for (path, reason) in [("/nowhere/ca.pem", "cannot be read: No such file"), ("/dev/null", "no certificate in it")] {
        let told = mistakes(proxy(&variables(&[("SERVER_CA_FILE", path)])));
        assert!(told.contains(&format!("SERVER_CA_FILE: `{path}` ")) && told.contains(reason), "{told}");
    }
    assert!(proxy(&variables(&[("SERVER_CA_FILE", "")])).unwrap().tls.server_authorities.is_none());
}

#[test]
fn a_template_of_ones_own_gets_one_warning_that_names_the_way_out() {
    let named = proxy(&variables(&[("CFG_TEMPLATE_PATH", "/tmpl/a")])).unwrap().warnings;
    assert_eq!(named.len(), 1, "{named:?}");
    assert!(named[0].starts_with("/tmpl/a: ") && named[0].contains("ENGINE=haproxy"), "{named:?}");
    let path = std::env::temp_dir().join(format!("swarmgate-{}-haproxy.tmpl", std::process::id()));
    let warned = |variables: &Variables| {
        let mut read = super::Reader::new(variables, super::Role::Proxy);
        super::warn_of_template(&mut read, &path);
        read.finish().unwrap()
    };
    assert!(warned(&Variables::default()).is_empty());
    std::fs::write(&path, "frontend services").unwrap();
    let found = warned(&Variables::default());
    assert!(found.len() == 1 && found[0].starts_with(&format!("{}: ", path.display())), "{found:?}");
    assert_eq!(warned(&variables(&[("CFG_TEMPLATE_PATH", "/tmpl/a")])), named);
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn behaviours_31_and_118_users_may_have_hashed_passwords() {
    let users = (
        "USERS",
        "my-user:$6$rounds=1000$aaaaaaaa$TO.XEB0OGe4Z858fqMb5h4.eciirzbEFu1SxfkMlxBom7rNGYU6D9aRceVxhYFP8ajrnluLjyIF5TA6rsFWuK/,other:plain",
    );
    let settings = proxy(&variables(&[users, ("USERS_PASS_ENCRYPTED", "true")])).unwrap();
    assert!(matches!(&settings.context.users, GlobalUsers::Only(users) if users.len() == 1 && users[0].is_hashed()));
    assert_eq!(settings.warnings.len(), 1, "{:?}", settings.warnings);
    assert!(settings.warnings[0].starts_with("USERS: user `other` cannot pass: "), "{:?}", settings.warnings);
    assert!(!format!("{settings:?}").contains("$aaaaaaaa$"));
}

#[test]
fn secrets_with_users_are_read_once_and_no_other_file() {
    let folder = std::env::temp_dir().join(format!("swarmgate-{}-secrets", std::process::id()));
    std::fs::create_dir_all(folder.join("dfp_users_folder")).unwrap();
    for (file, text) in [("dfp_users_admins", "a:b\n"), ("dfp_users_", "c:d"), ("other", "e:f")] {
        std::fs::write(folder.join(file), text).unwrap();
    }
    let settings = proxy(&variables(&[("SECRETS_DIR", &folder.to_string_lossy())])).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(settings.context.user_files.get("admins"), Some("a:b\n"));
    assert_eq!(format!("{:?}", settings.context.user_files), r#"{"admins"}"#);
    assert!(settings.warnings.iter().any(|warning| warning.starts_with("the secret dfp_users_folder: ")));
}

#[test]
fn secrets_of_the_api_are_never_shown() {
    for name in ["DFP_CLUSTER_SECRET", "DFP_API_TOKEN"] {
        let text = mistakes(proxy(&variables(&[(name, "s3cret\nvalue")])));
        assert!(text.contains(&format!("{name}: ")) && !text.contains("s3cret"), "{text}");
        let settings = proxy(&variables(&[(name, "s3cret")])).unwrap();
        assert_eq!(settings.cluster_secret.is_some(), name == "DFP_CLUSTER_SECRET");
        assert_eq!(settings.api_token.is_some(), name == "DFP_API_TOKEN");
        assert!(!format!("{settings:?}").contains("s3cret"));
    }
    assert!(proxy(&variables(&[])).unwrap().api_token.is_none());
    let authorization = listener(&variables(&[("DFP_API_TOKEN", "s3cret")])).unwrap().swarm.authorization.unwrap();
    assert_eq!((authorization.as_bytes(), authorization.is_sensitive()), (&b"Bearer s3cret"[..], true));
}

#[test]
fn behaviour_135_the_filter_of_instances_has_a_name() {
    let instance = |pairs: &[(&str, &str)]| proxy(&variables(pairs)).unwrap().context.instance;
    assert_eq!(instance(&[("PROXY_INSTANCE_NAME", "blue")]), None);
    assert_eq!(instance(&[("FILTER_PROXY_INSTANCE_NAME", "true")]).as_deref(), Some("docker-flow"));
    let both = [("FILTER_PROXY_INSTANCE_NAME", "TRUE"), ("PROXY_INSTANCE_NAME", " blue ")];
    assert_eq!(instance(&both).as_deref(), Some("blue"));
}

#[test]
fn only_false_asks_for_addresses_that_resolve() {
    let validates = |value: &str| proxy(&variables(&[("SKIP_ADDRESS_VALIDATION", value)])).unwrap().validates_addresses;
    assert!(validates("false") && validates("0") && !validates("true") && !validates(""));
}

#[test]
fn engines_and_modes_that_are_not_there_stop_the_start() {
    for (name, value, reason) in [
        ("ENGINE", "haproxy", "`haproxy` is not built yet"),
        ("ENGINE", "nginx", "`nginx` is not an engine; there is `native`"),
        ("DEFAULT_REQ_MODE", "tcp", "`tcp` would take paths and domains from every service"),
    ] {
        let told = mistakes(proxy(&variables(&[(name, value)])));
        assert!(told.contains(&format!("{name}: {reason}")), "{told}");
    }
    let usual = [("ENGINE", "native"), ("DEFAULT_REQ_MODE", "HTTP")];
    assert_eq!(proxy(&variables(&usual)).unwrap().warnings, [""; 0]);
}

#[test]
fn what_looks_like_a_misspelt_variable_is_told_once() {
    let set = [
        ("TIMEOUT_SERVR", "5"),
        ("timeout_server", "5"),
        ("DEFAULT_PORT", "80"),
        ("USER", "root"),
        ("HOST", "a"),
        ("PATH", "/bin"),
        ("TIMEOUT_OF_OTHERS", "1"),
        ("DF_RETRYS", "1"),
    ];
    let warnings = proxy(&variables(&set)).unwrap().warnings;
    let near = ["DEFAULT_PORT: … DEFAULT_PORTS", "TIMEOUT_SERVR: … TIMEOUT_SERVER", "timeout_server: … TIMEOUT_SERVER"];
    let told = near.map(|near| format!("{}?", near.replace('…', "nobody knows this variable; did you mean")));
    assert_eq!(warnings, told);
}

#[test]
fn behaviour_119_a_secret_wins_over_its_variable_also_where_it_is_named_by_another() {
    let directory = std::env::temp_dir().join(format!("swarmgate-{}-secrets", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    for (name, value) in
        [("dfp_timeout_server", "7\n"), ("dfp_ssl_bind_options", "no-tls-tickets\n"), ("dfp_my_pass", "s3cret\n")]
    {
        std::fs::write(directory.join(name), value).unwrap();
    }
    let mut set = variables(&[
        ("TIMEOUT_SERVER", "5"),
        ("TIMEOUT_CLIENT", "6"),
        ("STATS_USER", "admin"),
        ("STATS_PASS_ENV", "MY_PASS"),
        ("STATS_URI_ENV", "../dfp_my_pass"),
    ]);
    set.add_secrets(&directory);
    std::fs::remove_dir_all(&directory).unwrap();
    let settings = proxy(&set).unwrap();
    let (server, client) = (settings.timeouts.server, settings.timeouts.client);
    assert_eq!((server, client), (Duration::from_secs(7), Duration::from_secs(6)));
    assert!(!settings.tls.tickets);
    let page = settings.statistics.unwrap();
    assert_eq!(page.credentials.unwrap().password(), "s3cret");
    assert_eq!(page.uri, "/admin?stats", "a name leads to no other folder");
}
