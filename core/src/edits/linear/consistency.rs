//! Edits that contradict each other, and edits that say nothing new.
//!
//! The questions are those of the R package `validatetools` (de Jonge and van der Loo): `detect_infeasible_rules` and
//! `is_contradicted_by`, `detect_redundancy` and `is_implied_by`. The answers are exact: a contradiction is an irreducible
//! set of edits that no complete record satisfies (without any one of them a record does, or at least none was excluded);
//! an edit is redundant where the others cannot hold while it fails.
//!
//! - All edits of a dataset are looked at together: first the validity edits alone, because they decide what is accepted,
//!   and then the quality edits in the light of all. So a validity edit is never called redundant for what quality edits say.
//! - Every operand is a free number: nothing is taken to be above zero unless an edit says so, and a figure of another period
//!   or unit is a number of its own.
//! - The tolerance counts, strict comparisons are strict, `<>` is two cases, `=` two inequalities. `rounding` counts as zero,
//!   since there are no printed digits yet; a conflict that rests on such an edit says so.
//! - Of edits that imply each other the later ones are called redundant.

use std::collections::BTreeMap;

use super::{
    super::{Edit, EditKind, Tolerance, checker::Slot},
    cases::{self, Answer, Item},
    form::{self, Reading},
    formula::Formula,
    set::Set,
};
use crate::{
    code::{DatasetCode, EditId},
    decimal::Decimal,
    text::Bilingual,
};

/// How bad a conflict is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The catalogue cannot be used like this.
    Error,
    /// Somebody should look at it.
    Warning,
    /// For information: what was not looked at.
    Note,
}

/// What is the matter between some edits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConflictKind {
    /// No complete record satisfies all of them; any one of them could be the wrong one.
    Contradiction,
    /// The first of them follows from the rest, or always holds where there is no rest.
    Redundancy,
    /// They are not linear, so nothing was found out about them.
    NotLinear,
    /// It was not found out, within the bounds on the work, whether the edit conflicts with the others.
    Open,
}

impl ConflictKind {
    /// How bad it is.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Contradiction => Severity::Error,
            Self::Redundancy => Severity::Warning,
            Self::NotLinear | Self::Open => Severity::Note,
        }
    }
}

/// A conflict between edits of one dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What is the matter.
    pub kind: ConflictKind,
    /// The dataset of the edits.
    pub dataset: DatasetCode,
    /// The culprits, in the order of the catalogue; of a redundancy, the redundant one first.
    pub edits: Vec<EditId>,
    /// What is wrong.
    pub message: Bilingual,
    /// What to do about it.
    pub remedy: Bilingual,
}

impl Conflict {
    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.kind.severity()
    }
}

/// Looks at all edits of each dataset together. Contradictions come first, then redundancies, then notes.
#[must_use]
pub fn examine(edits: &[&Edit]) -> Vec<Conflict> {
    let mut by_dataset: BTreeMap<&DatasetCode, Vec<&Edit>> = BTreeMap::new();
    for edit in edits {
        by_dataset.entry(edit.dataset()).or_default().push(edit);
    }
    let mut found: Vec<Conflict> = by_dataset
        .into_iter()
        .flat_map(|(dataset, edits)| Examination::new(dataset, &edits).run())
        .collect();
    found.sort_by_key(|conflict| conflict.kind);
    found
}

/// One linear edit and what it says.
struct Rule<'a> {
    edit: &'a Edit,
    statement: Formula,
    opposite: Formula,
}

struct Examination<'a> {
    dataset: &'a DatasetCode,
    rules: Vec<Rule<'a>>,
    found: Vec<Conflict>,
}

impl<'a> Examination<'a> {
    fn new(dataset: &'a DatasetCode, edits: &[&'a Edit]) -> Self {
        let (mut rules, mut not_linear) = (Vec::new(), Vec::new());
        let mut variables = Variables::default();
        // Beyond the room of a set nothing is looked at; no dataset has as many edits.
        for edit in edits {
            let statement = form::statement(edit, &mut |slot| variables.free(slot));
            match statement.filter(|_| rules.len() < Set::ROOM) {
                Some(statement) => rules.push(Rule {
                    edit,
                    opposite: statement.complement(),
                    statement,
                }),
                None => not_linear.push(edit.id().clone()),
            }
        }
        let mut examination = Self {
            dataset,
            rules,
            found: Vec::new(),
        };
        if !not_linear.is_empty() {
            examination.note(ConflictKind::NotLinear, not_linear);
        }
        examination
    }

    fn run(mut self) -> Vec<Conflict> {
        let of_kind = |kind: EditKind| {
            let rules = self.rules.iter().enumerate();
            let of_kind = rules.filter(move |(_, rule)| rule.edit.kind() == kind);
            of_kind.map(|(place, _)| place).collect::<Set>()
        };
        let (validity, quality) = (of_kind(EditKind::Validity), of_kind(EditKind::Quality));
        let kept = self.without_contradictions(validity, validity);
        let kept = self.without_redundancies(kept, kept);
        let kept = self.without_contradictions(kept.union(&quality), quality);
        self.without_redundancies(kept, quality);
        self.found
    }

    /// Reports the contradictions among `rules` and returns rules without any: of each, its last one in `blamed` is dropped.
    fn without_contradictions(&mut self, mut rules: Set, blamed: Set) -> Set {
        loop {
            match self.decide(rules, None) {
                Answer::Possible => return rules,
                Answer::Open => {
                    self.note(ConflictKind::Open, self.ids(rules));
                    return rules;
                }
                Answer::Impossible(culprits) => {
                    let culprits = self.irreducible(culprits, None);
                    self.report(ConflictKind::Contradiction, None, culprits);
                    let Some(last) = culprits.iter().filter(|place| blamed.has(*place)).last()
                    else {
                        return rules;
                    };
                    rules = rules.without(last);
                }
            }
        }
    }

    /// Reports which of `suspects` follow from the other `rules` and returns the rules without them.
    fn without_redundancies(&mut self, mut rules: Set, suspects: Set) -> Set {
        let mut suspects: Vec<usize> = suspects.iter().filter(|place| rules.has(*place)).collect();
        suspects.reverse();
        for suspect in suspects {
            let others = rules.without(suspect);
            match self.decide(others, Some(suspect)) {
                Answer::Possible => {}
                Answer::Open => self.note(ConflictKind::Open, self.ids(Set::EMPTY.with(suspect))),
                Answer::Impossible(culprits) => {
                    let culprits = self.irreducible(culprits.without(suspect), Some(suspect));
                    self.report(ConflictKind::Redundancy, Some(suspect), culprits);
                    rules = others;
                }
            }
        }
        rules
    }

    /// Whether `rules` can hold while `failing` fails.
    fn decide(&self, rules: Set, failing: Option<usize>) -> Answer {
        let item = |place: usize, statement| Item {
            statement,
            labels: Set::EMPTY.with(place),
        };
        let mut items: Vec<Item<'_>> = Vec::with_capacity(rules.len() + 1);
        items.extend(failing.map(|place| item(place, &self.rules[place].opposite)));
        items.extend(
            rules
                .iter()
                .map(|place| item(place, &self.rules[place].statement)),
        );
        cases::decide(&items, &|_| None)
    }

    /// Drops each culprit without which the rest is still impossible (the deletion filter of Chinneck and Dravnieks 1991,
    /// "Locating minimal infeasible constraint sets in linear programs").
    fn irreducible(&self, mut culprits: Set, failing: Option<usize>) -> Set {
        for place in culprits.iter() {
            if let Answer::Impossible(fewer) = self.decide(culprits.without(place), failing) {
                culprits = match failing {
                    Some(failing) => fewer.without(failing),
                    None => fewer,
                };
            }
        }
        culprits
    }

    fn ids(&self, rules: Set) -> Vec<EditId> {
        let places = rules.iter();
        places
            .map(|place| self.rules[place].edit.id().clone())
            .collect()
    }

    fn report(&mut self, kind: ConflictKind, first: Option<usize>, rest: Set) {
        let first = first.map(|place| self.rules[place].edit.id().clone());
        let edits: Vec<EditId> = first.into_iter().chain(self.ids(rest)).collect();
        let rounding = |place: usize| self.rules[place].edit.tolerance() == Tolerance::Rounding;
        let mut message = message(kind, &edits);
        if rest.iter().any(rounding) {
            message.zh.push_str("（按各数没有舍入误差计）");
            message.en.push_str(" (as though no figure were rounded)");
        }
        self.push(kind, edits, message);
    }

    fn note(&mut self, kind: ConflictKind, edits: Vec<EditId>) {
        let message = message(kind, &edits);
        self.push(kind, edits, message);
    }

    fn push(&mut self, kind: ConflictKind, edits: Vec<EditId>, message: Bilingual) {
        self.found.push(Conflict {
            kind,
            dataset: self.dataset.clone(),
            remedy: remedy(kind, edits.len()),
            edits,
            message,
        });
    }
}

/// Operands as numbers that may be anything.
#[derive(Default)]
struct Variables(BTreeMap<Slot, usize>);

impl Variables {
    fn free(&mut self, slot: &Slot) -> Reading {
        let next = self.0.len();
        Reading::Free {
            variable: *self.0.entry(slot.clone()).or_insert(next),
            half: Decimal::ZERO,
        }
    }
}

fn message(kind: ConflictKind, edits: &[EditId]) -> Bilingual {
    let list = |edits: &[EditId], comma: &str| {
        let ids: Vec<&str> = edits.iter().map(EditId::as_str).collect();
        ids.join(comma)
    };
    let (all_zh, all_en) = (list(edits, "、"), list(edits, ", "));
    let (first, rest) = edits.split_at(edits.len().min(1));
    let (first, rest_zh, rest_en) = (list(first, ""), list(rest, "、"), list(rest, ", "));
    match (kind, rest.is_empty()) {
        (ConflictKind::Contradiction, true) => Bilingual::new(
            format!("{all_zh} 永远不能成立"),
            format!("{all_en} can never hold"),
        ),
        (ConflictKind::Contradiction, false) => Bilingual::new(
            format!("{all_zh} 互相矛盾：没有任何报表能同时满足"),
            format!("{all_en} contradict each other: no record can satisfy them all"),
        ),
        (ConflictKind::Redundancy, true) => Bilingual::new(
            format!("{first} 永远成立，查不出任何问题"),
            format!("{first} always holds, so it finds nothing"),
        ),
        (ConflictKind::Redundancy, false) => Bilingual::new(
            format!("{first} 是多余的：满足 {rest_zh} 就一定满足它"),
            format!("{first} is redundant: it follows from {rest_en}"),
        ),
        (ConflictKind::NotLinear, _) => Bilingual::new(
            format!("未检查是否矛盾或多余（不是线性的）：{all_zh}"),
            format!("not checked for contradictions, because not linear: {all_en}"),
        ),
        (ConflictKind::Open, _) => Bilingual::new(
            format!("未能判明是否矛盾或多余（情形太多）：{all_zh}"),
            format!(
                "not found out whether these conflict, because there are too many cases: {all_en}"
            ),
        ),
    }
}

fn remedy(kind: ConflictKind, count: usize) -> Bilingual {
    match kind {
        ConflictKind::Contradiction if count == 1 => Bilingual::new(
            "请检查这条审核关系的不等号和常数",
            "check the signs and numbers in this edit",
        ),
        ConflictKind::Contradiction => Bilingual::new(
            "请改正或删去其中一条，或放宽容差",
            "correct or remove one of them, or widen a tolerance",
        ),
        ConflictKind::Redundancy => Bilingual::new(
            "可以删去；若本意更严，请改正它",
            "remove it, or correct it if it was meant to ask for more",
        ),
        ConflictKind::NotLinear | ConflictKind::Open => {
            Bilingual::new("请人工核对", "check them by eye")
        }
    }
}
