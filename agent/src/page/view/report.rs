//! A report on a file, with the words of the report for people, and the receipt to print.

use std::path::{Path, PathBuf};

use granary_core::text::Bilingual;
use maud::{Markup, html};

use super::{Frame, scrolling};
use crate::{
    intake::say,
    report::{AnswerReport, FaultReport, FindingReport, Outcome, Report, StatementReport, Words},
};

/// A file that was sent and is followed.
pub(in crate::page) struct Watched<'a> {
    /// The digest of its bytes.
    pub(in crate::page) sha256: &'a str,
    /// Since when.
    pub(in crate::page) since_ms: i64,
    /// Where it is, and its report; `None` before the agent has looked at it.
    pub(in crate::page) found: Option<&'a (PathBuf, Report)>,
}

impl Watched<'_> {
    pub(in crate::page) fn body(&self, frame: &Frame<'_>) -> Markup {
        let outcome = self.found.map(|(_, report)| report.outcome);
        let is_open = outcome.is_none_or(|outcome| outcome == Outcome::Sent);
        // Only what the browser has asked for itself, and only where it is a digest.
        let is_digest = self.sha256.bytes().all(|b| b.is_ascii_hexdigit());
        let events = (is_open && is_digest)
            .then(|| format!("/sent/{}/events?since={}", self.sha256, self.since_ms));
        html! {
            div id="outcome" data-events=[events] aria-live="polite" {
                (steps(frame, outcome))
                @match self.found {
                    Some((path, report)) => (whole(frame, report, path)),
                    None => {
                        h1 { (frame.pick("已放入收件夹，正在处理", "In the inbox, being handled")) }
                        p.quiet { (frame.pick("采集端几秒内就会处理。可以离开本页，不影响报送。", "The agent handles it within seconds. You may leave this page; that changes nothing.")) }
                    },
                }
            }
        }
    }
}

/// The way of a file, and how far it has come.
fn steps(frame: &Frame<'_>, outcome: Option<Outcome>) -> Markup {
    let reached = match outcome {
        None => 1,
        Some(Outcome::Sent) => 2,
        Some(Outcome::Accepted | Outcome::Repeated | Outcome::Ready) => 4,
        Some(Outcome::Returned | Outcome::Refused) => 0,
    };
    if reached == 0 {
        return html! {};
    }
    let names = [
        frame.pick("放入收件夹", "In the inbox"),
        frame.pick("签名并存妥", "Signed and safe"),
        frame.pick("市局收到", "Received by the city"),
        frame.pick("取得回执", "Receipt here"),
    ];
    html! {
        ol.steps aria-label=(frame.pick("进度", "Progress")) {
            @for (index, name) in names.into_iter().enumerate() {
                @let is_done = index < reached;
                li.done[is_done] aria-current=[(index + 1 == reached).then_some("step")] {
                    span.mark aria-hidden="true" { @if is_done { "✓" } @else { (index + 1) } }
                    (name)
                    span.hidden { @if is_done { (frame.pick("（完成）", " (done)")) } @else { (frame.pick("（未到）", " (not yet)")) } }
                }
            }
        }
    }
}

/// The outcome in a word or two, with a colour.
pub(in crate::page) fn badge(frame: &Frame<'_>, outcome: Outcome) -> Markup {
    let (class, name) = match outcome {
        Outcome::Ready => ("good", frame.pick("可以报送", "Ready")),
        Outcome::Sent => ("wait", frame.pick("待市局答复", "Sent")),
        Outcome::Repeated => ("wait", frame.pick("重复", "Repeated")),
        Outcome::Accepted => ("good", frame.pick("已受理", "Accepted")),
        Outcome::Returned => ("bad", frame.pick("退回", "Returned")),
        Outcome::Refused => ("bad", frame.pick("未受理", "Refused")),
    };
    html! { span.badge.(class) { (name) } }
}

/// The result in a sentence.
pub(in crate::page) fn title(report: &Report) -> Bilingual {
    match report.outcome {
        Outcome::Ready => say!("可以报送", "Ready to be sent"),
        Outcome::Sent if still_to_sign(report).next().is_some() => say!(
            "已签名，等待其他人签名",
            "Signed, waiting for other signatures"
        ),
        Outcome::Sent => say!(
            "已签名存妥，待市局答复",
            "Signed and safe; the city's answer is awaited"
        ),
        Outcome::Repeated => say!(
            "相同内容已报送过，没有再次发送",
            "The same was handed in before; nothing was sent again"
        ),
        Outcome::Accepted => say!("市局已受理", "The city has accepted it"),
        Outcome::Returned => say!("退回：强制性审核未通过", "Returned: a validity edit fails"),
        Outcome::Refused => say!(
            "未受理：无法读取或不能接收",
            "Refused: it cannot be read or admitted"
        ),
    }
}

fn still_to_sign(report: &Report) -> impl Iterator<Item = &Words> {
    let open = report.statements.iter().filter(|s| s.answer.is_none());
    open.filter_map(|s| s.still_to_sign.as_ref())
}

/// The report as a whole; for an accepted file it is the receipt to print.
pub(in crate::page) fn whole(frame: &Frame<'_>, report: &Report, file: &Path) -> Markup {
    let has_receipt = report
        .statements
        .iter()
        .any(|s| s.answer.as_ref().is_some_and(|a| a.index.is_some()));
    html! {
        article.report {
            header {
                h1 { (frame.visitor.say(&title(report))) }
                p { (badge(frame, report.outcome)) " " strong { (report.file) } " · " (frame.time(report.written_at_ms)) }
                @if has_receipt {
                    p.screen { button.quiet type="button" data-print hidden { (frame.pick("打印回执", "Print the receipt")) } }
                }
            }
            (to_do(frame, report))
            (faults(frame, &report.faults))
            @for statement in &report.statements {
                section.statement {
                    (summary(frame, statement))
                    @if let Some(answer) = &statement.answer { (receipt(frame, answer)) }
                    (findings(frame, statement, &|_| html! {}))
                }
            }
            section aria-labelledby="proof" {
                h2 id="proof" { (frame.pick("文件", "The file")) }
                dl {
                    dt { (frame.pick("位置", "Where it is")) } dd.long { (file.display()) }
                    @if let Some(sha256) = &report.sha256 { dt { "SHA-256" } dd.long { code { (sha256) } } }
                }
            }
        }
    }
}

/// What the clerk does next.
fn to_do(frame: &Frame<'_>, report: &Report) -> Markup {
    let open = report
        .statements
        .iter()
        .flat_map(all_findings)
        .any(|f| !f.validity && f.explanation.is_none());
    let next = match report.outcome {
        Outcome::Ready => say!("核对后按“报送”。", "Look it over, then send it."),
        Outcome::Sent => say!(
            "不用做什么。断网也不要紧，联网后自动发送；答复到达后本页会更新。",
            "Nothing is to be done. If the line is down it is sent later by itself; this page changes when the answer comes."
        ),
        Outcome::Repeated => say!(
            "不用做什么。如要更正，请修改数值后重新报送。",
            "Nothing is to be done. To correct something, change the figures and hand the file in again."
        ),
        Outcome::Accepted => say!(
            "请保存或打印回执，它证明报送的内容和时间。",
            "Keep or print the receipt: it proves what was reported and when."
        ),
        Outcome::Returned => say!(
            "按下面的问题改正数值，把改好的文件重新报送。截止时间不因退回而延后。",
            "Correct the figures as said below and hand the file in again. The deadline does not move."
        ),
        Outcome::Refused => say!(
            "按下面的办法改正，把改好的文件重新报送。",
            "Do what is said below and hand the file in again."
        ),
    };
    html! {
        div.screen {
            @for who in still_to_sign(report) {
                p.notice.wait { (frame.pick("还须签名：", "Still to be signed by: ")) (words(frame, who)) (frame.pick(
                    "。请其对 waiting 文件夹中的文件执行 granary-agent sign，签齐后自动发送。",
                    ". Have them run granary-agent sign on the file in the folder waiting; it is sent when all have signed.")) }
            }
            p { (frame.visitor.say(&next)) }
            @if open && matches!(report.outcome, Outcome::Accepted | Outcome::Sent | Outcome::Repeated) {
                p { (frame.pick("有核实性审核问题没有说明：", "Some quality findings are not explained: ")) a href="/findings" { (frame.pick("去说明", "explain them")) } }
            }
        }
    }
}

pub(super) fn words<'w>(frame: &Frame<'_>, words: &'w Words) -> &'w str {
    words.get(frame.visitor.language)
}

/// What is wrong with the file, place by place.
pub(super) fn faults(frame: &Frame<'_>, faults: &[FaultReport]) -> Markup {
    if faults.is_empty() {
        return html! {};
    }
    let whole = frame.pick("整个文件", "the file as a whole");
    let place = |fault: &FaultReport| match words(frame, &fault.place) {
        "" => whole.to_owned(),
        place => place.to_owned(),
    };
    let table = html! {
        table {
            thead { tr {
                th scope="col" { (frame.pick("位置", "Where")) }
                th scope="col" { (frame.pick("问题", "Found")) }
                th scope="col" { (frame.pick("办法", "To do")) }
            } }
            tbody { @for fault in faults { tr {
                th scope="row" { (place(fault)) }
                td { (words(frame, &fault.problem)) }
                td { (words(frame, &fault.remedy)) }
            } } }
        }
    };
    html! {
        section aria-labelledby="faults" {
            h2 id="faults" { (frame.pick("需要改正", "To correct")) " " span.count { (faults.len()) } }
            (scrolling(frame.pick("需要改正的地方", "What is to be corrected"), &table))
        }
    }
}

/// What a statement is about.
pub(super) fn summary(frame: &Frame<'_>, statement: &StatementReport) -> Markup {
    let (values, absent) = (statement.values, statement.absent);
    let figures = say!(
        "{values} 个有数值，{absent} 个注明无数值",
        "{values} with a value, {absent} stated to be absent"
    );
    html! {
        h2 { (words(frame, &statement.dataset.name)) " " (statement.period) }
        dl {
            dt { (frame.pick("填报单位", "Unit")) } dd { (words(frame, &statement.unit.name)) " (" (statement.unit.code) ")" }
            dt { (frame.pick("报表", "Dataset")) } dd { (statement.dataset.code) }
            dt { (frame.pick("数值", "Figures")) } dd { (frame.visitor.say(&figures)) }
            @if let Some(revision) = statement.revision {
                dt { (frame.pick("版次", "Revision")) }
                dd { (revision) " (" @if revision == 1 { (frame.pick("首次报送", "first statement")) } @else { (frame.pick("修订", "a revision")) } ")" }
            }
            @if let Some(earlier) = &statement.earlier {
                dt { (frame.pick("相同的报送", "Said before")) }
                dd { (earlier.file) ", " (frame.time(earlier.prepared_at_ms)) }
            }
        }
        @if !statement.told.is_empty() {
            details {
                summary { (frame.pick("读法", "How it was read")) " " span.count { (statement.told.len()) } }
                ul { @for told in &statement.told { li {
                    @let place = words(frame, &told.place);
                    @if !place.is_empty() { (place) ": " }
                    (words(frame, &told.text))
                } } }
            }
        }
    }
}

/// The city's answer.
fn receipt(frame: &Frame<'_>, answer: &AnswerReport) -> Markup {
    if let Some(code) = &answer.code {
        return html! { p.notice.bad { (words(frame, &answer.message)) " (" (code) ")" } };
    }
    let (Some(index), Some(received_at_ms)) = (answer.index, answer.received_at_ms) else {
        return html! {};
    };
    html! {
        div.receipt {
            h3 { (frame.pick("回执", "Receipt")) }
            dl {
                dt { (frame.pick("收到时间", "Received")) } dd { strong { (frame.instant(received_at_ms)) } " " (frame.pick("以市局时钟为准", "by the city's clock")) }
                dt { (frame.pick("日志序号", "Journal index")) } dd { (index) }
                dt { (frame.pick("检查点", "Checkpoint")) } dd.long { @for line in &answer.checkpoint { code { (line) } br; } }
                @if let Some(file) = &answer.receipt_file {
                    dt { (frame.pick("回执文件", "Receipt file")) } dd.long { (file) }
                    dt { (frame.pick("如何验证", "To verify")) } dd.long { code { "granary-agent verify " (file) } }
                }
            }
        }
    }
}

/// The city's findings, where it has any, else those of the preflight; and in any case those on the unit's other records.
fn all_findings(statement: &StatementReport) -> impl Iterator<Item = &FindingReport> {
    let city = statement
        .answer
        .as_ref()
        .map(|answer| &answer.findings[..])
        .filter(|f| !f.is_empty());
    let own = statement
        .findings
        .iter()
        .filter(move |f| city.is_none() || f.beyond);
    city.unwrap_or_default().iter().chain(own)
}

/// What the edits found, each with its figures; `below` adds to each what can be done about it.
pub(super) fn findings(
    frame: &Frame<'_>,
    statement: &StatementReport,
    below: &dyn Fn(&FindingReport) -> Markup,
) -> Markup {
    let all: Vec<&FindingReport> = all_findings(statement).collect();
    html! {
        @if !all.is_empty() {
            h3 { (frame.pick("审核问题", "Findings")) " " span.count { (all.len()) } }
            @for finding in all { (one(frame, finding)) (below(finding)) }
        }
        @if !statement.unjudged.is_empty() {
            h3 { (frame.pick("由市局审核：本机没有所需的往期数据", "Left to the city: figures that are needed are not known here")) }
            ul { @for one in &statement.unjudged { li {
                code { (one.edit) } " " (words(frame, &one.message)) " · " (one.hidden.join(", "))
            } } }
        }
        @if !statement.consequences.is_empty() {
            h3 { (frame.pick("影响其他报告期：本次数值使下列已报数据不符", "Other records: with these figures what was reported there no longer holds")) }
            ul { @for one in &statement.consequences { li {
                (one.period) " " (words(frame, &one.dataset.name)) " " code { (one.finding.edit) } " " (words(frame, &one.finding.message))
            } } }
        }
    }
}

fn one(frame: &Frame<'_>, finding: &FindingReport) -> Markup {
    let (class, kind) = match (finding.validity, &finding.explanation) {
        (true, _) => (
            "bad",
            frame.pick("强制性审核，必须改正", "validity edit, must be corrected"),
        ),
        (false, Some(_)) => (
            "good",
            frame.pick("核实性审核，已说明", "quality edit, explained"),
        ),
        (false, None) => (
            "wait",
            frame.pick("核实性审核，请核实或说明", "quality edit, check or explain"),
        ),
    };
    let suspicion = words(frame, &finding.suspicion);
    html! {
        div.finding.(class) {
            p { span.badge.(class) { (kind) } " " code { (finding.edit) } @if let Some(item) = &finding.item { " [" (item) "]" } }
            p { strong { (words(frame, &finding.message)) } }
            @if !finding.operands.is_empty() {
                ul.operands { @for operand in &finding.operands { li {
                    span { (words(frame, &operand.indicator.name)) }
                    span.figure { @match &operand.value { Some(value) => (value), None => (frame.pick("未填", "blank")) } }
                    span.quiet { (words(frame, &operand.place)) }
                } } }
            }
            @if !suspicion.is_empty() { p.quiet { (suspicion) } }
            @if let Some(explanation) = &finding.explanation { p { (frame.pick("说明：", "Explanation: ")) (explanation) } }
        }
    }
}
