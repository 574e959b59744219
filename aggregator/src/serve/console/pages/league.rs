//! The league table of a scorecard, with what it stands on, and the account of one score down to its slots.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    response::{IntoResponse as _, Response},
};
use granary_core::{catalogue::Scorecard, digest::Digest, period::Period};
use granary_proto::v1;
use maud::{Markup, html};

use super::{measured, select};
use crate::{
    people::Right,
    serve::{
        console::{
            Console,
            problem::Problem,
            routes::{Room, asked, page},
            view::{
                Frame, Tab, Visitor, encoded, slot_path, state,
                table::{Cell, Table},
            },
        },
        scores,
    },
};

/// Periods to choose from.
const PERIODS_MAX: i32 = 24;
/// Slots of one component that are shown.
const CONTRIBUTIONS_MAX: usize = 200;

/// `GET /league?card=&period=`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    page(console, visitor, (Right::Look, None), move |room| {
        let frame = room.frame(Tab::League);
        let title = frame.pick("排名", "League table");
        let wanted = asked(query.as_deref(), "card");
        let cards = room.catalogue.scorecards();
        let card = cards.iter().find(|card| wanted.as_deref().is_none_or(|wanted| card.code().as_str() == wanted));
        let Some(card) = card else {
            if wanted.is_some() {
                return Err(Problem::NotFound);
            }
            let body = html! { h1 { (title) } p.quiet { (frame.pick("报表制度中没有计分卡", "the catalogue has no scorecard")) } };
            return Ok(frame.page(title, &body).into_response());
        };
        let period = asked(query.as_deref(), "period").or_else(|| newest(room, card)).unwrap_or_default();
        let request = v1::GetLeagueRequest { scorecard: card.code().to_string(), period: period.clone(), as_of_ms: 0 };
        let answer = scores::league(&room.console.city, &request)?;
        let document = answer.document.unwrap_or_default();
        let league = document.league.unwrap_or_default();
        let table = table(room, &frame, &league);
        if let Some(file) = table.csv(asked(query.as_deref(), "csv").as_deref()) {
            return file;
        }
        let size = document.log.map(|log| log.size).unwrap_or_default();
        let digest = Digest::from_slice(&answer.sha256).map(|digest| digest.to_string()).unwrap_or_default();
        let body = html! {
            h1 { (frame.visitor.named(league.scorecard.as_ref())) " · " (league.period) }
            (choice(room, &frame, card, &period))
            @if league.pending > 0 { p.notice.wait { (frame.pick("暂行：尚有", "Interim: ")) " " (league.pending) " " (frame.pick("项应报未到期", "slots are not due yet")) } }
            (table.show(&frame))
            p.quiet { (frame.pick("依据日志前", "It stands on the first")) " " (size) " " (frame.pick("条，摘要", "entries; digest")) " " code { (digest) } }
        };
        Ok(frame.page(title, &body).into_response())
    })
    .await
}

/// `GET /league/{card}/{period}/{unit}`: how one score came about.
pub(in crate::serve::console) async fn explain(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Path((card, period, unit)): Path<(String, String, String)>,
) -> Response {
    page(console, visitor, (Right::Look, None), move |room| {
        let unit = room.scope.unit(&unit)?;
        let frame = room.frame(Tab::League);
        let request = v1::ExplainScoreRequest { scorecard: card, period, unit: unit.to_string(), as_of_ms: 0 };
        let answer = scores::explain(&room.console.city, &request)?;
        let account = answer.explanation.unwrap_or_default();
        let standing = account.standing.unwrap_or_default();
        let name = frame.visitor.named(standing.unit.as_ref()).to_owned();
        let body = html! {
            h1 { (name) " · " (frame.visitor.named(account.scorecard.as_ref())) " · " (account.period) }
            p { strong { (standing.score) } " " (frame.pick("分", "points")) @if let Some(rank) = standing.rank { " · " (frame.pick("第", "rank")) " " (rank) " " (frame.pick("名", "")) } }
            @for one in &account.accounts { (component(&frame, unit.as_str(), one)) }
        };
        Ok(frame.page(&name, &body).into_response())
    })
    .await
}

/// The last period of the scorecard that has ended.
fn newest(room: &Room<'_>, card: &Scorecard) -> Option<String> {
    let today = room.frame(Tab::League).day(room.visitor.now_ms);
    let current = Period::containing(card.periodicity(), today)?;
    current.plus(-1).map(|period| period.to_string())
}

fn choice(room: &Room<'_>, frame: &Frame<'_>, card: &Scorecard, period: &str) -> Markup {
    let cards: Vec<_> = room
        .catalogue
        .scorecards()
        .iter()
        .map(|one| {
            (
                one.code().to_string(),
                frame.visitor.say(one.name()).to_owned(),
            )
        })
        .collect();
    let today = frame.day(room.visitor.now_ms);
    let current = Period::containing(card.periodicity(), today);
    let back = (0..PERIODS_MAX)
        .filter_map(|back| current?.plus(-back))
        .map(|one| one.to_string());
    let mut periods: Vec<_> = back.map(|one| (one.clone(), one)).collect();
    if !periods.iter().any(|(known, _)| known == period) {
        periods.push((period.to_owned(), period.to_owned()));
    }
    html! { form.choice method="get" action="/league" {
        (select("card", frame.pick("计分卡", "Scorecard"), card.code().as_str(), &cards))
        (select("period", frame.pick("报告期", "Period"), period, &periods))
        button type="submit" { (frame.pick("显示", "Show")) }
    } }
}

/// Only the units that the person sees; their ranks are those among all.
fn table(room: &Room<'_>, frame: &Frame<'_>, league: &v1::League) -> Table {
    let pick = |zh, en| frame.pick(zh, en);
    let mut columns: Vec<String> = [
        pick("#名次", "#Rank"),
        pick("#升降", "#Moved"),
        pick("单位", "Unit"),
        pick("代码", "Code"),
        pick("档次", "Band"),
        pick("#得分", "#Score"),
    ]
    .map(str::to_owned)
    .into();
    columns.extend(league.components.iter().map(|one| {
        format!(
            "#{} ({})",
            frame.visitor.named(one.component.as_ref()),
            one.weight
        )
    }));
    columns.push(pick("备注", "Note").to_owned());
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut table = Table::new("league", pick("排名", "League table"), &columns);
    let code = |standing: &v1::Standing| {
        standing
            .unit
            .as_ref()
            .map(|unit| unit.code.clone())
            .unwrap_or_default()
    };
    for standing in league
        .standings
        .iter()
        .filter(|standing| room.scope.holds(&code(standing)))
    {
        table.push(standing_row(frame, league, standing, &code(standing)));
    }
    table
}

fn standing_row(
    frame: &Frame<'_>,
    league: &v1::League,
    standing: &v1::Standing,
    unit: &str,
) -> Vec<Cell> {
    let card = league
        .scorecard
        .as_ref()
        .map(|card| card.code.clone())
        .unwrap_or_default();
    let path = format!(
        "/league/{}/{}/{}",
        encoded(&card),
        encoded(&league.period),
        encoded(unit)
    );
    let band = standing
        .band
        .and_then(|band| league.bands.get(usize::try_from(band).ok()?));
    let note = [
        standing.flag.then(|| frame.pick("授旗", "flag")),
        standing.last.then(|| frame.pick("末位", "among the last")),
        standing
            .not_ranked
            .as_ref()
            .map(|why| frame.visitor.words(Some(why))),
    ];
    let note: Vec<&str> = note.into_iter().flatten().collect();
    let hundredths = |text: &str| text.replace('.', "").parse().unwrap_or(-1);
    let mut cells = vec![
        Cell::figure(standing.rank.map_or("—".into(), |rank| rank.to_string()))
            .by(standing.rank.map_or(i64::MAX, i64::from)),
        moved(standing.movement),
        Cell::link(
            &format!("/unit/{}", encoded(unit)),
            frame.visitor.named(standing.unit.as_ref()),
        ),
        Cell::text(unit),
        Cell::text(
            frame
                .visitor
                .words(band.and_then(|band| band.name.as_ref())),
        ),
        Cell::figure(standing.score.clone())
            .by(hundredths(&standing.score))
            .shown(html! { a href=(path) { (standing.score) } }),
    ];
    cells.extend(standing.points.iter().map(|points| {
        let text = if points.points.is_empty() {
            "—"
        } else {
            &points.points
        };
        Cell::figure(text).by(hundredths(&points.points))
    }));
    cells.push(Cell::text(note.join("；")));
    cells
}

/// By how many ranks a unit rose or fell: the page has signs, the file the number, which a spreadsheet takes for one.
fn moved(by: Option<i32>) -> Cell {
    let shown = match by {
        None => String::new(),
        Some(0) => "＝".into(),
        Some(up @ 1..) => format!("↑{up}"),
        Some(down) => format!("↓{}", down.unsigned_abs()),
    };
    Cell::figure(by.map(|by| by.to_string()).unwrap_or_default())
        .by(by.unwrap_or(0).into())
        .shown(html! { (shown) })
}

fn component(frame: &Frame<'_>, unit: &str, account: &v1::ComponentAccount) -> Markup {
    let component = account.component.as_ref();
    let points = account.points.clone().unwrap_or_default();
    html! { section {
        h2 { (frame.visitor.named(component.and_then(|one| one.component.as_ref()))) " " span.count { (if points.points.is_empty() { "—" } else { &points.points }) @if !account.full.is_empty() { " / " (account.full) } } }
        p { (measured(frame, points.value.as_ref()).0) " · " (frame.visitor.words(account.reckoning.as_ref())) }
        @if !account.contributions.is_empty() { details { summary { (frame.pick("逐项", "Slot by slot")) " (" (account.contributions.len()) ")" }
            ul.plain { @for one in account.contributions.iter().take(CONTRIBUTIONS_MAX) { li {
                @let dataset = one.dataset.as_ref().map(|dataset| dataset.code.clone()).unwrap_or_default();
                a href=(slot_path(unit, &dataset, &one.period)) { (frame.visitor.named(one.dataset.as_ref())) " " (one.period) } " "
                (state(frame, one.state())) " " span.quiet { (one.numerator) @if !one.denominator.is_empty() { " / " (one.denominator) } }
            } } }
        } }
    } }
}
