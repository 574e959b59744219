//! A screening of one period with detectors from a catalogue: thirteen kinds of faults planted in one city.

use std::collections::{BTreeMap, BTreeSet};

use granary_core::{
    catalogue::{Bundle, Catalogue},
    code::UnitCode,
    decimal::Decimal,
    detect::{History, MethodName, NotComputable, Screening, Vintage, screen},
    period::Period,
    snapshot::{Observation, ObservationStatus},
};

use crate::synthetic::{Seeded, series};

const COUNTIES: usize = 40;
const PERIODS: i32 = 24;
/// Indicators that every county measures.
const MEASURED: [&str; 8] = [
    "gdp",
    "primary",
    "secondary",
    "tertiary",
    "electricity",
    "retail",
    "revenue",
    "investment",
];

const DETECTORS: &str = r#"
[[detector]]
id = "D.MODIFIED-Z"
method = "modified-z"
dataset = "accounts"
indicators = ["electricity"]
message = { zh = "用电量异常", en = "Unusual electricity" }
[[detector]]
id = "D.HB"
method = "hidiroglou-berthelot"
dataset = "accounts"
indicators = ["retail"]
size_exponent = "0"     # large and small counties fluctuate alike here
[[detector]]
id = "D.SEASONAL"
method = "seasonal"
dataset = "accounts"
indicators = ["revenue"]
[[detector]]
id = "D.GROWTH"
method = "growth-level"
dataset = "accounts"
indicators = ["gdp"]
growth = ["gdp_growth"]
[[detector]]
id = "D.COPIED"
method = "copied-last-period"
dataset = "accounts"
[[detector]]
id = "D.NEIGHBOUR"
method = "copied-from-neighbour"
dataset = "accounts"
[[detector]]
id = "D.ZERO"
method = "all-zero"
dataset = "accounts"
[[detector]]
id = "D.EMPTY"
method = "empty-but-complete"
dataset = "accounts"
[[detector]]
id = "D.TERMINAL"
method = "terminal-digit"
dataset = "accounts"
[[detector]]
id = "D.FIRST"
method = "first-digit"
dataset = "accounts"
[[detector]]
id = "D.TARGET"
method = "threshold-hugging"
dataset = "accounts"
indicators = ["gdp_growth"]
target = "6.5"
[[detector]]
id = "D.REVISION"
method = "revision-pattern"
dataset = "accounts"
indicators = ["investment"]
[[detector]]
id = "D.SMOOTH"
method = "smoothness"
dataset = "accounts"
indicators = ["tertiary"]
"#;

fn catalogue() -> Catalogue {
    let name = "name = { zh = \"名\", en = \"Name\" }";
    let mut units = format!(
        "[[level]]\ncode = \"city\"\n{name}\n[[unit]]\ncode = \"C\"\n{name}\nlevel = \"city\"\n"
    );
    for county in 0..COUNTIES {
        units += &format!(
            "[[unit]]\ncode = \"C{county:02}\"\nname = {{ zh = \"{county}县\", en = \"County {county}\" }}\nparent = \"C\"\n"
        );
    }
    let mut indicators = format!(
        "[[department]]\ncode = \"s\"\n{name}\n[[unit_of_measure]]\ncode = \"CNY\"\nname = {{ zh = \"万元\", en = \"CNY 10,000\" }}\n[[unit_of_measure]]\ncode = \"PERCENT\"\nname = {{ zh = \"%\", en = \"%\" }}\n"
    );
    for code in MEASURED {
        indicators += &format!(
            "[[indicator]]\ncode = \"{code}\"\nname = {{ zh = \"{code}指标\", en = \"{code}\" }}\nunit_of_measure = \"CNY\"\ndecimals = 2\nkind = \"flow\"\nowner = \"s\"\n"
        );
    }
    indicators += &format!(
        "[[indicator]]\ncode = \"gdp_growth\"\n{name}\nunit_of_measure = \"PERCENT\"\ndecimals = 1\nkind = \"rate\"\nowner = \"s\"\n"
    );
    let list: Vec<String> = MEASURED
        .iter()
        .chain(&["gdp_growth"])
        .map(|code| format!("{code:?}"))
        .collect();
    let list = list.join(", ");
    let rest = format!(
        "[catalogue]\n{name}\ntimezone = \"Asia/Shanghai\"\n[[dataset]]\ncode = \"accounts\"\n{name}\nperiodicity = \"quarter\"\nindicators = [{list}]\nrequired = [{list}]\ndeadline = {{ day = 8, time = \"12:00\" }}\nfirst_period = \"2016-Q1\"\n[[roster]]\ndataset = \"accounts\"\nunder = \"C\"\n"
    );
    let files = [
        ("a.toml", rest),
        ("d.toml", DETECTORS.to_owned()),
        ("i.toml", indicators),
        ("u.toml", units),
    ];
    let files: BTreeMap<String, String> = files
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text))
        .collect();
    Catalogue::parse(&Bundle::new(files).unwrap()).unwrap()
}

fn period(t: i32) -> Period {
    Period::parse("2016-Q1").unwrap().plus(t).unwrap()
}

/// The figures of one county by indicator, in hundredths (growth in tenths), `None` where a status without value stands.
type Figures = BTreeMap<&'static str, Vec<Option<i64>>>;

fn clean(seeded: &mut Seeded) -> Figures {
    let mut figures: Figures = MEASURED
        .iter()
        .map(|code| (*code, series(seeded, PERIODS as usize, 0.03)))
        .collect();
    let gdp = figures["gdp"].clone();
    let growth = |t: usize| match t.checked_sub(4).and_then(|year_ago| gdp[year_ago]) {
        Some(base) => Some(
            (1_000.0 * (gdp[t].unwrap() as f64 / base as f64 - 1.0) - 20.0 * seeded.share()) as i64,
        ),
        None => Some(60),
    };
    figures.insert("gdp_growth", (0..PERIODS as usize).map(growth).collect());
    figures
}

fn observations(figures: &Figures, t: usize) -> Vec<Observation> {
    let observe = |(code, values): (&&'static str, &Vec<Option<i64>>)| Observation {
        indicator: code.parse().unwrap(),
        item: None,
        value: values[t].map(|mantissa| {
            Decimal::new(mantissa.into(), if *code == "gdp_growth" { 1 } else { 2 }).unwrap()
        }),
        status: if values[t].is_some() {
            ObservationStatus::Normal
        } else {
            ObservationStatus::Missing
        },
    };
    figures.iter().map(observe).collect()
}

fn unit(county: usize) -> UnitCode {
    UnitCode::new(&format!("C{county:02}")).unwrap()
}

fn city(plant: impl FnOnce(&mut Vec<Figures>)) -> History {
    let mut seeded = Seeded(30);
    let mut counties: Vec<Figures> = (0..COUNTIES).map(|_| clean(&mut seeded)).collect();
    plant(&mut counties);
    let mut history = History::new();
    for (county, figures) in counties.iter().enumerate() {
        for t in 0..PERIODS {
            let vintage = Vintage {
                accepted_at_ms: i64::from(t),
                observations: observations(figures, t as usize),
            };
            history.accept(unit(county), period(t), vintage);
        }
    }
    history
}

fn screened(history: &History) -> Screening {
    screen(
        &catalogue(),
        &"accounts".parse().unwrap(),
        period(PERIODS - 1),
        history,
    )
}

fn flagged(screening: &Screening) -> BTreeSet<(MethodName, String)> {
    let who = |unit: &Option<UnitCode>| unit.as_ref().map_or("all".to_owned(), ToString::to_string);
    screening
        .flags
        .iter()
        .map(|flag| (flag.method, who(&flag.subject.unit)))
        .collect()
}

/// Plants one fault of each kind in the last period of its own county.
fn plant_all(counties: &mut [Figures]) {
    const LAST: usize = PERIODS as usize - 1;
    let scale = |counties: &mut [Figures], county: usize, code: &str, factor: i64| {
        let figure = &mut counties[county].get_mut(code).unwrap()[LAST];
        *figure = figure.map(|figure| figure * factor);
    };
    scale(counties, 1, "electricity", 1_000);
    scale(counties, 2, "retail", 3);
    scale(counties, 3, "revenue", 2);
    counties[4].get_mut("gdp_growth").unwrap()[LAST] = Some(450);
    for values in counties[5].values_mut() {
        values[LAST] = values[LAST - 1];
    }
    for code in MEASURED {
        counties[6].get_mut(code).unwrap()[LAST] = counties[7][code][LAST];
        counties[8].get_mut(code).unwrap()[LAST] = Some(0);
        counties[9].get_mut(code).unwrap()[LAST] = None;
        let rounded = |figure: &Option<i64>| figure.map(|figure| figure / 5 * 5);
        let values: Vec<_> = counties[10][code].iter().map(rounded).collect();
        counties[10].insert(code, values);
    }
    counties[8].get_mut("gdp_growth").unwrap()[LAST] = Some(0);
    for (county, figures) in counties
        .iter_mut()
        .enumerate()
        .filter(|(county, _)| (12..32).contains(county))
    {
        figures.get_mut("gdp_growth").unwrap()[LAST] = Some(65 + county as i64 % 4);
    }
    let steady = |t: i32| Some((1e7 * 1.08_f64.powi(t / 4)) as i64);
    counties[33].insert("tertiary", (0..PERIODS).map(steady).collect());
}

#[test]
fn every_planted_fault_is_flagged() {
    let mut history = city(|counties| plant_all(counties));
    // County 34 raises its investment by a twentieth after each of eight rankings.
    for t in PERIODS - 8..PERIODS {
        history.rank(period(t), 100);
        let mut vintage = history.vintages(&unit(34), period(t))[0].clone();
        vintage.accepted_at_ms = 200;
        for observation in vintage
            .observations
            .iter_mut()
            .filter(|o| o.indicator.as_str() == "investment")
        {
            observation.value = observation
                .value
                .and_then(|value| value.checked_mul(Decimal::parse("1.05").unwrap()));
        }
        history.accept(unit(34), period(t), vintage);
    }
    let screening = screened(&history);
    let found = flagged(&screening);
    let planted = [
        (MethodName::ModifiedZ, "C01"),
        (MethodName::HidiroglouBerthelot, "C02"),
        (MethodName::Seasonal, "C03"),
        (MethodName::GrowthLevel, "C04"),
        (MethodName::CopiedLastPeriod, "C05"),
        (MethodName::CopiedFromNeighbour, "C06"),
        (MethodName::CopiedFromNeighbour, "C07"),
        (MethodName::AllZero, "C08"),
        (MethodName::EmptyButComplete, "C09"),
        (MethodName::TerminalDigit, "C10"),
        (MethodName::ThresholdHugging, "all"),
        (MethodName::RevisionPattern, "C34"),
        (MethodName::Smoothness, "C33"),
    ];
    for (method, who) in planted {
        assert!(
            found.contains(&(method, who.to_owned())),
            "{method:?} {who}: {found:?}"
        );
    }
    // Forty counties report nine figures each: too few for first digits, and the screening says so.
    let first = screening
        .unjudged
        .iter()
        .filter(|u| u.detector.as_str() == "D.FIRST")
        .map(|u| u.reason);
    assert!(
        first.clone().count() == COUNTIES
            && first
                .into_iter()
                .all(|reason| matches!(reason, NotComputable::TooFewValues { needed: 110, .. }))
    );
    assert_eq!(screened(&history), screening);
}

#[test]
fn a_clean_city_has_few_flags_and_is_told_how_many_to_expect() {
    let screening = screened(&city(|_| {}));
    for summary in &screening.summaries {
        println!(
            "{}: {} tests, {} flags, {:?} by chance",
            summary.detector, summary.tests, summary.flags, summary.expected_by_chance
        );
    }
    let by_chance = screening.expected_by_chance();
    println!(
        "{} flags in {} tests, {by_chance:.2} expected by chance",
        screening.flags.len(),
        screening.tests()
    );
    assert!(screening.tests() > 300);
    // Flags of chance are nearly a Poisson count; growing series are skewed around their median, which adds some to modified z.
    assert!(
        (screening.flags.len() as f64) < by_chance + 4.0 * by_chance.sqrt() + 2.0,
        "{:?}",
        flagged(&screening)
    );
}

#[test]
fn a_county_clerk_understands_the_sentence() {
    let screening = screened(&city(|counties| {
        let last = counties[1].get_mut("electricity").unwrap();
        *last = (0..PERIODS)
            .map(|t| Some([3_100, 3_400, 3_800, 3_900, 3_300][t as usize % 5]))
            .collect();
        last[PERIODS as usize - 1] = Some(8_100);
        let gdp = counties[4].get_mut("gdp").unwrap();
        (gdp[19], gdp[23]) = (Some(8_016), Some(6_560));
        counties[4].get_mut("gdp_growth").unwrap()[23] = Some(57);
    }));
    let told = |method, county| {
        let found = screening
            .flags
            .iter()
            .find(|flag| flag.method == method && flag.subject.unit == Some(unit(county)))
            .unwrap();
        format!(
            "{}\n{}\n{:?}",
            found.message.zh, found.message.en, found.figures
        )
    };
    insta::assert_snapshot!(told(MethodName::ModifiedZ, 1), @r#"
    用电量异常：1县 2021-Q4 electricity指标：本期为 81.00万元，本单位 24 期的中位数是 34万元，正常范围 18.43 至 49.57；偏离评分 10.567（界限 3.5）。请核对是否错了小数点、计量单位或累计口径
    Unusual electricity: County 1, 2021-Q4, electricity: the figure is 81.00 CNY 10,000, the median of this unit's 24 periods is 34 CNY 10,000, and 18.43 to 49.57 is usual; its score is 10.567 (limit 3.5). Check the decimal point, the unit of measure and whether it is cumulative
    Figures { statistic: "10.567", lower: Some("18.43"), upper: Some("49.57"), p_value: None }
    "#);
    insta::assert_snapshot!(told(MethodName::GrowthLevel, 4), @r#"
    4县 2021-Q4 gdp指标：本期 65.60万元，去年同期公布数 80.16万元，按现价变动 -18.16%，而申报的可比价增速是 5.7%，相差 -23.86 个百分点。按申报增速倒推，去年同期应为 62.06万元，比公布数变动 -22.58%，单靠价格难以解释：很可能调整了基数而没有说明
    County 4, 2021-Q4, gdp: the level is 65.60 CNY 10,000, last year's published level 80.16 CNY 10,000: -18.16% at current prices, while the declared growth at comparable prices is 5.7%, a gap of -23.86 points. The declared growth implies a base of 62.06 CNY 10,000, -22.58% off the published one, which prices hardly explain: the base was probably changed without being declared
    Figures { statistic: "-23.86", lower: Some("-10"), upper: Some("10"), p_value: None }
    "#);
}
