//! Bundles of all kinds, and what becomes of them. Those that no generator makes any more are files that `openssl` made.

use super::*;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, RsaKeySize};
use rustls::pki_types::pem::PemObject;

const VERSION_1: &str = include_str!("tests/version1.pem");
const WEAK: &str = include_str!("tests/weak.pem");
const SEC1: &str = include_str!("tests/sec1.pem");
const SHA1: &str = include_str!("tests/sha1.pem");
const ENCRYPTED: [&str; 2] = [include_str!("tests/encrypted-pkcs8.pem"), include_str!("tests/encrypted-sec1.pem")];
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// 2030-01-01.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_893_456_000)
}

fn read(pem: &str) -> Result<Certificate, BadCertificate> {
    Certificate::from_pem("/certs/xip.io.pem", pem.as_bytes(), now())
}

/// Why it is not taken, in the words that its sender gets.
fn refusal(pem: &str) -> String {
    read(pem).unwrap_err().to_string()
}

/// A certificate in the making, of this common name.
fn params(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params
}

/// One that signs others.
fn authority(name: &str) -> CertificateParams {
    let mut params = params(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// A self-signed certificate and its key.
fn pair(params: &CertificateParams) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn bundle(params: &CertificateParams) -> String {
    let (certificate, key) = pair(params);
    certificate + &key
}

/// Root, intermediate, leaf, and the leaf's key.
fn chain() -> [String; 4] {
    let key = || KeyPair::generate().unwrap();
    let (root, middle, leaf) = (key(), key(), key());
    let root = Issuer::new(authority("Root"), root);
    let root_pem = authority("Root").self_signed(root.key()).unwrap().pem();
    let middle_pem = authority("Middle").signed_by(&middle, &root).unwrap().pem();
    let middle = Issuer::new(authority("Middle"), middle);
    let leaf_pem = params("leaf", &["a.example"]).signed_by(&leaf, &middle).unwrap().pem();
    [root_pem, middle_pem, leaf_pem, leaf.serialize_pem()]
}

fn sent(certificate: &Certificate) -> Vec<CertificateDer<'static>> {
    certificate.key().cert.clone()
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

#[test]
fn the_tutorials_certificate_of_version_1_is_served_under_its_common_name() {
    let certificate = read(VERSION_1).unwrap();
    assert_eq!(certificate.names(), ["*.xip.io"]);
    let told = certificate.warnings(now());
    assert_eq!(told, ["it has no subject alternative name, only the common name `*.xip.io`: browsers refuse it"]);
}

#[test]
fn keys_of_all_kinds_are_taken() {
    let kinds = [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ECDSA_P521_SHA512,
        &rcgen::PKCS_ED25519,
    ];
    let keys = kinds.into_iter().map(|kind| KeyPair::generate_for(kind).unwrap());
    let rsa = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    for key in keys.chain([rsa]) {
        let pem = params("a", &["a.example"]).self_signed(&key).unwrap().pem() + &key.serialize_pem();
        assert_eq!(read(&pem).unwrap().names(), ["a.example"], "{:?}", key.algorithm());
    }
    assert_eq!(read(SEC1).unwrap().names(), ["sec1.example.com"], "SEC1 behind its parameters");
}

#[test]
fn a_key_that_nobody_signs_with_is_refused_with_the_command_for_a_better_one() {
    let expected =
        "its RSA key has 1024 bits, and clients want 2048 at least: `openssl genrsa -out xip.io.key 2048` makes one";
    assert_eq!(refusal(WEAK), expected);
    let strange = Certificate::from_pem("$(reboot).pem", WEAK.as_bytes(), now()).unwrap_err().to_string();
    assert!(strange.contains("-out name.key 2048"), "{strange}");
}

#[test]
fn an_encrypted_key_is_refused_with_the_command_that_decrypts_it() {
    for pem in ENCRYPTED {
        let told = refusal(pem);
        assert!(told.contains("encrypted") && told.contains("openssl pkey -in xip.io.pem -out xip.io.key"), "{told}");
    }
}

#[test]
fn blocks_may_come_in_any_order_and_the_root_stays_at_home() {
    let [root, middle, leaf, key] = chain();
    let expected = [der(&leaf), der(&middle)];
    for parts in [
        [&root, &middle, &leaf, &key],
        [&key, &leaf, &middle, &root],
        [&middle, &key, &root, &leaf],
        [&leaf, &key, &middle, &middle],
    ] {
        let certificate = read(&parts.map(String::as_str).join("some text\r\n")).unwrap();
        assert_eq!(sent(&certificate), expected);
        assert_eq!(certificate.warnings(now()), Vec::<String>::new());
    }
    let windows = [&*leaf, &*middle, &*key].concat().replace('\n', "\r\n");
    assert_eq!(sent(&read(&windows).unwrap()), expected);
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let [root, middle, leaf, key] = chain();
    let (other, other_key) = pair(&params("other", &["b.example"]));
    let renewed = chain();
    let cases: [(&[&String], &str); 8] = [
        (&[&leaf, &middle], "there is no private key in it: `cat xip.io.crt xip.io.key > xip.io.pem`"),
        (&[&key], "there is no certificate in it"),
        (&[&leaf, &key, &other_key], "there are 2 private keys in it"),
        (&[&leaf, &middle, &other_key], "its private key does not belong to its certificate"),
        (&[&leaf, &key, &middle, &other], "the certificate of `CN=other` in it is no part of the chain"),
        (&[&leaf, &key, &root], "the certificate of `CN=Root` in it is no part of the chain"),
        (&[&leaf, &key, &renewed[1]], "the certificate of `CN=Middle` in it is no part of the chain"),
        (&[], "it is not PEM: no line begins with"),
    ];
    for (parts, expected) in cases {
        let pem: String = parts.iter().map(|part| part.as_str()).collect();
        let told = refusal(&pem);
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn two_certificates_of_one_key_are_not_guessed_between() {
    let key = KeyPair::generate().unwrap();
    let of = |host: &str| params(host, &[host]).self_signed(&key).unwrap().pem();
    let told = refusal(&[of("a.example"), of("b.example"), key.serialize_pem()].concat());
    assert_eq!(told, "there are 2 certificates of its private key: leave the one that is meant");
}

#[test]
fn a_refusal_shows_no_byte_of_a_key() {
    let pem = bundle(&params("a", &["a.example"]));
    let (certificate, key) = pem.split_once("-----BEGIN PRIVATE").unwrap();
    let inner: String = key.lines().nth(1).unwrap().to_owned();
    let damaged = [
        pem.replace('\n', " "),
        pem.replace('\n', "\n  "),
        pem.replace("-----END PRIVATE KEY-----", ""),
        format!("{certificate}-----BEGIN PRIVATE KEY----- {inner}\n"),
        format!("{certificate}-----BEGIN PRIVATE KEY-----\n{inner}\n-----END PRIVATE KEY-----\n"),
        format!("{certificate}-----BEGIN PRIVATE KEY-----\n{inner}!\n-----END PRIVATE KEY-----\n"),
        format!("{certificate}-----BEGIN {inner}-----\n{inner}\n"),
    ];
    for pem in damaged {
        let error = read(&pem).unwrap_err();
        let told = format!("{error} {error:?}");
        assert!((0..inner.len() - 8).all(|at| !told.contains(&inner[at..at + 8])), "{told}");
    }
}

#[test]
fn what_is_not_pem_is_told_why() {
    let [.., leaf, _] = chain();
    let cases = [
        ("hello", "no line begins with `-----BEGIN CERTIFICATE-----`"),
        ("  -----BEGIN CERTIFICATE-----\n", "blocks must not be indented"),
        ("-----BEGIN CERTIFICATE-----\nAAAA", "a block has no END line"),
        ("-----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----", "a block is not base64"),
    ];
    for (pem, expected) in cases {
        assert!(refusal(pem).contains(expected), "{}", refusal(pem));
    }
    let binary = Certificate::from_pem("a", &der(&leaf), now()).unwrap_err().to_string();
    assert!(binary.contains("openssl x509 -inform der"), "{binary}");
    let no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let (_, key) = pair(&params("a", &["a.example"]));
    assert_eq!(read(&format!("{no_certificate}{key}")).unwrap_err(), BadCertificate::X509);
}

#[test]
fn names_are_hosts_and_nothing_else() {
    let hosts = |hosts: &[&str]| read(&bundle(&params("ignored.example", hosts))).unwrap().names().to_vec();
    assert_eq!(hosts(&["A.Example", "a.example", "*.b.example"]), ["a.example", "*.b.example"]);
    assert_eq!(hosts(&["192.0.2.7", "2001:db8::7"]), ["192.0.2.7", "2001:db8::7"]);
    assert_eq!(hosts(&[]), ["ignored.example"], "the common name, where there is no other");
    let odd = read(&bundle(&params("a", &["a.example", "*", "a.*.example", "*a.example", "a b\u{7}"]))).unwrap();
    assert_eq!(odd.names(), ["a.example"]);
    let told = "it is not served for `*`, `a.*.example`, `*a.example`, `a b\\u{7}`: no host is called so";
    assert_eq!(odd.warnings(now()), [told]);
    for name in ["My first certificate", "*", "*.*.example", ""] {
        assert_eq!(read(&bundle(&params(name, &[]))).unwrap_err(), BadCertificate::NoName, "{name}");
    }
}

#[test]
fn dates_are_compared_with_now() {
    let of = |begins: SystemTime, ends: SystemTime| {
        let mut params = params("a", &["a.example"]);
        (params.not_before, params.not_after) = (begins.into(), ends.into());
        read(&bundle(&params))
    };
    let minute = Duration::from_secs(60);
    assert!(of(now() - DAY, now() + DAY).is_ok());
    assert!(of(now() + 4 * minute, now() + DAY).is_ok(), "clocks differ");
    let told = |result: Result<Certificate, BadCertificate>| result.unwrap_err().to_string();
    assert_eq!(told(of(now() - 2 * DAY, now() - DAY)), "it has expired on 2029-12-31 00:00:00 UTC: renew it");
    let early = told(of(now() + 60 * minute, now() + DAY));
    assert_eq!(early, "it is not valid before 2030-01-01 01:00:00 UTC: give it then, or set the clock if that is now");
}

#[test]
fn an_operator_is_warned_for_three_weeks_before_the_end() {
    let mut params = params("a", &["a.example"]);
    params.not_after = (now() + 30 * DAY).into();
    let certificate = read(&bundle(&params)).unwrap();
    assert_eq!((certificate.not_after(), certificate.not_before() < now()), (now() + 30 * DAY, true));
    let on = "on 2030-01-31 00:00:00 UTC: renew it";
    for (days, expected) in [
        (0, None),
        (8, None),
        (9, Some(format!("it expires in 21 days, {on}"))),
        (29, Some(format!("it expires in a day, {on}"))),
        (30, Some(format!("it expires within a day, {on}"))),
        (31, Some(format!("it has expired {on}"))),
    ] {
        assert_eq!(certificate.expiry_warning(now() + days * DAY), expected, "{days}");
    }
    assert_eq!(certificate.warnings(now() + 9 * DAY).len(), 1);
}

#[test]
fn what_clients_will_not_like_is_told() {
    let [_, middle, leaf, key] = chain();
    assert_eq!(
        read(&format!("{leaf}{key}")).unwrap().warnings(now()),
        ["the certificate of its issuer `CN=Middle` is missing: clients that do not know that one refuse it"]
    );
    assert_eq!(
        read(SHA1).unwrap().warnings(now()),
        ["the certificate of `CN=sha1.example.com` is signed over SHA-1 or MD5: clients refuse it"]
    );
    let issuer = KeyPair::generate().unwrap();
    let mut short = authority("Short");
    short.not_after = (now() - DAY).into();
    let root = Issuer::new(authority("Root"), KeyPair::generate().unwrap());
    let short_pem = short.signed_by(&issuer, &root).unwrap().pem();
    let own = KeyPair::generate().unwrap();
    let leaf = params("a", &["a.example"]).signed_by(&own, &Issuer::new(short, issuer)).unwrap().pem();
    let told = read(&[leaf, own.serialize_pem(), short_pem].concat()).unwrap().warnings(now());
    assert_eq!(told, ["a certificate of its chain ends before it does, on 2029-12-31 00:00:00 UTC"]);
    drop(middle);
}

#[test]
fn what_changes_nothing_is_recognised() {
    let pem = bundle(&params("a", &["a.example"]));
    let again = read(&format!("a remark\n{pem}")).unwrap();
    assert_eq!(read(&pem).unwrap(), again);
    assert_ne!(read(&bundle(&params("a", &["a.example"]))).unwrap(), again);
    assert_ne!(again.with_names(&["b.example"]).unwrap(), again);
    assert_ne!(Certificate::from_pem("other.pem", pem.as_bytes(), now()).unwrap(), again);
}

#[test]
fn names_can_be_given_in_place_of_its_own() {
    let own = read(&bundle(&params("a", &["a.example", "b.example"]))).unwrap();
    let names = |filters: &[&str]| own.with_names(filters).unwrap().names().to_vec();
    assert_eq!(names(&["C.example.", "*.d.example"]), ["c.example", "*.d.example"]);
    assert_eq!(names(&["!b.example"]), ["a.example"]);
    assert_eq!(names(&[]), own.names());
    assert_eq!(own.with_names(&["a_b!"]).unwrap_err().to_string(), "`a_b!` is neither a host name nor `*.` and one");
}
