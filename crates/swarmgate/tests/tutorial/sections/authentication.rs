//! "Basic Authentication", global, of a service, and both.

use anyhow::{Result, ensure};

use super::create_go_demo;
use crate::{swarm::Swarm, visit::Answer};

/// The tutorial's refusal, to the letter.
const REFUSAL: &str = r#"HTTP/1.0 401 Unauthorized
Cache-Control: no-cache
Connection: close
Content-Type: text/html
WWW-Authenticate: Basic realm="defaultRealm"

<html><body><h1>401 Unauthorized</h1>
You need a valid user and password to access this content.
</body></html>
"#;

pub(super) fn global(swarm: &Swarm<'_>) -> Result<()> {
    create_go_demo(swarm, "--replicas 3")?;
    swarm.get("/demo/hello").says_hello()?;
    swarm.run(r#"docker service update --env-add "USERS=my-user:my-pass" proxy"#)?;
    swarm.get("/demo/hello").answers(401)?;
    let refused = as_text(&swarm.get("/demo/hello").with(&["--http1.0"]).answers(401)?);
    ensure!(refused == REFUSAL, "the refusal is {refused}");
    let refused = as_text(&swarm.get("/demo/hello").answers(401)?);
    ensure!(refused == REFUSAL.replace("HTTP/1.0", "HTTP/1.1"), "the refusal is {refused}");
    swarm.get("/demo/hello").with(&["-u", "my-user:my-pass"]).says_hello()?;
    swarm.get("/demo/hello").with(&["-u", "my-user:wrong"]).answers(401)?;
    swarm.run(r#"docker service update --env-add "USERS=my-user-1:my-pass-1,my-user-2:my-pass-2" proxy"#)?;
    swarm.get("/demo/hello").with(&["-u", "my-user-2:my-pass-2"]).says_hello()?;
    swarm.get("/demo/hello").with(&["-u", "my-user-1:my-pass-1"]).says_hello()?;
    swarm.get("/demo/hello").with(&["-u", "my-user:my-pass"]).answers(401)?;
    swarm.run(r#"docker service update --env-rm "USERS" proxy"#)?;
    swarm.get("/demo/hello").says_hello()?;
    Ok(())
}

pub(super) fn service(swarm: &Swarm<'_>) -> Result<()> {
    create_go_demo(swarm, "--label com.df.users=admin:password")?;
    swarm.get("/demo/hello").answers(401)?;
    swarm.get("/demo/hello").with(&["-u", "admin:password"]).says_hello()?;
    swarm.run("docker service rm go-demo")?;
    swarm.get("/demo/hello").answers(503)?;
    create_go_demo(swarm, "")?;
    swarm.get("/demo/hello").says_hello()?;
    Ok(())
}

/// "All services would be protected with the users specified through `USERS`, and individual services could overwrite that."
pub(super) fn combined(swarm: &Swarm<'_>) -> Result<()> {
    create_go_demo(swarm, "--label com.df.servicePath=/demo/hello --label com.df.users=admin:password")?;
    swarm.run(
        r"docker service create --name unprotected \
    --network proxy \
    --label com.df.notify=true \
    --label com.df.servicePath=/demo/person \
    --label com.df.port=8080 \
    vfarcic/go-demo",
    )?;
    swarm.get("/demo/person").answers(200)?;
    swarm.run(r#"docker service update --env-add "USERS=my-user:my-pass" proxy"#)?;
    swarm.get("/demo/person").answers(401)?;
    swarm.get("/demo/person").with(&["-u", "my-user:my-pass"]).answers(200)?;
    swarm.get("/demo/person").with(&["-u", "admin:password"]).answers(401)?;
    swarm.get("/demo/hello").with(&["-u", "admin:password"]).says_hello()?;
    swarm.get("/demo/hello").with(&["-u", "my-user:my-pass"]).answers(401)?;
    swarm.run(r#"docker service update --env-rm "USERS" proxy"#)?;
    swarm.get("/demo/person").answers(200)?;
    swarm.get("/demo/hello").answers(401)?;
    Ok(())
}

/// An answer as `curl -i` shows it, but for the Content-Length that the tutorial's proxy did not send.
fn as_text(answer: &Answer) -> String {
    let is_length = |line: &&String| line.to_ascii_lowercase().starts_with("content-length:");
    let head: Vec<&str> = answer.head.iter().filter(|line| !is_length(line)).map(String::as_str).collect();
    format!("{}\n\n{}", head.join("\n"), answer.body)
}
