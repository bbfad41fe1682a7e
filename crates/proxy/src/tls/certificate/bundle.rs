//! The blocks of a PEM bundle: certificates and one private key, in any order, with anything else between them.
//!
//! What is refused is refused in words of our own: those of a parser may quote what it could not read, and that may be a key.
//! Not here: what the certificates say (`certificate`).

use super::BadCertificate;
use rustls::pki_types::pem::{Error, SectionKind, SliceIter};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::der_parser::ber::BerObjectContent;
use x509_parser::der_parser::der::{DerObject, parse_der};

/// Fewer bits of RSA nobody signs with.
const FEWEST_RSA_BITS: usize = 2048;

/// What a bundle is made of.
pub(super) struct Bundle {
    /// Each once, as they came.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

/// Reads a bundle; `path` names it in the commands of errors.
pub(super) fn read(path: &str, pem: &[u8]) -> Result<Bundle, BadCertificate> {
    if has_encrypted_key(pem) {
        return Err(BadCertificate::EncryptedKey { name: name_of(path) });
    }
    let (mut certificates, mut keys) = (Vec::<CertificateDer<'static>>::new(), Vec::new());
    for block in SliceIter::<(SectionKind, Vec<u8>)>::new(pem) {
        match block.map_err(|error| BadCertificate::Pem(reason(&error)))? {
            (SectionKind::Certificate, der) => certificates.push(der.into()),
            (SectionKind::PrivateKey, der) => keys.push(PrivateKeyDer::Pkcs8(der.into())),
            (SectionKind::RsaPrivateKey, der) => keys.push(PrivateKeyDer::Pkcs1(der.into())),
            (SectionKind::EcPrivateKey, der) => keys.push(PrivateKeyDer::Sec1(der.into())),
            _ => {}
        }
    }
    if certificates.is_empty() && keys.is_empty() {
        return Err(BadCertificate::Pem(nothing_in(pem)));
    }
    let mut seen = Vec::new();
    certificates.retain(|certificate| !seen.contains(certificate) && (seen.push(certificate.clone()), true).1);
    if certificates.is_empty() {
        return Err(BadCertificate::NoCertificate);
    }
    keys.dedup_by(|a, b| a.secret_der() == b.secret_der());
    match (keys.pop(), keys.len()) {
        (None, _) => Err(BadCertificate::NoKey { name: name_of(path) }),
        (Some(key), 0) => Ok(Bundle { certificates, key }),
        (Some(_), more) => Err(BadCertificate::SeveralKeys { count: more + 1 }),
    }
}

/// Why a key that could be read cannot be signed with.
pub(super) fn unusable(path: &str, key: &PrivateKeyDer<'_>) -> BadCertificate {
    match rsa_bits(key) {
        Some(bits) if bits < FEWEST_RSA_BITS => BadCertificate::WeakKey { bits, name: name_of(path) },
        Some(_) => BadCertificate::Key("it is an RSA key that is damaged or longer than 8192 bits"),
        None => BadCertificate::Key("it is damaged, or none of RSA, ECDSA (P-256, P-384, P-521) and Ed25519"),
    }
}

/// How files beside this one are called in a command: `xip.io` for `/certs/xip.io.pem`.
fn name_of(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = [".pem", ".crt", ".cert", ".key"].iter().find_map(|end| file.strip_suffix(end)).unwrap_or(file);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let plain = !stem.is_empty() && !stem.starts_with('-') && stem.chars().all(is_plain);
    if plain { stem.to_owned() } else { "name".to_owned() }
}

/// PKCS#8 has a block of its own for it, the older formats say it in a line of the block (RFC 1421 §4.6.1.1).
fn has_encrypted_key(pem: &[u8]) -> bool {
    let is_sign = |line: &[u8]| {
        line.starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
            || (line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED"))
    };
    pem.split(|byte| b"\r\n".contains(byte)).any(|line| is_sign(line.trim_ascii_end()))
}

fn reason(error: &Error) -> &'static str {
    match error {
        Error::MissingSectionEnd { .. } => "a block has no END line; perhaps its line ends were lost on the way",
        Error::IllegalSectionStart { .. } => "a BEGIN line does not end in five hyphens",
        Error::Base64Decode(_) => "a block is not base64",
        _ => "a block cannot be read",
    }
}

fn nothing_in(pem: &[u8]) -> &'static str {
    const BEGIN: &[u8] = b"-----BEGIN ";
    if memchr::memmem::find(pem, BEGIN).is_some() {
        return "no line begins with `-----BEGIN CERTIFICATE-----`; blocks must not be indented";
    }
    match pem.first() {
        // A DER sequence, which PKCS#12 files are too.
        Some(0x30) => "it is a binary file; `openssl x509 -inform der` and `openssl pkcs12 -nodes` turn such into PEM",
        _ => "no line begins with `-----BEGIN CERTIFICATE-----`",
    }
}

/// The length of an RSA key's modulus (RFC 8017 A.1.2, inside RFC 5208 §5 for PKCS#8); `None` for any other key.
fn rsa_bits(key: &PrivateKeyDer<'_>) -> Option<usize> {
    let (_, outer) = parse_der(key.secret_der()).ok()?;
    match key {
        PrivateKeyDer::Pkcs1(_) => modulus_bits(&outer),
        PrivateKeyDer::Pkcs8(_) => {
            let inner = outer.as_sequence().ok()?.get(2)?.as_slice().ok()?;
            modulus_bits(&parse_der(inner).ok()?.1)
        }
        _ => None,
    }
}

fn modulus_bits(rsa: &DerObject<'_>) -> Option<usize> {
    // Version, modulus, two exponents, two primes and what follows from them.
    let fields = rsa.as_sequence().ok().filter(|fields| fields.len() >= 9)?;
    let BerObjectContent::Integer(modulus) = fields.get(1)?.content else { return None };
    let modulus = &modulus[modulus.iter().take_while(|byte| **byte == 0).count()..];
    Some(modulus.len() * 8 - modulus.first()?.leading_zeros() as usize)
}
