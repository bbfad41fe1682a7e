//! One file as it is known: when it was read, what was in it, and what was said of it.
//!
//! Not here: which files there are (`files`).

use proxy::tls::Certificate;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The longest file that is read, in bytes.
const LONGEST_FILE: u64 = 1024 * 1024;
/// A file that was changed this recently may be changed again without looking different, or be half written: it is read again, and what is
/// wrong with it is not told yet.
const SETTLES_WITHIN: Duration = Duration::from_secs(2);

/// A bad file is judged again after this though it is the same: a certificate whose time had not come may hold by now.
const JUDGED_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// What tells one version of a file from the next. It is that of the file behind a symbolic link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

/// A certificate and the very bytes it was read from.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) certificate: Arc<Certificate>,
    pub(super) pem: Arc<[u8]>,
}

/// A file that was looked at.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Of the version that was read; `None`: read it again.
    stamp: Option<Stamp>,
    /// When it was read.
    read: Option<SystemTime>,
    /// The last good version.
    held: Option<Arc<Held>>,
    /// What is wrong with the file and was told.
    told: Option<String>,
}

impl Known {
    /// The last good version.
    pub(super) fn held(&self) -> Option<&Arc<Held>> {
        self.held.as_ref()
    }

    /// A version that was just written, and judged before.
    pub(super) fn hold(&mut self, held: Arc<Held>) {
        *self = Known { held: Some(held), ..Known::default() };
    }

    /// Reads the file if it may have changed. Blocks.
    pub(super) fn look(&mut self, path: &Path, now: SystemTime) {
        let metadata = fs::metadata(path);
        let stamp = metadata.as_ref().ok().map(Stamp::of);
        if stamp.is_some() && stamp == self.stamp && !self.is_to_be_judged_again(now) {
            return;
        }
        self.read = Some(now);
        let young = metadata.as_ref().is_ok_and(|metadata| is_young(metadata, now));
        match read(path).and_then(|pem| self.judge(path, pem, now)) {
            Ok(()) => self.told = None,
            Err(reason) if !young => self.tell(path, reason),
            Err(_) => {}
        }
        self.stamp = stamp.filter(|_| !young);
    }

    fn is_to_be_judged_again(&self, now: SystemTime) -> bool {
        let since = self.read.and_then(|read| now.duration_since(read).ok());
        self.told.is_some() && since.is_some_and(|since| since >= JUDGED_AGAIN_AFTER)
    }

    fn judge(&mut self, path: &Path, pem: Vec<u8>, now: SystemTime) -> Result<(), String> {
        if self.held.as_ref().is_some_and(|held| *held.pem == *pem) {
            return Ok(());
        }
        let certificate =
            Certificate::from_pem(&path.to_string_lossy(), &pem, now).map_err(|error| error.to_string())?;
        self.held = Some(Arc::new(Held { certificate: Arc::new(certificate), pem: pem.into() }));
        Ok(())
    }

    fn tell(&mut self, path: &Path, reason: String) {
        if self.told.as_ref() != Some(&reason) {
            let outcome = if self.held.is_some() { "its last good version stays" } else { "it is not served" };
            tracing::warn!("Certificate {}: {reason}; {outcome}", path.display());
            self.told = Some(reason);
        }
    }
}

/// A whole file, unless it is longer than any bundle of certificates. Blocks.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut content = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(LONGEST_FILE + 1).read_to_end(&mut content).map_err(|error| error.to_string())?;
    match content.len() as u64 > LONGEST_FILE {
        true => Err(format!("it has more than {LONGEST_FILE} bytes")),
        false => Ok(content),
    }
}

/// A time to come is a wrong clock's, and would never be past.
pub(super) fn is_young(metadata: &Metadata, now: SystemTime) -> bool {
    metadata.modified().is_ok_and(|modified| now.duration_since(modified).is_ok_and(|age| age < SETTLES_WITHIN))
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};
    use std::path::PathBuf;
    use std::time::UNIX_EPOCH;

    /// The first day of the year 2070.
    const YEAR_2070: Duration = Duration::from_secs(3_155_760_000);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    #[test]
    fn a_certificate_whose_time_comes_is_served_then_though_its_file_is_the_same() {
        let mut params = CertificateParams::new(["a.com".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2070, 1, 1), date_time_ymd(2080, 1, 1));
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem() + &key.serialize_pem();
        let path = PathBuf::from(format!("/tmp/swarmgate-known-{}.pem", std::process::id()));
        fs::write(&path, pem).unwrap();
        let (mut known, begin) = (Known::default(), UNIX_EPOCH + YEAR_2070);
        known.look(&path, begin - 2 * DAY);
        assert!(known.held().is_none() && known.told.is_some());
        known.look(&path, begin + DAY);
        assert!(known.held().is_some() && known.told.is_none());
        fs::remove_file(&path).unwrap();
    }
}
