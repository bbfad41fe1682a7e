//! The order of a chain: the certificate of the key first, then each one's issuer (RFC 8446 §4.4.2).
//!
//! Not here: whether a client will trust its end, which is the client's to say.

use super::{BadCertificate, shown};
use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;

/// Puts the bundle in order, `leaf` being the place of the key's certificate. A self-signed root at the end is left out: whoever
/// trusts it has it, and nobody else is helped by it. What is no part of the chain is refused, since it shows that files were mixed up.
pub(super) fn order(
    ders: &[CertificateDer<'static>],
    read: &[X509Certificate<'_>],
    leaf: usize,
) -> Result<Vec<CertificateDer<'static>>, BadCertificate> {
    let mut places = vec![leaf];
    let mut next = 0;
    while let Some(subject) = places.get(next).map(|place| &read[*place]) {
        // More than one issuer of the same name and key are ways to different roots: each helps other clients.
        let issuers = (0..read.len()).filter(|place| !places.contains(place) && issued(&read[*place], subject));
        let issuers: Vec<_> = issuers.collect();
        places.extend(issuers);
        next += 1;
    }
    if let Some(stray) = (0..read.len()).find(|place| !places.contains(place)) {
        return Err(BadCertificate::Stray { subject: shown(&read[stray].subject().to_string()) });
    }
    let is_sent = |place: &&usize| **place == leaf || !is_self_signed(&read[**place]);
    Ok(places.iter().filter(is_sent).map(|place| ders[*place].clone()).collect())
}

/// Whether a certificate names itself as its issuer, as roots and the tutorial's do.
pub(super) fn is_self_signed(certificate: &X509Certificate<'_>) -> bool {
    issued(certificate, certificate)
}

/// Whether the names say so and, where both carry them, the marks of the key: an issuer that changed its key keeps its name.
fn issued(issuer: &X509Certificate<'_>, subject: &X509Certificate<'_>) -> bool {
    let named = issuer.subject().as_raw() == subject.issuer().as_raw();
    let same_key = match (issuers_key(subject), own_key(issuer)) {
        (Some(wanted), Some(own)) => wanted == own,
        _ => true,
    };
    named && same_key
}

fn issuers_key<'c>(certificate: &'c X509Certificate<'_>) -> Option<&'c [u8]> {
    certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(identifier) => identifier.key_identifier.as_ref().map(|key| key.0),
        _ => None,
    })
}

fn own_key<'c>(certificate: &'c X509Certificate<'_>) -> Option<&'c [u8]> {
    certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(identifier) => Some(identifier.0),
        _ => None,
    })
}
