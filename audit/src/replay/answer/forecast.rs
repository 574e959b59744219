//! Early warning: chances, arrivals and how good they were, by the functions of the core that answer at the city. A replay keeps no models:
//! they are learnt anew, and come out as those that the city keeps.

use granary_core::{
    code::DatasetCode,
    forecast::{self, Arrivals, Bin, Calibration, Horizon, Models, Point, Score, Verdict, Wanted},
    period::Period,
};
use granary_proto::v1;
use prost::Message as _;

use super::{AnswerError, Replayed, filter};

impl Replayed {
    /// Lists open slots by how likely they are to be late.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn risks(
        &self,
        request: &v1::ListRisksRequest,
    ) -> Result<v1::ListRisksResponse, AnswerError> {
        let as_of_ms = self.instant(request.as_of_ms);
        let wanted = Wanted {
            filter: filter(request.filter.as_ref())?,
            chance_percent_min: request.chance_percent_min,
            overdue: request.overdue,
            lines_max: usize::try_from(request.lines_max).unwrap_or(usize::MAX),
        };
        let basis = Some(self.basis(as_of_ms));
        let Some(board) = self.board()? else {
            return Ok(v1::ListRisksResponse {
                basis,
                ..Default::default()
            });
        };
        let found = forecast::risks(&board, &mut Models::default(), &wanted, as_of_ms);
        let lines = found.lines.iter();
        // The core's line has the wire's format.
        let lines = lines.map(|line| v1::RiskLine::decode(line.encode_to_vec().as_slice()));
        Ok(v1::ListRisksResponse {
            basis,
            risks: lines
                .collect::<Result<_, _>>()
                .map_err(AnswerError::request)?,
            wanted: found.wanted,
            pending: found.pending,
            overdue: found.overdue,
            unknown: found.unknown,
        })
    }

    /// Gives what was expected of a dataset and period by when, and what arrived.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn arrivals(
        &self,
        request: &v1::GetArrivalsRequest,
    ) -> Result<v1::GetArrivalsResponse, AnswerError> {
        let code = DatasetCode::new(&request.dataset).map_err(AnswerError::request)?;
        let period = Period::parse(&request.period).map_err(AnswerError::request)?;
        let as_of_ms = self.instant(request.as_of_ms);
        let board = self.board()?.ok_or(AnswerError::NoCatalogue)?;
        let catalogue = board.catalogue();
        let dataset = catalogue.dataset_index(&code);
        let dataset = dataset.ok_or(AnswerError::NoDataset)?;
        if !catalogue.dataset_at(dataset).covers(period) {
            return Err(AnswerError::NoPeriod);
        }
        let found = forecast::arrivals(&board, &mut Models::default(), dataset, period, as_of_ms);
        let found = found.ok_or(AnswerError::NoPeriod)?;
        Ok(curve(found, self.basis(as_of_ms)))
    }

    /// Replays history and scores the forecasts.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn calibration(
        &self,
        request: &v1::GetCalibrationRequest,
    ) -> Result<v1::GetCalibrationResponse, AnswerError> {
        let filter = filter(request.filter.as_ref())?;
        let as_of_ms = self.instant(request.as_of_ms);
        let board = self.board()?.ok_or(AnswerError::NoCatalogue)?;
        let found = forecast::calibrate(&board, &filter, as_of_ms);
        Ok(scores(found, self.basis(as_of_ms)))
    }
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
    let observed = bin.observed.map_or_else(Default::default, |observed| {
        (
            observed.share_percent,
            observed.low_percent,
            observed.high_percent,
        )
    });
    let (observed_percent, low_percent, high_percent) = observed;
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
