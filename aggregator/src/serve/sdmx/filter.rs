//! What a key or a filter on a component takes (SDMX REST, "Data queries"): values separated by commas are any of them, conditions joined by `+`
//! are all of them, each condition an operator and a value.

use std::cmp::Ordering;

use granary_core::{decimal::Decimal, period::Period};

use crate::serve::api::ApiProblem;

/// Conditions on one filter; more are refused.
const CONDITIONS_MAX: usize = 5_000;

/// How a value has to stand to the one that is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    Unequal,
    Below,
    AtMost,
    Above,
    AtLeast,
    Contains,
    ContainsNot,
    Begins,
    Ends,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    operator: Operator,
    value: String,
}

/// What values are compared as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Text,
    Number,
    /// Reference periods, and the first or last day of a longer one where a shorter is compared with it.
    Period,
}

/// Any of groups, each of which is all of its conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    groups: Vec<Vec<Condition>>,
    order: Order,
}

impl Filter {
    /// Reads `ge:2020+le:2021` or `A,B`.
    pub(super) fn parse(component: &str, text: &str, order: Order) -> Result<Self, ApiProblem> {
        let mut groups = Vec::new();
        let mut count = 0;
        for group in text.split(',') {
            let mut conditions = Vec::new();
            // A form-encoded query has a space where somebody wrote a plus sign unencoded.
            for part in group.split(['+', ' ']) {
                conditions.push(Condition::parse(component, part, order)?);
                count += 1;
            }
            groups.push(conditions);
        }
        if count > CONDITIONS_MAX {
            return Err(unfit(
                component,
                "条件过多",
                "there are too many conditions",
            ));
        }
        Ok(Self { groups, order })
    }

    /// Any of these values; none means all.
    pub(super) fn any_of<'v>(values: impl Iterator<Item = &'v str>) -> Option<Self> {
        let groups: Vec<Vec<Condition>> = values
            .map(|value| {
                vec![Condition {
                    operator: Operator::Equal,
                    value: value.to_owned(),
                }]
            })
            .collect();
        (!groups.is_empty()).then_some(Self {
            groups,
            order: Order::Text,
        })
    }

    /// Whether it takes a value.
    pub(super) fn takes(&self, value: &str) -> bool {
        let all = |group: &Vec<Condition>| group.iter().all(|one| one.takes(value, self.order));
        self.groups.iter().any(all)
    }
}

impl Condition {
    fn parse(component: &str, text: &str, order: Order) -> Result<Self, ApiProblem> {
        let (operator, value) = match text.split_once(':') {
            None => (Operator::Equal, text),
            Some((word, value)) => (operator(component, word)?, value),
        };
        if value.is_empty() {
            return Err(unfit(component, "缺少取值", "a value is missing"));
        }
        let is_fit = match order {
            Order::Text => true,
            Order::Number => Decimal::parse(value).is_ok(),
            Order::Period => whole(value).is_some(),
        };
        let is_textual = matches!(
            operator,
            Operator::Contains | Operator::ContainsNot | Operator::Begins | Operator::Ends
        );
        if !is_fit && !is_textual {
            let value: String = value.chars().take(40).collect();
            let (zh, en) = (
                format!("不能取“{value}”"),
                format!("it cannot be {value:?}"),
            );
            return Err(unfit(component, &zh, &en));
        }
        Ok(Self {
            operator,
            value: value.to_owned(),
        })
    }

    fn takes(&self, value: &str, order: Order) -> bool {
        let compared = || compare(value, &self.value, order);
        match self.operator {
            Operator::Equal => is_equal(value, &self.value, order),
            Operator::Unequal => !is_equal(value, &self.value, order),
            Operator::Below => compared().is_some_and(|(first, _)| first == Ordering::Less),
            Operator::AtMost => compared().is_some_and(|(_, last)| last != Ordering::Greater),
            Operator::Above => compared().is_some_and(|(_, last)| last == Ordering::Greater),
            Operator::AtLeast => compared().is_some_and(|(first, _)| first != Ordering::Less),
            Operator::Contains => value.contains(&self.value),
            Operator::ContainsNot => !value.contains(&self.value),
            Operator::Begins => value.starts_with(&self.value),
            Operator::Ends => value.ends_with(&self.value),
        }
    }
}

fn operator(component: &str, word: &str) -> Result<Operator, ApiProblem> {
    Ok(match word {
        "eq" => Operator::Equal,
        "ne" => Operator::Unequal,
        "lt" => Operator::Below,
        "le" => Operator::AtMost,
        "gt" => Operator::Above,
        "ge" => Operator::AtLeast,
        "co" => Operator::Contains,
        "nc" => Operator::ContainsNot,
        "sw" => Operator::Begins,
        "ew" => Operator::Ends,
        other => {
            let other: String = other.chars().take(20).collect();
            let (zh, en) = (
                format!("没有运算符 {other}"),
                format!("there is no operator {other}"),
            );
            return Err(unfit(component, &zh, &en));
        }
    })
}

fn is_equal(value: &str, wanted: &str, order: Order) -> bool {
    match order {
        Order::Text | Order::Period => value == wanted,
        Order::Number => compare(value, wanted, order).is_some_and(|(is, _)| is == Ordering::Equal),
    }
}

/// How the first and the last instant of a value stand to those of the one that is named; both the same where it has no length.
fn compare(value: &str, wanted: &str, order: Order) -> Option<(Ordering, Ordering)> {
    match order {
        Order::Text => Some((value.cmp(wanted), value.cmp(wanted))),
        Order::Number => {
            let (value, wanted) = (Decimal::parse(value).ok()?, Decimal::parse(wanted).ok()?);
            Some((value.cmp(&wanted), value.cmp(&wanted)))
        }
        Order::Period => {
            let (value, wanted) = (whole(value)?, whole(wanted)?);
            Some((value.0.cmp(&wanted.0), value.1.cmp(&wanted.1)))
        }
    }
}

/// The first and the last day of a period, as `2021-Q3`, or of a year, a month or a day as Gregorian time has them: `2021`, `2021-07`, `2021-07-08`.
fn whole(text: &str) -> Option<(jiff::civil::Date, jiff::civil::Date)> {
    let parsed = Period::parse(text).ok().or_else(|| {
        let parts: Vec<&str> = text.split('-').collect();
        match parts.as_slice() {
            [year] => Period::parse(&format!("{year}-A1")).ok(),
            [year, month] => Period::parse(&format!("{year}-M{month}")).ok(),
            _ => None,
        }
    });
    if let Some(period) = parsed {
        return Some((period.first_day(), period.last_day()));
    }
    let day: jiff::civil::Date = text.parse().ok()?;
    Some((day, day))
}

fn unfit(component: &str, zh: &str, en: &str) -> ApiProblem {
    let field = format!("c[{component}]");
    ApiProblem::invalid(&field, format!("{field}：{zh}"), format!("{field}: {en}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, order: Order, takes: &[&str], not: &[&str]) {
        let filter = Filter::parse("X", text, order).unwrap();
        for value in takes {
            assert!(filter.takes(value), "{text} takes {value}");
        }
        for value in not {
            assert!(!filter.takes(value), "{text} does not take {value}");
        }
    }

    #[test]
    fn values_are_any_and_conditions_all() {
        check("A,B", Order::Text, &["A", "B"], &["C", "a"]);
        check("ne:A+ne:B", Order::Text, &["C"], &["A", "B"]);
        check("sw:52+ew:00", Order::Text, &["520100"], &["520101", "500"]);
        check(
            "co:01,nc:52",
            Order::Text,
            &["520100", "430200"],
            &["520200"],
        );
        check(
            "gt:9+lt:11",
            Order::Number,
            &["10", "9.5"],
            &["9", "11", "x"],
        );
        check("eq:1.0", Order::Number, &["1", "1.00"], &["1.01"]);
    }

    #[test]
    fn periods_are_compared_by_their_days() {
        check(
            "ge:2021-Q2+le:2021-Q3",
            Order::Period,
            &["2021-Q2", "2021-Q3"],
            &["2021-Q1", "2021-Q4"],
        );
        check(
            "ge:2021-03+le:2021-05",
            Order::Period,
            &["2021-M03", "2021-M05"],
            &["2021-M02", "2021-M06"],
        );
        check(
            "ge:2021+le:2021",
            Order::Period,
            &["2021-Q1", "2021-M12", "2021-A1"],
            &["2020-Q4", "2022-M01"],
        );
        check("lt:2021-07-01", Order::Period, &["2021-Q2"], &["2021-Q3"]);
        check("2021-Q2", Order::Period, &["2021-Q2"], &["2021-M04"]);
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for (text, order) in [
            ("", Order::Text),
            ("A,", Order::Text),
            ("xx:A", Order::Text),
            ("ge:", Order::Text),
            ("ge:x", Order::Number),
            ("ge:2021-Q9", Order::Period),
            ("yesterday", Order::Period),
        ] {
            assert!(Filter::parse("X", text, order).is_err(), "{text}");
        }
    }
}
