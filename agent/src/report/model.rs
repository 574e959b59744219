//! The facts of a report, as they are stored in `NAME.report.json`.
//!
//! Numbers that are figures are texts, because a JSON number is a float to most readers. Times are milliseconds since
//! 1970-01-01 UTC.

use granary_core::{
    catalogue::Catalogue,
    edits::EditKind,
    ledger::assess::Figures,
    text::{Bilingual, Language},
};
use serde::{Deserialize, Serialize};

use super::answer::{Answer, AnswerFinding};
use crate::{
    draft::{Draft, Told},
    intake::{Fault, Place, PlaceWire},
    preflight::{Finding, Operand},
};

/// How it stands with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The preflight finds nothing that would stop it; nothing was sent.
    Ready,
    /// Signed and in the spool; the city's answer is awaited.
    Sent,
    /// The same was handed in before and stands; nothing was sent.
    Repeated,
    /// The city has it and accepts it.
    Accepted,
    /// A validity edit fails.
    Returned,
    /// It cannot be read or admitted.
    Refused,
}

/// Everything about one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The name under which it was handed in.
    pub file: String,
    /// The SHA-256 of its bytes, where it could be read.
    pub sha256: Option<String>,
    /// How it stands.
    pub outcome: Outcome,
    /// When the report was written, by this machine's clock.
    pub written_at_ms: i64,
    /// What it states, by dataset and period.
    pub statements: Vec<StatementReport>,
    /// Why it cannot be read or admitted.
    pub faults: Vec<FaultReport>,
}

/// One statement in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementReport {
    /// The unit.
    pub unit: Named,
    /// The dataset.
    pub dataset: Named,
    /// The period.
    pub period: String,
    /// The revision that was sent.
    pub revision: Option<u32>,
    /// How many figures have a value.
    pub values: usize,
    /// How many are stated to be absent.
    pub absent: usize,
    /// Failed edits, as the preflight found them.
    pub findings: Vec<FindingReport>,
    /// How something was understood.
    pub told: Vec<ToldReport>,
    /// The name of what was signed.
    pub payload_sha256: Option<String>,
    /// The statement that says the same and stands already.
    pub earlier: Option<Earlier>,
    /// What the city said.
    pub answer: Option<AnswerReport>,
}

/// A code with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The code.
    pub code: String,
    /// The name.
    pub name: Words,
}

/// A sentence in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultReport {
    /// Where, for programs.
    pub at: PlaceWire,
    /// Where, in words.
    pub place: Words,
    /// What is wrong.
    pub problem: Words,
    /// What to do.
    pub remedy: Words,
}

/// How something was understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldReport {
    /// Where, in words.
    pub place: Words,
    /// How.
    pub text: Words,
}

/// A failed edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingReport {
    /// The edit.
    pub edit: String,
    /// Whether it must hold; otherwise it may be explained.
    pub validity: bool,
    /// The item.
    pub item: Option<String>,
    /// What is wrong, with figures.
    pub message: Words,
    /// Both sides.
    pub figures: FiguresReport,
    /// The figures that it looks at.
    pub operands: Vec<OperandReport>,
    /// The unit's explanation.
    pub explanation: Option<String>,
    /// Which figures are most likely wrong; empty where that is not known.
    #[serde(default)]
    pub suspicion: Words,
}

/// The two sides of a failed edit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiguresReport {
    /// Left.
    pub left: Option<String>,
    /// Right.
    pub right: Option<String>,
    /// Left minus right.
    pub imbalance: Option<String>,
}

/// A figure that a failed edit looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperandReport {
    /// The indicator.
    pub indicator: Named,
    /// Its value.
    pub value: Option<String>,
    /// Where, for programs.
    pub at: Option<PlaceWire>,
    /// Where, in words.
    pub place: Words,
}

/// The statement that stands already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// Its revision.
    pub revision: u32,
    /// When it was handed in, by this machine's clock.
    pub prepared_at_ms: i64,
    /// The name of the file then.
    pub file: String,
    /// Whether the city has accepted it.
    pub accepted: bool,
}

/// What the city said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerReport {
    /// Accepted, returned or refused.
    pub outcome: Outcome,
    /// The code of a refusal.
    pub code: Option<String>,
    /// The sentence of a refusal.
    pub message: Words,
    /// The place in the city's journal.
    pub index: Option<u64>,
    /// By the city's clock.
    pub received_at_ms: Option<i64>,
    /// Origin, size and root hash.
    pub checkpoint: Vec<String>,
    /// Where the receipt is stored.
    pub receipt_file: Option<String>,
    /// The edits that fail.
    pub findings: Vec<FindingReport>,
}

impl Report {
    /// A report on a file of which nothing is known yet.
    #[must_use]
    pub fn new(file: &str, outcome: Outcome, written_at_ms: i64) -> Self {
        Self {
            file: file.to_owned(),
            sha256: None,
            outcome,
            written_at_ms,
            statements: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// The bytes of `NAME.report.json`.
    #[must_use]
    pub fn to_json(&self) -> String {
        // A report holds texts, numbers and lists only, which always serialise.
        let mut json = serde_json::to_string_pretty(self).unwrap_or_default();
        json.push('\n');
        json
    }

    /// The worst of the answers: a file stands or falls as one. `None` while one is awaited.
    #[must_use]
    pub fn settled(&self) -> Option<Outcome> {
        let mut worst = Outcome::Accepted;
        for statement in self
            .statements
            .iter()
            .filter(|s| s.payload_sha256.is_some())
        {
            worst = worst.max(statement.answer.as_ref()?.outcome);
        }
        Some(worst)
    }
}

impl StatementReport {
    /// What was read, before any answer.
    #[must_use]
    pub fn of(draft: &Draft, findings: &[Finding], unused: &[Told], catalogue: &Catalogue) -> Self {
        let slot = draft.slot();
        let values = draft.values();
        Self {
            unit: Named::new(&slot.unit, catalogue.unit(&slot.unit).map(|u| u.name())),
            dataset: Named::new(
                &slot.dataset,
                catalogue.dataset(&slot.dataset).map(|d| d.name()),
            ),
            period: slot.period.to_string(),
            revision: None,
            values,
            absent: draft.cells().len() - values,
            findings: findings.iter().map(FindingReport::of).collect(),
            told: draft
                .told()
                .iter()
                .chain(unused)
                .map(ToldReport::of)
                .collect(),
            payload_sha256: None,
            earlier: None,
            answer: None,
        }
    }
}

impl Named {
    fn new(code: impl ToString, name: Option<&Bilingual>) -> Self {
        let code = code.to_string();
        let name = name.map_or_else(
            || Words {
                zh: code.clone(),
                en: code.clone(),
            },
            Words::of,
        );
        Self { code, name }
    }
}

impl Words {
    /// The two forms of a sentence.
    #[must_use]
    pub fn of(text: &Bilingual) -> Self {
        Self {
            zh: text.zh.clone(),
            en: text.en.clone(),
        }
    }

    /// The form for a language.
    #[must_use]
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }
}

impl FaultReport {
    /// A fault as it is stored.
    #[must_use]
    pub fn of(fault: &Fault) -> Self {
        Self {
            at: PlaceWire::from(&fault.place),
            place: Words::of(&fault.place.words()),
            problem: Words::of(&fault.problem),
            remedy: Words::of(&fault.remedy),
        }
    }
}

impl ToldReport {
    fn of(told: &Told) -> Self {
        Self {
            place: Words::of(&told.place.words()),
            text: Words::of(&told.text),
        }
    }
}

impl FindingReport {
    /// A finding of the preflight.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        Self {
            edit: finding.edit.to_string(),
            validity: finding.kind == EditKind::Validity,
            item: finding.item.as_ref().map(ToString::to_string),
            message: Words::of(&finding.message),
            figures: FiguresReport::of(&finding.figures),
            operands: finding.operands.iter().map(OperandReport::of).collect(),
            explanation: finding.explanation.clone(),
            suspicion: Words::of(&finding.suspicion),
        }
    }

    /// A finding of the city.
    #[must_use]
    pub fn of_answer(finding: &AnswerFinding) -> Self {
        Self {
            edit: finding.edit.to_string(),
            validity: finding.kind == EditKind::Validity,
            item: finding.item.as_ref().map(ToString::to_string),
            message: Words::of(&finding.message),
            figures: FiguresReport::of(&finding.figures),
            operands: Vec::new(),
            explanation: finding.explanation.clone(),
            suspicion: Words::default(),
        }
    }
}

impl FiguresReport {
    fn of(figures: &Figures) -> Self {
        Self {
            left: figures.left.map(|d| d.to_string()),
            right: figures.right.map(|d| d.to_string()),
            imbalance: figures.imbalance.map(|d| d.to_string()),
        }
    }
}

impl OperandReport {
    fn of(operand: &Operand) -> Self {
        let place = operand.place.as_ref();
        Self {
            indicator: Named::new(&operand.indicator, Some(&operand.name)),
            value: operand.value.map(|d| d.to_string()),
            at: place.map(PlaceWire::from),
            place: place
                .map(Place::words)
                .map(|w| Words::of(&w))
                .unwrap_or_default(),
        }
    }
}

impl AnswerReport {
    /// The city's answer as it is stored.
    #[must_use]
    pub fn of(answer: &Answer) -> Self {
        let (outcome, receipt, findings) = match answer {
            Answer::Accepted { receipt, findings } => {
                (Outcome::Accepted, Some(receipt), &findings[..])
            }
            Answer::Returned { receipt, findings } => {
                (Outcome::Returned, Some(receipt), &findings[..])
            }
            Answer::Refused { .. } => (Outcome::Refused, None, &[][..]),
        };
        let (code, message) = match answer {
            Answer::Refused { code, message } => (Some(code.clone()), Words::of(message)),
            Answer::Accepted { .. } | Answer::Returned { .. } => (None, Words::default()),
        };
        Self {
            outcome,
            code,
            message,
            index: receipt.map(|r| r.index),
            received_at_ms: receipt.map(|r| r.received_at_ms),
            checkpoint: receipt.map(|r| r.checkpoint.clone()).unwrap_or_default(),
            receipt_file: receipt.map(|r| r.file.clone()),
            findings: findings.iter().map(FindingReport::of_answer).collect(),
        }
    }
}
