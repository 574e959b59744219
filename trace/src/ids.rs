//! The ids of a trace and the decision whether it is told, all derived from the digest of a snapshot's payload.
//!
//! - The trace's id is the first 16 bytes of the digest.
//! - It is told where the last 56 bits of that id, read as a number, are at least (1 - share) · 2⁵⁶: the rule of OpenTelemetry's
//!   consistent sampling, so a smaller share is part of every larger one, on whichever side and in the collector too.
//! - The id of a span that happens once in a snapshot's life is the first 8 bytes of SHA-256 over `granary trace span`, a line
//!   feed, the span's name, a line feed, and the 32 bytes of the digest. Other spans have random ids.

use granary_core::digest::{Digest, Hasher};

/// The bits of a trace's id that the decision looks at.
const BITS: u32 = 56;

/// The share of snapshots whose traces are told, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Ids from here on are told; 2⁵⁶ is beyond all of them.
    threshold: u64,
}

impl Share {
    /// Every snapshot.
    pub const ALL: Self = Self { threshold: 0 };

    /// A share from 0 to 1; `None` for anything else.
    #[must_use]
    pub fn new(share: f64) -> Option<Self> {
        if !(0.0..=1.0).contains(&share) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a whole number from 0 to 2^56, which a double holds exactly"
        )]
        let threshold = ((1.0 - share) * (1_u64 << BITS) as f64).round() as u64;
        Some(Self { threshold })
    }

    /// Whether the snapshot's trace is told.
    #[must_use]
    pub fn holds(self, payload_sha256: &Digest) -> bool {
        let [.., a, b, c, d, e, f, g] = trace_id(payload_sha256);
        u64::from_be_bytes([0, a, b, c, d, e, f, g]) >= self.threshold
    }
}

/// The id of a snapshot's trace.
#[must_use]
pub fn trace_id(payload_sha256: &Digest) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&payload_sha256.as_bytes()[..16]);
    id
}

/// The id of the span of this name, of which a snapshot has one in its life.
#[must_use]
pub fn span_id(payload_sha256: &Digest, name: &str) -> [u8; 8] {
    let mut hasher = Hasher::default();
    hasher.update(b"granary trace span\n");
    hasher.update(name.as_bytes());
    hasher.update(b"\n");
    hasher.update(payload_sha256.as_bytes());
    let mut id = [0; 8];
    id.copy_from_slice(&hasher.finish().as_bytes()[..8]);
    // An id of zeros means none.
    if id == [0; 8] {
        id[7] = 1;
    }
    id
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_those_that_another_program_would_derive() {
        // echo -n granary | sha256sum; and over the text of the module's page, with printf, xxd and sha256sum.
        let digest = Digest::of(b"granary");
        assert!(digest.to_string().starts_with(&hex(&trace_id(&digest))));
        let mut text = b"granary trace span\nsnapshot\n".to_vec();
        text.extend(digest.as_bytes());
        let root = Digest::of(&text).to_string();
        assert!(root.starts_with(&hex(&span_id(&digest, "snapshot"))));
        assert_ne!(span_id(&digest, "snapshot"), span_id(&digest, "push"));
    }

    #[test]
    fn only_a_share_from_nothing_to_all_is_one() {
        for wrong in [-0.1, 1.000_001, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Share::new(wrong), None, "{wrong}");
        }
        assert_eq!(Share::new(1.0), Some(Share::ALL));
        assert!(
            !Share::new(0.0)
                .unwrap()
                .holds(&Digest::from_bytes([255; 32]))
        );
    }

    proptest! {
        #[test]
        fn the_decision_follows_the_id_and_a_smaller_share_is_part_of_a_larger(
            bytes: [u8; 32], other: [u8; 16], one in 0.0..=1.0_f64, two in 0.0..=1.0_f64,
        ) {
            let digest = Digest::from_bytes(bytes);
            let (small, large) = (Share::new(one.min(two)).unwrap(), Share::new(one.max(two)).unwrap());
            prop_assert!(!small.holds(&digest) || large.holds(&digest));
            prop_assert!(Share::ALL.holds(&digest));
            prop_assert!(!Share::new(0.0).unwrap().holds(&digest));
            // The other half of the digest, which the id does not show, decides nothing.
            let mut same_id = bytes;
            same_id[16..].copy_from_slice(&other);
            prop_assert_eq!(small.holds(&Digest::from_bytes(same_id)), small.holds(&digest));
        }

        #[test]
        fn a_share_is_met(share in 0.0..=1.0_f64, seed: u64) {
            const COUNT: u32 = 4_000;
            let chosen = Share::new(share).unwrap();
            let held = (0..COUNT).filter(|at| {
                let name = format!("{seed} {at}");
                chosen.holds(&Digest::of(name.as_bytes()))
            });
            // Six standard deviations: one run in 500 million would fail by chance.
            let (expected, spread) = (share * f64::from(COUNT), (share * (1.0 - share) * f64::from(COUNT)).sqrt());
            let held = u32::try_from(held.count()).unwrap();
            prop_assert!((f64::from(held) - expected).abs() <= 6.0 * spread + 1.0, "{held} of {expected}");
        }
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
