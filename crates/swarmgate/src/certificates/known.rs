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
        *self = Known { stamp: None, held: Some(held), told: None };
    }

    /// Reads the file if it may have changed. Blocks.
    pub(super) fn look(&mut self, path: &Path, now: SystemTime) {
        let metadata = fs::metadata(path);
        let stamp = metadata.as_ref().ok().map(Stamp::of);
        if stamp.is_some() && stamp == self.stamp {
            return;
        }
        let young = metadata.as_ref().is_ok_and(|metadata| is_young(metadata, now));
        match read(path).and_then(|pem| self.judge(path, pem, now)) {
            Ok(()) => self.told = None,
            Err(reason) if !young => self.tell(path, reason),
            Err(_) => {}
        }
        self.stamp = stamp.filter(|_| !young);
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
