//! The load generator: pre-signed snapshots over push streams or unary calls, and what came back.
//!
//! It runs in this process, on the same cores as the server. A latency is from handing a snapshot to the client until its
//! answer is decoded; in a paced run from the instant at which the snapshot was to be sent, so that a server that is
//! slow cannot slow down its own measurement. What is answered during the warm-up does not count.

pub(crate) mod stream;
pub(crate) mod unary;

use std::time::{Duration, Instant};

use granary_core::{
    digest::Digest,
    ledger::JournalEntry,
    log::{Hash, Receipt, VerifierKey},
};
use granary_proto::v1;
use hdrhistogram::Histogram;

use crate::{
    context::Outcome,
    measure::{median, per_s},
};

/// The rate of a run is the median over stretches of this length.
const SLICE: Duration = Duration::from_millis(500);
/// One receipt of this many is kept and verified after the clock has stopped.
const SAMPLE_EVERY: u64 = 256;
/// Latencies are kept in microseconds up to this, with three digits.
const LATENCY_US_MAX: u64 = 60_000_000;

/// When a run sends and what counts of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Unanswered snapshots at once, over all connections.
    pub(crate) in_flight: usize,
    /// What is answered in this time from the start does not count.
    pub(crate) warm_up: Duration,
    /// How long is sent after the warm-up.
    pub(crate) run: Duration,
    /// Snapshots a second over all connections; as fast as possible, where there is none.
    pub(crate) pace_per_s: Option<f64>,
}

/// What one run measured.
pub(crate) struct Measured {
    /// Answers that counted, by [`SLICE`] since the end of the warm-up.
    slices: Vec<u64>,
    latencies_us: Histogram<u64>,
    /// Everything answered with a receipt, warm-up included.
    pub(crate) receipted: u64,
    /// What there was no time for.
    pub(crate) unsent: Vec<v1::Envelope>,
    refused: Option<v1::Refusal>,
    sample: Vec<(Digest, v1::Receipt)>,
    counts_from: Instant,
    sends_until: Instant,
}

impl Plan {
    fn recorder(&self, start: Instant) -> Outcome<Measured> {
        Ok(Measured {
            slices: Vec::new(),
            latencies_us: Histogram::new_with_max(LATENCY_US_MAX, 3)?,
            receipted: 0,
            unsent: Vec::new(),
            refused: None,
            sample: Vec::new(),
            counts_from: start + self.warm_up,
            sends_until: start + self.warm_up + self.run,
        })
    }
}

impl Measured {
    /// Notes an answer. `payload` is called for the few that are kept for verification.
    fn note(&mut self, sent: Instant, result: Answered, payload_sha256: impl FnOnce() -> Digest) {
        let now = Instant::now();
        match result {
            Answered::Receipt(receipt) => {
                if self.receipted.is_multiple_of(SAMPLE_EVERY) {
                    self.sample.push((payload_sha256(), receipt));
                }
                self.receipted += 1;
            }
            Answered::Refusal(refusal) => self.refused = Some(refusal),
        }
        if now < self.counts_from || now >= self.sends_until {
            return;
        }
        let micros = u64::try_from(now.duration_since(sent).as_micros()).unwrap_or(LATENCY_US_MAX);
        self.latencies_us.saturating_record(micros);
        let slice = (now - self.counts_from).as_millis() / SLICE.as_millis();
        let slice = usize::try_from(slice).unwrap_or_default();
        if self.slices.len() <= slice {
            self.slices.resize(slice + 1, 0);
        }
        self.slices[slice] += 1;
    }

    fn add(&mut self, other: Self) -> Outcome<()> {
        self.slices
            .resize(self.slices.len().max(other.slices.len()), 0);
        for (mine, others) in self.slices.iter_mut().zip(other.slices) {
            *mine += others;
        }
        self.latencies_us.add(other.latencies_us)?;
        self.receipted += other.receipted;
        self.unsent.extend(other.unsent);
        self.refused = self.refused.take().or(other.refused);
        self.sample.extend(other.sample);
        Ok(())
    }

    /// Answers a second: the median over whole slices.
    pub(crate) fn rate_per_s(&self) -> f64 {
        median(self.slice_rates())
    }

    /// The slowest slice, in answers a second.
    pub(crate) fn slowest_per_s(&self) -> f64 {
        self.slice_rates().into_iter().fold(f64::INFINITY, f64::min)
    }

    /// A latency in milliseconds: the one that the given share of answers does not exceed.
    #[expect(
        clippy::cast_precision_loss,
        reason = "latencies are far below 2^52 microseconds"
    )]
    pub(crate) fn latency_ms(&self, share: f64) -> f64 {
        self.latencies_us.value_at_quantile(share) as f64 / 1e3
    }

    fn slice_rates(&self) -> Vec<f64> {
        // The last slice may have been cut short, where the snapshots ran out.
        let whole = self.slices.len().saturating_sub(1).max(1);
        self.slices
            .iter()
            .take(whole)
            .map(|count| per_s(usize::try_from(*count).unwrap_or(usize::MAX), SLICE))
            .collect()
    }

    /// Fails where anything was refused or a kept receipt does not prove its snapshot; gives how many were verified.
    pub(crate) fn verify(&self, log_key: &VerifierKey) -> Outcome<usize> {
        if let Some(refusal) = &self.refused {
            return Err(format!("a snapshot was refused: {}", refusal.message_en).into());
        }
        for (payload_sha256, receipt) in &self.sample {
            let receipt = receipt_of(receipt)?;
            receipt.verify(log_key)?;
            if JournalEntry::decode(&receipt.entry)?.payload_sha256 != *payload_sha256 {
                return Err("a receipt is for another snapshot".into());
            }
        }
        Ok(self.sample.len())
    }
}

/// What came back for one snapshot.
enum Answered {
    Receipt(v1::Receipt),
    Refusal(v1::Refusal),
}

fn receipt_of(receipt: &v1::Receipt) -> Outcome<Receipt> {
    let hash = |hash: &Vec<u8>| Hash::from_slice(hash);
    Ok(Receipt {
        entry: receipt.entry.clone(),
        index: receipt.index,
        proof: receipt
            .inclusion_proof
            .iter()
            .map(hash)
            .collect::<Result<_, _>>()?,
        checkpoint: receipt.checkpoint.clone(),
    })
}

fn digest_of(payload: &[u8]) -> Digest {
    Digest::of(payload)
}
