//! Edits: the rules that figures must satisfy, from their text in the catalogue to a verdict about a record.
//!
//! # The language
//! A subset of the scalar expressions of VTL 2.2 (SDMX, "VTL reference manual"), with VTL's precedence:
//!
//! | tightest first | |
//! |---|---|
//! | `( )`, functions | |
//! | `+x` `-x` `not x` | so `not a = b` is refused: write `not (a = b)` |
//! | `*` `/` | |
//! | `+` `-` | |
//! | `=` `<>` `<` `<=` `>` `>=`, `in {1, 2}`, `not_in {1, 2}` | numbers only, not in chains |
//! | `and` | |
//! | `or` `xor` | |
//! | `if c then a else b` | as in VTL, an undecided `c` picks `b`; for an implication write `not c or a` |
//!
//! Numbers are written `1234.5`, booleans `true` and `false`, what is missing by definition `null`. Every other name is an
//! indicator's, in single quotation marks where it is no plain word; `'annual-accounts'#x` is another dataset's. Comments stand
//! in `/* */` or after `//`.
//!
//! | function | |
//! |---|---|
//! | `abs(x)` `round(x, digits)` `trunc(x, digits)` `mod(x, y)` `power(x, y)` `sqrt(x)` `ln(x)` `exp(x)` | see `functions.rs` |
//! | `isnull(x)` `nvl(x, y)` `between(x, least, most)` | |
//! | `subperiod()` `year()` | the position of the record's period in its year, and the year |
//! | `previous(x)` `lag(x, n)` `year_ago(x)` | the unit's figure one or `n` periods before, or a year before |
//! | `ytd(x)` | the sum from the first period of the year to the record's; one missing makes it missing |
//! | `rollup(x)` | the sum over the unit's children, as [`RollupMode`] says where some are missing |
//!
//! Another dataset is asked for its period that ends on the same day. A validity edit looks at its own record only, because
//! a unit is not returned for figures that others report, nor for the order in which its own arrive.
//!
//! # What an expression means
//! - Arithmetic is exact. A missing operand, a division by zero and a result beyond 128 bits make what is computed from
//!   them missing; with the tolerance `rounding` so does a divisor that may have been zero before it was rounded. A
//!   comparison with something missing is undecided, and the connectives are Kleene's ([`Truth`]).
//! - Numbers have dimensions: people are not added to money, nor 万元 to 亿元 without the factor between them.
//! - Where figures are missing, the edit's [`MissingStrategy`] decides.
//! - The tolerance of the edit widens every comparison in it, also inside of `and`, `or`, `not` and `if`: with the tolerance
//!   `t`, `l = r` holds iff `|l - r| <= t`, `l <= r` iff `l - r <= t`, `l < r` iff `l - r < t`, and so on; `l <> r` is
//!   `not (l = r)`. See [`Tolerance`].
//!
//! # The passes
//! Text -> `lexer` -> `parser` -> `ast` -> `checker` -> `program` -> [`Verdict`] -> [`sentence`]. The first passes collect all
//! faults as [`Diagnostic`]s. Rule text is not trusted: its length, nesting and operands are bounded
//! ([`EXPRESSION_LEN_BYTES_MAX`], [`NESTING_MAX`], [`OPERANDS_MAX`]).

// What a fault looks like.
mod diagnostic;
mod suggest;

// From text to a tree.
mod lexer;

mod ast;
mod parser;

// What the tree and the other fields may say.
mod checker;
mod dimension;
mod missing;
mod rollup;
mod scope;
mod tolerance;

// From a tree to a verdict about figures.
mod figure;
mod functions;
mod verdict;

mod program;
mod report;

// What many edits say together, and which figures they blame.
mod linear;

// From a tree to somebody else's language.
pub mod spreadsheet;
pub mod vtl;

#[cfg(test)]
mod tests;

use std::fmt;

pub(crate) use self::{
    ast::Comparison,
    checker::Slot,
    program::{Program, Step},
};
pub use self::{
    ast::Source,
    checker::OPERANDS_MAX,
    diagnostic::{DIAGNOSTICS_MAX, Diagnostic, EditField},
    dimension::Quantity,
    lexer::is_keyword,
    linear::{
        Conflict, ConflictKind, Fit, Limit, Localisation, Part, Severity, Slip, Suspect, examine,
        localise, suspicion,
    },
    missing::MissingStrategy,
    parser::{EXPRESSION_LEN_BYTES_MAX, LAG_MAX, NESTING_MAX, SET_LEN_MAX},
    program::Cells,
    report::sentence,
    rollup::{Rollup, RollupMode},
    scope::Scope,
    tolerance::Tolerance,
    verdict::{Truth, Verdict},
};
use self::{
    ast::{Ast, NodeKind},
    diagnostic::Diagnostics,
    program::Manner,
};
use crate::{
    code::{DatasetCode, EditId, IndicatorCode},
    decimal::Decimal,
    period::{Period, Periodicity},
    text::Bilingual,
};

/// What follows when an edit does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EditKind {
    /// 强制性审核: the snapshot is returned.
    Validity,
    /// 核实性审核: the failure is a finding, which may be explained.
    Quality,
}

impl EditKind {
    /// Reads `validity` or `quality`.
    ///
    /// # Errors
    /// A diagnostic of the field `kind`.
    pub fn parse(text: &str) -> Result<Self, Diagnostic> {
        let kinds = [Self::Validity, Self::Quality];
        let found = kinds.into_iter().find(|kind| kind.to_string() == text);
        found.ok_or_else(|| {
            Diagnostics::one(
                EditField::Kind,
                0..text.len(),
                Bilingual::new("没有这种审核", "there is no such kind of edit"),
                Bilingual::new(
                    "请写 validity（强制性审核）或 quality（核实性审核）",
                    "write validity, if the figures must be returned, or quality, if they may be explained",
                ),
            )
        })
    }
}

impl fmt::Display for EditKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Validity => "validity",
            Self::Quality => "quality",
        })
    }
}

/// An edit as the catalogue writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditText {
    /// Its errorcode.
    pub id: EditId,
    /// What follows when it does not hold.
    pub kind: EditKind,
    /// The dataset whose records it checks.
    pub dataset: DatasetCode,
    /// The rule.
    pub expression: String,
    /// `0.05`, `0.1%` or `rounding`; none at all where it is absent.
    pub tolerance: Option<String>,
    /// A [`RollupMode`] by name; `non_null` where it is absent.
    pub rollup: Option<String>,
    /// A [`MissingStrategy`] by name; `three-valued` where it is absent.
    pub missing: Option<String>,
    /// The records that it checks.
    pub scope: Scope,
    /// What is said when it does not hold.
    pub message: Bilingual,
}

/// The names that an expression may use.
pub trait Symbols {
    /// The indicator called `name`, where there is one.
    fn indicator(&self, name: &str) -> Option<IndicatorCode>;
    /// All names, for suggestions.
    fn names(&self) -> Vec<String>;
    /// The dataset called `name`, where there is one.
    fn dataset(&self, name: &str) -> Option<Foreign>;
    /// The names of all datasets, for suggestions.
    fn dataset_names(&self) -> Vec<String>;
    /// What an indicator is measured in, where that is known.
    fn quantity(&self, indicator: &IndicatorCode) -> Option<Quantity>;
}

/// Another dataset, as an expression may name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// Its code.
    pub code: DatasetCode,
    /// How often it is reported.
    pub periodicity: Periodicity,
    /// Its indicators.
    pub indicators: Vec<IndicatorCode>,
}

/// A figure that an edit looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operand {
    /// Where it stands, seen from the record.
    pub source: Source,
    /// The dataset, where it is not the edit's own.
    pub dataset: Option<DatasetCode>,
    /// The indicator.
    pub indicator: IndicatorCode,
}

/// A figure of another record of the same unit that an edit looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Looked {
    /// The dataset, where it is not the edit's own.
    pub dataset: Option<DatasetCode>,
    /// The period.
    pub period: Period,
    /// The indicator.
    pub indicator: IndicatorCode,
}

/// An edit that is ready to be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    text: EditText,
    ast: Ast,
    program: Program,
    operands: Vec<Operand>,
    indicators: Vec<IndicatorCode>,
    rollups: Vec<IndicatorCode>,
}

/// Parses, checks and compiles an edit.
///
/// # Errors
/// All faults of all fields, those of one field in the order of its text.
pub fn compile(text: EditText, symbols: &dyn Symbols) -> Result<Edit, Vec<Diagnostic>> {
    let mut found = Diagnostics::new(EditField::Expression);
    let mut ast = parser::parse(&text.expression, &mut found);
    let checked = checker::check(&ast, text.kind, symbols, &mut found);
    let mut faults = found.into_sorted();
    let tolerance = noted(text.tolerance.as_deref().map(Tolerance::parse), &mut faults);
    let mode = noted(text.rollup.as_deref().map(RollupMode::parse), &mut faults);
    let missing = text.missing.as_deref().map(MissingStrategy::parse);
    let missing = noted(missing, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    use_codes(&mut ast, &checked);
    let manner = Manner {
        tolerance,
        mode,
        missing,
    };
    let program = Program::compile(&ast, checked, manner);
    let operands = operands(program.slots());
    Ok(Edit {
        indicators: of_own_dataset(&operands, Source::Own),
        rollups: of_own_dataset(&operands, Source::Children),
        operands,
        text,
        ast,
        program,
    })
}

impl Edit {
    /// Its errorcode.
    #[must_use]
    pub const fn id(&self) -> &EditId {
        &self.text.id
    }

    /// What follows when it does not hold.
    #[must_use]
    pub const fn kind(&self) -> EditKind {
        self.text.kind
    }

    /// The dataset whose records it checks.
    #[must_use]
    pub const fn dataset(&self) -> &DatasetCode {
        &self.text.dataset
    }

    /// The records that it checks.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.text.scope
    }

    /// What is said when it does not hold; [`sentence`] adds the figures.
    #[must_use]
    pub const fn message(&self) -> &Bilingual {
        &self.text.message
    }

    /// The rule as it was written.
    #[must_use]
    pub fn expression(&self) -> &str {
        &self.text.expression
    }

    /// The tolerance of its comparisons.
    #[must_use]
    pub const fn tolerance(&self) -> Tolerance {
        self.program.manner().tolerance
    }

    /// What children without a figure count for.
    #[must_use]
    pub const fn rollup_mode(&self) -> RollupMode {
        self.program.manner().mode
    }

    /// What it does where figures are missing.
    #[must_use]
    pub const fn missing_strategy(&self) -> MissingStrategy {
        self.program.manner().missing
    }

    /// Everything that it looks at, sorted.
    #[must_use]
    pub fn operands(&self) -> &[Operand] {
        &self.operands
    }

    /// Whether it looks at nothing but the record itself, so that the county's own desk can judge it alone.
    #[must_use]
    pub fn is_of_one_record(&self) -> bool {
        let own = |operand: &Operand| operand.source == Source::Own && operand.dataset.is_none();
        self.operands.iter().all(own)
    }

    /// Whether it looks at no other unit, so that the county's own desk can judge it where it knows its own records.
    #[must_use]
    pub fn is_of_one_unit(&self) -> bool {
        let sums = |operand: &Operand| operand.source == Source::Children;
        !self.operands.iter().any(sums)
    }

    /// The figures of the unit's other records that it looks at from a record of `period`, in the order of the expression; those
    /// that [`Cells::elsewhere`] may be asked for, and no others.
    #[must_use]
    pub fn looks(&self, period: Period) -> Vec<Looked> {
        let slots = self.program.slots().iter();
        slots.flat_map(|slot| slot.looks(period)).collect()
    }

    /// The indicators of the record itself that it looks at, sorted.
    #[must_use]
    pub fn indicators(&self) -> &[IndicatorCode] {
        &self.indicators
    }

    /// The indicators that it sums over the unit's children, sorted.
    #[must_use]
    pub fn rollups(&self) -> &[IndicatorCode] {
        &self.rollups
    }

    /// The compiled form, for the evaluation of whole columns.
    pub(crate) const fn program(&self) -> &Program {
        &self.program
    }

    /// What a verdict on the record rests on, as text: the edit's own words, which stand for its version, and every figure
    /// that it looks at, a roll-up with the number of its parts. Two records with the same basis get the same verdict.
    #[must_use]
    pub fn basis(&self, cells: &dyn Cells) -> String {
        report::basis(self, cells)
    }

    /// An indicator in whose unit of measure the two sides of the comparison are, and so their difference; `None` where the edit is
    /// more than one comparison, or neither side has an indicator that stands by itself.
    #[must_use]
    pub fn difference_of(&self) -> Option<IndicatorCode> {
        report::difference_of(self)
    }

    /// What an operand is for the record that `cells` reads, and by how much rounding may have moved it; nothing for a
    /// roll-up, which [`Cells::rollup`] gives, and for what the edit does not look at.
    #[must_use]
    pub fn figure(&self, operand: &Operand, cells: &dyn Cells) -> Option<(Decimal, Decimal)> {
        let is_it = |slot: &&Slot| {
            slot.source == operand.source
                && slot.indicator == operand.indicator
                && slot.dataset.as_ref().map(|(code, _)| code) == operand.dataset.as_ref()
        };
        let slot = self.program.slots().iter().find(is_it)?;
        slot.figure(cells)
    }

    /// The verdict on the record that `cells` reads. Each operand is read once.
    #[must_use]
    pub fn evaluate(&self, cells: &dyn Cells) -> Verdict {
        self.program.evaluate(cells)
    }
}

/// The value of an optional field; its fault is noted, and then any value will do.
fn noted<T: Default>(parsed: Option<Result<T, Diagnostic>>, faults: &mut Vec<Diagnostic>) -> T {
    match parsed {
        Some(Ok(value)) => value,
        Some(Err(fault)) => {
            faults.push(fault);
            T::default()
        }
        None => T::default(),
    }
}

/// From here on an operand's names are codes, whatever the catalogue let them be called.
fn use_codes(ast: &mut Ast, checked: &checker::Checked) {
    for (node, slot) in ast.nodes.iter_mut().zip(&checked.slot_of) {
        if let (NodeKind::Operand(named), Some(slot)) = (&mut node.kind, slot) {
            let slot = &checked.slots[*slot];
            named.name = slot.indicator.as_str().into();
            named.dataset = slot.dataset.as_ref().map(|(code, _)| code.as_str().into());
        }
    }
}

fn operands(slots: &[Slot]) -> Vec<Operand> {
    let operand = |slot: &Slot| Operand {
        source: slot.source,
        dataset: slot.dataset.as_ref().map(|(code, _)| code.clone()),
        indicator: slot.indicator.clone(),
    };
    let mut operands: Vec<Operand> = slots.iter().map(operand).collect();
    operands.sort_unstable();
    operands
}

/// The operands are sorted, so the indicators are too.
fn of_own_dataset(operands: &[Operand], source: Source) -> Vec<IndicatorCode> {
    let wanted = |operand: &&Operand| operand.source == source && operand.dataset.is_none();
    let found = operands.iter().filter(wanted);
    found.map(|operand| operand.indicator.clone()).collect()
}
