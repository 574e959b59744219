//! Who is at the other end of a connection, and the certificates that say so.
//!
//! The city has a private certification authority. A certificate's subject alternative names hold one URI of ours:
//! `granary:unit:<code>` for an agent, `granary:role:operator` or `granary:role:auditor` for the city's people. Nothing
//! else in a certificate is believed. A client certificate is asked for and may be left out; each service then says whom
//! it takes. Keys are ECDSA P-256; the log and the acts are signed by other keys, which TLS never sees.

mod authority;
mod caller;
mod token;

pub use authority::{
    Authority, AuthorityError, CertificateRequest, IssuedKey, ends_at_seconds, serves,
};
pub use caller::{Caller, Role};
pub use token::{EnrolmentToken, TokenError};
