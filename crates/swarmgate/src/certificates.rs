//! The certificates of this replica: files that are read, judged and handed to the writer.
//!
//! Not here: what a certificate is and who gets it (`proxy::tls`).

use proxy::tls::Certificate;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// The certificates in `directory`, by name. One that cannot be served is told of and left out.
pub fn load(directory: &Path) -> Vec<Arc<Certificate>> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort_unstable();
    let read = |path: &std::path::PathBuf| {
        let pem = std::fs::read(path).ok()?;
        match Certificate::from_pem(&path.to_string_lossy(), &pem, SystemTime::now()) {
            Ok(certificate) => Some(Arc::new(certificate)),
            Err(error) => {
                tracing::warn!("Certificate {} is not served: {error}", path.display());
                None
            }
        }
    };
    paths.iter().filter_map(read).collect()
}
