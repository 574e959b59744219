//! A table of a sheet that is read as the mapping file says.
//!
//! What the mapping names must be there: a heading or label that is not found is a fault with the nearest ones in the sheet. What is there
//! and not named is passed over, and that is told. A table with a column of units gives the unit's own row.

mod find;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use csv::StringRecord;
use granary_core::{
    catalogue::{Dataset, Indicator},
    code::ItemKey,
};

use self::{
    find::{find_column, report_label, tell_unused},
    rows::Rows,
};
use super::{
    super::{
        cell::{narrow, trim},
        fault::{Column, Fault, Place, clip, say},
        gather::{Gather, Key, Says},
        mapping::{CellAt, Table, Target},
        metadata::Line,
        names::{folded, split_measure},
        number::Source,
        period::{find_period, read_period},
    },
    cells::{Book, Next},
    layout::Head,
    plain,
};

/// What a column, row or cell was found to be.
struct Found<'a, 't> {
    column: Column,
    indicator: &'a Indicator,
    key: Key,
    item: Option<ItemKey>,
    source: Source<'t>,
}

/// Reads one table.
pub(super) fn read<'t, 'a: 't>(
    book: &mut Book,
    sheet: &str,
    head: &Head,
    table: &'t Table,
    gather: &mut Gather<'_, 'a>,
) -> Result<(), Box<Fault>> {
    let Some(dataset) = prepare(head, table, gather) else {
        return Ok(());
    };
    if !table.raw.columns.is_empty() {
        read_columns(book, sheet, head, (table, dataset), gather)?;
    }
    if !table.raw.rows.is_empty() || !table.cells.is_empty() {
        read_labels_and_cells(book, sheet, (table, dataset), gather)?;
    }
    Ok(())
}

/// Dataset, period, unit and unit of measure of the table.
fn prepare<'a>(head: &Head, table: &Table, gather: &mut Gather<'_, 'a>) -> Option<&'a Dataset> {
    let name = table.name();
    let dataset = match gather.names.dataset(&table.raw.dataset) {
        Ok(dataset) => dataset,
        Err(unknown) => {
            gather.report(
                Place::default(),
                say_in(&name, &unknown.problem),
                unknown.remedy,
            );
            return None;
        }
    };
    gather.fix_dataset(
        dataset,
        say!(
            "按对照文件读取（{name}）",
            "read as the mapping file says ({name})"
        ),
    );
    settle_period(head, (table, dataset), gather);
    let at = |cell: CellAt| head.text(cell.0, cell.1).to_owned();
    if let Some(cell) = table.unit_cell
        && let Err(unknown) = gather.names.unit(&alias(table, &at(cell)))
    {
        gather.report(place_of(cell), unknown.problem, unknown.remedy);
    }
    let measure = table.raw.measure.clone().map(|text| Line { text, row: 1 });
    let in_cell = table.measure_cell.map(|cell| {
        let text = narrow(&at(cell));
        let text = text.split_once(':').map_or(text.as_str(), |(_, rest)| rest);
        Line {
            text: text.trim().trim_matches(['(', ')']).to_owned(),
            row: cell.0,
        }
    });
    gather.measure = measure.or(in_cell);
    plain::check_measure(gather);
    Some(dataset)
}

/// The period of columns that have none of their own: the mapping's, that of a cell, or that of a title.
fn settle_period(head: &Head, (table, dataset): (&Table, &Dataset), gather: &mut Gather<'_, '_>) {
    let periodicity = dataset.periodicity();
    if let Some(text) = &table.raw.period {
        match read_period(text, periodicity) {
            Ok(period) => {
                let told = say!(
                    "报告期取自对照文件：{period}",
                    "the period is that of the mapping file: {period}"
                );
                gather.fix_period(dataset, period, (Place::default(), told));
            }
            Err(unknown) => {
                let problem = say_in(&table.name(), &unknown.problem);
                gather.report(Place::default(), problem, unknown.remedy);
            }
        }
        return;
    }
    let Some(cell) = table.period_cell else {
        return from_titles(head, dataset, gather);
    };
    let (text, place) = (head.text(cell.0, cell.1).to_owned(), place_of(cell));
    let read = read_period(&text, periodicity);
    match read.or_else(|unknown| find_period(&text, periodicity).ok_or(unknown)) {
        Ok(period) => {
            let told = say!(
                "报告期取自“{text}”：{period}",
                "the period is that of \"{text}\": {period}"
            );
            gather.fix_period(dataset, period, (place, told));
        }
        Err(unknown) => gather.report(place, unknown.problem, unknown.remedy),
    }
}

/// The period of which a row above the headings speaks.
fn from_titles(head: &Head, dataset: &Dataset, gather: &mut Gather<'_, '_>) {
    let titles = head
        .rows
        .iter()
        .take(5)
        .flat_map(|(_, record)| record.iter().map(trim));
    let periodicity = dataset.periodicity();
    if let Some((period, title)) = titles
        .clone()
        .find_map(|t| Some((find_period(t, periodicity)?, t)))
    {
        let text = say!(
            "报告期取自“{title}”：{period}",
            "the period is that of \"{title}\": {period}"
        );
        gather.fix_period(dataset, period, (Place::default(), text));
    }
}

fn read_columns<'t, 'a: 't>(
    book: &mut Book,
    sheet: &str,
    head: &Head,
    (table, dataset): (&'t Table, &'a Dataset),
    gather: &mut Gather<'_, 'a>,
) -> Result<(), Box<Fault>> {
    let wanted = wanted(table);
    let inside = within(head, table);
    let known = |text: &str| usize::from(!text.is_empty() && is_wanted(text, &wanted));
    let Some(block) = inside.block(&known) else {
        let name = table.name();
        gather.report(
            Place::default(),
            say!(
                "没有找到对照文件里的任何标题（{name}）",
                "none of the mapping's headings was found ({name})"
            ),
            say!(
                "核对 [table.columns]、sheet 和 range",
                "check [table.columns], sheet and range"
            ),
        );
        return Ok(());
    };
    let labels = inside.labels(block);
    let mut used = BTreeSet::new();
    let mut column_of = |key: &String, gather: &mut Gather<'_, 'a>| {
        let column = find_column(key, &labels, (block.last, table), gather)?;
        used.insert(column.index);
        Some(column)
    };
    let raw = &table.raw;
    let unit = raw.unit_heading.as_ref().map(|key| column_of(key, gather));
    let item = raw.item_heading.as_ref().map(|key| column_of(key, gather));
    let mut found = Vec::new();
    for (key, target) in &table.raw.columns {
        let Some(column) = column_of(key, gather) else {
            continue;
        };
        let label = labels.get(column.index).cloned().unwrap_or_default();
        let given = target
            .measure
            .clone()
            .or(label.measure)
            .or_else(|| split_measure(label.parts.last().map_or("", String::as_str)).1);
        let place = Place::cell(block.last, column.clone());
        found.extend(resolve(
            (table, dataset, target),
            (column, place),
            given.as_deref(),
            gather,
        ));
    }
    tell_unused(&labels, &used, block.last, gather);
    let (Some(unit), Some(item)) = (all(unit), all(item)) else {
        return Ok(());
    };
    let mut rows = Rows::default();
    book.rows(sheet, &mut |row, record| {
        if row > block.last && table.range.is_none_or(|(_, (bottom, _))| row <= bottom) {
            rows.read(row, record, (&found, &unit, &item), table, gather);
        }
        Next::Go
    })?;
    rows.finish(unit.as_ref(), table, gather);
    Ok(())
}

/// The headings that the mapping names, ready for comparison.
fn wanted(table: &Table) -> Vec<String> {
    let raw = &table.raw;
    let others = [&raw.unit_heading, &raw.item_heading];
    let keys = others.into_iter().flatten().chain(raw.columns.keys());
    keys.map(|key| folded(key)).collect()
}

/// Whether a heading is one of them, or the last part of one.
fn is_wanted(text: &str, wanted: &[String]) -> bool {
    let (whole, plain) = (folded(text), folded(&split_measure(text).0));
    let last = format!("/{plain}");
    wanted
        .iter()
        .any(|key| *key == whole || *key == plain || key.ends_with(&last))
}

/// `None` where a column was asked for and not found; that was told.
fn all(column: Option<Option<Column>>) -> Option<Option<Column>> {
    match column {
        None => Some(None),
        Some(found) => found.map(Some),
    }
}

fn report_item(gather: &mut Gather<'_, '_>, place: Place, text: &str) {
    let found = clip(text);
    gather.report(
        place,
        say!("“{found}”不能作明细项", "\"{found}\" cannot be an item"),
        say!(
            "至多 64 字节，不含换行",
            "write at most 64 bytes on one line"
        ),
    );
}

fn take(
    gather: &mut Gather<'_, '_>,
    found: &Found<'_, '_>,
    item: Option<ItemKey>,
    place: Place,
    text: &str,
) {
    match gather.figure(text, found.indicator, &found.source) {
        Ok(figure) => {
            let says = Says {
                figure,
                status: None,
            };
            gather.add(&found.key, place, (found.indicator, item), says);
        }
        Err(fault) => gather.report_cell(place, fault),
    }
}

fn read_labels_and_cells<'t, 'a: 't>(
    book: &mut Book,
    sheet: &str,
    (table, dataset): (&'t Table, &'a Dataset),
    gather: &mut Gather<'_, 'a>,
) -> Result<(), Box<Fault>> {
    let mut texts: BTreeMap<CellAt, String> = BTreeMap::new();
    let mut labels: Vec<(u64, String)> = Vec::new();
    let (label_column, value_column) = (table.label_column, table.value_column.unwrap_or_default());
    book.rows(sheet, &mut |row, record| {
        for (index, text) in record.iter().enumerate() {
            let is_value = !table.raw.rows.is_empty() && index == value_column;
            if is_value || table.cells.contains_key(&(row, index)) {
                texts.insert((row, index), text.to_owned());
            }
        }
        let label = trim(record.get(label_column).unwrap_or_default());
        if !label.is_empty() && table.holds(row, label_column) && labels.len() < 2_000 {
            labels.push((row, label.to_owned()));
        }
        Next::Go
    })?;
    let mut wanted: Vec<(CellAt, &Target)> = table
        .cells
        .iter()
        .map(|(at, target)| (*at, target))
        .collect();
    for (key, target) in &table.raw.rows {
        let named = |label: &&(u64, String)| {
            folded(&label.1) == folded(key) || folded(&split_measure(&label.1).0) == folded(key)
        };
        match labels.iter().filter(named).collect::<Vec<_>>()[..] {
            [(row, _)] => wanted.push(((*row, value_column), target)),
            ref rows => report_label(gather, (key, rows.len()), &labels, table),
        }
    }
    for (at, target) in wanted {
        let place = place_of(at);
        let column = Column {
            index: at.1,
            heading: target.indicator.as_str().into(),
        };
        let label = labels
            .iter()
            .find(|(row, _)| *row == at.0)
            .map_or("", |(_, label)| label);
        let given = target.measure.clone().or_else(|| {
            split_measure(label)
                .1
                .filter(|m| gather.names.measures(m).next().is_some())
        });
        if let Some(found) = resolve(
            (table, dataset, target),
            (column, place.clone()),
            given.as_deref(),
            gather,
        ) {
            let item = found.item.clone();
            take(
                gather,
                &found,
                item,
                place,
                texts.get(&at).map_or("", String::as_str),
            );
        }
    }
    Ok(())
}

/// Indicator, period, item and unit of measure of a target.
fn resolve<'t, 'a: 't>(
    (table, dataset, target): (&'t Table, &'a Dataset, &Target),
    (column, place): (Column, Place),
    measure: Option<&str>,
    gather: &mut Gather<'_, 'a>,
) -> Option<Found<'a, 't>> {
    let name = table.name();
    let indicator = match gather.names.indicator(&target.indicator, Some(dataset)) {
        Ok(indicator) => indicator,
        Err(unknown) => {
            gather.report(place, say_in(&name, &unknown.problem), unknown.remedy);
            return None;
        }
    };
    let period = match &target.period {
        Some(text) => match read_period(text, dataset.periodicity()) {
            Ok(period) => period,
            Err(unknown) => {
                gather.report(place, say_in(&name, &unknown.problem), unknown.remedy);
                return None;
            }
        },
        None => gather.default_period(dataset)?,
    };
    let item = match target.item.as_deref().map(ItemKey::new) {
        Some(Err(_)) => {
            report_item(gather, place, target.item.as_deref().unwrap_or_default());
            return None;
        }
        Some(Ok(item)) => Some(item),
        None => None,
    };
    let conversion = gather.conversion(indicator, measure, &place);
    Some(Found {
        column,
        indicator,
        key: (dataset.code().clone(), period),
        item,
        source: Source {
            conversion,
            round: target.round,
            marks: Some(&table.raw.marks),
        },
    })
}

/// The beginning of the sheet as far as it lies in the table's range.
fn within(head: &Head, table: &Table) -> Head {
    let cut = |(row, record): &(u64, StringRecord)| {
        let texts = record
            .iter()
            .enumerate()
            .map(|(at, text)| if table.holds(*row, at) { text } else { "" });
        let record: StringRecord = texts.collect();
        record
            .iter()
            .any(|t| !trim(t).is_empty())
            .then_some((*row, record))
    };
    Head {
        rows: head.rows.iter().filter_map(cut).collect(),
        merges: head.merges.clone(),
    }
}

/// The catalogue's name for a unit, where the mapping has one.
fn alias(table: &Table, text: &str) -> String {
    let named = table
        .raw
        .units
        .iter()
        .find(|(name, _)| folded(name) == folded(text));
    named.map_or(text.to_owned(), |(_, code)| code.clone())
}

fn place_of((row, index): CellAt) -> Place {
    Place::cell(
        row,
        Column {
            index,
            heading: "".into(),
        },
    )
}

fn say_in(name: &str, problem: &granary_core::text::Bilingual) -> granary_core::text::Bilingual {
    granary_core::text::Bilingual::new(
        format!("{name}：{}", problem.zh),
        format!("{name}: {}", problem.en),
    )
}
