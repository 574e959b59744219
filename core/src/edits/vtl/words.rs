//! Names as VTL writes them.
//!
//! Indicators are lower-case, so whatever is added to a name in upper case cannot be another indicator's name.

use crate::{
    code::{DatasetCode, EditId},
    edits::{Operand, RollupMode, ast::Source},
    period::Period,
};

/// The keywords of VTL 2.2 that could be an indicator's code (its grammar's tokens; those of one letter or with capitals
/// cannot). A measure of such a name stands in quotation marks.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "abs", "aggr", "aggregate", "all", "all_measures", "always_null", "always_zero", "and", "any", "apply", "as", "asc",
    "attribute", "avg", "between", "boolean", "by", "calc", "case", "cast", "ceil", "check", "check_datapoint",
    "check_hierarchy", "component", "components", "computed", "condition", "count", "cross_join", "current",
    "current_date", "damerau_levenshtein", "data", "datapoint", "datapoint_on_valuedomains", "datapoint_on_variables",
    "dataset", "dataset_priority", "date", "dateadd", "datediff", "dayofmonth", "dayofyear", "daytomonth", "daytoyear",
    "default", "define", "desc", "diff", "drop", "duration", "else", "end", "errorcode", "errorlevel", "eval", "except",
    "exists_in", "exp", "false", "fill_time_series", "filter", "first", "first_value", "float", "floor",
    "flow_to_stock", "following", "from", "full_join", "getmonth", "getyear", "group", "hamming", "having",
    "hierarchical", "hierarchical_on_valuedomains", "hierarchical_on_variables", "hierarchy", "identifier", "if",
    "imbalance", "in", "indexof", "inner_join", "input", "instr", "integer", "intersect", "invalid", "is", "isnull",
    "jaro_winkler", "keep", "key", "lag", "language", "last", "last_value", "lead", "left_join", "length",
    "levenshtein", "list", "ln", "log", "lower", "ltrim", "match_characters", "max", "measure", "median", "merge",
    "min", "mod", "monthtoday", "non_null", "non_zero", "not", "not_in", "null", "number", "nvl", "on", "operator",
    "or", "order", "output", "over", "partial_null", "partial_zero", "partition", "period_indicator", "pivot", "point",
    "points", "power", "preceding", "propagation", "random", "range", "rank", "ratio_to_report", "rename", "replace",
    "returns", "round", "rows", "rtrim", "rule", "rule_priority", "ruleset", "scalar", "set", "setdiff", "single",
    "sqrt", "stddev_pop", "stddev_samp", "stock_to_flow", "string", "string_distance", "structure", "sub", "substr",
    "sum", "symdiff", "then", "time", "time_agg", "time_period", "timeshift", "to", "trim", "true", "trunc", "type",
    "unbounded", "union", "unpivot", "upper", "using", "valuedomain", "var_pop", "var_samp", "variable", "viral",
    "when", "with", "xor", "year", "month", "week", "quarter", "semester", "day", "ruleid", "bool_var", "yeartoday",
];

/// The identifier of the unit.
pub const UNIT: &str = "UNIT";
/// The identifier of the period, of type `Time_Period`.
pub const PERIOD: &str = "PERIOD";
/// The identifier of the item, in an itemised dataset.
pub const ITEM: &str = "ITEM";
/// The measure with the year of the period.
pub const YEAR: &str = "YEAR";
/// The measure with the position of the period in its year.
pub const SUBPERIOD: &str = "SUBPERIOD";

/// A name, in quotation marks where VTL could read it as something else.
#[must_use]
pub fn quoted(name: &str) -> String {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if starts && plain && !KEYWORDS.contains(&name) {
        name.to_owned()
    } else {
        format!("'{name}'")
    }
}

/// A value in double quotation marks.
pub(super) fn literal(value: &str) -> String {
    format!("\"{}\"", value.replace('"', "'"))
}

/// The name of an edit's rule: its id, with `_` for the `-` that VTL would read as a minus.
#[must_use]
pub fn rule_name(id: &EditId) -> String {
    id.as_str().replace('-', "_")
}

/// The name of a dataset and of its ruleset: its code, with `_` for `-`.
#[must_use]
pub fn dataset_name(code: &DatasetCode) -> String {
    code.as_str().replace('-', "_")
}

/// The measure that holds an operand, without quotation marks: `gdp`, `gdp__LAG1`, `gdp__YEAR_AGO`, `gdp__YTD`,
/// `gdp__ROLLUP` or `gdp__ROLLUP_ZERO`, and with `OF_annual_accounts__` before it where it is another dataset's.
#[must_use]
pub fn measure_name(operand: &Operand, mode: RollupMode) -> String {
    let name = operand.indicator.as_str();
    let own = match operand.source {
        Source::Own => name.to_owned(),
        Source::Lag(count) => format!("{name}__LAG{count}"),
        Source::YearAgo => format!("{name}__YEAR_AGO"),
        Source::YearToDate => format!("{name}__YTD"),
        Source::Children if counts_as_zero(mode) => format!("{name}__ROLLUP_ZERO"),
        Source::Children => format!("{name}__ROLLUP"),
    };
    match &operand.dataset {
        Some(dataset) => format!("OF_{}__{own}", dataset_name(dataset)),
        None => own,
    }
}

/// The measure with half a unit of the last printed digit of another.
#[must_use]
pub fn half_name(measure: &str) -> String {
    format!("{measure}__HALF")
}

/// The measure that says how many children have a figure.
#[must_use]
pub fn known_name(operand: &Operand) -> String {
    format!("{}__ROLLUP_KNOWN", operand.indicator)
}

/// Whether a missing child counts as zero.
#[must_use]
pub const fn counts_as_zero(mode: RollupMode) -> bool {
    match mode {
        RollupMode::NonNull | RollupMode::PartialNull | RollupMode::AlwaysNull => false,
        RollupMode::NonZero | RollupMode::PartialZero | RollupMode::AlwaysZero => true,
    }
}

/// A number that orders the periods of one periodicity, from the measures [`YEAR`] and [`SUBPERIOD`].
pub(super) fn period_number(period: Period) -> String {
    format!("{}{:03}", period.year(), period.number())
}
