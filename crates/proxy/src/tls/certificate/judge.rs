//! What speaks against a certificate: its dates, and what clients will not like about it.
//!
//! Not here: whether it can be used at all (`certificate`).

use super::names::Names;
use super::{BadCertificate, EXPIRY_NOTICE, chain, shown, validity};
use std::time::{Duration, SystemTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::time::ASN1Time;

/// How far an issuer's clock may be ahead of ours.
const CLOCKS_DIFFER: Duration = Duration::from_secs(5 * 60);
const DAY: u64 = 24 * 60 * 60;
/// Signatures over MD5 and SHA-1: md5 and sha1WithRSAEncryption (RFC 3279 §2.2.1), ecdsa-with-SHA1 (§2.2.3).
const BROKEN_SIGNATURES: [&str; 3] = ["1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.2.840.10045.4.1"];

/// Whether it can be served now.
pub(super) fn dates(not_before: SystemTime, not_after: SystemTime, now: SystemTime) -> Result<(), BadCertificate> {
    if not_after < now {
        return Err(BadCertificate::Expired(date(not_after)));
    }
    match not_before > now + CLOCKS_DIFFER {
        true => Err(BadCertificate::NotYetValid(date(not_before))),
        false => Ok(()),
    }
}

/// What is to be said about its end.
pub(super) fn expiry(not_after: SystemTime, now: SystemTime) -> Option<String> {
    let on = date(not_after);
    let Ok(left) = not_after.duration_since(now) else { return Some(format!("it has expired on {on}: renew it")) };
    match left.as_secs() / DAY {
        _ if left > EXPIRY_NOTICE => None,
        0 => Some(format!("it expires within a day, on {on}: renew it")),
        1 => Some(format!("it expires in a day, on {on}: renew it")),
        days => Some(format!("it expires in {days} days, on {on}: renew it")),
    }
}

/// What does not change with the time.
pub(super) fn oddities(read: &[X509Certificate<'_>], leaf: usize, names: &Names) -> Vec<String> {
    let own = &read[leaf];
    let mut oddities = Vec::new();
    if names.only_common {
        oddities.push(format!(
            "it has no subject alternative name, only the common name `{}`: browsers refuse it",
            names.hosts.join("`, `")
        ));
    }
    if !names.left_out.is_empty() {
        oddities.push(format!("it is not served for `{}`: no host is called so", names.left_out.join("`, `")));
    }
    let is_broken = |certificate: &&X509Certificate<'_>| {
        BROKEN_SIGNATURES.contains(&certificate.signature_algorithm.algorithm.to_id_string().as_str())
    };
    // Nobody looks at the signature of a root.
    let signed = read.iter().filter(|read| std::ptr::eq(*read, own) || !chain::is_self_signed(read));
    if let Some(broken) = signed.clone().find(is_broken) {
        let subject = shown(&broken.subject().to_string());
        oddities.push(format!("the certificate of `{subject}` is signed over SHA-1 or MD5: clients refuse it"));
    }
    if read.len() == 1 && !chain::is_self_signed(own) {
        let issuer = shown(&own.issuer().to_string());
        oddities.push(format!(
            "the certificate of its issuer `{issuer}` is missing: clients that do not know that one refuse it"
        ));
    }
    let earliest = signed.filter(|read| !std::ptr::eq(*read, own)).map(|read| validity(read).1).min();
    if let Some(earliest) = earliest.filter(|earliest| *earliest < validity(own).1) {
        oddities.push(format!("a certificate of its chain ends before it does, on {}", date(earliest)));
    }
    oddities
}

/// `2026-12-01 12:00:00 UTC`, as certificates say it.
fn date(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let time = i64::try_from(seconds).ok().and_then(|seconds| ASN1Time::from_timestamp(seconds).ok());
    time.map_or_else(
        || "a date out of the calendar".to_owned(),
        |time| {
            let time = time.to_datetime();
            format!("{} {:02}:{:02}:{:02} UTC", time.date(), time.hour(), time.minute(), time.second())
        },
    )
}
