//! One finding with all that is said about it: what does not hold, which figures are most likely wrong, what the unit and operations
//! say, and how the figure in question went before.

use granary_core::{
    catalogue::Catalogue,
    code::{DatasetCode, IndicatorCode, ItemKey},
    decimal::Decimal,
    edits::Edit,
    ledger::{LogIndex, Suspicion},
    period::Period,
};
use granary_proto::v1;
use maud::{Markup, html};

use super::dataset_name;
use crate::{
    people::Right,
    serve::{
        console::{
            acts,
            problem::Problem,
            routes::Room,
            view::{
                Frame,
                chart::{self, Place, Value},
                encoded, slot_path,
            },
        },
        history, series, suspects,
    },
};

/// How many periods before its own a finding's figure is shown in.
const PERIODS_BEFORE: i32 = 12;

/// Findings, each with what is suspected behind it.
pub(super) fn all(
    room: &Room<'_>,
    frame: &Frame<'_>,
    findings: &[v1::Finding],
) -> Result<Markup, Problem> {
    let registry = room.console.city.handle.registry();
    let suspected = suspects::of(&room.console.city, &registry, findings)?;
    let each = findings.iter().zip(&suspected);
    let each: Result<Vec<Markup>, Problem> = each
        .map(|(finding, suspicion)| one(room, frame, finding, suspicion.as_ref()))
        .collect();
    Ok(html! { @for one in each? { (one) } })
}

fn one(
    room: &Room<'_>,
    frame: &Frame<'_>,
    finding: &v1::Finding,
    suspicion: Option<&Suspicion>,
) -> Result<Markup, Problem> {
    let Some(failure) = &finding.failure else {
        return Ok(html! {});
    };
    let is_validity = failure.kind() == v1::EditKind::Validity;
    let (class, kind) = if is_validity {
        ("bad", frame.pick("强制性", "validity"))
    } else {
        ("wait", frame.pick("核实性", "quality"))
    };
    let path = slot_path(&finding.unit, &finding.dataset, &finding.period);
    let is_decided = room.may(Right::Act) && finding.status() == v1::FindingStatus::Explained;
    Ok(html! {
        article class={ "finding " (class) } {
            h2 { (sentence(room, frame, finding, failure)) }
            p {
                span class={ "badge " (class) } { (kind) } " " (standing(frame, finding, is_validity)) " "
                a href=(path) { (frame.pick(&finding.unit_name_zh, &finding.unit_name_en)) " · " (dataset_name(frame, &room.catalogue, &finding.dataset)) " · " (finding.period) }
                " " a.quiet href={ "/findings?edit=" (encoded(&failure.edit)) } { code { (failure.edit) } }
                @if let Some(item) = &failure.item { " [" (item) "]" }
            }
            @if let Some(suspicion) = suspicion { p.suspicion { (frame.visitor.say(&suspicion.words)) } }
            @if !failure.explanation.is_empty() { p { (frame.pick("单位说明：", "The unit says: ")) q { (failure.explanation) } } }
            @else if !is_validity && finding.status() != v1::FindingStatus::Corrected { p.quiet { (frame.pick("单位尚未说明", "The unit has said nothing yet")) } }
            @if !finding.decision_reason.is_empty() { p { (frame.pick("核定意见：", "Operations say: ")) (finding.decision_reason) } }
            (before(room, frame, finding, suspicion)?)
            @if is_decided { (acts::decision(frame, finding, failure)) }
        }
    })
}

/// What does not hold, with the unit of measure of the difference at its end.
pub(super) fn sentence(
    room: &Room<'_>,
    frame: &Frame<'_>,
    finding: &v1::Finding,
    failure: &v1::Failure,
) -> String {
    let text = frame.pick(&failure.message_zh, &failure.message_en);
    let difference = text.rsplit_once(frame.pick("差 ", "difference "));
    let measure = difference
        .filter(|(_, figure)| Decimal::parse(figure).is_ok())
        .and_then(|_| edit(&room.catalogue, finding))
        .and_then(Edit::difference_of)
        .and_then(|code| room.catalogue.indicator(&code))
        .and_then(|indicator| room.catalogue.measure(indicator.unit_of_measure()));
    measure.map_or_else(
        || text.to_owned(),
        |measure| format!("{text} {}", frame.visitor.say(measure.name())),
    )
}

/// How it stands: what is still to be done, in words of whoever has to do it.
fn standing(frame: &Frame<'_>, finding: &v1::Finding, is_validity: bool) -> Markup {
    let (class, zh, en) = match finding.status() {
        v1::FindingStatus::Open | v1::FindingStatus::Unspecified if is_validity => {
            ("bad", "须改正", "to be corrected")
        }
        // A decision outlives no new statement: what is open with one was sent back.
        v1::FindingStatus::Open | v1::FindingStatus::Unspecified
            if !finding.decision_reason.is_empty() =>
        {
            ("bad", "说明被退回", "explanation sent back")
        }
        v1::FindingStatus::Open | v1::FindingStatus::Unspecified => ("bad", "未说明", "open"),
        v1::FindingStatus::Explained if is_validity => (
            "wait",
            "已说明，仍须改正",
            "explained, still to be corrected",
        ),
        v1::FindingStatus::Explained => ("wait", "已说明", "explained"),
        v1::FindingStatus::Accepted => ("good", "已认可", "accepted"),
        v1::FindingStatus::Corrected => ("good", "已改正", "corrected"),
    };
    html! { span class={ "badge " (class) } { (frame.pick(zh, en)) } }
}

/// The edit of a finding, where the catalogue in force still has it.
fn edit<'c>(catalogue: &'c Catalogue, finding: &v1::Finding) -> Option<&'c Edit> {
    let failure = finding.failure.as_ref()?;
    let dataset = catalogue.dataset(&DatasetCode::new(&finding.dataset).ok()?)?;
    let mut edits = dataset.edits().iter();
    edits.find(|edit| edit.id().as_str() == failure.edit)
}

/// The figure that is most likely wrong, else the first that the edit looks at.
fn in_question(
    catalogue: &Catalogue,
    finding: &v1::Finding,
    suspicion: Option<&Suspicion>,
) -> Option<IndicatorCode> {
    let suspected = suspicion.and_then(|suspicion| suspicion.cells.first());
    let named = || edit(catalogue, finding)?.indicators().first();
    suspected.or_else(named).cloned()
}

/// How the figure in question went, as a small chart.
fn before(
    room: &Room<'_>,
    frame: &Frame<'_>,
    finding: &v1::Finding,
    suspicion: Option<&Suspicion>,
) -> Result<Markup, Problem> {
    let Some(indicator) = in_question(&room.catalogue, finding, suspicion) else {
        return Ok(html! {});
    };
    let places = places(room, finding, &indicator)?;
    let known = room.catalogue.indicator(&indicator);
    let name = known.map_or(indicator.as_str(), |one| frame.visitor.say(one.name()));
    let measure = known.and_then(|one| room.catalogue.measure(one.unit_of_measure()));
    let measure = measure.map_or("", |measure| frame.visitor.say(measure.name()));
    let label = format!(
        "{name} ({measure}) {}–{}",
        places.first().map_or("", |place| &place.label),
        places.last().map_or("", |place| &place.label)
    );
    let path = format!(
        "/indicators?unit={}&dataset={}&indicator={}",
        encoded(&finding.unit),
        encoded(&finding.dataset),
        encoded(indicator.as_str())
    );
    Ok(html! { details.before {
        summary { (frame.pick("与历史比较：", "Compare with history: ")) (name) }
        @if places.len() > 1 { (chart::line(frame, &places, &label, None)) p.quiet { (label) " · " a href=(path) { (frame.pick("全部", "all of it")) } } }
        @else { p.quiet { (frame.pick("此前没有数值可比", "there are no figures of earlier periods")) } }
    } })
}

/// What was stated in the periods before, and what the finding is about.
fn places(
    room: &Room<'_>,
    finding: &v1::Finding,
    indicator: &IndicatorCode,
) -> Result<Vec<Place>, Problem> {
    let city = &room.console.city;
    let item = finding
        .failure
        .as_ref()
        .and_then(|failure| failure.item.clone());
    let first = Period::parse(&finding.period)
        .ok()
        .and_then(|period| period.plus(-PERIODS_BEFORE));
    let request = v1::GetSeriesRequest {
        unit: finding.unit.clone(),
        dataset: finding.dataset.clone(),
        indicator: indicator.to_string(),
        item: item.clone(),
        first_period: first.map(|first| first.to_string()).unwrap_or_default(),
        last_period: finding.period.clone(),
        ..Default::default()
    };
    let points = series::read(city, &request)?.points;
    let own = history::snapshot(city, LogIndex(finding.snapshot_index))?;
    let item = item.as_deref().and_then(|item| ItemKey::new(item).ok());
    let own = own.value(indicator, item.as_ref()).map(number);
    let mut places: Vec<Place> = Vec::new();
    let mut is_revised = false;
    for point in points {
        let value = point.value.as_ref();
        let value = value
            .and_then(|value| Decimal::new(value.mantissa.into(), u8::try_from(value.scale).ok()?));
        let is_own = point.period == finding.period && point.index == finding.snapshot_index;
        is_revised |= point.period == finding.period && point.index > finding.snapshot_index;
        let values = value.map(number).filter(|_| !is_own);
        places.push(Place {
            label: point.period,
            values: values.into_iter().collect(),
        });
    }
    if places
        .last()
        .is_none_or(|last| last.label != finding.period)
    {
        places.push(Place {
            label: finding.period.clone(),
            values: Vec::new(),
        });
    }
    if let Some(last) = places.last_mut() {
        // What the finding is about stands last, in force or returned, until a later revision is in force.
        let at = if is_revised { 0 } else { last.values.len() };
        last.values.splice(at..at, own);
    }
    Ok(places)
}

/// A figure as it is drawn.
fn number(value: Decimal) -> Value {
    let told = value.to_string();
    Value {
        height: told.parse().unwrap_or_default(),
        told,
    }
}
