//! The score service: league tables, how a score came about, and progress towards targets.
//!
//! A table names the tree of the journal prefix that it stands on; [`steady`] sees to it that it is what a fold of that prefix gives.

use std::sync::Arc;

use granary_core::{
    bulletin::Basis,
    catalogue::{DepartmentCode, Scorecard, ScorecardCode},
    code::UnitCode,
    period::Period,
    scorecard::{self, Known, LeagueDocument},
    targets::{self, Figures, Scope},
};
use granary_proto::v1::{self, score_service_server::ScoreService};
use tonic::{Request, Response, Status};

use super::{
    City, blocking,
    failure::{Failure, Need},
    guard, monitoring,
    steady::{log_head, steady},
};

/// The service.
pub(super) struct Scores {
    pub(super) city: Arc<City>,
}

impl Scores {
    /// Lets the caller pass and computes the answer away from the tasks that move bytes.
    async fn answer<Q: Send + 'static, A: Send + 'static>(
        &self,
        request: Request<Q>,
        compute: impl FnOnce(&City, &Q) -> Result<A, Failure> + Send + 'static,
    ) -> Result<Response<A>, Status> {
        guard::person(&request, Need::Person)?;
        let city = Arc::clone(&self.city);
        let request = request.into_inner();
        Ok(Response::new(
            blocking(move || compute(&city, &request)).await?,
        ))
    }
}

#[tonic::async_trait]
impl ScoreService for Scores {
    async fn get_league(
        &self,
        request: Request<v1::GetLeagueRequest>,
    ) -> Result<Response<v1::GetLeagueResponse>, Status> {
        self.answer(request, league).await
    }

    async fn explain_score(
        &self,
        request: Request<v1::ExplainScoreRequest>,
    ) -> Result<Response<v1::ExplainScoreResponse>, Status> {
        self.answer(request, explain).await
    }

    async fn list_targets(
        &self,
        request: Request<v1::ListTargetsRequest>,
    ) -> Result<Response<v1::ListTargetsResponse>, Status> {
        self.answer(request, list_targets).await
    }
}

pub(super) fn league(
    city: &City,
    request: &v1::GetLeagueRequest,
) -> Result<v1::GetLeagueResponse, Failure> {
    let asked = Asked::read(&request.scorecard, &request.period)?;
    let (basis, league) = steady(city, request.as_of_ms, |known| {
        let card = asked.scorecard(known)?;
        scorecard::draw_up(known, card, asked.period).map_err(Failure::internal)
    })?;
    let document = document(city, basis, league)?;
    Ok(v1::GetLeagueResponse {
        sha256: document.sha256().as_bytes().to_vec(),
        document: Some(published(&document)?),
    })
}

pub(super) fn explain(
    city: &City,
    request: &v1::ExplainScoreRequest,
) -> Result<v1::ExplainScoreResponse, Failure> {
    let asked = Asked::read(&request.scorecard, &request.period)?;
    let unit = UnitCode::new(&request.unit).map_err(|e| Failure::invalid("unit", e))?;
    let (basis, (league, account)) = steady(city, request.as_of_ms, |known| {
        let card = asked.scorecard(known)?;
        let league = scorecard::draw_up(known, card, asked.period).map_err(Failure::internal)?;
        let account = scorecard::account(known, card, asked.period, &unit, &league);
        let account = account.map_err(Failure::internal)?;
        let account = account.ok_or(Failure::NotFound("the unit does not stand in this table"))?;
        Ok((league, account))
    })?;
    let document = document(city, basis, league)?;
    Ok(v1::ExplainScoreResponse {
        league_sha256: document.sha256().as_bytes().to_vec(),
        basis: Some(published(&document.basis)?),
        log: Some(published(&document.log)?),
        explanation: Some(published(&account)?),
    })
}

pub(super) fn list_targets(
    city: &City,
    request: &v1::ListTargetsRequest,
) -> Result<v1::ListTargetsResponse, Failure> {
    let department = match request.department.as_str() {
        "" => None,
        code => Some(DepartmentCode::new(code).map_err(|e| Failure::invalid("department", e))?),
    };
    let year = i16::try_from(request.year)
        .ok()
        .filter(|year| (Period::YEAR_MIN..=Period::YEAR_MAX).contains(year))
        .ok_or_else(|| Failure::invalid("year", "write a year from 1900 to 2199"))?;
    let scope = Scope {
        year,
        filter: monitoring::filter(request.filter.clone())?,
        department,
        last_day: None,
    };
    let (basis, lines) = steady(city, request.as_of_ms, |known| {
        let catalogue = known.board.catalogue();
        if let Some(code) = &scope.department
            && catalogue.department(code).is_none()
        {
            return Err(Failure::NotFound("the catalogue has no such department"));
        }
        let mut figures = Figures::new(known.view, known.as_of_ms);
        let found = targets::progress(catalogue, &scope, &mut |unit, dataset, period, code| {
            figures.value(unit, dataset, period, code)
        });
        let found = found.map_err(Failure::internal)?;
        Ok(found
            .iter()
            .map(|one| one.line(catalogue))
            .collect::<Vec<_>>())
    })?;
    Ok(v1::ListTargetsResponse {
        log: Some(published(&log_head(city, basis.applied_size)?)?),
        basis: Some(published(&basis)?),
        targets: lines.iter().map(published).collect::<Result<_, _>>()?,
    })
}

/// Which table is asked for.
struct Asked {
    code: ScorecardCode,
    period: Period,
}

impl Asked {
    fn read(code: &str, period: &str) -> Result<Self, Failure> {
        Ok(Self {
            code: ScorecardCode::new(code).map_err(|e| Failure::invalid("scorecard", e))?,
            period: Period::parse(period).map_err(|e| Failure::invalid("period", e))?,
        })
    }

    fn scorecard<'k>(&self, known: Known<'k>) -> Result<&'k Scorecard, Failure> {
        let found = known.board.catalogue().scorecard(&self.code);
        let card = found.ok_or(Failure::NotFound("the catalogue has no such scorecard"))?;
        let word = card.periodicity().word();
        if card.periodicity() == self.period.periodicity() {
            Ok(card)
        } else {
            Err(Failure::invalid(
                "period",
                format!("the scorecard is drawn up for each {word}"),
            ))
        }
    }
}

fn document(
    city: &City,
    basis: Basis,
    league: granary_core::bulletin::League,
) -> Result<LeagueDocument, Failure> {
    Ok(LeagueDocument {
        log: log_head(city, basis.applied_size)?,
        basis,
        league,
    })
}

/// A core message as the published one, which has the same bytes.
fn published<A: prost::Message + Default>(message: &impl prost::Message) -> Result<A, Failure> {
    A::decode(message.encode_to_vec().as_slice()).map_err(Failure::internal)
}
