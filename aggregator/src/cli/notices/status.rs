//! `notices status`: what was sent, what waits and what failed.

use std::path::Path;

use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use granary_core::text::{Bilingual, Language};
use jiff::tz::TimeZone;

use super::super::screen::{Complaint, Screen};
use crate::notices::outbox::{Listed, State, list};

pub(super) fn run(data: &Path, limit: usize, screen: &Screen) -> Result<(), Complaint> {
    let listed = list(data)?;
    let count = |state| listed.iter().filter(|one| one.state == state).count();
    let (waiting, sent) = (count(State::Waiting), count(State::Sent));
    let (failed, dropped) = (count(State::Failed), count(State::Dropped));
    screen.print(table(&listed[listed.len().saturating_sub(limit)..], screen));
    screen.say(
        format!("90 天内：已发送 {sent}，待发送 {waiting}，失败 {failed}，作废 {dropped}（时间为 UTC）"),
        format!("within 90 days: {sent} sent, {waiting} waiting, {failed} failed, {dropped} dropped (times are UTC)"),
    );
    Ok(())
}

fn table(listed: &[Listed], screen: &Screen) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header(match screen.language() {
        Language::Zh => ["时间", "种类", "对象", "联系人", "状态", "次数", "说明"],
        Language::En => ["time", "kind", "for", "contact", "state", "tries", "remark"],
    });
    for one in listed {
        let word = |text: Bilingual| text.get(screen.language()).to_owned();
        let at_ms = match one.state {
            State::Waiting => one.next_at_ms,
            State::Sent | State::Failed | State::Dropped => {
                one.changed_at_ms.unwrap_or(one.next_at_ms)
            }
        };
        table.add_row([
            super::local(at_ms, &TimeZone::UTC),
            word(one.matter.kind.name()),
            one.matter.recipient.word(),
            one.id.contact.clone(),
            word(name(one.state)),
            one.attempts.to_string(),
            one.why.clone(),
        ]);
    }
    table
}

fn name(state: State) -> Bilingual {
    match state {
        State::Waiting => Bilingual::new("待发送", "waiting"),
        State::Sent => Bilingual::new("已发送", "sent"),
        State::Failed => Bilingual::new("失败", "failed"),
        State::Dropped => Bilingual::new("作废", "dropped"),
    }
}
