//! The facts of a report, as they are stored in `NAME.report.json`.
//!
//! Numbers that are figures are texts, because a JSON number is a float to most readers. Times are milliseconds since
//! 1970-01-01 UTC.

use granary_core::{
    catalogue::Catalogue,
    edits::EditKind,
    ledger::{Consequence, assess::Figures},
    text::{Bilingual, Language},
};
use serde::{Deserialize, Serialize};

use super::answer::{Answer, AnswerFinding};
use crate::{
    draft::{Draft, Told},
    history::{AsOf, Origin},
    intake::{Fault, Place, PlaceWire, say},
    preflight::{Elsewhere, Finding, Judgement, Operand, Unjudged},
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
    /// Why it is kept here and not sent, and what to do; only while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_back: Option<Words>,
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
    /// What was known of the unit's other records, where edits look at them.
    #[serde(default)]
    pub history: Option<HistoryReport>,
    /// Edits that the city will judge, because figures that they look at are not known here.
    #[serde(default)]
    pub unjudged: Vec<UnjudgedReport>,
    /// Other records of the unit that this statement makes fail.
    #[serde(default)]
    pub consequences: Vec<ConsequenceReport>,
    /// How something was understood.
    pub told: Vec<ToldReport>,
    /// The name of what was signed.
    pub payload_sha256: Option<String>,
    /// Who still had to sign it when this agent had; it waited in `waiting/` then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still_to_sign: Option<Words>,
    /// The statement that says the same and stands already.
    pub earlier: Option<Earlier>,
    /// What the city said.
    pub answer: Option<AnswerReport>,
}

/// As of when the unit's other records were known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryReport {
    /// By the city's clock; `None` where they never were.
    pub city_time_ms: Option<i64>,
    /// Entries of the journal before this index were known.
    pub next_index: Option<u64>,
}

/// An edit that the city will judge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnjudgedReport {
    /// The edit.
    pub edit: String,
    /// What is said when it does not hold.
    pub message: Words,
    /// The records that it looks at and that are not known here, as `DATASET PERIOD`.
    pub hidden: Vec<String>,
    /// Whether an explanation goes along.
    pub explained: bool,
}

/// Another record that a statement makes fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsequenceReport {
    /// The dataset.
    pub dataset: Named,
    /// The period.
    pub period: String,
    /// Whether it failed before as well, on other figures.
    pub failed_before: bool,
    /// What it fails; the operands are not listed.
    pub finding: FindingReport,
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
    /// Whether it looks at other records of the unit.
    #[serde(default)]
    pub beyond: bool,
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
    /// The other record that it stands in.
    #[serde(default)]
    pub record: Option<RecordReport>,
}

/// Another record of the unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordReport {
    /// The dataset's code.
    pub dataset: String,
    /// The period.
    pub period: String,
    /// The revision; `None` where there is no record, or where it is in the same file.
    pub revision: Option<u32>,
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
            held_back: None,
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
    pub fn of(draft: &Draft, judgement: &Judgement, catalogue: &Catalogue) -> Self {
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
            findings: judgement.findings.iter().map(FindingReport::of).collect(),
            history: judgement
                .is_related
                .then(|| HistoryReport::of(judgement.as_of)),
            unjudged: judgement.unjudged.iter().map(UnjudgedReport::of).collect(),
            consequences: judgement
                .consequences
                .iter()
                .map(|one| ConsequenceReport::of(one, catalogue))
                .collect(),
            told: draft
                .told()
                .iter()
                .chain(&judgement.unused)
                .map(ToldReport::of)
                .collect(),
            payload_sha256: None,
            still_to_sign: None,
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

impl HistoryReport {
    fn of(as_of: Option<AsOf>) -> Self {
        Self {
            city_time_ms: as_of.map(|as_of| as_of.city_time_ms),
            next_index: as_of.map(|as_of| as_of.next_index),
        }
    }
}

impl UnjudgedReport {
    fn of(unjudged: &Unjudged) -> Self {
        let hidden = unjudged.hidden.iter();
        Self {
            edit: unjudged.edit.to_string(),
            message: Words::of(&unjudged.message),
            hidden: hidden
                .map(|slot| format!("{} {}", slot.dataset, slot.period))
                .collect(),
            explained: unjudged.is_explained,
        }
    }
}

impl ConsequenceReport {
    fn of(consequence: &Consequence, catalogue: &Catalogue) -> Self {
        let (record, failure) = (&consequence.record, &consequence.failure);
        let dataset = catalogue.dataset(&record.dataset);
        Self {
            dataset: Named::new(&record.dataset, dataset.map(|d| d.name())),
            period: record.period.to_string(),
            failed_before: consequence.failed_before,
            finding: FindingReport {
                edit: failure.edit.to_string(),
                validity: failure.kind == EditKind::Validity,
                item: failure.item.as_ref().map(ToString::to_string),
                beyond: true,
                message: Words::of(&failure.message),
                figures: FiguresReport::of(&failure.figures),
                operands: Vec::new(),
                explanation: failure.explanation.clone(),
                suspicion: Words::default(),
            },
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
            beyond: finding.is_beyond,
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
            beyond: false,
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
        let elsewhere = operand.elsewhere.as_ref();
        let words = place.map(Place::words).or(elsewhere.map(record_words));
        Self {
            indicator: Named::new(&operand.indicator, Some(&operand.name)),
            value: operand.value.map(|d| d.to_string()),
            at: place.map(PlaceWire::from),
            place: words.map(|w| Words::of(&w)).unwrap_or_default(),
            record: elsewhere.map(|record| RecordReport {
                dataset: record.slot.dataset.to_string(),
                period: record.slot.period.to_string(),
                revision: record
                    .revision
                    .filter(|_| record.origin != Some(Origin::File)),
            }),
        }
    }
}

/// Where a figure of another record stands.
fn record_words(record: &Elsewhere) -> Bilingual {
    let period = record.slot.period;
    let dataset = record.dataset.clone().unwrap_or_default();
    let (zh, en) = match dataset.en.is_empty() {
        true => (String::new(), String::new()),
        false => (format!("“{}”", dataset.zh), format!("{}, ", dataset.en)),
    };
    match (record.origin, record.revision) {
        (Some(Origin::City), Some(revision)) => say!(
            "{zh}{period} 第 {revision} 版",
            "{en}{period}, revision {revision}"
        ),
        (Some(Origin::Spool), Some(revision)) => say!(
            "{zh}{period} 第 {revision} 版（本机已报，市局数据待取）",
            "{en}{period}, revision {revision} (sent from here, not yet back from the city)"
        ),
        (Some(Origin::File), _) => say!(
            "{zh}{period}，在同一文件中",
            "{en}{period}, in the same file"
        ),
        (None | Some(Origin::City | Origin::Spool), _) => {
            say!("{zh}{period} 未报送", "{en}{period} is not reported")
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
