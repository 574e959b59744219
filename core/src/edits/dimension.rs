//! What numbers measure, so that money is not added to people when the catalogue is checked, not when data arrives.
//!
//! A dimension is a product of powers of base units of measure. Beside it stand the sizes in which a number may be counted: a
//! figure in 亿元 counts units of 10,000 万元. A factor that is written into an expression has two readings: `gdp * 10000` is ten
//! thousand times as much money, or the same money counted in 万元. Both are kept, and an addition or a comparison takes what
//! the two sides agree on. Literals, and what has no declared unit of measure, agree with everything.

use std::collections::BTreeMap;

use super::figure::{Figure as _, Ratio};
use crate::decimal::Decimal;

/// How many sizes are kept of one number; more conversions in one product agree with everything.
const SIZES_MAX: usize = 16;

/// The unit of measure of an indicator, as the catalogue declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// The base unit, by its code; none for a pure number such as a share.
    pub base: Option<String>,
    /// The base of what it is counted by: persons, in yuan per person.
    pub per: Option<String>,
    /// How many bases one unit is.
    pub factor: Decimal,
}

/// What a number measures.
#[derive(Clone, Debug, Default)]
pub(super) enum Dimension {
    /// Nothing is known of it: it agrees with everything.
    #[default]
    Any,
    /// A number in the text.
    Literal(Decimal),
    /// Powers of base units; none at all for a pure number.
    Of {
        powers: BTreeMap<String, i32>,
        /// How many bases one unit may be; `None` where any size will do.
        sizes: Option<Vec<Ratio>>,
    },
}

/// Why two numbers cannot be added or compared.
pub(super) enum Mismatch {
    /// They measure different things: both, as text.
    Kind(String, String),
    /// They measure the same in units of different size: how many of the right unit one of the left is.
    Size(Decimal),
}

impl Dimension {
    pub(super) fn of(quantity: &Quantity) -> Self {
        let mut powers = BTreeMap::new();
        let factors = quantity.base.iter().map(|base| (base, 1));
        for (base, power) in factors.chain(quantity.per.iter().map(|base| (base, -1))) {
            *powers.entry(base.clone()).or_insert(0) += power;
        }
        powers.retain(|_, power| *power != 0);
        let sizes = (!powers.is_empty()).then(|| vec![Ratio::whole(quantity.factor)]);
        Self::Of { powers, sizes }
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Literal(_), Self::Literal(_)) | (Self::Any, _) | (_, Self::Any) => Self::Any,
            (Self::Of { .. }, Self::Literal(factor)) => self.scaled(*factor, Ratio::divide),
            (Self::Literal(factor), Self::Of { .. }) => other.scaled(*factor, Ratio::divide),
            (
                Self::Of {
                    powers: p,
                    sizes: s,
                },
                Self::Of {
                    powers: q,
                    sizes: t,
                },
            ) => product(p, s.as_deref(), q, t.as_deref(), 1),
        }
    }

    pub(super) fn over(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Literal(_), Self::Literal(_)) | (Self::Any, _) | (_, Self::Any) => Self::Any,
            (Self::Of { .. }, Self::Literal(factor)) => self.scaled(*factor, Ratio::multiply),
            (Self::Literal(_), Self::Of { powers, .. }) => {
                product(&BTreeMap::new(), None, powers, None, -1)
            }
            (
                Self::Of {
                    powers: p,
                    sizes: s,
                },
                Self::Of {
                    powers: q,
                    sizes: t,
                },
            ) => product(p, s.as_deref(), q, t.as_deref(), -1),
        }
    }

    /// Raised to a whole power; the sizes are no longer followed.
    pub(super) fn to_the(&self, exponent: i32) -> Self {
        match self {
            Self::Any | Self::Literal(_) => Self::Any,
            Self::Of { powers, .. } => product(&BTreeMap::new(), None, powers, None, exponent),
        }
    }

    /// What a sum of the two measures.
    pub(super) fn joined(&self, other: &Self) -> Result<Self, Mismatch> {
        let (
            Self::Of { powers, sizes },
            Self::Of {
                powers: q,
                sizes: t,
            },
        ) = (self, other)
        else {
            return Ok(match (self, other) {
                (Self::Of { .. }, _) => self.clone(),
                (_, Self::Of { .. }) => other.clone(),
                (Self::Any | Self::Literal(_), Self::Any | Self::Literal(_)) => Self::Any,
            });
        };
        if powers != q {
            return Err(Mismatch::Kind(text(powers), text(q)));
        }
        let sizes = match (sizes, t) {
            (None, sizes) | (sizes, None) => sizes.clone(),
            (Some(s), Some(t)) => {
                let common = s.iter().filter(|size| contains(t, **size)).copied();
                let common: Vec<Ratio> = common.collect();
                if let ([], Some(factor)) = (&common[..], factor(s, t)) {
                    return Err(Mismatch::Size(factor));
                }
                Some(common)
            }
        };
        let powers = powers.clone();
        Ok(Self::Of { powers, sizes })
    }

    /// With the sizes that a literal factor may have changed; `change` is the opposite of what it does to the number.
    fn scaled(&self, factor: Decimal, change: fn(Ratio, Ratio) -> Option<Ratio>) -> Self {
        let Self::Of { powers, sizes } = self else {
            return Self::Any;
        };
        let sizes = sizes.as_ref().and_then(|sizes| {
            let mut all = sizes.clone();
            for size in sizes {
                let changed = change(*size, Ratio::whole(factor))?;
                if !contains(&all, changed) {
                    all.push(changed);
                }
            }
            (all.len() <= SIZES_MAX).then_some(all)
        });
        let powers = powers.clone();
        Self::Of { powers, sizes }
    }
}

fn product(
    p: &BTreeMap<String, i32>,
    s: Option<&[Ratio]>,
    q: &BTreeMap<String, i32>,
    t: Option<&[Ratio]>,
    sign: i32,
) -> Dimension {
    let mut powers = p.clone();
    for (base, power) in q {
        let sum = powers.entry(base.clone()).or_insert(0);
        *sum = sum.saturating_add(power.saturating_mul(sign));
    }
    powers.retain(|_, power| *power != 0);
    let change = if sign > 0 {
        Ratio::multiply
    } else {
        Ratio::divide
    };
    // A pure number has no size of its own: percent or fraction, the text says which by a factor or not at all.
    let sizes = s.zip(t).and_then(|(s, t)| {
        let pairs = s.iter().flat_map(|s| t.iter().map(|t| change(*s, *t)));
        pairs.collect::<Option<Vec<Ratio>>>()
    });
    let sizes = sizes.filter(|sizes| sizes.len() <= SIZES_MAX);
    Dimension::Of { powers, sizes }
}

fn contains(sizes: &[Ratio], wanted: Ratio) -> bool {
    let same = |size: &Ratio| size.compare(wanted).is_some_and(std::cmp::Ordering::is_eq);
    sizes.iter().any(same)
}

/// How many of the first unit of `t` the first unit of `s` is.
fn factor(s: &[Ratio], t: &[Ratio]) -> Option<Decimal> {
    s.first()?.divide(*t.first()?)?.to_decimal()
}

/// `CNY_10K/PERSON`, or `1` for a pure number.
fn text(powers: &BTreeMap<String, i32>) -> String {
    let part = |wanted: fn(i32) -> bool| {
        let parts = powers.iter().filter(|(_, power)| wanted(**power));
        let parts = parts.map(|(base, power)| match power.abs() {
            1 => base.clone(),
            power => format!("{base}^{power}"),
        });
        parts.collect::<Vec<_>>().join("·")
    };
    let (above, below) = (part(|power| power > 0), part(|power| power < 0));
    let above = if above.is_empty() {
        "1".to_owned()
    } else {
        above
    };
    if below.is_empty() {
        above
    } else {
        format!("{above}/{below}")
    }
}
