//! Finding what the mapping names in the sheet, and telling what is there beside it.

use std::collections::BTreeSet;

use super::super::{
    super::{
        fault::{Column, Place, clip, say},
        gather::Gather,
        mapping::{Table, column_at},
        names::{folded, nearest, split_measure},
    },
    layout::Label,
};

/// `[C]` is a column by its letter, for tables in which two headings are the same.
fn by_letter(key: &str, labels: &[Label]) -> Option<Column> {
    let index = column_at(key.strip_prefix('[')?.strip_suffix(']')?)?;
    let heading = labels.get(index).map_or(String::new(), Label::path);
    Some(Column {
        index,
        heading: heading.into(),
    })
}

/// The one column that a key of the mapping names.
pub(super) fn find_column(
    key: &str,
    labels: &[Label],
    (row, table): (u64, &Table),
    gather: &mut Gather<'_, '_>,
) -> Option<Column> {
    if let Some(column) = by_letter(key, labels) {
        return Some(column);
    }
    let key_folded = folded(key);
    let is_named = |label: &Label| {
        let names = label.names();
        names
            .iter()
            .any(|name| folded(name) == key_folded || folded(&split_measure(name).0) == key_folded)
    };
    let found: Vec<usize> = (0..labels.len())
        .filter(|at| labels.get(*at).is_some_and(is_named))
        .collect();
    if let [index] = found[..] {
        let heading = labels.get(index).map_or(String::new(), Label::path);
        return Some(Column {
            index,
            heading: heading.into(),
        });
    }
    let paths: Vec<String> = labels
        .iter()
        .map(|l| folded(&l.path()))
        .filter(|p| !p.is_empty())
        .collect();
    let (name, key, count) = (table.name(), clip(key), found.len());
    if count > 1 {
        let several: Vec<String> = found
            .iter()
            .filter_map(|at| labels.get(*at))
            .map(Label::path)
            .collect();
        let (zh, en) = (several.join("、"), several.join(", "));
        gather.report(
            Place::row(row),
            say!(
                "有 {count} 列叫“{key}”（{name}）",
                "{count} columns are called \"{key}\" ({name})"
            ),
            say!(
                "用上级标题区分：{zh}；或用 range 限定区域",
                "tell them apart by the headings above: {en}; or by a range"
            ),
        );
        return None;
    }
    let near = nearest(&key, paths.iter().map(String::as_str));
    let (zh, en) = match near.is_empty() {
        true => (paths.join("、"), paths.join(", ")),
        false => (near.join("、"), near.join(", ")),
    };
    gather.report(
        Place::row(row),
        say!(
            "没有标题“{key}”（{name}）",
            "there is no heading \"{key}\" ({name})"
        ),
        say!("表中的标题：{zh}", "headings in the table: {en}"),
    );
    None
}

/// A key of `rows` that no row has, or several.
pub(super) fn report_label(
    gather: &mut Gather<'_, '_>,
    (key, count): (&str, usize),
    labels: &[(u64, String)],
    table: &Table,
) {
    let known: Vec<String> = labels.iter().map(|(_, label)| folded(label)).collect();
    let near = nearest(key, known.iter().map(String::as_str)).join("、");
    let (name, key) = (table.name(), clip(key));
    let (problem, remedy) = match count {
        0 => (
            say!(
                "没有行叫“{key}”（{name}）",
                "there is no row called \"{key}\" ({name})"
            ),
            say!(
                "核对 [table.rows] 和 label_column；相近的有：{near}",
                "check [table.rows] and label_column; near to it: {near}"
            ),
        ),
        count => (
            say!(
                "有 {count} 行叫“{key}”（{name}）",
                "{count} rows are called \"{key}\" ({name})"
            ),
            say!(
                "用 range 限定区域，或改用 [table.cells]",
                "narrow the range, or use [table.cells]"
            ),
        ),
    };
    gather.report(Place::default(), problem, remedy);
}

/// Columns with a heading that the mapping does not name.
pub(super) fn tell_unused(
    labels: &[Label],
    used: &BTreeSet<usize>,
    row: u64,
    gather: &mut Gather<'_, '_>,
) {
    let names = gather.names;
    let unused = labels
        .iter()
        .enumerate()
        .filter(|(at, label)| !used.contains(at) && !label.parts.is_empty());
    let words: Vec<(String, Option<String>)> = unused
        .map(|(_, label)| (label.path(), names.near_indicator(&label.path())))
        .take(30)
        .collect();
    if words.is_empty() {
        return;
    }
    let list = |hint: &str| {
        let one = |(path, near): &(String, Option<String>)| match near {
            Some(near) => format!("{path} ({hint} {near})"),
            None => path.clone(),
        };
        words.iter().map(one).collect::<Vec<_>>()
    };
    let (zh, en) = (list("近似").join("、"), list("near").join(", "));
    gather.tell_sheet(
        Place::row(row),
        say!("没有取用的列：{zh}", "columns that were passed over: {en}"),
    );
}
