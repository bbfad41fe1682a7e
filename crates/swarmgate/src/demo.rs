//! `swarmgate demo`: the proxy on unprivileged ports of this machine, with a service behind it, and what to try.
//!
//! Not here: the service (`demo_service`).

use crate::app::{self, RunningProxy};
use crate::demo_service;
use crate::settings::{self, ProxySettings, Variables};
use anyhow::{Context, bail};
use model::Params;
use model::catalog::Command;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;

const PORTS: &str = "8000,8443:ssl";
const API_PORT: &str = "8001";

/// Serves until SIGTERM or Ctrl-C.
pub async fn run() -> anyhow::Result<()> {
    let stop = app::stop_signal()?;
    // Certificates that are tried here should not be found by the proxy of this machine, if there is one.
    let certs_dir = PathBuf::from(format!("/tmp/swarmgate-demo-{}", std::process::id()));
    let (proxy, service_port) = start(demo_settings(PORTS, API_PORT, &certs_dir)?).await?;
    print!("{}", what_to_try(&proxy.ports, proxy.api.port(), service_port));
    stop.await;
    proxy.drain().await;
    // It is there only if a certificate was put.
    let _ = std::fs::remove_dir_all(&certs_dir);
    Ok(())
}

/// The proxy, and the port of the service behind it.
async fn start(settings: ProxySettings) -> anyhow::Result<(RunningProxy, u16)> {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("the demo service has no port")?;
    let service_port = socket.local_addr()?.port();
    tokio::spawn(async move {
        if let Err(error) = demo_service::serve(socket, std::future::pending()).await {
            tracing::error!("the demo service ended: {error:#}");
        }
    });
    let proxy = app::start_proxy(settings).await?;
    let port = service_port.to_string();
    let params =
        [("serviceName", "go-demo"), ("servicePath", "/demo"), ("port", &port), ("outboundHostname", "127.0.0.1")];
    if let Err(refused) = proxy.controller.command(Command::Configure(Params::from_iter(params))).await? {
        bail!("the demo service was refused: {refused}");
    }
    Ok((proxy, service_port))
}

fn demo_settings(ports: &str, api_port: &str, certs_dir: &Path) -> anyhow::Result<ProxySettings> {
    let certs_dir = certs_dir.to_string_lossy();
    let variables = [("DEFAULT_PORTS", ports), ("PORT", api_port), ("IP", "127.0.0.1"), ("CERTS_DIR", &certs_dir)];
    let variables = Variables::from_iter(variables);
    let settings = settings::proxy(&variables)?;
    Ok(ProxySettings { bind_ip: Ipv4Addr::LOCALHOST.into(), ..settings })
}

fn what_to_try(ports: &[u16], api_port: u16, service_port: u16) -> String {
    let (port, tls_port) = (ports[0], ports[1]);
    format!(
        "\n\
        swarmgate serves http://localhost:{port}; one service, go-demo, is published on /demo. Try:\n\
        \n    curl -i localhost:{port}/demo/hello\n\
        \nPublish it a second time, under /something, and ask there (in a Swarm, labels do this):\n\
        \n    curl 'localhost:{api_port}/v1/docker-flow-proxy/reconfigure?serviceName=second&servicePath=/something&port={service_port}&outboundHostname=127.0.0.1&reqPathSearchReplace=/something/,/demo/'\
        \n    curl -i localhost:{port}/something/hello\n\
        \nOver HTTPS, with a certificate of your own making:\n\
        \n    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout demo.pem -out demo.crt && cat demo.crt >> demo.pem\
        \n    curl -XPUT --data-binary @demo.pem 'localhost:{api_port}/v1/docker-flow-proxy/cert?certName=demo.pem'\
        \n    curl -ik https://localhost:{tls_port}/demo/hello\n\
        \nWhat is configured now:\n\
        \n    curl localhost:{api_port}/v1/docker-flow-proxy/config\n\
        \nCtrl-C stops it.\n\n"
    )
}
