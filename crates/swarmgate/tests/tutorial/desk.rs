//! The desk of the tutorial's reader: a folder, in which certificates are made and sent as the tutorial says.
//!
//! The tutorial makes keys of 1024 bits. No client accepts those any more, so the key is made with as many as it takes.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
};

use anyhow::{Context, Result};

use crate::{command::typed, replica::Replica, visit::Answer};

/// A folder that is there as long as this value.
pub(crate) struct Desk {
    folder: PathBuf,
}

impl Desk {
    /// # Errors
    /// When the folder cannot be made.
    pub(crate) fn new() -> Result<Desk> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tutorial-{}", process::id()));
        let desk = Desk { folder };
        fs::create_dir_all(&desk.folder).with_context(|| desk.folder.display().to_string())?;
        desk.types("mkdir -p tmp")?;
        Ok(desk)
    }

    /// Makes `tmp/<domain>.pem` for `*.<domain>`, signed by itself, with a key of `bits`.
    ///
    /// # Errors
    /// When openssl fails.
    pub(crate) fn makes_certificate(&self, domain: &str, bits: u16) -> Result<()> {
        self.types(&format!("openssl genrsa -out tmp/{domain}.key {bits}"))?;
        // "It is important that when 'Common Name' comes, you answer it." It is the sixth of nine questions.
        self.types(&format!(
            r"printf '\n\n\n\n\n*.{domain}\n\n\n\n' | openssl req -new \
    -key tmp/{domain}.key \
    -out tmp/{domain}.csr"
        ))?;
        self.types(&format!(
            r"openssl x509 -req -days 365 \
    -in tmp/{domain}.csr \
    -signkey tmp/{domain}.key \
    -out tmp/{domain}.crt"
        ))?;
        self.types(&format!(
            r"cat tmp/{domain}.crt tmp/{domain}.key \
    | tee tmp/{domain}.pem"
        ))
        .map(|_| ())
    }

    /// Sends `tmp/<domain>.pem` to one replica, for all of them; what it answers.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) fn puts_certificate(&self, domain: &str, replica: &Replica) -> Result<Answer> {
        Answer::parse(&self.types(&format!(
            r#"curl -i -XPUT \
    --data-binary @tmp/{domain}.pem \
    "127.0.0.1:{}/v1/docker-flow-proxy/cert?certName={domain}.pem&distribute=true""#,
            replica.port(8080)?
        ))?)
    }

    /// Where the certificate of `domain` is, without its key.
    pub(crate) fn certificate(&self, domain: &str) -> String {
        self.folder.join(format!("tmp/{domain}.crt")).display().to_string()
    }

    /// What the bundle of `domain` holds.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn bundle(&self, domain: &str) -> Result<String> {
        Ok(fs::read_to_string(self.folder.join(format!("tmp/{domain}.pem")))?)
    }

    fn types(&self, command: &str) -> Result<String> {
        typed(&format!("cd '{}' && export no_proxy='*' && {command}", self.folder.display()))
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // Nobody else knows the folder; what cannot be removed harms nobody.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
