//! Who gets which certificate, as tables.

use super::*;
use rcgen::{CertificateParams, KeyPair};
use rustls::SignatureScheme::{ECDSA_NISTP256_SHA256, RSA_PSS_SHA256};
use std::time::SystemTime;

const ALL: &[SignatureScheme] = &[ECDSA_NISTP256_SHA256, RSA_PSS_SHA256];

fn certificate(path: &str, hosts: &[&str], key: &KeyPair) -> Certificate {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let pem = CertificateParams::new(hosts).unwrap().self_signed(key).unwrap().pem() + &key.serialize_pem();
    Certificate::from_pem(path, pem.as_bytes(), SystemTime::now()).unwrap()
}

fn ecdsa(path: &str, hosts: &[&str]) -> Arc<Certificate> {
    Arc::new(certificate(path, hosts, &KeyPair::generate().unwrap()))
}

/// Each name, empty for none, and the file of the certificate that its client gets; empty for an alert.
fn check(chooser: &Chooser, cases: &[(&str, &str)]) {
    for (name, expected) in cases {
        let name = Some(*name).filter(|name| !name.is_empty());
        let path = chooser.find(name, ALL).map_or("", |certificate| certificate.path());
        assert_eq!(path, *expected, "{name:?}");
    }
}

fn tenants() -> Vec<Arc<Certificate>> {
    vec![
        ecdsa("default", &["default.example"]),
        ecdsa("wild", &["*.shop.example", "shop.example"]),
        ecdsa("exact", &["a.shop.example"]),
        ecdsa("late", &["a.shop.example", "*.shop.example", "late.example"]),
    ]
}

#[test]
fn exact_then_wildcard_then_the_default() {
    check(
        &Chooser::new(&tenants(), false),
        &[
            ("a.shop.example", "exact"),
            ("A.Shop.EXAMPLE", "exact"),
            ("a.shop.example.", "exact"),
            ("b.shop.example", "wild"),
            ("shop.example", "wild"),
            ("late.example", "late"),
            ("x.b.shop.example", "default"),
            ("x.a.shop.example", "default"),
            ("ashop.example", "default"),
            (".shop.example", "wild"),
            ("unknown.example", "default"),
            ("example", "default"),
            ("", "default"),
        ],
    );
}

#[test]
fn strict_has_no_default() {
    check(
        &Chooser::new(&tenants(), true),
        &[
            ("a.shop.example", "exact"),
            ("b.shop.example", "wild"),
            ("default.example", "default"),
            ("x.example", ""),
            ("", ""),
        ],
    );
    check(&Chooser::new(&[], false), &[("a.example", ""), ("", "")]);
}

#[test]
fn a_name_that_is_taken_away_is_somebody_elses() {
    let wild = tenants()[1].with_names(&["*.shop.example", "!secret.shop.example", "!a.shop.example"]).unwrap();
    let certificates = [ecdsa("default", &["default.example"]), Arc::new(wild), ecdsa("late", &["*.shop.example"])];
    check(
        &Chooser::new(&certificates, false),
        &[("b.shop.example", "wild"), ("secret.shop.example", "late"), ("SECRET.shop.example", "late")],
    );
    check(&Chooser::new(&certificates[..2], false), &[("secret.shop.example", "default"), ("shop.example", "default")]);
}

#[test]
fn of_two_kinds_of_keys_a_client_gets_the_one_it_understands() {
    let rsa = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let rsa = Arc::new(certificate("rsa", &["a.example"], &rsa));
    let chooser = Chooser::new(&[ecdsa("ecdsa", &["a.example"]), rsa], false);
    let path = |schemes: &[SignatureScheme]| chooser.find(Some("a.example"), schemes).unwrap().path().to_owned();
    assert_eq!((path(ALL), path(&[RSA_PSS_SHA256]), path(&[])), ("ecdsa".into(), "rsa".into(), "ecdsa".into()));
}
