//! Hashed passwords as crypt(3) writes them: SHA-256 (`$5$`), SHA-512 (`$6$`) and bcrypt (`$2a$`, `$2b$`, `$2y$`).
//!
//! Judging one costs milliseconds on purpose, so nothing here may be called while a request is waited for by others.
//! Not here: who has which (`auth`), and where and how often they are computed (the proxy).

use sha_crypt::{PasswordVerifier as _, ShaCrypt};
use std::fmt;

/// The most rounds of `$5$` and `$6$`: half a second of a processor for one login. Who wants more cannot pass.
const MOST_ROUNDS: u32 = 1_000_000;
/// The highest cost of bcrypt, a power of two: about a second.
const HIGHEST_COST: u32 = 14;
/// crypt(3)'s own limit (`CRYPT_MAX_PASSPHRASE_SIZE`), in bytes.
const LONGEST_PASSWORD: usize = 511;
/// What crypt(3) takes of a salt.
const LONGEST_SALT: usize = 16;
/// crypt(3)'s least rounds; it takes fewer for these, and its result then differs from what it was given.
const FEWEST_ROUNDS: u32 = 1000;

/// A hashed password that can be checked. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Hash {
    kind: Kind,
    text: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sha,
    Bcrypt,
}

/// Why a hash cannot be checked. The message completes a sentence, and holds nothing of the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is of another kind, or not a hash.
    #[error("the password is no hash of SHA-256 ($5$), SHA-512 ($6$) or bcrypt ($2a$, $2b$, $2y$)")]
    Unknown,
    /// It is broken.
    #[error("the password's hash is not a whole one")]
    Broken,
    /// It would take too long, or too little to be crypt(3)'s.
    #[error("the password's hash has not {FEWEST_ROUNDS} to {MOST_ROUNDS} rounds")]
    Rounds,
    /// It would take too long.
    #[error("the password's hash has not a cost of 4 to {HIGHEST_COST}")]
    Cost,
}

impl Hash {
    /// Judges a hash without computing anything.
    pub fn parse(text: &str) -> Result<Hash, Unusable> {
        let mut fields = text.strip_prefix('$').ok_or(Unusable::Unknown)?.splitn(3, '$');
        let (kind, first, rest) = (fields.next(), fields.next(), fields.next());
        let (Some(kind), Some(first), Some(rest)) = (kind, first, rest) else { return Err(Unusable::Unknown) };
        let kind = match kind {
            "5" => judge_sha(first, rest, 43)?,
            "6" => judge_sha(first, rest, 86)?,
            "2a" | "2b" | "2y" => judge_bcrypt(first, rest)?,
            _ => return Err(Unusable::Unknown),
        };
        Ok(Hash { kind, text: text.into() })
    }

    /// Whether it was made of this password. Costs milliseconds, at most about a second.
    pub fn is_of(&self, password: &[u8]) -> bool {
        // crypt(3) takes a text that ends in a zero byte.
        if password.len() > LONGEST_PASSWORD || password.contains(&0) {
            return false;
        }
        match self.kind {
            Kind::Sha => ShaCrypt::default().verify_password(password, &*self.text).is_ok(),
            Kind::Bcrypt => bcrypt::verify(password, &self.text).unwrap_or(false),
        }
    }

    /// Its text. Not to be shown.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("*****")
    }
}

/// `[rounds=<n>$]<salt>$<digest>`.
fn judge_sha(first: &str, rest: &str, length: usize) -> Result<Kind, Unusable> {
    let (salt, digest) = match first.strip_prefix("rounds=") {
        None => (first, rest),
        Some(rounds) => {
            let is_number = !rounds.starts_with('0') && rounds.bytes().all(|byte| byte.is_ascii_digit());
            let rounds = rounds.parse().ok().filter(|_| is_number);
            rounds.filter(|rounds| (FEWEST_ROUNDS..=MOST_ROUNDS).contains(rounds)).ok_or(Unusable::Rounds)?;
            rest.split_once('$').ok_or(Unusable::Broken)?
        }
    };
    let is_whole = digest.len() == length && is_base64(digest);
    let has_salt = (1..=LONGEST_SALT).contains(&salt.len()) && is_base64(salt);
    if is_whole && has_salt { Ok(Kind::Sha) } else { Err(Unusable::Broken) }
}

/// `<cost>$<22 of salt, 31 of digest>`.
fn judge_bcrypt(cost: &str, rest: &str) -> Result<Kind, Unusable> {
    let number = cost.parse().ok().filter(|_| cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit()));
    number.filter(|cost| (4..=HIGHEST_COST).contains(cost)).ok_or(Unusable::Cost)?;
    if rest.len() == 53 && is_base64(rest) { Ok(Kind::Bcrypt) } else { Err(Unusable::Broken) }
}

/// The letters of crypt(3).
fn is_base64(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by the C library's crypt(3).
    const HASHES: &[(&str, &str)] = &[
        ("Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
        (
            "Hello world!",
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
        ),
        ("my-pass", "$5$rounds=1000$toolongsaltstrin$03JRwrDKr9y8t6ldkg3Nxux.TG.Pkq7NrJDj/PTOHEB"),
        (
            "pässwörd: mit, allem",
            "$6$rounds=1400$aZ./09$gQ2rLqbGh/qdG9pd/6Oe4jm9y/Zux85ownCFYx7oU8gBwrLHhWoDVnyRC/ZQhz8q6gWn4xzc5mzZeDu.oLnyd.",
        ),
        (
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "$6$rounds=1000$longpassword$7h9AVzuNkd.i19Ajcg6POjMn2y57nFDoZ81EUoIEmoZS6K7684O7I4S2K2HK7ovw6JLnCUTeSishY.sxtwf0X/",
        ),
        ("password", "$2b$04$abcdefghijklmnopqrstuughE8Ev8uGFaUgY2cNEySvxngrb/Jzdm"),
        ("password", "$2a$04$CCCCCCCCCCCCCCCCCCCCC.FXJHjF.8tyWAsIeGLxC7hC/nyX4QxgC"),
        ("pass:wörd", "$2y$05$/9rkVYM6O6PHQ3FKlPGf1u8gnA2uw/ug14YQRH6.4NRNK2gTEA4cG"),
        (
            "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
            "$2b$04$abcdefghijklmnopqrstuuwurWIdVVT4m5pTArtqnFNM69nySdHj.",
        ),
    ];

    #[test]
    fn passwords_are_known_by_the_hashes_that_the_c_library_makes() {
        for (password, hash) in HASHES {
            let parsed = Hash::parse(hash).unwrap_or_else(|error| panic!("{hash}: {error}"));
            assert!(parsed.is_of(password.as_bytes()), "{hash}");
            assert!(!parsed.is_of(format!("{password}x").as_bytes()) || password.len() >= 72, "{hash}");
            assert_eq!(format!("{parsed:?}"), "*****");
        }
    }

    #[test]
    fn what_the_c_library_would_not_take_is_not_taken_either() {
        let hash = Hash::parse(HASHES[0].1).unwrap();
        for password in [&b""[..], b"Hello world!\0", &[b'a'; 512]] {
            assert!(!hash.is_of(password));
        }
    }

    #[test]
    fn what_cannot_be_checked_is_told_with_its_reason_and_never_shown() {
        let (salt, digest) = ("saltstring", "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5");
        let bcrypt = &HASHES.iter().find(|(_, hash)| hash.starts_with("$2b$")).unwrap().1[7..];
        let cases = [
            ("", Unusable::Unknown),
            ("plain", Unusable::Unknown),
            ("ab1234567890.", Unusable::Unknown),
            ("$1$saltsalt$6SNdNaZLKst2LlSm7oPPL1", Unusable::Unknown),
            ("$y$j9T$F5Jx5fExrKuPp53xLKQ..1$tnSYvahCwPBHKZUspmcxMfb0.WiB9W.zEaKlOBL35rC", Unusable::Unknown),
            ("$5$saltstring", Unusable::Unknown),
            (&format!("$5${salt}${digest}x"), Unusable::Broken),
            (&format!("$5${salt}${digest}$"), Unusable::Broken),
            (&format!("$6${salt}${digest}"), Unusable::Broken),
            (&format!("$5$${digest}"), Unusable::Broken),
            (&format!("$5$12345678901234567${digest}"), Unusable::Broken),
            (&format!("$5$sa\nlt${digest}"), Unusable::Broken),
            (&format!("$5$rounds=5000${salt}"), Unusable::Broken),
            (&format!("$5$rounds=999${salt}${digest}"), Unusable::Rounds),
            (&format!("$5$rounds=1000001${salt}${digest}"), Unusable::Rounds),
            (&format!("$5$rounds=05000${salt}${digest}"), Unusable::Rounds),
            (&format!("$5$rounds=+5000${salt}${digest}"), Unusable::Rounds),
            (&format!("$5$rounds=${salt}${digest}"), Unusable::Rounds),
            (&format!("$2b$15${bcrypt}"), Unusable::Cost),
            (&format!("$2b$03${bcrypt}"), Unusable::Cost),
            (&format!("$2b$+4${bcrypt}"), Unusable::Cost),
            (&format!("$2b$04${bcrypt}x"), Unusable::Broken),
            (&format!("$2x$04${bcrypt}"), Unusable::Unknown),
        ];
        for (text, reason) in cases {
            assert_eq!(Hash::parse(text), Err(reason), "{text}");
            assert!(!reason.to_string().contains(salt));
        }
    }
}
