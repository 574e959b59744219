//! *Calendar*: a month of deadlines, by the rules of the catalogue with its holidays.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Extension,
    extract::{RawQuery, State},
    response::{IntoResponse as _, Response},
};
use granary_core::{
    catalogue::Catalogue,
    period::{Period, Periodicity},
    text::Bilingual,
};
use jiff::{Timestamp, ToSpan as _, civil::Date};
use maud::{Markup, html};

use crate::{
    people::Right,
    serve::console::{
        Console,
        routes::{Room, asked, page},
        view::{
            Frame, Tab, Visitor,
            table::{Cell, Table},
        },
    },
};

/// How many periods before and after the month's own can be due in it.
const PERIODS_AROUND: i32 = 14;
const DAYS_AROUND: i32 = 60;
/// Deadlines of one day that are shown.
const DEADLINES_MAX: usize = 6;

/// A deadline that falls into the month.
pub(in crate::serve) struct Due {
    name: Bilingual,
    pub(in crate::serve) dataset: String,
    pub(in crate::serve) period: Period,
    pub(in crate::serve) at_ms: i64,
}

/// `GET /calendar?month=2022-M03`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    page(console, visitor, (Right::Look, None), move |room| {
        let frame = room.frame(Tab::Calendar);
        let title = frame.pick("日历", "Calendar");
        let today = frame.day(room.visitor.now_ms);
        let wanted = asked(query.as_deref(), "month").and_then(|text| Period::parse(&text).ok());
        let month = wanted.filter(|period| period.periodicity() == Periodicity::Month);
        let month = month.or_else(|| Period::containing(Periodicity::Month, today));
        let month = month.ok_or(crate::serve::console::problem::Problem::NotFound)?;
        let due = due_in(&room.catalogue, month);
        let table = table(&frame, &due);
        if let Some(file) = table.csv(asked(query.as_deref(), "csv").as_deref()) {
            return file;
        }
        let link = |count: i32| month.plus(count).map(|other| frame.visitor.with("month", &other.to_string()));
        let body = html! {
            h1 { (title) " " span.quiet { (month.year()) "-" (format!("{:02}", month.number())) } }
            nav.pager aria-label=(frame.pick("翻月", "Months")) {
                @if let Some(to) = link(-1) { a href=(to) { (frame.pick("上月", "Previous month")) } }
                a href="/calendar" { (frame.pick("本月", "This month")) }
                @if let Some(to) = link(1) { a href=(to) { (frame.pick("下月", "Next month")) } }
            }
            (grid(room, &frame, month, today, &due))
            section { h2 { (frame.pick("期限清单", "The deadlines")) } @if table.is_empty() { p.quiet { (frame.pick("本月没有期限", "no deadline this month")) } } @else { (table.show(&frame)) } }
        };
        Ok(frame.page(title, &body).into_response())
    })
    .await
}

/// The deadlines of a month by the day, in the catalogue's zone.
pub(in crate::serve) fn due_in(catalogue: &Catalogue, month: Period) -> BTreeMap<Date, Vec<Due>> {
    let mut days: BTreeMap<Date, Vec<Due>> = BTreeMap::new();
    for dataset in catalogue.datasets() {
        let Some(around) = Period::containing(dataset.periodicity(), month.first_day()) else {
            continue;
        };
        let reach = if dataset.periodicity() == Periodicity::Day {
            DAYS_AROUND
        } else {
            PERIODS_AROUND
        };
        for period in (-reach..=reach)
            .filter_map(|by| around.plus(by))
            .filter(|period| dataset.covers(*period))
        {
            let Some(at_ms) = dataset.due_at_ms(period) else {
                continue;
            };
            // What is due at 24:00 belongs to the day that ends then.
            let at = Timestamp::from_millisecond(at_ms - 1).unwrap_or(Timestamp::UNIX_EPOCH);
            let day = catalogue.zone().to_datetime(at).date();
            if (month.first_day()..=month.last_day()).contains(&day) {
                let name = dataset.name().clone();
                days.entry(day).or_default().push(Due {
                    name,
                    dataset: dataset.code().to_string(),
                    period,
                    at_ms,
                });
            }
        }
    }
    for one in days.values_mut() {
        one.sort_by_key(|due| due.at_ms);
    }
    days
}

fn grid(
    room: &Room<'_>,
    frame: &Frame<'_>,
    month: Period,
    today: Date,
    due: &BTreeMap<Date, Vec<Due>>,
) -> Markup {
    let names = match frame.pick("zh", "en") {
        "zh" => ["一", "二", "三", "四", "五", "六", "日"],
        _ => ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    };
    let lead = i64::from(month.first_day().weekday().to_monday_zero_offset());
    let first = month
        .first_day()
        .checked_sub(lead.days())
        .unwrap_or(month.first_day());
    let day = |at: i64| first.checked_add(at.days()).ok();
    let weeks = (0..6).map(|week| {
        (0..7)
            .filter_map(|at| day(week * 7 + at))
            .collect::<Vec<Date>>()
    });
    let weeks = weeks.filter(|week| week.first().is_some_and(|first| *first <= month.last_day()));
    html! {
        div.scroll role="region" aria-label=(frame.pick("日历", "Calendar")) tabindex="0" { table.calendar {
            thead { tr { @for name in names { th scope="col" { (name) } } } }
            tbody { @for week in weeks { tr { @for day in week {
                @let is_inside = (month.first_day()..=month.last_day()).contains(&day);
                @let is_off = room.catalogue.calendars().first().map_or(day.weekday().to_monday_zero_offset() >= 5, |calendar| !calendar.is_workday(day));
                td.outside[!is_inside].off[is_off].today[day == today] {
                    span.day { (day.day()) }
                    @if is_inside { @for one in due.get(&day).into_iter().flatten().take(DEADLINES_MAX) {
                        a href={ "/completeness?dataset=" (one.dataset) "&last=" (one.period) } { (frame.visitor.say(&one.name)) " " span.quiet { (one.period) } }
                    } }
                }
            } } } }
        } }
    }
}

fn table(frame: &Frame<'_>, due: &BTreeMap<Date, Vec<Due>>) -> Table {
    let columns = [
        frame.pick("截止", "Due"),
        frame.pick("报表", "Dataset"),
        frame.pick("报告期", "Period"),
    ];
    let mut table = Table::new(
        "deadlines",
        frame.pick("期限清单", "The deadlines"),
        &columns,
    );
    for one in due.values().flatten() {
        table.push(vec![
            Cell::instant(frame, one.at_ms),
            Cell::link(
                &format!("/completeness?dataset={}&last={}", one.dataset, one.period),
                frame.visitor.say(&one.name),
            ),
            Cell::text(one.period.to_string()),
        ]);
    }
    table
}
