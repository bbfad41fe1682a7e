//! Services that the environment describes (`DFP_SERVICE_*`): they are live from the start, and no list takes them away.
//!
//! Not here: reading the variables (`settings::services`), and judging a service (`model::service`).

use crate::certificates::{Certificates, service};
use crate::controller::{Controller, Stopping};
use crate::settings::DeclaredService;
use model::catalog::{Change, Command};

/// Hands each service to the writer, in their order. A bad one is told of by its variables, and the others are live all the same.
pub async fn publish(
    services: &[DeclaredService],
    controller: &Controller,
    certificates: &Certificates,
) -> Result<(), Stopping> {
    for DeclaredService { variables, params } in services {
        let variables = variables.join(", ");
        match controller.command(Command::Declare(params.clone())).await? {
            Ok(done) if done.applied.changes.iter().any(|(_, change)| *change == Change::Elsewhere) => {
                tracing::warn!("{variables}: the service is left out: it is not for this PROXY_INSTANCE_NAME");
            }
            Ok(done) => drop(service::keep(certificates, controller, &done.applied, true).await),
            Err(refused) => tracing::warn!("{variables}: the service is left out: {refused}"),
        }
    }
    Ok(())
}
