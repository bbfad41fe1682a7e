//! R9: a proxy that is killed has everything again soon after its next start, with a listener that answers, and without one.
//!
//! Not here: being killed in the middle of a change (`torn`).

use crate::harness::{Authority, Backend, Bundle, Client, Folder, Greeting, Listener, Program, Run};
use anyhow::Context as _;
use std::time::{Duration, Instant};

/// Within this, counted from its start, a program has everything.
const BACK: Duration = Duration::from_secs(3);
/// So many of the services are asked for.
const ASKED: usize = 50;

/// What is to be there after each start.
struct Stage {
    folder: Folder,
    listener: Listener,
    authority: Authority,
    backend: Backend,
    certificates: Vec<(String, Bundle)>,
    services: usize,
}

pub(crate) async fn is_back(run: Run) -> anyhow::Result<String> {
    let (services, certificates, rounds) = run.of((200, 5, 4), (10_000, 50, 20));
    let stage = Stage::set(services, certificates).await?;
    let mut program = stage.start().await?;
    for (host, bundle) in &stage.certificates {
        program.put_certificate(&format!("{host}.pem"), bundle).await?;
    }
    let hand = format!("serviceName=hand&servicePath=/hand&port={}&outboundHostname=127.0.0.1", stage.backend.port());
    program.configure(&hand).await?;
    stage.has_everything(&program).await?;
    stage.is_on_disk(&program).await?;
    let mut slowest = [Duration::ZERO; 2];
    for round in 0..rounds {
        let is_silent = round % 2 == 1;
        stage.listener.says((!is_silent).then(|| stage.list()));
        program.signal("KILL")?;
        drop(program);
        let began = Instant::now();
        program = stage.start().await?;
        stage.has_everything(&program).await?;
        if !is_silent {
            stage.is_ready(&program).await?;
        }
        let took = began.elapsed();
        anyhow::ensure!(took <= BACK, "it had everything only after {took:.1?} (listener silent: {is_silent})");
        slowest[usize::from(is_silent)] = slowest[usize::from(is_silent)].max(took);
        run.tally.stage(format!("{} of {rounds} kills", round + 1));
    }
    let [with, without] = slowest;
    Ok(format!(
        "{services} services, {certificates} certificates: back {with:.2?} after the start, {without:.2?} without a listener"
    ))
}

impl Stage {
    async fn set(services: usize, certificates: usize) -> anyhow::Result<Stage> {
        let (authority, listener) = (Authority::new()?, Listener::start().await?);
        let host = |number: usize| format!("host{number}.test");
        let bundle = |number: usize| Ok((host(number), authority.certificate(&host(number))?));
        let certificates = (0..certificates).map(bundle).collect::<anyhow::Result<_>>()?;
        let (folder, backend) = (Folder::new("restarting")?, Backend::start().await?);
        let stage = Stage { folder, listener, authority, backend, certificates, services };
        stage.listener.says(Some(stage.list()));
        Ok(stage)
    }

    async fn start(&self) -> anyhow::Result<Program> {
        let (state, certs, listener) =
            (self.folder.text("state"), self.folder.text("certs"), self.listener.address.to_string());
        let variables = [("STATE_DIR", &*state), ("CERTS_DIR", &*certs), ("LISTENER_ADDRESS", &*listener)];
        Program::start(&variables).await
    }

    fn list(&self) -> String {
        let port = self.backend.port();
        let service = |number: usize| {
            format!(
                r#"{{"serviceName":"s{number}","servicePath":"/s{number}-","port":"{port}","outboundHostname":"127.0.0.1"}}"#
            )
        };
        format!("[{}]", (0..self.services).map(service).collect::<Vec<_>>().join(","))
    }

    /// Every service and every certificate is served.
    async fn has_everything(&self, program: &Program) -> anyhow::Result<()> {
        let mut client = Client::of(program.address);
        let listed = (0..self.services).step_by(self.services.div_ceil(ASKED)).map(|number| format!("/s{number}-"));
        for path in listed.chain(["/hand".to_owned()]) {
            self.is_served(&mut client, program, &path).await?;
        }
        for (host, bundle) in &self.certificates {
            let served = self.authority.clients(host, Greeting::Whole)?.certificate_of(program.tls).await?;
            anyhow::ensure!(served == bundle.der, "{host} has another certificate");
        }
        Ok(())
    }

    /// At the first start the list may still be on its way.
    async fn is_served(&self, client: &mut Client, program: &Program, path: &str) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let request = format!("GET {path}?id=1&bytes=10 HTTP/1.1\r\nHost: a\r\n\r\n");
            let reply = client.ask(request.as_bytes()).await.map_err(|loss| anyhow::anyhow!("{path}: {loss}"))?;
            if reply.status == 200 {
                return Ok(());
            }
            let log = || program.log_lines().join("\n");
            anyhow::ensure!(began.elapsed() < BACK, "{path}: {} after {BACK:?}; the log:\n{}", reply.status, log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn is_ready(&self, program: &Program) -> anyhow::Result<()> {
        let began = Instant::now();
        while program.call("/successfulinitreload").await?.status != 200 {
            anyhow::ensure!(began.elapsed() < BACK, "it is not ready");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Waits until the services are kept: a moment after they are live.
    async fn is_on_disk(&self, program: &Program) -> anyhow::Result<()> {
        let (began, file) = (Instant::now(), self.folder.path("state/services.json"));
        let last = format!("s{}\"", self.services - 1);
        loop {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            if text.contains("hand") && text.contains(&last) {
                return Ok(());
            }
            anyhow::ensure!(began.elapsed() < BACK, "the services are not in {}", file.display());
            // The program must go on meanwhile.
            program.usage().context("the program")?;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
