//! The certificate that a service brings with it (`serviceCert`).
//!
//! Not here: keeping it (`store`), and when a service is judged (`controller`).

use super::{Bringer, CertName, Certificates, Upload};
use crate::controller::Controller;
use model::ServiceName;
use model::catalog::{Applied, Change};
use model::service::{Refused, Service};
use proxy::tls::{BadCertificate, Certificate};
use std::time::SystemTime;

/// The parameter.
const SERVICE_CERT: &str = "serviceCert";

/// Refuses a service whose certificate could never be served. No byte of the certificate is in the reason.
///
/// One whose time is over or has not come is left out, and told of when it is to be kept: a replica that starts later has the same services.
pub fn judge(service: &Service, separator: &str) -> Result<(), Refused> {
    let Some(pem) = pem(service) else { return Ok(()) };
    let name = name(service, separator);
    match Certificate::from_pem(name.as_str(), pem.as_bytes(), SystemTime::now()) {
        Ok(_) | Err(BadCertificate::Expired(_) | BadCertificate::NotYetValid(_)) => Ok(()),
        Err(error) => Err(Refused::unusable(format!("service `{}`: {SERVICE_CERT}: {error}", service.name))),
    }
}

/// Whether both versions of a service bring the same certificate, or none.
pub fn is_same(one: &Service, other: &Service) -> bool {
    one.params.get_any_case(SERVICE_CERT) == other.params.get_any_case(SERVICE_CERT)
}

/// Keeps the certificates of the services that a command has added or changed. A list repeats what was said long ago, so what comes `from_list` never
/// replaces a certificate that begins to hold as late. Returns what went wrong, for each service; the services are live all the same.
pub async fn keep(
    certificates: &Certificates,
    controller: &Controller,
    applied: &Applied,
    from_list: bool,
) -> Vec<String> {
    let mut failures = Vec::new();
    for (service, change) in &applied.changes {
        if !matches!(change, Change::Added | Change::Replaced) {
            continue;
        }
        let Some(upload) = upload(controller, service, from_list) else { continue };
        if let Err(error) = certificates.put(upload).await {
            failures.push(format!("{SERVICE_CERT}: {error}"));
            tracing::warn!("Service {service}: {SERVICE_CERT}: {error}");
        }
    }
    failures
}

fn upload(controller: &Controller, service: &ServiceName, only_newer: bool) -> Option<Upload> {
    let world = controller.cell().world();
    let service = world.snapshot().catalog.service(service)?;
    let pem = pem(service)?.into_bytes().into();
    let hosts =
        service.destinations.iter().flat_map(|destination| destination.hosts.iter().chain(&destination.redirect_from));
    let bringer = Some(Bringer { service: service.name.clone(), hosts: hosts.cloned().collect() });
    Some(Upload { name: name(service, &controller.context().separator), pem, only_newer, bringer })
}

/// A label has no line ends, so they are written as `\n`.
fn pem(service: &Service) -> Option<String> {
    service.params.get_any_case(SERVICE_CERT).map(|text| text.replace("\\n", "\n"))
}

/// The first domain of the first destination, as Docker Flow names the file; else the service.
fn name(service: &Service, separator: &str) -> CertName {
    let index = service.destinations.first().map(|destination| destination.index).filter(|index| *index > 0);
    let domains = service.params.get_at("serviceDomain", index).unwrap_or_default();
    let first = domains.split(separator).map(str::trim).find(|domain| !domain.is_empty());
    let own = || CertName::of(service.name.as_str());
    first.and_then(CertName::of).or_else(own).unwrap_or_else(CertName::of_nobody)
}
