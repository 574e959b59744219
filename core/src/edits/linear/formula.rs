//! Statements about linear expressions, without negation: what `not` means is worked into them.

use super::{affine::Affine, fraction::Fraction};

/// A statement. The constructors keep it simple: no constant inside another statement, no list of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Formula {
    True,
    False,
    Atom(Atom),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

/// `affine <= 0`, or `< 0` where it is strict. The affine has a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Atom {
    pub(super) affine: Affine,
    pub(super) strict: bool,
}

impl Formula {
    pub(super) fn at_most_zero(affine: Affine, strict: bool) -> Self {
        if !affine.is_constant() {
            return Self::Atom(Atom { affine, strict });
        }
        let holds = affine.constant.is_negative() || !strict && affine.constant.is_zero();
        if holds { Self::True } else { Self::False }
    }

    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Self::True => {}
                Self::False => return Self::False,
                Self::All(inner) => kept.extend(inner),
                part @ (Self::Atom(_) | Self::Any(_)) => kept.push(part),
            }
        }
        match kept.len() {
            0 => Self::True,
            1 => kept.swap_remove(0),
            _ => Self::All(kept),
        }
    }

    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Self::False => {}
                Self::True => return Self::True,
                Self::Any(inner) => kept.extend(inner),
                part @ (Self::Atom(_) | Self::All(_)) => kept.push(part),
            }
        }
        match kept.len() {
            0 => Self::False,
            1 => kept.swap_remove(0),
            _ => Self::Any(kept),
        }
    }

    /// The statement that holds where this one does not: `not (a <= 0)` is `-a < 0`.
    pub(super) fn complement(&self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Atom(atom) => Self::Atom(atom.complement()),
            Self::All(parts) => Self::any(parts.iter().map(Self::complement)),
            Self::Any(parts) => Self::all(parts.iter().map(Self::complement)),
        }
    }

    /// How many atoms it has.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::True | Self::False => 0,
            Self::Atom(_) => 1,
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::size).sum(),
        }
    }
}

impl Atom {
    fn complement(&self) -> Self {
        let negated = |f: Fraction| f.negated();
        let terms = self.affine.terms.iter();
        Self {
            affine: Affine {
                terms: terms.map(|(v, c)| (*v, negated(*c))).collect(),
                constant: negated(self.affine.constant),
                half: self.affine.half,
            },
            strict: !self.strict,
        }
    }
}

/// A statement in three-valued logic: where it is true and where it is false. Elsewhere it is undecided.
#[derive(Clone, Debug)]
pub(super) struct Truth {
    pub(super) yes: Formula,
    pub(super) no: Formula,
}

impl Truth {
    pub(super) fn sure(holds: bool) -> Self {
        let (yes, no) = (Formula::True, Formula::False);
        if holds {
            Self { yes, no }
        } else {
            Self { yes: no, no: yes }
        }
    }

    pub(super) fn negated(self) -> Self {
        Self {
            yes: self.no,
            no: self.yes,
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            yes: Formula::all([self.yes, other.yes]),
            no: Formula::any([self.no, other.no]),
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        self.negated().and(other.negated()).negated()
    }

    pub(super) fn xor(self, other: Self) -> Self {
        let both = |a: &Formula, b: &Formula| Formula::all([a.clone(), b.clone()]);
        Self {
            yes: Formula::any([both(&self.yes, &other.no), both(&self.no, &other.yes)]),
            no: Formula::any([both(&self.yes, &other.yes), both(&self.no, &other.no)]),
        }
    }

    /// As in VTL, an undecided condition picks `otherwise`.
    pub(super) fn pick(condition: &Self, then: Self, otherwise: Self) -> Self {
        let not = condition.yes.complement();
        let both = |then, otherwise| {
            Formula::any([
                Formula::all([condition.yes.clone(), then]),
                Formula::all([not.clone(), otherwise]),
            ])
        };
        Self {
            yes: both(then.yes, otherwise.yes),
            no: both(then.no, otherwise.no),
        }
    }
}
