//! The forecast service: risks, arrivals and calibration, computed from the board.
//!
//! Models are kept between calls, one a dataset, for as long as they are what would be learnt anew; they take about 130 bytes for
//! each unit of each dataset, and 220 more once somebody has asked about it. Nobody waits for a computation: it reads a board of its own.

use std::sync::{Arc, Mutex, PoisonError};

use granary_core::{
    bulletin::RiskLine,
    code::DatasetCode,
    completeness::Board,
    forecast::{
        self, Arrivals, Bin, Calibration, Horizon, Models, Point, Risks, Score, Verdict, Wanted,
    },
    period::Period,
};
use granary_proto::v1::{self, forecast_service_server::ForecastService};
use prost::Message as _;
use tonic::{Request, Response, Status};

use super::{
    City, RESPONSE_BYTES_MAX, blocking, bounded,
    failure::{Failure, Need},
    guard,
    monitoring::{self, basis},
};

/// Lines in one answer: what 0 means, and the most.
const LINES_DEFAULT: u32 = 1_000;
const LINES_MAX: u32 = 5_000;

/// The service.
pub(super) struct Forecast {
    pub(super) city: Arc<City>,
}

/// The models, which last from call to call; whoever computes with them has them alone.
pub(super) type Kept = Mutex<Models>;

impl Forecast {
    /// Lets the caller pass and computes the answer away from the tasks that move bytes.
    async fn answer<Q: Send + 'static, A: Send + 'static>(
        &self,
        request: Request<Q>,
        compute: impl FnOnce(&City, Q) -> Result<A, Failure> + Send + 'static,
    ) -> Result<Response<A>, Status> {
        guard::person(&request, Need::Person)?;
        let city = Arc::clone(&self.city);
        let request = request.into_inner();
        Ok(Response::new(
            blocking(move || compute(&city, request)).await?,
        ))
    }
}

#[tonic::async_trait]
impl ForecastService for Forecast {
    async fn list_risks(
        &self,
        request: Request<v1::ListRisksRequest>,
    ) -> Result<Response<v1::ListRisksResponse>, Status> {
        self.answer(request, risks).await
    }

    async fn get_arrivals(
        &self,
        request: Request<v1::GetArrivalsRequest>,
    ) -> Result<Response<v1::GetArrivalsResponse>, Status> {
        self.answer(request, |city, request| arrivals(city, &request))
            .await
    }

    async fn get_calibration(
        &self,
        request: Request<v1::GetCalibrationRequest>,
    ) -> Result<Response<v1::GetCalibrationResponse>, Status> {
        self.answer(request, calibration).await
    }
}

pub(super) fn risks(
    city: &City,
    request: v1::ListRisksRequest,
) -> Result<v1::ListRisksResponse, Failure> {
    if request.chance_percent_min > 100 {
        let why = "a chance lies from 0 to 100 per cent";
        return Err(Failure::invalid("chance_percent_min", why));
    }
    let as_of_ms = city.instant(request.as_of_ms);
    let wanted = Wanted {
        filter: monitoring::filter(request.filter)?,
        chance_percent_min: request.chance_percent_min,
        overdue: request.overdue,
        lines_max: bounded(request.lines_max, LINES_DEFAULT, LINES_MAX),
    };
    let basis = basis(city, as_of_ms);
    let found = at_risk(city, &wanted, as_of_ms);
    let mut bytes = 0;
    let mut risks = Vec::with_capacity(found.lines.len());
    for line in &found.lines {
        let line = on_the_wire(line)?;
        bytes += line.encoded_len();
        if bytes > RESPONSE_BYTES_MAX {
            break;
        }
        risks.push(line);
    }
    Ok(v1::ListRisksResponse {
        basis: Some(basis),
        risks,
        wanted: found.wanted,
        pending: found.pending,
        overdue: found.overdue,
        unknown: found.unknown,
    })
}

/// The open slots that are wanted, as of an instant; none before a catalogue is published.
pub(super) fn at_risk(city: &City, wanted: &Wanted, as_of_ms: i64) -> Risks {
    let found = with_models(city, |board, models| {
        forecast::risks(board, models, wanted, as_of_ms)
    });
    found.unwrap_or_default()
}

/// A line as messages hold it, which have the same fields.
pub(super) fn on_the_wire(line: &RiskLine) -> Result<v1::RiskLine, Failure> {
    v1::RiskLine::decode(line.encode_to_vec().as_slice()).map_err(Failure::internal)
}

pub(super) fn arrivals(
    city: &City,
    request: &v1::GetArrivalsRequest,
) -> Result<v1::GetArrivalsResponse, Failure> {
    let code = DatasetCode::new(&request.dataset).map_err(|e| Failure::invalid("dataset", e))?;
    let period = Period::parse(&request.period).map_err(|e| Failure::invalid("period", e))?;
    let as_of_ms = city.instant(request.as_of_ms);
    let basis = basis(city, as_of_ms);
    let found = with_models(city, |board, models| {
        let catalogue = board.catalogue();
        let dataset = catalogue
            .dataset_index(&code)
            .ok_or(Failure::NotFound("the catalogue has no such dataset"))?;
        if !catalogue.dataset_at(dataset).covers(period) {
            let why = format!("{period} is no period of {code}");
            return Err(Failure::invalid("period", why));
        }
        let found = forecast::arrivals(board, models, dataset, period, as_of_ms);
        found.ok_or(Failure::NotFound("the period is never due"))
    });
    let found = found.ok_or(Failure::NotReady("no catalogue has been published yet"))??;
    Ok(curve(found, basis))
}

fn calibration(
    city: &City,
    request: v1::GetCalibrationRequest,
) -> Result<v1::GetCalibrationResponse, Failure> {
    let filter = monitoring::filter(request.filter)?;
    let as_of_ms = city.instant(request.as_of_ms);
    let basis = basis(city, as_of_ms);
    let board = city
        .board()
        .ok_or(Failure::NotReady("no catalogue has been published yet"))?;
    Ok(scores(
        forecast::calibrate(&board, &filter, as_of_ms),
        basis,
    ))
}

/// Computes with the models that are kept; `None` before a catalogue is published.
fn with_models<T>(city: &City, read: impl FnOnce(&Board, &mut Models) -> T) -> Option<T> {
    let mut models = city.models.lock().unwrap_or_else(PoisonError::into_inner);
    let board = city.board()?;
    Some(read(&board, &mut models))
}

fn curve(found: Arrivals, basis: v1::Basis) -> v1::GetArrivalsResponse {
    v1::GetArrivalsResponse {
        basis: Some(basis),
        dataset: Some(v1::Named {
            code: found.dataset.code,
            name: Some(v1::Words {
                zh: found.dataset.name.zh,
                en: found.dataset.name.en,
            }),
        }),
        period: found.period.to_string(),
        due_at_ms: found.due_at_ms,
        owed: found.owed,
        periods_known: found.periods_known,
        now: Some(point(found.now)),
        points: found.points.into_iter().map(point).collect(),
    }
}

fn point(point: Point) -> v1::ArrivalPoint {
    v1::ArrivalPoint {
        at_ms: point.at_ms,
        expected: point.expected,
        low: point.low,
        high: point.high,
        arrived: point.arrived,
    }
}

fn scores(found: Calibration, basis: v1::Basis) -> v1::GetCalibrationResponse {
    let horizons = found.horizons.into_iter().map(|line| v1::HorizonScore {
        horizon: horizon(line.horizon).into(),
        score: Some(score(line.score)),
    });
    v1::GetCalibrationResponse {
        basis: Some(basis),
        score: found.score.map(score),
        horizons: horizons.collect(),
        bins: found.bins.into_iter().map(bin).collect(),
        unknown: found.unknown,
        verdict: Some(v1::Words {
            zh: found.verdict.zh,
            en: found.verdict.en,
        }),
    }
}

fn score(score: Score) -> v1::ForecastScore {
    let verdict = match score.verdict {
        Verdict::TooShort => v1::ForecastVerdict::TooShort,
        Verdict::Better => v1::ForecastVerdict::Better,
        Verdict::Alike => v1::ForecastVerdict::Alike,
        Verdict::Worse => v1::ForecastVerdict::Worse,
    };
    v1::ForecastScore {
        forecasts: score.forecasts,
        late: score.late,
        periods: score.periods,
        brier: score.brier,
        brier_base: score.brier_base,
        brier_base_then: score.brier_base_then,
        skill: score.skill,
        reliability: score.reliability,
        resolution: score.resolution,
        uncertainty: score.uncertainty,
        within: score.within,
        log_loss: score.log_loss,
        verdict: verdict.into(),
    }
}

const fn horizon(horizon: Horizon) -> v1::ForecastHorizon {
    match horizon {
        Horizon::Opening => v1::ForecastHorizon::Opening,
        Horizon::ThreeDays => v1::ForecastHorizon::ThreeDays,
        Horizon::OneDay => v1::ForecastHorizon::OneDay,
        Horizon::SixHours => v1::ForecastHorizon::SixHours,
        Horizon::OneHour => v1::ForecastHorizon::OneHour,
    }
}

fn bin(bin: Bin) -> v1::ReliabilityBin {
    let (observed_percent, low_percent, high_percent) =
        bin.observed.map_or_else(Default::default, |observed| {
            (
                observed.share_percent,
                observed.low_percent,
                observed.high_percent,
            )
        });
    v1::ReliabilityBin {
        from_percent: bin.from_percent,
        to_percent: bin.to_percent,
        forecasts: bin.forecasts,
        late: bin.late,
        mean_percent: bin.mean_percent,
        observed_percent,
        low_percent,
        high_percent,
    }
}
