//! "Automatically Reconfiguring the Proxy".

use anyhow::{Result, ensure};

use super::create_go_demo;
use crate::{command::output, logs, swarm::Swarm};

/// How many requests are shared by five replicas.
const REQUESTS: usize = 200;

pub(super) fn labels(swarm: &Swarm<'_>) -> Result<()> {
    swarm.get("/demo/hello").answers(503)?;
    create_go_demo(swarm, "")?;
    let answer = swarm.get("/demo/hello").says_hello()?;
    ensure!(answer.head[0] == "HTTP/1.1 200 OK", "{answer:?}");
    for header in ["date: ", "content-length: 14", "content-type: text/plain; charset=utf-8"] {
        let has = answer.head.iter().any(|line| line.to_ascii_lowercase().starts_with(header));
        ensure!(has, "no {header:?} in {answer:?}");
    }
    Ok(())
}

pub(super) fn five_replicas(swarm: &Swarm<'_>) -> Result<()> {
    create_go_demo(swarm, "")?;
    swarm.run("docker service update --replicas 5 go-demo")?;
    swarm.runs("go-demo")?;
    let visit = swarm.get("/demo/hello");
    let replicas = swarm.containers("go-demo")?;
    ensure!(replicas.len() == 5, "{replicas:?}");
    swarm.eventually("a request at each of five replicas", || {
        visit.says_hello()?;
        ensure!(counts(&replicas)?.iter().all(|&count| count > 0), "they got {:?}", counts(&replicas));
        Ok(())
    })?;
    let before = counts(&replicas)?;
    let url = format!("http://127.0.0.1:{}/demo/hello?[1-{REQUESTS}]", visit.ports()?[0]);
    let said = output("curl", &["--silent", "--show-error", "--noproxy", "*", "--max-time", "60", &url])?;
    ensure!(said == "hello, world!\n".repeat(REQUESTS), "not {REQUESTS} times hello: {said}");
    let shares: Vec<usize> = counts(&replicas)?.iter().zip(&before).map(|(now, then)| now - then).collect();
    // "Approximately one-fifth": between half of it and half as much again.
    let fair = REQUESTS / 10..=REQUESTS * 3 / 10;
    ensure!(shares.iter().sum::<usize>() == REQUESTS, "{shares:?} are not {REQUESTS} requests");
    ensure!(shares.iter().all(|share| fair.contains(share)), "{shares:?} is no fair share of {REQUESTS} requests");
    Ok(())
}

pub(super) fn several_paths(swarm: &Swarm<'_>) -> Result<()> {
    create_go_demo(swarm, "--label com.df.servicePath=/demo/hello,/demo/person")?;
    swarm.get("/demo/hello").says_hello()?;
    swarm.get("/demo/person").answers(200)?;
    // The demo service would answer 404: this one never gets there.
    swarm.get("/demo/other").answers(503)?;
    Ok(())
}

pub(super) fn several_domains(swarm: &Swarm<'_>) -> Result<()> {
    create_go_demo(swarm, "--label com.df.serviceDomain=my-domain.com")?;
    swarm.get("/demo/hello").with(&["-H", "Host: my-domain.com"]).says_hello()?;
    swarm.get("/demo/hello").with(&["-H", "Host: my-other-domain.com"]).answers(503)?;
    swarm.run("docker service update --label-add com.df.serviceDomain=my-domain.com,my-other-domain.com go-demo")?;
    swarm.get("/demo/hello").with(&["-H", "Host: my-other-domain.com"]).says_hello()?;
    swarm.get("/demo/hello").with(&["-H", "Host: my-domain.com"]).says_hello()?;
    swarm.get("/demo/hello").with(&["-H", "Host: acme.com"]).answers(503)?;
    swarm.get("/demo/hello").answers(503)?;
    Ok(())
}

pub(super) fn wildcard_domain(swarm: &Swarm<'_>) -> Result<()> {
    create_go_demo(swarm, "--label com.df.serviceDomain=*domain.com")?;
    every_domain_matches(swarm)?;
    swarm.run(
        r"docker service create --name unrelated \
    --network proxy \
    --label com.df.notify=true \
    --label com.df.servicePath=/demo/person \
    --label com.df.port=8080 \
    vfarcic/go-demo",
    )?;
    swarm.get("/demo/person").answers(200)?;
    every_domain_matches(swarm)
}

pub(super) fn updated_label(swarm: &Swarm<'_>) -> Result<()> {
    create_go_demo(swarm, "")?;
    swarm.get("/demo/hello").says_hello()?;
    swarm.run("docker service update --label-add com.df.servicePath=/demo/person go-demo")?;
    swarm.get("/demo/person").answers(200)?;
    swarm.get("/demo/hello").answers(503)?;
    Ok(())
}

pub(super) fn notify_label_removed(swarm: &Swarm<'_>) -> Result<()> {
    create_go_demo(swarm, "")?;
    swarm.get("/demo/hello").says_hello()?;
    swarm.run("docker service update --label-rm com.df.notify go-demo")?;
    swarm.get("/demo/hello").answers(503)?;
    // "It can hold any value."
    swarm.run("docker service update --label-add com.df.notify=anything go-demo")?;
    swarm.get("/demo/hello").says_hello()?;
    Ok(())
}

/// A frequent mistake: the service is not on the proxy's network, so its name means nothing to the proxy.
pub(super) fn unresolvable(swarm: &Swarm<'_>) -> Result<()> {
    create_go_demo(swarm, "")?;
    swarm.get("/demo/hello").says_hello()?;
    swarm.run(
        r"docker service create --name elsewhere \
    --network go-demo \
    --label com.df.notify=true \
    --label com.df.servicePath=/demo/person \
    --label com.df.port=8080 \
    vfarcic/go-demo",
    )?;
    // /demo/person is more than /demo only once its own service is known: until then go-demo answers it.
    swarm.get("/demo/person").answers(503)?;
    // Its neighbour is answered at once, however long the search for the name takes.
    swarm.get("/demo/hello").with(&["--max-time", "1"]).says_hello()?;
    swarm.run("docker service rm elsewhere")?;
    swarm.get("/demo/person").answers(200)?;
    Ok(())
}

fn every_domain_matches(swarm: &Swarm<'_>) -> Result<()> {
    swarm.get("/demo/hello").with(&["-H", "Host: my-domain.com"]).says_hello()?;
    swarm.get("/demo/hello").with(&["-H", "Host: my-other-domain.com"]).says_hello()?;
    swarm.get("/demo/hello").with(&["-H", "Host: my-domain.org"]).answers(503)?;
    Ok(())
}

/// How many requests for `/demo/hello` each of these containers logged.
fn counts(containers: &[String]) -> Result<Vec<usize>> {
    containers.iter().map(|container| logs::count(container, "GET /demo/hello")).collect()
}
