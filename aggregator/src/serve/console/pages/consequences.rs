//! What publishing another catalogue would change: names, lines of its files, slots, and what judging the current reports anew would find.

use std::collections::{BTreeMap, BTreeSet};

use granary_core::{
    catalogue::{Bundle, Catalogue, Changes, Difference, SheetChange},
    code::{DatasetCode, EditId, ItemKey},
    ledger::{Known, assess, assess_with},
    period::Period,
    snapshot::Snapshot,
};
use jiff::ToSpan as _;
use maud::{Markup, html};

use super::dataset_name;
use crate::serve::{
    City,
    console::{problem::Problem, routes::Room, view::Frame},
    failure::Failure,
    history, recheck,
};

/// Slots are compared of periods that begin within so many days from now.
const DAYS_AHEAD: i64 = 366;
/// Reports that are judged anew, the newest periods first.
const RECORDS_MAX: usize = 5_000;
/// Codes that a list names, sheets that are listed, lines of a file that are shown on each side.
const CODES_MAX: usize = 60;
const SHEETS_MAX: usize = 60;
const LINES_MAX: usize = 120;

/// What judging the current reports by another catalogue would find.
#[derive(Default)]
struct Verdicts {
    /// Reports that were judged.
    records: usize,
    /// Whether there are more.
    is_cut: bool,
    /// By edit: failures that would arise, and failures that would go.
    edits: BTreeMap<EditId, (u64, u64)>,
}

/// The whole comparison.
pub(super) fn told(
    room: &Room<'_>,
    frame: &Frame<'_>,
    old_files: &Bundle,
    (new_files, new): (&Bundle, &Catalogue),
) -> Result<Markup, Problem> {
    let old = &*room.catalogue;
    let today = frame.day(room.visitor.now_ms);
    let until = today.checked_add(DAYS_AHEAD.days()).unwrap_or(today);
    let difference = Difference::between(old, new, until);
    let verdicts = judged(&room.console.city, old, new, &difference)?;
    Ok(html! {
        h2 { (frame.pick("与现行版本相比", "Against the version in force")) }
        (names(frame, &difference))
        h2 { (frame.pick("应报", "Slots")) }
        (slots(frame, new, old, &difference))
        h2 { (frame.pick("问题", "Findings")) }
        (findings(frame, &verdicts))
        h2 { (frame.pick("文件", "Files")) }
        (files(frame, old_files, new_files))
    })
}

fn names(frame: &Frame<'_>, difference: &Difference) -> Markup {
    let rows: [(&str, &Changes); 7] = [
        (frame.pick("单位", "Units"), &difference.units),
        (frame.pick("指标", "Indicators"), &difference.indicators),
        (frame.pick("报表", "Datasets"), &difference.datasets),
        (frame.pick("审核规则", "Edits"), &difference.edits),
        (frame.pick("异常检测", "Detectors"), &difference.detectors),
        (frame.pick("计分卡", "Scorecards"), &difference.scorecards),
        (frame.pick("日历", "Calendars"), &difference.calendars),
    ];
    let is_same = rows.iter().all(|(_, changes)| changes.is_empty()) && difference.targets == 0;
    html! {
        @if is_same { p.quiet { (frame.pick("没有名目上的变化", "no name is new, changed or gone")) } } @else {
            div.scroll role="region" aria-label=(frame.pick("变化", "Changes")) tabindex="0" { table {
                thead { tr { th scope="col" {} th scope="col" { (frame.pick("新增", "New")) } th scope="col" { (frame.pick("修改", "Changed")) } th scope="col" { (frame.pick("删除", "Gone")) } } }
                tbody { @for (name, changes) in rows.iter().filter(|(_, changes)| !changes.is_empty()) { tr {
                    th scope="row" { (name) }
                    @for codes in [&changes.added, &changes.changed, &changes.gone] { td { (listed(codes)) } }
                } }
                @if difference.targets > 0 { tr { th scope="row" { (frame.pick("目标", "Targets")) } td colspan="3" { (difference.targets) " " (frame.pick("项不同", "differ")) } } } }
            } }
        }
    }
}

fn listed(codes: &[String]) -> Markup {
    html! {
        @for (at, code) in codes.iter().take(CODES_MAX).enumerate() { @if at > 0 { ", " } code { (code) } }
        @if codes.len() > CODES_MAX { " … (" (codes.len()) ")" }
    }
}

fn slots(frame: &Frame<'_>, new: &Catalogue, old: &Catalogue, difference: &Difference) -> Markup {
    let (appear, vanish) = difference.slots();
    let moved = difference
        .sheets
        .iter()
        .filter(|sheet| sheet.due_at_ms.is_some())
        .count();
    let name = |dataset: &DatasetCode| {
        let known = if new.dataset(dataset).is_some() {
            new
        } else {
            old
        };
        dataset_name(frame, known, dataset.as_str())
    };
    let row = |sheet: &SheetChange| {
        html! { tr {
            th scope="row" { (name(&sheet.dataset)) } td { (sheet.period) }
            td.figure { @if sheet.appear > 0 { "+" (sheet.appear) } } td.figure { @if sheet.vanish > 0 { "−" (sheet.vanish) } }
            td.nowrap { @if let Some(due) = sheet.due_at_ms { (frame.time(due)) } }
        } }
    };
    html! {
        p { (frame.pick("新增应报", "Slots that appear:")) " " strong { (appear) } " · " (frame.pick("消失", "that vanish:")) " " strong { (vanish) } " · "
            (frame.pick("期限改变的报表期", "datasets and periods due at another time:")) " " strong { (moved) } " "
            span.quiet { (frame.pick("（已开始的和一年内开始的报告期）", "(periods that have begun or begin within a year)")) } }
        @if !difference.sheets.is_empty() { div.scroll role="region" aria-label=(frame.pick("应报的变化", "Changes of slots")) tabindex="0" { table {
            thead { tr { th scope="col" { (frame.pick("报表", "Dataset")) } th scope="col" { (frame.pick("报告期", "Period")) }
                th.figure scope="col" { (frame.pick("新增", "Appear")) } th.figure scope="col" { (frame.pick("消失", "Vanish")) } th scope="col" { (frame.pick("新期限", "New deadline")) } } }
            tbody { @for sheet in difference.sheets.iter().rev().take(SHEETS_MAX) { (row(sheet)) } }
        } }
        @if difference.sheets.len() > SHEETS_MAX { p.quiet { (frame.pick("共", "in all")) " " (difference.sheets.len()) } } }
    }
}

fn findings(frame: &Frame<'_>, verdicts: &Verdicts) -> Markup {
    let (arise, go) = verdicts
        .edits
        .values()
        .fold((0, 0), |(arise, go), one| (arise + one.0, go + one.1));
    html! {
        @if verdicts.records == 0 { p.quiet { (frame.pick("没有现行报送受规则变化影响", "no current report is under an edit that changes")) } } @else {
            p { (frame.pick("按新规则重审", "Judging anew")) " " (verdicts.records) " " (frame.pick("份现行报送：将新出现问题", "current reports: failures that arise:")) " " strong { (arise) } " · " (frame.pick("将不再成立", "that go:")) " " strong { (go) } }
            @if !verdicts.edits.is_empty() { ul.plain { @for (edit, (arise, go)) in verdicts.edits.iter().take(CODES_MAX) {
                li { code { (edit) } " +" (arise) " −" (go) }
            } } }
        }
        p.quiet { (frame.pick(
            "已有问题要到数值变动时才按新规则改写；发布后可用 recheck 全表复核。汇总下级单位的规则不在此数内。",
            "Findings that stand follow the new edits once a figure changes; after publishing, recheck judges everything at once. Edits that sum over the units below are not counted here."))
            @if verdicts.is_cut { " " (frame.pick("报送过多，只重审了最近的报告期。", "There are more reports: only the newest periods were judged.")) } }
    }
}

/// Judges the current reports of the datasets whose definition or edits change, by both catalogues.
fn judged(
    city: &City,
    old: &Catalogue,
    new: &Catalogue,
    difference: &Difference,
) -> Result<Verdicts, Problem> {
    let changed = |changes: &Changes, code: &str| {
        let all = [&changes.added, &changes.changed, &changes.gone];
        all.iter()
            .any(|codes| codes.iter().any(|known| known == code))
    };
    let mut verdicts = Verdicts::default();
    let mut records: BTreeSet<_> = BTreeSet::new();
    for dataset in old.datasets() {
        let edits = [Some(dataset), new.dataset(dataset.code())];
        let mut edits = edits.into_iter().flatten().flat_map(|one| one.edits());
        let is_touched = changed(&difference.datasets, dataset.code().as_str())
            || edits.any(|edit| changed(&difference.edits, edit.id().as_str()));
        if is_touched {
            records.extend(recheck::current(city, dataset.code())?);
        }
    }
    verdicts.is_cut = records.len() > RECORDS_MAX;
    let newest = |(period, index): &(Period, _)| (std::cmp::Reverse(period.last_day()), *index);
    let mut records: Vec<_> = records.into_iter().collect();
    records.sort_by_key(newest);
    for (_, index) in records.into_iter().take(RECORDS_MAX) {
        let snapshot = history::snapshot(city, index)?;
        let (before, after) = (
            failures(city, old, &snapshot)?,
            failures(city, new, &snapshot)?,
        );
        verdicts.records += 1;
        for (edit, _) in after.difference(&before) {
            verdicts.edits.entry(edit.clone()).or_default().0 += 1;
        }
        for (edit, _) in before.difference(&after) {
            verdicts.edits.entry(edit.clone()).or_default().1 += 1;
        }
    }
    Ok(verdicts)
}

/// The edits that a report fails by a catalogue, on its own figures and on the unit's others.
fn failures(
    city: &City,
    catalogue: &Catalogue,
    snapshot: &Snapshot,
) -> Result<BTreeSet<(EditId, Option<ItemKey>)>, Failure> {
    let elsewhere = |slot: &_| history::current(city, slot).unwrap_or(Known::Hidden);
    let own = assess(catalogue, snapshot).failures;
    let beyond = assess_with(catalogue, snapshot, &elsewhere).failures;
    let all = own.into_iter().chain(beyond);
    Ok(all.map(|failure| (failure.edit, failure.item)).collect())
}

/// What stands in the files: of each that differs, the stretch between the first and the last line that do.
fn files(frame: &Frame<'_>, old: &Bundle, new: &Bundle) -> Markup {
    let names: BTreeSet<&String> = old.files().keys().chain(new.files().keys()).collect();
    let text =
        |bundle: &'_ Bundle, name: &String| bundle.files().get(name).cloned().unwrap_or_default();
    html! { @for name in names {
        @let (before, after) = (text(old, name), text(new, name));
        @if before != after { details.act open {
            summary { code { (name) } " " @if !old.files().contains_key(name) { span.badge.good { (frame.pick("新文件", "new")) } } @else if !new.files().contains_key(name) { span.badge.bad { (frame.pick("删除", "gone")) } } }
            (stretch(&before, &after))
        } }
    } }
}

fn stretch(before: &str, after: &str) -> Markup {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.lines().collect(), after.lines().collect());
    let (first, minus, plus) = apart(&before, &after);
    let side = |sign: &'static str, class: &'static str, lines: &[&str]| {
        html! {
            @for line in lines.iter().take(LINES_MAX) { span class=(class) { (sign) (line) } "\n" }
            @if lines.len() > LINES_MAX { span class=(class) { (sign) "… (" (lines.len()) ")" } "\n" }
        }
    };
    html! { pre tabindex="0" { "@@ " (first + 1) " @@\n" (side("- ", "minus", minus)) (side("+ ", "plus", plus)) } }
}

/// What is between the lines that both have at the beginning and at the end, and where it begins.
fn apart<'l, 't>(
    before: &'l [&'t str],
    after: &'l [&'t str],
) -> (usize, &'l [&'t str], &'l [&'t str]) {
    let shortest = before.len().min(after.len());
    let same =
        |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(a, b)| a == b).count();
    let first = same(&mut before.iter().zip(after));
    let last = same(&mut before.iter().rev().zip(after.iter().rev())).min(shortest - first);
    (
        first,
        &before[first..before.len() - last],
        &after[first..after.len() - last],
    )
}

#[cfg(test)]
mod tests {
    use super::apart;

    #[test]
    fn what_differs_stands_between_what_is_the_same() {
        let (before, after) = (["a", "b", "c", "d"], ["a", "x", "y", "d"]);
        assert_eq!(
            apart(&before, &after),
            (1, &["b", "c"][..], &["x", "y"][..])
        );
        let longer = ["a", "b", "b", "c", "d"];
        assert_eq!(apart(&before, &longer), (2, &[][..], &["b"][..]));
        assert_eq!(apart(&[], &after), (0, &[][..], &after[..]));
    }
}
