//! *Agents*: how the counties' programs are, as they said last; those first that were heard of never or longest ago.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{RawQuery, State},
    response::{IntoResponse as _, Response},
};
use granary_core::digest::Digest;
use granary_proto::v1;
use maud::{Markup, html};

use super::{
    contacts::{self, contacts},
    summary,
};
use crate::{
    fleet::CLOCK_OFF_MS_MAX,
    people::Right,
    serve::console::{
        Console,
        problem::Problem,
        routes::{Room, asked, page},
        view::{
            Frame, Tab, Visitor, encoded,
            table::{Cell, Table},
        },
    },
};

/// A client certificate that ends within so long is worth a mark, in milliseconds: agents renew theirs long before.
const CERTIFICATE_MS: i64 = 14 * 24 * 3_600_000;

/// `GET /agents`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    page(console, visitor, (Right::Look, None), move |room| {
        let frame = room.frame(Tab::Units).live();
        let listed = listed(room)?;
        let table = table(room, &frame, "agents", &listed.agents);
        if let Some(file) = table.csv(asked(query.as_deref(), "csv").as_deref()) {
            return file;
        }
        let title = frame.pick("采集端", "Agents");
        let troubled = listed
            .agents
            .iter()
            .filter(|agent| !troubles(&frame, agent).is_empty())
            .count();
        let body = html! {
            h1 { (title) }
            p { (listed.agents.len()) " " (frame.pick("个采集端，其中需要留意的", "agents, of which to be looked at:")) " " strong { (troubled) } " · "
                span.quiet { (frame.pick("本次启动自 ", "heard of since the start at ")) (frame.time(listed.listening_since_ms)) (frame.pick(" 起记录。时钟偏差不影响报送时间的认定。", ". A wrong clock does not change when a report counts as received.")) } }
            @if table.is_empty() { p.quiet { (frame.pick("还没有登记采集端；在“单位”中发登记码", "no agent is enrolled yet; issue a token under Units")) } } @else { (table.show(&frame)) }
            @if listed.truncated { p.notice.wait { (frame.pick("采集端过多，只列出一部分", "there are more agents than are listed here")) } }
        };
        Ok(frame.page(title, &body).into_response())
    })
    .await
}

/// The agents that the person sees.
pub(super) fn listed(room: &Room<'_>) -> Result<v1::ListAgentsResponse, Problem> {
    summary::agents(&room.sight())
}

/// Those that somebody should look at, whose next deadline comes first.
pub(super) fn troubled<'a>(frame: &Frame<'_>, agents: &'a [v1::Agent]) -> Vec<&'a v1::Agent> {
    let mut found: Vec<&v1::Agent> = agents
        .iter()
        .filter(|agent| !troubles(frame, agent).is_empty())
        .collect();
    found.sort_by_key(|agent| agent.next_due_at_ms.unwrap_or(i64::MAX));
    found
}

/// A line for each agent.
pub(super) fn table<'a>(
    room: &Room<'_>,
    frame: &Frame<'_>,
    code: &'static str,
    agents: impl IntoIterator<Item = &'a v1::Agent>,
) -> Table {
    let pick = |zh, en| frame.pick(zh, en);
    let columns = [
        pick("单位", "Unit"),
        pick("状况", "State"),
        pick("最近联系", "Last heard of"),
        pick("程序", "Program"),
        pick("#待发", "#Waiting"),
        pick("#时钟偏差", "#Clock off"),
        pick("下一截止", "Next deadline"),
        pick("联系人", "Contact"),
        pick("备注", "Label"),
        pick("密钥", "Key"),
    ];
    let mut table = Table::new(code, pick("采集端", "Agents"), &columns);
    for agent in agents {
        table.push(row(room, frame, agent));
    }
    table
}

fn row(room: &Room<'_>, frame: &Frame<'_>, agent: &v1::Agent) -> Vec<Cell> {
    let beat = agent.heartbeat.as_ref();
    let heard = agent.last_seen_ms.map_or_else(
        || {
            frame
                .pick("启动以来未联系", "not since the start")
                .to_owned()
        },
        |at_ms| ago(frame, at_ms),
    );
    let due = agent.next_due_at_ms;
    let reach = contacts(room, &agent.unit);
    let name = frame.pick(&agent.unit_name_zh, &agent.unit_name_en);
    let name = if name.is_empty() { &agent.unit } else { name };
    let troubles = troubles(frame, agent);
    let state = match (troubles.is_empty(), agent.last_seen_ms) {
        (true, None) => frame.pick("等待首次联系", "not heard of yet").to_owned(),
        (true, Some(_)) => frame.pick("正常", "well").to_owned(),
        (false, _) => troubles.join("；"),
    };
    let waiting = beat.map_or(0, |beat| beat.spooled_records);
    let clock = beat.and_then(|beat| beat.clock_ahead_ms);
    let key = Digest::from_slice(&agent.key_id).map(|id| id.short());
    vec![
        Cell::link(&format!("/unit/{}", encoded(&agent.unit)), name),
        Cell::text(state).shown(badges(frame, agent)),
        Cell::text(heard).by(agent.last_seen_ms.unwrap_or(0)),
        Cell::text(beat.map(|beat| beat.software.clone()).unwrap_or_default()),
        Cell::count(waiting),
        Cell::figure(clock.map(seconds).unwrap_or_default())
            .by(clock.map_or(-1, |ms| i64::try_from(ms.unsigned_abs()).unwrap_or(i64::MAX))),
        Cell::text(due.map(|due| frame.time(due)).unwrap_or_default())
            .shown(html! { @if let Some(due) = due { span.nowrap { (frame.short(due)) " " (frame.countdown(due)) } } })
            .by(due.unwrap_or(i64::MAX)),
        Cell::text(contacts::text(&reach)).shown(contacts::show(&reach)),
        Cell::text(agent.label.clone()),
        Cell::text(key.clone().unwrap_or_default()).shown(html! { code { (key.unwrap_or_default()) } }),
    ]
}

/// What is wrong with an agent, in words; empty where nothing is.
fn troubles(frame: &Frame<'_>, agent: &v1::Agent) -> Vec<String> {
    let mut found = Vec::new();
    if agent.silent {
        found.push(frame.pick("失联", "silent").to_owned());
    }
    let Some(beat) = &agent.heartbeat else {
        return found;
    };
    let off_ms = beat.clock_ahead_ms.unwrap_or(0);
    if off_ms.unsigned_abs() > CLOCK_OFF_MS_MAX.unsigned_abs() {
        let off = seconds(off_ms);
        found.push(format!("{}{off}", frame.pick("时钟偏差 ", "clock off by ")));
    }
    if beat.problems > 0 {
        let count = beat.problems;
        found.push(match frame.visitor.language {
            granary_core::text::Language::Zh => format!("{count} 件待处理"),
            granary_core::text::Language::En => format!("{count} to be looked at"),
        });
    }
    let until_ms = beat.certificate_until_ms;
    if until_ms != 0 && until_ms - frame.visitor.now_ms < CERTIFICATE_MS {
        let day = frame.day(until_ms);
        found.push(format!(
            "{}{day}",
            frame.pick("证书将于此日到期：", "its certificate ends on ")
        ));
    }
    found
}

/// How an agent is, in a few words.
pub(super) fn badges(frame: &Frame<'_>, agent: &v1::Agent) -> Markup {
    let troubles = troubles(frame, agent);
    html! {
        @for trouble in &troubles { span.badge.bad { (trouble) } " " }
        @if troubles.is_empty() {
            @if agent.last_seen_ms.is_some() { span.badge.good { (frame.pick("正常", "well")) } }
            @else { span.badge { (frame.pick("等待首次联系", "not heard of yet")) } }
        }
    }
}

/// How long ago, or when.
fn ago(frame: &Frame<'_>, at_ms: i64) -> String {
    let passed = (frame.visitor.now_ms - at_ms).max(0);
    if passed < 24 * 3_600_000 {
        match frame.visitor.language {
            granary_core::text::Language::Zh => format!("{}前", frame.span(passed)),
            granary_core::text::Language::En => format!("{} ago", frame.span(passed)),
        }
    } else {
        frame.time(at_ms)
    }
}

fn seconds(ms: i64) -> String {
    let (sign, off) = (if ms < 0 { '-' } else { '+' }, ms.unsigned_abs());
    format!("{sign}{}.{} s", off / 1_000, off % 1_000 / 100)
}
