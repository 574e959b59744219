//! One snapshot at a time: how long it takes until every verdict that hangs on it is right again.

use std::{hint::black_box, time::Instant};

use granary_core::{
    decimal::Decimal,
    panel::{Alone, Checker, Panel, Recheck},
};

use super::{
    bare::{Bare, one_record},
    city::SCALE,
    data::{INDICATORS, Size, at},
    random::hash,
};
use crate::context::Outcome;

/// How many snapshots are entered.
const SNAPSHOTS: usize = 20_000;
/// What a revision changes: a total and its part, what is summed up, what later periods look back at, and a history.
const REVISED: [usize; 6] = [
    at::GDP,
    at::CROPS,
    at::INVESTMENT,
    at::EMPLOYED,
    at::GDP_GROWTH,
    at::ELECTRICITY,
];

/// Times of single snapshots, in microseconds.
pub(crate) struct Times {
    pub(crate) median: f64,
    pub(crate) p99: f64,
    /// How many verdicts have changed, of all snapshots together.
    pub(crate) changed: usize,
}

/// Enters revisions of records here and there, each with all thirty figures. In the end the verdicts are compared with those of a full
/// re-check.
pub(crate) fn follow(panel: &Panel, recheck: &Recheck, size: Size) -> Outcome<Times> {
    let mut checker = Checker::new(panel.clone(), recheck.clone(), &(), &Alone);
    let columns = columns(panel)?;
    let (mut times, mut changes, mut changed) = (Vec::with_capacity(SNAPSHOTS), Vec::new(), 0);
    for nth in 0..SNAPSHOTS {
        let random = hash(200, &[nth]) as usize;
        let place = (random % size.counties, (random >> 32) % size.periods);
        let figures = revised(checker.panel(), &columns, place, random);
        changes.clear();
        let start = Instant::now();
        checker
            .enter(place, &figures, &(), &mut changes)
            .ok_or("a figure was not taken")?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
        changed += black_box(&changes).len();
    }
    if checker.verdicts() != checker.recheck().run(checker.panel(), &(), &Alone) {
        return Err("the verdicts have not followed the changes".into());
    }
    times.sort_by(f64::total_cmp);
    Ok(Times {
        median: times[SNAPSHOTS / 2],
        p99: times[SNAPSHOTS * 99 / 100],
        changed,
    })
}

/// The places of the indicators in the panel.
fn columns(panel: &Panel) -> Outcome<Vec<usize>> {
    let place = |name: &&str| {
        panel
            .indicators()
            .iter()
            .position(|code| code.as_str() == *name)
    };
    let places: Option<Vec<usize>> = INDICATORS.iter().map(place).collect();
    Ok(places.ok_or("no such indicator")?)
}

/// All figures of a record, some of them up to a hundred cents more or less than they were; every fourth time they go far off.
fn revised(
    panel: &Panel,
    columns: &[usize],
    (unit, period): (usize, usize),
    random: usize,
) -> Vec<(usize, Option<Decimal>)> {
    let more = (random >> 8) as i128 % 201 - 100;
    let far = random.is_multiple_of(4);
    let figure = |(indicator, column): (usize, &usize)| {
        let figure = panel.figure(unit, period, *column);
        let figure = if REVISED.contains(&indicator) {
            let moved = |m: i128| if far { m + m / 3 + more } else { m + more };
            figure.and_then(|figure| Decimal::new(moved(figure.mantissa()), SCALE))
        } else {
            figure
        };
        (*column, figure)
    };
    columns.iter().enumerate().map(figure).collect()
}

/// The twelve rules written by hand on one record after the other, here and there: microseconds a record.
pub(crate) fn bare_record_us(bare: &Bare<'_>, size: Size) -> f64 {
    let records = bare.side_by_side();
    let width = INDICATORS.len();
    let start = Instant::now();
    for nth in 0..SNAPSHOTS {
        let record = hash(201, &[nth]) as usize % size.records();
        black_box(one_record(&records[record * width..][..width]));
    }
    start.elapsed().as_secs_f64() * 1e6 / SNAPSHOTS as f64
}
