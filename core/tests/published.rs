//! Edits judge published figures as an independent computation does: balances, sums over the tree, cumulative figures, revisions.
//! The digits are as printed, because the tolerance `rounding` reads them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use granary_core::{
    code::{DatasetCode, EditId, IndicatorCode},
    decimal::Decimal,
    detect::revision_pattern::{Parameters, Tally},
    edits::{Cells, Edit, EditKind, EditText, Foreign, Quantity, Rollup, Scope, Symbols, compile},
    period::Period,
    text::Bilingual,
};

/// Every name is an indicator's.
struct Names;

#[rustfmt::skip]
impl Symbols for Names {
    fn indicator(&self, name: &str) -> Option<IndicatorCode> { IndicatorCode::new(name).ok() }
    fn names(&self) -> Vec<String> { Vec::new() }
    fn dataset(&self, _: &str) -> Option<Foreign> { None }
    fn dataset_names(&self) -> Vec<String> { Vec::new() }
    fn quantity(&self, _: &IndicatorCode) -> Option<Quantity> { None }
}

/// Figures by unit, period and indicator, and the units below a unit.
#[derive(Default)]
struct Figures {
    cells: BTreeMap<(String, Period, String), Decimal>,
    children: BTreeMap<String, Vec<String>>,
}

impl Figures {
    /// From lines `unit period indicator=value ...`.
    fn parse(text: &str) -> Self {
        let mut figures = Self::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let mut words = line.split_whitespace();
            let (unit, period) = (words.next().unwrap(), words.next().unwrap());
            for (name, value) in words.map(|cell| cell.split_once('=').unwrap()) {
                figures.put(unit, period, name, value);
            }
        }
        figures
    }

    /// A parent `top` and its children, each with one figure `x`; `-` is missing.
    #[rustfmt::skip]
    fn tree(period: &str, parent: &str, children: &str) -> Self {
        let mut figures = Self::default();
        figures.put("top", period, "x", parent);
        for (place, value) in children.split(' ').enumerate() {
            let child = place.to_string();
            if value != "-" { figures.put(&child, period, "x", value); }
            figures.children.entry("top".into()).or_default().push(child);
        }
        figures
    }

    fn put(&mut self, unit: &str, period: &str, name: &str, value: &str) {
        let key = (unit.into(), Period::parse(period).unwrap(), name.into());
        self.cells.insert(key, d(value));
    }

    /// Truth and imbalance as text.
    fn judge(&self, edit: &Edit, unit: &str, period: &str) -> String {
        let period = Period::parse(period).unwrap();
        let verdict = edit.evaluate(&Record(self, unit, period));
        let imbalance = verdict.imbalance.map(|d| format!(" {}", d.normalised()));
        let truth = format!("{:?}", verdict.truth).to_lowercase();
        truth + &imbalance.unwrap_or_default()
    }
}

struct Record<'a>(&'a Figures, &'a str, Period);

impl Record<'_> {
    fn at(&self, unit: &str, period: Period, indicator: &IndicatorCode) -> Option<Decimal> {
        let key = (unit.to_owned(), period, indicator.to_string());
        self.0.cells.get(&key).copied()
    }
}

#[rustfmt::skip]
impl Cells for Record<'_> {
    fn cell(&self, indicator: &IndicatorCode) -> Option<Decimal> { self.at(self.1, self.2, indicator) }
    fn period(&self) -> Period { self.2 }
    fn elsewhere(&self, _: Option<&DatasetCode>, period: Period, indicator: &IndicatorCode) -> Option<Decimal> {
        self.at(self.1, period, indicator)
    }
    fn rollup(&self, indicator: &IndicatorCode) -> Option<Rollup> {
        let children = self.0.children.get(self.1)?;
        let known: Vec<Decimal> = children.iter().filter_map(|child| self.at(child, self.2, indicator)).collect();
        let count = |length: usize| u32::try_from(length).unwrap();
        let sum = |of: fn(Decimal) -> Decimal| known.iter().try_fold(Decimal::ZERO, |sum, value| sum.checked_add(of(*value)));
        let (rounding, sum) = (sum(Decimal::half_unit_of_last_digit)?, sum(|value| value)?);
        Some(Rollup { sum, rounding, known: count(known.len()), expected: count(children.len()) })
    }
}

fn d(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

#[rustfmt::skip]
fn edit(expression: &str, tolerance: &str, rollup: &str, missing: &str) -> Edit {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let (id, dataset) = (EditId::new("PUBLISHED").unwrap(), DatasetCode::new("published").unwrap());
    let (tolerance, rollup, missing) = (some(tolerance), some(rollup), some(missing));
    let (expression, message) = (expression.to_owned(), Bilingual::new("不平衡", "does not add up"));
    let (kind, scope) = (EditKind::Quality, Scope::default());
    let text = EditText { id, kind, dataset, expression, tolerance, rollup, missing, scope, message };
    compile(text, &Names).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// Judges figures named a, b, c, ... without tolerance and within rounding: `exact`, `rounding` or `violation`, and by how much.
#[rustfmt::skip]
#[track_caller]
fn check(what: &str, expression: &str, values: &str, expected: &str) {
    let mut figures = Figures::default();
    for (name, value) in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].iter().zip(values.split(' ')) {
        figures.put("here", "2021-A1", name, value);
    }
    let at = |tolerance| figures.judge(&edit(expression, tolerance, "", ""), "here", "2021-A1");
    let (exactly, within) = (at(""), at("rounding"));
    let holds = |judged: &str| judged.starts_with("true ");
    let class = if holds(&exactly) { "exact" } else if holds(&within) { "rounding" } else { "violation" };
    let (expected_class, by) = expected.split_once(' ').unwrap();
    // The independent computation shows quotients to four digits.
    let off = d(within.split_once(' ').unwrap().1).checked_sub(d(by)).unwrap().abs();
    let near = off <= d(if expression.contains('/') { "0.00005" } else { "0" });
    assert!(near && class == expected_class, "{what}: {class}, {within}, not {expected}");
}

const SUM: &str = "a = b + c + d";

/// Statistical communiques (统计公报) and quarterly releases of Chinese prefectures and counties, in the year named: every case in
/// which product and industries differ by rounding alone, and some of the thirty in which they do not differ.
#[test]
#[rustfmt::skip] // tables
fn product_and_industries_balance_within_rounding() {
    for (what, values, expected) in [
        ("Dingxi 2021", "500.76 98.35 82.65 319.75", "rounding 0.01"),
        ("Tongwei 2020", "526484 100638 67745 358102", "rounding -1"),
        ("Kongtong 2019", "148.07 10.55 40.09 97.42", "rounding 0.01"),
        ("Kongtong 2021", "171.32 20.23 41.99 109.09", "rounding 0.01"),
        ("Fuling 2025 Q1-Q3", "1291.92 72.61 730.64 488.68", "rounding -0.01"),
        ("Qianjiang 2021 H1", "120.43 11.13 41.57 67.74", "rounding -0.01"),
        ("Jiangxi, a county, 2021", "235.28 29.08 113.74 92.47", "rounding -0.01"),
        ("Gansu 2021", "10243.3 1364.7 3466.6 5412.0", "exact 0"),
        ("Guizhou 2021 Q1-Q3", "13985.53 1993.65 4833.84 7158.04", "exact 0"),
    ] {
        check(what, SUM, values, expected);
    }
}

/// The same communiques: other balances, of figures with unlike numbers of digits.
#[test]
#[rustfmt::skip] // tables
fn other_balances_hold_within_rounding() {
    let nine = "a = b + c + d + e + f + g + h + i + j";
    let five = "a = b + c + d + e + f";
    let shares = "100 = a + b + c";
    for (what, expression, values, expected) in [
        ("Dingxi 2018, industry and construction", "a = b + c", "78.51 43.0 35.52", "rounding -0.01"),
        ("Dingxi 2021, men and women", "a = b + c", "250.78 127.09 123.68", "rounding 0.01"),
        ("Dingxi 2021, ages", SUM, "250.78 52.61 153.35 44.81", "rounding 0.01"),
        ("Dingxi 2022, births and deaths", "a = b - c", "-0.47 8.73 9.21", "rounding 0.01"),
        ("Hezheng 2022, sectors", nine, "341881 58972 25279 55070 18129 3373 7121 21389 24707 127841", "exact 0"),
        ("Sichuan, a county, 2022, farming", five, "169.7 91.9 6.5 65.0 2.6 3.8", "rounding -0.1"),
        ("Ningshan 2022 Q1, pulls", SUM, "7.2 0.2 2.5 4.5", "exact 0"),
        ("Rongjiang 2016, shares", shares, "28.8 25.7 45.4", "rounding 0.1"),
    ] {
        check(what, expression, values, expected);
    }
}

/// The same communiques: all seven violations, and shares that only the coarseness of the levels explains. Six of the seven are
/// shares that were made to add up to 100; Dingxi's secondary industry leaves auxiliary activities out.
#[test]
#[rustfmt::skip] // tables
fn seven_violations_are_found() {
    let share = "a = 100 * b / c";
    for (what, expression, values, expected) in [
        ("Dingxi 2021", "a = b + c", "82.65 45.42 37.26", "violation -0.03"),
        ("Qingyang 2020, tertiary", share, "39.9 300.75 754.73", "violation 0.0513"),
        ("Huachi 2022, tertiary", share, "11.2 16.95 150.61", "violation -0.0542"),
        ("Kongtong 2019, tertiary", share, "65.77 97.42 148.07", "violation -0.0232"),
        ("Fuling 2022, tertiary", share, "36.1 541.96 1504.37", "violation 0.0743"),
        ("Yongfeng 2020, primary", share, "12.2 23.18 190.90", "violation 0.0575"),
        ("Ziyang 2020, tertiary", share, "42.0 42.16 100.53", "violation 0.0623"),
        ("Longxi 2021, tertiary", share, "63.2 55.26 87.36", "rounding -0.0555"),
        ("Rongjiang 2016, secondary", share, "25.7 14.60 56.69", "rounding -0.0541"),
        ("Ningshan 2022 Q1, primary", share, "21.0 1.11 5.26", "rounding -0.1027"),
    ] {
        check(what, expression, values, expected);
    }
}

/// Guizhou and its nine prefectures, product of the first three quarters of 2021 (provincial release).
#[test]
fn prefectures_add_up_within_rounding() {
    let nine = "3102.44 3037.87 1585.86 1310.35 1098.90 1081.33 1050.40 899.22 819.17";
    let figures = Figures::tree("2021-Q3", "13985.53", nine);
    for (tolerance, expected) in [("", "false -0.01"), ("rounding", "true -0.01")] {
        let edit = edit("x = rollup(x)", tolerance, "", "");
        assert_eq!(figures.judge(&edit, "top", "2021-Q3"), expected);
    }
}

/// Italy, Dipartimento della Protezione Civile, 2020 (CC BY 4.0). 8xx are cases from outside the region, 9xx are not yet assigned: a
/// region is the sum of its provinces with these, and never without.
#[test]
fn pseudo_units_belong_to_the_sum() {
    // Five whole numbers explain 2.5 cases, not 5: the provinces of the 15th are those of the 14th.
    for (day, region, provinces, with, without) in [
        ("2020-09-14", "613", "236 256 121 0", "true 0", "false 121"),
        ("2020-09-15", "618", "236 256 121 0", "false 5", "false 126"),
        ("2020-09-16", "623", "237 262 124 0", "true 0", "false 124"),
    ] {
        let edit = edit("x = rollup(x)", "rounding", "", "");
        let mut basilicata = Figures::tree(day, region, provinces);
        assert_eq!(basilicata.judge(&edit, "top", day), with);
        basilicata.children.get_mut("top").unwrap().truncate(2);
        assert_eq!(basilicata.judge(&edit, "top", day), without);
    }
}

/// The same source: the cumulative figures that fall, the balance that fails and the changes that are none.
#[test]
#[rustfmt::skip] // tables
fn cumulative_figures_fall_and_changes_differ() {
    let figures = Figures::parse(
        "isernia 2020-09-24 x=92\n isernia 2020-09-25 x=91\n 890 2020-09-13 x=23\n 890 2020-09-14 x=20
         890 2020-11-04 x=30\n 890 2020-11-05 x=28\n 070 2020-11-04 x=1184\n 070 2020-11-05 x=1247
         basilicata 2020-10-23 x=1570\n basilicata 2020-10-24 x=1619 new=50
         basilicata 2020-11-26 x=7454\n basilicata 2020-11-27 x=7663 new=218
         calabria 2020-10-29 x=4625\n calabria 2020-10-30 x=4863 new=239
         calabria 2020-11-03 x=5830
         calabria 2020-11-04 x=6092 positive=3893 recovered=2074 dead=124 new=262",
    );
    let falls = edit("x >= previous(x)", "", "", "");
    let change = edit("new = x - previous(x)", "", "", "");
    let balance = edit("x = positive + recovered + dead", "", "", "");
    for (edit, unit, day, expected) in [
        (&falls, "isernia", "2020-09-25", "false -1"),
        (&falls, "890", "2020-09-14", "false -3"),
        (&falls, "890", "2020-11-05", "false -2"),
        (&falls, "070", "2020-11-05", "true 63"),
        (&falls, "isernia", "2020-09-24", "undecided"),
        (&change, "basilicata", "2020-10-24", "false 1"),
        (&change, "basilicata", "2020-11-27", "false 9"),
        (&change, "calabria", "2020-10-30", "false 1"),
        (&change, "calabria", "2020-11-04", "true 0"),
        (&balance, "calabria", "2020-11-04", "false 1"),
    ] {
        assert_eq!(figures.judge(edit, unit, day), expected, "{unit} {day}");
    }
}

/// China's national accounts, National Bureau of Statistics, annual data as downloaded (twelve significant digits), 100 million yuan.
const CHINA: &str = "
cn 1993-A1 gdp=35524.347564
cn 1994-A1 gdp=48459.6368716 index=113.095561945
cn 1998-A1 gdp=84883.6940218
cn 1999-A1 gdp=90187.738699 index=107.622506586
cn 2001-A1 pop=127627 urban=48064 rural=79563 young=28716.075 adult=89849.408 old=9062.0
cn 2013-A1 gdp=588018.755872 p=55321.7073603 s=256810.006283 t=275887.042229
cn 2014-A1 gdp=635910.0 p=58336.0537787 s=271764.481042 t=305810.0 index=107.269491788
cn 2014-A1 spent=640696.902455 consumed=329450.75748 formed=293783.144975 net=17463.0";

#[test]
#[rustfmt::skip] // tables
fn national_accounts_are_identities() {
    let figures = Figures::parse(CHINA);
    for (expression, year, tolerance, expected) in [
        ("gdp = p + s + t", "2013", "0.000001", "true -0.0000003"),
        ("gdp = p + s + t", "2014", "0.5", "false -0.5348207"),
        ("spent = consumed + formed + net", "2014", "rounding", "true 0"),
        ("pop = urban + rural", "2001", "", "true 0"),
        ("pop = young + adult + old", "2001", "0.000001", "false -0.483"),
        ("pop = young + adult + old", "2001", "0.5", "true -0.483"),
    ] {
        let (edit, year) = (edit(expression, tolerance, "", ""), format!("{year}-A1"));
        assert_eq!(figures.judge(&edit, "cn", &year), expected, "{expression} {year}");
    }
}

const GROWTH: &str = "100 * (gdp / previous(gdp) - 1) = index - 100";

/// Nominal growth less growth at constant prices: of 1979 to 2014, 1994 (+23.32 points) and 1999 (-1.37) lie at the ends.
#[test]
fn nominal_growth_lies_off_real_growth() {
    let within =
        |year, tolerance| Figures::parse(CHINA).judge(&edit(GROWTH, tolerance, "", ""), "cn", year);
    for (year, least, most) in [("1994-A1", "23.3", "23.4"), ("1999-A1", "1.3", "1.4")] {
        assert!(within(year, least).starts_with("false"), "{year}");
        assert!(within(year, most).starts_with("true"), "{year}");
    }
}

/// The same, with the imbalance shown and within rounding: twelve digits divided by twelve must fit.
#[test]
fn growth_of_long_figures_is_judged() {
    for (year, expected) in [("1994-A1", "false 23.31"), ("1999-A1", "false -1.37")] {
        for tolerance in ["", "rounding"] {
            let edit = edit(GROWTH, tolerance, "", "");
            let verdict = Figures::parse(CHINA).judge(&edit, "cn", year);
            assert!(verdict.starts_with(expected), "{tolerance:?}: {verdict}");
        }
    }
}

/// Civilian labour force of three states and their counties, USDA Economic Research Service; Alaska's areas changed in 2010.
#[test]
#[rustfmt::skip] // tables
fn counties_differ_from_their_state_by_a_few_persons() {
    let alaska = "2031 3955 157923 7161 505 1011 2089 48285 1150 1064 17903 27001 7123 6470 2658 604 42314 4111 3968 2957 1844 \
                  2543 - 4561 718 - 3196 4875 1027 - 297 2567";
    let vermont = "21909 20622 16778 90375 3318 26617 4262 15694 16638 14587 35660 34838 25259 33304";
    for (year, state, counties, mode, exactly, within) in [
        ("2007-A1", "443573", "75038 275852 92683", "", "true 0", "true 0"),
        ("2008-A1", "447041", "75463 277739 93841", "", "false 2", "true 2"),
        ("2009-A1", "437500", "73786 271289 92424", "", "false -1", "true -1"),
        ("2009-A1", "359836", vermont, "", "false 25", "false 25"),
        ("2010-A1", "361913", alaska, "", "undecided", "undecided"),
        ("2010-A1", "361913", alaska, "partial_zero", "false -2", "true -2"),
    ] {
        let figures = Figures::tree(year, state, counties);
        for (tolerance, expected) in [("", exactly), ("rounding", within)] {
            let edit = edit("rollup(x) = x", tolerance, mode, "");
            assert_eq!(figures.judge(&edit, "top", year), expected, "{year} {state}");
        }
    }
}

/// New York, Quarterly Census of Employment and Wages 2017: establishments of the state and its 62 counties; wages of its
/// twenty-one sectors, and of a county where some are not disclosed.
#[test]
#[rustfmt::skip] // tables
fn new_york_adds_up_where_nothing_is_withheld() {
    let counties = "10263 938 18478 4463 1802 1753 3180 1943 1078 2018 2023 1102 1156 8349 24498 1256 1156 1203 1484 1254 235 1250 2848 \
        61689 589 1447 1637 18658 1226 53423 126993 4854 5292 12735 3192 10329 782 2376 1574 3068 52266 3275 9668 10690 5915 3456 687 431 \
        761 2156 2121 52370 2003 902 2667 5213 2468 1215 2052 35905 896 631";
    let figures = Figures::tree("2017-A1", "635251", counties);
    let sum = edit("rollup(x) = x", "rounding", "", "");
    assert_eq!(figures.judge(&sum, "top", "2017-A1"), "false -33909");

    let rule = "total = w11 + w21 + w22 + w23 + w31 + w42 + w44 + w48 + w51 + w52 + w53 + w54 + w55 + w56 + w61 + w62 + w71 + w72 \
        + w81 + w95 + w99";
    let figures = Figures::parse(
        "ny 2017-A1 total=655688523336 w11=930101718 w21=287760411 w22=4559608344 w23=27619975451 w31=29271175924
         ny 2017-A1 w42=28558988450 w44=32914344133 w48=12704407896 w51=32179732770 w52=120103174376 w53=14307041710
         ny 2017-A1 w54=75105734227 w55=21219170466 w56=25341122663 w61=21184660139 w62=74764939654 w71=9212943076
         ny 2017-A1 w72=21367714449 w81=14960671184 w95=87990949383 w99=1104306912 employed=9276410 salary=70683
         hamilton 2017-A1 total=60921211 w11=562911 w23=2384831 w31=347225 w44=5121622 w48=430167 w51=459558 w52=312450
         hamilton 2017-A1 w53=301085 w56=559370 w62=1112675 w71=3903966 w72=6178962 w81=996255 w95=36829292 employed=1795
         hamilton 2017-A1 salary=33939",
    );
    for (missing, county) in [("", "undecided"), ("skip-if-all", "false 1420842")] {
        let edit = edit(rule, "", "", missing);
        assert_eq!(figures.judge(&edit, "ny", "2017-A1"), "true 0");
        assert_eq!(figures.judge(&edit, "hamilton", "2017-A1"), county);
    }
    let salary = edit("salary = round(total / employed)", "", "", "");
    assert_eq!(figures.judge(&salary, "ny", "2017-A1"), "true 0");
    assert_eq!(figures.judge(&salary, "hamilton", "2017-A1"), "true 0");
}

/// Michigan's cumulative COVID-19 cases of four county-days as USAFacts published them one after the other in 2020 (CC BY-SA 4.0), and
/// Swiss GDP of eight quarters of 2016 and 2020, first and last of its vintages to the fourth quarter of 2024.
#[test]
#[rustfmt::skip] // tables
fn revisions_are_counted_by_their_direction() {
    let tally = |series: &str, ranked_after: usize| {
        let mut tally = Tally::default();
        for values in series.split(", ") {
            let vintages: Vec<_> = (0..).zip(values.split(' ').map(|value| Some(d(value)))).collect();
            tally.add(&vintages, Some(vintages[ranked_after].0));
        }
        tally
    };
    let michigan = "2 1 0, 36 35 34, 16 15 14, 249 247 238 235";
    let seen = |tally: Tally| (tally.up, tally.down, tally.before, tally.ranked);
    assert_eq!(seen(tally(michigan, 0)), (0, 4, 0, 4));
    assert_eq!(seen(tally(michigan, 2)), (0, 1, 4, 4));

    let swiss = "163842.636496127 168827.08490878, 165630.948510382 170045.267075026, 165547.7206114 171305.222555617, \
        165739.437083586 171555.430246088, 174007.832485938 178558.446239139, 166995.289237779 166944.940348619, \
        179833.326079739 178426.01259449, 180629.428965624 179084.959225598";
    let swiss = tally(swiss, 0);
    assert_eq!(seen(swiss), (5, 3, 0, 8));
    // Of eight tosses at least five heads: 93 in 256.
    let test = swiss.test(&Parameters::default()).unwrap();
    assert!((test.p_value - 93.0 / 256.0).abs() < 1e-12);
}
