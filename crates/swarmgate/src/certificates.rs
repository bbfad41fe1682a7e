//! The certificates of this replica: files that are found, read, judged, put in order and handed to the writer; and those that a caller brings.
//!
//! One task owns the set, so that a caller and a changed file never race. A file that is bad hurts no other: it is told of once, and its last
//! good version stays live for as long as the file is there. After a restart there is no earlier version, so the file is left out.
//! Not here: what a certificate is and who gets it (`proxy::tls`), and other replicas (`sharing`).

mod brought;
mod crt_list;
mod files;
mod known;
mod name;
mod order;
pub mod service;
mod store;

pub use brought::Bringer;
pub use name::CertName;
pub use order::Pattern;
pub use store::{Certificates, NotStored, Outcome, Shared, Store, Upload};

use std::path::PathBuf;

/// Where certificates come from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Every file in it is one; those that callers bring are kept here.
    pub certs_dir: PathBuf,
    /// Files named `cert-…` or `cert_…` in it are too.
    pub secrets_dir: PathBuf,
    /// HAProxy's list of certificates.
    pub crt_list: Option<PathBuf>,
    /// Which come first.
    pub preferred: Vec<Pattern>,
}
