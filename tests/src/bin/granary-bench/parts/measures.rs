//! The measures of a nation's slots: one period's matrix, one unit's history, the league of a period and of everything held, with one
//! year and with ten years in memory.
//!
//! Synthetic: 3,000 units, 20 monthly datasets, 12 periods a year. In process, through [`Board`]. The limit of a row is a scan over a plain
//! array of the same slots, one after the other in memory, that counts the states, the copies and the slots returned by unit.

use std::{collections::BTreeSet, hint::black_box, sync::Arc};

use granary_core::{
    catalogue::Catalogue,
    completeness::{Board, Filter, GroupBy, Imported},
    measures::{matrix, tallies},
    period::Period,
};

use super::board::{AS_OF_MS, SHAPE, filled, plan};
use crate::{
    context::{Context, Outcome},
    measure::{median_ms, megabytes},
    process,
    row::Row,
};

const REPETITIONS: usize = 5;

/// The rows of this part.
pub(crate) fn run(_: &Context) -> Outcome<Vec<Row>> {
    let bundle = SHAPE.bundle()?;
    let catalogue = Catalogue::parse(&bundle).map_err(|faults| format!("{faults:?}"))?;
    let catalogue = Arc::new(catalogue);
    let periods = SHAPE.period_list()?;
    let year: Vec<Period> = periods.iter().rev().take(12).rev().copied().collect();
    // The long one first: the growth of a heap that nobody has used yet tells how much memory it takes.
    let (mut rows, memory) = of_years("10y", &catalogue, &periods)?;
    rows.push(memory);
    let (of_one, _) = of_years("1y", &catalogue, &year)?;
    rows.extend(of_one);
    Ok(rows)
}

/// The rows of a board, and its memory.
fn of_years(
    name: &str,
    catalogue: &Arc<Catalogue>,
    periods: &[Period],
) -> Outcome<(Vec<Row>, Row)> {
    let before = process::memory(std::process::id())?.resident;
    let board = filled(catalogue, periods)?;
    let taken = process::memory(std::process::id())?
        .resident
        .saturating_sub(before);
    let held = Held {
        name,
        board,
        plain: Plain::new(catalogue, periods)?,
    };
    let last = *periods.last().ok_or("no periods")?;
    let slots = held.plain.slots.len();
    let memory = Row::lower(format!("measures_{name}_memory"), megabytes(taken), "MB")
        .limit(megabytes(u64::try_from(size_of_val(held.plain.slots.as_slice()))?))
        .note(format!("growth of this process while {slots} slots were put on the board; limit: the plain array"));
    let rows = vec![
        held.matrix(last),
        held.unit(),
        held.league(
            "league_period",
            &period(last),
            held.plain.of_period(periods.len() - 1),
        ),
        held.league("league_all", &Filter::default(), held.plain.all()),
    ];
    Ok((rows, memory))
}

fn period(period: Period) -> Filter {
    Filter {
        periods: BTreeSet::from([period]),
        ..Filter::default()
    }
}

/// A board, and the same slots as a plain array.
struct Held<'a> {
    name: &'a str,
    board: Board,
    plain: Plain,
}

impl Held<'_> {
    fn matrix(&self, period: Period) -> Row {
        let value = median_ms(REPETITIONS, || {
            black_box(matrix(&self.board, period, AS_OF_MS, Imported::Apart));
        });
        let plain = self.plain.of_period(self.plain.periods - 1);
        self.row(
            "matrix",
            value,
            &plain,
            "one period's matrix of units by datasets",
        )
    }

    fn unit(&self) -> Row {
        let middle = self.plain.units / 2;
        let unit = self.board.catalogue().units()[middle].code().clone();
        let filter = Filter {
            units: BTreeSet::from([unit]),
            ..Filter::default()
        };
        let value = median_ms(REPETITIONS, || {
            black_box(tallies(
                &self.board,
                &filter,
                GroupBy::DatasetPeriod,
                AS_OF_MS,
            ));
        });
        let plain = self.plain.of_unit(middle);
        self.row(
            "unit",
            value,
            &plain,
            "all measures of one unit's every slot",
        )
    }

    fn league(&self, what: &str, filter: &Filter, plain: Vec<usize>) -> Row {
        let value = median_ms(REPETITIONS, || {
            black_box(tallies(&self.board, filter, GroupBy::Unit, AS_OF_MS));
        });
        self.row(what, value, &plain, "all measures of every unit")
    }

    fn row(&self, what: &str, value: f64, plain: &[usize], note: &str) -> Row {
        let limit = median_ms(REPETITIONS, || {
            black_box(self.plain.scan(plain));
        });
        let years = self.name;
        let note = format!(
            "{note}: {} slots, {years} held, in process; limit: a scan over a plain array of these slots",
            plain.len()
        );
        Row::lower(format!("measures_{years}_{what}"), value, "ms")
            .limit(limit)
            .note(note)
    }
}

/// One slot of the plain array.
struct PlainSlot {
    accepted_at_ms: i64,
    due_at_ms: i64,
    figures: u64,
    returned: bool,
}

/// The same slots, by dataset, period and unit.
struct Plain {
    slots: Vec<PlainSlot>,
    units: usize,
    periods: usize,
}

impl Plain {
    fn new(catalogue: &Catalogue, periods: &[Period]) -> Outcome<Self> {
        let units = catalogue.units().len();
        let mut slots = Vec::with_capacity(catalogue.datasets().len() * periods.len() * units);
        for dataset in catalogue.datasets() {
            for (number, period) in periods.iter().enumerate() {
                let due = dataset.due_at_ms(*period);
                let due_at_ms = due.ok_or("a period without a deadline")?;
                slots.extend((0..units).map(|unit| {
                    let plan = plan(unit, number, due_at_ms);
                    PlainSlot {
                        accepted_at_ms: plan.accepted_at_ms,
                        due_at_ms,
                        figures: plan.figures,
                        returned: plan.returned,
                    }
                }));
            }
        }
        Ok(Self {
            slots,
            units,
            periods: periods.len(),
        })
    }

    fn all(&self) -> Vec<usize> {
        (0..self.slots.len()).collect()
    }

    fn of_period(&self, period: usize) -> Vec<usize> {
        let is_wanted = |at: &usize| at / self.units % self.periods == period;
        (0..self.slots.len()).filter(is_wanted).collect()
    }

    fn of_unit(&self, unit: usize) -> Vec<usize> {
        (unit..self.slots.len()).step_by(self.units).collect()
    }

    /// Timely, late, missing, copied and returned slots of each unit.
    fn scan(&self, places: &[usize]) -> Vec<[u32; 5]> {
        let mut counts = vec![[0; 5]; self.units];
        for at in places {
            let slot = &self.slots[*at];
            let count = &mut counts[at % self.units];
            let state = if slot.accepted_at_ms > AS_OF_MS {
                2
            } else {
                usize::from(slot.accepted_at_ms > slot.due_at_ms)
            };
            count[state] += 1;
            let before = at.checked_sub(self.units).map(|before| &self.slots[before]);
            count[3] += u32::from(before.is_some_and(|before| before.figures == slot.figures));
            count[4] += u32::from(slot.returned);
        }
        counts
    }
}
