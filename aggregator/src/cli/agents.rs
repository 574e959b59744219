//! `granary-aggregator agents`: the counties' agents as a table, silent ones first.

use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use granary_core::{
    digest::Digest,
    text::{Bilingual, Language},
};
use granary_proto::v1;
use jiff::{Timestamp, tz::TimeZone};

use super::{
    AgentsArgs,
    remote::{block_on, failed, monitoring},
    screen::{Complaint, Screen},
};
use crate::fleet::CLOCK_OFF_MS_MAX;

/// Agents that are asked for.
const AGENTS_MAX: u32 = 10_000;

/// Asks and prints.
pub(super) fn list(args: AgentsArgs, screen: &Screen) -> Result<(), Complaint> {
    let request = v1::ListAgentsRequest {
        units: args.unit,
        count_max: AGENTS_MAX,
    };
    let mut answer = block_on(async {
        let mut client = monitoring(&args.connection).await?;
        let answer = client.list_agents(request).await;
        Ok(answer.map_err(|status| failed(&status))?.into_inner())
    })?;
    if args.silent {
        answer
            .agents
            .retain(|agent| agent.silent || agent.last_seen_ms.is_none());
    }
    print(&answer, screen);
    Ok(())
}

fn print(answer: &v1::ListAgentsResponse, screen: &Screen) {
    let language = screen.language();
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header(match language {
        Language::Zh => [
            "单位",
            "密钥",
            "备注",
            "程序",
            "最近联系",
            "待发",
            "待处理",
            "时钟偏差",
            "证书到期",
            "下一截止",
        ],
        Language::En => [
            "unit",
            "key",
            "label",
            "program",
            "last seen",
            "spooled",
            "problems",
            "clock",
            "certificate until",
            "next due",
        ],
    });
    for agent in &answer.agents {
        table.add_row(row(agent, answer.city_time_ms, language));
    }
    screen.print(table);
    let silent = answer.agents.iter().filter(|agent| agent.silent).count();
    let (count, since) = (answer.agents.len(), instant(answer.listening_since_ms));
    screen.say(
        format!("共 {count} 个采集端，{silent} 个失联。本次启动自 {since} 起记录。时钟偏差不影响报送时间的认定"),
        format!("{count} agents, {silent} silent. Heard of since the start at {since}. A wrong clock does not change when a report counts as received"),
    );
    if answer.truncated {
        screen.say(
            "还有更多：请用 --unit 指定",
            "there are more: ask for some with --unit",
        );
    }
}

fn row(agent: &v1::Agent, now_ms: i64, language: Language) -> [String; 10] {
    let key = Digest::from_slice(&agent.key_id).map(|id| id.short());
    let beat = agent.heartbeat.as_ref();
    let of = |field: fn(&v1::HeartbeatRequest) -> String| beat.map(field).unwrap_or_default();
    let name = Bilingual::new(&agent.unit_name_zh, &agent.unit_name_en);
    let until = beat.map_or(0, |beat| beat.certificate_until_ms);
    [
        format!("{} {}", agent.unit, name.get(language)),
        key.unwrap_or_default(),
        agent.label.clone(),
        of(|beat| beat.software.clone()),
        seen(agent, now_ms).get(language).to_owned(),
        of(|beat| beat.spooled_records.to_string()),
        of(|beat| beat.problems.to_string()),
        of(|beat| beat.clock_ahead_ms.map(clock).unwrap_or_default()),
        if until == 0 {
            String::new()
        } else {
            instant(until)
        },
        agent.next_due_at_ms.map(instant).unwrap_or_default(),
    ]
}

/// How long ago, and whether that is too long.
fn seen(agent: &v1::Agent, now_ms: i64) -> Bilingual {
    let Some(at_ms) = agent.last_seen_ms else {
        return Bilingual::new("启动以来未联系", "not since the start");
    };
    let seconds = now_ms.saturating_sub(at_ms).max(0) / 1_000;
    let (zh, en) = match seconds {
        0..120 => (format!("{seconds} 秒前"), format!("{seconds} s ago")),
        120..7_200 => (
            format!("{} 分钟前", seconds / 60),
            format!("{} min ago", seconds / 60),
        ),
        _ => (instant(at_ms), instant(at_ms)),
    };
    if agent.silent {
        return Bilingual::new(format!("失联，{zh}"), format!("SILENT, {en}"));
    }
    Bilingual::new(zh, en)
}

fn clock(ahead_ms: i64) -> String {
    let mark = if ahead_ms.abs() > CLOCK_OFF_MS_MAX {
        " !"
    } else {
        ""
    };
    let (sign, off_ms) = (
        if ahead_ms < 0 { '-' } else { '+' },
        ahead_ms.unsigned_abs(),
    );
    format!("{sign}{}.{} s{mark}", off_ms / 1_000, off_ms % 1_000 / 100)
}

/// By the clock of whoever reads.
fn instant(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let local = at.to_zoned_datetime(TimeZone::try_system().unwrap_or(TimeZone::UTC));
    local.strftime("%Y-%m-%d %H:%M %:z").to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_silent_agent_says_so_and_a_clock_keeps_its_sign() {
        let mut agent = v1::Agent {
            last_seen_ms: Some(1_000),
            silent: true,
            ..v1::Agent::default()
        };
        let words = seen(&agent, 1_000 + 400_000);
        assert_eq!(
            (words.zh.as_str(), words.en.as_str()),
            ("失联，6 分钟前", "SILENT, 6 min ago")
        );
        agent.silent = false;
        assert_eq!(seen(&agent, 31_000).en, "30 s ago");
        agent.last_seen_ms = None;
        assert_eq!(seen(&agent, 0).en, "not since the start");
        assert_eq!(clock(-1_250), "-1.2 s");
        assert_eq!(clock(CLOCK_OFF_MS_MAX + 1), "+300.0 s !");
    }
}
