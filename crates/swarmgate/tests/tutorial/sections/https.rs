//! "Configuring Service SSLs And Proxying HTTPS Requests". Three replicas of the proxy run, and their control port is published.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::create_go_demo;
use crate::{
    command::{docker, output},
    desk::Desk,
    replica::Replica,
    swarm::Swarm,
    visit::Visit,
};

/// How curl says that the handshake was refused.
const NO_HANDSHAKE: i32 = 35;
/// How curl says that nobody it trusts vouches for the certificate.
const NOT_TRUSTED: i32 = 60;
/// Within this a new member of the service has the certificates.
const IS_SHARED: Duration = Duration::from_secs(2);

/// A host for which the first certificate is.
const XIP: &str = "node-1.xip.io";
/// One for which another is.
const ACME: &str = "www.acme.com";

pub(super) fn every_replica(swarm: &Swarm<'_>) -> Result<()> {
    let (desk, replicas) = set_the_table(swarm)?;
    let visit = swarm.get("/demo/hello").encrypted(XIP);
    visit.fails_with(NO_HANDSHAKE)?;

    desk.makes_certificate("xip.io", 1024)?;
    let refused = desk.puts_certificate("xip.io", &replicas[0])?;
    let tells_how = refused.body.contains("openssl genrsa -out xip.io.key 2048");
    ensure!(refused.status == 400 && tells_how, "a key of 1024 bits: {refused:?}");
    visit.fails_with(NO_HANDSHAKE)?;

    desk.makes_certificate("xip.io", 2048)?;
    let put = desk.puts_certificate("xip.io", &replicas[0])?;
    ensure!(put.status == 200 && put.body.contains(r#""Status":"OK""#), "{put:?}");
    // The reply comes when all of them have it.
    visit.fails_with(NOT_TRUSTED)?;
    visit.clone().with(&["-k"]).says_hello_at_once()?;
    trusted(visit, &desk.certificate("xip.io"))?;
    all_list(&replicas, &["xip.io.pem"], &desk)
}

/// "You are not limited to a single certificate."
pub(super) fn several_certificates(swarm: &Swarm<'_>) -> Result<()> {
    let (desk, replicas) = set_the_table(swarm)?;
    for (domain, replica) in ["xip.io", "acme.com"].iter().zip(&replicas) {
        desk.makes_certificate(domain, 2048)?;
        let put = desk.puts_certificate(domain, replica)?;
        ensure!(put.status == 200, "{put:?}");
    }
    let visit = |host| swarm.get("/demo/hello").encrypted(host);
    trusted(visit(XIP), &desk.certificate("xip.io"))?;
    trusted(visit(ACME), &desk.certificate("acme.com"))?;
    visit(XIP).with(&["--cacert", &desk.certificate("acme.com")]).fails_with(NOT_TRUSTED)?;
    all_list(&replicas, &["acme.com.pem", "xip.io.pem"], &desk)
}

/// Nobody tells it anything: the others see it come.
pub(super) fn new_replica(swarm: &Swarm<'_>) -> Result<()> {
    let (desk, old) = set_the_table(swarm)?;
    desk.makes_certificate("xip.io", 2048)?;
    let put = desk.puts_certificate("xip.io", &old[0])?;
    ensure!(put.status == 200, "{put:?}");
    swarm.run("docker service scale proxy=4")?;
    let (new, since) = swarm.eventually("a fourth replica", || {
        let new = Replica::all(swarm)?.into_iter().find(|replica| !old.contains(replica));
        let new = new.context("there are only the old ones")?;
        let since = new.healthy_since()?;
        Ok((new, since))
    })?;
    while !says_hello(&new) {
        ensure!(since.elapsed()? <= IS_SHARED, "a new replica has no certificate after {IS_SHARED:?}");
    }
    print!("it had them after {:.1?} at most ... ", since.elapsed()?);
    swarm.runs("proxy")?;
    trusted(swarm.get("/demo/hello").encrypted(XIP), &desk.certificate("xip.io"))?;
    all_list(&Replica::all(swarm)?, &["xip.io.pem"], &desk)?;
    swarm.run("docker service scale proxy=3")
}

/// Every replica is replaced by another one, and each of them gets the certificates from those that are left.
pub(super) fn rolling_update(swarm: &Swarm<'_>) -> Result<()> {
    let (desk, old) = set_the_table(swarm)?;
    desk.makes_certificate("xip.io", 2048)?;
    let put = desk.puts_certificate("xip.io", &old[0])?;
    ensure!(put.status == 200, "{put:?}");
    let new = replaced(swarm, "docker service update --force proxy")?;
    trusted(swarm.get("/demo/hello").encrypted(XIP), &desk.certificate("xip.io"))?;
    all_list(&new, &["xip.io.pem"], &desk)?;

    // The only one has nobody but its successor.
    swarm.run("docker service scale proxy=1")?;
    swarm.runs("proxy")?;
    swarm.eventually("one replica", || Replica::all(swarm))?;
    replaced(swarm, "docker service update --force --update-order start-first proxy")?;
    trusted(swarm.get("/demo/hello").encrypted(XIP), &desk.certificate("xip.io"))?;
    swarm.run("docker service update --update-order stop-first proxy")
}

/// All replicas after an update that replaces each of them.
fn replaced(swarm: &Swarm<'_>, update: &str) -> Result<Vec<Replica>> {
    let old = Replica::all(swarm)?;
    swarm.run(update)?;
    let new = swarm.eventually("other replicas", || {
        let new = Replica::all(swarm)?;
        ensure!(!new.iter().any(|replica| old.contains(replica)), "{old:?} became {new:?}");
        Ok(new)
    })?;
    swarm.runs("proxy")?;
    swarm.get("/demo/hello").encrypted(XIP).with(&["-k"]).says_hello()?;
    Ok(new)
}

/// The demo service, three replicas of the proxy, and all their ports.
fn set_the_table(swarm: &Swarm<'_>) -> Result<(Desk, Vec<Replica>)> {
    create_go_demo(swarm, "")?;
    swarm.run("docker service scale proxy=3")?;
    swarm.runs("proxy")?;
    // "If you already have the port 8080 published, there is no need to run the command that follows."
    if !docker(&["service", "inspect", "--format", "{{.Spec.EndpointSpec.Ports}}", "proxy"])?.contains(" 8080 ") {
        swarm.run(
            r"docker service update \
    --publish-add 8080:8080 proxy",
        )?;
    }
    let replicas = swarm.eventually("the control port of three replicas", || control_ports(swarm))?;
    swarm.runs("proxy")?;
    swarm.get("/demo/hello").says_hello()?;
    Ok((Desk::new()?, replicas))
}

/// All replicas, unless the control port of one is not published.
fn control_ports(swarm: &Swarm<'_>) -> Result<Vec<Replica>> {
    let replicas = Replica::all(swarm)?;
    for replica in &replicas {
        replica.port(8080)?;
    }
    Ok(replicas)
}

/// Each replica answers a client that trusts this certificate and no other.
fn trusted<'a>(visit: Visit<'a>, certificate: &'a str) -> Result<()> {
    visit.with(&["--cacert", certificate]).says_hello_at_once()
}

/// Each replica shows the certificates in its configuration, and gives them to any other replica; to nobody else, since keys are in them.
fn all_list(replicas: &[Replica], names: &[&str], desk: &Desk) -> Result<()> {
    let bind = names.iter().map(|name| format!(" crt /certs/{name}")).collect::<String>();
    for (number, replica) in replicas.iter().enumerate() {
        let other = &replicas[(number + 1) % replicas.len()];
        let asked = |port: &str, path: &str| format!("http://{port}/v1/docker-flow-proxy/{path}");
        let published = format!("127.0.0.1:{}", replica.port(8080)?);
        let config = replica.curl(&[&asked("127.0.0.1:8080", "config")])?;
        ensure!(config.contains(&format!("    bind *:443 ssl{bind}\n")), "{config}");
        let listed = other.curl(&[&asked(&format!("{}:8080", replica.address()?), "certs")])?;
        for name in names {
            let content = desk.bundle(name.trim_end_matches(".pem"))?.replace('\n', r"\n");
            ensure!(listed.contains(&format!(r#""ProxyServiceName":"{name}""#)), "{name} is not listed: {listed}");
            ensure!(listed.contains(&content), "{name} is listed with another content");
        }
        let elsewhere = output("curl", &["-sS", "--noproxy", "*", &asked(&published, "certs")])?;
        ensure!(elsewhere.contains(r#""Certs":[]"#), "somebody else is told: {elsewhere}");
    }
    Ok(())
}

fn says_hello(replica: &Replica) -> bool {
    let here = ["-k", "--resolve", "node-1.xip.io:443:127.0.0.1", "https://node-1.xip.io/demo/hello"];
    replica.curl(&here).is_ok_and(|said| said == "hello, world!\n")
}
