//! What a unit's page says of its reporting: its scores, its rates with what they count, how they went, and what it revised.

use std::borrow::Cow;

use granary_core::{
    bulletin::{RevisionLine, Words},
    code::{DatasetCode, IndicatorCode, UnitCode},
    decimal::Decimal,
    measures::{self, Measure},
    period::{Period, Periodicity},
    targets::growth_percent,
};
use granary_proto::v1;
use maud::{Markup, html};

use super::{dataset_name, league, measure_name, measured, standing, today::bar, told, value_of};
use crate::{
    people::Right,
    serve::{
        console::{
            problem::Problem,
            routes::Room,
            view::{
                Frame,
                chart::{self, Place},
                encoded, slot_path,
                table::{Cell, Table},
            },
        },
        failure::Failure,
    },
};

/// Periods of the trend.
const TREND_MAX: usize = 24;
/// What is told of when and whether reports came, and what of the reports themselves.
const TIMELINESS: [Measure; 6] = [
    Measure::ReportingRate,
    Measure::OnTimeRate,
    Measure::MedianLateness,
    Measure::NinetiethLateness,
    Measure::RequiredCells,
    Measure::SystemUse,
];
const QUALITY: [Measure; 8] = [
    Measure::FirstTimeAcceptance,
    Measure::QualityEdits,
    Measure::ExplainedShare,
    Measure::ResponseTime,
    Measure::LowQuality,
    Measure::MeanRevision,
    Measure::MeanAbsoluteRevision,
    Measure::RelativeMeanAbsoluteRevision,
];
/// The rates that stand first.
const HEAD: [Measure; 4] = [
    Measure::OnTimeRate,
    Measure::ReportingRate,
    Measure::FirstTimeAcceptance,
    Measure::ExplainedShare,
];

/// What was counted of one unit.
pub(super) struct Tallies<'u> {
    pub(super) unit: &'u UnitCode,
    pub(super) by_dataset: v1::ListMeasuresResponse,
    pub(super) by_period: v1::ListMeasuresResponse,
}

/// How the unit stands in the newest table of each scorecard.
pub(super) fn cards(room: &Room<'_>, frame: &Frame<'_>, unit: &UnitCode) -> Result<Table, Problem> {
    let pick = |zh, en| frame.pick(zh, en);
    let columns = [
        pick("计分卡", "Scorecard"),
        pick("报告期", "Period"),
        pick("#得分", "#Score"),
        pick("#名次", "#Rank"),
        pick("#升降", "#Moved"),
        pick("档次", "Band"),
        pick("状态", "State"),
        pick("备注", "Note"),
    ];
    let mut table = Table::new("cards", pick("计分卡", "Scorecards"), &columns);
    for card in room.catalogue.scorecards() {
        let Some((league, own)) = standing::newest(room, card, unit)? else {
            continue;
        };
        let account = standing::path(card.code().as_str(), &league.period, unit.as_str());
        let of = league.standings.iter().filter(|one| one.rank.is_some());
        let rank = own
            .rank
            .map_or("—".into(), |rank| format!("{rank} / {}", of.count()));
        let whole = format!(
            "/league?card={}&period={}",
            encoded(card.code().as_str()),
            encoded(&league.period)
        );
        let state = if league.pending > 0 {
            pick("暂行", "interim")
        } else {
            pick("最终", "final")
        };
        table.push(vec![
            Cell::link(&whole, frame.visitor.say(card.name())),
            Cell::text(league.period.clone()),
            Cell::figure(own.score.clone())
                .by(standing::hundredths(&own.score))
                .shown(html! { a href=(account) { (own.score) } }),
            Cell::figure(rank).by(own.rank.map_or(i64::MAX, i64::from)),
            league::moved(own.movement),
            Cell::text(standing::band(frame, &league, &own)),
            Cell::text(state).shown(html! {
                @if league.pending > 0 { span.badge.wait { (state) } " " span.quiet { (league.pending) " " (pick("项未到期", "slots not due yet")) } } @else { (state) }
            }),
            Cell::text(standing::note(frame, &own)),
        ]);
    }
    Ok(table)
}

/// The states of all its slots, and four rates with what they count.
pub(super) fn head(room: &Room<'_>, frame: &Frame<'_>, tallies: &Tallies<'_>) -> Markup {
    let total = tallies.by_dataset.total.clone().unwrap_or_default();
    let pending = total.counts.as_ref().map_or(0, |counts| counts.pending);
    html! {
        @if let Some(counts) = &total.counts { p.progress.wide { (bar(frame, counts)) } }
        div.tiles { @for measure in HEAD { div.tile {
            span.name { (measure_name(frame, measure.word())) @if pending > 0 && is_of_slots(measure) { " " span.badge.wait { (frame.pick("暂行", "interim")) } } }
            strong { (led(room, frame, (tallies.unit, ""), measure, &total.measures).1) }
            @if pending > 0 && is_of_slots(measure) { span.quiet { (pending) " " (frame.pick("项未到期，尚未报", "slots are not due yet and not in")) } }
        } } }
    }
}

/// Whether slots that are not due yet are in its denominator: while there are any, it is interim.
const fn is_of_slots(measure: Measure) -> bool {
    matches!(measure, Measure::OnTimeRate | Measure::ReportingRate)
}

/// Where what a measure counts can be read: findings where it counts them, for whoever may see those; else slots.
fn counted(
    room: &Room<'_>,
    (unit, dataset): (&UnitCode, &str),
    measure: Measure,
) -> Option<String> {
    let unit = encoded(unit.as_str());
    let dataset = match dataset {
        "" => String::new(),
        code => format!("&dataset={}", encoded(code)),
    };
    let findings = |which: &str| {
        let path = format!("/findings?status=0{which}&under={unit}{dataset}");
        room.may(Right::Figures).then_some(path)
    };
    match measure {
        Measure::FirstTimeAcceptance => findings("&kind=validity"),
        Measure::QualityEdits | Measure::ExplainedShare | Measure::ResponseTime => {
            findings("&kind=quality")
        }
        Measure::MeanRevision
        | Measure::MeanAbsoluteRevision
        | Measure::RelativeMeanAbsoluteRevision => {
            room.may(Right::Figures).then(|| "#revisions".to_owned())
        }
        Measure::ReportingRate
        | Measure::OnTimeRate
        | Measure::MedianLateness
        | Measure::NinetiethLateness
        | Measure::RequiredCells
        | Measure::LowQuality
        | Measure::SystemUse => Some(format!("/completeness?under={unit}{dataset}")),
    }
}

/// A measure's value as it is read, as a link to what it counts, and as it sorts.
fn led(
    room: &Room<'_>,
    frame: &Frame<'_>,
    place: (&UnitCode, &str),
    measure: Measure,
    values: &[v1::MeasureValue],
) -> (String, Markup, i64) {
    let value = value_of(values, measure);
    let (text, sort) = measured(frame, value);
    let is_known = value.is_some_and(|value| value.value.is_some());
    let path = counted(room, place, measure).filter(|_| is_known);
    let shown = html! { @match path { Some(path) => a href=(path) { (text) }, None => (text) } };
    (text, shown, sort)
}

/// Whether and when its reports came, by dataset, and all of them together.
pub(super) fn timeliness(room: &Room<'_>, frame: &Frame<'_>, tallies: &Tallies<'_>) -> Table {
    let columns = [
        frame.pick("#应报", "#Expected"),
        frame.pick("#其中未到期", "#Not due yet"),
    ];
    by_dataset(room, frame, ("scores", &columns, &TIMELINESS), tallies)
}

/// How good its reports were, by dataset, and all of them together.
pub(super) fn quality(room: &Room<'_>, frame: &Frame<'_>, tallies: &Tallies<'_>) -> Table {
    by_dataset(room, frame, ("quality", &[], &QUALITY), tallies)
}

fn by_dataset(
    room: &Room<'_>,
    frame: &Frame<'_>,
    (code, before, measures): (&'static str, &[&str], &[Measure]),
    tallies: &Tallies<'_>,
) -> Table {
    let mut columns: Vec<Cow<'_, str>> = vec![frame.pick("报表", "Dataset").into()];
    columns.extend(before.iter().map(|name| Cow::from(*name)));
    let named = measures
        .iter()
        .map(|measure| format!("#{}", frame.visitor.say(&measure.name())));
    columns.extend(named.map(Cow::from));
    let columns: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
    let label = frame.pick("各报表", "By dataset");
    let mut table = Table::new(code, label, &columns);
    let answer = &tallies.by_dataset;
    let total = answer.total.as_ref();
    let total = total.map(|total| (frame.pick("合计", "All").to_owned(), total));
    let rows = answer.rows.iter();
    let rows = rows.map(|row| (dataset_name(frame, &room.catalogue, &row.dataset), row));
    for (name, row) in rows.chain(total) {
        let counts = row.counts.unwrap_or_default();
        let told = [counts.expected, counts.pending];
        let mut cells = vec![Cell::text(name)];
        cells.extend(
            told.iter()
                .take(before.len())
                .map(|count| Cell::count(*count)),
        );
        cells.extend(measures.iter().map(|measure| {
            let place = (tallies.unit, row.dataset.as_str());
            let (text, shown, sort) = led(room, frame, place, *measure, &row.measures);
            Cell::figure(text).by(sort).shown(shown)
        }));
        table.push(cells);
    }
    table
}

/// The on-time rate of the periods of which anything is due; what is not yet all due is marked.
pub(super) fn trend(frame: &Frame<'_>, tallies: &Tallies<'_>) -> Markup {
    let rows = &tallies.by_period.rows;
    // Months and quarters have no order among each other: the line is of the kind of which there are most.
    let kind = |row: &v1::MeasuresRow| Period::parse(&row.period).ok().map(Period::periodicity);
    let count = |wanted: Option<Periodicity>| rows.iter().filter(|row| kind(row) == wanted).count();
    let most = Periodicity::ALL
        .into_iter()
        .map(Some)
        .max_by_key(|wanted| count(*wanted))
        .flatten();
    let places = rows.iter().filter(|row| kind(row) == most);
    let places: Vec<Place> = places.filter_map(on_time).collect();
    let is_interim = places.iter().any(|place| place.label.ends_with('*'));
    let from = places.len().saturating_sub(TREND_MAX);
    let label = frame.pick("按时率，百分比", "on-time rate, per cent");
    html! {
        (chart::line(frame, &places[from..], label, Some((0.0, 100.0))))
        p.quiet { (frame.pick("还没有到期的报告期不画", "Periods of which nothing is due yet are left out"))
            @if is_interim { (frame.pick("；* 暂行，还有应报未到期", "; * interim: not all is due yet")) } }
    }
}

/// The on-time rate of one period; none where nothing is due, though something may have come before its time.
fn on_time(row: &v1::MeasuresRow) -> Option<Place> {
    let counts = row.counts.as_ref()?;
    if counts.pending > 0 && counts.late + counts.missing == 0 {
        return None;
    }
    let rate = value_of(&row.measures, Measure::OnTimeRate)?;
    let Some(v1::measure_value::Value::Share(share)) = rate.value.as_ref() else {
        return None;
    };
    let mark = if counts.pending > 0 { "*" } else { "" };
    Some(Place {
        label: format!("{}{mark}", row.period),
        values: vec![chart::Value {
            height: share.numerator as f64 * 100.0 / share.denominator.max(1) as f64,
            told: told(share),
        }],
    })
}

/// The figures that the unit revised, newest first; nothing for whoever may not read figures.
pub(super) fn revised(room: &Room<'_>, unit: &UnitCode) -> Result<Vec<RevisionLine>, Problem> {
    if !room.may(Right::Figures) {
        return Ok(Vec::new());
    }
    let view = room.console.city.handle.view();
    let lines = measures::unit_revisions(&view, &room.catalogue, unit, room.visitor.now_ms);
    let mut lines = lines.map_err(Failure::internal)?;
    lines.retain(|line| {
        let dataset = DatasetCode::new(&line.dataset.code).ok();
        let indicator = IndicatorCode::new(&line.indicator.code).ok();
        let place = dataset.zip(indicator);
        place.is_some_and(|(dataset, indicator)| room.scope.holds_figures(&dataset, &indicator))
    });
    Ok(lines)
}

/// As a table.
pub(super) fn revisions(frame: &Frame<'_>, unit: &UnitCode, lines: &[RevisionLine]) -> Table {
    let pick = |zh, en| frame.pick(zh, en);
    let columns = [
        pick("报告期", "Period"),
        pick("报表", "Dataset"),
        pick("指标", "Indicator"),
        pick("#初次", "#First"),
        pick("#现行", "#Latest"),
        pick("#增减", "#Change"),
        pick("#增减 %", "#Change %"),
        pick("单位", "Measure"),
        pick("修订于", "Revised"),
    ];
    let mut table = Table::new("revisions", pick("修订", "Revisions"), &columns);
    let say = |words: &Words| frame.pick(&words.zh, &words.en).to_owned();
    for line in lines {
        let values = Decimal::parse(&line.first)
            .ok()
            .zip(Decimal::parse(&line.latest).ok());
        let change = values.and_then(|(first, latest)| latest.checked_sub(first));
        let percent = values.and_then(|(first, latest)| growth_percent(first, latest));
        let text =
            |value: Option<Decimal>| value.map(|value| value.to_string()).unwrap_or_default();
        let indicator = match &line.item {
            None => say(&line.indicator.name),
            Some(item) => format!("{} · {item}", say(&line.indicator.name)),
        };
        table.push(vec![
            Cell::link(
                &slot_path(unit.as_str(), &line.dataset.code, &line.period),
                line.period.clone(),
            ),
            Cell::text(say(&line.dataset.name)),
            Cell::text(indicator),
            Cell::figure(line.first.clone()),
            Cell::figure(line.latest.clone()),
            Cell::figure(text(change)),
            Cell::figure(text(percent)),
            Cell::text(say(&line.measure)),
            Cell::time(frame, line.latest_received_at_ms),
        ]);
    }
    table
}
