//! Whole files only, readable by nobody else, whatever is killed in between.
//!
//! Everything here blocks. Not here: what is in the files (`certificates`, `state`).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What is being written begins and ends so. It is hidden, so nobody takes it for a certificate.
const TEMPORARY: (&str, &str) = (".swarmgate-", ".tmp");
/// How often another name is tried for what is being written.
const TRIES: u32 = 100;

/// Writes `name` whole, in place of what was there: first beside it, then, safe on disk, renamed. A symbolic link of that name is replaced,
/// not followed. The directory is made (0700) where it is missing; the file is 0600. Blocks.
pub(crate) fn write(directory: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let (path, mut file) = temporary(directory)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    let renamed = written.and_then(|()| fs::rename(&path, directory.join(name)));
    if renamed.is_err() {
        // Should it stay, the next start removes it.
        let _ = fs::remove_file(&path);
    }
    renamed?;
    File::open(directory)?.sync_all()
}

/// Removes what a killed program left half written. Blocks.
pub(crate) fn remove_leftovers(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.filter_map(Result::ok) {
        let is_ours =
            entry.file_name().to_str().is_some_and(|name| name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1));
        if is_ours && let Err(error) = fs::remove_file(entry.path()) {
            tracing::warn!("{} was left half written and cannot be removed: {error}", entry.path().display());
        }
    }
}

/// A new file that only its owner may read. Replicas may share a directory, and number their processes alike, so the clock names it.
fn temporary(directory: &Path) -> io::Result<(PathBuf, File)> {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    for number in 0..TRIES {
        let path = directory.join(format!("{}{nanos:x}-{number}{}", TEMPORARY.0, TEMPORARY.1));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (path, file)),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "no name is left for a temporary file"))
}
