//! A record as a whole: copied, all zero, or empty though complete.

use std::collections::{BTreeMap, BTreeSet};

use super::{Figures, Subject, sheet::Sheet};
use crate::{
    catalogue::say,
    code::{IndicatorCode, ItemKey, UnitCode},
    decimal::Decimal,
    detect::{
        all_zero, copied_from_neighbour, copied_last_period, empty_but_complete,
        likeness::Likeness, number,
    },
    snapshot::Observation,
};

/// A cell of a record.
type Key<'a> = (&'a IndicatorCode, Option<&'a ItemKey>);

pub(super) fn copied_last_period(
    sheet: &mut Sheet<'_>,
    parameters: &copied_last_period::Parameters,
) {
    let scene = sheet.scene;
    let Some(last) = scene.period.plus(-1) else {
        return;
    };
    for (unit, observations) in scene.records() {
        let own = looked_at(sheet, observations);
        let pairs = own.map(|o| {
            (
                scene
                    .history
                    .value(unit, last, &o.indicator, o.item.as_ref()),
                o.value,
            )
        });
        let (likeness, judgement) = copied_last_period::judge(pairs, parameters);
        let subject = Subject::record(unit);
        if sheet.note(&subject, judgement) {
            let Likeness { compared, equal } = likeness;
            let percent = number::text(likeness.percent(), 1);
            let found = say!(
                "{compared} 个有效数值中有 {equal} 个与上期（{last}）完全相同（{percent}%）。请确认不是照抄上期",
                "{equal} of {compared} telling figures are those of the last period ({last}), that is {percent}%. Make sure that it was not copied"
            );
            sheet.flag(subject, share(percent, parameters.match_percent), &found);
        }
    }
}

/// The share of equal figures, and the mark that it reached.
fn share(percent: String, mark: Decimal) -> Figures {
    Figures {
        statistic: percent,
        lower: None,
        upper: Some(mark.to_string()),
        p_value: None,
    }
}

/// The observations of the indicators that the detector looks at.
fn looked_at<'o>(
    sheet: &Sheet<'_>,
    observations: &'o [Observation],
) -> impl Iterator<Item = &'o Observation> {
    let indicators: BTreeSet<IndicatorCode> = sheet.detector.indicators.iter().cloned().collect();
    observations
        .iter()
        .filter(move |o| indicators.contains(&o.indicator))
}

pub(super) fn copied_from_neighbour(
    sheet: &mut Sheet<'_>,
    parameters: &copied_from_neighbour::Parameters,
) {
    let scene = sheet.scene;
    let mut siblings: BTreeMap<Option<&UnitCode>, Vec<(&UnitCode, &[Observation])>> =
        BTreeMap::new();
    for (unit, observations) in scene.records() {
        siblings
            .entry(scene.catalogue.parent(unit, scene.period))
            .or_default()
            .push((unit, observations));
    }
    for group in siblings.values() {
        let nearest = copied_from_neighbour::judge(&cells(sheet, group), parameters);
        for ((unit, _), nearest) in group.iter().zip(nearest) {
            let subject = Subject::record(unit);
            let other = nearest.neighbour.map(|at| scene.unit_name(group[at].0));
            if let (true, Some(other)) = (sheet.note(&subject, nearest.judgement), other) {
                let Likeness { compared, equal } = nearest.likeness;
                let percent = number::text(nearest.likeness.percent(), 1);
                let (zh, en) = (other.zh, other.en);
                let found = say!(
                    "{compared} 个有效数值中有 {equal} 个与{zh}同期完全相同（{percent}%）。请两个单位分别出示原始记录",
                    "{equal} of {compared} telling figures are those of {en} for the same period, that is {percent}%. Both units should show their source records"
                );
                sheet.flag(subject, share(percent, parameters.match_percent), &found);
            }
        }
    }
}

/// Every record of the group over the cells that any of them states, so that they line up.
fn cells(sheet: &Sheet<'_>, group: &[(&UnitCode, &[Observation])]) -> Vec<Vec<Option<Decimal>>> {
    let stated: Vec<BTreeMap<Key<'_>, Option<Decimal>>> = group
        .iter()
        .map(|(_, observations)| {
            looked_at(sheet, observations)
                .map(|o| (o.key(), o.value))
                .collect()
        })
        .collect();
    let keys: BTreeSet<Key<'_>> = stated
        .iter()
        .flat_map(|record| record.keys().copied())
        .collect();
    let lined_up = |record: &BTreeMap<Key<'_>, Option<Decimal>>| {
        keys.iter()
            .map(|key| record.get(key).copied().flatten())
            .collect()
    };
    stated.iter().map(lined_up).collect()
}

pub(super) fn all_zero(sheet: &mut Sheet<'_>, parameters: &all_zero::Parameters) {
    for (unit, observations) in sheet.scene.records() {
        let values = looked_at(sheet, observations).map(|o| o.value);
        let (known, judgement) = all_zero::judge(values, parameters);
        let subject = Subject::record(unit);
        if sheet.note(&subject, judgement) {
            let found = say!(
                "填报的 {known} 个数值全部为零。确无业务请说明，缺数请按“缺失”填报，不要填零",
                "all {known} figures are zero. Explain it if nothing happened; state missing figures as missing, not as zero"
            );
            let figures = Figures {
                statistic: known.to_string(),
                ..Figures::default()
            };
            sheet.flag(subject, figures, &found);
        }
    }
}

pub(super) fn empty_but_complete(
    sheet: &mut Sheet<'_>,
    parameters: &empty_but_complete::Parameters,
) {
    let scene = sheet.scene;
    let required: Vec<&IndicatorCode> = scene
        .dataset
        .required()
        .iter()
        .filter(|code| sheet.detector.indicators.contains(code))
        .collect();
    let mut rows = scene.rows().into_iter().peekable();
    while let Some(row) = rows.next() {
        let mut cells: Vec<empty_but_complete::Cell> = Vec::new();
        let mut push = |row: super::sheet::Row<'_>| {
            cells.extend(required.iter().map(|code| {
                let found = scene
                    .history
                    .observation(row.unit, scene.period, code, row.item);
                match found {
                    None => empty_but_complete::Cell::Unstated,
                    Some(Observation {
                        value: Some(value), ..
                    }) => empty_but_complete::Cell::Value(*value),
                    Some(Observation { value: None, .. }) => empty_but_complete::Cell::Absent,
                }
            }));
        };
        push(row);
        while let Some(next) = rows.next_if(|next| next.unit == row.unit) {
            push(next);
        }
        let (count, judgement) = empty_but_complete::judge(cells, parameters);
        let subject = Subject::record(row.unit);
        if sheet.note(&subject, judgement) {
            let empty_but_complete::Count {
                required,
                telling,
                zeros,
                absent,
            } = count;
            let found = say!(
                "{required} 个必填项都填了，但只有 {telling} 个是非零数值（{zeros} 个为零，{absent} 个没有数值）：形式上完整，实际上没有内容",
                "all {required} required cells are filled in, but only {telling} hold a figure other than zero ({zeros} zeros, {absent} without a value): complete in form, empty in substance"
            );
            let figures = Figures {
                statistic: telling.to_string(),
                lower: Some(number::text(
                    number::to_float(parameters.telling_percent) * f64::from(required) / 100.0,
                    1,
                )),
                ..Figures::default()
            };
            sheet.flag(subject, figures, &found);
        }
    }
}
