//! The monitoring service: slots, completeness, findings, series and status, each with what it stands on.

use std::{collections::BTreeSet, sync::Arc};

use granary_core::{
    access::Access,
    code::{DatasetCode, UnitCode},
    completeness::{Filter, Imported},
    period::Period,
};
use granary_proto::v1::{self, monitoring_service_server::MonitoringService};
use tonic::{Request, Response, Status};

use super::{
    City, access, blocking,
    failure::{Failure, Need},
    findings, fleet, guard, recheck, screen, series, slots,
};

/// The most values in one list of a filter.
const FILTER_VALUES_MAX: usize = 10_000;

/// The service.
pub(super) struct Monitoring {
    pub(super) city: Arc<City>,
}

impl Monitoring {
    /// As [`Self::answer`], for what hands out figures or explanations: the access is in the log first.
    async fn logged<Q: Send + Sync + 'static, A: Send + 'static>(
        &self,
        request: Request<Q>,
        (access, what): (Access, String),
        compute: impl FnOnce(&City, Q) -> Result<A, Failure> + Send + 'static,
    ) -> Result<Response<A>, Status> {
        access::person(&self.city, &request, Need::Person, access, what).await?;
        self.answer(request, compute).await
    }

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
impl MonitoringService for Monitoring {
    async fn get_completeness(
        &self,
        request: Request<v1::GetCompletenessRequest>,
    ) -> Result<Response<v1::GetCompletenessResponse>, Status> {
        self.answer(request, slots::completeness).await
    }

    async fn list_slots(
        &self,
        request: Request<v1::ListSlotsRequest>,
    ) -> Result<Response<v1::ListSlotsResponse>, Status> {
        self.answer(request, slots::list).await
    }

    async fn list_findings(
        &self,
        request: Request<v1::ListFindingsRequest>,
    ) -> Result<Response<v1::ListFindingsResponse>, Status> {
        let slots = request.get_ref().filter.clone().unwrap_or_default();
        let list = |name: &str, values: &[String]| format!("{name} {}", values.join(","));
        let what = [
            list("units", &slots.units),
            list("datasets", &slots.datasets),
            list("periods", &slots.periods),
        ];
        self.logged(request, (Access::Findings, what.join(" ")), findings::list)
            .await
    }

    async fn screen_period(
        &self,
        request: Request<v1::ScreenPeriodRequest>,
    ) -> Result<Response<v1::ScreenPeriodResponse>, Status> {
        let asked = request.get_ref();
        let what = format!("{} {}", asked.dataset, asked.period);
        self.logged(request, (Access::Screening, what), |city, request| {
            screen::period(city, &request)
        })
        .await
    }

    async fn recheck_dataset(
        &self,
        request: Request<v1::RecheckDatasetRequest>,
    ) -> Result<Response<v1::RecheckDatasetResponse>, Status> {
        let what = request.get_ref().dataset.clone();
        self.logged(request, (Access::Recheck, what), |city, request| {
            recheck::dataset(city, &request)
        })
        .await
    }

    async fn get_series(
        &self,
        request: Request<v1::GetSeriesRequest>,
    ) -> Result<Response<v1::GetSeriesResponse>, Status> {
        let asked = request.get_ref();
        let what = format!("{}/{} {}", asked.unit, asked.dataset, asked.indicator);
        self.logged(request, (Access::Series, what), |city, request| {
            series::read(city, &request)
        })
        .await
    }

    async fn list_agents(
        &self,
        request: Request<v1::ListAgentsRequest>,
    ) -> Result<Response<v1::ListAgentsResponse>, Status> {
        self.answer(request, fleet::list).await
    }

    async fn get_status(
        &self,
        request: Request<v1::GetStatusRequest>,
    ) -> Result<Response<v1::GetStatusResponse>, Status> {
        guard::person(&request, Need::Person)?;
        Ok(Response::new(status(&self.city)))
    }
}

/// What an answer stands on. Taken before the rows are read, so that it never promises more than they hold.
pub(super) fn basis(city: &City, as_of_ms: i64) -> v1::Basis {
    v1::Basis {
        applied_size: city.handle.applied(),
        as_of_ms,
        catalogue_version: version(city),
    }
}

/// A filter from the wire.
pub(super) fn filter(wire: Option<v1::SlotFilter>) -> Result<Filter, Failure> {
    let wire = wire.unwrap_or_default();
    Ok(Filter {
        units: set("filter.units", &wire.units, UnitCode::new)?,
        datasets: set("filter.datasets", &wire.datasets, DatasetCode::new)?,
        periods: set("filter.periods", &wire.periods, Period::parse)?,
        ..Filter::default()
    })
}

/// A filter from the wire, with what the reader says about the tree and about imported history.
pub(super) fn filter_under(
    wire: Option<v1::SlotFilter>,
    under: &str,
    imported: bool,
) -> Result<Filter, Failure> {
    let under = (!under.is_empty())
        .then(|| UnitCode::new(under))
        .transpose();
    Ok(Filter {
        under: under.map_err(|error| Failure::invalid("under", error))?,
        imported: if imported {
            Imported::Counted
        } else {
            Imported::Apart
        },
        ..filter(wire)?
    })
}

fn set<T: Ord, E: std::fmt::Display>(
    field: &'static str,
    texts: &[String],
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<BTreeSet<T>, Failure> {
    if texts.len() > FILTER_VALUES_MAX {
        return Err(Failure::invalid(
            field,
            format!("at most {FILTER_VALUES_MAX} values are allowed"),
        ));
    }
    texts
        .iter()
        .map(|text| parse(text).map_err(|error| Failure::invalid(field, error)))
        .collect()
}

fn status(city: &City) -> v1::GetStatusResponse {
    let status = city.handle.status();
    v1::GetStatusResponse {
        journal_size: status.size,
        applied_size: status.applied,
        checkpoint: city.handle.journal().checkpoint().to_string(),
        catalogue_version: version(city),
        alarm: status
            .alarm
            .map(|alarm| alarm.to_string())
            .unwrap_or_default(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn version(city: &City) -> Vec<u8> {
    let registry = city.handle.registry();
    registry
        .catalogue()
        .map(|catalogue| catalogue.version().as_bytes().to_vec())
        .unwrap_or_default()
}
