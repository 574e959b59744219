//! The same table in SQLite, PostgreSQL and MariaDB: figures come out digit by digit, and nothing can be changed.
//!
//! SQLite is always tried. PostgreSQL and MariaDB are, where their servers are installed; otherwise the test says so loudly.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod servers;

use std::fs;
use std::path::Path;

use granary_sql::{
    hand::{Handed, hand},
    read::{ReadError, Rows, read},
    source::{Source, load},
};
use jiff::tz::TimeZone;

/// A source with a query, as `agent.toml` in `folder` says it.
fn source(folder: &Path, url: &str, query: &str) -> Source {
    let text = format!(
        "[[source]]\nname = \"figures\"\ndataset = \"monthly-output\"\nurl = \"{url}\"\nat = \"daily 09:30\"\nperiodicity = \"month\"\n\
         query = '''{query}'''\npassword_file = \"secret\"\ntimeout_s = 20\n"
    );
    fs::write(folder.join("agent.toml"), text).unwrap();
    fs::write(folder.join("secret"), "granary\n").unwrap();
    load(folder, &std::collections::BTreeMap::new())
        .unwrap()
        .remove(0)
}

async fn asked(folder: &Path, url: &str, query: &str) -> Result<Rows, ReadError> {
    let source = source(folder, url, query);
    let (query, _) = source.asked(1_640_995_200_000, &TimeZone::UTC);
    read(&source, &query).await
}

/// What must hold with every engine. The table `report` has a decimal, a float and a text.
async fn check(folder: &Path, url: &str, writes: &[&str]) {
    let exact = "SELECT code AS indicator, amount AS value FROM report WHERE month = '{period}' ORDER BY code";
    let rows = asked(folder, url, exact).await.unwrap();
    assert_eq!(rows.headings, ["indicator", "value"]);
    // 2^53 + 1 and a tenth: no binary fraction of 64 bits holds either.
    let expect = [
        ["gdp", "9007199254740993.10"],
        ["industry", ""],
        ["output", "-0.30"],
    ];
    assert_eq!(rows.rows, expect);
    let float = asked(
        folder,
        url,
        "SELECT code AS indicator, rough AS value FROM report",
    )
    .await;
    let Err(ReadError::NotExact { column, .. }) = float else {
        panic!("{float:?}");
    };
    assert_eq!(column, "value");
    for write in writes {
        let refused = asked(folder, url, write).await;
        assert!(
            matches!(refused, Err(ReadError::Database(_))),
            "{write}: {refused:?}"
        );
    }
    let again = asked(folder, url, exact).await.unwrap();
    assert_eq!(again, rows, "nothing was changed");
    let wrong = asked(folder, url, "SELECT nothing FROM nowhere")
        .await
        .unwrap_err();
    assert!(!wrong.to_string().contains("granary\n") && !wrong.words().zh.is_empty());
}

const WRITES: [&str; 3] = [
    "DELETE FROM report",
    "INSERT INTO report VALUES ('x', '2021-M12', 1, 1)",
    "CREATE TABLE other (a INTEGER)",
];

#[tokio::test]
async fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("figures.db");
    let options = format!("sqlite://{}?mode=rwc", file.display());
    let table = [
        "CREATE TABLE report (code TEXT, month TEXT, amount TEXT, rough REAL)",
        "INSERT INTO report VALUES ('gdp', '2021-M12', '9007199254740993.10', 1.5), ('industry', '2021-M12', NULL, 1.5), ('output', '2021-M12', '-0.30', 1.5)",
    ];
    servers::fill_sqlite(&options, &table).await;
    let url = format!("sqlite://{}", file.display());
    check(folder.path(), &url, &WRITES).await;
    let missing = asked(
        folder.path(),
        "sqlite:///no/such/file.db",
        "SELECT 1 AS value",
    )
    .await;
    assert!(
        matches!(missing, Err(ReadError::Database(_))),
        "a missing file is not made"
    );
    let many =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS value FROM n";
    let many = asked(folder.path(), &url, many).await;
    assert!(matches!(many, Err(ReadError::TooMuch)), "{many:?}");
    let whole = asked(folder.path(), &url, "SELECT 9223372036854775807 AS value")
        .await
        .unwrap();
    assert_eq!(whole.rows, [["9223372036854775807"]]);
}

#[tokio::test]
async fn postgresql() {
    let Some(server) = servers::Postgres::start() else {
        eprintln!(
            "\n*** NOT TESTED: PostgreSQL as a source (no server is installed: apt-get install postgresql) ***\n"
        );
        return;
    };
    server.run(
        "CREATE TABLE report (code text, month text, amount numeric(20,2), rough double precision)",
    );
    server.run("INSERT INTO report VALUES ('gdp', '2021-M12', 9007199254740993.10, 1.5), ('industry', '2021-M12', NULL, 1.5), ('output', '2021-M12', -0.30, 1.5)");
    let folder = tempfile::tempdir().unwrap();
    check(folder.path(), &server.url(), &WRITES).await;
    let slow = source(folder.path(), &server.url(), "SELECT pg_sleep(30)");
    let slow = Source {
        timeout_s: 1,
        ..slow
    };
    assert!(matches!(
        read(&slow, "SELECT pg_sleep(30)").await,
        Err(ReadError::TooSlow(1))
    ));
}

#[tokio::test]
async fn mariadb() {
    let Some(server) = servers::MariaDb::start() else {
        eprintln!(
            "\n*** NOT TESTED: MariaDB as a source (no server is installed: apt-get install mariadb-server) ***\n"
        );
        return;
    };
    server.run("CREATE TABLE report (code varchar(40), month varchar(8), amount decimal(20,2), rough double)");
    server.run("INSERT INTO report VALUES ('gdp', '2021-M12', 9007199254740993.10, 1.5), ('industry', '2021-M12', NULL, 1.5), ('output', '2021-M12', -0.30, 1.5)");
    let folder = tempfile::tempdir().unwrap();
    // MariaDB refuses definitions in a transaction that only reads by committing it first, so only changes of rows are tried.
    check(folder.path(), &server.url(), &WRITES[..2]).await;
}

#[tokio::test]
async fn rows_are_handed_over_once_and_read_like_a_clerks_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("figures.db");
    servers::fill_sqlite(
        &format!("sqlite://{}?mode=rwc", file.display()),
        &[
            "CREATE TABLE report (code TEXT, amount TEXT)",
            "INSERT INTO report VALUES ('gdp', '3102.44')",
        ],
    )
    .await;
    let url = format!("sqlite://{}", file.display());
    let source = source(
        folder.path(),
        &url,
        "SELECT code AS indicator, amount AS value FROM report",
    );
    let (query, period) = source.asked(1_640_995_200_000, &TimeZone::UTC);
    let rows = read(&source, &query).await.unwrap();
    let state = folder.path().join("state");
    let over = |rows: &Rows, at| {
        hand(
            &source,
            (rows, period),
            (folder.path(), &state),
            (at, &TimeZone::UTC),
        )
        .unwrap()
    };
    let Handed::Over(path) = over(&rows, 1_000) else {
        panic!("not handed over");
    };
    assert_eq!(
        path,
        folder.path().join("inbox/figures_19700101T000001.csv")
    );
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(
        text,
        "# dataset: monthly-output\n# period: 2021-M12\nindicator,value\ngdp,3102.44\n"
    );
    assert_eq!(over(&rows, 2_000), Handed::Unchanged);
    assert_eq!(over(&Rows::default(), 3_000), Handed::Nothing);
    let changed = Rows {
        rows: vec![vec!["gdp".into(), "3102.45".into()]],
        ..rows
    };
    assert!(matches!(over(&changed, 4_000), Handed::Over(_)));
    // A crash between the file and the note hands the same rows over once more.
    fs::remove_dir_all(state.join("sql")).unwrap();
    assert!(matches!(over(&changed, 5_000), Handed::Over(_)));
}
