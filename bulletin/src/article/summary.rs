//! The headline, the lines below it, the period in one paragraph, and the chief figures.

use std::cmp::Ordering;

use granary_core::{
    bulletin::{Bulletin, FindingLine, League, Standing},
    measures::Measure,
    text::Language,
};

use granary_proto::v1::FindingStatus;

use super::{Cell, Fact, Headline, Tone, findings::status, say};
use crate::words::Manner;

/// How many of the first and of the last of a league the summary names.
const NAMED_MAX: usize = 3;

/// The headline.
pub(super) fn title(bulletin: &Bulletin, manner: &Manner) -> String {
    let period = say::period(manner, &bulletin.period);
    match manner.language {
        Language::Zh => format!("{period}统计数据报送情况通报"),
        Language::En => format!("Bulletin on statistical reporting in {period}"),
    }
}

/// Which period, compared with which, as known when, and from what.
pub(super) fn facts(bulletin: &Bulletin, manner: &Manner) -> Vec<Fact> {
    let period = |text: &str| {
        let words = say::period(manner, text);
        match manner.language {
            Language::Zh => format!("{words}（{text}）"),
            Language::En => format!("{words} ({text})"),
        }
    };
    let fact = |zh, en, text: String| Fact {
        label: manner.say(zh, en).to_owned(),
        text,
        exact: false,
    };
    let mut facts = vec![fact("报告期", "Period", period(&bulletin.period))];
    if !bulletin.period_before.is_empty() {
        let before = period(&bulletin.period_before);
        facts.push(fact("对照期", "Compared with", before));
    }
    let as_of = manner.instant(bulletin.basis.as_of_ms);
    facts.push(fact("截至时点", "As of", as_of));
    if bulletin.imported {
        let text = manner.say(
            "导入的历史数据已计入本通报",
            "imported history counts in this bulletin",
        );
        facts.push(fact("说明", "Note", text.to_owned()));
    }
    facts
}

/// The chief figures.
pub(super) fn headlines(bulletin: &Bulletin, manner: &Manner) -> Vec<Headline> {
    let measure = |measure: Measure| {
        let value = say::of(&bulletin.measures, measure);
        let before = say::of(&bulletin.measures_before, measure);
        let (change, tone) = say::change(manner, measure.word(), &value, &before);
        let label = measure.name().get(manner.language).to_owned();
        let change = match (manner.language, change.is_empty()) {
            (_, true) => change,
            (Language::Zh, false) => format!("较上期 {change}"),
            (Language::En, false) => {
                format!("{change} (was {})", before.shown(manner).text)
            }
        };
        Headline {
            label: capital(&label),
            value,
            change,
            tone,
        }
    };
    let compared = !bulletin.period_before.is_empty();
    let missing_before = compared.then_some(bulletin.counts_before.missing);
    vec![
        measure(Measure::ReportingRate),
        measure(Measure::OnTimeRate),
        count(
            manner,
            manner.say("未报", "Missing"),
            bulletin.counts.missing,
            missing_before,
        ),
        count(
            manner,
            manner.say("待处理问题", "Open findings"),
            open(&bulletin.findings),
            None,
        ),
    ]
}

/// A count of which less is better.
fn count(manner: &Manner, label: &str, count: u64, before: Option<u64>) -> Headline {
    let (change, tone) = match before {
        None => (String::new(), Tone::Quiet),
        Some(before) => (
            format!("{} {before}", manner.say("上期", "was")),
            match count.cmp(&before) {
                Ordering::Less => Tone::Good,
                Ordering::Equal => Tone::Quiet,
                Ordering::Greater => Tone::Bad,
            },
        ),
    };
    Headline {
        label: label.to_owned(),
        value: Cell::Count(count),
        change,
        tone,
    }
}

/// The period in one paragraph.
pub(super) fn paragraph(bulletin: &Bulletin, manner: &Manner) -> String {
    let mut sentences = vec![
        slots(bulletin, manner),
        rate(bulletin, manner, Measure::ReportingRate),
        rate(bulletin, manner, Measure::OnTimeRate),
        found(bulletin, manner),
    ];
    sentences.extend(
        bulletin
            .leagues
            .iter()
            .map(|league| standings(manner, league)),
    );
    sentences.retain(|sentence| !sentence.is_empty());
    match manner.language {
        Language::Zh => sentences.concat(),
        Language::En => sentences.join(" "),
    }
}

fn slots(bulletin: &Bulletin, manner: &Manner) -> String {
    let period = say::period(manner, &bulletin.period);
    let counts = &bulletin.counts;
    let (expected, timely, late) = (counts.expected, counts.timely, counts.late);
    let (missing, exempt, pending) = (counts.missing, counts.exempt, counts.pending);
    match manner.language {
        Language::Zh if expected == 0 => format!("{period}没有应报的报表。"),
        Language::En if expected == 0 => format!("Nothing is expected for {period}."),
        Language::Zh => format!(
            "{period}应报{expected}份：按时{timely}份，迟报{late}份，未报{missing}份，免报{exempt}份，待报{pending}份。"
        ),
        Language::En => {
            let expected = say::plural(expected, "report", "reports");
            format!(
                "For {period}, {expected} expected: {timely} on time, {late} late, {missing} missing, {exempt} exempt, {pending} not yet due."
            )
        }
    }
}

/// Empty where the measure cannot be computed.
fn rate(bulletin: &Bulletin, manner: &Manner, measure: Measure) -> String {
    let now = say::of(&bulletin.measures, measure);
    if now == Cell::Nothing {
        return String::new();
    }
    let before = say::of(&bulletin.measures_before, measure);
    let (change, _) = say::change(manner, measure.word(), &now, &before);
    let name = measure.name();
    let (now, before) = (now.shown(manner).text, before.shown(manner).text);
    match (manner.language, change.is_empty()) {
        (Language::Zh, true) => format!("{}{now}。", name.zh),
        (Language::Zh, false) => {
            format!("{}{now}，上期{before}（{}）。", name.zh, tight(&change))
        }
        (Language::En, true) => format!("The {} is {now}.", name.en),
        (Language::En, false) => {
            format!("The {} is {now}, after {before} ({change}).", name.en)
        }
    }
}

/// A Chinese sentence has no space between a figure and its word.
fn tight(text: &str) -> String {
    text.replace(' ', "")
}

fn found(bulletin: &Bulletin, manner: &Manner) -> String {
    let all = bulletin.findings.len();
    let open = open(&bulletin.findings);
    match (manner.language, all) {
        (Language::Zh, 0) => "未发现问题。".to_owned(),
        (Language::Zh, _) => format!("审核发现问题{all}个，其中待处理{open}个。"),
        (Language::En, 0) => "Nothing was found that does not add up.".to_owned(),
        (Language::En, _) => {
            let faults = say::plural(all as u64, "fault", "faults");
            format!("The edits found {faults}, {open} still open.")
        }
    }
}

fn open(findings: &[FindingLine]) -> u64 {
    let open = findings
        .iter()
        .filter(|finding| status(finding) == FindingStatus::Open);
    open.count() as u64
}

/// Who leads a league and who is last.
fn standings(manner: &Manner, league: &League) -> String {
    let names = |pick: fn(&Standing) -> bool| {
        let picked = league.standings.iter().filter(|standing| pick(standing));
        let names = picked.take(NAMED_MAX);
        let names = names.map(|standing| say::short(manner, &standing.unit));
        say::list(manner, &names.collect::<Vec<_>>())
    };
    let first = names(|standing| standing.rank == Some(1));
    let last = names(|standing| standing.last);
    let league = say::short(manner, &league.scorecard);
    match (manner.language, first.is_empty(), last.is_empty()) {
        (_, true, _) => String::new(),
        (Language::Zh, false, true) => format!("{league}：{first}居首。"),
        (Language::Zh, false, false) => {
            format!("{league}：{first}居首，{last}列入末位名单。")
        }
        (Language::En, false, true) => format!("{league}: {first} leads."),
        (Language::En, false, false) => {
            format!("{league}: {first} leads; on the list of the last: {last}.")
        }
    }
}

/// With a capital letter, as a label begins in English.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
