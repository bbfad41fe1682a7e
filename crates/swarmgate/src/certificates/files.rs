//! All files that certificates come from: which there are, and what each of them holds.
//!
//! Everything here blocks. Not here: one file (`known`), and who looks when (`store`).

use super::brought::{self, Bringer};
use super::crt_list::CrtList;
use super::known::{Held, Known};
use super::order::Rank;
use super::{CertName, Sources};
use crate::disk;
use model::ServiceName;
use model::route::host::HostPattern;
use proxy::tls::Certificate;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// What is known of all files.
#[derive(Debug, Default)]
pub(super) struct Files {
    sources: Sources,
    list: CrtList,
    known: BTreeMap<PathBuf, Known>,
    /// Directories that cannot be read, and were told of.
    told: BTreeSet<PathBuf>,
    /// The domains of the services that have brought the certificate in a file.
    claims: BTreeMap<PathBuf, BTreeMap<ServiceName, Vec<HostPattern>>>,
    /// What is wrong with names, and was told.
    wrong: BTreeSet<String>,
}

impl Files {
    pub(super) fn new(sources: Sources) -> Files {
        Files { sources, ..Files::default() }
    }

    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Reads what is new or changed, and forgets what is gone.
    pub(super) fn look(&mut self, now: SystemTime) {
        let sources = self.sources.clone();
        let mut present = self.regular(&sources.certs_dir, |name| !name.starts_with('.'));
        present.extend(self.regular(&sources.secrets_dir, is_secret_certificate));
        if let Some(list) = &sources.crt_list {
            self.list.look(list, now);
            present.extend(self.list.lines().iter().map(|line| line.path.clone()));
            // It may lie among the certificates.
            present.remove(list);
        }
        self.known.retain(|path, _| present.contains(path));
        for path in present {
            self.known.entry(path.clone()).or_default().look(&path, now);
        }
    }

    /// Writes a certificate that was judged, and takes it over.
    pub(super) fn write(&mut self, name: &CertName, held: Arc<Held>) -> io::Result<()> {
        disk::write(&self.sources.certs_dir, name.as_str(), &held.pem)?;
        self.known.entry(self.path(name)).or_default().hold(held);
        Ok(())
    }

    /// Where a certificate of that name is kept.
    pub(super) fn path(&self, name: &CertName) -> PathBuf {
        self.sources.certs_dir.join(name.as_str())
    }

    /// The certificate that is served of that name.
    pub(super) fn held(&self, name: &CertName) -> Option<&Arc<Held>> {
        self.known.get(&self.path(name))?.held()
    }

    /// Remembers whose the certificate of that name is. `alone`: no other service has this very certificate.
    pub(super) fn claim(&mut self, name: &CertName, bringer: Bringer, alone: bool) {
        let claims = self.claims.entry(self.path(name)).or_default();
        if alone {
            claims.clear();
        }
        claims.insert(bringer.service, bringer.hosts);
    }

    /// Every good certificate, in the order of preference. The list's names stand in place of its own. What came with a service is for the
    /// service's domains that no other certificate is for.
    pub(super) fn certificates(&mut self) -> Vec<Arc<Certificate>> {
        let listed: HashMap<_, _> =
            self.list.lines().iter().enumerate().map(|(place, line)| (&line.path, (place, &line.names))).collect();
        let (mut ranked, mut wrong) = (Vec::new(), BTreeSet::new());
        for (path, known) in &self.known {
            let Some(held) = known.held() else { continue };
            let line = listed.get(path);
            let is_secret = path.parent() == Some(&self.sources.secrets_dir);
            let rank = Rank::of(path, line.map(|(place, _)| *place), &self.sources.preferred, is_secret)
                .brought(brought::bringer(&held.pem).is_some());
            let certificate = match line.filter(|(_, names)| !names.is_empty()) {
                None => Arc::clone(&held.certificate),
                Some((_, names)) => named(&held.certificate, names, &mut wrong),
            };
            ranked.push((rank, certificate));
        }
        ranked.sort_by(|(one, _), (other, _)| one.cmp(other));
        let certificates = self.restricted(ranked, &mut wrong);
        wrong.difference(&self.wrong).for_each(|wrong| tracing::warn!("{wrong}"));
        self.wrong = wrong;
        certificates
    }

    /// The same, those that came with services with the names that are left for them.
    fn restricted(&self, ranked: Vec<(Rank, Arc<Certificate>)>, wrong: &mut BTreeSet<String>) -> Vec<Arc<Certificate>> {
        let (brought, others): (Vec<_>, Vec<_>) = ranked.into_iter().partition(|(rank, _)| rank.is_brought());
        let others: Vec<_> = others.into_iter().map(|(_, certificate)| certificate).collect();
        let mut all = others.clone();
        for (_, certificate) in brought {
            match brought::restricted(&certificate, &self.hosts(certificate.path()), &others) {
                Some(certificate) => all.push(Arc::new(certificate)),
                None => drop(wrong.insert(format!(
                    "certificate {}: it came with a service, and the service has none of its names, or other certificates are for all of them; it is not served",
                    certificate.path()
                ))),
            }
        }
        all
    }

    /// The domains of all services that have brought the certificate in this file; none: any host.
    fn hosts(&self, path: &str) -> Vec<&HostPattern> {
        let Some(claims) = self.claims.get(Path::new(path)) else { return Vec::new() };
        match claims.values().any(Vec::is_empty) {
            true => Vec::new(),
            false => claims.values().flatten().collect(),
        }
    }

    /// What other replicas may have: the directory's own. Secrets are Swarm's to hand out.
    pub(super) fn shared(&self) -> impl Iterator<Item = (CertName, &Arc<Held>)> {
        let own = self.known.iter().filter(|(path, _)| path.parent() == Some(&self.sources.certs_dir));
        own.filter_map(|(path, known)| Some((CertName::parse(path.file_name()?.to_str()?)?, known.held()?)))
    }

    /// The regular files in a directory, also behind symbolic links, whose names are `wanted`. A directory that is missing is empty; what is
    /// known of one that cannot be read stays.
    fn regular(&mut self, directory: &Path, wanted: impl Fn(&str) -> bool) -> BTreeSet<PathBuf> {
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return BTreeSet::new(),
            Err(error) => return self.unreadable(directory, &error),
        };
        self.told.remove(directory);
        let wanted = |entry: &fs::DirEntry| wanted(&entry.file_name().to_string_lossy());
        let paths = entries.filter_map(Result::ok).filter(wanted).map(|entry| entry.path());
        paths.filter(|path| fs::metadata(path).is_ok_and(|metadata| metadata.is_file())).collect()
    }

    fn unreadable(&mut self, directory: &Path, error: &io::Error) -> BTreeSet<PathBuf> {
        if self.told.insert(directory.to_owned()) {
            tracing::warn!("{} cannot be read, its certificates stay as they are: {error}", directory.display());
        }
        self.known.keys().filter(|path| path.parent() == Some(directory)).cloned().collect()
    }
}

/// The certificate for these names; what is wrong with them goes to `wrong`.
fn named(certificate: &Arc<Certificate>, names: &[String], wrong: &mut BTreeSet<String>) -> Arc<Certificate> {
    certificate.with_names(names).map_or_else(
        |error| {
            wrong.insert(format!("CRT_LIST_PATH: certificate {}: {error}; it keeps its own names", certificate.path()));
            Arc::clone(certificate)
        },
        Arc::new,
    )
}

/// Docker Flow's rule for secrets.
fn is_secret_certificate(name: &str) -> bool {
    let start = name.get(..5).map(str::to_ascii_lowercase);
    start.is_some_and(|start| start == "cert-" || start == "cert_")
}
