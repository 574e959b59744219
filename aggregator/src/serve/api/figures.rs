//! Figures with their vintages.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{RawQuery, State},
    response::Response,
};
use granary_core::{
    access::Access,
    code::{DatasetCode, IndicatorCode},
};
use granary_proto::v1;

use super::{
    Api,
    answer::{Desk, Need, answer},
    asked::{AsOfParams, Asked},
    gate::Caller,
    model::{Named, all, series::Series},
    problem::Problem,
};
use crate::{people::TokenScope, serve::series as stored};

/// Which series is meant.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `read` reads")]
struct SeriesParams {
    /// The unit.
    unit: String,
    /// The dataset.
    dataset: String,
    /// The indicator.
    indicator: String,
    /// The item, in an itemised dataset.
    item: Option<String>,
    /// Whether all vintages are wanted instead of the value known at the instant; false where it is left out.
    vintages: Option<bool>,
    /// The first period, in SDMX form; from the beginning where it is left out.
    first_period: Option<String>,
    /// The last period, in SDMX form; to the end where it is left out.
    last_period: Option<String>,
}

impl SeriesParams {
    fn read(asked: &mut Asked) -> Result<v1::GetSeriesRequest, Problem> {
        Ok(v1::GetSeriesRequest {
            unit: asked.need("unit")?,
            dataset: asked.need("dataset")?,
            indicator: asked.need("indicator")?,
            item: asked.one("item")?,
            vintages: asked.flag("vintages")?,
            first_period: asked.one("first_period")?.unwrap_or_default(),
            last_period: asked.one("last_period")?.unwrap_or_default(),
            as_of_ms: AsOfParams::read(asked)?,
        })
    }
}

/// One indicator of one unit, as known at an instant or with all vintages. Scope `read:figures`; the reading is logged.
#[utoipa::path(get, path = "/series", tag = "figures", params(SeriesParams, AsOfParams), responses((status = 200, description = "The series", body = Series)))]
pub(super) async fn series(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    let mut asked = Asked::parse(query.as_deref());
    let language = caller.language;
    let request = SeriesParams::read(&mut asked).and_then(|request| asked.end().map(|()| request));
    let request = match request {
        Ok(request) => request,
        Err(problem) => return problem.into_response_for(language),
    };
    let what = format!("{}/{} {}", request.unit, request.dataset, request.indicator);
    let need = Need::read(TokenScope::Figures, Access::Series, what);
    answer(api, caller, need, move |desk| read(desk, request)).await
}

fn read(desk: &Desk<'_>, request: v1::GetSeriesRequest) -> Result<Series, Problem> {
    let unit = desk.scope.unit(&request.unit)?;
    let answer = stored::read(desk.city(), &request)?;
    let catalogue = &desk.catalogue;
    // The reading has taken all three for codes.
    let dataset = DatasetCode::new(&request.dataset).map_err(Problem::internal)?;
    let indicator = IndicatorCode::new(&request.indicator).map_err(Problem::internal)?;
    let named = catalogue.indicator(&indicator).ok_or_else(|| {
        Problem::not_found(
            "报表制度中没有这个指标",
            "the catalogue has no such indicator",
        )
    })?;
    let unit_name = catalogue.unit(&unit).map(|one| one.name().clone());
    let dataset_name = catalogue.dataset(&dataset).map(|one| one.name().clone());
    let measure = catalogue.measure(named.unit_of_measure());
    Ok(Series {
        basis: answer.basis.into(),
        unit: Named::new(&unit, &unit_name.unwrap_or_default()),
        dataset: Named::new(&dataset, &dataset_name.unwrap_or_default()),
        indicator: Named::new(&indicator, named.name()),
        item: request.item,
        unit_of_measure: measure.map(|one| Named::new(one.code(), one.name())),
        points: all(answer.points),
    })
}
