//! Typed access to the tables of the notices file: each method reports what does not fit, with its place and remedy.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use granary_core::text::{Bilingual, edit_distance};
use toml::{Table, Value};

use super::Secret;
use crate::settings::Fault;

/// The faults found so far, with what every reader needs: the file's own place, and the environment.
pub(super) struct Faults<'a> {
    path: &'a Path,
    environment: &'a BTreeMap<String, String>,
    list: RefCell<Vec<Fault>>,
}

/// One table of the file.
#[derive(Clone)]
pub(super) struct Entry<'a> {
    table: &'a Table,
    /// `channel[2]`; empty for the file itself.
    place: String,
    faults: &'a Faults<'a>,
}

/// The longest file with a secret, in bytes.
const SECRET_BYTES_MAX: u64 = 16 << 10;
/// The longest span: a year.
const SPAN_MINUTES_MAX: i64 = 366 * 24 * 60;
const MINUTE_MS: i64 = 60_000;

impl<'a> Faults<'a> {
    pub(super) const fn new(path: &'a Path, environment: &'a BTreeMap<String, String>) -> Self {
        Self {
            path,
            environment,
            list: RefCell::new(Vec::new()),
        }
    }

    pub(super) fn into_list(self) -> Vec<Fault> {
        self.list.into_inner()
    }
}

impl<'a> Entry<'a> {
    pub(super) const fn root(table: &'a Table, faults: &'a Faults<'a>) -> Self {
        Self {
            table,
            place: String::new(),
            faults,
        }
    }

    /// Whether a key is written.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Reports the keys that are none of these.
    pub(super) fn allow(&self, known: &[&str]) {
        for key in self
            .table
            .keys()
            .filter(|key| !known.contains(&key.as_str()))
        {
            let near = known.iter().min_by_key(|k| edit_distance(k, key));
            let near = near.filter(|near| edit_distance(near, key) <= 3);
            let remedy = match near {
                Some(near) => both(
                    format!("是否想写 {near}？"),
                    format!("did you mean {near}?"),
                ),
                None => {
                    let known = known.join(", ");
                    both(
                        format!("删去它；可用的有：{known}"),
                        format!("remove it; known are: {known}"),
                    )
                }
            };
            self.fault(
                key,
                both(
                    format!("没有名为 {key} 的项"),
                    format!("there is no key {key}"),
                ),
                remedy,
            );
        }
    }

    /// Reports a fault at a key.
    pub(super) fn fault(&self, key: &str, message: Bilingual, remedy: Bilingual) {
        let file = self.faults.path.display();
        let place = match (self.place.as_str(), key) {
            ("", key) => format!("{file}: {key}"),
            (place, "") => format!("{file}: {place}"),
            (place, key) => format!("{file}: {place}.{key}"),
        };
        self.faults.list.borrow_mut().push(Fault {
            place,
            message,
            remedy,
        });
    }

    /// Reports a value that is not of the kind that a key wants. The value itself is not shown: it may be a secret.
    pub(super) fn unfit(&self, key: &str, zh: &str, en: &str) {
        self.fault(
            key,
            both(
                format!("{key} 的值不合格"),
                format!("the value of {key} does not fit"),
            ),
            both(format!("写{zh}"), format!("write {en}")),
        );
    }

    /// Reports a key that is missing.
    pub(super) fn missing(&self, key: &str, zh: &str, en: &str) {
        self.fault(
            key,
            both(format!("没有写 {key}"), format!("{key} is missing")),
            both(format!("写{zh}"), format!("write {en}")),
        );
    }

    /// The table at a key.
    pub(super) fn table(&self, key: &str) -> Option<Self> {
        let table = self.table.get(key)?.as_table();
        if table.is_none() {
            self.unfit(key, &format!("一个表 [{key}]"), &format!("a table [{key}]"));
        }
        table.map(|table| self.below(table, key.into()))
    }

    /// The tables of an array of tables.
    pub(super) fn tables(&self, key: &str) -> Vec<Self> {
        let Some(value) = self.table.get(key) else {
            return Vec::new();
        };
        let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let entry = |(at, value): (usize, &'a Value)| {
            let table = value.as_table()?;
            Some(self.below(table, format!("{key}[{}]", at + 1)))
        };
        let tables: Option<Vec<Self>> = list.iter().enumerate().map(entry).collect();
        match tables.filter(|_| value.is_array()) {
            Some(tables) => tables,
            None => {
                self.unfit(key, &format!("[[{key}]]"), &format!("[[{key}]]"));
                Vec::new()
            }
        }
    }

    /// A text that is not empty.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        let text = self.table.get(key)?.as_str().map(str::trim);
        let text = text.filter(|text| !text.is_empty() && !text.chars().any(char::is_control));
        if text.is_none() {
            self.unfit(key, "加引号的一行文字", "one line of text in quotes");
        }
        text
    }

    /// A text that must be there.
    pub(super) fn need_text(&self, key: &str, zh: &str, en: &str) -> Option<&'a str> {
        if !self.has(key) {
            self.missing(key, zh, en);
            return None;
        }
        self.text(key)
    }

    /// A text, or a list of texts.
    pub(super) fn texts(&self, key: &str) -> Vec<&'a str> {
        let Some(value) = self.table.get(key) else {
            return Vec::new();
        };
        let list = || value.as_array()?.iter().map(Value::as_str).collect();
        let texts = value.as_str().map(|text| vec![text]).or_else(list);
        let is_text = |text: &&str| !text.trim().is_empty() && !text.chars().any(char::is_control);
        match texts.filter(|texts| texts.iter().all(is_text)) {
            Some(texts) => texts.into_iter().map(str::trim).collect(),
            None => {
                self.unfit(
                    key,
                    "文字或文字的列表，例如 [\"a\", \"b\"]",
                    "text or a list of texts, for instance [\"a\", \"b\"]",
                );
                Vec::new()
            }
        }
    }

    /// Texts that are read into something, each of which must succeed.
    pub(super) fn parsed<T>(
        &self,
        key: &str,
        (zh, en): (&str, &str),
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let mut found = Vec::new();
        for text in self.texts(key) {
            match parse(text) {
                Some(value) => found.push(value),
                None => self.unfit(key, zh, en),
            }
        }
        found
    }

    /// Spans such as `30m`, `24h`, `3d`, in milliseconds.
    pub(super) fn spans(&self, key: &str) -> Vec<i64> {
        let like = ("时长，例如 30m、24h、3d", "spans such as 30m, 24h, 3d");
        self.parsed(key, like, span_ms)
    }

    /// One span.
    pub(super) fn span(&self, key: &str) -> Option<i64> {
        let text = self.text(key)?;
        let span = span_ms(text);
        if span.is_none() {
            self.unfit(
                key,
                "时长，例如 30m、24h、3d",
                "a span such as 30m, 24h, 3d",
            );
        }
        span
    }

    /// A time of day, in minutes after midnight.
    pub(super) fn minute(&self, key: &str) -> Option<u16> {
        let text = self.text(key)?;
        let minute = minute(text);
        if minute.is_none() {
            self.unfit(
                key,
                "时刻，例如 \"22:00\"",
                "a time of day such as \"22:00\"",
            );
        }
        minute
    }

    /// Yes or no; no, where it is not written.
    pub(super) fn flag(&self, key: &str) -> bool {
        let flag = self.table.get(key).map(Value::as_bool);
        if flag == Some(None) {
            self.unfit(key, "true 或 false", "true or false");
        }
        flag.flatten().unwrap_or(false)
    }

    /// A whole number within bounds.
    pub(super) fn number(&self, key: &str, default: u32, bounds: RangeInclusive<u32>) -> u32 {
        let Some(value) = self.table.get(key) else {
            return default;
        };
        let number = value.as_integer().and_then(|n| u32::try_from(n).ok());
        number.filter(|n| bounds.contains(n)).unwrap_or_else(|| {
            let (least, most) = (bounds.start(), bounds.end());
            self.unfit(
                key,
                &format!(" {least} 到 {most} 的整数"),
                &format!("a whole number from {least} to {most}"),
            );
            default
        })
    }

    /// One of some words.
    pub(super) fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = choices.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            self.unfit(key, &words.join(" 或 "), &words.join(" or "));
        }
        found.map(|(_, choice)| *choice)
    }

    /// The path of another file, beside the notices file where it is not absolute.
    pub(super) fn path(&self, key: &str) -> Option<PathBuf> {
        let path = self.beside(self.text(key)?);
        if let Err(error) = std::fs::metadata(&path) {
            let path = path.display();
            self.fault(
                key,
                both(
                    format!("无法读取 {path}：{error}"),
                    format!("cannot read {path}: {error}"),
                ),
                both("改正路径".into(), "correct the path".into()),
            );
        }
        Some(path)
    }

    /// A secret: `{ env = "NAME" }` or `{ file = "PATH" }`.
    pub(super) fn secret(&self, key: &str) -> Option<Secret> {
        let written = self.table.get(key)?;
        let Some(table) = written.as_table().filter(|table| table.len() == 1) else {
            self.unfit(
                key,
                " { env = \"变量名\" } 或 { file = \"路径\" }；密钥不写在此文件里",
                "{ env = \"NAME\" } or { file = \"PATH\" }; secrets do not stand in this file",
            );
            return None;
        };
        let entry = self.below(table, self.at(key));
        entry.allow(&["env", "file"]);
        if let Some(name) = entry.text("env") {
            return entry.secret_from_environment(name);
        }
        entry.secret_from_file(entry.text("file")?)
    }

    fn secret_from_environment(&self, name: &str) -> Option<Secret> {
        let value = self.faults.environment.get(name).map(|value| value.trim());
        let value = value.filter(|value| !value.is_empty());
        if value.is_none() {
            self.fault(
                "env",
                both(
                    format!("环境变量 {name} 没有值"),
                    format!("the variable {name} is not set"),
                ),
                both(
                    "设置它，或改用 { file = \"路径\" }".into(),
                    "set it, or write { file = \"PATH\" }".into(),
                ),
            );
        }
        value.map(Secret::new)
    }

    fn secret_from_file(&self, path: &str) -> Option<Secret> {
        let path = self.beside(path);
        let read = || {
            if std::fs::metadata(&path)?.len() > SECRET_BYTES_MAX {
                return Err(std::io::Error::other("the file is too large for a secret"));
            }
            std::fs::read_to_string(&path)
        };
        match read() {
            Ok(text) if !text.trim().is_empty() => Some(Secret::new(text.trim())),
            outcome => {
                let why = outcome
                    .err()
                    .map_or_else(|| "empty".into(), |error| error.to_string());
                let path = path.display();
                self.fault(
                    "file",
                    both(
                        format!("{path} 中读不到密钥：{why}"),
                        format!("no secret can be read from {path}: {why}"),
                    ),
                    both(
                        "把密钥写入该文件，只许服务的用户读取".into(),
                        "write the secret into that file, for the server's user alone".into(),
                    ),
                );
                None
            }
        }
    }

    fn beside(&self, path: &str) -> PathBuf {
        let folder = self.faults.path.parent().unwrap_or(Path::new(""));
        folder.join(path)
    }

    fn at(&self, key: &str) -> String {
        match self.place.as_str() {
            "" => key.into(),
            place => format!("{place}.{key}"),
        }
    }

    const fn below<'b>(&'b self, table: &'a Table, place: String) -> Self {
        Self {
            table,
            place,
            faults: self.faults,
        }
    }
}

pub(super) const fn both(zh: String, en: String) -> Bilingual {
    Bilingual { zh, en }
}

fn span_ms(text: &str) -> Option<i64> {
    let (at, letter) = text.char_indices().last()?;
    let each = match letter {
        'm' => 1,
        'h' => 60,
        'd' => 24 * 60,
        _ => return None,
    };
    let digits = text.get(..at)?;
    let is_number = (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let minutes = is_number.then(|| digits.parse::<i64>().ok())?? * each;
    (1..=SPAN_MINUTES_MAX)
        .contains(&minutes)
        .then_some(minutes * MINUTE_MS)
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |text: &str| {
        let is_two = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        is_two.then(|| text.parse::<u16>().ok())?
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}
