//! A dropped file before it is sent: its figures cell by cell beside those that stand, what the edits say, and the form that sends it.

use granary_core::{
    catalogue::Catalogue,
    code::{IndicatorCode, ItemKey},
    snapshot::{Evidence, Observation, SignOff},
    text::Bilingual,
};
use maud::{Markup, html};

use super::{Frame, names, report, scrolling};
use crate::{
    acts::{
        Declined,
        changes::{Changes, Stated},
    },
    intake::say,
    page::{
        look::{Looked, Seen},
        routes::field,
        send::{ROLES, is_revision},
        staged::Staged,
    },
    report::{FindingReport, Outcome, StatementReport},
};

/// Figures that are shown of a statement; the check looks at all.
const CELLS_MAX: usize = 2_000;

/// What a form said that was not enough, and why.
pub(in crate::page) type Declining<'a> = (&'a Declined, &'a [(String, String)]);

pub(in crate::page) fn title() -> Bilingual {
    say!("审核结果", "What the check says")
}

/// The name of the field that explains a finding.
pub(in crate::page) fn why(statement: usize, edit: &str, item: Option<&str>) -> String {
    format!("why:{statement}:{edit}:{}", item.unwrap_or_default())
}

pub(in crate::page) fn body(
    frame: &Frame<'_>,
    catalogue: &Catalogue,
    staged: &Staged,
    looked: &Looked,
    declined: Option<Declining<'_>>,
) -> Markup {
    let checked = &looked.checked.report;
    let is_ready = checked.outcome == Outcome::Ready;
    let given = |name: &str| {
        let fields = declined.map_or(&[][..], |(_, fields)| fields);
        field(fields, name).unwrap_or_default().to_owned()
    };
    html! {
        h1 { (frame.visitor.say(&report::title(checked))) }
        p { (report::badge(frame, checked.outcome)) " " strong { (staged.name) } }
        p { @match checked.outcome {
            Outcome::Ready => (frame.pick("预审通过，还没有发送。请核对下面的数值，签名后报送。", "It passes the preflight; nothing was sent yet. Look the figures over, sign off and send.")),
            Outcome::Returned => (frame.pick("有数值不符合必须成立的审核关系。请在原文件中改正，再拖进来。没有发送。", "A figure breaks a rule that must hold. Correct your file and drop it again. Nothing was sent.")),
            Outcome::Refused | Outcome::Sent | Outcome::Repeated | Outcome::Accepted => (frame.pick("文件无法读取或不能接收。请按下面的办法改正，再拖进来。没有发送。", "The file cannot be read or admitted. Do what is said below and drop it again. Nothing was sent.")),
        } }
        @if let Some((why, _)) = declined {
            p.notice.bad role="alert" id="why-not" { (frame.visitor.say(&why.0)) }
        }
        (report::faults(frame, &checked.faults))
        // These stand before the form that sends: the fields that belong to them are within it.
        form id="attach" method="post" enctype="multipart/form-data" action={ "/file/" (staged.id) "/evidence" } { (frame.secret()) }
        form id="detach" method="post" action={ "/file/" (staged.id) "/evidence/remove" } { (frame.secret()) }
        @if is_ready {
            form id="send" method="post" action={ "/file/" (staged.id) "/send" } {
                (frame.secret())
                (statements(frame, catalogue, looked, &given))
                (closing(frame, (staged, looked), &given))
            }
        } @else {
            (evidence(frame, staged, looked))
            (statements(frame, catalogue, looked, &given))
        }
        form.row method="post" action={ "/file/" (staged.id) "/remove" } {
            (frame.secret())
            button.quiet type="submit" { (frame.pick("不报送，换一个文件", "Do not send it; take another file")) }
        }
    }
}

fn statements(
    frame: &Frame<'_>,
    catalogue: &Catalogue,
    looked: &Looked,
    given: &dyn Fn(&str) -> String,
) -> Markup {
    let is_ready = looked.checked.report.outcome == Outcome::Ready;
    html! {
        @for (index, statement) in looked.checked.report.statements.iter().enumerate() {
            section.statement {
                (report::summary(frame, statement))
                (report::findings(frame, statement, &|finding| match is_ready {
                    true => asked(frame, index, finding, given),
                    false => html! {},
                }))
                @if let Some(seen) = looked.drafts.get(index) { (cells(frame, catalogue, seen, statement)) }
            }
        }
    }
}

/// The field that explains a quality finding.
fn asked(
    frame: &Frame<'_>,
    statement: usize,
    finding: &FindingReport,
    given: &dyn Fn(&str) -> String,
) -> Markup {
    if finding.validity || finding.explanation.is_some() {
        return html! {};
    }
    let name = why(statement, &finding.edit, finding.item.as_deref());
    html! {
        div.asked {
            label for=(name) { (frame.pick("数值无误时，写明原因（可以以后再说明）", "If the figures are right, say why (it can also be done later)")) }
            textarea id=(name) name=(name) rows="2" maxlength="2000" { (given(&name)) }
        }
    }
}

/// The figures of a statement in a table: what is said, what stood, and which edit looks at it.
fn cells(
    frame: &Frame<'_>,
    catalogue: &Catalogue,
    seen: &Seen,
    statement: &StatementReport,
) -> Markup {
    let all = seen.draft.cells();
    let has_items = all.iter().any(|cell| cell.observation.item.is_some());
    let has_before = seen.before.is_some();
    let before = |one: &Observation| {
        let before = seen.before.as_ref();
        let found = before.and_then(|s| s.observation(&one.indicator, one.item.as_ref()));
        found.map(stated)
    };
    let table = html! {
        table {
            thead { tr {
                th scope="col" { (frame.pick("指标", "Indicator")) }
                @if has_items { th scope="col" { (frame.pick("明细项", "Item")) } }
                th.figure scope="col" { (frame.pick("数值", "Value")) }
                @if has_before { th.figure scope="col" { (frame.pick("现行值", "Accepted")) } }
                th scope="col" { (frame.pick("计量单位", "Unit")) }
                th scope="col" { (frame.pick("位置", "Where")) }
                th scope="col" { (frame.pick("审核", "Check")) }
            } }
            tbody { @for cell in all.iter().take(CELLS_MAX) {
                @let one = &cell.observation;
                @let hit = hits(statement, &one.indicator, one.item.as_ref());
                @let stood = before(one);
                @let is_changed = has_before && stood != Some(stated(one));
                tr.hit[hit.is_some()] {
                    th scope="row" { (name(frame, catalogue, &one.indicator)) }
                    @if has_items { td { @if let Some(item) = &one.item { (item) } } }
                    td.figure { @if is_changed { mark { (stated(one).text()) } } @else { (stated(one).text()) } }
                    @if has_before { td.figure.quiet { @if let Some(stood) = stood { (stood.text()) } } }
                    td { (measure(frame, catalogue, &one.indicator)) }
                    td.nowrap { (frame.visitor.say(&cell.place.words())) }
                    td { @match hit { Some(edit) => { span.badge.wait { (edit) } } None => { span aria-hidden="true" { "✓" } span.hidden { (frame.pick("无问题", "nothing found")) } } } }
                }
            } }
        }
    };
    html! {
        h3 { (frame.pick("逐项数值", "The figures, cell by cell")) }
        @if let Some(revision) = seen.changes.revision {
            @let count = seen.changes.cells.len();
            p.quiet { (frame.visitor.say(&say!(
                "与已受理的版次 {revision} 对照：改动 {count} 个数值，已标出。",
                "Beside the accepted revision {revision}: {count} figures change and are marked.")) ) }
        }
        (scrolling(frame.pick("逐项数值", "The figures, cell by cell"), &table))
        @if all.len() > CELLS_MAX {
            p.quiet { (frame.pick("只列出前面的数值；审核看的是全部。", "Only the first figures are listed; the check looks at all.")) }
        }
    }
}

fn name(frame: &Frame<'_>, catalogue: &Catalogue, code: &IndicatorCode) -> String {
    let found = catalogue.indicator(code);
    found.map_or(code.to_string(), |found| {
        frame.visitor.say(found.name()).to_owned()
    })
}

fn measure(frame: &Frame<'_>, catalogue: &Catalogue, code: &IndicatorCode) -> String {
    let found = catalogue.indicator(code);
    let found = found.and_then(|found| catalogue.measure(found.unit_of_measure()));
    found.map_or(String::new(), |found| {
        frame.visitor.say(found.name()).to_owned()
    })
}

const fn stated(one: &Observation) -> Stated {
    Stated {
        value: one.value,
        status: one.status,
    }
}

/// The first edit that fails and looks at a figure.
fn hits<'r>(
    statement: &'r StatementReport,
    indicator: &IndicatorCode,
    item: Option<&ItemKey>,
) -> Option<&'r str> {
    let item = item.map(ItemKey::as_str);
    let looks = |finding: &&FindingReport| {
        finding.item.as_deref() == item
            && finding
                .operands
                .iter()
                .any(|o| o.record.is_none() && o.indicator.code == indicator.as_str())
    };
    statement
        .findings
        .iter()
        .find(looks)
        .map(|finding| finding.edit.as_str())
}

/// Reason, names and the button.
fn closing(
    frame: &Frame<'_>,
    (staged, looked): (&Staged, &Looked),
    given: &dyn Fn(&str) -> String,
) -> Markup {
    let signed: Vec<&SignOff> = looked.drafts.first().map_or(Vec::new(), |seen| {
        seen.draft.papers().sign_offs.iter().collect()
    });
    html! {
        @if is_revision(&looked.drafts) {
            fieldset {
                legend { (frame.pick("修订原因", "Why it is revised")) }
                p.quiet id="reason-help" { (frame.visitor.say(&Changes::why_a_reason())) }
                label for="reason" { (frame.pick("原因（必填）", "The reason (required)")) }
                textarea id="reason" name="reason" rows="2" maxlength="2000" required aria-describedby="reason-help" { (given("reason")) }
            }
        }
        (evidence(frame, staged, looked))
        fieldset {
            legend { (frame.pick("签名", "Signing off")) }
            @if signed.is_empty() {
                (names(frame, given))
            } @else {
                p { (frame.pick("文件里已写明：", "The file names: "))
                    @for (index, one) in signed.iter().enumerate() { @if index > 0 { ", " } (role(frame, one)) " " (one.name) } }
            }
        }
        div.row {
            button.primary type="submit" { (frame.pick("签名并报送", "Sign and send")) }
        }
    }
}

/// The files of evidence that the report names or is to name, and the field that adds more.
fn evidence(frame: &Frame<'_>, staged: &Staged, looked: &Looked) -> Markup {
    let named: &[Evidence] = looked
        .drafts
        .first()
        .map_or(&[], |seen| &seen.draft.papers().evidence);
    // Where the disk would not say, sending says it.
    let mut attached = staged.attached().unwrap_or_default();
    attached.retain(|name| !named.iter().any(|one| one.name == *name));
    let remove = frame.pick("移除", "Remove");
    html! {
        fieldset id="evidence" aria-live="polite" {
            legend { (frame.pick("佐证材料（可不填）", "Evidence (optional)")) }
            p.quiet { (frame.pick(
                "台账、合同、会议纪要等。文件留在本机，只上报名称和指纹；市局核查时才会调阅。",
                "Ledgers, contracts, minutes. The files stay on this machine: their names and digests are reported, and the city asks to see them in an audit.")) }
            @if !(named.is_empty() && attached.is_empty()) {
                ul.plain {
                    @for one in named { li { (one.name) " " span.quiet { (frame.pick("（报表里已写明）", "(named in the file)")) } } }
                    @for name in &attached { li.attached {
                        span { (name) }
                        button.quiet type="submit" form="detach" name="name" value=(name) aria-label={ (remove) " " (name) } { (remove) }
                    } }
                }
            }
            label for="evidence-files" { (frame.pick("选择文件，可以多选，也可以直接拖进来", "Choose files, or drop them on this page")) }
            div.row {
                input type="file" id="evidence-files" name="file" form="attach" multiple;
                button.quiet type="submit" form="attach" { (frame.pick("添加", "Add")) }
            }
            p.notice.bad role="alert" id="evidence-problem" hidden {}
        }
    }
}

fn role<'f>(frame: &Frame<'f>, one: &SignOff) -> &'f str {
    let known = ROLES.iter().find(|(_, role)| *role == one.role);
    match known.map(|(name, _)| *name) {
        Some("preparer") => frame.pick("填表人", "preparer"),
        Some("statistics_head") => frame.pick("统计负责人", "head of statistics"),
        Some(_) | None => frame.pick("单位负责人", "head of the unit"),
    }
}
