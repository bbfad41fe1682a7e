//! "Rewriting Paths".

use anyhow::{Result, ensure};

use super::GO_DEMO;
use crate::swarm::Swarm;

pub(super) fn paths(swarm: &Swarm<'_>) -> Result<()> {
    swarm.run(&format!(
        r"{} \
    --label com.df.reqRepSearch='^([^\ ]*)\ /something/(.*)' \
    --label com.df.reqRepReplace='\1\ /demo/\2' \
    --replicas 3 \
    vfarcic/go-demo",
        GO_DEMO.replace("servicePath=/demo", "servicePath=/something")
    ))?;
    swarm.get("/something/hello").says_hello()?;
    let seen = swarm.get("/something/echo?a=b").answers(200)?.body;
    ensure!(seen.starts_with("GET /demo/echo?a=b HTTP/1.1\n"), "the service saw {seen}");
    swarm.get("/demo/hello").answers(503)?;
    Ok(())
}
