//! The task that owns the set of certificates: looks after the files, takes what callers bring, and hands the set to the writer.
//!
//! Not here: the files themselves (`files`), and the API (`api::cert`, `api::certs`).

use super::brought::{self, Bringer, Place};
use super::files::Files;
use super::known::Held;
use super::{CertName, Sources};
use crate::controller::{Controller, Stopping};
use crate::disk;
use proxy::tls::{BadCertificate, Certificate};
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinError;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};

/// How often files are looked at. What is new is live well within two seconds.
const LOOK: Duration = Duration::from_millis(500);
/// How often is told which certificates end soon.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Uploads that may wait; whoever brings more waits for a place.
const MAILBOX: usize = 64;
/// Files that callers may bring; more are refused before they fill the disk.
const MOST_FILES: usize = 10_000;

/// Brings certificates to the task that owns them, and knows which may be shared. Clones speak to the same task.
#[derive(Clone)]
pub struct Certificates {
    mailbox: mpsc::Sender<Letter>,
    shared: watch::Receiver<Arc<[Shared]>>,
}

/// A certificate that a caller brings.
#[derive(Clone)]
pub struct Upload {
    /// The file's name.
    pub name: CertName,
    /// Certificates and the key, as they came.
    pub pem: Arc<[u8]>,
    /// Keep the certificate of that name that is here, unless this one begins to hold later.
    pub only_newer: bool,
    /// The service that it comes with.
    pub bringer: Option<Bringer>,
}

/// A certificate that other replicas may have, with its key: never to be shown or logged.
#[derive(Clone)]
pub struct Shared {
    /// The file's name.
    pub name: CertName,
    /// Certificates and the key.
    pub pem: Arc<[u8]>,
    /// When it begins to hold.
    pub not_before: SystemTime,
}

/// What became of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is on disk and live.
    Stored,
    /// The one that is here begins to hold as late, and stays.
    Kept,
}

/// Why a certificate was not stored. What was live before stays.
#[derive(Debug, thiserror::Error)]
pub enum NotStored {
    /// It cannot be served.
    #[error("certificate `{0}` is not taken: {1}")]
    Bad(CertName, BadCertificate),
    /// There are too many already.
    #[error("certificate `{0}` is not taken: there are {MOST_FILES} already")]
    TooMany(CertName),
    /// A service brings it, and the file of that name is not the service's.
    #[error(
        "certificate `{0}` is not taken: another one of that name is there, and did not come with this service; remove that one first if this one is meant"
    )]
    Taken(CertName),
    /// The directory cannot be written.
    #[error("{} cannot be written: {error}", directory.display())]
    Write {
        /// Where certificates are kept.
        directory: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The program is about to end.
    #[error(transparent)]
    Stopping(#[from] Stopping),
}

/// The set before it is served: the files are read once, before anything serves.
pub struct Store {
    files: Files,
    live: Vec<Arc<Certificate>>,
}

enum Letter {
    Upload(Upload, oneshot::Sender<Result<Outcome, NotStored>>),
}

struct Keeper {
    store: Store,
    controller: Controller,
    shared: watch::Sender<Arc<[Shared]>>,
}

impl Store {
    /// Reads all files, and removes what was left half written. Blocks.
    pub fn open(sources: Sources) -> Store {
        disk::remove_leftovers(&sources.certs_dir);
        let mut files = Files::new(sources);
        files.look(SystemTime::now());
        let live = files.certificates();
        tell_of_new(&[], &live);
        Store { files, live }
    }

    /// The good ones, in the order of preference.
    pub fn certificates(&self) -> Vec<Arc<Certificate>> {
        self.live.clone()
    }

    /// Starts the task on the current runtime. What it finds and is brought goes to `controller`, which has the certificates of this store.
    pub fn start(self, controller: Controller) -> Certificates {
        let (mailbox, letters) = mpsc::channel(MAILBOX);
        let (shared, seen) = watch::channel(self.shared());
        tokio::spawn(Keeper { store: self, controller, shared }.run(letters));
        Certificates { mailbox, shared: seen }
    }

    fn shared(&self) -> Arc<[Shared]> {
        let share = |(name, held): (CertName, &Arc<Held>)| Shared {
            name,
            pem: Arc::clone(&held.pem),
            not_before: held.certificate.not_before(),
        };
        self.files.shared().map(share).collect()
    }
}

impl Certificates {
    /// Judges a certificate, writes it, and makes it live; the answer comes then. On an error nothing has changed.
    pub async fn put(&self, upload: Upload) -> Result<Outcome, NotStored> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.send(Letter::Upload(upload, reply)).await.map_err(|_| Stopping)?;
        answer.await.map_err(|_| Stopping)?
    }

    /// What other replicas may have, now.
    pub fn shared(&self) -> Arc<[Shared]> {
        Arc::clone(&self.shared.borrow())
    }
}

impl Keeper {
    async fn run(mut self, mut letters: mpsc::Receiver<Letter>) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut days = interval_at(Instant::now() + DAY, DAY);
        loop {
            let carried_on = tokio::select! {
                letter = letters.recv() => match letter {
                    // Whoever asked may have left; what is stored is stored all the same.
                    Some(Letter::Upload(upload, reply)) => {
                        let outcome = self.take(upload).await;
                        let stopping = matches!(outcome, Err(NotStored::Stopping(_)));
                        let _ = reply.send(outcome);
                        !stopping
                    }
                    None => false,
                },
                _ = days.tick() => {
                    tell(&self.store.live, Certificate::expiry_warning);
                    true
                }
                _ = looks.tick() => {
                    self.with_files(|files| files.look(SystemTime::now())).await.is_ok() && self.publish().await.is_ok()
                }
            };
            if !carried_on {
                break;
            }
        }
    }

    async fn take(&mut self, upload: Upload) -> Result<Outcome, NotStored> {
        let outcome = self.with_files(move |files| store(files, upload)).await.map_err(|_| Stopping)??;
        self.publish().await?;
        Ok(outcome)
    }

    /// Makes the set live if it is another one.
    async fn publish(&mut self) -> Result<(), Stopping> {
        let certificates = self.store.files.certificates();
        if certificates == self.store.live {
            return Ok(());
        }
        tell_of_new(&self.store.live, &certificates);
        let generation = self.controller.serve_certificates(certificates.clone()).await?;
        tracing::info!("{} certificates are live in generation {generation}", certificates.len());
        self.store.live = certificates;
        self.shared.send_replace(self.store.shared());
        Ok(())
    }

    /// Lends the files to a thread that may wait for the disk.
    async fn with_files<T: Send + 'static>(
        &mut self,
        act: impl FnOnce(&mut Files) -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let mut files = std::mem::take(&mut self.store.files);
        let lent = tokio::task::spawn_blocking(move || {
            let done = act(&mut files);
            (files, done)
        });
        let (files, done) = lent.await?;
        self.store.files = files;
        Ok(done)
    }
}

/// Says what is odd about certificates that were not served before.
fn tell_of_new(before: &[Arc<Certificate>], now: &[Arc<Certificate>]) {
    let before: HashMap<_, _> = before.iter().map(|certificate| (certificate.path(), certificate)).collect();
    let new = now.iter().filter(|certificate| before.get(certificate.path()) != Some(certificate));
    tell(new, Certificate::warnings);
}

/// Says what `warnings` has to say.
fn tell<'c, W: IntoIterator<Item = String>>(
    certificates: impl IntoIterator<Item = &'c Arc<Certificate>>,
    warnings: impl Fn(&Certificate, SystemTime) -> W,
) {
    let now = SystemTime::now();
    for certificate in certificates {
        let warnings = warnings(certificate, now).into_iter();
        warnings.for_each(|warning| tracing::warn!("Certificate {}: {warning}", certificate.path()));
    }
}

/// Finds out whose place the certificate wants, then judges and writes it. Blocks.
fn store(files: &mut Files, upload: Upload) -> Result<Outcome, NotStored> {
    let Upload { name, pem, only_newer, bringer } = upload;
    let pem = bringer.as_ref().map_or(pem.clone(), |bringer| bringer.mark(&pem));
    let place = if brought::bringer(&pem).is_some() { brought::place(&files.path(&name), &pem) } else { Place::Free };
    let is_same = files.held(&name).is_some_and(|held| held.pem == pem);
    let outcome = match place {
        Place::Free => write(files, &name, pem, only_newer)?,
        Place::Same => Outcome::Kept,
        Place::Taken => return Err(NotStored::Taken(name)),
    };
    if let Some(bringer) = bringer {
        let alone = place == Place::Free && outcome == Outcome::Stored && !is_same;
        files.claim(&name, bringer, alone);
    }
    Ok(outcome)
}

/// Judges, then writes. Blocks.
fn write(files: &mut Files, name: &CertName, pem: Arc<[u8]>, only_newer: bool) -> Result<Outcome, NotStored> {
    let held = files.held(name);
    if held.is_none() && files.shared().count() >= MOST_FILES {
        return Err(NotStored::TooMany(name.clone()));
    }
    let new = match held.filter(|held| held.pem == pem) {
        Some(same) => Arc::clone(same),
        None => match Certificate::from_pem(&files.path(name).to_string_lossy(), &pem, SystemTime::now()) {
            Ok(certificate) => Arc::new(Held { certificate: Arc::new(certificate), pem }),
            Err(error) => return Err(NotStored::Bad(name.clone(), error)),
        },
    };
    if only_newer && held.is_some_and(|held| held.certificate.not_before() >= new.certificate.not_before()) {
        return Ok(Outcome::Kept);
    }
    let directory = files.sources().certs_dir.clone();
    files.write(name, new).map_err(|error| NotStored::Write { directory, error })?;
    Ok(Outcome::Stored)
}
