//! "Removing a Service From the Proxy".

use anyhow::Result;

use super::create_go_demo;
use crate::{logs, swarm::Swarm};

pub(super) fn route_and_logs(swarm: &Swarm<'_>) -> Result<()> {
    create_go_demo(swarm, "")?;
    swarm.get("/demo/hello").says_hello()?;
    let listener_said = logs::of("swarm-listener")?.len();
    let proxy_said = logs::of("proxy")?.len();
    swarm.run("docker service rm go-demo")?;
    swarm.get("/demo/hello").answers(503)?;
    swarm.eventually("the listener's log line", || {
        logs::in_order(
            &logs::of("swarm-listener")?[listener_said..],
            &["Sending service removed notification to http://proxy:8080/v1/docker-flow-proxy/remove?serviceName=go-demo"],
        )
    })?;
    swarm.eventually("the proxy's log lines", || {
        logs::in_order(
            &logs::of("proxy")?[proxy_said..],
            &[
                "Processing request /v1/docker-flow-proxy/remove?serviceName=go-demo",
                "Processing remove request /v1/docker-flow-proxy/remove",
                "Removing go-demo configuration",
                "Removing the go-demo configuration files",
                "Reloading the proxy",
            ],
        )
    })
}
