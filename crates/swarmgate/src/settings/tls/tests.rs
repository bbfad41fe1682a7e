//! HAProxy's and OpenSSL's words, and what becomes of them. What OpenSSL makes of the lists was asked of it.

use super::super::{Mistakes, ProxySettings, Variables, proxy};
use super::{ciphers, options};
use proxy::tls::{Policy, Version};
use rcgen::{CertificateParams, KeyPair};

const DOCKER_FLOWS: &str =
    "ECDH+AESGCM:ECDH+CHACHA20:DH+AESGCM:ECDH+AES256:DH+AES256:ECDH+AES128:DH+AES:RSA+AESGCM:RSA+AES:!aNULL:!MD5:!DSS";

fn with(pairs: &[(&str, &str)]) -> Result<ProxySettings, Mistakes> {
    proxy(&pairs.iter().copied().collect::<Variables>())
}

fn policy(pairs: &[(&str, &str)]) -> Policy {
    with(pairs).unwrap().tls
}

fn mistake(pairs: &[(&str, &str)]) -> String {
    with(pairs).unwrap_err().to_string()
}

#[test]
fn the_default_is_mozillas_intermediate_and_silent() {
    for pairs in [&[][..], &[("SSL_BIND_OPTIONS", "no-sslv3"), ("SSL_BIND_CIPHERS", DOCKER_FLOWS)]] {
        let settings = with(pairs).unwrap();
        assert_eq!(format!("{:?}", settings.tls), format!("{:?}", Policy::default()));
        assert_eq!(settings.warnings, Vec::<String>::new());
    }
}

#[test]
fn options_are_haproxys_words() {
    use Version::{V1_2, V1_3};
    let check = |text: &str, oldest: Version, newest: Version| {
        let policy = policy(&[("SSL_BIND_OPTIONS", text)]);
        assert_eq!((policy.oldest, policy.newest), (oldest, newest), "{text}");
    };
    check("no-sslv3 no-tlsv10 no-tlsv11", V1_2, V1_3);
    check("no-tlsv12", V1_3, V1_3);
    check("no-tlsv13", V1_2, V1_2);
    check("force-tlsv12", V1_2, V1_2);
    check("force-tlsv13", V1_3, V1_3);
    check("ssl-min-ver TLSv1.3", V1_3, V1_3);
    check("ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.2", V1_2, V1_2);
    check("ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.3", V1_2, V1_3);
    let all = policy(&[("SSL_BIND_OPTIONS", "ssl-min-ver TLSv1.2 no-tls-tickets strict-sni prefer-client-ciphers")]);
    assert_eq!((all.tickets, all.strict_names, all.clients_order), (false, true, true));
    let none = policy(&[("SSL_BIND_OPTIONS", "no-sslv3")]);
    assert_eq!((none.tickets, none.strict_names, none.clients_order), (true, false, true));
}

#[test]
fn a_list_of_ones_own_is_in_ones_own_order() {
    let list = ("SSL_BIND_CIPHERS", "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256");
    let own = policy(&[list]);
    let names = ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"];
    assert_eq!((own.clients_order, own.ciphers), (false, names.map(str::to_owned).to_vec()));
    assert!(policy(&[list, ("SSL_BIND_OPTIONS", "prefer-client-ciphers")]).clients_order);
}

#[test]
fn cipher_lists_are_openssls() {
    // E is ECDSA, R is RSA; 2 AES256-GCM, 1 AES128-GCM, c ChaCha20.
    let short = |iana: String| {
        let key = if iana.contains("ECDSA") { 'E' } else { 'R' };
        let cipher = if iana.contains("AES_256") {
            '2'
        } else if iana.contains("AES_128") {
            '1'
        } else {
            'c'
        };
        format!("{key}{cipher}")
    };
    for (text, expected, left_out) in [
        ("ECDHE-RSA-AES128-GCM-SHA256", "R1", ""),
        ("ECDH+AESGCM:ECDH+CHACHA20", "E2 R2 E1 R1 Ec Rc", ""),
        (DOCKER_FLOWS, "E2 R2 E1 R1 Ec Rc", "DH+AESGCM DH+AES256 DH+AES RSA+AESGCM RSA+AES"),
        ("ECDH+AES256", "E2 R2", ""),
        ("EECDH+aRSA+AESGCM:!AESCCM", "R2 R1", ""),
        ("TLSv1.2:!SHA384:!RSA", "E2 R2 Ec Rc E1 R1", ""),
        ("kEECDH+AESGCM:kEECDH:-AES256:+CHACHA20", "E1 R1 Ec Rc", ""),
        ("AES128+ECDSA AES256", "E1 E2 R2", ""),
        ("AES128,HIGH:!aRSA:@STRENGTH", "E2 Ec E1", ""),
        ("TLS_AES_256_GCM_SHA384:ECDHE-ECDSA-AES128-GCM-SHA256", "E1", ""),
        ("!AES:ALL", "Ec Rc", ""),
        ("-AES:ALL", "E2 R2 Ec Rc E1 R1", ""),
        (
            "ECDHE+SHA384:AES128-SHA:nonsense:aECDSA:@SECLEVEL=2",
            "E2 Ec E1",
            "ECDHE+SHA384 AES128-SHA nonsense @SECLEVEL=2",
        ),
    ] {
        let (suites, words) = ciphers::parse(text).unwrap();
        let suites: Vec<_> = suites.into_iter().map(short).collect();
        assert_eq!((suites.join(" "), words.join(" ")), (expected.to_owned(), left_out.to_owned()), "{text}");
    }
}

#[test]
fn what_cannot_be_done_is_told_in_one_warning() {
    let settings = with(&[
        ("SSL_BIND_OPTIONS", "ssl-min-ver TLSv1.0 curves P-256"),
        ("SSL_BIND_CIPHERS", "DHE-RSA-AES256-SHA:ECDHE+AESGCM:RC4"),
    ]);
    assert_eq!(
        settings.unwrap().warnings,
        [
            "SSL_BIND_OPTIONS `ssl-min-ver TLSv1.0`, `curves P-256`; SSL_BIND_CIPHERS `DHE-RSA-AES256-SHA`, `RC4`: not acted on; \
            spoken are TLS 1.2 and 1.3 with ephemeral keys (ECDHE) and AES-GCM or ChaCha20-Poly1305"
        ]
    );
}

#[test]
fn bug_a_misspelt_option_left_open_what_it_should_close() {
    for text in ["no-sslv3,strict-sni", "strict_sni", "foo"] {
        let told = mistake(&[("SSL_BIND_OPTIONS", text)]);
        assert!(told.contains(text) && told.contains("a word that HAProxy does not know"), "{told}");
    }
}

#[test]
fn what_leaves_nothing_stops_the_start() {
    let versions = "leaves no version of TLS: 1.2 and 1.3 are spoken, older ones never";
    for text in [
        "no-tlsv12 no-tlsv13",
        "force-tlsv11",
        "ssl-max-ver TLSv1.1",
        "force-tlsv12 no-tlsv12",
        "ssl-min-ver TLSv1.3 no-tlsv13",
    ] {
        let told = mistake(&[("SSL_BIND_OPTIONS", text)]);
        assert_eq!(told, format!("a mistake in the settings:\n  SSL_BIND_OPTIONS: `{text}` {versions}"));
    }
    for text in ["ssl-min-ver", "ssl-max-ver TLSv2"] {
        assert!(options::parse(text).is_err(), "{text}");
    }
    for text in ["RSA+AES", "ALL:!ECDHE", "RC4-SHA"] {
        let told = mistake(&[("SSL_BIND_CIPHERS", text)]);
        assert!(told.contains(&format!("SSL_BIND_CIPHERS: `{text}` leaves no cipher")), "{told}");
    }
}

#[test]
fn a_file_of_authorities_that_is_missing_or_bad_stops_the_start() {
    let missing = mistake(&[("CA_FILE", "/nowhere/ca.pem")]);
    assert!(missing.contains("CA_FILE: `/nowhere/ca.pem` cannot be read: No such file"), "{missing}");
    let folder = std::env::temp_dir().join(format!("swarmgate-ca-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("ca.pem");
    let path = file.to_str().unwrap();
    let key = KeyPair::generate().unwrap();
    for text in [
        String::new(),
        "hello".to_owned(),
        key.serialize_pem(),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
    ] {
        std::fs::write(&file, text).unwrap();
        let told = mistake(&[("CA_FILE", path)]);
        assert!(told.contains(&format!("CA_FILE: `{path}` cannot be used: ")), "{told}");
    }
    std::fs::write(&file, CertificateParams::default().self_signed(&key).unwrap().pem()).unwrap();
    let settings = with(&[("CA_FILE", path)]).unwrap();
    assert!(settings.tls.client_authorities.is_some() && settings.context.verifies_clients);
    assert!(!with(&[]).unwrap().context.verifies_clients);
    std::fs::remove_dir_all(folder).unwrap();
}
