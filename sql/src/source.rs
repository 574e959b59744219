//! The sources: `[[source]]` tables of `agent.toml`, checked as a whole.
//!
//! ```toml
//! [[source]]
//! name = "accounts"                       # letters, digits, - and _; names files
//! dataset = "monthly-accounts"
//! url = "postgres://reader@db.example/statistics"     # or mysql://, sqlite:///path/to/file.db
//! password_file = "sql.password"          # or password_env = "VARIABLE"; never in the url
//! query = "SELECT indicator, value FROM report WHERE month = '{period}'"   # or query_file
//! at = "monthly 5 09:30"                  # or "daily 09:30", "every 30m"
//! periodicity = "month"                   # year, half, quarter, month, ...: gives {period}, {first_day}, {last_day}
//! lag = 1                                 # periods back from the one that runs; 1 is the last whole one
//! timeout_s = 300
//! ```
//! The result's columns are headed as those of a CSV file, in the long or the wide shape.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use granary_core::{
    code::DatasetCode,
    period::{Period, Periodicity},
    text::Bilingual,
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;

use crate::schedule::Schedule;

/// The longest query, in bytes.
const QUERY_BYTES_MAX: usize = 64 * 1024;
/// How long a query may take, in seconds, where it is not said; and at the most.
const TIMEOUT_S: u64 = 300;
const TIMEOUT_S_MAX: u64 = 3_600;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    MySql,
    /// A file of SQLite's.
    Sqlite,
}

/// A query with everything that it needs.
#[derive(Clone, Debug)]
pub struct Source {
    /// Names its files.
    pub name: String,
    /// The dataset that its rows belong to.
    pub dataset: DatasetCode,
    /// Which database.
    pub engine: Engine,
    /// Where, without a password.
    pub url: String,
    /// The password, where there is one.
    pub password: Option<Secret>,
    /// One statement.
    pub query: String,
    /// When it runs.
    pub at: Schedule,
    /// Which period `{period}` means, where the query asks for it.
    pub period: Option<(Periodicity, i32)>,
    /// How long it may take, in seconds.
    pub timeout_s: u64,
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, for the one who opens the connection.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    source: Vec<toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    dataset: String,
    url: String,
    password_file: Option<PathBuf>,
    password_env: Option<String>,
    query: Option<String>,
    query_file: Option<PathBuf>,
    at: String,
    periodicity: Option<String>,
    lag: Option<u8>,
    timeout_s: Option<u64>,
}

/// Reads the sources of `agent.toml` in `folder`.
///
/// # Errors
/// Everything that is wrong with any of them.
pub fn load(
    folder: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<Vec<Source>, Vec<Bilingual>> {
    let path = folder.join(granary_agent::settings::FILE);
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let place = path.display();
        vec![Bilingual::new(
            format!("{place} 无法读取：{error}"),
            format!("{place} cannot be read: {error}"),
        )]
    })?;
    parse(&text, folder, environment)
}

fn parse(
    text: &str,
    folder: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<Vec<Source>, Vec<Bilingual>> {
    let file: File = toml::from_str(text).map_err(|error| vec![same(&error)])?;
    let (mut sources, mut faults) = (Vec::<Source>::new(), Vec::new());
    for (number, value) in (1..).zip(file.source) {
        let place = value.get("name").and_then(toml::Value::as_str);
        let place = place.map_or_else(
            || format!("source {number}"),
            |name| format!("source {name}"),
        );
        let read = Raw::deserialize(value).map_err(|error| vec![same(&error)]);
        match read.and_then(|raw| checked(raw, folder, environment)) {
            Ok(source) if sources.iter().any(|known| known.name == source.name) => {
                faults.push(Bilingual::new(
                    format!("{place}：名称重复"),
                    format!("{place}: the name is taken twice"),
                ));
            }
            Ok(source) => sources.push(source),
            Err(found) => faults.extend(found.into_iter().map(|fault| {
                Bilingual::new(
                    format!("{place}：{}", fault.zh),
                    format!("{place}: {}", fault.en),
                )
            })),
        }
    }
    if faults.is_empty() {
        Ok(sources)
    } else {
        Err(faults)
    }
}

fn checked(
    raw: Raw,
    folder: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<Source, Vec<Bilingual>> {
    let mut faults = plain_faults(&raw);
    let mut fault = |zh: &str, en: &str| faults.push(Bilingual::new(zh, en));
    let password = secret(&raw, folder, environment).map_err(|words| fault(&words.zh, &words.en));
    let query = query(&raw, folder).map_err(|words| fault(&words.zh, &words.en));
    let at = Schedule::parse(&raw.at);
    if at.is_none() {
        fault(
            "at 写成 \"every 30m\"、\"daily 09:30\" 或 \"monthly 5 09:30\"",
            "at: write \"every 30m\", \"daily 09:30\" or \"monthly 5 09:30\"",
        );
    }
    let periodicity = raw.periodicity.as_deref().map(Periodicity::from_word);
    if periodicity == Some(None) {
        fault(
            "periodicity 不是周期：例如 month、quarter、year",
            "periodicity is none: month, quarter or year, for instance",
        );
    }
    let asks = query
        .as_ref()
        .is_ok_and(|query| query.contains("{period}") || query.contains("_day}"));
    if asks && periodicity.is_none() {
        fault(
            "query 用到 {period}，请写明 periodicity",
            "query asks for {period}: say periodicity",
        );
    }
    let (Ok(dataset), Some(engine), Ok(password), Ok(query), Some(at), true) = (
        DatasetCode::new(&raw.dataset),
        engine(&raw.url),
        password,
        query,
        at,
        faults.is_empty(),
    ) else {
        return Err(faults);
    };
    let lag = i32::from(raw.lag.unwrap_or(1));
    Ok(Source {
        name: raw.name,
        dataset,
        engine,
        url: raw.url,
        password,
        query,
        at,
        period: periodicity.flatten().map(|periodicity| (periodicity, lag)),
        timeout_s: raw.timeout_s.unwrap_or(TIMEOUT_S),
    })
}

/// What is wrong with a source by itself, whatever is in the files that it names.
fn plain_faults(raw: &Raw) -> Vec<Bilingual> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let named = (1..=64).contains(&raw.name.len()) && raw.name.chars().all(is_name);
    let in_time = (1..=TIMEOUT_S_MAX).contains(&raw.timeout_s.unwrap_or(TIMEOUT_S));
    let rules = [
        (
            named,
            "name 只能用字母、数字、- 和 _，至多 64 个",
            "name: use letters, digits, - and _, at most 64",
        ),
        (
            DatasetCode::new(&raw.dataset).is_ok(),
            "dataset 不是报表代码",
            "dataset is no code of a dataset",
        ),
        (
            engine(&raw.url).is_some(),
            "url 应以 postgres://、mysql:// 或 sqlite:// 开头",
            "url: begin with postgres://, mysql:// or sqlite://",
        ),
        (
            !has_password(&raw.url),
            "url 中不要写密码：改用 password_file 或 password_env",
            "url: leave the password out, and use password_file or password_env",
        ),
        (
            in_time,
            "timeout_s 应为 1 至 3600",
            "timeout_s: write 1 to 3600",
        ),
    ];
    let broken = rules.iter().filter(|(holds, _, _)| !holds);
    broken.map(|(_, zh, en)| Bilingual::new(*zh, *en)).collect()
}

fn engine(url: &str) -> Option<Engine> {
    match url.split_once("://")?.0 {
        "postgres" | "postgresql" => Some(Engine::Postgres),
        "mysql" | "mariadb" => Some(Engine::MySql),
        "sqlite" => Some(Engine::Sqlite),
        _ => None,
    }
}

fn has_password(url: &str) -> bool {
    let authority = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    user.contains(':') || url.to_ascii_lowercase().contains("password=")
}

fn secret(
    raw: &Raw,
    folder: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<Option<Secret>, Bilingual> {
    match (&raw.password_file, &raw.password_env) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Bilingual::new(
            "password_file 和 password_env 只写一个",
            "write password_file or password_env, not both",
        )),
        (Some(file), None) => {
            let path = folder.join(file);
            let text = std::fs::read_to_string(&path).map_err(|error| {
                let place = path.display();
                Bilingual::new(
                    format!("password_file {place} 无法读取：{error}"),
                    format!("password_file {place} cannot be read: {error}"),
                )
            })?;
            Ok(Some(Secret(text.trim_end_matches(['\r', '\n']).to_owned())))
        }
        (None, Some(name)) => match environment.get(name) {
            Some(value) => Ok(Some(Secret(value.clone()))),
            None => Err(Bilingual::new(
                format!("password_env：环境变量 {name} 没有设置"),
                format!("password_env: the variable {name} is not set"),
            )),
        },
    }
}

fn query(raw: &Raw, folder: &Path) -> Result<String, Bilingual> {
    let text = match (&raw.query, &raw.query_file) {
        (Some(text), None) => text.clone(),
        (None, Some(file)) => {
            let path = folder.join(file);
            std::fs::read_to_string(&path).map_err(|error| {
                let place = path.display();
                Bilingual::new(
                    format!("query_file {place} 无法读取：{error}"),
                    format!("query_file {place} cannot be read: {error}"),
                )
            })?
        }
        (Some(_), Some(_)) | (None, None) => {
            return Err(Bilingual::new(
                "query 和 query_file 写且只写一个",
                "write one of query and query_file",
            ));
        }
    };
    let text = text.trim().trim_end_matches(';').trim_end();
    if text.is_empty() || text.len() > QUERY_BYTES_MAX {
        return Err(Bilingual::new(
            "query 为空或过长",
            "query is empty or too long",
        ));
    }
    // A second statement could end the transaction that only reads.
    if text.contains(';') {
        return Err(Bilingual::new(
            "query 只能是一条语句，不能含分号（文字里的分号写成 chr(59)）",
            "query must be one statement without a semicolon (in a text, write chr(59))",
        ));
    }
    Ok(text.to_owned())
}

impl Source {
    /// The query and the period that it is for, at an instant.
    #[must_use]
    pub fn asked(&self, now_ms: i64, zone: &TimeZone) -> (String, Option<Period>) {
        let Some((periodicity, lag)) = self.period else {
            return (self.query.clone(), None);
        };
        let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let running = Period::containing(periodicity, zone.to_datetime(now).date());
        let Some(period) = running.and_then(|running| running.plus(-lag)) else {
            return (self.query.clone(), None);
        };
        // All three are of digits, letters and hyphens, so they need no quoting.
        let query = self
            .query
            .replace("{period}", &period.to_string())
            .replace("{first_day}", &period.first_day().to_string())
            .replace("{last_day}", &period.last_day().to_string());
        (query, Some(period))
    }
}

fn same(text: &dyn fmt::Display) -> Bilingual {
    let text = text.to_string();
    Bilingual::new(text.trim_end(), text.trim_end())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const GOOD: &str = r#"
unit = "520100"
[[source]]
name = "accounts"
dataset = "monthly-accounts"
url = "postgres://reader@db.example/statistics"
password_env = "DB_PASSWORD"
query = "SELECT * FROM report WHERE month = '{period}' AND day <= '{last_day}';"
at = "monthly 5 09:30"
periodicity = "month"
"#;

    fn read(text: &str) -> Result<Vec<Source>, Vec<Bilingual>> {
        let environment = BTreeMap::from([("DB_PASSWORD".to_owned(), "very secret".to_owned())]);
        parse(text, Path::new("/nowhere"), &environment)
    }

    #[test]
    fn a_source_asks_for_the_last_whole_period_and_hides_its_password() {
        let sources = read(GOOD).unwrap();
        let source = &sources[0];
        assert_eq!(source.password.as_ref().unwrap().reveal(), "very secret");
        assert!(!format!("{source:?}").contains("very secret"));
        let now = "2021-12-31T16:00:00Z".parse::<Timestamp>().unwrap();
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let (query, period) = source.asked(now.as_millisecond(), &zone);
        assert_eq!(
            query,
            "SELECT * FROM report WHERE month = '2021-M12' AND day <= '2021-12-31'"
        );
        assert_eq!(period.unwrap().to_string(), "2021-M12");
    }

    #[test]
    fn all_faults_are_told_at_once_with_their_source() {
        let text = r#"
[[source]]
name = "a b"
dataset = ""
url = "oracle://u:p@h/d"
password_file = "no such file"
query = "SELECT 1; DROP TABLE x"
at = "sometimes"
timeout_s = 0
[[source]]
name = "b"
colour = "red"
"#;
        let faults = read(text).unwrap_err();
        let en: Vec<_> = faults.iter().map(|fault| fault.en.as_str()).collect();
        let expect = [
            "source a b: name: use letters",
            "source a b: dataset is no code",
            "source a b: url: begin with",
            "source a b: url: leave the password out",
            "source a b: timeout_s",
            "source a b: password_file",
            "source a b: query must be one statement",
            "source a b: at: write",
            "source b: unknown field",
        ];
        for (line, begins) in en.iter().zip(expect) {
            assert!(
                line.starts_with(begins),
                "{line} does not begin with {begins}"
            );
        }
        assert_eq!(en.len(), expect.len(), "{en:#?}");
    }

    #[test]
    fn a_query_for_a_period_needs_to_know_which_and_names_are_taken_once() {
        let without = GOOD.replace("periodicity = \"month\"", "");
        assert!(
            read(&without).unwrap_err()[0]
                .en
                .contains("say periodicity")
        );
        let twice = format!("{GOOD}{}", &GOOD[GOOD.find("[[").unwrap()..]);
        assert!(read(&twice).unwrap_err()[0].en.contains("taken twice"));
        assert!(read("unit = \"1\"").unwrap().is_empty());
    }
}
