//! The raw form of the settings: keys with their values and where each came from.
//!
//! A value is taken out by the one place that knows its type; what is left over in the end is not known, and a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::Path;

use granary_core::text::{Bilingual, Language};

/// Variables with the prefix that are not settings.
const NOT_SETTINGS: [&str; 2] = ["DIR", "LOG"];

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingFault {
    /// The file or the variable.
    pub place: String,
    /// The key, for instance `link.backoff_ms_max`; empty where the file as a whole is meant.
    pub key: String,
    /// What is wrong with it and what to do.
    pub message: Bilingual,
}

impl SettingFault {
    /// One line.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let message = self.message.get(language);
        match self.key.as_str() {
            "" => format!("{}: {message}", self.place),
            key => format!("{}: {key}: {message}", self.place),
        }
    }
}

struct Found {
    place: String,
    value: toml::Value,
}

/// What stands in the file and in the environment.
pub(super) struct Raw {
    file: String,
    found: BTreeMap<String, Found>,
    /// Variables that have not been asked for, by the name behind the prefix.
    variables: BTreeMap<String, Found>,
    known: BTreeSet<String>,
    faults: Vec<SettingFault>,
}

impl Raw {
    pub(super) fn read(
        text: &str,
        path: &Path,
        environment: &BTreeMap<String, String>,
        prefix: &str,
    ) -> Self {
        let mut raw = Self {
            file: path.display().to_string(),
            found: BTreeMap::new(),
            variables: variables(environment, prefix),
            known: BTreeSet::new(),
            faults: Vec::new(),
        };
        match text.parse::<toml::Table>() {
            Ok(table) => raw.flatten("", table),
            Err(error) => raw.fault(
                "",
                &format!("不是 TOML：{error}"),
                &format!("is not TOML: {error}"),
            ),
        }
        raw
    }

    /// A value that must be there.
    pub(super) fn required<T>(
        &mut self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, Bilingual>,
    ) -> Option<T> {
        let Some(found) = self.take(key) else {
            self.fault(key, "缺少此项，请填写", "is missing: add it");
            return None;
        };
        self.parse(key, found, parse)
    }

    /// A value that may be left out.
    pub(super) fn optional<T>(
        &mut self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, Bilingual>,
    ) -> Option<T> {
        let found = self.take(key)?;
        self.parse(key, found, parse)
    }

    /// A number that need not be whole and may be left out; without quotes in the file.
    pub(super) fn optional_number<T>(
        &mut self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, Bilingual>,
    ) -> Option<T> {
        let mut found = self.take(key)?;
        if let toml::Value::Integer(_) | toml::Value::Float(_) = &found.value {
            found.value = toml::Value::String(found.value.to_string());
        }
        self.parse(key, found, parse)
    }

    /// The default of a value, parsed like a written one.
    pub(super) fn optional_default<T>(
        &mut self,
        key: &str,
        text: &str,
        parse: impl Fn(&str) -> Result<T, Bilingual>,
    ) -> Option<T> {
        let found = Found {
            place: "default".to_owned(),
            value: toml::Value::String(text.to_owned()),
        };
        self.parse(key, found, parse)
    }

    /// A whole number within a range, or `usual`.
    pub(super) fn number(&mut self, key: &str, usual: u64, range: RangeInclusive<u64>) -> u64 {
        let Some(found) = self.take(key) else {
            return usual;
        };
        let number = match &found.value {
            toml::Value::Integer(number) => u64::try_from(*number).ok(),
            toml::Value::String(text) => text.parse().ok(),
            toml::Value::Float(_)
            | toml::Value::Boolean(_)
            | toml::Value::Datetime(_)
            | toml::Value::Array(_)
            | toml::Value::Table(_) => None,
        };
        if let Some(number) = number.filter(|number| range.contains(number)) {
            return number;
        }
        let (low, high) = (range.start(), range.end());
        self.faults.push(SettingFault {
            place: found.place,
            key: key.to_owned(),
            message: Bilingual::new(
                format!(
                    "{} 不在允许范围内：请填 {low} 至 {high} 的整数",
                    found.value
                ),
                format!(
                    "{} is not allowed: write a whole number from {low} to {high}",
                    found.value
                ),
            ),
        });
        usual
    }

    /// Notes a fault of a key in the file.
    pub(super) fn fault(&mut self, key: &str, zh: &str, en: &str) {
        let place = self.file.clone();
        self.faults.push(SettingFault {
            place,
            key: key.to_owned(),
            message: Bilingual::new(zh, en),
        });
    }

    /// A key that another program reads from the same file; what stands under it is not looked at here.
    pub(super) fn elsewhere(&mut self, key: &str) {
        let _ = self.take(key);
    }

    /// Whether everything was known and right.
    pub(super) fn finish(&mut self) -> Result<(), ()> {
        let known = self.known.iter().cloned().collect::<Vec<_>>().join(", ");
        let found = std::mem::take(&mut self.found).into_iter();
        let variables = std::mem::take(&mut self.variables).into_iter();
        for (key, found) in found.chain(variables) {
            let message = Bilingual::new(
                format!("没有这个设置项，请检查拼写。可用：{known}"),
                format!("no such setting, check the spelling. Known: {known}"),
            );
            self.faults.push(SettingFault {
                place: found.place,
                key,
                message,
            });
        }
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(())
        }
    }

    pub(super) fn into_faults(self) -> Vec<SettingFault> {
        self.faults
    }

    fn flatten(&mut self, above: &str, table: toml::Table) {
        for (name, value) in table {
            let key = if above.is_empty() {
                name
            } else {
                format!("{above}.{name}")
            };
            if let toml::Value::Table(table) = value {
                self.flatten(&key, table);
            } else {
                self.found.insert(
                    key,
                    Found {
                        place: self.file.clone(),
                        value,
                    },
                );
            }
        }
    }

    /// The environment wins over the file.
    fn take(&mut self, key: &str) -> Option<Found> {
        self.known.insert(key.to_owned());
        let in_file = self.found.remove(key);
        let name = key.replace('.', "_").to_ascii_uppercase();
        self.variables.remove(&name).or(in_file)
    }

    fn parse<T>(
        &mut self,
        key: &str,
        found: Found,
        parse: impl Fn(&str) -> Result<T, Bilingual>,
    ) -> Option<T> {
        let parsed = match found.value.as_str() {
            Some(text) => parse(text),
            None => Err(Bilingual::new(
                "请加引号写成文字",
                "write it as text, in quotes",
            )),
        };
        let fault = |message| SettingFault {
            place: found.place,
            key: key.to_owned(),
            message,
        };
        parsed
            .map_err(|message| self.faults.push(fault(message)))
            .ok()
    }
}

fn variables(environment: &BTreeMap<String, String>, prefix: &str) -> BTreeMap<String, Found> {
    let ours = environment.iter().filter_map(|(name, value)| {
        let short = name.strip_prefix(prefix)?;
        let found = Found {
            place: name.clone(),
            value: toml::Value::String(value.clone()),
        };
        (!NOT_SETTINGS.contains(&short)).then(|| (short.to_owned(), found))
    });
    ours.collect()
}
