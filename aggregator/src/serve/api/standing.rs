//! League tables, how a score came about, and targets.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    response::Response,
};
use granary_core::access::Access;
use granary_proto::v1;

use super::{
    Api,
    answer::{Need, answer},
    asked::{AsOfParams, Asked, FilterParams},
    gate::Caller,
    model::standing::{Account, League, Targets},
    problem::Problem,
};
use crate::{people::TokenScope, serve::scores};

/// Which targets are meant, beside their units.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `read` reads")]
struct TargetParams {
    /// The year.
    year: i32,
    /// Only targets for which this department answers.
    department: Option<String>,
}

/// A league table. Scope `read:completeness`. A token that is limited to a unit gets its units, with their ranks among all.
#[utoipa::path(get, path = "/league/{scorecard}/{period}", tag = "scores",
    params(("scorecard" = String, Path, description = "The scorecard"), ("period" = String, Path, description = "The reference period, in SDMX form"), AsOfParams),
    responses((status = 200, description = "The table", body = League)))]
pub(super) async fn league(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Path((scorecard, period)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let need = Need::scope(TokenScope::Completeness);
    answer(api, caller, need, move |desk| {
        let mut asked = Asked::parse(query.as_deref());
        let as_of_ms = AsOfParams::read(&mut asked)?;
        asked.end()?;
        let request = v1::GetLeagueRequest {
            scorecard,
            period,
            as_of_ms,
        };
        let mut league = League::from(scores::league(desk.city(), &request)?);
        league
            .standings
            .retain(|one| desk.scope.holds(&one.unit.code));
        Ok(league)
    })
    .await
}

/// How one score came about, down to its slots. Scope `read:completeness`.
#[utoipa::path(get, path = "/league/{scorecard}/{period}/{unit}", tag = "scores",
    params(("scorecard" = String, Path, description = "The scorecard"), ("period" = String, Path, description = "The reference period, in SDMX form"), ("unit" = String, Path, description = "The unit"), AsOfParams),
    responses((status = 200, description = "The account", body = Account)))]
pub(super) async fn account(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Path((scorecard, period, unit)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let need = Need::scope(TokenScope::Completeness);
    answer(api, caller, need, move |desk| {
        let mut asked = Asked::parse(query.as_deref());
        let as_of_ms = AsOfParams::read(&mut asked)?;
        asked.end()?;
        let request = v1::ExplainScoreRequest {
            scorecard,
            period,
            unit: desk.scope.unit(&unit)?.to_string(),
            as_of_ms,
        };
        Ok(Account::from(scores::explain(desk.city(), &request)?))
    })
    .await
}

/// Progress towards a year's targets. It tells figures: scope `read:figures`, and the reading is logged.
#[utoipa::path(get, path = "/targets", tag = "scores", params(FilterParams, TargetParams, AsOfParams), responses((status = 200, description = "The targets", body = Targets)))]
pub(super) async fn targets(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    let what = format!("targets {}", query.as_deref().unwrap_or_default());
    let need = Need::read(TokenScope::Figures, Access::Series, what);
    answer(api, caller, need, move |desk| {
        let mut asked = Asked::parse(query.as_deref());
        let filter = Some(FilterParams::read(&mut asked, desk)?);
        let year = asked
            .number("year")?
            .ok_or_else(|| Problem::invalid("year", "缺少 year（年份）", "year is missing"))?;
        let department = asked.one("department")?.unwrap_or_default();
        let as_of_ms = AsOfParams::read(&mut asked)?;
        asked.end()?;
        let request = v1::ListTargetsRequest {
            filter,
            year,
            department,
            as_of_ms,
        };
        Ok(Targets::from(scores::list_targets(desk.city(), &request)?))
    })
    .await
}
