//! *What if*: would these figures pass? Typed values are judged by the edits in force, with the functions that judge a report, and nothing
//! is stored.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use granary_core::{
    access::Access,
    catalogue::Dataset,
    code::{IndicatorCode, ItemKey},
    decimal::Decimal,
    edits::EditKind,
    ledger::{
        Assessment, Beyond, Consequence, Failure as Failed, Known, LogIndex, assess, assess_with,
        consequences,
    },
    snapshot::{Observation, ObservationStatus, SlotKey, Snapshot},
};
use maud::{Markup, html};

use super::{dataset_name, slot::named, unit_name};
use crate::{
    people::Right,
    serve::{
        console::{
            Console,
            problem::Problem,
            routes::{Read, Room, field, fields, page},
            view::{Frame, Tab, Visitor, slot_path},
        },
        history,
    },
};

/// The longest figure that may be typed, in characters.
const FIGURE_CHARS_MAX: usize = 40;
/// Lines of each list.
const LINES_MAX: usize = 100;

/// What was typed: of one item, in a dataset with items.
struct Typed {
    item: String,
    values: Vec<(IndicatorCode, String)>,
}

/// What the edits say.
struct Verdict {
    own: Assessment,
    beyond: Beyond,
    others: Vec<Consequence>,
}

/// `GET /slot/{unit}/{dataset}/{period}/try`: the form, with the current figures.
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Path((unit, dataset, period)): Path<(String, String, String)>,
) -> Response {
    let read = reading(&unit, &dataset, &period);
    page(console, visitor, (Right::Figures, read), move |room| {
        let slot = named(room, (&unit, &dataset, &period))?;
        let dataset = room
            .catalogue
            .dataset(&slot.dataset)
            .ok_or(Problem::NotFound)?;
        let current = current(room, &slot)?;
        let value = |code: &IndicatorCode| {
            let all = current.iter().flat_map(|one| &one.observations);
            let mut own = all.filter(|one| one.indicator == *code && one.item.is_none());
            let value = own.next().and_then(|one| one.value);
            value.map(|value| value.to_string()).unwrap_or_default()
        };
        let values = dataset
            .indicators()
            .iter()
            .map(|code| (code.clone(), value(code)));
        let typed = Typed {
            item: String::new(),
            values: values.collect(),
        };
        shown(room, &slot, dataset, &typed, None)
    })
    .await
}

/// `POST /slot/{unit}/{dataset}/{period}/try`: the typed figures are judged.
pub(in crate::serve::console) async fn judge(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Path((unit, dataset, period)): Path<(String, String, String)>,
    body: Bytes,
) -> Response {
    let read = reading(&unit, &dataset, &period);
    page(console, visitor, (Right::Figures, read), move |room| {
        let fields = fields(room.visitor, &body)?;
        let slot = named(room, (&unit, &dataset, &period))?;
        let dataset = room
            .catalogue
            .dataset(&slot.dataset)
            .ok_or(Problem::NotFound)?;
        let given = |code: &IndicatorCode| {
            let text = field(&fields, &format!("v.{code}")).unwrap_or_default();
            text.chars().take(FIGURE_CHARS_MAX).collect()
        };
        let values = dataset
            .indicators()
            .iter()
            .map(|code| (code.clone(), given(code)));
        let typed = Typed {
            item: field(&fields, "item").unwrap_or_default().to_owned(),
            values: values.collect(),
        };
        let snapshot = Arc::new(supposed(room, &slot, dataset, &typed)?);
        let city = &room.console.city;
        let elsewhere = |slot: &SlotKey| history::current(city, slot).unwrap_or(Known::Hidden);
        let verdict = Verdict {
            own: assess(&room.catalogue, &snapshot),
            beyond: assess_with(&room.catalogue, &snapshot, &elsewhere),
            others: consequences(&room.catalogue, &snapshot, &elsewhere),
        };
        shown(room, &slot, dataset, &typed, Some(&verdict))
    })
    .await
}

fn reading(unit: &str, dataset: &str, period: &str) -> Read {
    let slot = format!("what-if {unit}/{dataset}/{period}");
    Some((Access::Findings, slot.chars().take(160).collect()))
}

fn current(room: &Room<'_>, slot: &SlotKey) -> Result<Option<Snapshot>, Problem> {
    let city = &room.console.city;
    let row = history::slot_row(city, slot)?.unwrap_or_default();
    let current = row.current.map(|current| LogIndex(current.index));
    let found = current.map(|index| history::snapshot(city, index));
    Ok(found.transpose()?)
}

/// The statement that the figures would make: the current one with these in it, or one of them alone.
fn supposed(
    room: &Room<'_>,
    slot: &SlotKey,
    dataset: &Dataset,
    typed: &Typed,
) -> Result<Snapshot, Problem> {
    let item = Some(&typed.item).filter(|_| dataset.itemised());
    let item = item
        .map(|item| ItemKey::new(item))
        .transpose()
        .map_err(|error| {
            Problem::unfit(format!("明细项：{error}"), format!("the item: {error}"))
        })?;
    let known = current(room, slot)?;
    let mut snapshot = known.unwrap_or_else(|| Snapshot {
        slot: slot.clone(),
        revision: 0,
        prepared_at_ms: room.visitor.now_ms,
        catalogue_version: room.catalogue.version(),
        observations: Vec::new(),
        sign_offs: Vec::new(),
        evidence: Vec::new(),
        explanations: Vec::new(),
        software: String::new(),
    });
    snapshot.revision += 1;
    snapshot.explanations.clear();
    for (indicator, text) in &typed.values {
        let own = |one: &Observation| one.indicator == *indicator && one.item == item;
        snapshot.observations.retain(|one| !own(one));
        if text.is_empty() {
            continue;
        }
        let value = Decimal::parse(text).map_err(|_| not_a_figure(room, indicator, text))?;
        snapshot.observations.push(Observation {
            indicator: indicator.clone(),
            item: item.clone(),
            value: Some(value),
            status: ObservationStatus::Normal,
        });
    }
    // Whatever the order of the form is, a snapshot's figures are found by their own.
    let all = &mut snapshot.observations;
    all.sort_by(|one, other| (&one.indicator, &one.item).cmp(&(&other.indicator, &other.item)));
    Ok(snapshot)
}

fn not_a_figure(room: &Room<'_>, indicator: &IndicatorCode, text: &str) -> Problem {
    let known = room.catalogue.indicator(indicator);
    let name = known.map(|one| one.name().clone()).unwrap_or_default();
    Problem::unfit(
        format!(
            "“{}”的值 {text:?} 不是数字；写 12.5 这样的十进制数，不加千分位",
            name.zh
        ),
        format!(
            "{}: {text:?} is not a figure: write a decimal such as 12.5, without separators of thousands",
            name.en
        ),
    )
}

fn shown(
    room: &Room<'_>,
    slot: &SlotKey,
    dataset: &Dataset,
    typed: &Typed,
    verdict: Option<&Verdict>,
) -> Result<Response, Problem> {
    let frame = room.frame(Tab::Completeness);
    let (unit, code) = (slot.unit.as_str(), slot.dataset.as_str());
    let path = slot_path(unit, code, &slot.period.to_string());
    let title = frame.pick("试算", "What if");
    let body = html! {
        h1 { (title) " " span.quiet { (unit_name(&frame, &room.catalogue, unit)) " · " (dataset_name(&frame, &room.catalogue, code)) " · " (slot.period) } }
        p.quiet { (frame.pick("填入数值，看按现行规则能否通过；什么也不会保存或报送。", "Type figures to see whether they would pass the edits in force; nothing is stored or reported.")) " " a href=(path) { (frame.pick("回到这一项", "Back to the slot")) } }
        @if let Some(verdict) = verdict { (told(room, &frame, verdict)) }
        form.act method="post" action={ (path) "/try" } {
            (frame.visitor.secret())
            @if dataset.itemised() { label { span { (frame.pick("明细项", "Item")) } input type="text" name="item" value=(typed.item) maxlength="64" required; } }
            @for (indicator, value) in &typed.values {
                @let known = room.catalogue.indicator(indicator);
                @let measure = known.and_then(|one| room.catalogue.measure(one.unit_of_measure()));
                label { span { (known.map_or(indicator.as_str(), |one| frame.visitor.say(one.name()))) @if let Some(measure) = measure { " (" (frame.visitor.say(measure.name())) ")" } @if dataset.required().contains(indicator) { " *" } }
                    input type="text" inputmode="decimal" name={ "v." (indicator) } value=(value) maxlength=(FIGURE_CHARS_MAX) autocomplete="off"; }
            }
            div.row { button type="submit" { (frame.pick("试算", "Judge them")) } }
        }
    };
    Ok(frame.page(title, &body).into_response())
}

fn told(room: &Room<'_>, frame: &Frame<'_>, verdict: &Verdict) -> Markup {
    let all = verdict.own.failures.len() + verdict.beyond.failures.len();
    let (class, text) = if verdict.own.returned {
        (
            "bad",
            frame.pick(
                "将被退回：强制性审核未通过",
                "it would be returned: a validity edit fails",
            ),
        )
    } else if all > 0 {
        (
            "wait",
            frame.pick(
                "将被受理，但须逐条说明",
                "it would be accepted, and each finding has to be explained",
            ),
        )
    } else {
        (
            "good",
            frame.pick(
                "将被受理，全部规则通过",
                "it would be accepted: every edit holds",
            ),
        )
    };
    let failures = verdict.own.failures.iter().chain(&verdict.beyond.failures);
    html! { section {
        p class={ "notice " (class) } role="status" { (text) }
        @for failure in failures.take(LINES_MAX) { (one(frame, failure)) }
        @if !verdict.others.is_empty() {
            h2 { (frame.pick("本单位其他报表因此不再通过", "Other reports of the unit that would not hold any more")) }
            @for other in verdict.others.iter().take(LINES_MAX) {
                @let record = &other.record;
                p { a href=(slot_path(record.unit.as_str(), record.dataset.as_str(), &record.period.to_string())) { (dataset_name(frame, &room.catalogue, record.dataset.as_str())) " " (record.period) } @if other.failed_before { " " span.badge.wait { (frame.pick("原已有问题", "failed before as well")) } } }
                (one(frame, &other.failure))
            }
        }
        p.quiet { (frame.pick("汇总下级单位的规则不在此试算。", "Edits that sum over the units below are not judged here.")) }
    } }
}

fn one(frame: &Frame<'_>, failure: &Failed) -> Markup {
    let (class, kind) = match failure.kind {
        EditKind::Validity => ("bad", frame.pick("强制性", "validity")),
        EditKind::Quality => ("wait", frame.pick("核实性", "quality")),
    };
    html! { article class={ "finding " (class) } {
        h2 { (frame.visitor.say(&failure.message)) }
        p { span class={ "badge " (class) } { (kind) } " " code.quiet { (failure.edit) } @if let Some(item) = &failure.item { " [" (item) "]" } }
    } }
}
