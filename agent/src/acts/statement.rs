//! A statement as a file that the intake reads back to the same content: the long shape, with its papers in lines above.
//!
//! ```text
//! # 报表: quarterly-accounts
//! # 报告期: 2021-Q3
//! # 填报单位: 520100
//! # 填表人: …
//! # 佐证: ledger.pdf
//! # 说明 GDP.FALLS: why
//! 报表,报告期,指标,指标名称,明细项,数值,状态
//! quarterly-accounts,2021-Q3,gdp,地区生产总值,,3102.44,
//! ```
//! Every field is quoted as CSV asks for it. A line of papers is one field, whatever it holds, so that no separator and no quotation mark in
//! it can be taken for structure. The status of a normal value is left blank.

use granary_core::{
    catalogue::{Catalogue, Dataset},
    ledger::assess::{MISSING, REQUIRED},
    snapshot::{
        Evidence, Explanation, Observation, ObservationStatus, SignOff, SignOffRole, SlotKey,
        Snapshot,
    },
    text::Language,
};

use super::{REVISED, one_line};
use crate::draft::Draft;

/// What a file of one or several slots says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// The figures of each slot.
    pub parts: Vec<(SlotKey, Vec<Observation>)>,
    /// Who answers for them.
    pub sign_offs: Vec<SignOff>,
    /// The files that prove them.
    pub evidence: Vec<Evidence>,
    /// Why unusual figures are as they are.
    pub explanations: Vec<Explanation>,
}

impl Statement {
    /// What a snapshot says. Explanations of edits that the catalogue no longer has are left out, because nobody asks for them any more;
    /// the reason of an earlier revision is not that of the next.
    #[must_use]
    pub fn of(snapshot: &Snapshot, catalogue: &Catalogue) -> Self {
        let edits = catalogue
            .dataset(&snapshot.slot.dataset)
            .map_or(&[][..], Dataset::edits);
        let is_asked = |explanation: &&Explanation| {
            let id = explanation.edit.as_str();
            let is_built_in = [REQUIRED, MISSING].contains(&id);
            id != REVISED
                && (is_built_in || edits.iter().any(|edit| *edit.id() == explanation.edit))
        };
        Self {
            parts: vec![(snapshot.slot.clone(), snapshot.observations.clone())],
            sign_offs: snapshot.sign_offs.clone(),
            evidence: snapshot.evidence.clone(),
            explanations: snapshot
                .explanations
                .iter()
                .filter(is_asked)
                .cloned()
                .collect(),
        }
    }

    /// What drafts of one file say together, without notes beside figures: those belong to the words of the file that they stand in.
    #[must_use]
    pub fn of_drafts<'a>(drafts: impl Iterator<Item = &'a Draft>) -> Self {
        let mut statement = Self::default();
        for draft in drafts {
            let cells = draft.cells().iter().map(|cell| cell.observation.clone());
            statement
                .parts
                .push((draft.slot().clone(), cells.collect()));
            let papers = draft.papers();
            statement.sign_offs.clone_from(&papers.sign_offs);
            statement.evidence.clone_from(&papers.evidence);
            for (explanation, _) in &papers.explanations {
                if !statement.explanations.contains(explanation) {
                    statement.explanations.push(explanation.clone());
                }
            }
        }
        statement
    }

    /// Puts an explanation in, in the place of an earlier one for the same.
    pub fn explain(&mut self, explanation: Explanation) {
        self.explanations
            .retain(|e| (&e.edit, &e.item) != (&explanation.edit, &explanation.item));
        self.explanations.push(explanation);
    }

    /// The file's bytes, UTF-8 with a byte order mark, so that office programs read the Chinese in it.
    #[must_use]
    pub fn to_csv(&self, catalogue: &Catalogue, language: Language) -> Vec<u8> {
        let mut bytes = "\u{feff}".as_bytes().to_vec();
        let zh = language == Language::Zh;
        let pick =
            |chinese: &'static str, english: &'static str| if zh { chinese } else { english };
        let mut line = |word: &str, value: &str| bytes.extend(paper(word, value).as_bytes());
        if let [(slot, _)] = &self.parts[..] {
            line(pick("报表", "dataset"), slot.dataset.as_str());
            line(pick("报告期", "period"), &slot.period.to_string());
            line(pick("填报单位", "unit"), slot.unit.as_str());
        }
        for sign_off in &self.sign_offs {
            line(role_word(sign_off.role, language), &sign_off.name);
        }
        for evidence in &self.evidence {
            line(evidence_word(language), &evidence.name);
        }
        for explanation in &self.explanations {
            line(&explain_word(explanation, language), &explanation.text);
        }
        let mut writer = csv::WriterBuilder::new().from_writer(&mut bytes);
        let headings = [
            pick("报表", "dataset"),
            pick("报告期", "period"),
            pick("指标", "indicator"),
            pick("指标名称", "indicator name"),
            pick("明细项", "item"),
            pick("数值", "value"),
            pick("状态", "status"),
        ];
        // Writing into memory does not fail.
        let _ = writer.write_record(headings);
        for (slot, observations) in &self.parts {
            for one in observations {
                let _ = writer.write_record(row(slot, one, catalogue, language));
            }
        }
        drop(writer);
        bytes
    }
}

/// A line of papers as one field: `# 说明 GDP.FALLS: why`.
#[must_use]
pub(super) fn paper(word: &str, value: &str) -> String {
    let text = format!("# {word}: {}", one_line(value)).replace('"', "\"\"");
    format!("\"{text}\"\r\n")
}

/// The word of a line that names a file of evidence.
#[must_use]
pub(super) const fn evidence_word(language: Language) -> &'static str {
    match language {
        Language::Zh => "佐证",
        Language::En => "evidence",
    }
}

/// The word of a line that explains.
#[must_use]
pub(super) fn explain_word(explanation: &Explanation, language: Language) -> String {
    let word = match language {
        Language::Zh => "说明",
        Language::En => "explain",
    };
    let edit = &explanation.edit;
    match &explanation.item {
        Some(item) => format!("{word} {edit} [{item}]"),
        None => format!("{word} {edit}"),
    }
}

/// The word of a line that signs off, as the intake knows it.
#[must_use]
pub const fn role_word(role: SignOffRole, language: Language) -> &'static str {
    match (role, language) {
        (SignOffRole::Preparer, Language::Zh) => "填表人",
        (SignOffRole::Preparer, Language::En) => "preparer",
        (SignOffRole::StatisticsHead, Language::Zh) => "统计负责人",
        (SignOffRole::StatisticsHead, Language::En) => "statistics_head",
        (SignOffRole::UnitHead, Language::Zh) => "单位负责人",
        (SignOffRole::UnitHead, Language::En) => "unit_head",
    }
}

fn row(
    slot: &SlotKey,
    one: &Observation,
    catalogue: &Catalogue,
    language: Language,
) -> [String; 7] {
    let name = catalogue.indicator(&one.indicator);
    let name = name.map_or(String::new(), |i| i.name().get(language).to_owned());
    let status = if one.status == ObservationStatus::Normal {
        String::new()
    } else {
        one.status.letter().to_string()
    };
    [
        slot.dataset.to_string(),
        slot.period.to_string(),
        one.indicator.to_string(),
        name,
        one.item.as_ref().map_or(String::new(), ToString::to_string),
        one.value.map_or(String::new(), |value| value.to_string()),
        status,
    ]
}
