//! *Indicators*: one series of one unit with every vintage, as a chart and as a table; beside it the year's target and the unit's peers.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Extension,
    extract::{RawQuery, State},
    response::{IntoResponse as _, Response},
};
use granary_core::{
    access::Access,
    code::{DatasetCode, IndicatorCode},
    period::Period,
};
use granary_proto::v1;
use maud::{Markup, html};

use super::{
    beside::{Beside, PEERS_SHOWN},
    select,
};
use crate::{
    people::Right,
    serve::{
        console::{
            Console,
            problem::Problem,
            routes::{Room, asked, page},
            view::{
                Frame, Tab, Visitor,
                chart::{self, Place},
                slot_path,
                table::{Cell, Table},
            },
        },
        series,
    },
};

/// Units to choose from.
const UNITS_MAX: usize = 3_000;
/// Places on the axis of time.
const PLACES_MAX: usize = 2_000;

/// `GET /indicators?dataset=&indicator=&unit=&item=`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let value = |name| asked(query.as_deref(), name);
    let chosen = (
        value("dataset"),
        value("indicator"),
        value("unit"),
        value("item"),
        value("csv"),
    );
    let is_whole = chosen.1.is_some() && chosen.2.is_some();
    let what = is_whole.then(|| {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        format!(
            "{} and peers/{} {}",
            text(&chosen.2),
            text(&chosen.0),
            text(&chosen.1)
        )
    });
    let read = what.map(|what| (Access::Series, what));
    page(console, visitor, (Right::Figures, read), move |room| {
        let frame = room.frame(Tab::Indicators);
        let title = frame.pick("指标", "Indicators");
        let (dataset, indicator, unit, item, csv) = chosen;
        let request = match (&dataset, indicator, unit) {
            (Some(dataset), Some(indicator), Some(unit)) => {
                let unit = room.scope.unit(&unit)?.to_string();
                own_figures(room, dataset, &indicator)?;
                Some(v1::GetSeriesRequest { unit, dataset: dataset.clone(), indicator, item, vintages: true, ..Default::default() })
            }
            _ => None,
        };
        let points = match &request {
            Some(request) => series::read(&room.console.city, request)?.points,
            None => Vec::new(),
        };
        let table = table(&frame, request.as_ref(), &points);
        let beside = request.as_ref().map(|request| Beside::read(room, request, &points)).transpose()?;
        let peers = beside.as_ref().map(|beside| beside.peers(room, &frame, if csv.is_some() { usize::MAX } else { PEERS_SHOWN }));
        let goals = beside.as_ref().map(|beside| beside.goals(&frame));
        if let Some(file) = { [Some(&table), peers.as_ref(), goals.as_ref()] }.into_iter().flatten().find_map(|table| table.csv(csv.as_deref())) {
            return file;
        }
        let body = html! {
            h1 { (title) }
            (choice(room, &frame, dataset.as_deref(), request.as_ref())?)
            @if let Some(request) = &request {
                (drawn(room, &frame, request, &points))
                @if let Some(beside) = &beside { (beside.targets(&frame)) }
                section { h2 { (frame.pick("各版次数值", "All vintages")) } (table.show(&frame)) }
                @if let (Some(beside), Some(peers)) = (&beside, &peers) { (beside.show(&frame, peers)) }
            }
        };
        Ok(frame.page(title, &body).into_response())
    })
    .await
}

/// Whether the person sees these figures.
fn own_figures(room: &Room<'_>, dataset: &str, indicator: &str) -> Result<(), Problem> {
    let dataset = DatasetCode::new(dataset).map_err(|_| Problem::NotFound)?;
    let indicator = IndicatorCode::new(indicator).map_err(|_| Problem::NotFound)?;
    if room.scope.holds_figures(&dataset, &indicator) {
        Ok(())
    } else {
        Err(Problem::NotAllowed)
    }
}

/// First the dataset; then, of it, the indicator and the unit.
fn choice(
    room: &Room<'_>,
    frame: &Frame<'_>,
    dataset: Option<&str>,
    request: Option<&v1::GetSeriesRequest>,
) -> Result<Markup, Problem> {
    let catalogue = &room.catalogue;
    let mut datasets = vec![(String::new(), frame.pick("请选择", "choose").to_owned())];
    datasets.extend(catalogue.datasets().iter().map(|one| {
        (
            one.code().to_string(),
            frame.visitor.say(one.name()).to_owned(),
        )
    }));
    let found = match dataset {
        None => None,
        Some(text) => {
            let code = DatasetCode::new(text).map_err(|_| Problem::NotFound)?;
            Some(catalogue.dataset(&code).ok_or(Problem::NotFound)?)
        }
    };
    let name = |code: &IndicatorCode| {
        catalogue.indicator(code).map_or(code.to_string(), |one| {
            frame.visitor.say(one.name()).to_owned()
        })
    };
    let indicators: Vec<_> = found
        .map(|one| one.indicators())
        .unwrap_or_default()
        .iter()
        .map(|code| (code.to_string(), name(code)))
        .collect();
    let units = catalogue
        .units()
        .iter()
        .filter(|unit| room.scope.holds(unit.code().as_str()));
    let units: Vec<_> = units
        .take(UNITS_MAX)
        .map(|unit| {
            (
                unit.code().to_string(),
                frame.visitor.say(unit.name()).to_owned(),
            )
        })
        .collect();
    let is_itemised = found.is_some_and(|one| one.itemised());
    let item = request
        .and_then(|request| request.item.as_deref())
        .unwrap_or_default();
    Ok(html! { form.choice method="get" action="/indicators" {
        (select("dataset", frame.pick("报表", "Dataset"), dataset.unwrap_or_default(), &datasets))
        @if found.is_some() {
            (select("indicator", frame.pick("指标", "Indicator"), request.map_or("", |request| &request.indicator), &indicators))
            (select("unit", frame.pick("单位", "Unit"), request.map_or("", |request| &request.unit), &units))
            @if is_itemised { label { span { (frame.pick("明细项", "Item")) } input type="text" name="item" value=(item) maxlength="64"; } }
        }
        button type="submit" { (frame.pick("显示", "Show")) }
    } })
}

fn drawn(
    room: &Room<'_>,
    frame: &Frame<'_>,
    request: &v1::GetSeriesRequest,
    points: &[v1::SeriesPoint],
) -> Markup {
    let places = places(points);
    let indicator = IndicatorCode::new(&request.indicator).ok();
    let indicator = indicator
        .as_ref()
        .and_then(|code| room.catalogue.indicator(code));
    let name = indicator.map_or(request.indicator.as_str(), |one| {
        frame.visitor.say(one.name())
    });
    let measure = indicator.and_then(|one| room.catalogue.measure(one.unit_of_measure()));
    let unit = super::unit_name(frame, &room.catalogue, &request.unit);
    html! { section {
        h2 { (unit) " · " (name) @if let Some(measure) = measure { span.quiet { " (" (frame.visitor.say(measure.name())) ")" } } }
        (chart::line(frame, &places, name, None))
        p.quiet { (frame.pick("实点：现行值；空心点：修订前的值", "filled: the current value; hollow: before a revision")) }
    } }
}

/// The stated values of every period from the first to the last, so that the axis is one of time; a period of which none is known has none.
fn places(points: &[v1::SeriesPoint]) -> Vec<Place> {
    let mut stated: BTreeMap<Period, Vec<chart::Value>> = BTreeMap::new();
    // What comes late with a lower revision is not in force.
    let mut points: Vec<&v1::SeriesPoint> = points.iter().collect();
    points.sort_by_key(|point| (point.revision, point.index));
    for point in points {
        if let (Ok(period), Some(value)) = (Period::parse(&point.period), &point.value) {
            let scale = i32::try_from(value.scale).unwrap_or(0);
            let value = chart::Value {
                height: value.mantissa as f64 / 10_f64.powi(scale),
                told: decimal(value.mantissa, value.scale),
            };
            stated.entry(period).or_default().push(value);
        }
    }
    let (first, last) = (stated.keys().next(), stated.keys().next_back());
    let last = last.copied();
    let all = std::iter::successors(first.copied(), |period| period.plus(1));
    let all: Vec<Period> = all
        .take_while(|period| Some(*period) <= last)
        .take(PLACES_MAX)
        .collect();
    let place = |period: Period| Place {
        label: period.to_string(),
        values: stated.remove(&period).unwrap_or_default(),
    };
    all.into_iter().map(place).collect()
}

fn table(
    frame: &Frame<'_>,
    request: Option<&v1::GetSeriesRequest>,
    points: &[v1::SeriesPoint],
) -> Table {
    let columns = [
        frame.pick("报告期", "Period"),
        frame.pick("#数值", "#Value"),
        frame.pick("状态", "Status"),
        frame.pick("#版次", "#Revision"),
        frame.pick("收到时间", "Received"),
        frame.pick("#日志序号", "#Entry"),
    ];
    let mut table = Table::new("series", frame.pick("各版次数值", "All vintages"), &columns);
    let Some(request) = request else { return table };
    for point in points {
        let status = granary_core::snapshot::ObservationStatus::from_number(point.status);
        let value = point
            .value
            .as_ref()
            .map(|value| decimal(value.mantissa, value.scale));
        table.push(vec![
            Cell::link(
                &slot_path(&request.unit, &request.dataset, &point.period),
                point.period.clone(),
            ),
            Cell::figure(value.unwrap_or_default()),
            Cell::text(
                status
                    .map(|status| status.letter().to_string())
                    .unwrap_or_default(),
            ),
            Cell::count(point.revision.into()),
            Cell::instant(frame, point.received_at_ms),
            Cell::count(point.index),
        ]);
    }
    table
}

/// The digits of a decimal on the wire, with its trailing zeros: they are part of what was said.
fn decimal(mantissa: i64, scale: u32) -> String {
    let scale = usize::try_from(scale).unwrap_or(0).min(30);
    let digits = format!("{:0>width$}", mantissa.unsigned_abs(), width = scale + 1);
    let (whole, part) = digits.split_at(digits.len() - scale);
    let sign = if mantissa < 0 { "-" } else { "" };
    if part.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{part}")
    }
}

#[cfg(test)]
mod tests {
    use granary_proto::v1;

    use super::{decimal, places};

    #[test]
    fn periods_without_a_value_have_their_place_in_time() {
        let point = |period: &str, mantissa| v1::SeriesPoint {
            period: period.into(),
            value: Some(v1::Decimal { mantissa, scale: 1 }),
            ..Default::default()
        };
        let points = [
            point("2018-A1", 10),
            point("2018-A1", 12),
            point("2021-A1", 30),
        ];
        let places = places(&points);
        let labels: Vec<_> = places.iter().map(|place| place.label.as_str()).collect();
        assert_eq!(labels, ["2018-A1", "2019-A1", "2020-A1", "2021-A1"]);
        let told = |place: &crate::serve::console::view::chart::Place| -> Vec<(f64, String)> {
            let values = place.values.iter();
            values
                .map(|value| (value.height, value.told.clone()))
                .collect()
        };
        let values: Vec<_> = places.iter().map(told).collect();
        let stated = |height, told: &str| (height, told.to_owned());
        assert_eq!(
            values,
            [
                vec![stated(1.0, "1.0"), stated(1.2, "1.2")],
                vec![],
                vec![],
                vec![stated(3.0, "3.0")]
            ]
        );
        assert!(super::places(&[]).is_empty());
    }

    #[test]
    fn a_decimal_keeps_its_digits() {
        assert_eq!(decimal(-50_020, 2), "-500.20");
        assert_eq!(decimal(5, 3), "0.005");
        assert_eq!(decimal(7, 0), "7");
        assert_eq!(decimal(i64::MIN, 0), i64::MIN.to_string());
    }
}
