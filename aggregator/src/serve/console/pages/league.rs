//! The league table of a scorecard, with what it stands on, and the account of one score down to its slots.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    response::{IntoResponse as _, Response},
};
use granary_core::{
    access::Access,
    catalogue::{Scorecard, Scoring},
    digest::Digest,
    period::Period,
};
use granary_proto::v1;
use maud::{Markup, html};

use super::{
    measure_name, measured, select,
    standing::{self, Due},
};
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
        let due = standing::periods(room, card, None);
        let period = match asked(query.as_deref(), "period") {
            Some(period) => period,
            None => {
                let opening = standing::opening(&room.console.city, card, &due)?;
                opening.or_else(|| last_ended(room, card)).map(|one| one.to_string()).unwrap_or_default()
            }
        };
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
            (choice(room, &frame, card, (&period, &due)))
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
    RawQuery(query): RawQuery,
) -> Response {
    // Its targets are figures, for whoever may read them.
    let reads = visitor
        .person
        .as_ref()
        .is_some_and(|person| person.may(Right::Figures));
    let read = reads.then(|| (Access::Series, format!("{unit} targets of {card} {period}")));
    page(console, visitor, (Right::Look, read), move |room| {
        let unit = room.scope.unit(&unit)?;
        let frame = room.frame(Tab::League);
        let request = v1::ExplainScoreRequest { scorecard: card, period, unit: unit.to_string(), as_of_ms: 0 };
        let answer = scores::explain(&room.console.city, &request)?;
        let account = answer.explanation.unwrap_or_default();
        if let Some(file) = handed_out(room, &frame, &account, asked(query.as_deref(), "csv").as_deref()) {
            return file;
        }
        let standing = account.standing.clone().unwrap_or_default();
        let name = frame.visitor.named(standing.unit.as_ref()).to_owned();
        let body = html! {
            h1 { (name) " · " (frame.visitor.named(account.scorecard.as_ref())) " · " (account.period) }
            p { strong { (standing.score) } " " (frame.pick("分", "points")) @if let Some(rank) = standing.rank { " · " (frame.pick("第", "rank")) " " (rank) " " (frame.pick("名", "")) } }
            @if is_interim(&account) { p.notice.wait { (frame.pick("暂行：有的应报还没有到期", "Interim: some of its slots are not due yet")) } }
            @for one in &account.accounts { (component(room, &frame, unit.as_str(), one)) }
        };
        Ok(frame.page(&name, &body).into_response())
    })
    .await
}

/// The file of the targets behind a score, for whoever may read figures.
fn handed_out(
    room: &Room<'_>,
    frame: &Frame<'_>,
    account: &v1::ScoreExplanation,
    wanted: Option<&str>,
) -> Option<Result<Response, Problem>> {
    let lines = account.accounts.iter().flat_map(|one| &one.targets);
    let lines: Vec<v1::TargetLine> = lines.cloned().collect();
    let is_shown = room.may(Right::Figures) && !lines.is_empty();
    is_shown.then(|| targets(frame, &lines))?.csv(wanted)
}

/// Whether a slot that the score stands on is not due yet.
fn is_interim(account: &v1::ScoreExplanation) -> bool {
    let slots = account.accounts.iter().flat_map(|one| &one.contributions);
    slots
        .into_iter()
        .any(|one| one.state() == v1::SlotState::Pending)
}

/// Without any score, the last period of the scorecard that has ended.
fn last_ended(room: &Room<'_>, card: &Scorecard) -> Option<Period> {
    let today = room.frame(Tab::League).day(room.visitor.now_ms);
    Period::containing(card.periodicity(), today)?.plus(-1)
}

/// The scorecards, and the periods of which one has scores.
fn choice(
    room: &Room<'_>,
    frame: &Frame<'_>,
    card: &Scorecard,
    (period, due): (&str, &[Due]),
) -> Markup {
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
    let due = due.iter().map(|one| one.period.to_string());
    let mut periods: Vec<_> = due.map(|one| (one.clone(), one)).collect();
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
    let path = standing::path(&card, &league.period, unit);
    let mut cells = vec![
        Cell::figure(standing.rank.map_or("—".into(), |rank| rank.to_string()))
            .by(standing.rank.map_or(i64::MAX, i64::from)),
        moved(standing.movement),
        Cell::link(
            &format!("/unit/{}", encoded(unit)),
            frame.visitor.named(standing.unit.as_ref()),
        ),
        Cell::text(unit),
        Cell::text(standing::band(frame, league, standing)),
        Cell::figure(standing.score.clone())
            .by(standing::hundredths(&standing.score))
            .shown(html! { a href=(path) { (standing.score) } }),
    ];
    cells.extend(standing.points.iter().map(|points| {
        let text = if points.points.is_empty() {
            "—"
        } else {
            &points.points
        };
        Cell::figure(text).by(standing::hundredths(&points.points))
    }));
    cells.push(Cell::text(standing::note(frame, standing)));
    cells
}

/// By how many ranks a unit rose or fell: the page has signs, the file the number, which a spreadsheet takes for one.
pub(super) fn moved(by: Option<i32>) -> Cell {
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

fn component(
    room: &Room<'_>,
    frame: &Frame<'_>,
    unit: &str,
    account: &v1::ComponentAccount,
) -> Markup {
    let component = account.component.as_ref();
    let points = account.points.clone().unwrap_or_default();
    let measure = component.map_or("", |one| one.measure.as_str());
    let table = targets(frame, &account.targets);
    html! { section {
        h2 { (frame.visitor.named(component.and_then(|one| one.component.as_ref()))) " " span.count { (if points.points.is_empty() { "—" } else { &points.points }) @if !account.full.is_empty() { " / " (account.full) } } }
        p { (what_is_scored(frame, measure)) @if account.targets.is_empty() { " " (measured(frame, points.value.as_ref()).0) } " · " (frame.visitor.words(account.reckoning.as_ref())) }
        @if !account.targets.is_empty() {
            p { (frame.pick("各目标已完成对时间进度应完成（每项至多 100%）的平均：", "the mean over these targets of what is reached over what elapsed time asks for, each at most 100%:")) }
            @if room.may(Right::Figures) { (table.show(frame)) } @else { ul.plain { @for one in &account.targets { li { (target_name(frame, one)) } } } }
        }
        @if !account.contributions.is_empty() { details { summary { (frame.pick("逐项", "Slot by slot")) " (" (account.contributions.len()) ")" }
            ul.plain { @for one in account.contributions.iter().take(CONTRIBUTIONS_MAX) { li { (contribution(room, frame, unit, one)) } } }
        } }
    } }
}

/// The name of what a component scores.
fn what_is_scored(frame: &Frame<'_>, word: &str) -> String {
    if word == Scoring::TargetProgress.word() {
        return frame
            .pick("目标进度", "progress towards targets")
            .to_owned();
    }
    measure_name(frame, word)
}

/// One slot with what it adds, and the findings behind that for whoever may read them.
fn contribution(room: &Room<'_>, frame: &Frame<'_>, unit: &str, one: &v1::Contribution) -> Markup {
    let dataset = one
        .dataset
        .as_ref()
        .map(|dataset| dataset.code.clone())
        .unwrap_or_default();
    html! {
        a href=(slot_path(unit, &dataset, &one.period)) { (frame.visitor.named(one.dataset.as_ref())) " " (one.period) } " "
        (state(frame, one.state())) " " span.quiet { (one.numerator) @if !one.denominator.is_empty() { " / " (one.denominator) } }
        @if room.may(Right::Figures) { @for finding in &one.findings {
            " " a href={ "/findings?status=0&under=" (encoded(unit)) "&dataset=" (encoded(&dataset)) "&edit=" (encoded(&finding.edit)) } { (finding.edit) @if let Some(item) = &finding.item { " " (item) } }
        } }
    }
}

fn target_name(frame: &Frame<'_>, line: &v1::TargetLine) -> String {
    format!(
        "{} · {} {}",
        frame.visitor.named(line.dataset.as_ref()),
        frame.visitor.named(line.indicator.as_ref()),
        line.year
    )
}

/// The targets behind a score, with what is reached of each.
pub(super) fn targets(frame: &Frame<'_>, lines: &[v1::TargetLine]) -> Table {
    let pick = |zh, en| frame.pick(zh, en);
    let columns = [
        pick("指标", "Indicator"),
        pick("#年度目标", "#Year's target"),
        pick("#已完成", "#Reached"),
        pick("截至", "Through"),
        pick("#完成 %", "#Reached %"),
        pick("#时间进度 %", "#Elapsed %"),
        pick("#与应完成之差", "#Against elapsed time"),
        pick("单位", "Measure"),
    ];
    let mut table = Table::new("targets", pick("目标", "Targets"), &columns);
    for line in lines {
        table.push(vec![
            Cell::text(target_name(frame, line)),
            Cell::figure(line.target.clone()),
            Cell::figure(line.actual.clone()),
            Cell::text(line.through.clone()),
            Cell::figure(line.progress_percent.clone()),
            Cell::figure(line.elapsed_percent.clone()),
            Cell::figure(line.gap.clone()),
            Cell::text(frame.visitor.words(line.measure.as_ref())),
        ]);
    }
    table
}
