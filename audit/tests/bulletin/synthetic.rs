//! A synthetic bulletin: no such city exists, and every figure is made up by the same arithmetic each time.

use granary_core::{
    bulletin::{
        Band, Basis, Bulletin, Component, Counts, FindingLine, League, LogHead, Matrix, MatrixCell,
        MatrixRow, MeasureValue, Measured, Named, Points, RevisionLine, RiskLine, Share, Standing,
        TargetLine, UnitMeasures, Words,
    },
    measures::Measure,
};

/// 2021-10-20T12:00:00+08:00.
pub(crate) const AS_OF_MS: i64 = 1_634_702_400_000;
const HOUR_MS: i64 = 3_600_000;

const UNITS: [(&str, &str); 12] = [
    ("云岭区", "Yunling District"),
    ("清江区", "Qingjiang District"),
    ("白鹤县", "Baihe County"),
    ("松涛县", "Songtao County"),
    (
        "龙门布依族苗族自治县",
        "Longmen Buyei and Miao Autonomous County",
    ),
    ("桃源市", "Taoyuan City"),
    ("石板滩县", "Shibantan County"),
    ("永宁县", "Yongning County"),
    (
        "青石滩国家级经济技术开发区管理委员会",
        "Management Committee of the Qingshitan National Economic and Technological Development Zone",
    ),
    (
        "高新技术产业开发区",
        "High-Tech Industrial Development Zone",
    ),
    ("综合保税区", "Comprehensive Bonded Zone"),
    ("双龙航空港经济区", "Shuanglong Airport Economic Zone"),
];
const DATASETS: [(&str, &str, &str); 5] = [
    (
        "quarterly-accounts",
        "季度地区生产总值核算",
        "Quarterly accounts",
    ),
    (
        "industry",
        "规模以上工业主要指标",
        "Industry above designated size",
    ),
    (
        "investment",
        "固定资产投资完成情况",
        "Fixed-asset investment",
    ),
    (
        "retail",
        "社会消费品零售总额",
        "Retail sales of consumer goods",
    ),
    ("budget", "一般公共预算收支", "General public budget"),
];
const COMPONENTS: [(&str, &str, &str, &str, &str); 5] = [
    ("timeliness", "及时性", "timeliness", "on_time_rate", "35"),
    (
        "completeness",
        "完整性",
        "completeness",
        "reporting_rate",
        "25",
    ),
    (
        "quality",
        "数据质量",
        "quality",
        "first_time_acceptance_rate",
        "20",
    ),
    ("response", "问题响应", "response", "explained_share", "10"),
    ("use", "系统应用", "use of the system", "system_use", "10"),
];

pub(crate) fn words(zh: &str, en: &str) -> Words {
    Words {
        zh: zh.into(),
        en: en.into(),
    }
}

pub(crate) fn named(code: &str, zh: &str, en: &str) -> Named {
    Named {
        code: code.into(),
        name: words(zh, en),
    }
}

/// The unit at a place; beyond the twelve, numbered ones.
fn unit(at: usize) -> Named {
    let code = format!("52{:04}", 101 + at);
    match UNITS.get(at) {
        Some((zh, en)) => named(&code, zh, en),
        None => named(
            &code,
            &format!("第{}街道办事处", at + 1),
            &format!("Subdistrict {}", at + 1),
        ),
    }
}

fn dataset(at: usize) -> Named {
    let (code, zh, en) = DATASETS[at];
    named(code, zh, en)
}

/// A number below `below` that looks random and is the same each time.
fn chance(seed: usize, below: u64) -> u64 {
    let mixed = (seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) % below
}

fn share(measure: Measure, numerator: u64, denominator: u64) -> MeasureValue {
    let value = (denominator > 0).then_some(Measured::Share(Share {
        numerator,
        denominator,
    }));
    MeasureValue {
        measure: measure.word().into(),
        value,
    }
}

fn measures(counts: &Counts, seed: usize) -> Vec<MeasureValue> {
    let owed = counts.expected - counts.exempt;
    let in_time = counts.timely + counts.late;
    let of = |measure: Measure| match measure {
        Measure::ReportingRate => share(measure, in_time, owed),
        Measure::OnTimeRate => share(measure, counts.timely, owed),
        Measure::MedianLateness | Measure::NinetiethLateness | Measure::ResponseTime => {
            let late = counts.late > 0 || measure == Measure::ResponseTime;
            let ms = 5 * HOUR_MS + chance(seed, 90) as i64 * HOUR_MS;
            MeasureValue {
                measure: measure.word().into(),
                value: late.then_some(Measured::DurationMs(ms)),
            }
        }
        Measure::MeanRevision
        | Measure::MeanAbsoluteRevision
        | Measure::RelativeMeanAbsoluteRevision => MeasureValue {
            measure: measure.word().into(),
            value: Some(Measured::Number(format!(
                "{}.{:02}",
                chance(seed, 3),
                chance(seed + 7, 100)
            ))),
        },
        Measure::QualityEdits | Measure::LowQuality => share(measure, chance(seed, 4), 20),
        Measure::RequiredCells
        | Measure::FirstTimeAcceptance
        | Measure::ExplainedShare
        | Measure::SystemUse => share(measure, 15 + chance(seed + measure as usize, 6), 20),
    };
    Measure::ALL.iter().map(|measure| of(*measure)).collect()
}

fn cell(unit: usize, dataset: usize) -> MatrixCell {
    let expected = if dataset == 0 { 1 } else { 3 };
    let mut counts = Counts {
        expected,
        ..Counts::default()
    };
    let mut cell = MatrixCell::default();
    match chance(unit * 31 + dataset * 7, 11) {
        0 => counts.missing = 1,
        1 | 2 => {
            counts.late = 1;
            cell.lateness_ms = HOUR_MS + chance(unit * 3 + dataset, 260) as i64 * HOUR_MS / 2;
        }
        3 => counts.pending = 1,
        4 => counts.exempt = expected,
        5 => cell.returned = 2,
        6 if unit % 4 == 3 => cell.imported = 1,
        _ => {}
    }
    counts.timely = expected - counts.missing - counts.late - counts.pending - counts.exempt;
    cell.counts = counts;
    cell
}

fn sum(cells: &[MatrixCell]) -> Counts {
    let of = |pick: fn(&Counts) -> u64| cells.iter().map(|cell| pick(&cell.counts)).sum();
    Counts {
        expected: of(|c| c.expected),
        timely: of(|c| c.timely),
        late: of(|c| c.late),
        missing: of(|c| c.missing),
        exempt: of(|c| c.exempt),
        pending: of(|c| c.pending),
    }
}

fn matrix(units: usize) -> Matrix {
    let row = |unit_at: usize| MatrixRow {
        unit: unit(unit_at),
        cells: (0..DATASETS.len()).map(|at| cell(unit_at, at)).collect(),
    };
    Matrix {
        columns: (0..DATASETS.len()).map(dataset).collect(),
        rows: (0..units).map(row).collect(),
    }
}

fn standing(at: usize, rank: usize, units: usize, components: usize) -> Standing {
    let lost = rank as u64 * 60 / units as u64;
    let last_third = rank * 10 >= units * 8;
    let band = match rank * 10 / units {
        0..=2 => 0,
        3..=7 => 1,
        _ => 2,
    };
    let points = COMPONENTS.iter().take(components).enumerate();
    let points = points.map(|(n, (_, _, _, measure, weight))| {
        let full: u64 = weight.parse().unwrap();
        let numerator = 100 - lost.min(40) - chance(at + n, 9);
        Points {
            value: MeasureValue {
                measure: (*measure).into(),
                value: Some(Measured::Share(Share {
                    numerator,
                    denominator: 100,
                })),
            },
            points: format!("{}.{:02}", full * numerator / 100, full * numerator % 100),
        }
    });
    Standing {
        unit: unit(at),
        rank: Some(rank as u32 + 1),
        movement: match chance(at, 6) {
            0 => None,
            n => Some(n as i32 - 3),
        },
        band: Some(band),
        score: format!("{}.{:02}", 97 - lost, chance(at, 100)),
        points: points.collect(),
        slots: 13,
        not_ranked: None,
        flag: rank < 2,
        last: last_third && rank + 2 >= units,
    }
}

fn league(name: (&str, &str, &str), units: std::ops::Range<usize>, components: usize) -> League {
    let ranked = units.len() - 1;
    let mut standings: Vec<Standing> = units
        .clone()
        .take(ranked)
        .enumerate()
        .map(|(rank, at)| standing(at, rank, ranked, components))
        .collect();
    standings.push(Standing {
        unit: unit(units.end - 1),
        score: "91.00".into(),
        points: vec![Points::default(); components],
        slots: 2,
        not_ranked: Some(words("应报只有2份", "only 2 slots")),
        ..Standing::default()
    });
    let band = |zh, en, share: &str, units| Band {
        name: words(zh, en),
        share_percent: share.into(),
        units,
    };
    let parts = COMPONENTS.iter().take(components);
    League {
        scorecard: named(name.0, name.1, name.2),
        period: "2021-Q3".into(),
        period_before: "2021-Q2".into(),
        bands: vec![
            band("好", "good", "30", 3),
            band("中", "middling", "50", 4),
            band("差", "poor", "20", 2),
        ],
        components: parts
            .map(|(code, zh, en, measure, weight)| Component {
                component: named(code, zh, en),
                measure: (*measure).into(),
                weight: (*weight).into(),
            })
            .collect(),
        standings,
        pending: 0,
        slots_min: 5,
        imported: name.0 == "zones",
    }
}

fn finding(at: usize, units: usize) -> FindingLine {
    let status = [1, 1, 2, 3, 4][at % 5];
    let (zh, en) = [
        (
            "地区生产总值不等于三次产业之和：1,234.56 ≠ 1,233.06，相差 1.50 亿元",
            "GDP differs from the sum of its industries: 1,234.56 against 1,233.06, by 1.50 in 100 million yuan",
        ),
        (
            "本期增速 38.4% 超过上年同期 3 倍，请核实",
            "growth of 38.4% is more than three times that of a year ago; please verify",
        ),
        (
            "限额以上单位零售额大于社会消费品零售总额",
            "retail sales above the threshold exceed total retail sales",
        ),
    ][at % 3];
    let explained = matches!(status, 2 | 3);
    FindingLine {
        unit: unit(at * units.min(12) / 20),
        dataset: dataset(at % 5),
        period: if at.is_multiple_of(5) {
            "2021-Q3".into()
        } else {
            format!("2021-M{:02}", 7 + at % 3)
        },
        edit: ["GDP.BALANCE", "GROWTH.CHECK", "RETAIL.PART"][at % 3].into(),
        item: (at % 7 == 3).then(|| "PRJ-0042".to_owned()),
        validity: at.is_multiple_of(4),
        status,
        message: words(zh, en),
        imbalance: if at.is_multiple_of(3) {
            "1.50".into()
        } else {
            String::new()
        },
        explanation: if explained {
            "辖区一家大型企业七月起纳入统计，附企业名录与入库批复，详见证明材料第3页。".into()
        } else {
            String::new()
        },
        decision_reason: if status == 3 {
            "情况属实，予以采纳".into()
        } else {
            String::new()
        },
        opened_index: 40_000 + at as u64,
    }
}

fn revision(at: usize) -> RevisionLine {
    RevisionLine {
        unit: unit(at % 12),
        dataset: dataset(at % 5),
        period: "2021-Q3".into(),
        indicator: named(
            "gdp-primary",
            "第一产业增加值",
            "value added of primary industry",
        ),
        item: None,
        first: format!("{}.{:02}", 12_345 + at, at * 7 % 100),
        latest: if at == 4 {
            String::new()
        } else {
            format!("{}.{:02}", 12_346, at * 13 % 100)
        },
        measure: words("万元", "10,000 yuan"),
        first_received_at_ms: AS_OF_MS - 300 * HOUR_MS,
        latest_received_at_ms: AS_OF_MS - at as i64 * HOUR_MS,
        revision: 1 + (at % 3) as u32,
    }
}

fn target(department: (&str, &str, &str), indicator: (&str, &str, &str), at: usize) -> TargetLine {
    let done = 96 - at as u64 * 9;
    let known = at != 5;
    let text = |text: String| if known { text } else { String::new() };
    TargetLine {
        unit: unit(at),
        dataset: dataset(1),
        indicator: named(indicator.0, indicator.1, indicator.2),
        department: named(department.0, department.1, department.2),
        measure: words("亿元", "100 million yuan"),
        year: 2021,
        target: "1200.00".into(),
        half_target: "600.00".into(),
        actual: text(format!("{}.{:02}", done * 12, at)),
        through: "2021-Q3".into(),
        progress_percent: text(format!("{done}.{:02}", at * 3)),
        elapsed_percent: "75.00".into(),
        gap: text(format!("{}.50", (done as i64 - 75) * 12)),
        pace_needed: text(format!("{}.25", (100 - done) * 4)),
        growth_percent: text(format!("{}.40", 18 - at as i64 * 4)),
        rank: known.then_some(at as u32 + 1),
        half_reached: known.then_some(at < 4),
    }
}

fn risk(at: usize) -> RiskLine {
    RiskLine {
        unit: unit(at % 12),
        dataset: dataset(at % 5),
        period: "2021-M10".into(),
        due_at_ms: AS_OF_MS + (20 + at as i64 * 5) * HOUR_MS,
        chance_percent: format!("{}.{}", 88 - at * 3, at % 10),
        known: 24,
        late: 20 - (at as u32).min(19),
        arrived_by_now_percent: format!("{}.0", 30 + at),
        reason: words(
            &format!("24 期中迟报 {} 期，往期此时多已报", 20 - at.min(19)),
            &format!(
                "late {} times in 24, and usually in by now",
                20 - at.min(19)
            ),
        ),
    }
}

/// A document of `units` units, of which the first eight are counties and the rest zones.
pub(crate) fn bulletin(units: usize) -> Bulletin {
    let matrix = matrix(units);
    let all: Vec<MatrixCell> = matrix
        .rows
        .iter()
        .flat_map(|row| row.cells.clone())
        .collect();
    let counts = sum(&all);
    let before = Counts {
        expected: counts.expected,
        timely: counts.timely.saturating_sub(4),
        late: counts.late + 3,
        missing: counts.missing + 1,
        exempt: counts.exempt,
        pending: counts.pending,
    };
    let measured = |(at, row): (usize, &MatrixRow)| {
        let counts = sum(&row.cells);
        UnitMeasures {
            unit: row.unit.clone(),
            measures: measures(&counts, at),
            counts,
            last_seen_ms: (at != 7).then_some(AS_OF_MS - at as i64 * HOUR_MS),
        }
    };
    let industry = ("bureau-industry", "市工业和信息化局", "Bureau of Industry");
    let output = ("output", "规模以上工业总产值", "gross output of industry");
    let finance = ("bureau-finance", "市财政局", "Bureau of Finance");
    let revenue = (
        "revenue",
        "一般公共预算收入",
        "general public budget revenue",
    );
    let mut targets: Vec<TargetLine> = (0..6).map(|at| target(industry, output, at)).collect();
    targets.extend((0..6).map(|at| target(finance, revenue, at)));
    Bulletin {
        name: words(
            "示例市统计数据归集目录（虚构）",
            "Catalogue of a sample city (synthetic)",
        ),
        period: "2021-Q3".into(),
        period_before: "2021-Q2".into(),
        basis: Basis {
            applied_size: 48_213,
            as_of_ms: AS_OF_MS,
            catalogue_version: vec![0xc5; 32],
        },
        log: LogHead {
            origin: "sample-city.example/granary".into(),
            size: 48_213,
            root_hash: vec![0x5a; 32],
        },
        measures: measures(&counts, 3),
        measures_before: measures(&before, 5),
        counts,
        counts_before: before,
        leagues: vec![
            league(("counties", "县（市、区）综合评分", "Counties"), 0..8, 5),
            league(("zones", "开发区综合评分", "Zones"), 8..units, 3),
        ],
        units: matrix.rows.iter().enumerate().map(measured).collect(),
        matrix,
        findings: (0..20).map(|at| finding(at, units)).collect(),
        revisions: (0..7).map(revision).collect(),
        targets,
        risks: (0..9).map(risk).collect(),
        imported: false,
    }
}

/// A document of a period in which nothing is expected.
pub(crate) fn empty() -> Bulletin {
    Bulletin {
        name: words("示例市（虚构）", "A sample city (synthetic)"),
        period: "2021-A1".into(),
        basis: Basis {
            as_of_ms: AS_OF_MS,
            ..Basis::default()
        },
        ..Bulletin::default()
    }
}

/// The document with every name, message and explanation replaced.
pub(crate) fn with_texts(mut bulletin: Bulletin, text: &str) -> Bulletin {
    let hostile = words(text, text);
    bulletin.name = hostile.clone();
    for league in &mut bulletin.leagues {
        league.scorecard.name = hostile.clone();
        for standing in &mut league.standings {
            standing.unit.name = hostile.clone();
            standing.not_ranked = standing.not_ranked.as_ref().map(|_| hostile.clone());
        }
        for component in &mut league.components {
            component.component.name = hostile.clone();
        }
        for band in &mut league.bands {
            band.name = hostile.clone();
        }
    }
    for row in &mut bulletin.matrix.rows {
        row.unit.name = hostile.clone();
    }
    for column in &mut bulletin.matrix.columns {
        column.name = hostile.clone();
    }
    for finding in &mut bulletin.findings {
        finding.unit.name = hostile.clone();
        finding.message = hostile.clone();
        finding.explanation = text.into();
        finding.item = Some(text.into());
    }
    for target in &mut bulletin.targets {
        target.unit.name = hostile.clone();
        target.department.name = hostile.clone();
        target.measure = hostile.clone();
    }
    for risk in &mut bulletin.risks {
        risk.unit.name = hostile.clone();
        risk.reason = hostile.clone();
    }
    bulletin.log.origin = text.into();
    bulletin
}
