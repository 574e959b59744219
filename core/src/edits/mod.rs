//! Edits: the rules that figures must satisfy, from their text in the catalogue to a verdict about a record.
//!
//! # The language
//! A subset of the scalar expressions of VTL 2.2 (SDMX, "VTL reference manual"), with VTL's precedence:
//!
//! | tightest first | |
//! |---|---|
//! | `( )`, `abs(x)`, `isnull(x)`, `rollup(x)` | |
//! | `+x` `-x` `not x` | so `not a = b` is refused: write `not (a = b)` |
//! | `*` `/` | |
//! | `+` `-` | |
//! | `=` `<>` `<` `<=` `>` `>=` | numbers only, not in chains |
//! | `and` | |
//! | `or` `xor` | |
//! | `if c then a else b` | as in VTL, an undecided `c` picks `b`; for an implication write `not c or a` |
//!
//! Numbers are written `1234.5`, booleans `true` and `false`, and every other name is an indicator's. `rollup(x)` is the sum
//! of `x` over the unit's children, as [`RollupMode`] says where some are missing; a validity edit cannot use it, because a
//! unit is not returned for figures that others report.
//!
//! # What an expression means
//! - Arithmetic is exact. A missing operand, a division by zero and a result beyond 128 bits make what is computed from
//!   them missing; with the tolerance `rounding` so does a divisor that may have been zero before it was rounded. A
//!   comparison with something missing is undecided, and the connectives are Kleene's ([`Truth`]).
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
mod rollup;
mod tolerance;

// From a tree to a verdict about figures.
mod figure;
mod verdict;

mod program;
mod report;

// What many edits say together, and which figures they blame.
mod linear;

#[cfg(test)]
mod tests;

use std::fmt;

use self::{
    ast::{Ast, NodeKind, Source},
    diagnostic::Diagnostics,
    program::Program,
};
pub use self::{
    checker::OPERANDS_MAX,
    diagnostic::{DIAGNOSTICS_MAX, Diagnostic, EditField},
    lexer::is_keyword,
    linear::{
        Conflict, ConflictKind, Fit, Limit, Localisation, Part, Severity, Slip, Suspect, examine,
        localise, suspicion,
    },
    parser::{EXPRESSION_LEN_BYTES_MAX, NESTING_MAX},
    program::Cells,
    report::sentence,
    rollup::{Rollup, RollupMode},
    tolerance::Tolerance,
    verdict::{Truth, Verdict},
};
use crate::{
    code::{DatasetCode, EditId, IndicatorCode},
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
    /// What is said when it does not hold.
    pub message: Bilingual,
}

/// The names that an expression may use.
pub trait Symbols {
    /// The indicator called `name`, where there is one.
    fn indicator(&self, name: &str) -> Option<IndicatorCode>;
    /// All names, for suggestions.
    fn names(&self) -> Vec<String>;
}

/// An edit that is ready to be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    text: EditText,
    ast: Ast,
    program: Program,
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
    if !faults.is_empty() {
        return Err(faults);
    }
    use_codes(&mut ast, &checked);
    let program = Program::compile(&ast, checked, tolerance, mode);
    Ok(Edit {
        indicators: from(Source::Own, &program),
        rollups: from(Source::Children, &program),
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
        self.program.tolerance()
    }

    /// What children without a figure count for.
    #[must_use]
    pub const fn rollup_mode(&self) -> RollupMode {
        self.program.mode()
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

/// From here on an operand's name is its indicator's code, whatever the catalogue let it be called.
fn use_codes(ast: &mut Ast, checked: &checker::Checked) {
    for (node, slot) in ast.nodes.iter_mut().zip(&checked.slot_of) {
        if let (NodeKind::Operand(_, name), Some(slot)) = (&mut node.kind, slot) {
            *name = checked.slots[*slot].indicator.as_str().into();
        }
    }
}

fn from(source: Source, program: &Program) -> Vec<IndicatorCode> {
    let slots = program.slots().iter().filter(|slot| slot.source == source);
    let mut codes: Vec<IndicatorCode> = slots.map(|slot| slot.indicator.clone()).collect();
    codes.sort_unstable();
    codes
}
