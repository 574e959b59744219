//! The API over loopback: whose token opens what, that its figures are those of gRPC, and that every answer is what the document says.

mod schema;
mod sdmx;
mod tokens;

use std::{collections::BTreeSet, net::SocketAddr};

use granary_core::{code::UnitCode, ledger::Deed, period::Period, snapshot::SlotKey};
use granary_proto::v1;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{
    reading::{monitoring, wait_folded},
    town::{GUIYANG, Town, ZUNYI, bundle, observation, revenue},
};
use crate::{
    clock::Clock as _,
    people::{TokenScope, TokenWish, Tokens},
    site,
};

pub(super) const CONSOLE: (&str, &str) = ("console_listen", "127.0.0.1:0");
/// A scorecard and a target behind the sample's edits.
const SCORING: &str = r#"
[[scorecard]]
code = "prefectures"
name = { zh = "考核", en = "Scores" }
periodicity = "quarter"
level = "prefecture"
components = [{ measure = "reporting_rate", weight = 60 }, { measure = "target_progress", weight = 40 }]
[[target]]
dataset = "monthly-revenue"
indicator = "revenue"
year = 2022
values = { 520100 = "12000" }
"#;

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

/// A program with a token.
pub(super) struct Reader {
    address: SocketAddr,
    pub(super) secret: String,
    /// Lines of the head beside those that every request has.
    pub(super) more: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.strip_prefix(": "))
    }
}

impl Reader {
    pub(super) fn new(town: &Town, secret: &str) -> Self {
        Self {
            address: town.console_address.unwrap(),
            secret: secret.to_owned(),
            more: String::new(),
        }
    }

    pub(super) async fn send(&self, method: &str, path: &str) -> Answer {
        let authorization = if self.secret.is_empty() {
            String::new()
        } else {
            format!("authorization: Bearer {}\r\n", self.secret)
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: api\r\nconnection: close\r\n{authorization}{}\r\n",
            self.more
        );
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.replace("\r\n", "\n"),
            body: body.to_owned(),
        }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path).await
    }

    /// What a path of this version answers, which it does.
    async fn read(&self, path: &str) -> Value {
        let answer = self.get(&format!("/api/v1{path}")).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }
}

/// A token's secret.
pub(super) fn token(town: &Town, name: &str, scopes: &[TokenScope], under: Option<&str>) -> String {
    let wish = TokenWish {
        name: name.into(),
        scopes: scopes.iter().copied().collect::<BTreeSet<_>>(),
        under: under.map(str::to_owned),
        days: 2,
        made_by: "test".into(),
    };
    let tokens = Tokens::open(town.site().folder()).unwrap();
    tokens.make(&wish, town.clock.now_ms()).unwrap()
}

/// A city in which two units have reported revenue, one of them twice, and one its accounts, which do not add up in a quality edit.
pub(super) async fn reporting() -> Town {
    let town = Town::empty(&[CONSOLE]).await;
    let edit = "[[edit]]\nid = \"REVENUE.SIGN\"";
    let with = bundle(&[(edit, &format!("{SCORING}\n{edit}"))]);
    town.act(Deed::PublishCatalogue(with)).await.unwrap();
    let (guiyang, zunyi) = (town.office(GUIYANG).await, town.office(ZUNYI).await);
    guiyang.submit(guiyang.revenue(1)).await.unwrap();
    zunyi.submit(zunyi.revenue(1)).await.unwrap();
    let mut accounts = revenue(GUIYANG, 1);
    accounts.slot = SlotKey::new(
        UnitCode::new(GUIYANG).unwrap(),
        "quarterly-accounts".parse().unwrap(),
        Period::parse("2021-Q3").unwrap(),
    );
    accounts.observations = [
        ("gdp", "11.00"),
        ("primary", "1.00"),
        ("secondary", "4.00"),
        ("tertiary", "5.00"),
    ]
    .map(|(indicator, value)| observation(indicator, None, value))
    .to_vec();
    guiyang.submit(guiyang.sign(&accounts)).await.unwrap();
    let last = guiyang.submit(guiyang.revenue(2)).await.unwrap();
    wait_folded(&mut monitoring(&town).await, last.index).await;
    town
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_those_of_grpc_and_exact() {
    let town = reporting().await;
    let reader = Reader::new(&town, &token(&town, "all", &TokenScope::ALL, None));
    let mut client = monitoring(&town).await;
    let series = "/series?unit=520100&dataset=monthly-revenue&indicator=revenue&vintages=true";
    let told = reader.read(series).await;
    let request = v1::GetSeriesRequest {
        unit: GUIYANG.into(),
        dataset: "monthly-revenue".into(),
        indicator: "revenue".into(),
        vintages: true,
        ..Default::default()
    };
    let wire = client.get_series(request).await.unwrap().into_inner();
    let points: Vec<(String, u64)> = told["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| {
            (
                point["value"].as_str().unwrap().into(),
                point["index"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected: Vec<(String, u64)> = wire
        .points
        .iter()
        .map(|point| {
            (
                point.value.as_ref().unwrap().mantissa.to_string(),
                point.index,
            )
        })
        .collect();
    assert_eq!(points, expected);
    assert_eq!(points.len(), 2);
    assert_eq!(told["indicator"]["code"], "revenue");

    let told = reader.read("/completeness?group_by=dataset").await;
    let request = v1::GetCompletenessRequest {
        group_by: v1::GroupBy::Dataset.into(),
        ..Default::default()
    };
    let wire = client.get_completeness(request).await.unwrap().into_inner();
    assert_eq!(told["rows"].as_array().unwrap().len(), wire.rows.len());
    for (row, known) in told["rows"].as_array().unwrap().iter().zip(&wire.rows) {
        let counts = known.counts.unwrap();
        assert_eq!(row["dataset"], known.dataset);
        assert_eq!(row["counts"]["missing"], counts.missing);
        assert_eq!(row["counts"]["expected"], counts.expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slots_life_has_its_submissions_figures_and_findings() {
    let town = reporting().await;
    let reader = Reader::new(&town, &token(&town, "all", &TokenScope::ALL, None));
    let life = reader
        .read("/slots/520100/quarterly-accounts/2021-Q3")
        .await;
    assert_eq!(life["submissions"][0]["outcome"], "returned");
    assert_eq!(
        life["figures"].as_array().unwrap().len(),
        0,
        "what was returned is no figure"
    );
    let current = reader.read("/slots/520100/monthly-revenue/2022-M03").await;
    assert_eq!(current["figures"][0]["value"], "1002");
    let finding = &life["findings"][0];
    assert_eq!(
        (&finding["edit"], &finding["imbalance"]),
        (&"GDP.BALANCE".into(), &"1.00".into())
    );
    let found = reader
        .read("/findings?kind=validity&edit=GDP.BALANCE")
        .await;
    assert_eq!(&found["findings"][0], finding);
    let none = reader.read("/findings?edit=NO.SUCH").await;
    assert_eq!(none["findings"].as_array().unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_put_together_are_the_whole() {
    let town = reporting().await;
    let secret = token(&town, "pages", &[TokenScope::Completeness], None);
    let reader = Reader::new(&town, &secret);
    let base = "/slots?dataset=monthly-revenue&unit=520100,520300&as_of=2022-05-01T00:00:00Z";
    let whole = reader.read(base).await["slots"].as_array().unwrap().clone();
    assert!(whole.len() > 20);
    let (mut parts, mut token) = (Vec::new(), String::new());
    loop {
        let page = reader
            .read(&format!("{base}&page_size=9&page_token={token}"))
            .await;
        parts.extend(page["slots"].as_array().unwrap().clone());
        match page["next_page_token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(parts, whole);
    let foreign = reader
        .get("/api/v1/slots?unit=520100&page_token=AAAA")
        .await;
    assert_eq!(
        (foreign.status, foreign.json()["field"].as_str()),
        (400, Some("page_token"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_a_problem_in_both_languages() {
    let town = reporting().await;
    let mut reader = Reader::new(&town, &token(&town, "all", &TokenScope::ALL, None));
    for (path, status, field) in [
        ("/slots?datset=monthly-revenue", 400, Some("datset")),
        ("/slots?state=late&state=tardy", 400, Some("state")),
        ("/slots?page_size=0", 400, Some("page_size")),
        ("/slots?as_of=yesterday", 400, Some("as_of")),
        (
            "/slots?as_of=2022-01-01T00:00:00Z&as_of=2022-01-02T00:00:00Z",
            400,
            Some("as_of"),
        ),
        ("/slots?period=2022-13", 400, Some("period")),
        ("/slots?under=520100&unit=520300", 400, Some("unit")),
        ("/completeness?group_by=colour", 400, Some("group_by")),
        ("/series?unit=520100", 400, Some("dataset")),
        (
            "/series?unit=520100&dataset=no-such&indicator=revenue",
            404,
            None,
        ),
        ("/slots/520100/monthly-revenue/2199-M01", 404, None),
        ("/slots/%ff/monthly-revenue/2022-M01", 400, Some("path")),
        ("/units/999999", 404, None),
        ("/league/no-such/2022-Q1", 404, None),
        ("/log/receipts/-1", 404, None),
        ("/calendar?month=2022-Q1", 400, Some("month")),
        ("/no/such/path", 404, None),
    ] {
        let answer = reader.get(&format!("/api/v1{path}")).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert_eq!(
            answer.field("content-type"),
            Some("application/problem+json"),
            "{path}"
        );
        let problem = answer.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["field"].as_str(), field, "{path}");
        assert_eq!(problem["detail"], problem["detail_zh"]);
        assert_ne!(problem["detail_zh"], problem["detail_en"], "{path}");
    }
    let posted = reader.send("POST", "/api/v1/slots").await;
    assert_eq!(
        (posted.status, posted.json()["status"].as_u64()),
        (405, Some(405))
    );
    reader.more = "accept-language: fr, en;q=0.5\r\n".into();
    let told = reader.get("/api/v1/units/999999").await;
    assert_eq!(told.field("content-language"), Some("en"));
    assert_eq!(told.json()["detail"], told.json()["detail_en"]);
    assert_eq!(told.field("cache-control"), Some("no-store"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_of_figures_is_in_the_access_log_first() {
    let town = reporting().await;
    let reader = Reader::new(&town, &token(&town, "bi", &TokenScope::ALL, None));
    reader.read("/slots").await;
    reader
        .read("/series?unit=520100&dataset=monthly-revenue&indicator=revenue")
        .await;
    reader.read("/findings?status=open").await;
    let log = town.site().folder().join("access/log");
    let lines = site::read(&log).unwrap();
    let own: Vec<&str> = lines
        .lines()
        .filter(|line| line.contains("\ttoken:bi\t"))
        .collect();
    assert_eq!(own.len(), 2, "{lines}");
    assert!(own[0].contains("\tseries\t") && own[0].contains("520100/monthly-revenue revenue"));
    assert!(own[1].contains("\tfindings\t") && own[1].contains("status=open"));
    let digest = granary_core::digest::Digest::of(reader.secret.as_bytes()).to_string();
    assert!(own[0].contains(&digest), "{own:?}");
}
