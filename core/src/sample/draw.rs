//! The draw: which elements of a frame a seed selects, and with what probability each was to be selected.
//!
//! - Equal probabilities: the first elements of a shuffled stratum (simple random sampling without replacement; W. G. Cochran,
//!   "Sampling Techniques", 3rd edition, Wiley, 1977, chapters 2 and 5).
//! - By size: systematic sampling of a shuffled frame with one random start (W. G. Madow, Annals of Mathematical Statistics 20,
//!   1949; the shuffled order: R. Goodman and L. Kish, JASA 45, 1950, and H. O. Hartley and J. N. K. Rao, Annals of Mathematical Statistics
//!   33, 1962). Elements as large as the step or larger are taken for certain, and the rest is drawn from the rest. In whole numbers
//!   nothing is rounded, so that a probability is exactly (elements drawn × size / sum of sizes).

use std::{collections::BTreeMap, fmt};

use super::{frame::Frame, generator::Generator};
use crate::{
    decimal::Decimal,
    digest::Digest,
    ledger::sampling::{Allocation, Method},
    text::Bilingual,
};

/// An inclusion probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    /// Of this many.
    pub numerator: u128,
    /// In this many; never smaller.
    pub denominator: u128,
}

/// An element that was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selected {
    /// Its line in the frame, from 0.
    pub line: usize,
    /// How likely it was to be drawn.
    pub chance: Chance,
}

/// Why nothing can be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrawError {
    /// A stratum gets no element.
    #[error("stratum {0} would get no element: raise the size or set the strata's sizes")]
    Unsampled(String),
    /// A stratum has fewer elements than are to be drawn.
    #[error("stratum {stratum} has {elements} elements, fewer than {size}")]
    TooFew {
        /// Its code.
        stratum: String,
        /// How many it has.
        elements: usize,
        /// How many are to be drawn.
        size: usize,
    },
    /// The sizes' sum does not fit a machine word.
    #[error("the sizes are too large or too fine to be added exactly")]
    Sizes,
}

/// How many elements each stratum gives, by its code.
///
/// Where none is set: in proportion to the strata's elements, whole numbers first and the rest to the largest remainders (Hare and
/// Hamilton), of equal ones to the code that sorts first.
///
/// # Errors
/// [`DrawError::Unsampled`] or [`DrawError::TooFew`].
pub fn allocate(
    frame: &Frame,
    size: u32,
    set: &[Allocation],
) -> Result<BTreeMap<String, usize>, DrawError> {
    let strata = frame.strata();
    let size = size as usize;
    let sizes = if set.is_empty() {
        proportional(&strata, size)
    } else {
        let set = set.iter().map(|a| (a.stratum.clone(), a.size as usize));
        set.collect()
    };
    for (stratum, wanted) in &sizes {
        let elements = strata.get(stratum).map_or(0, Vec::len);
        if *wanted > elements {
            return Err(DrawError::TooFew {
                stratum: stratum.clone(),
                elements,
                size: *wanted,
            });
        }
    }
    let unsampled = strata
        .keys()
        .find(|stratum| sizes.get(*stratum).copied().unwrap_or(0) == 0);
    unsampled.map_or(Ok(sizes), |stratum| {
        Err(DrawError::Unsampled(stratum.clone()))
    })
}

/// Draws a sample of the frame.
///
/// # Errors
/// [`DrawError`].
pub fn draw(
    frame: &Frame,
    method: Method,
    size: u32,
    set: &[Allocation],
    seed: &Digest,
) -> Result<Vec<Selected>, DrawError> {
    match method {
        Method::Equal => {
            let sizes = allocate(frame, size, set)?;
            let strata = frame.strata();
            let drawn = sizes.iter().filter_map(|(stratum, size)| {
                let lines = strata.get(stratum)?;
                Some(equal(lines, *size, &mut Generator::new(seed, stratum)))
            });
            Ok(drawn.flatten().collect())
        }
        Method::BySize => by_size(frame, size as usize, &mut Generator::new(seed, "")),
    }
}

fn proportional(strata: &BTreeMap<String, Vec<usize>>, size: usize) -> BTreeMap<String, usize> {
    let total: usize = strata.values().map(Vec::len).sum();
    let mut sizes = BTreeMap::new();
    let mut remainders = Vec::new();
    for (stratum, lines) in strata {
        let product = lines.len() * size;
        sizes.insert(stratum.clone(), product / total.max(1));
        remainders.push((std::cmp::Reverse(product % total.max(1)), stratum));
    }
    remainders.sort();
    let left = size.saturating_sub(sizes.values().sum());
    for (_, stratum) in remainders.into_iter().take(left) {
        if let Some(size) = sizes.get_mut(stratum) {
            *size += 1;
        }
    }
    sizes
}

fn equal(lines: &[usize], size: usize, generator: &mut Generator) -> Vec<Selected> {
    let mut shuffled = lines.to_vec();
    generator.shuffle(&mut shuffled, size);
    let chance = Chance {
        numerator: size as u128,
        denominator: lines.len() as u128,
    };
    let first = shuffled.into_iter().take(size);
    first.map(|line| Selected { line, chance }).collect()
}

fn by_size(
    frame: &Frame,
    size: usize,
    generator: &mut Generator,
) -> Result<Vec<Selected>, DrawError> {
    let sizes = whole(frame).ok_or(DrawError::Sizes)?;
    let (mut drawn, mut rest) = certain(&sizes, size)?;
    let (left, total) = (size - drawn.len(), sum(&rest, &sizes)?);
    generator.shuffle(&mut rest, usize::MAX);
    let mut point = generator.below(total);
    let mut reached = 0_u128;
    for line in rest {
        let length = times(sizes[line], left)?;
        reached += length;
        // The length is below the step, so that an element is met at most once.
        if point < reached {
            point += total;
            let chance = Chance {
                numerator: length,
                denominator: total,
            };
            drawn.push(Selected { line, chance });
        }
    }
    Ok(drawn)
}

/// Elements that reach the step by themselves, in the order of the frame, round after round; and the others.
fn certain(sizes: &[u128], size: usize) -> Result<(Vec<Selected>, Vec<usize>), DrawError> {
    let chance = Chance {
        numerator: 1,
        denominator: 1,
    };
    let (mut drawn, mut rest): (Vec<Selected>, Vec<usize>) =
        (Vec::new(), (0..sizes.len()).collect());
    if size > rest.len() {
        return Err(DrawError::TooFew {
            stratum: String::new(),
            elements: rest.len(),
            size,
        });
    }
    loop {
        let (left, total) = (size - drawn.len(), sum(&rest, sizes)?);
        let mut smaller = Vec::new();
        for line in &rest {
            if left > 0 && times(sizes[*line], left)? >= total {
                drawn.push(Selected {
                    line: *line,
                    chance,
                });
            } else {
                smaller.push(*line);
            }
        }
        if smaller.len() == rest.len() {
            return Ok((drawn, rest));
        }
        rest = smaller;
    }
}

fn sum(lines: &[usize], sizes: &[u128]) -> Result<u128, DrawError> {
    let mut total = 0_u128;
    for line in lines {
        total = total.checked_add(sizes[*line]).ok_or(DrawError::Sizes)?;
    }
    Ok(total)
}

fn times(size: u128, count: usize) -> Result<u128, DrawError> {
    let product = size.checked_mul(count as u128);
    // A margin, so that sums of such products still fit.
    product
        .filter(|product| *product <= u128::MAX >> 26)
        .ok_or(DrawError::Sizes)
}

/// The magnitudes as whole numbers of the smallest digit that any of them has.
fn whole(frame: &Frame) -> Option<Vec<u128>> {
    let values = || frame.lines.iter().map(|line| line.value);
    let scale = values().flatten().map(Decimal::scale).max().unwrap_or(0);
    values()
        .map(|value| Some(value?.rescaled(scale)?.mantissa().unsigned_abs()))
        .collect()
}

impl Chance {
    /// In lowest terms.
    #[must_use]
    pub const fn reduced(self) -> Self {
        let (mut a, mut b) = (self.numerator, self.denominator);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        if a == 0 {
            return self;
        }
        Self {
            numerator: self.numerator / a,
            denominator: self.denominator / a,
        }
    }

    /// Whether it was sure to be drawn.
    #[must_use]
    pub const fn is_certain(self) -> bool {
        self.numerator == self.denominator
    }
}

impl fmt::Display for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            numerator,
            denominator,
        } = self.reduced();
        write!(f, "{numerator}/{denominator}")
    }
}

impl DrawError {
    /// The sentence for people.
    #[must_use]
    pub fn message(&self) -> Bilingual {
        let zh = match self {
            Self::Unsampled(stratum) => {
                format!("层 {stratum} 分不到样本：请加大样本量，或给定各层样本量")
            }
            Self::TooFew {
                stratum,
                elements,
                size,
            } => format!("层 {stratum} 只有 {elements} 个单元，少于 {size}"),
            Self::Sizes => "规模太大或太细，无法精确相加".to_owned(),
        };
        Bilingual::new(zh, self.to_string())
    }
}
