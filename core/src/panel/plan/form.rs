//! Sums of integer multiples of columns.

use super::{Node, Unbound};
use crate::{
    decimal::{Decimal, power_of_ten},
    panel::column::WIDE_MAX,
};

/// `(factor * leaf + ... + constant) / 10^scale`.
///
/// What the figures need to be known is kept apart from the terms: where `x - x` leaves nothing, it is still missing where
/// `x` is. So is what the sum could grow to before terms met, because a single record is not computed with beyond 128 bits.
#[derive(Clone, Debug)]
pub(in crate::panel) struct Form {
    pub(in crate::panel) scale: u8,
    /// Factors other than one first, then one, then minus one.
    pub(in crate::panel) terms: Vec<(i128, Leaf)>,
    pub(in crate::panel) constant: i128,
    pub(in crate::panel) needs: Needs,
    /// The magnitude is not above this, nor was that of any sum on the way.
    pub(super) most: u128,
    /// By how much the rounding of printed figures may have moved it.
    pub(super) half: Decimal,
}

/// What counts as a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::panel) enum Leaf {
    Slot(usize),
    Node(usize),
    /// The position of the period in its year.
    Subperiod,
    Year,
}

/// What has to be known for a figure to be known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::panel) struct Needs {
    pub(in crate::panel) slots: Vec<usize>,
    /// Nodes that say by themselves where they are known.
    pub(in crate::panel) nodes: Vec<usize>,
    /// It is known nowhere.
    pub(in crate::panel) never: bool,
}

impl Needs {
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.slots.extend_from_slice(&other.slots);
        self.nodes.extend_from_slice(&other.nodes);
        for list in [&mut self.slots, &mut self.nodes] {
            list.sort_unstable();
            list.dedup();
        }
        self.never |= other.never;
        self
    }

    /// Whether it is known everywhere.
    pub(super) const fn is_nothing(&self) -> bool {
        self.slots.is_empty() && self.nodes.is_empty() && !self.never
    }
}

impl Form {
    pub(super) fn constant(value: Decimal) -> Result<Self, Unbound> {
        Self {
            scale: value.scale(),
            terms: Vec::new(),
            constant: value.mantissa(),
            needs: Needs::default(),
            most: value.mantissa().unsigned_abs(),
            half: Decimal::ZERO,
        }
        .checked()
    }

    pub(super) fn null() -> Self {
        Self {
            scale: 0,
            terms: Vec::new(),
            constant: 0,
            needs: Needs {
                never: true,
                ..Needs::default()
            },
            most: 0,
            half: Decimal::ZERO,
        }
    }

    pub(super) fn leaf(leaf: Leaf, scale: u8, needs: Needs, most: u128) -> Self {
        Self {
            scale,
            terms: vec![(1, leaf)],
            constant: 0,
            needs,
            most,
            half: Decimal::ZERO,
        }
    }

    /// Whether it is a number in the text.
    pub(super) const fn is_constant(&self) -> bool {
        self.terms.is_empty() && self.needs.is_nothing()
    }

    fn checked(self) -> Result<Self, Unbound> {
        let fits = self.most < WIDE_MAX && self.scale <= Decimal::SCALE_MAX;
        if fits { Ok(self) } else { Err(Unbound) }
    }

    /// The same number with more digits after the point.
    pub(super) fn at_scale(self, scale: u8) -> Result<Self, Unbound> {
        let more = scale.saturating_sub(self.scale);
        let scaled = self.times(power_of_ten(more))?;
        Self {
            scale: scaled.scale + more,
            ..scaled
        }
        .checked()
    }

    /// So many times as much; `half` is not followed.
    fn times(mut self, factor: i128) -> Result<Self, Unbound> {
        let most = self.most.checked_mul(factor.unsigned_abs());
        self.most = most.filter(|most| *most < WIDE_MAX).ok_or(Unbound)?;
        self.constant = self.constant.checked_mul(factor).ok_or(Unbound)?;
        for (own, _) in &mut self.terms {
            *own = own.checked_mul(factor).ok_or(Unbound)?;
        }
        self.terms.retain(|(factor, _)| *factor != 0);
        Ok(self.sorted())
    }

    pub(super) fn resorted(self) -> Self {
        self.sorted()
    }

    fn sorted(mut self) -> Self {
        let order = |factor: i128| match factor {
            1 => 1,
            -1 => 2,
            _ => 0,
        };
        self.terms
            .sort_by_key(|(factor, leaf)| (order(*factor), *leaf));
        self
    }

    pub(super) fn add(self, other: Self) -> Result<Self, Unbound> {
        let scale = self.scale.max(other.scale);
        let (mut sum, other) = (self.at_scale(scale)?, other.at_scale(scale)?);
        sum.most = sum.most.saturating_add(other.most);
        sum.constant = sum.constant.checked_add(other.constant).ok_or(Unbound)?;
        sum.half = sum.half.checked_add(other.half).ok_or(Unbound)?;
        sum.needs = sum.needs.and(&other.needs);
        for (factor, leaf) in other.terms {
            match sum.terms.iter_mut().find(|(_, found)| *found == leaf) {
                Some((own, _)) => *own = own.checked_add(factor).ok_or(Unbound)?,
                None => sum.terms.push((factor, leaf)),
            }
        }
        sum.terms.retain(|(factor, _)| *factor != 0);
        sum.sorted().checked()
    }

    pub(super) fn negated(mut self) -> Self {
        self.constant = -self.constant;
        for (factor, _) in &mut self.terms {
            *factor = -*factor;
        }
        self.sorted()
    }

    pub(super) fn subtract(self, other: Self) -> Result<Self, Unbound> {
        self.add(other.negated())
    }

    /// Multiplied by a number in the text.
    pub(super) fn scaled(self, by: Decimal) -> Result<Self, Unbound> {
        let half = self.half.checked_mul(by.abs()).ok_or(Unbound)?;
        let scale = self.scale.checked_add(by.scale()).ok_or(Unbound)?;
        let product = self.times(by.mantissa())?;
        Self {
            scale,
            half,
            ..product
        }
        .checked()
    }

    /// Divided by a power of ten in the text, which only moves the point.
    pub(super) fn divided(self, by: Decimal) -> Result<Self, Unbound> {
        let by = by.normalised();
        if by.is_zero() {
            let null = Self::null();
            let needs = null.needs.and(&self.needs);
            return Ok(Self { needs, ..null });
        }
        let power = by.mantissa().unsigned_abs().ilog10();
        if by.mantissa().unsigned_abs() != 10_u128.pow(power) {
            return Err(Unbound);
        }
        // 1 / (10^power / 10^scale) as a decimal.
        let power = u8::try_from(power).map_err(|_| Unbound)?;
        let sign = by.mantissa().signum();
        let inverse = if power >= by.scale() {
            Decimal::new(sign, power - by.scale())
        } else {
            Decimal::new(sign * power_of_ten(by.scale() - power), 0)
        };
        self.scaled(inverse.ok_or(Unbound)?)
    }

    /// What the magnitude is not above, now that terms have met.
    pub(in crate::panel) fn magnitude(&self, leaf: impl Fn(Leaf) -> u128) -> u128 {
        let term = |(factor, of): &(i128, Leaf)| factor.unsigned_abs().saturating_mul(leaf(*of));
        let terms = self.terms.iter().map(term);
        terms.fold(self.constant.unsigned_abs(), u128::saturating_add)
    }

    /// Whether all of the sum is computed in 64 bits.
    pub(in crate::panel) fn is_narrow(&self, nodes: &[Node], leaf: impl Fn(Leaf) -> u128) -> bool {
        let narrow = |(factor, of): &(i128, Leaf)| match of {
            Leaf::Node(node) => nodes[*node].narrow,
            Leaf::Slot(_) | Leaf::Subperiod | Leaf::Year => i64::try_from(*factor).is_ok(),
        };
        super::is_narrow(self.magnitude(leaf)) && self.terms.iter().all(narrow)
    }
}
