//! Habits that only many figures show: digits, targets, revisions. Each is a test with a p-value, under a false discovery rate.

use super::{
    Figures, Subject,
    sheet::{Candidate, Column, Row, Scene, Sheet},
};
use crate::{
    catalogue::{IndicatorKind, say},
    code::{IndicatorCode, UnitCode},
    decimal::Decimal,
    detect::{
        NotComputable, first_digit, number, revision_pattern, terminal_digit,
        threshold_hugging::{self, Across, Side, Target},
    },
    period::Period,
};

const DAY_MS: i64 = 86_400_000;
/// How many units a sentence names.
const NAMED_MAX: usize = 8;

/// The rows of each unit, ascending.
fn by_unit<'a>(rows: &[Row<'a>]) -> Vec<(&'a UnitCode, Vec<Row<'a>>)> {
    let mut units: Vec<(&UnitCode, Vec<Row<'_>>)> = Vec::new();
    for row in rows {
        match units.last_mut() {
            Some((unit, rows)) if *unit == row.unit => rows.push(*row),
            Some(_) | None => units.push((row.unit, vec![*row])),
        }
    }
    units
}

/// The indicators whose digits come from counting or measuring: not rates and indices.
fn measured<'a>(sheet: &Sheet<'a>) -> Vec<&'a IndicatorCode> {
    let is_measured = |code: &&IndicatorCode| match sheet
        .scene
        .catalogue
        .indicator(code)
        .map(crate::catalogue::Indicator::kind)
    {
        Some(IndicatorKind::Rate | IndicatorKind::Index) => false,
        Some(IndicatorKind::Flow | IndicatorKind::YearToDate | IndicatorKind::Stock) | None => true,
    };
    sheet
        .detector
        .indicators
        .iter()
        .filter(is_measured)
        .collect()
}

pub(super) fn terminal_digit(sheet: &mut Sheet<'_>, parameters: &terminal_digit::Parameters) {
    let scene = sheet.scene;
    let periods = scene.periods(parameters.periods);
    let indicators = measured(sheet);
    let mut candidates = Vec::new();
    for (unit, rows) in by_unit(&scene.rows()) {
        let mut tally = terminal_digit::Tally::default();
        for indicator in &indicators {
            let values: Vec<_> = rows
                .iter()
                .flat_map(|row| scene.series(*row, indicator, &periods))
                .collect();
            if let Ok(column) = Column::of(&values) {
                tally.add_series(
                    column.values.iter().copied().flatten(),
                    column.scale,
                    parameters,
                );
            }
        }
        let subject = Subject::record(unit);
        match tally.test(parameters) {
            Ok(found) => candidates.push(Candidate {
                subject,
                p_value: found.p_value,
                found,
            }),
            Err(reason) => sheet.skip(&subject, reason),
        }
    }
    let count = periods.len();
    sheet.control(candidates, parameters.rate, |_, candidate| {
        let test = &candidate.found;
        let ((digit, times), total) = (test.commonest, test.total);
        let expected = number::text(f64::from(total) / 10.0, 1);
        let (statistic, p) = (number::text(test.chi_square, 2), number::probability_text(test.p_value));
        let found = say!(
            "近 {count} 期 {total} 个数值的末位数字分布不均：{digit} 出现 {times} 次，按机会约 {expected} 次（卡方 {statistic}，自由度 9，p = {p}）。可能是凑整或估报，请出示原始记录",
            "the last digits of {total} figures in {count} periods are not evenly spread: {digit} occurs {times} times, about {expected} by chance (chi-square {statistic}, 9 degrees of freedom, p = {p}). They may be rounded or guessed; please show the source records"
        );
        Some((Figures { statistic, lower: None, upper: None, p_value: Some(p) }, found))
    });
}

pub(super) fn first_digit(sheet: &mut Sheet<'_>, parameters: &first_digit::Parameters) {
    let scene = sheet.scene;
    let indicators = measured(sheet);
    let mut candidates = Vec::new();
    for (unit, rows) in by_unit(&scene.rows()) {
        let subject = Subject::record(unit);
        let cells = rows.iter().flat_map(|row| {
            indicators
                .iter()
                .map(|code| scene.value(*row, code, scene.period))
        });
        let values: Vec<_> = cells.collect();
        let tested = Column::of(&values).and_then(|column| {
            let mut known: Vec<i64> = column.values.into_iter().flatten().collect();
            first_digit::test(&mut known, parameters)
        });
        match tested {
            Ok(found) => candidates.push(Candidate {
                subject,
                p_value: found.p_value,
                found,
            }),
            Err(reason) => sheet.skip(&subject, reason),
        }
    }
    sheet.control(candidates, parameters.rate, |_, candidate| {
        let test = candidate.found.matters(parameters).then_some(&candidate.found)?;
        let total = test.total;
        let (statistic, p) = (number::text(test.chi_square, 2), number::probability_text(test.p_value));
        let (ones, usual) = (test.counts[0], number::text(f64::from(total) * first_digit::shares()[0], 0));
        let deviation = number::text(test.deviation, 4);
        let found = say!(
            "{total} 个数值的首位数字不合本福特定律：以 1 开头的有 {ones} 个，通常约 {usual} 个（平均绝对偏差 {deviation}，卡方 {statistic}，自由度 8，p = {p}）。请抽查原始记录",
            "the first digits of {total} figures do not follow Benford's law: {ones} begin with 1, usually about {usual} (mean absolute deviation {deviation}, chi-square {statistic}, 8 degrees of freedom, p = {p}). Check a sample of the source records"
        );
        Some((Figures { statistic, lower: None, upper: None, p_value: Some(p) }, found))
    });
}

pub(super) fn threshold_hugging(sheet: &mut Sheet<'_>, parameters: &threshold_hugging::Parameters) {
    let scene = sheet.scene;
    let rows = scene.rows();
    let mut candidates = Vec::new();
    for indicator in &sheet.detector.indicators {
        let groups = match parameters.across {
            Across::Units => vec![(
                Subject::indicator(None, indicator),
                rows.clone(),
                vec![scene.period],
            )],
            Across::Periods => {
                let periods = scene.periods(u32::MAX);
                rows.iter()
                    .map(|row| {
                        (
                            Subject::figure(*row, indicator),
                            vec![*row],
                            periods.clone(),
                        )
                    })
                    .collect()
            }
        };
        for (subject, rows, periods) in groups {
            let sides = sides(scene, indicator, &rows, &periods, parameters);
            match sides.and_then(|sides| {
                Ok((
                    threshold_hugging::test(sides.iter().map(|(_, side)| *side), parameters)?,
                    sides,
                ))
            }) {
                Ok((test, sides)) => candidates.push(Candidate {
                    subject,
                    p_value: test.p_value,
                    found: (test, sides),
                }),
                Err(reason) => sheet.skip(&subject, reason),
            }
        }
    }
    sheet.control(candidates, parameters.rate, |sheet, candidate| {
        let (test, sides) = &candidate.found;
        let threshold_hugging::Test { above, below, .. } = *test;
        let (band, p) = (parameters.band, number::probability_text(test.p_value));
        let target = match &parameters.target {
            Target::Value(value) => crate::text::Bilingual::new(value.to_string(), value.to_string()),
            Target::Indicator(code) => sheet.scene.indicator_name(code),
        };
        let near: Vec<_> = sides.iter().filter(|(_, side)| *side == Side::Above).take(NAMED_MAX).collect();
        let names = near.iter().map(|(row, _)| sheet.scene.unit_name(row.unit));
        let (zh, en): (Vec<_>, Vec<_>) = names.map(|name| (name.zh, name.en)).unzip();
        let ((zh, en), (goal_zh, goal_en)) = ((zh.join("、"), en.join(", ")), (&target.zh, &target.en));
        let found = match parameters.across {
            Across::Units => say!(
                "刚过目标（{goal_zh}）的数值过多：高出不到 {band} 的有 {above} 个，低于不到 {band} 的有 {below} 个，纯属巧合的概率 {p}。涉及：{zh}",
                "too many figures lie just above the target ({goal_en}): {above} by less than {band} above it, {below} by less than {band} below it; the chance of that is {p}. Among them: {en}"
            ),
            Across::Periods => say!(
                "常常刚过目标（{goal_zh}）：{above} 期高出不到 {band}，{below} 期低于不到 {band}，纯属巧合的概率 {p}。请出示原始记录",
                "often just above the target ({goal_en}): by less than {band} in {above} periods, and by less than {band} below it in {below}; the chance of that is {p}. Please show the source records"
            ),
        };
        Some((Figures { statistic: above.to_string(), lower: Some(below.to_string()), upper: None, p_value: Some(p) }, found))
    });
}

/// On which side of its target each figure lies.
fn sides<'a>(
    scene: &Scene<'a>,
    indicator: &IndicatorCode,
    rows: &[Row<'a>],
    periods: &[Period],
    parameters: &threshold_hugging::Parameters,
) -> Result<Vec<(Row<'a>, Side)>, NotComputable> {
    let mut sides = Vec::new();
    let mut has_target = false;
    for (row, period) in rows
        .iter()
        .flat_map(|row| periods.iter().map(move |period| (*row, *period)))
    {
        let target = match &parameters.target {
            Target::Value(value) => Some(*value),
            Target::Indicator(code) => scene.value(row, code, period),
        };
        has_target |= target.is_some();
        if let (Some(value), Some(target)) = (scene.value(row, indicator, period), target) {
            let side = threshold_hugging::side(value, target, parameters.band)
                .ok_or(NotComputable::TooLarge)?;
            sides.push((row, side));
        }
    }
    if has_target {
        Ok(sides)
    } else {
        Err(NotComputable::TargetMissing)
    }
}

pub(super) fn revision_pattern(sheet: &mut Sheet<'_>, parameters: &revision_pattern::Parameters) {
    let scene = sheet.scene;
    let delay_ms = i64::from(parameters.ranked_after_days) * DAY_MS;
    let ranking = |period: Period| {
        let due = || Some(scene.dataset.due_at_ms(period)?.saturating_add(delay_ms));
        scene.history.ranked_at_ms(period).or_else(due)
    };
    let periods: Vec<(Period, Option<i64>)> = scene
        .periods(parameters.periods)
        .into_iter()
        .map(|p| (p, ranking(p)))
        .collect();
    let mut candidates = Vec::new();
    for row in scene.rows() {
        for indicator in &sheet.detector.indicators {
            let subject = Subject::figure(row, indicator);
            match tally_revisions(scene, row, indicator, &periods).test(parameters) {
                Ok(found) => candidates.push(Candidate {
                    subject,
                    p_value: found.p_value,
                    found,
                }),
                Err(reason) => sheet.skip(&subject, reason),
            }
        }
    }
    sheet.control(candidates, parameters.rate, |_, candidate| {
        let revision_pattern::Tally { up, down, before, ranked } = candidate.found.tally;
        let p = number::probability_text(candidate.p_value);
        let all = up + down;
        let found = say!(
            "近 {ranked} 期中，排名公布后修订 {all} 期，其中 {up} 期上调、{down} 期下调；排名公布前修订 {before} 期。单向上调纯属巧合的概率 {p}。请逐期说明修订依据",
            "of {ranked} periods, {all} were revised after the ranking: {up} upwards, {down} downwards; {before} were revised before it. The chance of so many upwards is {p}. Please give the reason for each"
        );
        Some((Figures { statistic: up.to_string(), lower: Some(down.to_string()), upper: None, p_value: Some(p) }, found))
    });
}

fn tally_revisions(
    scene: &Scene<'_>,
    row: Row<'_>,
    indicator: &IndicatorCode,
    periods: &[(Period, Option<i64>)],
) -> revision_pattern::Tally {
    let mut tally = revision_pattern::Tally::default();
    for (period, ranked_at_ms) in periods {
        let vintages: Vec<(i64, Option<Decimal>)> = scene
            .history
            .vintages(row.unit, *period)
            .iter()
            .map(|vintage| {
                (
                    vintage.accepted_at_ms,
                    vintage
                        .observation(indicator, row.item)
                        .and_then(|o| o.value),
                )
            })
            .collect();
        if !vintages.is_empty() {
            tally.add(&vintages, *ranked_at_ms);
        }
    }
    tally
}
