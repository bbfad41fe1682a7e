//! Pages of an operator's own for errors: `<code>.http` in `ERRORFILES_DIR`, read once.
//!
//! Not here: what a page must look like (`proxy::ErrorFiles`).

use super::read::Reader;
use proxy::{ERROR_FILE_CODES, ErrorFiles, LONGEST_ERROR_FILE};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Reads those that are there. One that cannot be used is told of, and the built-in page stays.
pub(super) fn read(read: &mut Reader<'_>) -> (PathBuf, ErrorFiles) {
    let directory = PathBuf::from(read.text("ERRORFILES_DIR"));
    let mut files = ErrorFiles::default();
    for code in ERROR_FILE_CODES {
        let path = directory.join(format!("{code}.http"));
        let added = match beginning_of(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => Err(format!("cannot be read: {error}")),
            Ok(bytes) => files.add(code, &bytes).map_err(|error| format!("cannot be used: {error}")),
        };
        if let Err(reason) = added {
            read.warn(format!("{}: {reason}; the built-in page for {code} is used", path.display()));
        }
    }
    (directory, files)
}

/// A file, or so much of it as shows that it is too long.
fn beginning_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST_ERROR_FILE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use crate::settings::{Variables, proxy};

    #[test]
    fn pages_that_are_there_are_read_and_bad_ones_are_told_of() {
        let directory = std::env::temp_dir().join(format!("swarmgate-{}-errorfiles", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let page = "HTTP/1.0 503 Service Unavailable\r\nContent-Type: text/html\r\n\r\nback soon";
        for (name, text) in [("503.http", page), ("403.http", "no response"), ("418.http", page)] {
            std::fs::write(directory.join(name), text).unwrap();
        }
        std::fs::write(directory.join("500.http"), "x".repeat(100_000)).unwrap();
        let path = directory.to_string_lossy().into_owned();
        let settings = proxy(&[("ERRORFILES_DIR", path.as_str())].into_iter().collect::<Variables>()).unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!(settings.error_files.1.statuses().collect::<Vec<_>>(), [503]);
        let told = |code: &str| settings.warnings.iter().any(|warning| warning.starts_with(&format!("{path}/{code}")));
        assert!(settings.warnings.len() == 2 && told("403") && told("500"), "{:?}", settings.warnings);
    }
}
