//! Deadlines, what is due about now, and what is likely to be late.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    response::Response,
};
use granary_core::{
    code::DatasetCode,
    decimal::Decimal,
    period::{Period, Periodicity},
};
use granary_proto::v1;

use super::{
    Api,
    answer::{Desk, Need, answer},
    asked::{AsOfParams, Asked, FilterParams},
    gate::Caller,
    model::{
        At, Figure, Named, all,
        outlook::{Arrivals, Calendar, Call, Deadline, Risks, Sheet, Today},
    },
    problem::Problem,
};
use crate::{
    people::TokenScope,
    serve::{
        console::pages::{
            calendar::due_in,
            summary::{self, LINES_MAX, Reasons, Summary},
        },
        forecast,
    },
};

/// Which open slots are meant, beside their slots.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `read` reads")]
struct RiskParams {
    /// Only slots whose chance to be late is at least this, in per cent; 0 where it is left out.
    #[param(maximum = 100)]
    chance_percent_min: Option<u32>,
    /// Whether slots that are overdue already are told too; false where it is left out.
    overdue: Option<bool>,
    /// How many at the most; 1,000 where it is left out, at most 5,000.
    #[param(minimum = 1, maximum = 5_000)]
    lines_max: Option<u32>,
}

/// The month that is asked about.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `read` reads")]
struct MonthParams {
    /// The month in SDMX form, `2022-M03`; the present one where it is left out.
    month: Option<String>,
}

impl MonthParams {
    fn read(asked: &mut Asked, desk: &Desk<'_>) -> Result<Period, Problem> {
        let Some(text) = asked.one("month")? else {
            let today = desk.sight().today();
            return Period::containing(Periodicity::Month, today)
                .ok_or_else(|| Problem::internal("no month holds this day"));
        };
        let month = Period::parse(&text).ok();
        let month = month.filter(|period| period.periodicity() == Periodicity::Month);
        month.ok_or_else(|| {
            Problem::invalid(
                "month",
                "month 应写作 2022-M03",
                "month is written such as 2022-M03",
            )
        })
    }
}

/// How the day stands, as the console's first page tells it. Scope `read:completeness`.
#[utoipa::path(get, path = "/today", tag = "outlook", responses((status = 200, description = "The day", body = Today)))]
pub(super) async fn today(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    let need = Need::scope(TokenScope::Completeness);
    answer(api, caller, need, move |desk| {
        Asked::parse(query.as_deref()).end()?;
        let summary = Summary::of(&desk.sight(), LINES_MAX)?;
        let calls = summary
            .calls
            .iter()
            .map(|(unit, why)| call(desk, unit, why));
        Ok(Today {
            as_of: At(desk.caller.now_ms),
            calls: calls.collect(),
            sheets: summary
                .sheets
                .into_iter()
                .map(|one| sheet(desk, one))
                .collect(),
            late_count: summary.late.all,
            returned_count: summary.returned.all,
            at_risk_count: summary.risks.all,
            open_findings: summary.open,
            is_cut: summary.late.cut() + summary.returned.cut() + summary.risks.cut() > 0,
            late: all(summary.late.lines),
            returned: all(summary.returned.lines),
            at_risk: all(summary.risks.lines),
        })
    })
    .await
}

fn call(desk: &Desk<'_>, unit: &str, why: &Reasons) -> Call {
    let chance = Decimal::new(why.chance_milli.into(), 1);
    Call {
        unit: unit.to_owned(),
        late: why.late,
        returned: why.returned,
        open_findings: why.open,
        chance_late_percent: chance.filter(|chance| !chance.is_zero()).map(Figure::from),
        contacts: desk.contacts(unit),
    }
}

fn sheet(desk: &Desk<'_>, sheet: summary::Sheet) -> Sheet {
    Sheet {
        dataset: dataset(desk, &sheet.dataset),
        period: sheet.period.to_string(),
        due_at: At(sheet.due_at_ms),
        counts: Some(sheet.counts).into(),
        usually_arrived: Figure::text(sheet.usual(desk.caller.now_ms)),
    }
}

fn dataset(desk: &Desk<'_>, code: &str) -> Named {
    let known = DatasetCode::new(code).ok();
    let known = known.and_then(|code| desk.catalogue.dataset(&code));
    let name = known.map(|one| one.name().clone()).unwrap_or_default();
    Named::new(code, &name)
}

/// The deadlines of a month. Scope `read:completeness`.
#[utoipa::path(get, path = "/calendar", tag = "outlook", params(MonthParams), responses((status = 200, description = "The deadlines", body = Calendar)))]
pub(super) async fn calendar(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    let need = Need::scope(TokenScope::Completeness);
    answer(api, caller, need, move |desk| {
        let mut asked = Asked::parse(query.as_deref());
        let month = MonthParams::read(&mut asked, desk)?;
        asked.end()?;
        let days = due_in(&desk.catalogue, month);
        let deadline = |(day, due): (
            &jiff::civil::Date,
            &crate::serve::console::pages::calendar::Due,
        )| Deadline {
            day: day.to_string(),
            due_at: At(due.at_ms),
            dataset: dataset(desk, &due.dataset),
            period: due.period.to_string(),
        };
        let all = days
            .iter()
            .flat_map(|(day, dues)| dues.iter().map(move |due| (day, due)));
        Ok(Calendar {
            month: month.to_string(),
            zone: desk
                .catalogue
                .zone()
                .iana_name()
                .unwrap_or("UTC")
                .to_owned(),
            deadlines: all.map(deadline).collect(),
        })
    })
    .await
}

/// Open slots by how likely they are to be late. Scope `read:completeness`.
#[utoipa::path(get, path = "/risks", tag = "outlook", params(FilterParams, RiskParams, AsOfParams), responses((status = 200, description = "The slots at risk", body = Risks)))]
pub(super) async fn risks(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    let need = Need::scope(TokenScope::Completeness);
    answer(api, caller, need, move |desk| {
        let mut asked = Asked::parse(query.as_deref());
        let request = v1::ListRisksRequest {
            filter: Some(FilterParams::read(&mut asked, desk)?),
            as_of_ms: AsOfParams::read(&mut asked)?,
            chance_percent_min: asked.number("chance_percent_min")?.unwrap_or(0),
            overdue: asked.flag("overdue")?,
            lines_max: asked.number("lines_max")?.unwrap_or(0),
        };
        asked.end()?;
        Ok(Risks::from(forecast::risks(desk.city(), request)?))
    })
    .await
}

/// How many reports of a period have usually arrived by each instant, beside how many have. Scope `read:completeness`, of the whole city.
#[utoipa::path(get, path = "/arrivals/{dataset}/{period}", tag = "outlook",
    params(("dataset" = String, Path, description = "The dataset"), ("period" = String, Path, description = "The reference period, in SDMX form"), AsOfParams),
    responses((status = 200, description = "The curve", body = Arrivals)))]
pub(super) async fn arrivals(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Path((dataset, period)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let need = Need::scope(TokenScope::Completeness);
    answer(api, caller, need, move |desk| {
        let mut asked = Asked::parse(query.as_deref());
        let as_of_ms = AsOfParams::read(&mut asked)?;
        asked.end()?;
        desk.whole_city()?;
        let request = v1::GetArrivalsRequest {
            dataset,
            period,
            as_of_ms,
        };
        Ok(Arrivals::from(forecast::arrivals(desk.city(), &request)?))
    })
    .await
}
