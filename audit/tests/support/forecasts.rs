//! The town's forecasts; every name and figure is synthetic.

use granary_proto::v1::{self, forecast_service_server::ForecastService};
use tonic::{Request, Response, Status};

use super::answers::basis;

const HOUR_MS: i64 = 3_600_000;
const DUE_MS: i64 = 1_634_011_200_000;

pub struct Forecasts;

fn words(zh: &str, en: &str) -> Option<v1::Words> {
    let (zh, en) = (zh.into(), en.into());
    Some(v1::Words { zh, en })
}

fn named(code: &str, zh: &str, en: &str) -> Option<v1::Named> {
    Some(v1::Named {
        code: code.into(),
        name: words(zh, en),
    })
}

fn risk(
    unit: Option<v1::Named>,
    chance: &str,
    late: u32,
    reason: Option<v1::Words>,
) -> v1::RiskLine {
    v1::RiskLine {
        unit,
        dataset: named("quarterly-accounts", "季度核算", "Quarterly accounts"),
        period: "2021-Q3".into(),
        due_at_ms: DUE_MS,
        chance_percent: chance.into(),
        known: 9,
        late,
        arrived_by_now_percent: "80.0".into(),
        reason,
    }
}

fn point(lead_h: i64, expected: [&str; 3], arrived: Option<u32>) -> v1::ArrivalPoint {
    let [expected, low, high] = expected.map(Into::into);
    v1::ArrivalPoint {
        at_ms: DUE_MS - lead_h * HOUR_MS,
        expected,
        low,
        high,
        arrived,
    }
}

fn score(forecasts: u64, brier: &str, verdict: v1::ForecastVerdict) -> v1::ForecastScore {
    v1::ForecastScore {
        forecasts,
        late: forecasts / 8,
        periods: 24,
        brier: brier.into(),
        brier_base: "0.1240".into(),
        brier_base_then: "0.1094".into(),
        skill: "0.1520".into(),
        reliability: "0.0011".into(),
        resolution: "0.0181".into(),
        uncertainty: "0.1094".into(),
        within: "0.0004".into(),
        log_loss: "0.3001".into(),
        verdict: verdict.into(),
    }
}

fn bin(from_percent: u32, forecasts: u64, figures: [&str; 4]) -> v1::ReliabilityBin {
    let [mean_percent, observed_percent, low_percent, high_percent] = figures.map(Into::into);
    v1::ReliabilityBin {
        from_percent,
        to_percent: from_percent + 10,
        forecasts,
        late: forecasts / 20,
        mean_percent,
        observed_percent,
        low_percent,
        high_percent,
    }
}

#[tonic::async_trait]
impl ForecastService for Forecasts {
    async fn list_risks(
        &self,
        request: Request<v1::ListRisksRequest>,
    ) -> Result<Response<v1::ListRisksResponse>, Status> {
        assert_eq!(request.get_ref().chance_percent_min, 30);
        let reason = words(
            "最近 6 期中迟报 4 期；往常此时已报到 80%，本期尚未报到",
            "late in 4 of its last 6; by this hour 80% of its reports had usually arrived, and this one has not",
        );
        let new = words("该单位尚无往期记录", "nothing is known of this unit yet");
        Ok(Response::new(v1::ListRisksResponse {
            basis: basis(41, request.get_ref().as_of_ms),
            risks: vec![
                risk(
                    named("520302", "乙丙丁区", "Beta District"),
                    "87.4",
                    6,
                    reason,
                ),
                risk(named("520100", "甲市", "Alpha"), "31.0", 0, new),
            ],
            wanted: 3,
            pending: 12,
            overdue: 0,
            unknown: 2,
        }))
    }

    async fn get_arrivals(
        &self,
        request: Request<v1::GetArrivalsRequest>,
    ) -> Result<Response<v1::GetArrivalsResponse>, Status> {
        Ok(Response::new(v1::GetArrivalsResponse {
            basis: basis(41, request.get_ref().as_of_ms),
            dataset: named("quarterly-accounts", "季度核算", "Quarterly accounts"),
            period: request.get_ref().period.clone(),
            due_at_ms: DUE_MS,
            owed: 12,
            periods_known: 9,
            now: Some(point(30, ["7.2", "5.9", "8.5"], Some(5))),
            points: vec![
                point(48, ["4.0", "2.8", "5.2"], Some(3)),
                point(24, ["8.1", "6.8", "9.4"], None),
                point(0, ["10.6", "9.5", "11.7"], None),
            ],
        }))
    }

    async fn get_calibration(
        &self,
        request: Request<v1::GetCalibrationRequest>,
    ) -> Result<Response<v1::GetCalibrationResponse>, Status> {
        let horizon = |horizon: v1::ForecastHorizon, brier| v1::HorizonScore {
            horizon: horizon.into(),
            score: Some(score(800, brier, v1::ForecastVerdict::TooShort)),
        };
        Ok(Response::new(v1::GetCalibrationResponse {
            basis: basis(41, request.get_ref().as_of_ms),
            score: Some(score(1_600, "0.0928", v1::ForecastVerdict::Better)),
            horizons: vec![
                horizon(v1::ForecastHorizon::Opening, "0.1011"),
                horizon(v1::ForecastHorizon::OneDay, "0.0845"),
            ],
            bins: vec![
                bin(0, 1_600, ["4.9", "5.0", "4.0", "6.2"]),
                bin(10, 0, ["", "", "", ""]),
            ],
            unknown: 12,
            verdict: words(
                "预警优于基准率，超出偶然",
                "the forecasts beat the base rate, beyond chance",
            ),
        }))
    }
}
