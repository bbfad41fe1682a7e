//! The file of services: a line that says what it is and what the rest must sum up to, then a line of JSON.
//!
//! Everything here blocks. Not here: when it is written and read (`state`).

use crate::disk;
use model::Params;
use model::catalog::{Catalog, Saved, Source};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The file's name in STATE_DIR.
const NAME: &str = "services.json";
/// A file that is no good is kept under this name, in place of an earlier one.
const KEPT_ASIDE: &str = "services.json.bad";
const FORMAT: &str = "swarmgate services";
const VERSION: u32 = 1;
/// The longest file that is written and read, in bytes: about 100,000 services without certificates.
const LONGEST: u64 = 64 * 1024 * 1024;

/// The first line.
#[derive(Deserialize, Serialize)]
struct Head {
    format: String,
    version: u32,
    /// SHA-256 of the second line, in hexadecimal digits.
    sha256: String,
}

/// The second line.
#[derive(Deserialize, Serialize)]
struct Services<'t> {
    #[serde(borrow)]
    services: Vec<Row<'t>>,
}

#[derive(Deserialize, Serialize)]
struct Row<'t> {
    source: &'t str,
    params: BTreeMap<String, String>,
}

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("it has more than {LONGEST} bytes")]
    TooLong,
    #[error("it was not written by this program")]
    Foreign,
    #[error("its version is {0}, and this program knows version {VERSION}")]
    Version(u32),
    #[error("it is not whole: its checksum is another one")]
    Broken,
}

/// Writes what is to be known after the next start. What the environment describes is not in it: the environment will say it again.
pub(super) fn write(directory: &Path, catalog: &Catalog) -> io::Result<()> {
    let served = catalog.sources().map(|(service, source)| (&service.params, source));
    // An older version of a service may be withheld only where none is served.
    let withheld = catalog.withheld().map(|saved| (&saved.params, saved.source));
    let services = served.chain(withheld).filter_map(|(params, source)| {
        let params = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Some(Row { source: word(source)?, params })
    });
    let body = serde_json::to_string(&Services { services: services.collect() })?;
    let head = Head { format: FORMAT.to_owned(), version: VERSION, sha256: checksum(body.as_bytes()) };
    put(directory, &format!("{}\n{body}\n", serde_json::to_string(&head)?))
}

/// What is too long to be read leaves the file that is there as it is.
fn put(directory: &Path, text: &str) -> io::Result<()> {
    if text.len() as u64 > LONGEST {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("{} bytes are more than {LONGEST}", text.len()),
        ));
    }
    disk::write(directory, NAME, text.as_bytes())
}

/// Reads what was known before; `None`: nothing was written yet.
pub(super) fn read(directory: &Path) -> Result<Option<Vec<Saved>>, Unusable> {
    let file = match File::open(path(directory)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut text = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(Unusable::TooLong);
    }
    parse(&text).map(Some)
}

fn parse(text: &[u8]) -> Result<Vec<Saved>, Unusable> {
    let end = text.iter().position(|byte| *byte == b'\n').ok_or(Unusable::Foreign)?;
    let (head, body) = (&text[..end], &text[end + 1..]);
    let head: Head = serde_json::from_slice(head).map_err(|_| Unusable::Foreign)?;
    if head.format != FORMAT {
        return Err(Unusable::Foreign);
    }
    if head.version != VERSION {
        return Err(Unusable::Version(head.version));
    }
    let body = body.strip_suffix(b"\n").filter(|body| checksum(body) == head.sha256).ok_or(Unusable::Broken)?;
    let services: Services<'_> = serde_json::from_slice(body).map_err(|_| Unusable::Broken)?;
    let saved = services.services.into_iter().map(|Row { source, params }| {
        let source = source_of(source).ok_or(Unusable::Broken)?;
        Ok(Saved { params: Params::from_iter(params), source })
    });
    saved.collect()
}

/// Puts a file that is no good out of the way, where an operator finds it.
pub(super) fn keep_aside(directory: &Path) -> io::Result<PathBuf> {
    let aside = directory.join(KEPT_ASIDE);
    fs::rename(path(directory), &aside)?;
    Ok(aside)
}

pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join(NAME)
}

fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn word(source: Source) -> Option<&'static str> {
    match source {
        Source::Api => Some("api"),
        Source::List => Some("list"),
        Source::Environment => None,
    }
}

fn source_of(word: &str) -> Option<Source> {
    match word {
        "api" => Some(Source::Api),
        "list" => Some(Source::List),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
