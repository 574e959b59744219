//! Reading one record: typed access to its keys, where each thing that is wrong becomes a fault and `None`.
//!
//! A record is read to its end whatever is wrong in it, so that one run finds everything.

use std::ops::RangeInclusive;

use jiff::civil::Date;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{decimal::Decimal, period::Period, text::Bilingual};

use super::{
    fault::{Faults, say},
    names::{Kind, Lexical, did_you_mean},
    source::{At, Place, Source},
};

/// The longest name or message, in bytes.
const TEXT_LEN_BYTES_MAX: usize = 1_000;

/// A table: a record, or an inline table within one.
pub(super) struct Entry<'a> {
    kind: Kind,
    table: &'a DeTable<'a>,
    place: Place<'a>,
    /// A syntax fault stands in this record: a key may be missing or out of place because of it.
    torn: bool,
    faults: &'a Faults,
}

/// One key's value.
pub(super) struct Field<'a> {
    kind: Kind,
    key: &'a str,
    value: &'a DeValue<'a>,
    place: Place<'a>,
    torn: bool,
    faults: &'a Faults,
}

/// A key that is the name of a thing.
pub(super) struct Key<'a> {
    name: &'a str,
    place: Place<'a>,
    faults: &'a Faults,
}

/// The codes that could be read in an array.
pub(super) struct Codes<'a, C> {
    pub(super) codes: Vec<At<'a, C>>,
    /// Whether they are all that is written there.
    pub(super) is_whole: bool,
}

impl<'a> Entry<'a> {
    /// The record written at `value`, which ends where the next begins.
    pub(super) fn new(
        kind: Kind,
        source: &'a Source<'a>,
        value: &'a Spanned<DeValue<'a>>,
        end: usize,
        faults: &'a Faults,
    ) -> Option<Self> {
        let start = value.span().start;
        let field = Field {
            kind,
            key: kind.table(),
            value: value.get_ref(),
            place: Place {
                source,
                offset: start,
            },
            torn: source.is_torn(start, end),
            faults,
        };
        field.table()
    }

    /// Where the record begins.
    pub(super) const fn place(&self) -> Place<'a> {
        self.place
    }

    /// Reports the keys that are not among `known`.
    pub(super) fn allow(&self, known: &[&str]) {
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if known.contains(&name) || self.torn {
                continue;
            }
            let shown = quoted(name);
            let place = self.at(key.span().start);
            let list = known.join(", ");
            let hint = did_you_mean(name, known.iter().copied());
            self.faults.report(
                place,
                say!("不认识的键 {shown}", "unknown key {shown}"),
                hint.unwrap_or_else(|| say!("可用的键：{list}", "the keys are {list}")),
            );
        }
    }

    /// A key that may be absent.
    pub(super) fn field(&self, key: &'static str) -> Option<Field<'a>> {
        let value = self.table.get(key)?;
        // The parser fills a value that it could not read with an empty place; the syntax fault is told already.
        if value.span().is_empty() {
            return None;
        }
        Some(Field {
            kind: self.kind,
            key,
            value: value.get_ref(),
            place: self.at(value.span().start),
            torn: self.torn,
            faults: self.faults,
        })
    }

    /// A key that must be there.
    pub(super) fn need(&self, key: &'static str) -> Option<Field<'a>> {
        if !self.table.contains_key(key) && !self.torn {
            let (header, example) = (self.kind.header(), example(self.kind, key));
            self.faults.report(
                self.place,
                say!("缺少 {key}", "{key} is missing"),
                say!(
                    "在此 {header} 中写上 {key} = {example}",
                    "write {key} = {example} in this {header}"
                ),
            );
        }
        self.field(key)
    }

    /// The code that names the record.
    pub(super) fn code<C: Lexical>(&self, key: &'static str) -> Option<At<'a, C>> {
        self.need(key)?.lexical()
    }

    /// A name or message that must be there in both languages; a placeholder where it is faulty.
    pub(super) fn bilingual(&self, key: &'static str) -> Bilingual {
        let table = self.need(key).and_then(|field| field.table());
        let Some(table) = table else {
            return Bilingual::default();
        };
        table.allow(&["zh", "en"]);
        let text = |key| table.need(key)?.wording();
        let (zh, en) = (text("zh"), text("en"));
        Bilingual::new(zh.unwrap_or_default(), en.unwrap_or_default())
    }

    /// The tables of an array that may be absent.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Self> {
        let list = self.field(key).and_then(|field| field.list());
        let tables = list.into_iter().flatten();
        tables.filter_map(|field| field.table()).collect()
    }

    /// The keys and values of a table whose keys are names of things.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (Key<'a>, Field<'a>)> {
        let (kind, source, torn, faults) = (self.kind, self.place.source, self.torn, self.faults);
        let written = self.table.iter();
        let written = written.filter(|(_, value)| !value.span().is_empty());
        written.map(move |(key, value)| {
            let place = |offset| Place { source, offset };
            let name: &'a str = key.get_ref();
            let field = Field {
                kind,
                key: name,
                value: value.get_ref(),
                place: place(value.span().start),
                torn,
                faults,
            };
            let place = place(key.span().start);
            (
                Key {
                    name,
                    place,
                    faults,
                },
                field,
            )
        })
    }

    const fn at(&self, offset: usize) -> Place<'a> {
        Place {
            source: self.place.source,
            offset,
        }
    }
}

impl<'a> Field<'a> {
    /// Where the value stands.
    pub(super) const fn place(&self) -> Place<'a> {
        self.place
    }

    /// Reports what is wrong with this value.
    pub(super) fn fault(&self, message: Bilingual, remedy: Bilingual) {
        self.faults.report(self.place, message, remedy);
    }

    /// The value with its place.
    pub(super) const fn at<T>(&self, value: T) -> At<'a, T> {
        At {
            value,
            place: self.place,
        }
    }

    /// Any text.
    pub(super) fn text(&self) -> Option<At<'a, &'a str>> {
        match self.value.as_str() {
            Some(text) => Some(self.at(text)),
            None => self.wrong_type(("双引号括起的文本", "a text in double quotes")),
        }
    }

    /// A text for people: not blank, one line, not endless.
    fn wording(&self) -> Option<String> {
        let text = self.text()?.value;
        let key = self.key;
        if text.trim().is_empty() {
            self.fault(
                say!("{key} 是空的", "{key} is blank"),
                say!(
                    "写上文字，中英文都要有",
                    "write the words; both languages are needed"
                ),
            );
            return None;
        }
        if text.len() > TEXT_LEN_BYTES_MAX || text.chars().any(char::is_control) {
            self.fault(
                say!(
                    "{key} 过长或含有控制字符",
                    "{key} is too long or holds control characters"
                ),
                say!(
                    "写成一行，至多 {TEXT_LEN_BYTES_MAX} 字节",
                    "write one line of at most {TEXT_LEN_BYTES_MAX} bytes"
                ),
            );
            return None;
        }
        Some(text.to_owned())
    }

    /// A code or a period.
    pub(super) fn lexical<T: Lexical>(&self) -> Option<At<'a, T>> {
        let text = self.text()?.value;
        Key {
            name: text,
            place: self.place,
            faults: self.faults,
        }
        .lexical()
    }

    /// One of some words.
    pub(super) fn choice<T>(&self, words: &[(&'static str, T)]) -> Option<T>
    where
        T: Copy,
    {
        let text = self.text()?.value;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let list: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let (shown, key, all) = (quoted(text), self.key, list.join(", "));
            let hint = did_you_mean(text, list.into_iter());
            self.fault(
                say!("{key} 没有 {shown} 这个取值", "{key} cannot be {shown}"),
                hint.unwrap_or_else(|| say!("可取 {all}", "it is one of {all}")),
            );
        }
        found.map(|(_, value)| *value)
    }

    /// A whole number within `range`.
    pub(super) fn integer(&self, range: RangeInclusive<i64>) -> Option<i64> {
        let Some(integer) = self.value.as_integer() else {
            return self.wrong_type(("整数", "a whole number"));
        };
        let value = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let value = value.filter(|value| range.contains(value));
        if value.is_none() {
            let (key, low, high) = (self.key, range.start(), range.end());
            self.fault(
                say!(
                    "{key} = {integer} 超出范围",
                    "{key} = {integer} is out of range"
                ),
                say!("写 {low} 至 {high}", "write {low} to {high}"),
            );
        }
        value
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self) -> Option<bool> {
        match self.value.as_bool() {
            Some(value) => Some(value),
            None => self.wrong_type(("true 或 false", "true or false")),
        }
    }

    /// An exact number above zero, written as a text or as a whole number: a float of TOML need not be exact.
    pub(super) fn positive_decimal(&self) -> Option<Decimal> {
        let text = self.number_text()?;
        let value = Decimal::parse(text).ok().filter(|v| *v > Decimal::ZERO);
        if value.is_none() {
            let (key, shown) = (self.key, quoted(text));
            self.fault(
                say!(
                    "{key} = {shown} 不是正数",
                    "{key} = {shown} is not a number above zero"
                ),
                say!(
                    "写成 \"10000\" 或 \"0.01\" 这样的数",
                    "write a number such as \"10000\" or \"0.01\""
                ),
            );
        }
        value
    }

    /// An exact number from `low` to `high` with at most six digits after the point, written as [`Self::positive_decimal`] is.
    pub(super) fn decimal_within(&self, low: &str, high: &str) -> Option<Decimal> {
        let text = self.number_text()?;
        let bounds = Decimal::parse(low).ok()..=Decimal::parse(high).ok();
        let value = Decimal::parse(text).ok().map(Decimal::normalised);
        let value = value.filter(|value| value.scale() <= 6 && bounds.contains(&Some(*value)));
        if value.is_none() {
            let (key, shown) = (self.key, quoted(text));
            self.fault(
                say!(
                    "{key} = {shown} 超出范围",
                    "{key} = {shown} is out of range"
                ),
                say!(
                    "写 {low} 至 {high} 的数，小数不超过六位",
                    "write a number from {low} to {high} with at most six digits after the point"
                ),
            );
        }
        value
    }

    /// The text of an exact number.
    fn number_text(&self) -> Option<&'a str> {
        match self.value {
            DeValue::Integer(integer) if integer.radix() == 10 => Some(integer.as_str()),
            DeValue::String(text) => Some(text),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => self.wrong_type((
                "整数或双引号括起的小数",
                "a whole number, or a decimal in double quotes",
            )),
        }
    }

    /// A calendar day, as a text or as a date of TOML.
    pub(super) fn date(&self) -> Option<At<'a, Date>> {
        let written = match self.value {
            DeValue::String(text) => text.to_string(),
            DeValue::Datetime(datetime) => datetime.to_string(),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => return self.wrong_type(("日期", "a date")),
        };
        // The form of a date is the form of a daily period.
        let day = Period::parse(&written).ok().filter(|_| written.len() == 10);
        if day.is_none() {
            let shown = quoted(&written);
            self.fault(
                say!("{shown} 不是日期", "{shown} is not a date"),
                say!(
                    "写成 \"2021-03-31\"，年份 1900 至 2199",
                    "write it as \"2021-03-31\", in the years 1900 to 2199"
                ),
            );
        }
        day.map(|day| self.at(day.first_day()))
    }

    /// The elements of an array.
    pub(super) fn list(&self) -> Option<Vec<Field<'a>>> {
        let Some(array) = self.value.as_array() else {
            return self.wrong_type(("方括号括起的数组", "an array in brackets"));
        };
        let readable = array.iter().filter(|value| !value.span().is_empty());
        let field = |value: &'a Spanned<DeValue<'a>>| Field {
            value: value.get_ref(),
            place: Place {
                source: self.place.source,
                offset: value.span().start,
            },
            ..*self
        };
        Some(readable.map(field).collect())
    }

    /// The codes of an array, each once.
    pub(super) fn codes<C: Lexical + Ord + Clone + std::fmt::Display>(
        &self,
    ) -> Option<Codes<'a, C>> {
        let list = self.list()?;
        if list.is_empty() && !self.torn {
            let key = self.key;
            self.fault(
                say!("{key} 是空的", "{key} is empty"),
                say!("至少写一个代码", "write at least one code"),
            );
        }
        let mut seen = std::collections::BTreeSet::new();
        let mut codes = Vec::new();
        let mut is_whole = !list.is_empty() && !self.torn;
        for field in list {
            let Some(code) = field.lexical::<C>() else {
                is_whole = false;
                continue;
            };
            if seen.insert(code.value.clone()) {
                codes.push(code);
                continue;
            }
            let (text, key) = (&code.value, self.key);
            self.faults.report(
                code.place,
                say!("{text} 在 {key} 中重复", "{text} stands in {key} twice"),
                say!("删去一处", "remove one"),
            );
        }
        Some(Codes { codes, is_whole })
    }

    /// A table.
    pub(super) fn table(&self) -> Option<Entry<'a>> {
        let Some(table) = self.value.as_table() else {
            return self.wrong_type(("表", "a table"));
        };
        Some(Entry {
            kind: self.kind,
            table,
            place: self.place,
            torn: self.torn,
            faults: self.faults,
        })
    }

    fn wrong_type<T>(&self, wanted: (&str, &str)) -> Option<T> {
        let (key, example) = (self.key, example(self.kind, self.key));
        let (zh, en) = wanted;
        let (zh_is, en_is) = type_name(self.value);
        self.fault(
            say!(
                "{key} 应为{zh}，而不是{zh_is}",
                "{key} must be {en}, not {en_is}"
            ),
            say!("例如 {key} = {example}", "for instance {key} = {example}"),
        );
        None
    }
}

impl<'a> Key<'a> {
    /// A code or a period.
    pub(super) fn lexical<T: Lexical>(&self) -> Option<At<'a, T>> {
        let place = self.place;
        if let Ok(value) = self.name.parse() {
            return Some(At { value, place });
        }
        let shown = quoted(self.name);
        let ((zh, en), (zh_rule, en_rule)) = (T::NOUN, T::RULE);
        let article = if en.starts_with(['a', 'e', 'i', 'o']) {
            "an"
        } else {
            "a"
        };
        self.faults.report(
            place,
            say!("{shown} 不是合格的{zh}", "{shown} is not {article} {en}"),
            Bilingual::new(zh_rule, en_rule),
        );
        None
    }
}

/// A text from a file as a message shows it: quoted, on one line and short.
pub(super) fn quoted(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    format!("{short:?}")
}

const fn type_name(value: &DeValue<'_>) -> (&'static str, &'static str) {
    match value {
        DeValue::String(_) => ("文本", "a text"),
        DeValue::Integer(_) => ("整数", "a whole number"),
        DeValue::Float(_) => ("小数", "a float"),
        DeValue::Boolean(_) => ("真假值", "a boolean"),
        DeValue::Datetime(_) => ("日期时间", "a date or time"),
        DeValue::Array(_) => ("数组", "an array"),
        DeValue::Table(_) => ("表", "a table"),
    }
}

/// How a key is written, for a remedy.
fn example(kind: Kind, key: &str) -> &'static str {
    match (kind, key) {
        (Kind::Unit, "code") => "\"520100\"",
        (Kind::Indicator, "code") => "\"gdp\"",
        (Kind::Dataset, "code") | (_, "dataset") => "\"quarterly-accounts\"",
        (Kind::Calendar, "code") | (_, "calendar") => "\"cn\"",
        (Kind::Level, "code") | (_, "level") => "\"prefecture\"",
        (Kind::Department, "code") | (_, "owner") => "\"statistics\"",
        (Kind::Measure, "code") | (_, "unit_of_measure" | "base") => "\"CNY_100M\"",
        (Kind::Detector, "factor") => "\"0.6745\"",
        (Kind::Scorecard, "code") => "\"counties\"",
        (Kind::Scorecard, "measure") => "\"on_time_rate\"",
        (Kind::Scorecard, "weight") => "40",
        (Kind::Target, "growth") => "{ 520100 = \"8.5\" }",
        (Kind::Edit, "kind") => "\"validity\"",
        (Kind::Roster, "from" | "to") | (_, "first_period" | "last_period") => "\"2021-Q1\"",
        (_, "from" | "to") => "\"2021-01-01\"",
        (_, "kind") => "\"flow\"",
        (_, "name" | "message") => "{ zh = \"…\", en = \"…\" }",
        (_, "id") => "\"GDP.BALANCE\"",
        (_, "expression") => "\"gdp = primary + secondary + tertiary\"",
        (_, "tolerance") => "\"0.05\"",
        (_, "rollup") => "\"non_null\"",
        (_, "method") => "\"modified-z\"",
        (_, "growth") => "[\"gdp_growth\"]",
        (_, "target") => "\"6.5\"",
        (_, "threshold") => "\"3.5\"",
        (_, "timezone") => "\"Asia/Shanghai\"",
        (_, "periodicity") => "\"quarter\"",
        (_, "deadline" | "opens" | "locks") => "{ day = 8, time = \"12:00\" }",
        (_, "time") => "\"12:00\"",
        (_, "day") => "8",
        (_, "day_of_month") => "25",
        (_, "workday") => "5",
        (_, "last_workday_of_month") => "true",
        (_, "month_offset") => "1",
        (_, "move") => "\"next-workday\"",
        (_, "window") => "{ grace = \"2h\" }",
        (_, "grace") => "\"2h\"",
        (_, "periods" | "not_reported") => "[\"M01\"]",
        (_, "weekend") => "[\"saturday\", \"sunday\"]",
        (Kind::Calendar, "year") => "2026",
        (_, "holidays") => {
            "[{ from = \"2026-01-01\", to = \"2026-01-03\", name = { zh = \"元旦\", en = \"New Year\" } }]"
        }
        (_, "workdays") => "[\"2026-01-04\"]",
        (_, "except") => "[{ periods = [\"M01\"], deadline = { day = 15, time = \"12:00\" } }]",
        (_, "parents") => "[{ parent = \"520100\", to = \"2022-12-31\" }]",
        (_, "decimals") => "2",
        (_, "weight") => "5",
        (_, "factor") => "\"10000\"",
        (_, "itemised") => "false",
        (_, "indicators" | "required") => "[\"gdp\"]",
        (_, "units" | "successors" | "predecessors") => "[\"520100\"]",
        (_, "under" | "parent") => "\"520000\"",
        (_, "components") => "[{ measure = \"on_time_rate\", weight = 100 }]",
        (_, "bands") => "[{ name = { zh = \"…\", en = \"…\" }, share = 100 }]",
        (_, "share") => "30",
        (_, "zero_at") => "\"72h\"",
        (_, "signatures") => "{ agent = 1, head = 1 }",
        (_, "agent" | "head" | "unit-head") => "1",
        (_, "datasets") => "[\"quarterly-accounts\"]",
        (_, "imported") => "false",
        (_, "slots_min" | "flags" | "last") => "3",
        (_, "indicator") => "\"gdp\"",
        (_, "year") => "2021",
        (_, "values" | "half") => "{ 520100 = \"4700\" }",
        (_, _) => "\"…\"",
    }
}
