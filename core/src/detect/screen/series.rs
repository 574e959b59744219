//! A figure beside its own past: modified z-score, the same period of earlier years, growth against level.

use super::{
    Figures, Subject,
    sheet::{Column, Row, Sheet},
};
use crate::{
    catalogue::say,
    code::IndicatorCode,
    decimal::Decimal,
    detect::{Judgement, NotComputable, growth_level, modified_z, number, seasonal},
    period::Period,
    text::Bilingual,
};

pub(super) fn modified_z(sheet: &mut Sheet<'_>, parameters: &modified_z::Parameters) {
    let periods = sheet.scene.periods(u32::MAX);
    each_figure(sheet, |sheet, row, indicator, subject, value| {
        let series = sheet.scene.series(row, indicator, &periods);
        let column = match Column::of(&series) {
            Ok(column) => column,
            Err(reason) => return sheet.skip(&subject, reason),
        };
        let mut known: Vec<i64> = column.values.iter().copied().flatten().collect();
        let Some(Some(mantissa)) = column.values.last().copied() else {
            return;
        };
        let baseline = match modified_z::Baseline::of(&mut known, parameters) {
            Ok(baseline) => baseline,
            Err(reason) => return sheet.skip(&subject, reason),
        };
        let count = u32::try_from(known.len()).unwrap_or(u32::MAX);
        sheet.expect_by_chance(modified_z::chance_of_flag(count, parameters));
        if sheet.note(&subject, Judgement::of(baseline.is_outlier(mantissa))) {
            let (low, high) = baseline.bounds(parameters);
            let (low, high) = (column.text(low), column.text(high));
            let score = number::text(baseline.score(mantissa, parameters), 3);
            let (own, median) = (
                sheet.scene.amount(&value.to_string(), indicator),
                sheet
                    .scene
                    .amount(&column.text(baseline.median()), indicator),
            );
            let limit = parameters.threshold;
            let found = Bilingual::new(
                format!(
                    "本期为 {own}，本单位 {count} 期的中位数是 {median}，正常范围 {low} 至 {high}；偏离评分 {score}（界限 {limit}）。请核对是否错了小数点、计量单位或累计口径",
                    own = own.zh,
                    median = median.zh
                ),
                format!(
                    "the figure is {own}, the median of this unit's {count} periods is {median}, and {low} to {high} is usual; its score is {score} (limit {limit}). Check the decimal point, the unit of measure and whether it is cumulative",
                    own = own.en,
                    median = median.en
                ),
            );
            let figures = Figures {
                statistic: score,
                lower: Some(low),
                upper: Some(high),
                p_value: None,
            };
            sheet.flag(subject, figures, &found);
        }
    });
}

pub(super) fn seasonal(sheet: &mut Sheet<'_>, parameters: &seasonal::Parameters) {
    let years: Vec<Period> =
        std::iter::successors(Some(sheet.scene.period), |period| period.year_ago())
            .take(usize::try_from(parameters.years).unwrap_or(0) + 1)
            .collect();
    each_figure(sheet, |sheet, row, indicator, subject, value| {
        let series = sheet.scene.series(row, indicator, &years);
        let judged = Column::of(&series).and_then(|column| {
            let earlier = column.values.iter().skip(1).copied();
            Ok((seasonal::Baseline::of(earlier, parameters)?, column))
        });
        let (baseline, column) = match judged {
            Ok(judged) => judged,
            Err(reason) => return sheet.skip(&subject, reason),
        };
        let Some(Some(mantissa)) = column.values.first().copied() else {
            return;
        };
        if sheet.note(&subject, baseline.judge(mantissa, parameters)) {
            let (low, high) = baseline.bounds(parameters);
            let off = number::text(100.0 * (mantissa as f64 / baseline.mean() - 1.0), 1);
            let (own, mean) = (
                sheet.scene.amount(&value.to_string(), indicator),
                sheet.scene.amount(&column.text(baseline.mean()), indicator),
            );
            let (count, limit) = (baseline.years(), parameters.tolerance_percent);
            let found = Bilingual::new(
                format!(
                    "本期为 {own}，前 {count} 年同期平均 {mean}，相差 {off}%（界限 ±{limit}%）。请核对，属实请说明原因",
                    own = own.zh,
                    mean = mean.zh
                ),
                format!(
                    "the figure is {own}, the mean of the same period in {count} earlier years is {mean}, off by {off}% (limit ±{limit}%). Check it, or explain it",
                    own = own.en,
                    mean = mean.en
                ),
            );
            let figures = Figures {
                statistic: off,
                lower: Some(column.text(low)),
                upper: Some(column.text(high)),
                p_value: None,
            };
            sheet.flag(subject, figures, &found);
        }
    });
}

pub(super) fn growth_level(sheet: &mut Sheet<'_>, parameters: &growth_level::Parameters) {
    let Some(year_ago) = sheet.scene.period.year_ago() else {
        return;
    };
    let places: Vec<IndicatorCode> = sheet.detector.indicators.clone();
    each_figure(sheet, |sheet, row, indicator, subject, level| {
        let at = places.iter().position(|code| code == indicator);
        let beside = |codes: &[IndicatorCode]| {
            let code = codes.get(at?)?;
            sheet.scene.value(row, code, sheet.scene.period)
        };
        let Some(growth) = beside(&parameters.growth) else {
            return sheet.skip(&subject, NotComputable::ValueMissing);
        };
        let Some(published) = sheet.scene.value(row, indicator, year_ago) else {
            return sheet.skip(&subject, NotComputable::BaseMissing);
        };
        let facts = growth_level::Facts {
            level,
            growth,
            published,
            stated: beside(&parameters.base),
        };
        let finding = match growth_level::judge(&facts, parameters) {
            Ok(finding) => finding,
            Err(reason) => return sheet.skip(&subject, reason),
        };
        if sheet.note(
            &subject,
            Judgement::of(finding.outcome != growth_level::Outcome::Clean),
        ) {
            let limit = parameters.gap_points.to_string();
            let figures = Figures {
                statistic: number::text(finding.gap_points, 2),
                lower: Some(format!("-{limit}")),
                upper: Some(limit),
                p_value: None,
            };
            let found = told_growth(sheet, &facts, &finding, indicator);
            sheet.flag(subject, figures, &found);
        }
    });
}

/// What a gap between growth and levels says, and what it does not.
fn told_growth(
    sheet: &Sheet<'_>,
    facts: &growth_level::Facts,
    finding: &growth_level::Finding,
    indicator: &IndicatorCode,
) -> Bilingual {
    let amount = |value: String| sheet.scene.amount(&value, indicator);
    let digits = usize::from(facts.published.scale());
    let implied = amount(number::text(finding.implied_base, digits));
    let (level, published) = (
        amount(facts.level.to_string()),
        amount(facts.published.to_string()),
    );
    let stated = amount(
        facts
            .stated
            .map(|stated| stated.to_string())
            .unwrap_or_default(),
    );
    let [nominal, gap, price] = [
        finding.nominal_percent,
        finding.gap_points,
        finding.price_change_percent,
    ]
    .map(|figure| number::text(figure, 2));
    let growth = facts.growth;
    let says = Bilingual::new(
        format!(
            "本期 {level}，去年同期公布数 {published}，按现价变动 {nominal}%，而申报的可比价增速是 {growth}%，相差 {gap} 个百分点",
            level = level.zh,
            published = published.zh
        ),
        format!(
            "the level is {level}, last year's published level {published}: {nominal}% at current prices, while the declared growth at comparable prices is {growth}%, a gap of {gap} points",
            level = level.en,
            published = published.en
        ),
    );
    let means = match finding.outcome {
        growth_level::Outcome::Clean => Bilingual::default(),
        growth_level::Outcome::WideGap => say!(
            "。只有价格变动 {price}% 才能两者都对（提示，不是差错认定），请说明原因",
            ". Both can be right only if prices changed by {price}% (a warning, not an error); please explain"
        ),
        growth_level::Outcome::ImpliedBaseChanged => Bilingual::new(
            format!(
                "。按申报增速倒推，去年同期应为 {implied}，比公布数变动 {price}%，单靠价格难以解释：很可能调整了基数而没有说明",
                implied = implied.zh
            ),
            format!(
                ". The declared growth implies a base of {implied}, {price}% off the published one, which prices hardly explain: the base was probably changed without being declared",
                implied = implied.en
            ),
        ),
        growth_level::Outcome::StatedBaseChanged => Bilingual::new(
            format!(
                "。本期报表所列的去年同期数是 {stated}，与当时的公布数 {published} 不符：基数已改动而没有说明",
                stated = stated.zh,
                published = published.zh
            ),
            format!(
                ". This report states {stated} for last year, while {published} was published: the base was changed without being declared",
                stated = stated.en,
                published = published.en
            ),
        ),
    };
    Bilingual::new(says.zh + &means.zh, says.en + &means.en)
}

/// Calls `judge` for every figure that the detector looks at and that was reported; notes those that are missing.
fn each_figure<'a>(
    sheet: &mut Sheet<'a>,
    mut judge: impl FnMut(&mut Sheet<'a>, Row<'a>, &'a IndicatorCode, Subject, Decimal),
) {
    let (scene, detector) = (sheet.scene, sheet.detector);
    for row in scene.rows() {
        for indicator in &detector.indicators {
            let subject = Subject::figure(row, indicator);
            match scene.value(row, indicator, scene.period) {
                Some(value) => judge(sheet, row, indicator, subject, value),
                None => sheet.skip(&subject, NotComputable::ValueMissing),
            }
        }
    }
}
