//! A data query, understood: the dataflow, what of it, and what is told of each observation.

use std::collections::BTreeMap;

use granary_core::{
    catalogue::Dataset,
    code::DatasetCode,
    sdmx::{Layout, Maintained, VINTAGES, flow_id},
};
use jiff::Timestamp;

use super::filter::{Filter, Order};
use crate::serve::api::{ApiProblem, Desk};

/// The parts of a data query's path; what is left out means all.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct DataPath {
    context: String,
    agency: String,
    id: String,
    version: Option<String>,
    key: Option<String>,
}

/// What is asked for.
pub(super) struct Query<'c> {
    pub(super) dataset: &'c Dataset,
    pub(super) layout: Layout,
    /// By component, all of which an observation has to pass.
    filters: Vec<(String, Filter)>,
    /// Keys, any of which an observation has to pass; each a filter for each dimension, or none.
    keys: Vec<Vec<Option<Filter>>>,
    /// Of each series.
    pub(super) first: Option<usize>,
    pub(super) last: Option<usize>,
    pub(super) as_of_ms: i64,
    pub(super) updated_after_ms: Option<i64>,
    /// The attributes that are told, in the order of the layout.
    pub(super) attributes: Vec<&'static str>,
    /// Whether the measure is told.
    pub(super) has_measure: bool,
}

impl DataPath {
    /// For the access log.
    pub(super) fn what(&self, query: &str) -> String {
        let key = self.key.as_deref().unwrap_or("*");
        format!("sdmx {} {key} {query}", self.id)
    }
}

impl<'c> Query<'c> {
    pub(super) fn read(
        desk: &'c Desk<'_>,
        maintained: &Maintained,
        path: &DataPath,
        query: Option<&str>,
    ) -> Result<Self, ApiProblem> {
        if path.context != "dataflow" {
            return Err(unsupported("context", &path.context, "dataflow"));
        }
        let (dataset, vintages) = flow(desk, maintained, path)?;
        let layout = Layout {
            items: dataset.itemised(),
            vintages,
        };
        let mut asked: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if asked
                .insert(name.clone().into_owned(), value.into_owned())
                .is_some()
            {
                let (zh, en) = (
                    format!("{name} 只能给一次"),
                    format!("{name} may be given once"),
                );
                return Err(ApiProblem::invalid(&name, zh, en));
            }
        }
        let attributes = attributes(layout, asked.remove("attributes").as_deref())?;
        let has_measure = measure(asked.remove("measures").as_deref())?;
        only(&mut asked, "dimensionAtObservation", &["TIME_PERIOD"])?;
        only(&mut asked, "includeHistory", &["false"])?;
        let read = Self {
            dataset,
            layout,
            keys: keys(layout, path.key.as_deref().unwrap_or("*"))?,
            first: count(&mut asked, "firstNObservations")?,
            last: count(&mut asked, "lastNObservations")?,
            as_of_ms: instant(&mut asked, "asOf")?.unwrap_or(0),
            updated_after_ms: instant(&mut asked, "updatedAfter")?,
            filters: filters(layout, asked)?,
            attributes,
            has_measure,
        };
        Ok(read)
    }

    /// Whether an observation is wanted, by the values of its dimensions before `TIME_PERIOD`, its period, and those of its attributes.
    pub(super) fn takes(
        &self,
        key: &[String],
        period: &str,
        values: &[String],
        value: &str,
    ) -> bool {
        let dimensions = self.layout.dimensions();
        let attributes = self.layout.attributes();
        let of = |component: &str| match component {
            "TIME_PERIOD" => period,
            "OBS_VALUE" => value,
            other => {
                let at = dimensions.iter().position(|known| *known == other);
                let known = at.and_then(|at| key.get(at));
                let at = || attributes.iter().position(|known| *known == other);
                known
                    .or_else(|| values.get(at()?))
                    .map_or("", String::as_str)
            }
        };
        let in_key = |wanted: &Vec<Option<Filter>>| {
            let mut pairs = wanted.iter().zip(key);
            pairs.all(|(filter, value)| filter.as_ref().is_none_or(|filter| filter.takes(value)))
        };
        self.filters
            .iter()
            .all(|(name, filter)| filter.takes(of(name)))
            && (self.keys.is_empty() || self.keys.iter().any(in_key))
    }

    /// Whether a period is wanted: asked before anything of it is read.
    pub(super) fn takes_period(&self, period: &str) -> bool {
        let mut own = self
            .filters
            .iter()
            .filter(|(name, _)| name == "TIME_PERIOD");
        own.all(|(_, filter)| filter.takes(period))
    }

    /// Whether a unit is wanted, by its code as SDMX writes it.
    pub(super) fn takes_unit(&self, unit: &str) -> bool {
        let mut own = self.filters.iter().filter(|(name, _)| name == "REF_AREA");
        let in_key = |key: &Vec<Option<Filter>>| {
            key.get(1)
                .is_none_or(|filter| filter.as_ref().is_none_or(|filter| filter.takes(unit)))
        };
        own.all(|(_, filter)| filter.takes(unit))
            && (self.keys.is_empty() || self.keys.iter().any(in_key))
    }
}

/// The dataset of a dataflow, and whether all vintages are meant.
fn flow<'c>(
    desk: &'c Desk<'_>,
    maintained: &Maintained,
    path: &DataPath,
) -> Result<(&'c Dataset, bool), ApiProblem> {
    let none = || {
        ApiProblem::not_found(
            "没有这个数据流；全部数据流见 /sdmx/v2/structure/dataflow",
            "there is no such dataflow: /sdmx/v2/structure/dataflow lists them",
        )
    };
    let wanted = path.version.as_deref().unwrap_or("*");
    let is_agency = path.agency == "*" || path.agency == maintained.agency.to_string();
    let is_version = matches!(wanted, "*" | "~" | "+") || wanted == maintained.version;
    if !is_agency || !is_version {
        return Err(none());
    }
    let (code, vintages) = match path.id.strip_suffix(VINTAGES) {
        Some(code) => (code, true),
        None => (path.id.as_str(), false),
    };
    let code = DatasetCode::new(code).map_err(|_| none())?;
    let dataset = desk.catalogue.dataset(&code).ok_or_else(none)?;
    debug_assert_eq!(flow_id(&code, vintages), path.id);
    Ok((dataset, vintages))
}

/// `A.*.gdp` or several of them, separated by commas; an empty part is any value, as in earlier versions.
fn keys(layout: Layout, text: &str) -> Result<Vec<Vec<Option<Filter>>>, ApiProblem> {
    if text == "*" || text == "all" {
        return Ok(Vec::new());
    }
    let dimensions = layout.dimensions();
    let key = |text: &str| {
        let parts: Vec<&str> = text.split('.').collect();
        if parts.len() != dimensions.len() {
            let names = dimensions.join(".");
            return Err(ApiProblem::invalid(
                "key",
                format!("键应为 {names}，各部分可写 *"),
                format!("a key is {names}, any part of which may be *"),
            ));
        }
        let filter = |part: &&str| {
            let any = part.is_empty() || *part == "*";
            (!any).then(|| Filter::any_of(part.split('+'))).flatten()
        };
        Ok(parts.iter().map(filter).collect())
    };
    text.split(',').map(key).collect()
}

/// `c[COMPONENT]=…`; what is left is nothing that is known here.
fn filters(
    layout: Layout,
    asked: BTreeMap<String, String>,
) -> Result<Vec<(String, Filter)>, ApiProblem> {
    let filter = |(name, text): (String, String)| {
        let component = name
            .strip_prefix("c[")
            .and_then(|rest| rest.strip_suffix(']'));
        let known = component.filter(|component| {
            layout.dimensions().contains(component)
                || layout.attributes().contains(component)
                || matches!(*component, "TIME_PERIOD" | "OBS_VALUE")
        });
        let Some(component) = known else {
            let name: String = name.chars().take(40).collect();
            let (zh, en) = (
                format!("没有 {name} 这个参数或分量"),
                format!("there is no parameter or component {name}"),
            );
            return Err(ApiProblem::invalid(&name, zh, en));
        };
        let order = match component {
            "TIME_PERIOD" => Order::Period,
            "VINTAGE" | "LOG_INDEX" | "REVISION" | "DECIMALS" | "OBS_VALUE" => Order::Number,
            _ => Order::Text,
        };
        Ok((
            component.to_owned(),
            Filter::parse(component, &text, order)?,
        ))
    };
    asked.into_iter().map(filter).collect()
}

fn attributes(layout: Layout, asked: Option<&str>) -> Result<Vec<&'static str>, ApiProblem> {
    let all = layout.attributes();
    match asked {
        None | Some("dsd" | "all" | "obs") => Ok(all),
        // There is reference metadata of none, and no attribute of a dataset or a series.
        Some("none" | "msd" | "dataset" | "series") => Ok(Vec::new()),
        Some(text) => {
            let wanted: Vec<&str> = text.split(',').collect();
            if let Some(odd) = wanted.iter().find(|name| !all.contains(name)) {
                return Err(unsupported("attributes", odd, &all.join(", ")));
            }
            Ok(all
                .into_iter()
                .filter(|name| wanted.contains(name))
                .collect())
        }
    }
}

fn measure(asked: Option<&str>) -> Result<bool, ApiProblem> {
    match asked {
        None | Some("all" | "OBS_VALUE") => Ok(true),
        Some("none") => Ok(false),
        Some(other) => Err(unsupported("measures", other, "all, none, OBS_VALUE")),
    }
}

/// A parameter of which there are only these values.
fn only(
    asked: &mut BTreeMap<String, String>,
    name: &str,
    values: &[&str],
) -> Result<(), ApiProblem> {
    match asked.remove(name) {
        Some(other) if !values.contains(&other.as_str()) => {
            Err(unsupported(name, &other, &values.join(", ")))
        }
        Some(_) | None => Ok(()),
    }
}

fn count(asked: &mut BTreeMap<String, String>, name: &str) -> Result<Option<usize>, ApiProblem> {
    let Some(text) = asked.remove(name) else {
        return Ok(None);
    };
    let count = text.parse().ok().filter(|count| *count > 0);
    count
        .map(Some)
        .ok_or_else(|| unsupported(name, &text, "1, 2, …"))
}

fn instant(asked: &mut BTreeMap<String, String>, name: &str) -> Result<Option<i64>, ApiProblem> {
    let Some(text) = asked.remove(name) else {
        return Ok(None);
    };
    // A client may leave the zone out; then it is UTC.
    let at = text
        .parse::<Timestamp>()
        .or_else(|_| format!("{text}Z").parse());
    at.map(|at| Some(at.as_millisecond()))
        .map_err(|_| unsupported(name, &text, "2022-04-08T04:00:00Z"))
}

fn unsupported(name: &str, given: &str, known: &str) -> ApiProblem {
    let given: String = given.chars().take(40).collect();
    ApiProblem::invalid(
        name,
        format!("{name} 不支持“{given}”，可用：{known}"),
        format!("{name} cannot be {given:?} here; there is: {known}"),
    )
}
