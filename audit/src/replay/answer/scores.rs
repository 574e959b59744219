//! League tables, how a score came about, and progress towards targets: with the bytes that the city computes from the same
//! entries.

use granary_core::{
    bulletin::{self, League},
    catalogue::{DepartmentCode, Scorecard, ScorecardCode},
    code::UnitCode,
    completeness::Board,
    period::Period,
    scorecard::{self, Known, LeagueDocument},
    targets::{self, Figures, Scope},
};
use granary_proto::v1::{
    ExplainScoreRequest, ExplainScoreResponse, GetLeagueRequest, GetLeagueResponse,
    ListTargetsRequest, ListTargetsResponse,
};

use super::{AnswerError, Replayed, filter};

impl Replayed {
    /// Draws up a league table.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn league(&self, request: &GetLeagueRequest) -> Result<GetLeagueResponse, AnswerError> {
        let board = self.board()?.ok_or(AnswerError::NoCatalogue)?;
        let as_of_ms = self.instant(request.as_of_ms);
        let (card, period) = asked(&board, &request.scorecard, &request.period)?;
        let view = self.view();
        let known = Known {
            board: &board,
            view: &view,
            as_of_ms,
        };
        let document = self.document(as_of_ms, scorecard::draw_up(known, card, period)?);
        Ok(GetLeagueResponse {
            sha256: document.sha256().as_bytes().to_vec(),
            document: Some(published(&document)?),
        })
    }

    /// Accounts for one unit's score.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn explain_score(
        &self,
        request: &ExplainScoreRequest,
    ) -> Result<ExplainScoreResponse, AnswerError> {
        let board = self.board()?.ok_or(AnswerError::NoCatalogue)?;
        let as_of_ms = self.instant(request.as_of_ms);
        let (card, period) = asked(&board, &request.scorecard, &request.period)?;
        let unit = UnitCode::new(&request.unit).map_err(AnswerError::request)?;
        let view = self.view();
        let known = Known {
            board: &board,
            view: &view,
            as_of_ms,
        };
        let league = scorecard::draw_up(known, card, period)?;
        let account = scorecard::account(known, card, period, &unit, &league)?;
        let account = account.ok_or(AnswerError::NotInTable)?;
        let document = self.document(as_of_ms, league);
        Ok(ExplainScoreResponse {
            league_sha256: document.sha256().as_bytes().to_vec(),
            basis: Some(published(&document.basis)?),
            log: Some(published(&document.log)?),
            explanation: Some(published(&account)?),
        })
    }

    /// Lists the progress towards a year's targets.
    ///
    /// # Errors
    /// [`AnswerError`].
    pub fn targets(
        &self,
        request: &ListTargetsRequest,
    ) -> Result<ListTargetsResponse, AnswerError> {
        let board = self.board()?.ok_or(AnswerError::NoCatalogue)?;
        let catalogue = board.catalogue();
        let as_of_ms = self.instant(request.as_of_ms);
        let department = (!request.department.is_empty())
            .then(|| DepartmentCode::new(&request.department))
            .transpose()
            .map_err(AnswerError::request)?;
        if let Some(code) = &department
            && catalogue.department(code).is_none()
        {
            return Err(AnswerError::NoDepartment);
        }
        let scope = Scope {
            year: i16::try_from(request.year).map_err(AnswerError::request)?,
            filter: filter(request.filter.as_ref())?,
            department,
            last_day: None,
        };
        let view = self.view();
        let mut figures = Figures::new(&view, as_of_ms);
        let found = targets::progress(catalogue, &scope, &mut |unit, dataset, period, code| {
            figures.value(unit, dataset, period, code)
        })?;
        let lines = found.iter().map(|one| published(&one.line(catalogue)));
        Ok(ListTargetsResponse {
            log: Some(published(&self.log_head())?),
            basis: Some(published(&self.core_basis(as_of_ms))?),
            targets: lines.collect::<Result<_, _>>()?,
        })
    }

    fn document(&self, as_of_ms: i64, league: League) -> LeagueDocument {
        LeagueDocument {
            log: self.log_head(),
            basis: self.core_basis(as_of_ms),
            league,
        }
    }

    fn core_basis(&self, as_of_ms: i64) -> bulletin::Basis {
        let wire = self.basis(as_of_ms);
        bulletin::Basis {
            applied_size: wire.applied_size,
            as_of_ms,
            catalogue_version: wire.catalogue_version,
        }
    }
}

/// Which table is asked for.
fn asked<'b>(
    board: &'b Board,
    code: &str,
    period: &str,
) -> Result<(&'b Scorecard, Period), AnswerError> {
    let code = ScorecardCode::new(code).map_err(AnswerError::request)?;
    let period = Period::parse(period).map_err(AnswerError::request)?;
    let found = board.catalogue().scorecard(&code);
    let card = found.ok_or(AnswerError::NoScorecard)?;
    let word = card.periodicity().word();
    if card.periodicity() == period.periodicity() {
        return Ok((card, period));
    }
    Err(AnswerError::Request(format!(
        "the scorecard is drawn up for each {word}"
    )))
}

/// A core message as the published one, which has the same bytes.
fn published<A: prost::Message + Default>(message: &impl prost::Message) -> Result<A, AnswerError> {
    A::decode(message.encode_to_vec().as_slice()).map_err(AnswerError::request)
}
