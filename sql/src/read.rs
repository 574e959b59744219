//! Reading: one query, in a transaction that only reads, becomes rows of text.
//!
//! The servers give their values as text (the simple protocol of PostgreSQL and the text protocol of MySQL), so that a decimal arrives
//! digit by digit as it is stored. A floating-point value has no such digits: it is refused, and the query has to say how it is rounded.
//! At most [`granary_agent::intake::ROWS_MAX`] rows and [`granary_agent::intake::FILE_BYTES_MAX`] bytes are taken.

use std::str::FromStr as _;
use std::time::Duration;

use granary_agent::intake::{FILE_BYTES_MAX, ROWS_MAX};
use granary_core::text::Bilingual;
use sqlx::{
    AssertSqlSafe, Column as _, ColumnIndex, ConnectOptions as _, Connection, Database, Decode,
    Executor, Row, TypeInfo as _, ValueRef as _, mysql::MySqlConnectOptions,
    postgres::PgConnectOptions, sqlite::SqliteConnectOptions,
};
use tokio::time::timeout;
use tokio_stream::StreamExt as _;

use crate::source::{Engine, Source};

/// Names of types whose values are binary fractions, as the drivers give them.
const FLOATS: [&str; 5] = ["FLOAT", "FLOAT4", "FLOAT8", "DOUBLE", "REAL"];
/// Names of types whose values are no text.
const BYTES: [&str; 5] = ["BLOB", "BYTEA", "BINARY", "VARBINARY", "LONGBLOB"];

/// What a query gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The columns' names.
    pub headings: Vec<String>,
    /// Texts; where the database has none, an empty one.
    pub rows: Vec<Vec<String>>,
}

/// Why there are no rows.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The database says no; tried again at the next time.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// Too slow.
    #[error("the query took longer than {0} s: make it faster, or raise timeout_s")]
    TooSlow(u64),
    /// Too much.
    #[error(
        "the query gives more than {ROWS_MAX} rows or {FILE_BYTES_MAX} bytes: ask for one period only"
    )]
    TooMuch,
    /// A column is no exact text.
    #[error(
        "the column \"{column}\" is of type {kind}, which holds no exact decimal: round it in the query, for instance CAST({column} AS DECIMAL(18,2)), or printf('%.2f', {column}) in SQLite"
    )]
    NotExact {
        /// Its name.
        column: String,
        /// Its type.
        kind: String,
    },
    /// A column holds bytes.
    #[error(
        "the column \"{column}\" is of type {kind}, which is no text: leave it out of the query"
    )]
    NoText {
        /// Its name.
        column: String,
        /// Its type.
        kind: String,
    },
}

impl ReadError {
    /// The sentence for people.
    #[must_use]
    pub fn words(&self) -> Bilingual {
        let zh = match self {
            Self::Database(error) => format!("数据库：{error}"),
            Self::TooSlow(seconds) => {
                format!("查询超过 {seconds} 秒：请优化查询，或调大 timeout_s")
            }
            Self::TooMuch => {
                format!("查询结果超过 {ROWS_MAX} 行或 {FILE_BYTES_MAX} 字节：请只查一个报告期")
            }
            Self::NotExact { column, kind } => format!(
                "列“{column}”的类型是 {kind}，不是精确小数：请在查询中写明舍入，例如 CAST({column} AS DECIMAL(18,2))，SQLite 用 printf('%.2f', {column})"
            ),
            Self::NoText { column, kind } => {
                format!("列“{column}”的类型是 {kind}，不是文字：请从查询中去掉")
            }
        };
        Bilingual::new(zh, self.to_string())
    }
}

/// Runs a source's query, as it was filled in.
///
/// # Errors
/// [`ReadError`]; nothing was changed in the database.
pub async fn read(source: &Source, query: &str) -> Result<Rows, ReadError> {
    let patience = Duration::from_secs(source.timeout_s);
    // A query that is given up loses its connection, which ends it on the server.
    match timeout(patience, ask(source, query)).await {
        Ok(read) => read,
        Err(_) => Err(ReadError::TooSlow(source.timeout_s)),
    }
}

async fn ask(source: &Source, query: &str) -> Result<Rows, ReadError> {
    let password = source.password.as_ref().map(|secret| secret.reveal());
    match source.engine {
        Engine::Postgres => {
            let mut options = PgConnectOptions::from_str(&source.url)?
                .options([("default_transaction_read_only", "on")])
                .application_name("granary-sql")
                .disable_statement_logging();
            if let Some(password) = password {
                options = options.password(password);
            }
            let connection = options.connect().await?;
            rows(connection, &["START TRANSACTION READ ONLY"], query).await
        }
        Engine::MySql => {
            let url = source.url.replacen("mariadb://", "mysql://", 1);
            let mut options = MySqlConnectOptions::from_str(&url)?.disable_statement_logging();
            if let Some(password) = password {
                options = options.password(password);
            }
            let connection = options.connect().await?;
            let before = [
                "SET SESSION TRANSACTION READ ONLY",
                "START TRANSACTION READ ONLY",
            ];
            rows(connection, &before, query).await
        }
        Engine::Sqlite => {
            let options = SqliteConnectOptions::from_str(&source.url)?
                .read_only(true)
                .disable_statement_logging();
            let connection = options.connect().await?;
            rows(connection, &["PRAGMA query_only = ON", "BEGIN"], query).await
        }
    }
}

/// Runs the query after what makes its transaction one that only reads.
async fn rows<C>(mut connection: C, before: &[&'static str], query: &str) -> Result<Rows, ReadError>
where
    C: Connection,
    for<'c> &'c mut C: Executor<'c, Database = C::Database>,
    usize: ColumnIndex<<C::Database as Database>::Row>,
    for<'r> Option<String>: Decode<'r, C::Database>,
{
    for statement in before {
        sqlx::raw_sql(*statement).execute(&mut connection).await?;
    }
    let mut found = Rows::default();
    let mut bytes = 0_u64;
    {
        // The text is the office's own setting: one statement, in a transaction that only reads.
        let statement = sqlx::raw_sql(AssertSqlSafe(query.to_owned()));
        let mut stream = statement.fetch(&mut connection);
        while let Some(row) = stream.next().await {
            let row = row?;
            if found.headings.is_empty() {
                found.headings = row
                    .columns()
                    .iter()
                    .map(|column| column.name().to_owned())
                    .collect();
            }
            let texts = texts(&row)?;
            bytes = bytes.saturating_add(texts.iter().map(|text| text.len() as u64 + 3).sum());
            if found.rows.len() as u64 >= ROWS_MAX || bytes > FILE_BYTES_MAX {
                return Err(ReadError::TooMuch);
            }
            found.rows.push(texts);
        }
    }
    // Nothing was changed, so how it ends does not matter.
    let _ = sqlx::raw_sql("ROLLBACK").execute(&mut connection).await;
    let _ = connection.close().await;
    Ok(found)
}

fn texts<R>(row: &R) -> Result<Vec<String>, ReadError>
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> Option<String>: Decode<'r, R::Database>,
{
    let mut texts = Vec::with_capacity(row.len());
    for (index, column) in row.columns().iter().enumerate() {
        let value = row.try_get_raw(index)?;
        let kind = value.type_info().name().to_ascii_uppercase();
        let column = || column.name().to_owned();
        if !value.is_null() && FLOATS.contains(&kind.as_str()) {
            return Err(ReadError::NotExact {
                column: column(),
                kind,
            });
        }
        if !value.is_null() && BYTES.contains(&kind.as_str()) {
            return Err(ReadError::NoText {
                column: column(),
                kind,
            });
        }
        let text: Option<String> = row.try_get_unchecked(index)?;
        texts.push(text.unwrap_or_default());
    }
    Ok(texts)
}
