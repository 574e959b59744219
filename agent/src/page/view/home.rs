//! The first page: a place to drop a file, what is owed, what waits, what was handed in last.

use granary_core::catalogue::Catalogue;
use maud::{Markup, html};

use super::{Frame, encoded, report::badge, scrolling, slots};
use crate::{acts::slots::OwnSlot, inbox::Spot, report::Report, status::Status};

/// Slots that are shown before the link to all.
const OWED_MAX: usize = 6;
/// An alarm is shown for so long.
const ALARM_MS: i64 = 3_600_000;

/// What the first page shows.
pub(in crate::page) struct Home<'a> {
    /// The catalogue, where one is known.
    pub(in crate::page) catalogue: Option<&'a Catalogue>,
    /// The slots that are owed; `None` without a catalogue.
    pub(in crate::page) owed: Option<&'a [OwnSlot]>,
    /// Findings that nobody has explained.
    pub(in crate::page) open: Option<usize>,
    /// The newest files.
    pub(in crate::page) files: &'a [(Spot, Report)],
    /// What the agent wrote last.
    pub(in crate::page) status: Option<&'a Status>,
    /// Now.
    pub(in crate::page) now_ms: i64,
}

impl Home<'_> {
    pub(in crate::page) fn body(&self, frame: &Frame<'_>) -> Markup {
        html! {
            h1 { (frame.pick("报送数据", "Report figures")) }
            (self.line(frame))
            (drop_zone(frame))
            div.columns {
                section aria-labelledby="owed" {
                    h2 id="owed" { (frame.pick("还没有报", "Still owed")) }
                    (self.owed(frame))
                }
                section aria-labelledby="open" {
                    h2 id="open" { (frame.pick("待核实", "To explain")) }
                    (self.open(frame))
                }
            }
            section aria-labelledby="recent" {
                h2 id="recent" { (frame.pick("最近报送", "Handed in last")) }
                @if self.files.is_empty() {
                    p.quiet { (frame.pick("还没有报送过文件。", "Nothing was handed in yet.")) }
                } @else {
                    (file_table(frame, self.files))
                }
            }
        }
    }

    /// How the line stands, and what somebody has to look at.
    fn line(&self, frame: &Frame<'_>) -> Markup {
        let Some(status) = self.status else {
            return html! {};
        };
        let is_recent = |at_ms: i64| self.now_ms.saturating_sub(at_ms) < ALARM_MS;
        let alarm = status.alarms.front().filter(|alarm| is_recent(alarm.at_ms));
        html! {
            p.line {
                @if let Some(unit) = self.catalogue.and_then(|c| c.unit(&frame.office.settings.unit)) {
                    strong { (unit.name().get(frame.visitor.language)) } " · "
                }
                @if status.connection.open {
                    span.dot.good aria-hidden="true" {} (frame.pick("已连接市局", "Connected to the city"))
                } @else {
                    span.dot.wait aria-hidden="true" {}
                    (frame.pick("暂未连接市局；照常可以报送，连上后自动发送", "Not connected to the city just now; hand in as usual, it is sent when the line is back"))
                }
                @if status.pending_records > 0 {
                    " · " (status.pending_records) " " (frame.pick("份待回执", "waiting for receipts"))
                }
            }
            @if let Some(fork) = &status.fork {
                p.notice.bad role="alert" { (fork.text(frame.visitor.language)) }
            } @else if let Some(alarm) = alarm {
                p.notice.wait role="status" { (frame.time(alarm.at_ms)) " · " (alarm.text(frame.visitor.language)) }
            }
        }
    }

    fn owed(&self, frame: &Frame<'_>) -> Markup {
        match (self.owed, self.catalogue) {
            (Some([]), _) => {
                html! { p.quiet { (frame.pick("目前没有欠报。", "Nothing is owed at present.")) } }
            }
            (Some(owed), Some(catalogue)) => html! {
                ul.plain {
                    @for own in owed.iter().take(OWED_MAX) {
                        li { (slots::line(frame, catalogue, own, self.now_ms)) }
                    }
                }
                @if owed.len() > OWED_MAX {
                    p { a href="/slots" { (frame.pick("全部", "All")) " " (owed.len()) } }
                }
            },
            (Some(_), None) | (None, _) => html! { p.quiet { (frame.pick(
            "报表制度还没有取到，连上市局后自动取得。",
            "There is no catalogue here yet; it is fetched as soon as the city can be reached.")) } },
        }
    }

    fn open(&self, frame: &Frame<'_>) -> Markup {
        match self.open.unwrap_or(0) {
            0 => {
                html! { p.quiet { (frame.pick("没有待说明的问题。", "Nothing waits for an explanation.")) } }
            }
            count => html! {
                p { (frame.pick("核实性审核问题", "Quality findings")) ": " strong { (count) } }
                p { a.button href="/findings" { (frame.pick("去说明", "Explain them")) } }
            },
        }
    }
}

fn drop_zone(frame: &Frame<'_>) -> Markup {
    html! {
        form.drop id="drop" method="post" action="/drop" enctype="multipart/form-data" {
            (frame.secret())
            label for="file" {
                strong { (frame.pick("把报表文件拖到这里，或选择文件", "Drop a report here, or choose one")) }
                span.quiet id="drop-help" { (frame.pick(
                    "先在本机审核，确认后才报送。至多 32 MiB。",
                    "It is checked on this machine first, and sent only after you say so. At most 32 MiB.")) }
                span.choose aria-hidden="true" { (frame.pick("选择文件", "Choose a file")) }
            }
            div.row {
                input type="file" id="file" name="file" required aria-describedby="drop-help" accept=".csv,.tsv,.txt,.xlsx,.xls,.xlsm,.ods,.et";
                button type="submit" { (frame.pick("审核", "Check it")) }
            }
        }
    }
}

/// What was handed in, newest first.
pub(in crate::page) fn history(
    frame: &Frame<'_>,
    files: &[(Spot, Report)],
    is_cut: bool,
) -> Markup {
    html! {
        h1 { (frame.pick("报送记录", "What was handed in")) }
        @if files.is_empty() {
            p.quiet { (frame.pick("还没有报送过文件。", "Nothing was handed in yet.")) }
        } @else {
            (file_table(frame, files))
        }
        @if is_cut {
            p.quiet { (frame.pick("只列出最近的文件，更早的在文件夹里。", "Only the newest files are listed; earlier ones are in the folders.")) }
        }
    }
}

fn file_table(frame: &Frame<'_>, files: &[(Spot, Report)]) -> Markup {
    let what = |report: &Report| {
        let one = |s: &crate::report::StatementReport| {
            format!(
                "{} {}",
                s.dataset.name.get(frame.visitor.language),
                s.period
            )
        };
        report
            .statements
            .iter()
            .take(3)
            .map(one)
            .collect::<Vec<_>>()
            .join("；")
    };
    let table = html! {
        table {
            thead { tr {
                th scope="col" { (frame.pick("结果", "Result")) }
                th scope="col" { (frame.pick("文件", "File")) }
                th scope="col" { (frame.pick("内容", "What")) }
                th scope="col" { (frame.pick("时间", "When")) }
            } }
            tbody { @for (spot, report) in files { tr {
                td { (badge(frame, report.outcome)) }
                th scope="row" { a href={ "/files/" (spot.folder.name()) "/" (encoded(&spot.name)) } { (report.file) } }
                td { (what(report)) }
                td.nowrap { (frame.time(report.written_at_ms)) }
            } } }
        }
    };
    scrolling(
        frame.pick("报送过的文件", "Files that were handed in"),
        &table,
    )
}
