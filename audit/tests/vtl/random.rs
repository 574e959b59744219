//! A random city: every form that the language has, and figures that fall on tolerances, zeros and gaps.
//!
//! The figures are small multiples of their last digit, so that sums are often equal, off by exactly the tolerance or just
//! beyond it; in one dataset they are large, so that binary floating point loses digits; a fifth is missing.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// A generator of numbers (Knuth's MMIX constants), so that a seed means the same figures on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// Expressions of one record.
const OWN: &[&str] = &[
    "a = b + c",
    "a <> b + c",
    "a < b",
    "a <= b - c",
    "a > b * 2",
    "a >= b - c * 0.5",
    "a - b - c = 0",
    "sum = a + b + count",
    "count > sum and sum >= 0",
    "a * b = c",
    "a * b - c <= 1.5",
    "a / b = c",
    "a / b * 100 >= c",
    "(a + b) / (b + c) < 2",
    "a / 4 > b / 10",
    "a > 0 or b > 0",
    "a > 0 xor b > 0",
    "not (a > b) or c >= 0",
    "not (a = b and b = c)",
    "if a > b then c > 0 else c < 0",
    "if a > b then (if b > c then c > 0 else a < 2) else isnull(c)",
    "(if a > 0 then a else b) >= c",
    "(if a > 0 then (if b > 0 then a else b) else c) >= (if c > 0 then 1 else b)",
    "(if isnull(a) then b else null) > c",
    "if a > 0 then null else b > 0",
    "isnull(a) or a >= b",
    "nvl(a, 0) + nvl(b, c) >= 1",
    "nvl(a, b) = c",
    "between(a, b, c)",
    "not between(a, -1, 1)",
    "a in {0, 0.5, 1.25}",
    "a + b not_in {1, -1}",
    "abs(a - b) <= abs(c)",
    "-a < +b",
    "- (-a) * 2 >= -b - -c",
    "round(a * 1.5, 1) = b",
    "round(a, 0) >= trunc(b)",
    "trunc(a * b, 2) <= c",
    "round(a / 3, 2) = c",
    "mod(a, 0.5) = 0",
    "mod(a, b) >= c",
    "power(a, 2) + power(b, 2) >= power(c, 2)",
    "power(a, 3) <= b",
    "power(a, -1) < 2",
    "power(a, 0.5) < b",
    "sqrt(a) >= b",
    "ln(a) < c",
    "exp(a) > b + c",
    "subperiod() > 2 or a >= b",
    "year() - 2000 >= a",
    "a + 1 = b + 1 + c and true",
];

/// How many of [`OWN`] only add and compare: these judge large figures too, because a product of two of them has more digits
/// than binary floating point.
const OWN_LINEAR: usize = 9;

/// Expressions that look at other periods.
const TEMPORAL: &[&str] = &[
    "a >= previous(a)",
    "a - lag(a, 2) = b",
    "(a / year_ago(a) - 1) * 100 <= c",
    "ytd(a) >= b",
    "ytd(a) - ytd(b) <= previous(c) + 1",
    "sum >= previous(sum) or subperiod() = 1",
];

/// Expressions that look at children.
const ROLLED: &[&str] = &[
    "a = rollup(a)",
    "a >= rollup(a)",
    "b <> rollup(b)",
    "a < rollup(a)",
    "rollup(a) = rollup(b) + rollup(c)",
    "a >= rollup(a) - b",
];

const TOLERANCES: [&str; 5] = ["", "0.05", "2", "10%", "rounding"];
const STRATEGIES: [&str; 4] = ["three-valued", "skip-if-any", "skip-if-all", "never-skip"];
const MODES: [&str; 6] = [
    "non_null",
    "non_zero",
    "partial_null",
    "partial_zero",
    "always_null",
    "always_zero",
];

/// Writes a catalogue and its figures below `folder`.
pub(crate) fn city(folder: &Path, seed: u64) -> (PathBuf, PathBuf) {
    let mut random = Random(seed);
    let catalogue = folder.join(format!("catalogue-{seed}"));
    fs::create_dir_all(&catalogue).unwrap();
    fs::write(catalogue.join("catalogue.toml"), CATALOGUE).unwrap();
    fs::write(catalogue.join("edits.toml"), edits(&mut random)).unwrap();
    let data = folder.join(format!("figures-{seed}.csv"));
    fs::write(&data, figures(&mut random)).unwrap();
    (catalogue, data)
}

/// Each expression with a tolerance, a strategy and a scope by chance; roll-ups in each mode.
fn edits(random: &mut Random) -> String {
    let mut text = String::new();
    let mut number = 0;
    let mut add = |random: &mut Random, dataset: &str, expression: &str, more: &str| {
        number += 1;
        let pick = |random: &mut Random, words: &[&str]| {
            words[usize::try_from(random.below(words.len() as u64)).unwrap()].to_owned()
        };
        let (tolerance, missing) = (pick(random, &TOLERANCES), pick(random, &STRATEGIES));
        let tolerance = match tolerance.as_str() {
            "" => String::new(),
            tolerance => format!("tolerance = \"{tolerance}\"\n"),
        };
        let dash = if random.one_in(4) { "-" } else { "." };
        let _ = write!(
            text,
            "[[edit]]\nid = \"R{dash}{number}\"\nkind = \"quality\"\ndataset = \"{dataset}\"\nexpression = \"{expression}\"\n\
             {tolerance}missing = \"{missing}\"\n{more}message = {{ zh = \"不符\", en = \"does not hold\" }}\n\n"
        );
    };
    for expression in OWN {
        let scope = [
            "",
            "",
            "subperiods = [1, 3]\n",
            "under = \"520000\"\n",
            "from = \"2020-Q3\"\nto = \"2021-Q2\"\n",
        ];
        let scope = scope[usize::try_from(random.below(5)).unwrap()];
        add(random, "by-quarter", expression, scope);
    }
    for expression in &OWN[..OWN_LINEAR] {
        add(random, "large", expression, "");
    }
    add(random, "large", "a - b >= year_ago(c) - previous(b)", "");
    for expression in TEMPORAL {
        for dataset in ["by-quarter", "by-month"] {
            add(random, dataset, expression, "");
        }
    }
    for expression in ROLLED {
        for mode in MODES {
            add(
                random,
                "by-quarter",
                expression,
                &format!("rollup = \"{mode}\"\n"),
            );
        }
    }
    add(
        random,
        "by-month",
        "a >= 'by-quarter'#a - 'by-quarter'#b",
        "",
    );
    add(
        random,
        "by-month",
        "lag('by-quarter'#a, 1) < ytd('by-quarter'#b) + c",
        "",
    );
    for expression in ["a = b + c", "a >= previous(a)", "ytd(a) > b"] {
        add(random, "by-item", expression, "");
    }
    for expression in ["a >= year_ago(a)", "a >= lag(a, 2)", "ytd(a) <= 3"] {
        add(random, "by-day", expression, "");
    }
    text
}

fn figures(random: &mut Random) -> String {
    let mut text = String::from("unit,dataset,period,item,indicator,value\n");
    let quarters: Vec<String> = periods("Q", 4);
    let months: Vec<String> = periods("M", 12);
    for unit in UNITS {
        for period in &quarters {
            record(random, &mut text, unit, "by-quarter", period, "");
        }
        for period in periods("S", 2) {
            record(random, &mut text, unit, "large", &period, "");
        }
    }
    for unit in &UNITS[..2] {
        for period in &months {
            record(random, &mut text, unit, "by-month", period, "");
        }
        for item in ["bridge", "road, new"] {
            for period in &quarters {
                record(random, &mut text, unit, "by-item", period, item);
            }
        }
        for year in [2020, 2021] {
            for day in ["01-01", "01-02", "01-03", "02-28", "02-29", "03-01"] {
                if (year, day) != (2021, "02-29") {
                    record(
                        random,
                        &mut text,
                        unit,
                        "by-day",
                        &format!("{year}-{day}"),
                        "",
                    );
                }
            }
        }
    }
    text
}

fn periods(letter: &str, count: u32) -> Vec<String> {
    let width = if count > 9 { 2 } else { 1 };
    let of_year = |year| (1..=count).map(move |n| format!("{year}-{letter}{n:0width$}"));
    (2020..=2022).flat_map(of_year).collect()
}

/// Some records are not there at all; in the others, some figures are missing.
fn record(
    random: &mut Random,
    text: &mut String,
    unit: &str,
    dataset: &str,
    period: &str,
    item: &str,
) {
    if random.one_in(12) {
        return;
    }
    let large = dataset == "large";
    let item = if item.contains(',') {
        format!("\"{item}\"")
    } else {
        item.to_owned()
    };
    for indicator in ["a", "b", "c", "sum", "count"] {
        let value = if random.one_in(5) {
            String::new()
        } else {
            value(random, large)
        };
        let _ = writeln!(text, "{unit},{dataset},{period},{item},{indicator},{value}");
    }
}

fn value(random: &mut Random, large: bool) -> String {
    let sign = if random.one_in(4) { "-" } else { "" };
    let whole = random.below(4);
    let whole = if large && random.one_in(2) {
        whole + 123_456_789_000
    } else {
        whole
    };
    match random.below(4) {
        0 => format!("{sign}{whole}"),
        1 => format!("{sign}{whole}.{}", random.below(10)),
        2 => format!("{sign}{whole}.{:02}", random.below(5) * 5),
        _ => format!("{sign}{whole}.{:02}", random.below(100)),
    }
}

/// A province with prefectures, one of which begins to report in 2021, and one with counties.
const UNITS: [&str; 9] = [
    "520000", "520100", "520200", "520300", "ZONE1", "A.1-b", "520101", "520102", "520103",
];

const CATALOGUE: &str = r#"[catalogue]
name = { zh = "随机", en = "Random" }
timezone = "Asia/Shanghai"

[[level]]
code = "province"
name = { zh = "省", en = "province" }

[[level]]
code = "prefecture"
name = { zh = "市", en = "prefecture" }

[[level]]
code = "county"
name = { zh = "县", en = "county" }

[[unit]]
code = "520000"
name = { zh = "520000", en = "520000" }
level = "province"

[[unit]]
code = "520100"
name = { zh = "520100", en = "520100" }
level = "prefecture"
parent = "520000"

[[unit]]
code = "520200"
name = { zh = "520200", en = "520200" }
level = "prefecture"
parent = "520000"

[[unit]]
code = "520300"
name = { zh = "520300", en = "520300" }
level = "prefecture"
parent = "520000"

[[unit]]
code = "ZONE1"
name = { zh = "ZONE1", en = "ZONE1" }
level = "prefecture"
parent = "520000"

[[unit]]
code = "A.1-b"
name = { zh = "A.1-b", en = "A.1-b" }
level = "prefecture"

[[unit]]
code = "520101"
name = { zh = "520101", en = "520101" }
level = "county"
parent = "520100"

[[unit]]
code = "520102"
name = { zh = "520102", en = "520102" }
level = "county"
parent = "520100"

[[unit]]
code = "520103"
name = { zh = "520103", en = "520103" }
level = "county"
parent = "520200"

[[department]]
code = "statistics"
name = { zh = "统计局", en = "Statistics bureau" }

[[unit_of_measure]]
code = "ONE"
pure = true
name = { zh = "一", en = "one" }

[[indicator]]
code = "a"
name = { zh = "a", en = "a" }
unit_of_measure = "ONE"
decimals = 2
kind = "flow"
owner = "statistics"

[[indicator]]
code = "b"
name = { zh = "b", en = "b" }
unit_of_measure = "ONE"
decimals = 2
kind = "flow"
owner = "statistics"

[[indicator]]
code = "c"
name = { zh = "c", en = "c" }
unit_of_measure = "ONE"
decimals = 2
kind = "flow"
owner = "statistics"

[[indicator]]
code = "sum"
name = { zh = "sum", en = "sum" }
unit_of_measure = "ONE"
decimals = 2
kind = "flow"
owner = "statistics"

[[indicator]]
code = "count"
name = { zh = "count", en = "count" }
unit_of_measure = "ONE"
decimals = 2
kind = "flow"
owner = "statistics"

[[dataset]]
code = "by-quarter"
name = { zh = "by-quarter", en = "by-quarter" }
periodicity = "quarter"
indicators = ["a", "b", "c", "sum", "count"]
deadline = { day = 20, time = "12:00" }
first_period = "2020-Q1"
last_period = "2022-Q4"

[[dataset]]
code = "by-month"
name = { zh = "by-month", en = "by-month" }
periodicity = "month"
indicators = ["a", "b", "c", "sum", "count"]
deadline = { day = 20, time = "12:00" }
first_period = "2020-M01"
last_period = "2022-M12"

[[dataset]]
code = "large"
name = { zh = "large", en = "large" }
periodicity = "half-year"
indicators = ["a", "b", "c", "sum", "count"]
deadline = { day = 20, time = "12:00" }
first_period = "2020-S1"
last_period = "2022-S2"

[[dataset]]
code = "by-item"
name = { zh = "by-item", en = "by-item" }
periodicity = "quarter"
indicators = ["a", "b", "c", "sum", "count"]
deadline = { day = 20, time = "12:00" }
first_period = "2020-Q1"
last_period = "2022-Q4"
itemised = true

[[dataset]]
code = "by-day"
name = { zh = "by-day", en = "by-day" }
periodicity = "day"
indicators = ["a", "b", "c", "sum", "count"]
deadline = { day = 20, time = "12:00" }
first_period = "2020-01-01"
last_period = "2022-12-31"

[[roster]]
dataset = "by-quarter"
units = ["520000", "520100", "520200", "ZONE1", "A.1-b", "520101", "520102", "520103"]

[[roster]]
dataset = "by-quarter"
units = ["520300"]
from = "2021-Q1"

[[roster]]
dataset = "large"
units = ["520000", "520100"]

[[roster]]
dataset = "by-month"
units = ["520000", "520100"]

[[roster]]
dataset = "by-item"
units = ["520000", "520100"]

[[roster]]
dataset = "by-day"
units = ["520000", "520100"]
"#;
