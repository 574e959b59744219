//! Linear expressions over the operands of edits, and the numbers of the language as the largest or smallest of such.

use super::{formula::Formula, fraction::Fraction};

/// An operand that is not known, by its place in a list that the caller keeps.
pub(super) type Variable = usize;

/// `constant + sum of coefficient * variable`, and by how much the rounding of the printed figures in it may have moved it
/// (half a unit of each figure's last digit times its coefficient, each mention by itself; see [`super::super::Tolerance`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Affine {
    /// Sorted by variable, none of them zero.
    pub(super) terms: Vec<(Variable, Fraction)>,
    pub(super) constant: Fraction,
    pub(super) half: Fraction,
}

impl Affine {
    pub(super) const fn constant(constant: Fraction, half: Fraction) -> Self {
        Self {
            terms: Vec::new(),
            constant,
            half,
        }
    }

    pub(super) fn variable(variable: Variable, half: Fraction) -> Self {
        Self {
            terms: vec![(variable, Fraction::ONE)],
            constant: Fraction::ZERO,
            half,
        }
    }

    pub(super) const fn is_constant(&self) -> bool {
        self.terms.is_empty()
    }

    pub(super) fn add(&self, other: &Self) -> Option<Self> {
        let (mut terms, mut more) = (Vec::new(), other.terms.iter().copied().peekable());
        for &(variable, coefficient) in &self.terms {
            terms.extend(std::iter::from_fn(|| {
                more.next_if(|(other, _)| *other < variable)
            }));
            let same = more.next_if(|(other, _)| *other == variable);
            let sum = coefficient.add(same.map_or(Fraction::ZERO, |(_, c)| c))?;
            if !sum.is_zero() {
                terms.push((variable, sum));
            }
        }
        terms.extend(more);
        Some(Self {
            terms,
            constant: self.constant.add(other.constant)?,
            half: self.half.add(other.half)?,
        })
    }

    pub(super) fn subtract(&self, other: &Self) -> Option<Self> {
        self.add(&other.times(Fraction::integer(-1))?)
    }

    pub(super) fn times(&self, factor: Fraction) -> Option<Self> {
        let scaled = self.terms.iter();
        let scaled = scaled.map(|(variable, c)| Some((*variable, c.multiply(factor)?)));
        Some(Self {
            terms: if factor.is_zero() {
                Vec::new()
            } else {
                scaled.collect::<Option<_>>()?
            },
            constant: self.constant.multiply(factor)?,
            half: self.half.multiply(factor.magnitude())?,
        })
    }

    /// The product, where it is linear: one side is a constant, and not a rounded one unless both are.
    pub(super) fn multiply(&self, other: &Self) -> Option<Self> {
        match (self.is_constant(), other.is_constant()) {
            (true, true) => {
                let left = self.constant.magnitude().multiply(other.half)?;
                let right = other.constant.magnitude().multiply(self.half)?;
                let half = left.add(right)?.add(self.half.multiply(other.half)?)?;
                let product = self.constant.multiply(other.constant)?;
                Some(Self::constant(product, half))
            }
            (false, true) if other.half.is_zero() => self.times(other.constant),
            (true, false) if self.half.is_zero() => other.times(self.constant),
            (false, true) | (true, false) | (false, false) => None,
        }
    }
}

/// Which of several expressions counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    Largest,
    Smallest,
}

impl Pick {
    const fn opposite(self) -> Self {
        match self {
            Self::Largest => Self::Smallest,
            Self::Smallest => Self::Largest,
        }
    }
}

/// The largest or the smallest of some linear expressions, at least one. `abs(x)` is the largest of `x` and `-x`, so
/// that `abs(x) <= c` needs no case of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extreme {
    pub(super) pick: Pick,
    pub(super) of: Vec<Affine>,
}

impl Extreme {
    pub(super) fn one(affine: Affine) -> Self {
        Self {
            pick: Pick::Largest,
            of: vec![affine],
        }
    }

    fn times(&self, factor: Fraction) -> Option<Self> {
        let of = self.of.iter().map(|affine| affine.times(factor));
        Some(Self {
            pick: if factor.is_negative() {
                self.pick.opposite()
            } else {
                self.pick
            },
            of: of.collect::<Option<_>>()?,
        })
    }

    /// Whether the sum with `other` is again a largest or a smallest.
    fn agrees_with(&self, other: &Self) -> bool {
        self.of.len() == 1 || other.of.len() == 1 || self.pick == other.pick
    }

    fn add(&self, other: &Self) -> Option<Self> {
        let pairs = self
            .of
            .iter()
            .flat_map(|a| other.of.iter().map(move |b| (a, b)));
        Some(Self {
            pick: if self.of.len() > 1 {
                self.pick
            } else {
                other.pick
            },
            of: pairs.map(|(a, b)| a.add(b)).collect::<Option<_>>()?,
        })
    }
}

/// What a number is where `guard` holds; nothing where it is missing then.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) guard: Formula,
    pub(super) value: Option<Extreme>,
}

/// A number of the language. The guards of its pieces leave nothing out, and where two hold, the pieces agree.
#[derive(Clone, Debug)]
pub(super) struct Number(pub(super) Vec<Piece>);

/// How many pieces a number may have, and how many expressions an extreme: an edit with more is taken as not linear.
const PIECES_MAX: usize = 16;

impl Number {
    pub(super) fn affine(affine: Affine) -> Self {
        Self(vec![Piece {
            guard: Formula::True,
            value: Some(Extreme::one(affine)),
        }])
    }

    pub(super) fn missing() -> Self {
        Self(vec![Piece {
            guard: Formula::True,
            value: None,
        }])
    }

    /// `self` where `guard` holds, `other` where it does not.
    pub(super) fn pick(guard: &Formula, then: Self, otherwise: Self) -> Option<Self> {
        let not = guard.complement();
        let under = |guard: &Formula, number: Self| {
            let guarded = number.0.into_iter().map(|piece| Piece {
                guard: Formula::all([guard.clone(), piece.guard]),
                value: piece.value,
            });
            guarded.collect::<Vec<_>>()
        };
        let mut pieces = under(guard, then);
        pieces.extend(under(&not, otherwise));
        Self(pieces).bounded()
    }

    pub(super) fn negated(&self) -> Option<Self> {
        self.on_each(|value| value.times(Fraction::integer(-1)))
    }

    pub(super) fn add(&self, other: &Self) -> Option<Self> {
        let agree = |a: &Option<Extreme>, b: &Option<Extreme>| match (a, b) {
            (Some(a), Some(b)) => a.agrees_with(b),
            (_, None) | (None, _) => true,
        };
        let all = |a: &Piece| other.0.iter().all(|b| agree(&a.value, &b.value));
        if !self.0.iter().all(all) {
            return self.split()?.on_both(other, Extreme::add);
        }
        self.on_both(other, Extreme::add)
    }

    pub(super) fn subtract(&self, other: &Self) -> Option<Self> {
        self.add(&other.negated()?)
    }

    pub(super) fn multiply(&self, other: &Self) -> Option<Self> {
        self.split()?.on_both(&other.split()?, |a, b| {
            Some(Extreme::one(a.of.first()?.multiply(b.of.first()?)?))
        })
    }

    /// The quotient, where the divisor is a constant that rounding has not touched. A division by zero is missing.
    pub(super) fn divide(&self, other: &Self) -> Option<Self> {
        let [Piece { value, .. }] = other.0.as_slice() else {
            return None;
        };
        let Some(divisor) = value else {
            return Some(Self::missing());
        };
        let [divisor] = divisor.of.as_slice() else {
            return None;
        };
        if !divisor.is_constant() || !divisor.half.is_zero() {
            return None;
        }
        if divisor.constant.is_zero() {
            return Some(Self::missing());
        }
        let inverse = divisor.constant.inverse()?;
        self.on_each(|value| value.times(inverse))
    }

    pub(super) fn magnitude(&self) -> Option<Self> {
        self.split()?.on_each(|value| {
            let inner = value.of.first()?;
            if inner.is_constant() {
                let size = inner.constant.magnitude();
                return Some(Extreme::one(Affine::constant(size, inner.half)));
            }
            Some(Extreme {
                pick: Pick::Largest,
                of: vec![inner.clone(), inner.times(Fraction::integer(-1))?],
            })
        })
    }

    /// The same number with one expression in each piece.
    pub(super) fn split(&self) -> Option<Self> {
        let mut pieces = Vec::new();
        for piece in &self.0 {
            let Some(value) = piece.value.as_ref().filter(|value| value.of.len() > 1) else {
                pieces.push(piece.clone());
                continue;
            };
            for (index, one) in value.of.iter().enumerate() {
                let mut guards = vec![piece.guard.clone()];
                for (_, other) in value.of.iter().enumerate().filter(|(at, _)| *at != index) {
                    guards.push(match value.pick {
                        Pick::Largest => Formula::at_most_zero(other.subtract(one)?, false),
                        Pick::Smallest => Formula::at_most_zero(one.subtract(other)?, false),
                    });
                }
                pieces.push(Piece {
                    guard: Formula::all(guards),
                    value: Some(Extreme::one(one.clone())),
                });
            }
        }
        Self(pieces).bounded()
    }

    fn on_each(&self, op: impl Fn(&Extreme) -> Option<Extreme>) -> Option<Self> {
        let pieces = self.0.iter().map(|piece| {
            Some(Piece {
                guard: piece.guard.clone(),
                value: match &piece.value {
                    Some(value) => Some(op(value)?),
                    None => None,
                },
            })
        });
        pieces.collect::<Option<_>>().map(Self)
    }

    /// Every piece of one with every piece of the other; what is computed from a missing number is missing.
    fn on_both(
        &self,
        other: &Self,
        op: impl Fn(&Extreme, &Extreme) -> Option<Extreme>,
    ) -> Option<Self> {
        let mut pieces = Vec::new();
        for a in &self.0 {
            for b in &other.0 {
                pieces.push(Piece {
                    guard: Formula::all([a.guard.clone(), b.guard.clone()]),
                    value: match (&a.value, &b.value) {
                        (Some(a), Some(b)) => Some(op(a, b)?),
                        (_, None) | (None, _) => None,
                    },
                });
            }
        }
        Self(pieces).bounded()
    }

    fn bounded(mut self) -> Option<Self> {
        self.0.retain(|piece| piece.guard != Formula::False);
        let extremes = self.0.iter().filter_map(|piece| piece.value.as_ref());
        let widest = extremes.map(|value| value.of.len()).max().unwrap_or(0);
        (self.0.len() <= PIECES_MAX && widest <= PIECES_MAX).then_some(self)
    }
}
