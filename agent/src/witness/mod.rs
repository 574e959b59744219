//! This agent as a witness: it checks that the city's log only grows, and cosigns its heads, so that the city cannot show
//! two histories.
//!
//! - In: the head of the round, with a proof from the head that was seen last; the heads of receipts that came meanwhile.
//! - Out: a cosignature for the city, or a [`Fork`], after which nothing more is pushed to this log.
//! - Durable after: the new head is a file before the cosignature is made ([`book`]); a fork is a folder of evidence
//!   before anybody is told ([`fork`]).
//! - On crash: the next start goes on from the head that was kept. A head that was kept and not cosigned is cosigned then.
//!
//! The first head is that of the enrolment's receipt. The time in a cosignature is this computer's clock, because that is
//! what the witness can answer for.

pub mod book;
pub mod fork;
mod watch;
#[cfg(test)]
mod tests;

use ed25519_dalek::SigningKey;
use granary_core::{
    code::UnitCode,
    ledger::{Act, Deed, witness},
    log::{NoteKeyId, VerifierKey, WitnessKey, cosignature, note::NoteSignature},
};

pub use book::{Book, BookError, Head};
pub use fork::Fork;
pub use watch::{Pace, Watch, WitnessNews};

use crate::link::{SignError, Signer};

/// What a witness signs with, and in whose name.
#[derive(Clone)]
pub struct Witness {
    signing: SigningKey,
    key: WitnessKey,
    unit: UnitCode,
    log_key: VerifierKey,
}

impl Witness {
    /// The witness of `unit` at the log of `log_key`; `None` where the log's name cannot be part of a key's name.
    #[must_use]
    pub fn new(signing: SigningKey, unit: UnitCode, log_key: VerifierKey) -> Option<Self> {
        let name = witness::witness_name(log_key.name().as_str(), &unit)?;
        let key = WitnessKey::new(name, signing.verifying_key()).ok()?;
        Some(Self {
            signing,
            key,
            unit,
            log_key,
        })
    }

    /// The public half, in the form that a policy holds.
    #[must_use]
    pub const fn key(&self) -> &WitnessKey {
        &self.key
    }

    /// The id of the key.
    #[must_use]
    pub const fn id(&self) -> NoteKeyId {
        self.key.id()
    }

    /// The log's key.
    #[must_use]
    pub const fn log_key(&self) -> &VerifierKey {
        &self.log_key
    }

    /// Cosigns a head that was checked and kept.
    fn cosign(&self, head: &Head, time_s: u64) -> NoteSignature {
        cosignature::cosign(&head.text(), self.key.name(), &self.signing, time_s)
    }

    /// The act that ties the witness key to the unit, signed by the unit's own key.
    fn enrolment(
        &self,
        signer: &Signer,
        now_ms: i64,
        nonce: [u8; 16],
    ) -> Result<granary_proto::v1::Envelope, SignError> {
        let origin = self.log_key.name().as_str();
        signer.sign_act(&Act {
            issued_at_ms: now_ms,
            nonce,
            deed: Deed::EnrolWitness {
                unit: self.unit.clone(),
                public_key: self.signing.verifying_key().to_bytes(),
                possession: witness::prove_possession(origin, &self.unit, &self.signing),
            },
            person: String::new(),
        })
    }
}
