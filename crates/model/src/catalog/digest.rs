//! A short name for what is served: catalogs with the same services have the same digest, on every replica and after every start.
//!
//! Not here: who compares digests (the program).

use super::of_service;
use crate::params::{Params, shown};
use std::fmt;

/// FNV-1a with 64 bits (its authors' constants), because it is the same in every version of this program.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The sum of the services' own digests, so that a change costs no more than its service does. Of no use against who wants two of them to be
/// alike: it finds mistakes, not forgeries. Shown as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest(u64);

impl Digest {
    /// Of one service: all that may be shown of it, but `distribute`, which says how a call travels. Everybody may see the digest, and of a secret
    /// in it whoever knows all the rest could try guess after guess.
    pub(super) fn of(params: &Params) -> Digest {
        let mut hash = OFFSET;
        for (name, value) in params.iter().filter(of_service) {
            for text in [name, &shown(name, value)] {
                // The length keeps `a`, `bc` and `ab`, `c` apart.
                for byte in (text.len() as u64).to_le_bytes().iter().chain(text.as_bytes()) {
                    hash = (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
                }
            }
        }
        Digest(spread(hash))
    }

    /// The digest as a number.
    pub fn number(self) -> u64 {
        self.0
    }

    pub(super) fn add(&mut self, service: Digest) {
        self.0 = self.0.wrapping_add(service.0);
    }

    pub(super) fn take(&mut self, service: Digest) {
        self.0 = self.0.wrapping_sub(service.0);
    }
}

/// Lets every bit depend on all others (MurmurHash3's finalizer): sums of FNV's values would be alike too easily.
fn spread(mut hash: u64) -> u64 {
    for factor in [0xff51_afd7_ed55_8ccd_u64, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
