//! The preflight: what the city will say, said before anything is sent.
//!
//! In: a [`Draft`]. Out: a [`Preflighted`], ready to be sealed; or why not: *returned*, because a validity edit fails, or
//! *refused*, because the city would not admit it. Durable after: nothing. On crash: the file is read again.
//!
//! The rules are the city's own: admission as in `granary_core::ledger::admission`, but with all faults at once and each at its
//! cell; the edits by the very functions that the city calls (`granary_core::ledger::assess`, and `assess_with` for edits on the unit's
//! other records, as far as [`Past`] knows them). Roll-ups over other units' figures are the city's alone.
//!
//! A clerk's note on a figure, or on a row, becomes the explanation of the quality edits that fail and look at that figure, in whatever
//! period, and of those that only the city can judge;
//! an explanation that names its edit goes as it is. Notes that explain nothing are not sent, and the report says so.

mod admit;
mod judge;
#[cfg(test)]
pub(crate) mod tests;

use std::{collections::BTreeSet, sync::Arc};

use granary_core::{
    catalogue::Catalogue,
    code::{EditId, IndicatorCode, ItemKey},
    decimal::Decimal,
    digest::Digest,
    edits::EditKind,
    ledger::{
        Consequence,
        assess::{Figures, assess},
        consequences,
    },
    snapshot::{Explanation, SlotKey, SnapshotError},
    text::Bilingual,
};
use jiff::civil::Date;

use self::{
    admit::admit,
    judge::{Bench, own_explanations},
};
use crate::{
    draft::{Draft, Made, Told},
    history::{AsOf, Origin, Past},
    intake::{Fault, Faults, Place, say},
};

/// A draft that the city will accept.
#[derive(Clone, Debug)]
pub struct Preflighted {
    draft: Draft,
    explanations: Vec<Explanation>,
    judgement: Judgement,
    catalogue_version: Digest,
    digest: Digest,
}

/// What the edits say about a draft.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// The failed edits: those of the record, then those that look at the unit's other records.
    pub findings: Vec<Finding>,
    /// Notes that explain nothing.
    pub unused: Vec<Told>,
    /// Edits that look at records that are not known here.
    pub unjudged: Vec<Unjudged>,
    /// The unit's other records that the draft makes fail.
    pub consequences: Vec<Consequence>,
    /// Whether an edit looks at other records of the unit, or other records look at this one.
    pub is_related: bool,
    /// As of when the city's records were known; `None` where they never were.
    pub as_of: Option<AsOf>,
}

/// An edit that only the city can judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// The edit.
    pub edit: EditId,
    /// What is said when it does not hold.
    pub message: Bilingual,
    /// The records that it looks at and that are not known here.
    pub hidden: BTreeSet<SlotKey>,
    /// Whether an explanation goes along, in case that it fails.
    pub is_explained: bool,
}

/// Why a draft is not sent.
#[derive(Clone, Debug)]
pub enum Stopped {
    /// A validity edit fails; the figures must be corrected.
    Returned {
        /// What was read.
        draft: Box<Draft>,
        /// The failed edits of both kinds.
        judgement: Box<Judgement>,
    },
    /// The city would not admit it.
    Refused {
        /// What was read.
        draft: Box<Draft>,
        /// All reasons.
        faults: Vec<Fault>,
    },
}

/// A failed edit and the figures that it looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The edit.
    pub edit: EditId,
    /// Whether it must hold or may be explained.
    pub kind: EditKind,
    /// The item, in an itemised dataset.
    pub item: Option<ItemKey>,
    /// Both sides, where there are two.
    pub figures: Figures,
    /// What to tell people, with the figures filled in.
    pub message: Bilingual,
    /// The unit's explanation, if there is one.
    pub explanation: Option<String>,
    /// Whether it looks at other records of the unit.
    pub is_beyond: bool,
    /// The operands.
    pub operands: Vec<Operand>,
    /// Which figures are most likely wrong; empty where that is not known.
    pub suspicion: Bilingual,
}

/// A figure that an edit looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operand {
    /// The indicator.
    pub indicator: IndicatorCode,
    /// Its name.
    pub name: Bilingual,
    /// Its value; `None` where none is stated.
    pub value: Option<Decimal>,
    /// Where it stands; `None` where it is not in the file.
    pub place: Option<Place>,
    /// The other record that it stands in; `None` where it is the draft's own.
    pub elsewhere: Option<Elsewhere>,
}

/// Another record of the unit, as a finding tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// Whose figure it is.
    pub slot: SlotKey,
    /// The dataset's name, where it is another than the draft's.
    pub dataset: Option<Bilingual>,
    /// The revision; `None` where there is no record.
    pub revision: Option<u32>,
    /// Where the record comes from.
    pub origin: Option<Origin>,
}

/// The exact bytes that will be signed. Made by [`Preflighted::seal`] alone, or read back from where the inbox kept them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    slot: SlotKey,
    revision: u32,
    payload: Vec<u8>,
    payload_sha256: Digest,
}

/// Checks a draft as the city will. `past` is what is known of the unit's other records, `today` the date at the dataset's deadline zone.
///
/// # Errors
/// [`Stopped`]: returned or refused.
pub fn preflight(
    draft: Draft,
    catalogue: &Catalogue,
    past: &Past,
    today: Date,
) -> Result<Preflighted, Stopped> {
    let mut faults = Faults::default();
    let dataset = admit(&draft, catalogue, today, &mut faults);
    let own = own_explanations(&draft, &mut faults);
    let Some(dataset) = dataset.filter(|_| faults.is_empty()) else {
        return Err(Stopped::Refused {
            draft: Box::new(draft),
            faults: faults.finish(),
        });
    };
    let bench = Bench {
        draft: &draft,
        catalogue,
        dataset,
        past,
    };
    let (judgement, explanations, returned) = judge(&bench, own);
    if returned {
        return Err(Stopped::Returned {
            draft: Box::new(draft),
            judgement: Box::new(judgement),
        });
    }
    match draft.digest(&explanations) {
        Ok(digest) => Ok(Preflighted {
            draft,
            explanations,
            judgement,
            catalogue_version: catalogue.version(),
            digest,
        }),
        Err(error) => Err(Stopped::Refused {
            draft: Box::new(draft),
            faults: vec![beyond_limits(&error)],
        }),
    }
}

/// What the edits say, the explanations that go along, and whether a validity edit fails.
fn judge(bench: &Bench<'_>, own: Vec<Explanation>) -> (Judgement, Vec<Explanation>, bool) {
    let Bench {
        draft,
        catalogue,
        past,
        ..
    } = *bench;
    let made = Made {
        catalogue_version: catalogue.version(),
        ..Made::default()
    };
    let first = draft.snapshot(made, &own);
    let beyond = bench.beyond(&first);
    let failures = assess(catalogue, &first).failures;
    let (explanations, unused) = bench.explain(own, &failures, &beyond);
    let snapshot = Arc::new(draft.snapshot(made, &explanations));
    let assessment = assess(catalogue, &snapshot);
    // What is returned does not become current, so nothing follows from it.
    let made = match assessment.returned {
        true => Vec::new(),
        false => consequences(catalogue, &snapshot, &|slot: &SlotKey| past.known(slot)),
    };
    let slot = draft.slot();
    let judgement = Judgement {
        findings: bench.findings(&snapshot, &assessment.failures, &beyond),
        unused,
        unjudged: bench.unjudged(&beyond, &explanations),
        // A record in the same file is judged by itself.
        consequences: made
            .into_iter()
            .filter(|one| !past.is_in_file(&one.record))
            .collect(),
        is_related: !catalogue.looked_at(slot).is_empty() || !catalogue.looking_at(slot).is_empty(),
        as_of: past.as_of(),
    };
    (judgement, explanations, assessment.returned)
}

impl Preflighted {
    /// What was read.
    #[must_use]
    pub const fn draft(&self) -> &Draft {
        &self.draft
    }

    /// What the edits say.
    #[must_use]
    pub const fn judgement(&self) -> &Judgement {
        &self.judgement
    }

    /// Quality edits that fail, explained or not.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.judgement.findings
    }

    /// Notes that explain nothing.
    #[must_use]
    pub fn unused(&self) -> &[Told] {
        &self.judgement.unused
    }

    /// The name of the content, whenever and however it is handed in.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Makes the bytes that will be signed.
    ///
    /// # Errors
    /// [`SnapshotError`] where they would break a limit.
    pub fn seal(
        &self,
        revision: u32,
        prepared_at_ms: i64,
        software: &str,
    ) -> Result<Outgoing, SnapshotError> {
        let made = Made {
            revision,
            prepared_at_ms,
            catalogue_version: self.catalogue_version,
            software,
        };
        let payload = self.draft.snapshot(made, &self.explanations).encode()?;
        Ok(Outgoing::kept(self.draft.slot().clone(), revision, payload))
    }
}

impl Outgoing {
    /// What was sealed before and kept.
    pub(crate) fn kept(slot: SlotKey, revision: u32, payload: Vec<u8>) -> Self {
        let payload_sha256 = Digest::of(&payload);
        Self {
            slot,
            revision,
            payload,
            payload_sha256,
        }
    }

    /// Whose statement it is.
    #[must_use]
    pub const fn slot(&self) -> &SlotKey {
        &self.slot
    }

    /// The revision in it.
    #[must_use]
    pub const fn revision(&self) -> u32 {
        self.revision
    }

    /// The bytes to sign, of type [`granary_core::snapshot::PAYLOAD_TYPE`].
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The name by which its answer comes back.
    #[must_use]
    pub const fn payload_sha256(&self) -> Digest {
        self.payload_sha256
    }
}

fn beyond_limits(error: &SnapshotError) -> Fault {
    Fault::of_file(
        say!(
            "内容超过一次报送的上限（{error}）",
            "the content is beyond the limits of one snapshot ({error})"
        ),
        say!(
            "减少明细项或说明的长度",
            "use fewer items or shorter explanations"
        ),
    )
}
