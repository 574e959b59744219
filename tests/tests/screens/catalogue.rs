//! A synthetic catalogue: six counties, a zone and their city; three datasets whose deadlines lie about the instant that the screens are
//! looked at.

use granary_core::catalogue::Bundle;

const PLACES: &str = r#"
[catalogue]
name = { zh = "合成市统计报送", en = "Synthetic city" }
timezone = "Asia/Shanghai"

[[department]]
code = "statistics"
name = { zh = "统计局", en = "Statistics bureau" }

[[department]]
code = "finance"
name = { zh = "财政局", en = "Finance bureau" }

[[level]]
code = "city"
name = { zh = "市", en = "City" }

[[level]]
code = "county"
name = { zh = "县", en = "County" }

[[unit]]
code = "990000"
name = { zh = "合成市", en = "Synthetic city" }
level = "city"

[[unit]]
code = "ZONE-1"
name = { zh = "高新区", en = "High-tech zone" }
parent = "990000"
from = "2025-10-15"
"#;

const FIGURES: &str = r#"
[[unit_of_measure]]
code = "CNY_10K"
name = { zh = "万元", en = "ten thousand yuan" }

[[unit_of_measure]]
code = "CNY_100M"
name = { zh = "亿元", en = "hundred million yuan" }
base = "CNY_10K"
factor = 10000

[[indicator]]
code = "revenue"
name = { zh = "一般公共预算收入", en = "Revenue" }
unit_of_measure = "CNY_10K"
decimals = 0
kind = "flow"
owner = "finance"

[[indicator]]
code = "tax"
name = { zh = "税收收入", en = "Tax" }
unit_of_measure = "CNY_10K"
decimals = 0
kind = "flow"
owner = "finance"

[[indicator]]
code = "gdp"
name = { zh = "地区生产总值", en = "Product" }
unit_of_measure = "CNY_100M"
decimals = 2
kind = "ytd"
owner = "statistics"

[[indicator]]
code = "industry"
name = { zh = "工业增加值", en = "Industry" }
unit_of_measure = "CNY_100M"
decimals = 2
kind = "ytd"
owner = "statistics"

[[indicator]]
code = "others"
name = { zh = "其他增加值", en = "Other than industry" }
unit_of_measure = "CNY_100M"
decimals = 2
kind = "ytd"
owner = "statistics"

[[indicator]]
code = "invested"
name = { zh = "完成投资", en = "Invested" }
unit_of_measure = "CNY_10K"
decimals = 0
kind = "flow"
owner = "statistics"

[[indicator]]
code = "planned"
name = { zh = "计划投资", en = "Planned" }
unit_of_measure = "CNY_10K"
decimals = 0
kind = "flow"
owner = "statistics"
"#;

const REPORTS: &str = r#"
[[dataset]]
code = "monthly-revenue"
name = { zh = "月度财政收入", en = "Monthly revenue" }
periodicity = "month"
indicators = ["revenue", "tax"]
required = ["revenue"]
deadline = { day = 8, time = "12:00" }
first_period = "2024-M07"

[[dataset]]
code = "quarterly-accounts"
name = { zh = "季度核算", en = "Quarterly accounts" }
periodicity = "quarter"
indicators = ["gdp", "industry", "others"]
required = ["gdp", "industry", "others"]
deadline = { day = 9, time = "17:00" }
first_period = "2024-Q1"

[[dataset]]
code = "projects"
name = { zh = "投资项目", en = "Projects" }
periodicity = "month"
itemised = true
indicators = ["invested", "planned"]
deadline = { day = 15, time = "24:00" }
first_period = "2026-M01"

[[roster]]
dataset = "monthly-revenue"
under = "990000"

[[roster]]
dataset = "quarterly-accounts"
under = "990000"

[[roster]]
dataset = "quarterly-accounts"
units = ["990000"]
from = "2025-Q4"

[[roster]]
dataset = "projects"
units = ["990101", "990102", "990103"]
"#;

const RULES: &str = r#"
[[edit]]
id = "REVENUE.SIGN"
kind = "validity"
dataset = "monthly-revenue"
expression = "revenue >= 0"
message = { zh = "收入为负", en = "Revenue is negative" }

[[edit]]
id = "REVENUE.JUMP"
kind = "quality"
dataset = "monthly-revenue"
expression = "revenue <= 2 * previous(revenue)"
message = { zh = "收入比上月翻番", en = "Revenue has more than doubled" }

[[edit]]
id = "TAX.SHARE"
kind = "quality"
dataset = "monthly-revenue"
expression = "tax <= revenue"
message = { zh = "税收大于收入", en = "Tax is more than revenue" }

[[edit]]
id = "GDP.BALANCE"
kind = "validity"
dataset = "quarterly-accounts"
expression = "gdp = industry + others"
tolerance = "rounding"
message = { zh = "总值不等于各业之和", en = "Product differs from the sum of its industries" }

[[edit]]
id = "GDP.ROLLUP"
kind = "quality"
dataset = "quarterly-accounts"
expression = "gdp = rollup(gdp)"
tolerance = "rounding"
rollup = "non_null"
message = { zh = "总值与下级合计不符", en = "Product differs from the sum of the units below" }

[[edit]]
id = "PROJECT.PLAN"
kind = "quality"
dataset = "projects"
expression = "invested <= planned"
message = { zh = "完成投资大于计划", en = "More is invested than planned" }

[[scorecard]]
code = "counties"
name = { zh = "县区季度考核", en = "Counties by quarter" }
periodicity = "quarter"
level = "county"
flags = 1
last = 1
components = [
    { code = "timeliness", name = { zh = "及时", en = "timeliness" }, measure = "on_time_rate", weight = 50 },
    { code = "speed", name = { zh = "迟报时长", en = "lateness" }, measure = "median_lateness", zero_at = "72h", weight = 10 },
    { code = "first-time", name = { zh = "一次通过", en = "first time" }, measure = "first_time_acceptance_rate", weight = 20 },
    { code = "progress", name = { zh = "目标进度", en = "progress" }, measure = "target_progress", weight = 20 },
]
bands = [
    { name = { zh = "好", en = "good" }, share = 30 },
    { name = { zh = "中", en = "middling" }, share = 40 },
    { name = { zh = "差", en = "poor" }, share = 30 },
]

[[scorecard]]
code = "months"
name = { zh = "月度报送", en = "Reporting by month" }
periodicity = "month"
level = "county"
components = [{ measure = "reporting_rate", weight = 60 }, { measure = "explained_share", weight = 40 }]

[[target]]
dataset = "monthly-revenue"
indicator = "revenue"
year = 2026
values = { 990101 = "15000", 990102 = "24000", 990103 = "18000", 990104 = "9000" }

[[target]]
dataset = "monthly-revenue"
indicator = "revenue"
year = 2025
values = { 990101 = "14000" }

[[target]]
dataset = "quarterly-accounts"
indicator = "gdp"
year = 2026
growth = { 990101 = "6.5", 990102 = "7" }
"#;

/// The counties, by the figure at their code's end.
pub(crate) const COUNTIES: [&str; 6] = ["990101", "990102", "990103", "990104", "990105", "990106"];

/// Every unit.
pub(crate) const UNITS: [&str; 8] = [
    "990000", "990101", "990102", "990103", "990104", "990105", "990106", "ZONE-1",
];

/// The catalogue's files.
pub(crate) fn bundle() -> Bundle {
    let names = ["Jia", "Yi", "Bing", "Ding", "Wu", "Ji"];
    let county = |(code, name): (&str, &str)| {
        format!(
            "[[unit]]\ncode = \"{code}\"\nname = {{ zh = \"{name} 县\", en = \"{name} county\" }}\nparent = \"990000\"\nlevel = \"county\"\n"
        )
    };
    let counties: String = COUNTIES.into_iter().zip(names).map(county).collect();
    let files = [
        ("places.toml", format!("{PLACES}\n{counties}")),
        ("figures.toml", FIGURES.to_owned()),
        ("reports.toml", REPORTS.to_owned()),
        ("rules.toml", RULES.to_owned()),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), text));
    Bundle::new(files.into()).unwrap()
}
