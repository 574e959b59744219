//! A unit beside the other units of the same period: Hidiroglou-Berthelot, smoothness.

use super::{
    Figures, Subject,
    sheet::{Candidate, Column, Row, Sheet},
};
use crate::{
    catalogue::say,
    code::IndicatorCode,
    decimal::Decimal,
    detect::{
        Judgement,
        hidiroglou_berthelot::{self, Interval},
        number, smoothness,
    },
    period::Period,
    text::Bilingual,
};

pub(super) fn hidiroglou_berthelot(
    sheet: &mut Sheet<'_>,
    parameters: &hidiroglou_berthelot::Parameters,
) {
    let previous = sheet.scene.period.plus(-1);
    let rows = sheet.scene.rows();
    for indicator in &sheet.detector.indicators {
        let Pairs { last, this, column } = match Pairs::of(sheet, &rows, indicator, previous) {
            Ok(pairs) => pairs,
            Err(reason) => {
                sheet.skip(&Subject::indicator(None, indicator), reason);
                continue;
            }
        };
        let (before, now) = column.values.split_at(rows.len());
        let pairs = before.iter().copied().zip(now.iter().copied());
        let mut judgements = Vec::with_capacity(rows.len());
        let interval = match hidiroglou_berthelot::judge(
            pairs.clone(),
            parameters,
            &mut hidiroglou_berthelot::Scratch::default(),
            &mut judgements,
        ) {
            Ok(interval) => interval,
            Err(reason) => {
                sheet.skip(&Subject::indicator(None, indicator), reason);
                continue;
            }
        };
        let judged = judgements
            .iter()
            .filter(|judgement| !matches!(judgement, Judgement::NotComputable(_)))
            .count();
        let judged = u32::try_from(judged).unwrap_or(u32::MAX);
        sheet.expect_by_chance(
            f64::from(judged) * hidiroglou_berthelot::chance_of_flag(judged, parameters),
        );
        for (at, (pair, judgement)) in pairs.zip(judgements).enumerate() {
            let subject = Subject::figure(rows[at], indicator);
            if let (true, (Some(y), Some(x)), Some(last), Some(this)) =
                (sheet.note(&subject, judgement), pair, last[at], this[at])
            {
                tell_ratio(sheet, subject, indicator, &interval, (y, x), (last, this));
            }
        }
    }
}

/// The figures of the last and of this period, one after the other, so that they have one scale.
struct Pairs {
    last: Vec<Option<Decimal>>,
    this: Vec<Option<Decimal>>,
    column: Column,
}

impl Pairs {
    fn of(
        sheet: &Sheet<'_>,
        rows: &[Row<'_>],
        indicator: &IndicatorCode,
        previous: Option<Period>,
    ) -> Result<Self, crate::detect::NotComputable> {
        let scene = sheet.scene;
        let last: Vec<_> = rows
            .iter()
            .map(|row| scene.value(*row, indicator, previous?))
            .collect();
        let this: Vec<_> = rows
            .iter()
            .map(|row| scene.value(*row, indicator, scene.period))
            .collect();
        let column = Column::of(&[last.clone(), this.clone()].concat())?;
        Ok(Self { last, this, column })
    }
}

fn tell_ratio(
    sheet: &mut Sheet<'_>,
    subject: Subject,
    indicator: &IndicatorCode,
    interval: &Interval,
    (y, x): (i64, i64),
    (last, this): (Decimal, Decimal),
) {
    let (low, high) = interval.ratios(y, x);
    let [ratio, median, low, high] =
        [x as f64 / y as f64, interval.median_ratio, low, high].map(|ratio| number::text(ratio, 3));
    let effect = interval.effect(y, x).map_or(0.0, |effect| effect);
    let (own, before) = (
        sheet.scene.amount(&this.to_string(), indicator),
        sheet.scene.amount(&last.to_string(), indicator),
    );
    let found = Bilingual::new(
        format!(
            "本期 {own} 是上期 {before} 的 {ratio} 倍；各单位的中位数是 {median} 倍，按本单位的规模，{low} 至 {high} 倍属于正常。请核对本期和上期",
            own = own.zh,
            before = before.zh
        ),
        format!(
            "this period's {own} is {ratio} times the last period's {before}; the median over the units is {median}, and for a unit of this size {low} to {high} is usual. Check both periods",
            own = own.en,
            before = before.en
        ),
    );
    let figures = Figures {
        statistic: number::text(effect, 3),
        lower: Some(low),
        upper: Some(high),
        p_value: None,
    };
    sheet.flag(subject, figures, &found);
}

pub(super) fn smoothness(sheet: &mut Sheet<'_>, parameters: &smoothness::Parameters) {
    let periods = sheet.scene.periods(parameters.periods);
    let lag = sheet
        .scene
        .period
        .periodicity()
        .per_year()
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(1);
    let rows = sheet.scene.rows();
    let mut candidates = Vec::new();
    for indicator in &sheet.detector.indicators {
        let mut rough: Vec<(Row<'_>, f64)> = Vec::new();
        for row in &rows {
            let series = sheet.scene.series(*row, indicator, &periods);
            match Column::of(&series)
                .and_then(|column| smoothness::roughness(&column.values, lag, parameters))
            {
                Ok(roughness) => rough.push((*row, roughness)),
                Err(reason) => sheet.skip(&Subject::figure(*row, indicator), reason),
            }
        }
        match smoothness::Peers::of(rough.iter().map(|(_, roughness)| *roughness), parameters) {
            Err(reason) => sheet.skip(&Subject::indicator(None, indicator), reason),
            Ok(peers) => candidates.extend(rough.into_iter().map(|(row, roughness)| Candidate {
                subject: Subject::figure(row, indicator),
                p_value: peers.p_value(roughness),
                found: (peers, roughness),
            })),
        }
    }
    sheet.control(candidates, parameters.rate, |_, candidate| {
        let (peers, roughness) = candidate.found;
        let [own, median] = [roughness, peers.median()].map(|roughness| number::text(100.0 * roughness, 3));
        let p = number::probability_text(candidate.p_value);
        let found = say!(
            "增速逐期平均只变动 {own} 个百分点，其他单位的中位数是 {median} 个百分点，平稳得不合常理（p = {p}）。请提供原始记录",
            "growth changes by {own} points from period to period on average, while the median of the units is {median} points: smoother than is plausible (p = {p}). Please show the source records"
        );
        let figures = Figures { statistic: own, lower: None, upper: None, p_value: Some(p) };
        Some((figures, found))
    });
}
