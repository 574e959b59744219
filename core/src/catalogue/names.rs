//! The kinds of things that a catalogue declares, and the codes declared so far: duplicates and dangling references.

use std::{collections::BTreeMap, fmt, str::FromStr};

use crate::{
    code::{DatasetCode, EditId, IndicatorCode, UnitCode},
    period::Period,
};

use super::{
    fault::{Faults, say},
    source::{At, Place, Source},
    words::{ComponentCode, DepartmentCode, LevelCode, MeasureCode, ScorecardCode},
};

/// What a top-level table of a catalogue file declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Catalogue,
    Level,
    Department,
    Measure,
    Unit,
    Indicator,
    Dataset,
    Roster,
    Edit,
    Detector,
    Scorecard,
    Target,
}

impl Kind {
    pub(super) const ALL: [Self; 12] = [
        Self::Catalogue,
        Self::Level,
        Self::Department,
        Self::Measure,
        Self::Unit,
        Self::Indicator,
        Self::Dataset,
        Self::Roster,
        Self::Edit,
        Self::Detector,
        Self::Scorecard,
        Self::Target,
    ];

    /// The table's key in TOML.
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Catalogue => "catalogue",
            Self::Level => "level",
            Self::Department => "department",
            Self::Measure => "unit_of_measure",
            Self::Unit => "unit",
            Self::Indicator => "indicator",
            Self::Dataset => "dataset",
            Self::Roster => "roster",
            Self::Edit => "edit",
            Self::Detector => "detector",
            Self::Scorecard => "scorecard",
            Self::Target => "target",
        }
    }

    pub(super) fn from_table(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.table() == key)
    }

    /// The header under which a record of this kind stands.
    pub(super) fn header(self) -> String {
        match self {
            Self::Catalogue => "[catalogue]".to_owned(),
            Self::Level
            | Self::Department
            | Self::Measure
            | Self::Unit
            | Self::Indicator
            | Self::Dataset
            | Self::Roster
            | Self::Edit
            | Self::Detector
            | Self::Scorecard
            | Self::Target => format!("[[{}]]", self.table()),
        }
    }
}

/// A type that is written as a text of a fixed form.
pub(super) trait Lexical: FromStr {
    /// What it is called, in Chinese and English.
    const NOUN: (&'static str, &'static str);
    /// How to write it, in Chinese and English.
    const RULE: (&'static str, &'static str);
}

macro_rules! lexical {
    ($($name:ty, $noun:expr, $rule:expr;)*) => {
        $(impl Lexical for $name {
            const NOUN: (&'static str, &'static str) = $noun;
            const RULE: (&'static str, &'static str) = $rule;
        })*
    };
}

const WORD_RULE: (&str, &str) = (
    "写 1 至 32 个字母、数字或 . _ -",
    "write 1 to 32 letters, digits, '.', '_' or '-'",
);

lexical! {
    UnitCode, ("填报单位代码", "unit code"), WORD_RULE;
    LevelCode, ("层级代码", "level"), WORD_RULE;
    DepartmentCode, ("部门代码", "department code"), WORD_RULE;
    MeasureCode, ("计量单位代码", "unit of measure"), WORD_RULE;
    ScorecardCode, ("考核表代码", "scorecard code"), WORD_RULE;
    ComponentCode, ("评分项代码", "component code"), WORD_RULE;
    IndicatorCode, ("指标代码", "indicator code"), (
        "以小写字母开头，至多 48 个小写字母、数字或 _",
        "write a lower-case letter, then up to 47 lower-case letters, digits or '_'"
    );
    DatasetCode, ("报表代码", "dataset code"), (
        "以小写字母开头，至多 48 个小写字母、数字或 -",
        "write a lower-case letter, then up to 47 lower-case letters, digits or '-'"
    );
    EditId, ("审核关系编号", "edit id"), (
        "以大写字母开头，至多 48 个大写字母、数字或 . _ -",
        "write an upper-case letter, then up to 47 upper-case letters, digits, '.', '_' or '-'"
    );
    Period, ("报告期", "period"), (
        "写成 2021-A1、2021-S1、2021-Q1、2021-M03 或 2021-03-31",
        "write 2021-A1, 2021-S1, 2021-Q1, 2021-M03 or 2021-03-31"
    );
}

/// The codes of one kind, each with the place that declares it.
pub(super) struct Names<'a, C> {
    kind: Kind,
    places: BTreeMap<C, Place<'a>>,
    /// Whether a torn file may have declared more.
    torn: bool,
}

impl<'a, C: Lexical + Ord + Clone + fmt::Display> Names<'a, C> {
    pub(super) fn new(kind: Kind, sources: &[Source<'_>]) -> Self {
        Self {
            kind,
            places: BTreeMap::new(),
            torn: sources.iter().any(|s| s.torn_kinds.contains(&kind)),
        }
    }

    /// Adds a code; false, and a fault, where it is there already.
    pub(super) fn declare(&mut self, code: &At<'a, C>, faults: &Faults) -> bool {
        let Some(first) = self.places.get(&code.value) else {
            self.places.insert(code.value.clone(), code.place);
            return true;
        };
        let (zh, en) = C::NOUN;
        let (text, first) = (&code.value, first.short());
        faults.report(
            code.place,
            say!("{zh} {text} 重复", "{en} {text} is declared twice"),
            say!(
                "已在 {first} 声明，删去一处",
                "it is declared at {first} already; remove one"
            ),
        );
        false
    }

    pub(super) fn contains(&self, code: &C) -> bool {
        self.places.contains_key(code)
    }

    /// The codes declared, ascending.
    pub(super) fn codes(&self) -> impl Iterator<Item = &C> {
        self.places.keys()
    }

    /// Whether a torn file may have declared more codes.
    pub(super) const fn is_torn(&self) -> bool {
        self.torn
    }

    /// Whether a reference leads to a declared code; reports it where it does not.
    pub(super) fn resolve(&self, code: &At<'a, C>, faults: &Faults) -> bool {
        let found = self.contains(&code.value);
        if !found && !self.torn && faults.is_listing() {
            let (zh, en) = C::NOUN;
            let (text, header) = (&code.value, self.kind.header());
            let known: Vec<String> = self.places.keys().map(C::to_string).collect();
            let hint = did_you_mean(&text.to_string(), known.iter().map(String::as_str));
            faults.report(
                code.place,
                say!("没有{zh} {text}", "there is no {en} {text}"),
                hint.unwrap_or_else(|| {
                    say!(
                        "用 {header} 声明，或改正代码",
                        "declare it by {header}, or correct the code"
                    )
                }),
            );
        }
        found
    }
}

/// "did you mean x?", where one of `known` is near to `word`.
pub(super) fn did_you_mean<'k>(
    word: &str,
    known: impl Iterator<Item = &'k str>,
) -> Option<crate::text::Bilingual> {
    let near = nearest(word, known)?;
    Some(say!("是否应为 {near}？", "did you mean {near}?"))
}

/// The nearest of `known` by edit distance, if it is off by at most one character in three; the first among equals.
fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let length = word.chars().take(64).count();
    let limit = length.div_ceil(3).max(1);
    let near = known.filter(|other| other.chars().count().abs_diff(length) <= limit);
    near.map(|other| (crate::text::edit_distance(word, other), other))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= limit)
        .map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near_enough() {
        let known = ["indicator", "unit", "unit_of_measure"];
        let check = |word, expect| assert_eq!(nearest(word, known.into_iter()), expect);
        check("indicators", Some("indicator"));
        check("units", Some("unit"));
        check("unt", Some("unit"));
        check("roster", None);
        check("", None);
    }
}
