//! The log, its receipts, the agents, the lists of the catalogue, and the token itself.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use granary_core::{
    catalogue,
    ledger::{JournalEntry, LogIndex, Subject},
};
use granary_proto::v1;

use super::{
    Api,
    answer::{Desk, Need, answer, computed},
    asked::{Asked, FilterParams},
    gate::Caller,
    model::{
        At, Named, Sha256, Words,
        about::{
            Agents, Cosigned, Dataset, Datasets, Indicator, Indicators, Log, Scorecard, Scorecards,
            TokenAbout, Unit, Units,
        },
    },
    problem::Problem,
};
use crate::{
    people::TokenScope,
    serve::{failure::Failure, fleet, transparency},
};

/// How many agents are asked for.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `read` reads")]
struct CountParams {
    /// How many at the most; 1,000 where it is left out, at most 10,000.
    #[param(minimum = 1, maximum = 10_000)]
    count_max: Option<u32>,
}

/// Lists the offices' agents, silent ones first. Scope `read:agents`.
#[utoipa::path(get, path = "/agents", tag = "city", params(CountParams, ("unit" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Units, separated by commas"), ("under" = Option<String>, Query, description = "Only this unit and whatever was ever below it in the tree")), responses((status = 200, description = "The agents", body = Agents)))]
pub(super) async fn agents(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    let need = Need::scope(TokenScope::Agents);
    answer(api, caller, need, move |desk| {
        let mut asked = Asked::parse(query.as_deref());
        let units = FilterParams::read(&mut asked, desk)?.units;
        let count_max = asked.number("count_max")?.unwrap_or(0);
        asked.end()?;
        let request = v1::ListAgentsRequest { units, count_max };
        Ok(Agents::of(fleet::list(desk.city(), request)?))
    })
    .await
}

/// How far the city is, and the newest signed heads of its log. Any good token.
#[utoipa::path(get, path = "/log", tag = "city", responses((status = 200, description = "The log", body = Log)))]
pub(super) async fn log(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    answer(api, caller, Need::token(), move |desk| {
        Asked::parse(query.as_deref()).end()?;
        let city = desk.city();
        let status = city.handle.status();
        let cosigned = city.witnesses.most_cosigned();
        Ok(Log {
            entries: status.size,
            folded: status.applied,
            checkpoint: city
                .witnesses
                .published(&city.handle.journal().checkpoint()),
            most_cosigned: cosigned.map(|(size, note)| Cosigned { size, note }),
            verifier_key: city.log_verifier_key.clone(),
            catalogue_version: Some(desk.catalogue.version().into()),
            alarm: status.alarm.map(|alarm| alarm.to_string()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    })
    .await
}

/// The receipt of an entry (C2SP tlog-proof), which anybody can verify. Any good token; a snapshot's only where the token sees its unit.
#[utoipa::path(get, path = "/log/receipts/{index}", tag = "city", params(("index" = u64, Path, description = "The entry's place in the journal")), responses((status = 200, description = "The receipt", body = String, content_type = "text/plain")))]
pub(super) async fn receipt(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Path(index): Path<String>,
) -> Response {
    computed(api, caller, Need::token(), move |desk| {
        let none = || Problem::not_found("日志中没有这一条", "the journal has no such entry");
        let index = LogIndex(index.parse().map_err(|_| none())?);
        let city = desk.city();
        let bytes = city.handle.journal().entry(index);
        let bytes = bytes.map_err(Failure::internal)?.ok_or_else(none)?;
        let entry = JournalEntry::decode(&bytes).map_err(Failure::internal)?;
        if let Subject::Snapshot(slot) = &entry.subject {
            desk.scope.unit(slot.unit.as_str())?;
        }
        let receipt = transparency::witnessed_receipt(city, index)?.ok_or_else(none)?;
        let kind = HeaderValue::from_static("text/plain; charset=utf-8");
        Ok(([(header::CONTENT_TYPE, kind)], receipt.to_text()).into_response())
    })
    .await
}

/// The units that the token sees. Any good token.
#[utoipa::path(get, path = "/units", tag = "catalogue", responses((status = 200, description = "The units", body = Units)))]
pub(super) async fn units(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    answer(api, caller, Need::token(), move |desk| {
        Asked::parse(query.as_deref()).end()?;
        let seen = desk.catalogue.units().iter();
        let seen = seen.filter(|unit| desk.scope.holds(unit.code().as_str()));
        Ok(Units {
            catalogue_version: Sha256::from(desk.catalogue.version()),
            units: seen.map(|one| unit(desk, one)).collect(),
        })
    })
    .await
}

fn unit(desk: &Desk<'_>, unit: &catalogue::Unit) -> Unit {
    let today = desk.sight().today();
    let parent = desk.catalogue.parent_on(unit.code(), today);
    Unit {
        code: unit.code().to_string(),
        name: Words::from(unit.name()),
        level: unit.level().map(ToString::to_string),
        parent: parent.map(ToString::to_string),
        is_in_force: unit.in_force_on(today),
    }
}

/// The datasets. Any good token.
#[utoipa::path(get, path = "/datasets", tag = "catalogue", responses((status = 200, description = "The datasets", body = Datasets)))]
pub(super) async fn datasets(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    answer(api, caller, Need::token(), move |desk| {
        Asked::parse(query.as_deref()).end()?;
        let dataset = |one: &catalogue::Dataset| Dataset {
            code: one.code().to_string(),
            name: Words::from(one.name()),
            periodicity: one.periodicity().word(),
            is_itemised: one.itemised(),
            first_period: one.first_period().to_string(),
            last_period: one.last_period().map(|period| period.to_string()),
            indicators: one.indicators().iter().map(ToString::to_string).collect(),
            edits: one
                .edits()
                .iter()
                .map(|edit| edit.id().to_string())
                .collect(),
        };
        Ok(Datasets {
            catalogue_version: Sha256::from(desk.catalogue.version()),
            datasets: desk.catalogue.datasets().iter().map(dataset).collect(),
        })
    })
    .await
}

/// The indicators. Any good token.
#[utoipa::path(get, path = "/indicators", tag = "catalogue", responses((status = 200, description = "The indicators", body = Indicators)))]
pub(super) async fn indicators(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    answer(api, caller, Need::token(), move |desk| {
        Asked::parse(query.as_deref()).end()?;
        let indicator = |one: &catalogue::Indicator| {
            let measure = desk.catalogue.measure(one.unit_of_measure());
            Indicator {
                code: one.code().to_string(),
                name: Words::from(one.name()),
                unit_of_measure: measure.map(|one| Named::new(one.code(), one.name())),
                decimals: one.decimals(),
                owner: one.owner().to_string(),
            }
        };
        Ok(Indicators {
            catalogue_version: Sha256::from(desk.catalogue.version()),
            indicators: desk.catalogue.indicators().iter().map(indicator).collect(),
        })
    })
    .await
}

/// The scorecards. Any good token.
#[utoipa::path(get, path = "/scorecards", tag = "catalogue", responses((status = 200, description = "The scorecards", body = Scorecards)))]
pub(super) async fn scorecards(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    answer(api, caller, Need::token(), move |desk| {
        Asked::parse(query.as_deref()).end()?;
        let card = |one: &catalogue::Scorecard| Scorecard {
            code: one.code().to_string(),
            name: Words::from(one.name()),
            periodicity: one.periodicity().word(),
        };
        Ok(Scorecards {
            catalogue_version: Sha256::from(desk.catalogue.version()),
            scorecards: desk.catalogue.scorecards().iter().map(card).collect(),
        })
    })
    .await
}

/// What the token may do. Any good token.
#[utoipa::path(get, path = "/token", tag = "city", responses((status = 200, description = "The token", body = TokenAbout)))]
pub(super) async fn token(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    answer(api, caller, Need::token(), move |desk| {
        Asked::parse(query.as_deref()).end()?;
        let token = &desk.caller.token;
        Ok(TokenAbout {
            name: token.name.clone(),
            scopes: token.scopes.iter().map(|scope| scope.word()).collect(),
            under: token.under.clone(),
            expires_at: At(token.expires_at_ms),
        })
    })
    .await
}
