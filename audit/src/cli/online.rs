//! The questions to a city, or to a file that holds its journal: one answer, drawn or written as JSON.

use std::{future::Future, path::Path};

use granary_core::{code::UnitCode, text::Bilingual};
use granary_proto::v1;

use super::{
    HOLDS, Response,
    args::{
        Completeness, Explain, Findings, League, Line, Measures, Recheck, Screen, Series, Slots,
        Source, Targets,
    },
    journal,
};
use crate::{
    city::{City, CityError},
    json,
    progress::Screen as Display,
    replay::{AnswerError, Replayed},
    table,
    words::Manner,
};

pub(super) fn completeness(
    manner: &Manner,
    screen: Display,
    as_json: bool,
    ask: &Completeness,
) -> Response {
    let by = ask
        .by
        .map_or(v1::GroupBy::Unspecified, super::args::By::wire);
    let request = v1::GetCompletenessRequest {
        filter: Some(ask.filter.wire()),
        group_by: by.into(),
        as_of_ms: ask.as_of.unwrap_or_default(),
        under: under(ask.under.as_ref()),
        imported: ask.imported.wire(),
    };
    let replayed = |journal: &Replayed| journal.completeness(&request);
    let asked = async |mut city: City| city.completeness(request.clone()).await;
    let answer = sourced(manner, screen, &ask.source, asked, replayed);
    shown(manner, as_json, answer, json::completeness, |answer| {
        table::completeness(manner, by, answer)
    })
}

pub(super) fn measures(
    manner: &Manner,
    screen: Display,
    as_json: bool,
    ask: &Measures,
) -> Response {
    let by = ask
        .by
        .map_or(v1::GroupBy::Unspecified, super::args::By::wire);
    let request = v1::ListMeasuresRequest {
        filter: Some(ask.filter.wire()),
        group_by: by.into(),
        under: under(ask.under.as_ref()),
        as_of_ms: ask.as_of.unwrap_or_default(),
        imported: ask.imported.wire(),
        ..Default::default()
    };
    let replayed = |journal: &Replayed| journal.measures(&request);
    let asked = async |mut city: City| city.measures(request.clone()).await;
    let answer = sourced(manner, screen, &ask.source, asked, replayed);
    shown(manner, as_json, answer, json::measures, |answer| {
        table::measures(manner, by, ask.imported.wire(), answer)
    })
}

fn under(unit: Option<&UnitCode>) -> String {
    unit.map(ToString::to_string).unwrap_or_default()
}

pub(super) fn findings(
    manner: &Manner,
    screen: Display,
    as_json: bool,
    ask: &Findings,
) -> Response {
    let request = v1::ListFindingsRequest {
        filter: Some(ask.filter.wire()),
        statuses: ask
            .status
            .iter()
            .map(|status| status.wire().into())
            .collect(),
        localise: true,
        ..Default::default()
    };
    let replayed = |journal: &Replayed| journal.findings(&request, ask.limit);
    let asked = async |mut city: City| city.findings(request.clone(), ask.limit).await;
    let answer = sourced(manner, screen, &ask.source, asked, replayed);
    shown(manner, as_json, answer, json::findings, |listing| {
        table::findings(manner, listing)
    })
}

pub(super) fn screen(manner: &Manner, as_json: bool, ask: &Screen) -> Response {
    let request = v1::ScreenPeriodRequest {
        dataset: ask.dataset.to_string(),
        period: ask.period.to_string(),
    };
    let answer = answered(&ask.line, async |mut city| city.screen(request).await);
    shown(manner, as_json, answer, json::screening, |answer| {
        table::screening(manner, answer)
    })
}

pub(super) fn recheck(manner: &Manner, as_json: bool, ask: &Recheck) -> Response {
    let request = v1::RecheckDatasetRequest {
        dataset: ask.dataset.to_string(),
    };
    let answer = answered(&ask.line, async |mut city| city.recheck(request).await);
    shown(manner, as_json, answer, json::recheck, |answer| {
        table::recheck(manner, answer)
    })
}

pub(super) fn slots(manner: &Manner, screen: Display, as_json: bool, ask: &Slots) -> Response {
    let request = v1::ListSlotsRequest {
        filter: Some(ask.filter.wire()),
        states: ask.state.iter().map(|state| state.wire().into()).collect(),
        as_of_ms: ask.as_of.unwrap_or_default(),
        imported: ask.imported.wire(),
        ..Default::default()
    };
    let replayed = |journal: &Replayed| journal.slots(&request, ask.limit);
    let asked = async |mut city: City| city.slots(request.clone(), ask.limit).await;
    let answer = sourced(manner, screen, &ask.source, asked, replayed);
    shown(manner, as_json, answer, json::slots, |listing| {
        table::slots(manner, listing)
    })
}

pub(super) fn series(manner: &Manner, screen: Display, as_json: bool, ask: &Series) -> Response {
    let period = |period: Option<granary_core::period::Period>| {
        period.map(|p| p.to_string()).unwrap_or_default()
    };
    let request = v1::GetSeriesRequest {
        unit: ask.unit.to_string(),
        dataset: ask.dataset.to_string(),
        indicator: ask.indicator.to_string(),
        item: ask.item.as_ref().map(ToString::to_string),
        as_of_ms: ask.as_of.unwrap_or_default(),
        vintages: ask.vintages,
        first_period: period(ask.from),
        last_period: period(ask.to),
    };
    let replayed = |journal: &Replayed| journal.series(&request);
    let asked = async |mut city: City| city.series(request.clone()).await;
    let answer = sourced(manner, screen, &ask.source, asked, replayed);
    shown(manner, as_json, answer, json::series, |answer| {
        table::series(manner, answer)
    })
}

pub(super) fn league(manner: &Manner, screen: Display, as_json: bool, ask: &League) -> Response {
    let request = v1::GetLeagueRequest {
        scorecard: ask.table.scorecard.to_string(),
        period: ask.table.period.to_string(),
        as_of_ms: ask.table.as_of.unwrap_or_default(),
    };
    let replayed = |journal: &Replayed| journal.league(&request);
    let asked = async |mut city: City| city.league(request.clone()).await;
    let answer = sourced(manner, screen, &ask.source, asked, replayed);
    shown(manner, as_json, answer, json::league, |answer| {
        table::league(manner, answer)
    })
}

pub(super) fn explain(manner: &Manner, screen: Display, as_json: bool, ask: &Explain) -> Response {
    let request = v1::ExplainScoreRequest {
        scorecard: ask.table.scorecard.to_string(),
        period: ask.table.period.to_string(),
        unit: ask.unit.to_string(),
        as_of_ms: ask.table.as_of.unwrap_or_default(),
    };
    let replayed = |journal: &Replayed| journal.explain_score(&request);
    let asked = async |mut city: City| city.explain_score(request.clone()).await;
    let answer = sourced(manner, screen, &ask.source, asked, replayed);
    let answer = answer.map(|mut answer| {
        if let (Some(only), Some(told)) = (&ask.component, &mut answer.explanation) {
            told.accounts
                .retain(|account| code_of(account) == only.as_str());
        }
        answer
    });
    shown(manner, as_json, answer, json::explanation, |answer| {
        table::explanation(manner, answer)
    })
}

fn code_of(account: &v1::ComponentAccount) -> &str {
    let component = account.component.as_ref();
    let named = component.and_then(|component| component.component.as_ref());
    named.map_or("", |named| &named.code)
}

pub(super) fn targets(manner: &Manner, screen: Display, as_json: bool, ask: &Targets) -> Response {
    let request = v1::ListTargetsRequest {
        filter: Some(v1::SlotFilter {
            units: ask.unit.iter().map(ToString::to_string).collect(),
            datasets: ask.dataset.iter().map(ToString::to_string).collect(),
            ..Default::default()
        }),
        year: i32::from(ask.year),
        department: ask
            .department
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        as_of_ms: ask.as_of.unwrap_or_default(),
    };
    let replayed = |journal: &Replayed| journal.targets(&request);
    let asked = async |mut city: City| city.targets(request.clone()).await;
    let answer = sourced(manner, screen, &ask.source, asked, replayed);
    shown(manner, as_json, answer, json::targets, |answer| {
        table::targets(manner, answer)
    })
}

/// Asks the city, or the file that is named in its place, which is checked from end to end first.
pub(super) fn sourced<T, F: Future<Output = Result<T, CityError>>>(
    manner: &Manner,
    screen: Display,
    source: &Source,
    ask: impl FnOnce(City) -> F,
    from_file: impl FnOnce(&Replayed) -> Result<T, AnswerError>,
) -> Result<T, Bilingual> {
    if let Some(file) = &source.archive {
        let journal = journal::replayed(manner, screen, file, source.log_key.as_deref())?;
        return from_file(&journal).map_err(|error| error.message());
    }
    let missing = || {
        Bilingual::new(
            "须给出 --server 和 --identity",
            "--server and --identity are needed",
        )
    };
    let server = source.server.as_deref().ok_or_else(missing)?;
    let identity = source.identity.as_deref().ok_or_else(missing)?;
    connected(server, identity, ask)
}

/// Asks over one connection. The program has nothing else to do, so one thread is enough.
pub(super) fn answered<T, F: Future<Output = Result<T, CityError>>>(
    line: &Line,
    ask: impl FnOnce(City) -> F,
) -> Result<T, Bilingual> {
    connected(&line.server, &line.identity, ask)
}

pub(super) fn connected<T, F: Future<Output = Result<T, CityError>>>(
    server: &str,
    identity: &Path,
    ask: impl FnOnce(City) -> F,
) -> Result<T, Bilingual> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| {
        Bilingual::new(
            format!("无法启动：{error}"),
            format!("cannot start: {error}"),
        )
    })?;
    runtime.block_on(async {
        let city = City::new(server, identity).map_err(|error| error.message())?;
        ask(city).await.map_err(|error| error.message())
    })
}

pub(super) fn shown<T>(
    manner: &Manner,
    as_json: bool,
    answer: Result<T, Bilingual>,
    json: impl FnOnce(&T) -> serde_json::Value,
    table: impl FnOnce(&T) -> String,
) -> Response {
    match answer {
        Err(message) => Response::failed(manner, &message),
        Ok(answer) if as_json => Response::json(&json(&answer), HOLDS),
        Ok(answer) => Response::answer(table(&answer), HOLDS),
    }
}
