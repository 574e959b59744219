//! What comes back from the city about one statement, as the rest of the agent hands it over.

use granary_core::{
    code::{EditId, ItemKey},
    edits::EditKind,
    ledger::assess::Figures,
    text::Bilingual,
};

/// The city's answer for one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is journaled and it was accepted.
    Accepted {
        /// The proof.
        receipt: ReceiptFacts,
        /// Quality edits that fail, roll-ups too.
        findings: Vec<AnswerFinding>,
    },
    /// It is journaled, but a validity edit failed.
    Returned {
        /// The proof.
        receipt: ReceiptFacts,
        /// The edits that fail.
        findings: Vec<AnswerFinding>,
    },
    /// It was not admitted, and sending the same bytes again will not change that.
    Refused {
        /// The refusal's code as a word, for instance `PERIOD_FUTURE`.
        code: String,
        /// The city's sentence.
        message: Bilingual,
    },
}

/// What a clerk needs to know of a verified receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptFacts {
    /// The place in the city's journal, from 0.
    pub index: u64,
    /// By the city's clock, in milliseconds since 1970-01-01 UTC.
    pub received_at_ms: i64,
    /// The checkpoint's lines: origin, size of the tree, root hash.
    pub checkpoint: Vec<String>,
    /// Where the receipt is stored.
    pub file: String,
}

/// A failed edit as the city tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerFinding {
    /// The edit.
    pub edit: EditId,
    /// Whether it must hold or may be explained.
    pub kind: EditKind,
    /// The item, in an itemised dataset.
    pub item: Option<ItemKey>,
    /// Both sides, where there are two.
    pub figures: Figures,
    /// What to tell people.
    pub message: Bilingual,
    /// The explanation that the snapshot carried.
    pub explanation: Option<String>,
}
