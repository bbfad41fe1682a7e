//! A proxy in this process with certificates in files, a server behind it, and curl in front of it.
//!
//! Each certificate can have an authority of its own: which one curl trusts shows which certificate it got.

mod curl;
mod keys;
mod site;

pub(crate) use keys::Authority;
pub(crate) use site::Site;
