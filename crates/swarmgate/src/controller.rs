//! The one writer: takes commands from everybody, applies all that wait, publishes once, and answers when the change is live.
//!
//! Not here: what a command means (`model::catalog`), and where it came from (`api`, `follow`).

mod told;

use crate::certificates::service as service_certificate;
use model::catalog::{Applied, Catalog, Change, Command, Tick};
use model::service::{Mode, Refused, Service};
use model::{Context, Generation};
use proxy::tls::{Certificate, Tls};
use proxy::{Cell, Ports, Resolver, World};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};
use told::Told;

/// Letters that may wait; whoever writes more waits for a place.
const MAILBOX: usize = 1024;

/// Sends commands to the writer. Clones send to the same one.
#[derive(Clone)]
pub struct Controller {
    mailbox: mpsc::Sender<Letter>,
    cell: Cell,
    context: Arc<Context>,
    catalog: watch::Receiver<Catalog>,
}

/// What a command did, and the world it is live in.
#[derive(Debug)]
pub struct Done {
    /// What became of each service.
    pub applied: Applied,
    /// The world that is live now.
    pub generation: Generation,
}

/// The writer is gone: the program is about to end.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the proxy is stopping")]
pub struct Stopping;

enum Letter {
    Command(Box<Command>, oneshot::Sender<Result<Done, Refused>>),
    Certificates(Vec<Arc<Certificate>>, oneshot::Sender<Generation>),
    Now(oneshot::Sender<Tick>),
}

struct Writer {
    catalog: Catalog,
    generation: Generation,
    context: Arc<Context>,
    resolver: Resolver,
    tls: Tls,
    cell: Cell,
    /// The ports of services in tcp and sni mode.
    ports: Ports,
    /// Worlds that a thread may still hold. Dropping a large one takes milliseconds, which no request should pay.
    retired: Vec<Arc<World>>,
    /// Refusals that were told already, whoever brought the service.
    told: Told,
    /// The catalog as it is known outside: also what is not in any world, such as where a service is known from.
    shown: watch::Sender<Catalog>,
}

impl Controller {
    /// Starts the writer of `cell`, which holds an empty world, on the current runtime.
    pub fn start(context: Context, resolver: Resolver, cell: Cell, ports: Ports) -> Controller {
        let (mailbox, letters) = mpsc::channel(MAILBOX);
        let context = Arc::new(context);
        let (shown, catalog) = watch::channel(Catalog::default());
        let writer = Writer {
            catalog: Catalog::default(),
            generation: Generation::default(),
            context: Arc::clone(&context),
            resolver,
            tls: cell.world().tls().clone(),
            cell: cell.clone(),
            ports,
            retired: Vec::new(),
            told: Told::default(),
            shown,
        };
        tokio::spawn(writer.run(letters));
        Controller { mailbox, cell, context, catalog }
    }

    /// Carries out a command; the answer comes when the change is live.
    pub async fn command(&self, command: Command) -> Result<Result<Done, Refused>, Stopping> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.send(Letter::Command(Box::new(command), reply)).await.map_err(|_| Stopping)?;
        answer.await.map_err(|_| Stopping)
    }

    /// Serves these certificates in place of all others; the answer comes when they are live.
    pub async fn serve_certificates(&self, certificates: Vec<Arc<Certificate>>) -> Result<Generation, Stopping> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.send(Letter::Certificates(certificates, reply)).await.map_err(|_| Stopping)?;
        answer.await.map_err(|_| Stopping)
    }

    /// The catalog's present time, for a list that is about to be asked for.
    pub async fn now(&self) -> Result<Tick, Stopping> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.send(Letter::Now(reply)).await.map_err(|_| Stopping)?;
        answer.await.map_err(|_| Stopping)
    }

    /// Ends when the writer has ended, which only a bug can make it do.
    pub async fn ended(&self) {
        self.mailbox.closed().await;
    }

    /// The cell that the data plane serves from.
    pub fn cell(&self) -> &Cell {
        &self.cell
    }

    /// All services as the writer has them now, those that were refused too.
    pub fn catalog(&self) -> Catalog {
        self.catalog.borrow().clone()
    }

    /// The same as it changes; what it holds is live already.
    pub fn changes(&self) -> watch::Receiver<Catalog> {
        self.catalog.clone()
    }

    /// What is said to every service.
    pub fn context(&self) -> &Context {
        &self.context
    }
}

impl Writer {
    async fn run(mut self, mut letters: mpsc::Receiver<Letter>) {
        let mut waiting = Vec::new();
        while letters.recv_many(&mut waiting, MAILBOX).await > 0 {
            self.answer_all(waiting.drain(..)).await;
            self.retired.retain(|world| Arc::strong_count(world) > 1);
        }
    }

    /// Applies all letters, publishes at most once, and then answers. A port is bound before its service is taken in, and accepted
    /// from once the service is live.
    async fn answer_all(&mut self, letters: impl Iterator<Item = Letter>) {
        let (mut answers, mut served) = (Vec::new(), Vec::new());
        let mut changed = false;
        for letter in letters {
            match letter {
                Letter::Now(reply) => drop(reply.send(self.catalog.now())),
                Letter::Certificates(certificates, reply) => {
                    self.tls = self.tls.with_certificates(certificates);
                    changed = true;
                    served.push(reply);
                }
                Letter::Command(command, reply) => {
                    let result = self.apply(*command);
                    changed |= result.as_ref().is_ok_and(Applied::is_change);
                    answers.push((result, reply));
                }
            }
        }
        if changed {
            self.publish();
        }
        self.show();
        if !answers.is_empty() {
            let wanted = self.cell.world().snapshot().tcp.frontends().iter().map(|frontend| frontend.port).collect();
            self.ports.open_only(&wanted).await;
        }
        for reply in served {
            let _ = reply.send(self.generation);
        }
        self.told.keep_only(self.catalog.quarantine());
        for (result, reply) in answers {
            self.tell(result.as_ref());
            let generation = self.generation;
            // Whoever asked may have left; the change is live all the same.
            let _ = reply.send(result.map(|applied| Done { applied, generation }));
        }
    }

    fn apply(&mut self, command: Command) -> Result<Applied, Refused> {
        let (ports, before, separator) = (&mut self.ports, self.catalog.clone(), &self.context.separator);
        self.catalog.apply_if(command, &self.context, &mut |service| {
            // A list comes again every few seconds, and a certificate takes a millisecond to judge.
            let known = before.service(&service.name).is_some_and(|known| service_certificate::is_same(known, service));
            if !known {
                service_certificate::judge(service, separator)?;
            }
            reserve(ports, service)
        })
    }

    fn show(&self) {
        let catalog = &self.catalog;
        self.shown.send_if_modified(|shown| {
            let is_same = shown.edition() == catalog.edition() && shown.quarantine().is(catalog.quarantine());
            if !is_same {
                shown.clone_from(catalog);
            }
            !is_same
        });
    }

    fn publish(&mut self) {
        self.generation = self.generation.next();
        let before = self.cell.world();
        let snapshot = before.snapshot().follow(self.generation, self.catalog.clone(), &self.context);
        self.retired.push(self.cell.publish(before.follow(snapshot, self.tls.clone(), &self.resolver)));
    }

    /// One clear line for each change.
    fn tell(&mut self, result: Result<&Applied, &Refused>) {
        let applied = match result {
            Ok(applied) => applied,
            // A call without a name is in no status, and does not come by itself every few seconds.
            Err(refused) if refused.service.is_none() => return tracing::warn!("Refused: {}", refused.explained()),
            Err(refused) => return self.tell_refused(refused),
        };
        for (name, change) in &applied.changes {
            match change {
                Change::Added => tracing::info!("Service {name} added, live in generation {}", self.generation),
                Change::Replaced => tracing::info!("Service {name} changed, live in generation {}", self.generation),
                Change::Unchanged => tracing::debug!("Service {name} is unchanged"),
                Change::Elsewhere => tracing::debug!("Service {name} is for another instance of the proxy"),
                Change::Unknown => tracing::info!("{name} was not configured, no reload required"),
                // The three lines that Docker Flow's users know and scripts look for.
                Change::Removed => {
                    tracing::info!("Removing {name} configuration");
                    tracing::info!("Removing the {name} configuration files");
                    tracing::info!("Reloading the proxy");
                }
            }
        }
        if applied.is_change() {
            applied.warnings.iter().for_each(|(name, warning)| tracing::warn!("Service {name}: {warning}"));
        }
        self.told.forget(applied.changes.iter().map(|(name, _)| name));
        applied.refused.iter().for_each(|refused| self.tell_refused(refused));
    }

    /// A list comes again every few seconds, and its bad services with it, which their listener notifies too.
    fn tell_refused(&mut self, refused: &Refused) {
        let reason = refused.explained();
        if self.told.is_news(refused.service.as_ref(), &reason) {
            tracing::warn!("Refused: {reason}");
        } else {
            tracing::debug!("Refused as before: {reason}");
        }
    }
}

/// Binds the ports that a service wants for itself. One that cannot be had refuses the service, and nobody else.
fn reserve(ports: &mut Ports, service: &Service) -> Result<(), Refused> {
    let passed = service.destinations.iter().filter(|destination| destination.mode != Mode::Http);
    for port in passed.filter_map(|destination| destination.source_port) {
        let bound = ports.reserve(port);
        bound.map_err(|error| Refused::unusable(format!("service `{}`: {error}", service.name)))?;
    }
    Ok(())
}
