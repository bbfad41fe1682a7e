//! R9: a proxy is killed again and again in the middle of changes. What it has after the next start is what it had after one of them: all
//! services as at one moment shortly before the kill, and every certificate as it was before the change in flight or after it.
//!
//! Not here: how soon it is back (`restarting`).

use crate::harness::{Authority, Bundle, Client, Folder, Greeting, Program, Run};
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// A change is on disk after this, also where the disk is slow and the machine has much to do.
const KEPT: Duration = Duration::from_secs(3);
/// The program is killed after a random time below this.
const LONGEST_LIFE: u64 = 1500;
const SERVICES: u64 = 12;
const HOSTS: u64 = 3;
/// Certificates that are there to choose from for each host.
const CHOICE: u64 = 4;

/// The versions of the services that there are, by number.
type Services = BTreeMap<u64, u64>;

/// What was said to the proxy, and what it must know of it.
struct Witness {
    folder: Folder,
    authority: Authority,
    bundles: Vec<Vec<Bundle>>,
    random: Random,
    /// The services after each change that was answered, with the moment of the answer.
    after: Vec<(Instant, Services)>,
    /// The services after the change that is in flight.
    coming: Option<Services>,
    killed: Instant,
    /// For each host.
    certificates: Vec<Certificates>,
    changes: u64,
}

/// Which certificates a host may have.
#[derive(Clone, Debug, Default)]
struct Certificates {
    /// The last one that was answered.
    stored: Option<usize>,
    /// The one that is in flight.
    coming: Option<usize>,
}

/// Numbers that look random, and are the same in each run (xorshift).
struct Random(u64);

pub(crate) async fn leaves_nothing(run: Run) -> anyhow::Result<String> {
    let kills = run.of(20, 100);
    let mut witness = Witness::new()?;
    let mut oldest = Duration::ZERO;
    for kill in 0..kills {
        let program = witness.start().await?;
        oldest = oldest.max(witness.looks(&program).await.with_context(|| format!("after {kill} kills"))?);
        let life = Duration::from_millis(witness.random.below(LONGEST_LIFE));
        tokio::select! {
            failed = witness.changes(&program) => failed?,
            () = sleep(life) => {}
        }
        program.signal("KILL")?;
        witness.killed = Instant::now();
        run.tally.stage(format!("{} of {kills} kills, {} changes", kill + 1, witness.changes));
    }
    let program = witness.start().await?;
    oldest = oldest.max(witness.looks(&program).await?);
    Ok(format!("{kills} kills during {} changes; what was lost at most is the last {oldest:.0?}", witness.changes))
}

impl Witness {
    fn new() -> anyhow::Result<Witness> {
        let authority = Authority::new()?;
        let of = |number: u64| (0..CHOICE).map(|_| authority.certificate(&host(number))).collect();
        let bundles = (0..HOSTS).map(of).collect::<anyhow::Result<_>>()?;
        Ok(Witness {
            folder: Folder::new("torn")?,
            authority,
            bundles,
            random: Random(0x5eed_5eed_5eed_5eed),
            after: vec![(Instant::now(), Services::new())],
            coming: None,
            killed: Instant::now(),
            certificates: vec![Certificates::default(); usize::try_from(HOSTS)?],
            changes: 0,
        })
    }

    async fn start(&self) -> anyhow::Result<Program> {
        let (state, certs) = (self.folder.text("state"), self.folder.text("certs"));
        Program::start(&[("STATE_DIR", &state), ("CERTS_DIR", &certs)]).await
    }

    /// Changes one thing after another, until it is dropped.
    async fn changes(&mut self, program: &Program) -> anyhow::Result<()> {
        loop {
            match self.random.below(10) {
                0 | 1 => self.puts(program).await?,
                2 | 3 => self.removes(program).await?,
                _ => self.configures(program).await?,
            }
            self.changes += 1;
        }
    }

    async fn configures(&mut self, program: &Program) -> anyhow::Result<()> {
        let (number, version) = (self.random.below(SERVICES), self.changes);
        let mut services = self.now();
        services.insert(number, version);
        self.coming = Some(services);
        program.configure(&format!("serviceName=s{number}&servicePath=/v{version}&port=1")).await?;
        self.is_answered();
        Ok(())
    }

    async fn removes(&mut self, program: &Program) -> anyhow::Result<()> {
        let number = self.random.below(SERVICES);
        let mut services = self.now();
        services.remove(&number);
        self.coming = Some(services);
        program.change(&format!("/remove?serviceName=s{number}")).await?;
        self.is_answered();
        Ok(())
    }

    async fn puts(&mut self, program: &Program) -> anyhow::Result<()> {
        let number = self.random.below(HOSTS);
        let (place, chosen) = (usize::try_from(number)?, usize::try_from(self.random.below(CHOICE))?);
        self.certificates[place].coming = Some(chosen);
        program.put_certificate(&file(number), &self.bundles[place][chosen]).await?;
        self.certificates[place] = Certificates { stored: Some(chosen), coming: None };
        Ok(())
    }

    fn now(&self) -> Services {
        self.after.last().map(|(_, services)| services.clone()).unwrap_or_default()
    }

    fn is_answered(&mut self) {
        self.after.extend(self.coming.take().map(|services| (Instant::now(), services)));
    }

    /// Compares what a program that was just started has with what it was told. How much of the last changes is lost.
    async fn looks(&mut self, program: &Program) -> anyhow::Result<Duration> {
        let found = services(program).await?;
        // What was in flight may have been done; it is later than all others.
        self.after.extend(self.coming.take().map(|services| (self.killed, services)));
        let place = self.after.iter().rposition(|(_, services)| *services == found);
        let place = place.with_context(|| format!("{found:?} was never served; what was: {:?}", self.after))?;
        let first_lost = self.after.get(place + 1).map(|(answered, _)| *answered);
        let lost = first_lost.map_or(Duration::ZERO, |answered| self.killed.saturating_duration_since(answered));
        anyhow::ensure!(lost <= KEPT, "the changes of the last {lost:.1?} before the kill are lost");
        self.after = vec![(Instant::now(), found)];
        self.certificates_are_whole(program).await?;
        self.nothing_is_left()?;
        Ok(lost)
    }

    async fn certificates_are_whole(&mut self, program: &Program) -> anyhow::Result<()> {
        for number in 0..HOSTS {
            let place = usize::try_from(number)?;
            let file = self.folder.path("certs").join(file(number));
            let Certificates { stored, coming } = self.certificates[place].clone();
            let Ok(text) = fs::read_to_string(&file) else {
                anyhow::ensure!(stored.is_none(), "{} is gone", file.display());
                self.certificates[place].coming = None;
                continue;
            };
            let found = [coming, stored].into_iter().flatten().find(|chosen| self.bundles[place][*chosen].pem == text);
            let found = found.with_context(|| format!("{} holds neither {stored:?} nor {coming:?}", file.display()))?;
            let served = self.authority.clients(&host(number), Greeting::Whole)?.certificate_of(program.tls).await?;
            anyhow::ensure!(served == self.bundles[place][found].der, "{} is not what is served", file.display());
            self.certificates[place] = Certificates { stored: Some(found), coming: None };
        }
        Ok(())
    }

    /// No file but those that are to be there.
    fn nothing_is_left(&self) -> anyhow::Result<()> {
        let (state, certs) = (self.folder.names("state"), self.folder.names("certs"));
        anyhow::ensure!(state.iter().all(|name| name == "services.json"), "STATE_DIR holds {state:?}");
        anyhow::ensure!(certs.iter().all(|name| name.starts_with("host")), "CERTS_DIR holds {certs:?}");
        Ok(())
    }
}

/// What the program says that it serves.
async fn services(program: &Program) -> anyhow::Result<Services> {
    let request = b"GET /v1/docker-flow-proxy/config?type=json HTTP/1.1\r\nHost: a\r\n\r\n";
    let reply = Client::of(program.api).ask(request).await.map_err(|loss| anyhow::anyhow!("/config: {loss}"))?;
    let config: serde_json::Value = serde_json::from_slice(&reply.body)?;
    let number = |text: &str, start: &str| text.strip_prefix(start).and_then(|number| number.parse().ok());
    let service = |(name, service): (&String, &serde_json::Value)| {
        let path = service["ServiceDest"][0]["ServicePath"][0].as_str()?;
        Some((number(name, "s")?, number(path, "/v")?))
    };
    let services = config.as_object().context("an object")?.iter().map(service);
    services.collect::<Option<_>>().with_context(|| format!("a service that nobody asked for in {config}"))
}

fn host(number: u64) -> String {
    format!("host{number}.test")
}

fn file(number: u64) -> String {
    format!("host{number}.pem")
}

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}
