//! Ingress: what came over the wire is checked before anything is stored.
//!
//! - In: [`Received`], an envelope as it came.
//! - Out: [`Verified`], which only [`Received::verify`] makes, so that nothing unauthentic can reach the sequencer.
//! - Durable after: nothing.
//! - On crash: the submission is lost, and its sender, who holds no receipt, sends it again.

use bytes::Bytes;
use granary_core::{
    envelope::Signature,
    ledger::{self, Admitted, Refusal, Registry, Subject},
};

/// An envelope as it was received; nothing in it is believed.
#[derive(Clone, Debug)]
pub struct Received {
    /// The payload type that the envelope states.
    pub payload_type: String,
    /// The exact bytes that were signed.
    pub payload: Bytes,
    /// The signatures.
    pub signatures: Vec<Signature>,
}

/// An envelope that the registry of some generation admits.
#[derive(Clone, Debug)]
pub struct Verified {
    received: Received,
    admitted: Admitted,
    generation: u64,
}

impl Received {
    /// Checks everything that must hold before anything is stored; takes tens of microseconds, most of it the signature.
    ///
    /// # Errors
    /// Gives the envelope back together with the refusal.
    #[expect(
        clippy::result_large_err,
        reason = "the envelope is handed back by value, as it was handed in"
    )]
    pub fn verify(self, registry: &Registry, now_ms: i64) -> Result<Verified, (Self, Refusal)> {
        match ledger::admit(registry, &self.borrowed(), now_ms) {
            Ok(admitted) => Ok(Verified {
                received: self,
                admitted,
                generation: registry.generation(),
            }),
            Err(refusal) => Err((self, refusal)),
        }
    }

    fn borrowed(&self) -> ledger::Received<'_> {
        ledger::Received {
            payload_type: &self.payload_type,
            payload: &self.payload,
            signatures: &self.signatures,
        }
    }
}

impl Verified {
    /// Checks again what a newer registry, or for an act the later instant, can have changed since; free for a snapshot
    /// where the registry is the same.
    ///
    /// # Errors
    /// The refusal under the newer registry.
    pub fn renew(&mut self, registry: &Registry, now_ms: i64) -> Result<(), Refusal> {
        let newer = registry.generation() != self.generation;
        if newer || self.admitted.subject == Subject::Act {
            ledger::readmit(registry, &self.received.borrowed(), &self.admitted, now_ms)?;
            self.generation = registry.generation();
        }
        Ok(())
    }

    /// What was established about the envelope.
    #[must_use]
    pub const fn admitted(&self) -> &Admitted {
        &self.admitted
    }

    /// The exact bytes that were signed.
    #[must_use]
    pub const fn payload(&self) -> &Bytes {
        &self.received.payload
    }

    /// The signatures; each was verified.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.received.signatures
    }

    /// Gives up the parts that a journal entry is made of.
    #[must_use]
    pub fn into_parts(self) -> (Admitted, Bytes, Vec<Signature>) {
        (
            self.admitted,
            self.received.payload,
            self.received.signatures,
        )
    }
}
