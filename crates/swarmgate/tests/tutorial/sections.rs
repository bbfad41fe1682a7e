//! The tutorial's sections in its order, and the stage that all of them share.

mod authentication;
mod https;
mod reconfiguring;
mod removing;
mod rewriting;
mod scaling;

use anyhow::Result;

use crate::swarm::Swarm;

/// The name of a section, and the section.
pub(crate) type Section = (&'static str, fn(&Swarm<'_>) -> Result<()>);

/// The demo service as the tutorial creates it, time and again. Labels and the image follow.
const GO_DEMO: &str = r"docker service create --name go-demo \
    -e DB=go-demo-db \
    --network go-demo \
    --network proxy \
    --label com.df.notify=true \
    --label com.df.distribute=true \
    --label com.df.servicePath=/demo \
    --label com.df.port=8080 ";

/// All sections, in the tutorial's order.
pub(crate) fn all() -> Vec<Section> {
    vec![
        ("s179_labels_configure_the_proxy", reconfiguring::labels),
        ("s179_five_replicas_share_the_requests", reconfiguring::five_replicas),
        ("s180_several_paths", reconfiguring::several_paths),
        ("s181_several_domains", reconfiguring::several_domains),
        ("s182_a_wildcard_domain_outlives_an_unrelated_reconfigure", reconfiguring::wildcard_domain),
        ("s179_an_updated_label_reroutes", reconfiguring::updated_label),
        ("s179_without_the_notify_label_there_is_no_route", reconfiguring::notify_label_removed),
        ("s179_an_unresolvable_service_answers_503_alone", reconfiguring::unresolvable),
        ("s183_removing_a_service_removes_its_route", removing::route_and_logs),
        ("s184_a_scaled_proxy_configures_itself", scaling::three_proxies),
        ("s184_a_rescheduled_proxy_configures_itself", scaling::rescheduled),
        ("s185_rewriting_paths", rewriting::paths),
        ("s186_global_authentication", authentication::global),
        ("s187_service_authentication", authentication::service),
        ("s187_service_users_override_global_ones", authentication::combined),
        ("s188_a_certificate_reaches_every_replica", https::every_replica),
        ("s188_a_new_replica_gets_the_certificates", https::new_replica),
        ("s188_certificates_outlive_a_rolling_update", https::rolling_update),
        ("s189_certificates_are_chosen_by_name", https::several_certificates),
    ]
}

/// Networks, listener, proxy and database, as in the tutorial's first steps.
pub(crate) fn set_the_stage(swarm: &Swarm<'_>) -> Result<()> {
    swarm.run("docker network create --driver overlay proxy")?;
    swarm.run("docker network create --driver overlay go-demo")?;
    swarm.run(
        r#"docker service create --name swarm-listener \
    --network proxy \
    --mount "type=bind,source=/var/run/docker.sock,target=/var/run/docker.sock" \
    -e DF_NOTIF_CREATE_SERVICE_URL=http://proxy:8080/v1/docker-flow-proxy/reconfigure \
    -e DF_NOTIF_REMOVE_SERVICE_URL=http://proxy:8080/v1/docker-flow-proxy/remove \
    --constraint 'node.role==manager' \
    vfarcic/docker-flow-swarm-listener"#,
    )?;
    swarm.run(
        r"docker service create --name proxy \
    -p 80:80 \
    -p 443:443 \
    --network proxy \
    -e MODE=swarm \
    -e LISTENER_ADDRESS=swarm-listener \
    vfarcic/docker-flow-proxy",
    )?;
    swarm.run(
        r"docker service create --name go-demo-db \
    --network go-demo \
    mongo",
    )?;
    swarm.runs("swarm-listener")?;
    swarm.runs("proxy")
}

/// Creates the demo service with some more options.
fn create_go_demo(swarm: &Swarm<'_>, options: &str) -> Result<()> {
    swarm.run(&format!("{GO_DEMO}{options} vfarcic/go-demo"))
}
