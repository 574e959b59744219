//! A program run once over forms in the place of figures.

use super::{Form, Leaf, Needs, Node, NodeKind, Plan, Statement, Test, Unbound, is_narrow};
use crate::{
    decimal::{Decimal, power_of_ten},
    edits::{Comparison, Edit, Program, Slot, Source, Step, Tolerance, Truth},
    panel::{
        Panel, Rollups,
        column::{Mantissas, WIDE_MAX},
        rollups::half_unit,
    },
    period::Period,
};

/// The most periods of a year, which `ytd` adds up, and the largest number that `subperiod` answers.
const PER_YEAR_MAX: u128 = 366;

/// Binds an edit to a panel.
pub(in crate::panel) fn bind(
    edit: &Edit,
    panel: &Panel,
    rollups: &Rollups,
) -> Result<Plan, Unbound> {
    let program = edit.program();
    if edit.missing_strategy().fills() && edit.tolerance() == Tolerance::Rounding {
        return Err(Unbound);
    }
    let slots = program
        .slots()
        .iter()
        .map(|slot| look_up(slot, panel, rollups));
    let slots: Vec<(Source, usize)> = slots.collect::<Result<_, _>>()?;
    let mut binder = Binder {
        edit,
        panel,
        rollups,
        slots: &slots,
        nodes: Vec::new(),
        statements: Vec::new(),
        forms: Vec::new(),
        truths: Vec::new(),
    };
    for step in program.steps() {
        binder.take(*step, program)?;
    }
    let root = binder.truths.pop().ok_or(Unbound)?;
    Ok(Plan {
        nodes: binder.nodes,
        statements: binder.statements,
        root,
        mode: edit.rollup_mode(),
        missing: edit.missing_strategy(),
        slots,
    })
}

fn look_up(slot: &Slot, panel: &Panel, rollups: &Rollups) -> Result<(Source, usize), Unbound> {
    let column = panel.indicator(&slot.indicator).ok_or(Unbound)?;
    let summed = slot.source != Source::Children || rollups.get(column).is_some();
    if slot.dataset.is_some() || !summed {
        return Err(Unbound);
    }
    Ok((slot.source, column))
}

struct Binder<'a> {
    edit: &'a Edit,
    panel: &'a Panel,
    rollups: &'a Rollups,
    slots: &'a [(Source, usize)],
    nodes: Vec<Node>,
    statements: Vec<Statement>,
    forms: Vec<Form>,
    truths: Vec<usize>,
}

impl Binder<'_> {
    fn take(&mut self, step: Step, program: &Program) -> Result<(), Unbound> {
        match step {
            Step::Load(slot) => {
                let form = self.load(slot)?;
                self.forms.push(form);
            }
            Step::Number(value) => self.forms.push(Form::constant(value)?),
            Step::Null => self.forms.push(Form::null()),
            Step::Subperiod => self.of_period(Leaf::Subperiod, PER_YEAR_MAX),
            Step::Year => self.of_period(Leaf::Year, Period::YEAR_MAX.unsigned_abs().into()),
            Step::Truth(truth) => self.state(Statement::Fixed(truth)),
            Step::Negate => {
                let form = self.form()?.negated();
                self.forms.push(form);
            }
            Step::Magnitude => {
                let form = self.form()?;
                self.magnitude(form);
            }
            Step::Add => self.on_two(Form::add)?,
            Step::Subtract => self.on_two(Form::subtract)?,
            Step::Multiply => self.multiply()?,
            Step::Divide => self.divide()?,
            Step::Round(digits) => self.round(digits, true)?,
            Step::Trunc(digits) => self.round(digits, false)?,
            Step::Modulo | Step::Power | Step::Ln | Step::Exp | Step::Sqrt => return Err(Unbound),
            Step::Nvl => self.nvl()?,
            Step::IsNull => {
                let needs = self.form()?.needs;
                self.known(needs);
                self.negate_truth()?;
            }
            Step::Between => self.between()?,
            Step::In(first, end, positive) => {
                let set = program.members().get(first..end).unwrap_or_default();
                self.is_member(set, positive)?;
            }
            Step::Compare(comparison, _) => {
                let (right, left) = (self.form()?, self.form()?);
                self.compare(comparison, left, right)?;
            }
            // Which branch a verdict shows is no matter of its truth.
            Step::Branch(_) => {}
            Step::Not => self.negate_truth()?,
            Step::And => self.join(Statement::All)?,
            Step::Or => self.join(Statement::Any)?,
            Step::Xor => {
                let (right, left) = (self.truth()?, self.truth()?);
                self.state(Statement::Xor(left, right));
            }
            Step::PickFigure => self.pick_figure()?,
            Step::PickTruth => {
                let (otherwise, then) = (self.truth()?, self.truth()?);
                let condition = self.truth()?;
                self.state(Statement::Pick(condition, then, otherwise));
            }
        }
        Ok(())
    }

    /// A well-formed program has pushed what is popped.
    fn form(&mut self) -> Result<Form, Unbound> {
        self.forms.pop().ok_or(Unbound)
    }

    fn truth(&mut self) -> Result<usize, Unbound> {
        self.truths.pop().ok_or(Unbound)
    }

    fn state(&mut self, statement: Statement) {
        self.truths.push(self.statements.len());
        self.statements.push(statement);
    }

    fn load(&self, slot: usize) -> Result<Form, Unbound> {
        let (source, column) = self.slots[slot];
        let column = self.panel.column(column);
        let needs = Needs {
            slots: if self.edit.missing_strategy().fills() {
                Vec::new()
            } else {
                vec![slot]
            },
            ..Needs::default()
        };
        let most = self.slot_most(slot);
        if most >= WIDE_MAX {
            return Err(Unbound);
        }
        let mut form = Form::leaf(Leaf::Slot(slot), column.scale, needs, most);
        if self.edit.tolerance() == Tolerance::Rounding {
            let one = matches!(source, Source::Own | Source::Lag(_) | Source::YearAgo);
            let digits = column.digits().filter(|_| one).ok_or(Unbound)?;
            form.half = half_unit(digits).ok_or(Unbound)?;
        }
        Ok(form)
    }

    fn slot_most(&self, slot: usize) -> u128 {
        let (source, column) = self.slots[slot];
        let most = self.panel.column(column).most;
        match source {
            Source::Own | Source::Lag(_) | Source::YearAgo => most,
            Source::YearToDate => most.saturating_mul(PER_YEAR_MAX),
            Source::Children => {
                let sums = self.rollups.get(column);
                sums.map_or(WIDE_MAX, |sums| sums.sums.most)
            }
        }
    }

    fn leaf_most(&self, leaf: Leaf) -> u128 {
        match leaf {
            Leaf::Slot(slot) => self.slot_most(slot),
            Leaf::Node(node) => self.nodes[node].most,
            Leaf::Subperiod => PER_YEAR_MAX,
            Leaf::Year => Period::YEAR_MAX.unsigned_abs().into(),
        }
    }

    /// Whether a form is computed in 64 bits; a column that is kept in 128 is not.
    fn is_narrow(&self, form: &Form) -> bool {
        let kept_narrow = |(_, leaf): &(i128, Leaf)| match leaf {
            Leaf::Slot(slot) => {
                let (source, column) = self.slots[*slot];
                let mantissas = match source {
                    Source::Children => self.rollups.get(column).map(|sums| &sums.sums.mantissas),
                    Source::Own | Source::Lag(_) | Source::YearAgo | Source::YearToDate => {
                        Some(&self.panel.column(column).mantissas)
                    }
                };
                matches!(mantissas, Some(Mantissas::Narrow(_)))
            }
            Leaf::Node(_) | Leaf::Subperiod | Leaf::Year => true,
        };
        form.is_narrow(&self.nodes, |leaf| self.leaf_most(leaf))
            && form.terms.iter().all(kept_narrow)
    }

    fn of_period(&mut self, leaf: Leaf, most: u128) {
        self.forms.push(Form::leaf(leaf, 0, Needs::default(), most));
    }

    fn on_two(&mut self, op: fn(Form, Form) -> Result<Form, Unbound>) -> Result<(), Unbound> {
        let (right, left) = (self.form()?, self.form()?);
        self.forms.push(op(left, right)?);
        Ok(())
    }

    /// Adds a node that is known where `needs` is; `parts` are what it is computed from.
    fn node(&mut self, kind: NodeKind, parts: &[&Form], most: u128) -> Leaf {
        let narrow = is_narrow(most) && parts.iter().all(|part| self.is_narrow(part));
        self.nodes.push(Node { kind, most, narrow });
        Leaf::Node(self.nodes.len() - 1)
    }

    fn magnitude(&mut self, form: Form) {
        let (scale, half, most) = (form.scale, form.half, form.most);
        let needs = form.needs.clone();
        let tight = form.magnitude(|leaf| self.leaf_most(leaf));
        let kind = NodeKind::Magnitude(form.clone());
        let leaf = self.node(kind, &[&form], tight);
        let size = Form::leaf(leaf, scale, needs, most);
        self.forms.push(Form { half, ..size });
    }

    fn multiply(&mut self) -> Result<(), Unbound> {
        let (right, left) = (self.form()?, self.form()?);
        let product = if right.is_constant() {
            left.scaled(number(&right)?)?
        } else if left.is_constant() {
            right.scaled(number(&left)?)?
        } else {
            self.product(left, right)?
        };
        self.forms.push(product);
        Ok(())
    }

    fn product(&mut self, left: Form, right: Form) -> Result<Form, Unbound> {
        let scale = left.scale + right.scale;
        let most = left.most.checked_mul(right.most).ok_or(Unbound)?;
        let moved = !(left.half.is_zero() && right.half.is_zero());
        if moved || most >= WIDE_MAX || scale > Decimal::SCALE_MAX {
            return Err(Unbound);
        }
        let needs = left.needs.clone().and(&right.needs);
        let size = |form: &Form| form.magnitude(|leaf| self.leaf_most(leaf));
        let tight = size(&left).checked_mul(size(&right)).ok_or(Unbound)?;
        let kind = NodeKind::Product(left.clone(), right.clone());
        let leaf = self.node(kind, &[&left, &right], tight);
        Ok(Form::leaf(leaf, scale, needs, most))
    }

    fn divide(&mut self) -> Result<(), Unbound> {
        let (right, left) = (self.form()?, self.form()?);
        if !right.is_constant() {
            return Err(Unbound);
        }
        self.forms.push(left.divided(number(&right)?)?);
        Ok(())
    }

    fn round(&mut self, digits: u8, up: bool) -> Result<(), Unbound> {
        let form = self.form()?;
        // A single record is computed with at this many digits, even where it has fewer.
        let raised = form.most.checked_mul(power_of_ten(digits).unsigned_abs());
        if !form.half.is_zero() || raised.is_none_or(|most| most >= WIDE_MAX) {
            return Err(Unbound);
        }
        if form.scale <= digits {
            self.forms.push(form.at_scale(digits)?);
            return Ok(());
        }
        let unit = power_of_ten(form.scale - digits);
        let most = form.most / unit.unsigned_abs() + 1;
        let needs = form.needs.clone();
        let kind = NodeKind::Rounded {
            form: form.clone(),
            unit,
            up,
        };
        let leaf = self.node(kind, &[&form], most);
        self.forms.push(Form::leaf(leaf, digits, needs, most));
        Ok(())
    }

    fn nvl(&mut self) -> Result<(), Unbound> {
        let (otherwise, form) = (self.form()?, self.form()?);
        if form.needs.is_nothing() {
            self.forms.push(form);
            return Ok(());
        }
        let (form, otherwise) = alike(form, otherwise)?;
        self.choice(form, otherwise, NodeKind::Nvl)
    }

    fn pick_figure(&mut self) -> Result<(), Unbound> {
        let (otherwise, then) = (self.form()?, self.form()?);
        let condition = self.truth()?;
        let (then, otherwise) = alike(then, otherwise)?;
        self.choice(then, otherwise, |then, otherwise| {
            NodeKind::Pick(condition, then, otherwise)
        })
    }

    /// One of two figures, which says by itself where it is known.
    fn choice(
        &mut self,
        one: Form,
        other: Form,
        kind: impl Fn(Form, Form) -> NodeKind,
    ) -> Result<(), Unbound> {
        let (scale, half, most) = (one.scale, one.half, one.most.max(other.most));
        let size = |form: &Form| form.magnitude(|leaf| self.leaf_most(leaf));
        let tight = size(&one).max(size(&other));
        let kind = kind(one.clone(), other.clone());
        let leaf = self.node(kind, &[&one, &other], tight);
        let mut needs = Needs::default();
        needs.nodes.push(self.nodes.len() - 1);
        let chosen = Form::leaf(leaf, scale, needs, most);
        self.forms.push(Form { half, ..chosen });
        Ok(())
    }

    fn known(&mut self, needs: Needs) {
        let statement = if needs.never {
            Statement::Fixed(Truth::False)
        } else if needs.is_nothing() {
            Statement::Fixed(Truth::True)
        } else {
            Statement::Known(needs)
        };
        self.state(statement);
    }

    fn negate_truth(&mut self) -> Result<(), Unbound> {
        let inner = self.truth()?;
        self.state(Statement::Not(inner));
        Ok(())
    }

    /// Joins two statements; a chain of the same connective becomes one list.
    fn join(&mut self, connective: fn(Vec<usize>) -> Statement) -> Result<(), Unbound> {
        let (right, left) = (self.truth()?, self.truth()?);
        let mut parts = Vec::new();
        let joined = std::mem::discriminant(&connective(Vec::new()));
        for side in [left, right] {
            let statement = &self.statements[side];
            match statement {
                Statement::All(inner) | Statement::Any(inner)
                    if std::mem::discriminant(statement) == joined =>
                {
                    parts.extend_from_slice(inner);
                }
                Statement::Fixed(_)
                | Statement::Known(_)
                | Statement::Test(_)
                | Statement::Not(_)
                | Statement::All(_)
                | Statement::Any(_)
                | Statement::Xor(..)
                | Statement::Pick(..) => parts.push(side),
            }
        }
        self.state(connective(parts));
        Ok(())
    }

    fn between(&mut self) -> Result<(), Unbound> {
        let (most, least) = (self.form()?, self.form()?);
        let form = self.form()?;
        self.compare(Comparison::GreaterOrEqual, form.clone(), least)?;
        self.compare(Comparison::LessOrEqual, form, most)?;
        self.join(Statement::All)
    }

    fn is_member(&mut self, set: &[Decimal], positive: bool) -> Result<(), Unbound> {
        let form = self.form()?;
        self.state(Statement::Fixed(Truth::False));
        for value in set {
            self.compare(Comparison::Equal, form.clone(), Form::constant(*value)?)?;
            self.join(Statement::Any)?;
        }
        if positive {
            Ok(())
        } else {
            self.negate_truth()
        }
    }

    fn compare(&mut self, op: Comparison, left: Form, right: Form) -> Result<(), Unbound> {
        let difference = left.clone().subtract(right.clone())?;
        match self.edit.tolerance() {
            Tolerance::Absolute(tolerance) => self.test(op, difference, tolerance),
            Tolerance::Rounding => {
                let half = difference.half;
                self.test(op, difference, half)
            }
            Tolerance::Relative(share) if share.is_zero() => {
                self.test(op, difference, Decimal::ZERO)
            }
            Tolerance::Relative(share) => {
                let scale = left.scale.max(right.scale);
                let (left, right) = (left.at_scale(scale)?, right.at_scale(scale)?);
                self.test_relative(op, difference, left, right, share)
            }
        }
    }

    /// `|d| <= s max(|l|, |r|)` and its like: the tolerance is taken off the difference.
    fn test_relative(
        &mut self,
        op: Comparison,
        difference: Form,
        left: Form,
        right: Form,
        share: Decimal,
    ) -> Result<(), Unbound> {
        let size = |form: &Form| form.magnitude(|leaf| self.leaf_most(leaf));
        let (most, tight) = (left.most.max(right.most), size(&left).max(size(&right)));
        let (scale, needs) = (left.scale, difference.needs.clone());
        let kind = NodeKind::Larger(left.clone(), right.clone());
        let leaf = self.node(kind, &[&left, &right], tight);
        let allowed = Form::leaf(leaf, scale, needs, most).scaled(share)?;
        let above = match op {
            Comparison::Equal | Comparison::NotEqual => {
                self.magnitude(difference);
                self.form()?
            }
            Comparison::LessOrEqual | Comparison::Less => difference,
            Comparison::GreaterOrEqual | Comparison::Greater => difference.negated(),
        };
        let rest = above.subtract(allowed)?;
        let op = match op {
            Comparison::Equal | Comparison::LessOrEqual | Comparison::GreaterOrEqual => {
                Comparison::LessOrEqual
            }
            Comparison::NotEqual => Comparison::Greater,
            Comparison::Less | Comparison::Greater => Comparison::Less,
        };
        self.test(op, rest, Decimal::ZERO)
    }

    /// Whether a difference is within a constant tolerance.
    fn test(&mut self, op: Comparison, difference: Form, t: Decimal) -> Result<(), Unbound> {
        let form = difference;
        let (floor, ceiling) = at_scale(t, form.scale)?;
        match op {
            Comparison::Equal => self.within(form, Some(-floor), floor),
            Comparison::NotEqual => {
                self.within(form, Some(-floor), floor)?;
                self.negate_truth()
            }
            Comparison::LessOrEqual => self.within(form, None, floor),
            Comparison::GreaterOrEqual => self.within(form.negated(), None, floor),
            Comparison::Less => self.within(form, None, ceiling - 1),
            Comparison::Greater => self.within(form.negated(), None, ceiling - 1),
        }
    }

    /// States that `low <= form <= high`, in units of the last digit. The constant is moved to the bounds, and a factor that
    /// all terms have in common is divided out.
    fn within(&mut self, mut form: Form, low: Option<i128>, high: i128) -> Result<(), Unbound> {
        if form.needs.never {
            self.state(Statement::Fixed(Truth::Undecided));
            return Ok(());
        }
        let constant = std::mem::take(&mut form.constant);
        let mut low = low
            .map(|low| low.checked_sub(constant).ok_or(Unbound))
            .transpose()?;
        let mut high = high.checked_sub(constant).ok_or(Unbound)?;
        if form.is_constant() {
            let holds = low.is_none_or(|low| low <= 0) && 0 <= high;
            self.state(Statement::Fixed(holds.into()));
            return Ok(());
        }
        let common = form.terms.iter().fold(0, |common, (factor, _)| {
            common_divisor(common, factor.unsigned_abs())
        });
        if let Some(common) = i128::try_from(common).ok().filter(|common| *common > 1) {
            for (factor, _) in &mut form.terms {
                *factor /= common;
            }
            high = high.div_euclid(common);
            low = low.map(|low| -(-low).div_euclid(common));
            form = form.resorted();
        }
        let narrow = self.is_narrow(&form);
        self.state(Statement::Test(Test {
            form,
            low,
            high,
            narrow,
        }));
        Ok(())
    }
}

/// Two forms between which one is chosen: at one scale, and moved by rounding alike.
fn alike(one: Form, other: Form) -> Result<(Form, Form), Unbound> {
    let scale = one.scale.max(other.scale);
    if one.half != other.half && !one.needs.never && !other.needs.never {
        return Err(Unbound);
    }
    let half = if one.needs.never {
        other.half
    } else {
        one.half
    };
    let (one, other) = (one.at_scale(scale)?, other.at_scale(scale)?);
    Ok((Form { half, ..one }, Form { half, ..other }))
}

fn number(form: &Form) -> Result<Decimal, Unbound> {
    Decimal::new(form.constant, form.scale).ok_or(Unbound)
}

/// A tolerance in units of the last digit at `scale`, rounded down and up.
fn at_scale(tolerance: Decimal, scale: u8) -> Result<(i128, i128), Unbound> {
    if let Some(exact) = tolerance.rescaled(scale) {
        let fits = exact.mantissa().unsigned_abs() < WIDE_MAX;
        return if fits {
            Ok((exact.mantissa(), exact.mantissa()))
        } else {
            Err(Unbound)
        };
    }
    if tolerance.scale() <= scale {
        return Err(Unbound);
    }
    let floor = tolerance.mantissa() / power_of_ten(tolerance.scale() - scale);
    Ok((floor, floor + 1))
}

/// Euclid's.
const fn common_divisor(a: u128, b: u128) -> u128 {
    let (mut a, mut b) = (a, b);
    while a != 0 {
        (a, b) = (b % a, a);
    }
    b
}
