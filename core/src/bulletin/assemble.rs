//! Putting a bulletin together from what is known at an instant.

use crate::{
    completeness::{Filter, GroupBy, Imported},
    forecast::{self, Models, Wanted},
    ledger::FoldError,
    measures::{self, Tally, tallies},
    period::Period,
    scorecard::{Known, draw_up},
    targets::{self, Figures, Scope},
};

use super::{Basis, Bulletin, League, LogHead, TargetLine, Words};

/// The most open slots that a bulletin lists, the most endangered of all.
pub const RISKS_MAX: usize = 10_000;

/// The bulletin of a period: a pure function of the journal prefix behind `known` and its instant. `basis` and `log` name them.
///
/// Scorecards are drawn up where they score periods of this periodicity. Targets are those of the period's year, by what is
/// known of it up to the period's end. Imported history stands apart, but for scorecards that say otherwise and
/// for the forecast, which always learns from it.
///
/// # Errors
/// [`FoldError`] where a row or payload is damaged, or the store cannot be read.
pub fn assemble(
    known: Known<'_>,
    period: Period,
    basis: Basis,
    log: LogHead,
) -> Result<Bulletin, FoldError> {
    let Known {
        board,
        view,
        as_of_ms,
    } = known;
    let catalogue = board.catalogue();
    let before = period.plus(-1);
    let now = tally(known, Some(period));
    let then = tally(known, before);
    Ok(Bulletin {
        name: Words::from(catalogue.name()),
        period: period.to_string(),
        period_before: before.map(|before| before.to_string()).unwrap_or_default(),
        basis,
        log,
        counts: now.counts.into(),
        counts_before: then.counts.into(),
        leagues: leagues(known, period)?,
        matrix: measures::matrix(board, period, as_of_ms, Imported::Apart),
        units: measures::unit_measures(board, period, as_of_ms, Imported::Apart),
        findings: measures::finding_lines(view, catalogue, period, as_of_ms)?,
        revisions: measures::revision_lines(view, catalogue, period, as_of_ms)?,
        targets: progress(known, period)?,
        risks: risks(known, period),
        measures: measures::measure_values(&now),
        measures_before: measures::measure_values(&then),
        imported: false,
    })
}

/// All slots of a period together; nothing where there is no period.
fn tally(known: Known<'_>, period: Option<Period>) -> Tally {
    let Some(period) = period else {
        return Tally::default();
    };
    let filter = measures::of_period(period, Imported::Apart);
    let rows = tallies(known.board, &filter, GroupBy::Nothing, known.as_of_ms);
    rows.into_iter()
        .fold(Tally::default(), |sum, (_, tally)| sum.plus(tally))
}

fn leagues(known: Known<'_>, period: Period) -> Result<Vec<League>, FoldError> {
    let cards = known.board.catalogue().scorecards().iter();
    cards
        .filter(|card| card.periodicity() == period.periodicity())
        .map(|card| draw_up(known, card, period))
        .collect()
}

fn progress(known: Known<'_>, period: Period) -> Result<Vec<TargetLine>, FoldError> {
    let catalogue = known.board.catalogue();
    let scope = Scope {
        year: period.year(),
        filter: Filter::default(),
        department: None,
        last_day: period.day_after().yesterday().ok(),
    };
    let mut figures = Figures::new(known.view, known.as_of_ms);
    let found = targets::progress(catalogue, &scope, &mut |unit, dataset, period, code| {
        figures.value(unit, dataset, period, code)
    })?;
    Ok(found.iter().map(|one| one.line(catalogue)).collect())
}

fn risks(known: Known<'_>, period: Period) -> Vec<super::RiskLine> {
    let wanted = Wanted {
        filter: measures::of_period(period, Imported::Apart),
        chance_percent_min: 0,
        overdue: false,
        lines_max: RISKS_MAX,
    };
    // Models that are learnt now are those that somebody would have kept, so nobody can tell whose they were.
    forecast::risks(known.board, &mut Models::default(), &wanted, known.as_of_ms).lines
}
