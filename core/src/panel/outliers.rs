//! Two screens for outliers over a panel: a figure against its own past, and a change against the changes of all units. The
//! methods are those of [`detect`]; here they are run over whole columns, and follow changes.
//!
//! A screen gives verdicts as an edit does: true where nothing is unusual, false where something is, undecided where the method
//! does not apply.

use super::{
    Panel,
    bits::{WORD, ones},
};
use crate::{
    code::IndicatorCode,
    detect::{self, Detector, Judgement, hidiroglou_berthelot, modified_z},
    edits::Scope,
};

/// A screen over one indicator.
#[derive(Clone, Debug)]
pub struct Screen {
    /// The indicator.
    pub indicator: IndicatorCode,
    /// The records that it judges, and compares with each other.
    pub scope: Scope,
    /// How.
    pub method: Method,
}

/// A method to find outliers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A figure among all figures of its unit.
    History(modified_z::Parameters),
    /// The change from the last period among the changes of all units.
    Change(hidiroglou_berthelot::Parameters),
}

/// Room that is kept from one unit or period to the next.
#[derive(Debug, Default)]
pub(super) struct Room {
    values: Vec<i64>,
    history: Vec<Option<i64>>,
    units: Vec<usize>,
    pairs: Vec<(Option<i64>, Option<i64>)>,
    scratch: hidiroglou_berthelot::Scratch,
    judgements: Vec<Judgement>,
}

/// So many units stand in one line of the cache.
const LINE: usize = 8;

impl Screen {
    /// The screens that a detector of the catalogue asks for, of all records of its dataset: one for each indicator; none where its
    /// method is another.
    #[must_use]
    pub fn of(detector: &Detector) -> Vec<Self> {
        let method = match detector.method {
            detect::Method::ModifiedZ(parameters) => Method::History(parameters),
            detect::Method::HidiroglouBerthelot(parameters) => Method::Change(parameters),
            detect::Method::Seasonal(_)
            | detect::Method::GrowthLevel(_)
            | detect::Method::CopiedLastPeriod(_)
            | detect::Method::CopiedFromNeighbour(_)
            | detect::Method::AllZero(_)
            | detect::Method::EmptyButComplete(_)
            | detect::Method::TerminalDigit(_)
            | detect::Method::FirstDigit(_)
            | detect::Method::ThresholdHugging(_)
            | detect::Method::RevisionPattern(_)
            | detect::Method::Smoothness(_) => return Vec::new(),
        };
        let screen = |indicator: &IndicatorCode| Self {
            indicator: indicator.clone(),
            scope: Scope::default(),
            method,
        };
        detector.indicators.iter().map(screen).collect()
    }
}

/// Judges the 64 units of a word of the periods' bitmaps: `put` gets a period and the bits of `decided` and `holds`.
pub(super) fn histories(
    panel: &Panel,
    column: usize,
    parameters: &modified_z::Parameters,
    word: usize,
    room: &mut Room,
    mut put: impl FnMut(usize, [u64; 2]),
) {
    let periods = panel.layout().periods().len();
    let mut found = vec![[0_u64; 2]; periods];
    for line in 0..WORD / LINE {
        let first = word * WORD + line * LINE;
        transpose(panel, column, first, &mut room.history);
        for unit in 0..LINE {
            let history = unit * periods..(unit + 1) * periods;
            judge_history(parameters, history, room, |period, bits| {
                let bit = line * LINE + unit;
                let [decided, holds] = &mut found[period];
                *decided |= bits[0] << bit;
                *holds |= bits[1] << bit;
            });
        }
    }
    for (period, bits) in found.into_iter().enumerate() {
        put(period, bits);
    }
}

/// Judges all periods of one unit: `put` gets a period and one bit each of `decided` and `holds`.
pub(super) fn history(
    panel: &Panel,
    column: usize,
    parameters: &modified_z::Parameters,
    unit: usize,
    room: &mut Room,
    put: impl FnMut(usize, [u64; 2]),
) {
    let periods = panel.layout().periods().len();
    let figures = (0..periods).map(|p| figure(panel, column, panel.layout().row(unit, p)));
    room.history.clear();
    room.history.extend(figures);
    judge_history(parameters, 0..periods, room, put);
}

fn judge_history(
    parameters: &modified_z::Parameters,
    at: std::ops::Range<usize>,
    room: &mut Room,
    mut put: impl FnMut(usize, [u64; 2]),
) {
    let history = &room.history[at];
    room.values.clear();
    room.values.extend(history.iter().flatten());
    if let Ok(baseline) = modified_z::Baseline::of(&mut room.values, parameters) {
        for (period, value) in history.iter().enumerate() {
            if let Some(value) = value {
                put(period, [1, u64::from(!baseline.is_outlier(*value))]);
            }
        }
    }
}

/// The histories of the units from `first` on, unit after unit; period by period a line of the cache is read whole.
fn transpose(panel: &Panel, column: usize, first: usize, out: &mut Vec<Option<i64>>) {
    let periods = panel.layout().periods().len();
    out.clear();
    out.resize(LINE * periods, None);
    for period in 0..periods {
        let row = panel.layout().row(first, period);
        for unit in 0..LINE {
            out[unit * periods + period] = figure(panel, column, row + unit);
        }
    }
}

/// Judges the units of one period that are set in `judged`, and compares them with each other; `out` is `decided` and `holds`.
pub(super) fn changes(
    panel: &Panel,
    column: usize,
    parameters: &hidiroglou_berthelot::Parameters,
    period: usize,
    judged: &[u64],
    room: &mut Room,
    [decided, holds]: [&mut [u64]; 2],
) {
    decided.fill(0);
    holds.fill(0);
    let Some(before) = period.checked_sub(1) else {
        return;
    };
    let words = judged.iter().enumerate();
    let units = words.flat_map(|(at, word)| ones(*word).map(move |bit| at * WORD + bit));
    room.units.clear();
    room.units.extend(units);
    let figure = |unit: usize, period| {
        let figure = figure(panel, column, panel.layout().row(unit, period));
        figure.filter(|figure| *figure != BEYOND)
    };
    let pairs = room
        .units
        .iter()
        .map(|unit| (figure(*unit, before), figure(*unit, period)));
    room.pairs.clear();
    room.pairs.extend(pairs);
    room.judgements.clear();
    let pairs = room.pairs.iter().copied();
    // Why there is no interval stands in the judgements.
    let _ = hidiroglou_berthelot::judge(pairs, parameters, &mut room.scratch, &mut room.judgements);
    for (unit, judgement) in room.units.iter().zip(&room.judgements) {
        let (word, bit) = (unit / WORD, unit % WORD);
        let (is_decided, is_clean) = match judgement {
            Judgement::Clean => (1, 1),
            Judgement::Flagged => (1, 0),
            Judgement::NotComputable(_) => (0, 0),
        };
        decided[word] |= is_decided << bit;
        holds[word] |= is_clean << bit;
    }
}

/// In the place of a figure beyond 64 bits.
const BEYOND: i64 = i64::MAX;

/// A figure as an integer at the scale of its column; [`BEYOND`] is too large for the modified z-score by itself.
fn figure(panel: &Panel, column: usize, row: usize) -> Option<i64> {
    let column = panel.column(column);
    let figure = column.known.get(row).then(|| column.mantissa(row))?;
    Some(i64::try_from(figure).unwrap_or(BEYOND))
}
