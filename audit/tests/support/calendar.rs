//! The catalogue of the town, with holidays, a window and a county that moves, and the service that hands it out.

use std::collections::BTreeMap;

use granary_core::catalogue::Bundle;
use granary_proto::v1::{self, collection_service_server::CollectionService};
use tokio_stream::Empty;
use tonic::{Request, Response, Status, Streaming};

/// The files.
pub const CALENDAR: [(&str, &str); 3] = [
    (
        "calendar.toml",
        include_str!("../../../deploy/demo/catalogue/calendar.toml"),
    ),
    (
        "indicators.toml",
        include_str!("../../../core/tests/data/sample/indicators.toml"),
    ),
    (
        "catalogue.toml",
        r#"
[catalogue]
name = { zh = "某市统计报送", en = "City statistics" }
timezone = "Asia/Shanghai"

[[unit]]
code = "520100"
name = { zh = "甲市", en = "City A" }

[[unit]]
code = "520300"
name = { zh = "乙市", en = "City B" }

[[unit]]
code = "520198"
name = { zh = "丙县，丁乡", en = "County C; Town D" }
parents = [{ parent = "520100", to = "2022-12-31" }, { parent = "520300", from = "2023-01-01" }]

[[dataset]]
code = "monthly-revenue"
name = { zh = "月度财政收入", en = "Monthly revenue" }
periodicity = "month"
indicators = ["revenue"]
deadline = { day = 5, time = "24:00", move = "next-workday" }
window = { opens = { day = 1, time = "08:00" }, grace = "2h", locks = { workday = 15, time = "17:00" } }
not_reported = ["M01"]
first_period = "2021-M01"

[[dataset]]
code = "quarterly-accounts"
name = { zh = "季度地区生产总值核算（含三次产业增加值及其增长速度、构成和对经济增长的贡献率）", en = "Quarterly accounts" }
periodicity = "quarter"
indicators = ["gdp"]
deadline = { day = 8, time = "12:00", move = "next-workday" }
first_period = "2020-Q4"

[[dataset.except]]
periods = ["Q4"]
deadline = { last_workday_of_month = true, time = "12:00" }

[[dataset]]
code = "annual-accounts"
name = { zh = "年度核算", en = "Annual accounts" }
periodicity = "annual"
indicators = ["gdp"]
deadline = { day_of_month = 2, month_offset = 4, time = "12:00", move = "previous-workday" }
first_period = "2020-A1"

[[roster]]
dataset = "monthly-revenue"
under = "520100"

[[roster]]
dataset = "quarterly-accounts"
units = ["520100", "520198"]

[[roster]]
dataset = "annual-accounts"
units = ["520100", "520198"]
"#,
    ),
];

fn bundle() -> Bundle {
    let own = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
    let files: BTreeMap<String, String> = CALENDAR.into_iter().map(own).collect();
    Bundle::new(files).unwrap()
}

/// The catalogue's version.
pub fn version() -> String {
    bundle().version().to_string()
}

/// Hands out the catalogue, and nothing else.
pub struct Collection;

fn unused<T>() -> Result<T, Status> {
    Err(Status::unimplemented("this town takes no snapshots"))
}

#[tonic::async_trait]
impl CollectionService for Collection {
    type PushStream = Empty<Result<v1::PushResponse, Status>>;

    async fn rotate_key(
        &self,
        _: Request<v1::RotateKeyRequest>,
    ) -> Result<Response<v1::RotateKeyResponse>, Status> {
        unused()
    }

    async fn submit(
        &self,
        _: Request<v1::SubmitRequest>,
    ) -> Result<Response<v1::SubmitResponse>, Status> {
        unused()
    }

    async fn push(
        &self,
        _: Request<Streaming<v1::PushRequest>>,
    ) -> Result<Response<Self::PushStream>, Status> {
        unused()
    }

    async fn fetch_catalogue(
        &self,
        _: Request<v1::FetchCatalogueRequest>,
    ) -> Result<Response<v1::FetchCatalogueResponse>, Status> {
        let bundle = bundle();
        Ok(Response::new(v1::FetchCatalogueResponse {
            version: bundle.version().as_bytes().to_vec(),
            bundle: bundle.encode(),
            city_time_ms: 0,
        }))
    }

    async fn fetch_records(
        &self,
        _: Request<v1::FetchRecordsRequest>,
    ) -> Result<Response<v1::FetchRecordsResponse>, Status> {
        unused()
    }

    async fn fetch_assessments(
        &self,
        _: Request<v1::FetchAssessmentsRequest>,
    ) -> Result<Response<v1::FetchAssessmentsResponse>, Status> {
        unused()
    }
}

/// The slots of the county: one extended, one exempted, one as the rule says.
pub fn slots() -> Vec<v1::Slot> {
    let slot = |period: &str, due: &str, state: v1::SlotState| v1::Slot {
        unit: "520198".into(),
        dataset: "quarterly-accounts".into(),
        period: period.into(),
        state: state.into(),
        due_at_ms: due.parse::<jiff::Timestamp>().unwrap().as_millisecond(),
        ..Default::default()
    };
    vec![
        slot("2021-Q1", "2021-04-08T12:00:00+08:00", v1::SlotState::Late),
        slot(
            "2021-Q2",
            "2021-07-08T12:00:00+08:00",
            v1::SlotState::Exempt,
        ),
        slot(
            "2021-Q3",
            "2021-10-20T12:00:00+08:00",
            v1::SlotState::Pending,
        ),
    ]
}
