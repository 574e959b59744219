//! Random verification: the announcement, the draw with what its seed is made of, and the estimates with their warnings.

use std::collections::BTreeMap;

use granary_core::{
    ledger::{
        LogIndex,
        sampling::{Announcement, Kind, Method, Public, Seal, Strata, Visit, VisitResult},
    },
    sample::{Frame, Money, Rate},
    text::Bilingual,
};

use super::{Lay, draw};
use crate::{
    sample::{Drawing, Estimated},
    words::{Manner, NOTHING},
};

/// What is announced, and how many elements each stratum gives.
#[must_use]
pub fn announced(
    manner: &Manner,
    announcement: &Announcement,
    frame: &Frame,
    sizes: &BTreeMap<String, usize>,
    entry: Option<u64>,
) -> String {
    let mut text = design(manner, announcement);
    text.push_str(&without_size(manner, frame));
    if sizes.len() > 1 {
        let strata = frame.strata();
        let columns = [
            (manner.say("层", "stratum"), Lay::Words),
            (manner.say("单元", "elements"), Lay::Figures),
            (manner.say("抽取", "drawn"), Lay::Figures),
        ];
        let rows = sizes.iter().map(|(stratum, size)| {
            let elements = strata.get(stratum).map_or(0, Vec::len);
            vec![stratum.clone(), elements.to_string(), size.to_string()]
        });
        text.push_str(&format!(
            "\n{}\n",
            draw(&columns, rows.collect(), manner.width)
        ));
    }
    text.push_str(&submitted(manner, entry));
    text
}

/// A draw.
#[must_use]
pub fn drawn(manner: &Manner, drawing: &Drawing, entry: Option<u64>) -> String {
    let mut text = design(manner, &drawing.announcement);
    text.push_str(&without_size(manner, &drawing.frame));
    text.push_str(&seed(manner, drawing));
    let columns = [
        ("#", Lay::Figures),
        (manner.say("行", "line"), Lay::Figures),
        (manner.say("报表", "dataset"), Lay::Words),
        (manner.say("报告期", "period"), Lay::Words),
        (manner.say("单位", "unit"), Lay::Words),
        (manner.say("指标", "indicator"), Lay::Words),
        (manner.say("明细项", "item"), Lay::Words),
        (manner.say("层", "stratum"), Lay::Words),
        (manner.say("数值", "figure"), Lay::Figures),
        (manner.say("入样概率", "probability"), Lay::Figures),
    ];
    let rows = (1_u32..).zip(&drawing.selected).map(|(at, one)| {
        let mut row = vec![at.to_string(), (one.line + 1).to_string()];
        row.extend(drawing.line(one).map_or_else(Vec::new, |line| {
            let slot = &line.element.slot;
            let or_nothing = |text: Option<String>| text.unwrap_or_else(|| NOTHING.to_owned());
            vec![
                slot.dataset.to_string(),
                slot.period.to_string(),
                slot.unit.to_string(),
                or_nothing(line.element.indicator.as_ref().map(ToString::to_string)),
                or_nothing(line.element.item.as_ref().map(ToString::to_string)),
                or_nothing(Some(line.stratum.clone()).filter(|s| !s.is_empty())),
                or_nothing(line.value.map(|value| value.to_string())),
            ]
        }));
        row.push(one.chance.to_string());
        row
    });
    text.push_str(&format!(
        "\n{}\n",
        draw(&columns, rows.collect(), manner.width)
    ));
    text.push_str(&stated(manner, drawing));
    text.push_str(&submitted(manner, entry));
    text
}

/// What visits found, and the estimates.
#[must_use]
pub fn estimated(manner: &Manner, estimated: &Estimated) -> String {
    let mut text = design(manner, &estimated.drawing.announcement);
    text.push_str(&stated(manner, &estimated.drawing));
    text.push_str(&format!("\n{}\n", visits(manner, estimated)));
    if estimated.corrected > 0 {
        let count = estimated.corrected;
        text.push_str(&say(
            manner,
            format!("{count} 条核查记录已被后来的更正，均保留在日志中"),
            format!("visits corrected by later ones, all in the journal: {count}"),
        ));
    }
    text.push_str(&format!("\n{}\n", rates(manner, estimated)));
    if let Some(money) = &estimated.estimates.money {
        text.push_str(&figures(manner, money, estimated.level_percent));
    }
    for warning in &estimated.estimates.warnings {
        let label = manner.say("注意", "beware");
        text.push_str(&format!("{label}: {}\n", warning.get(manner.language)));
    }
    text
}

fn design(manner: &Manner, announcement: &Announcement) -> String {
    let scope = &announcement.scope;
    let kind = match scope.kind {
        Kind::Slots => manner.say("应报", "slots"),
        Kind::Observations => manner.say("数值", "observations"),
    };
    let method = match announcement.method {
        Method::Equal => manner.say("等概率不放回", "equal probabilities, without replacement"),
        Method::BySize => manner.say("与规模成比例", "in proportion to size"),
    };
    let strata = match scope.strata {
        Strata::None => manner.say("不分层", "none"),
        Strata::Unit => manner.say("单位", "unit"),
        Strata::Level => manner.say("级别", "level"),
        Strata::Department => manner.say("部门", "department"),
        Strata::Dataset => manner.say("报表", "dataset"),
    };
    let seal = match announcement.seal {
        Seal::Size(size) => manner_text(
            manner,
            format!("恰含 {size} 条的日志树"),
            format!("the tree of {size} entries"),
        ),
        Seal::After(at_ms) => {
            let at = manner.exact_instant(at_ms);
            manner_text(
                manner,
                format!("末条收于 {at} 或其后的最小日志树"),
                format!("the smallest tree whose last entry was received at or after {at}"),
            )
        }
    };
    let public = match &announcement.public {
        Public::Agreed(text) => {
            manner_text(manner, format!("已约定：{text}"), format!("agreed: {text}"))
        }
        Public::Awaited(source) => manner_text(
            manner,
            format!("待公布：{source}"),
            format!("awaited: {source}"),
        ),
    };
    let head = announcement.frame;
    let (size, elements, entries) = (announcement.size, head.elements, head.entries);
    let frame = manner_text(
        manner,
        format!(
            "{elements} 个{kind}，取自日志前 {entries} 条，SHA-256 {}",
            head.sha256
        ),
        format!(
            "{elements} {kind} of the first {entries} entries, SHA-256 {}",
            head.sha256
        ),
    );
    lines(&[
        (manner.say("公告", "announced"), announcement.title.clone()),
        (manner.say("抽样框", "frame"), frame),
        (manner.say("样本量", "size"), size.to_string()),
        (manner.say("方法", "method"), method.to_owned()),
        (manner.say("分层", "strata"), strata.to_owned()),
        (manner.say("封存点", "seal"), seal),
        (manner.say("公开字符串", "public string"), public),
    ])
}

fn seed(manner: &Manner, drawing: &Drawing) -> String {
    lines(&[
        (
            manner.say("公告条目哈希", "announcement's leaf hash"),
            drawing.sealed.leaf.to_string(),
        ),
        (
            manner.say("封存树大小", "sealed tree size"),
            drawing.sealed.size.to_string(),
        ),
        (
            manner.say("封存树根", "sealed root"),
            drawing.sealed.root.to_string(),
        ),
        (
            manner.say("所用公开字符串", "public string used"),
            drawing.public.clone(),
        ),
        (manner.say("种子", "seed"), drawing.seed.to_string()),
    ])
}

fn stated(manner: &Manner, drawing: &Drawing) -> String {
    match drawing.stated {
        None => say(
            manner,
            "日志中尚未记载这次抽取".to_owned(),
            "the journal does not state this draw yet".to_owned(),
        ),
        Some((index, true)) => say(
            manner,
            format!("与日志第 {index} 条记载的抽取一致"),
            format!("entry {index} states this very draw"),
        ),
        Some((index, false)) => say(
            manner,
            format!("与日志第 {index} 条记载的抽取不一致：记载的样本不是抽出来的"),
            format!("entry {index} states another draw: what it states was not drawn"),
        ),
    }
}

fn without_size(manner: &Manner, frame: &Frame) -> String {
    let count = frame.without_size;
    if count == 0 {
        return String::new();
    }
    say(
        manner,
        format!("{count} 个单元没有规模（无数值或为零），不在抽样框内，本次核查不及"),
        format!(
            "{count} elements have no size (no figure, or zero): they are not in the frame and cannot be drawn"
        ),
    )
}

fn submitted(manner: &Manner, entry: Option<u64>) -> String {
    entry.map_or_else(String::new, |entry| {
        say(
            manner,
            format!("已写入日志，第 {entry} 条"),
            format!("it is in the journal, entry {entry}"),
        )
    })
}

fn visits(manner: &Manner, estimated: &Estimated) -> String {
    let columns = [
        ("#", Lay::Figures),
        (manner.say("单元", "element"), Lay::Words),
        (manner.say("报告数", "reported"), Lay::Figures),
        (manner.say("结果", "found"), Lay::Words),
        (manner.say("核实数", "verified"), Lay::Figures),
        (manner.say("核查人", "visitor"), Lay::Words),
        (manner.say("日志序号", "log index"), Lay::Figures),
        (manner.say("备注", "note"), Lay::Text),
    ];
    let drawing = &estimated.drawing;
    let both = drawing.selected.iter().zip(&estimated.visits);
    let rows = (1_u32..).zip(both).map(|(at, (selected, visit))| {
        let line = drawing.line(selected);
        let element = line.map_or_else(String::new, |line| {
            let indicator = line.element.indicator.as_ref();
            let parts = [
                indicator.map(ToString::to_string),
                line.element.item.as_ref().map(ToString::to_string),
            ];
            let parts = parts.into_iter().flatten();
            let slot = line.element.slot.to_string();
            std::iter::once(slot)
                .chain(parts)
                .collect::<Vec<_>>()
                .join(" ")
        });
        let reported = line
            .and_then(|line| line.value)
            .map(|value| value.to_string());
        let mut row = vec![
            at.to_string(),
            element,
            reported.unwrap_or_else(|| NOTHING.to_owned()),
        ];
        row.extend(found(manner, visit.as_ref()));
        row
    });
    draw(&columns, rows.collect(), manner.width)
}

fn found(manner: &Manner, visit: Option<&(LogIndex, Visit)>) -> [String; 5] {
    let nothing = || NOTHING.to_owned();
    let Some((index, visit)) = visit else {
        let unvisited = manner.say("未核查", "not visited").to_owned();
        return [unvisited, nothing(), nothing(), nothing(), String::new()];
    };
    let result = match visit.result {
        VisitResult::Confirmed => manner.say("属实", "confirmed"),
        VisitResult::Wrong => manner.say("有误", "wrong"),
        VisitResult::NoEvidence => manner.say("无凭据", "no evidence"),
    };
    [
        result.to_owned(),
        visit
            .verified
            .map_or_else(nothing, |value| value.to_string()),
        visit.visitor.clone(),
        index.to_string(),
        visit.note.clone(),
    ]
}

fn rates(manner: &Manner, estimated: &Estimated) -> String {
    let level = estimated.level_percent;
    let interval = manner_text(
        manner,
        format!("{level}% 区间"),
        format!("{level}% interval"),
    );
    let columns = [
        (manner.say("层", "stratum"), Lay::Words),
        (manner.say("单元", "elements"), Lay::Figures),
        (manner.say("抽中", "drawn"), Lay::Figures),
        (manner.say("已核查", "visited"), Lay::Figures),
        (manner.say("有误", "wrong"), Lay::Figures),
        (manner.say("无凭据", "no evidence"), Lay::Figures),
        (manner.say("差错率", "share in error"), Lay::Figures),
        (interval.as_str(), Lay::Figures),
    ];
    let estimates = &estimated.estimates;
    let strata = estimates.strata.iter();
    let mut rows: Vec<_> = strata.map(|rate| row(&rate.stratum, rate)).collect();
    rows.push(row(manner.say("合计", "total"), &estimates.all));
    draw(&columns, rows, manner.width)
}

fn row(name: &str, rate: &Rate) -> Vec<String> {
    let counts = [
        rate.elements,
        rate.drawn,
        rate.visited,
        rate.wrong,
        rate.no_evidence,
    ];
    let share = rate.share.clone().unwrap_or_else(|| NOTHING.to_owned());
    std::iter::once(name.to_owned())
        .chain(counts.iter().map(ToString::to_string))
        .chain([share, span(rate.interval.as_ref())])
        .collect()
}

fn figures(manner: &Manner, money: &Money, level: u8) -> String {
    let mut rows = vec![
        (
            manner.say("报告合计", "sum reported").to_owned(),
            money.reported.to_string(),
        ),
        (
            manner
                .say(
                    "多报估计（负为少报）",
                    "reported too much (negative: too little), estimated",
                )
                .to_owned(),
            money.error.clone(),
        ),
        (
            manner.say("标准误", "standard error").to_owned(),
            money
                .standard_error
                .clone()
                .unwrap_or_else(|| NOTHING.to_owned()),
        ),
        (
            manner_text(
                manner,
                format!("{level}% 区间"),
                format!("{level}% interval"),
            ),
            span(money.interval.as_ref()),
        ),
    ];
    if let Some(bound) = &money.stringer {
        rows.push((
            manner_text(
                manner,
                format!("多报上限（Stringer，单侧 {level}%）"),
                format!("at most reported too much (Stringer, one-sided {level}%)"),
            ),
            bound.upper.clone(),
        ));
    }
    rows.into_iter()
        .map(|(label, value)| format!("{label}: {value}\n"))
        .collect()
}

fn span(interval: Option<&(String, String)>) -> String {
    interval.map_or_else(
        || NOTHING.to_owned(),
        |(low, high)| format!("{low} .. {high}"),
    )
}

fn lines(pairs: &[(&str, String)]) -> String {
    let line = |(label, text): &(&str, String)| format!("{label}: {text}\n");
    pairs.iter().map(line).collect()
}

fn say(manner: &Manner, zh: String, en: String) -> String {
    let mut text = manner_text(manner, zh, en);
    text.push('\n');
    text
}

fn manner_text(manner: &Manner, zh: String, en: String) -> String {
    Bilingual::new(zh, en).get(manner.language).to_owned()
}
