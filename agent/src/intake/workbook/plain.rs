//! A sheet that is read by its own headings: in either shape of a CSV file, with what offices put around it.

use std::path::Path;

use csv::StringRecord;

use super::{
    super::{
        cell::trim,
        csv_long,
        csv_wide::Wide,
        fault::{Column, Fault, Place, say},
        gather::Gather,
        headings::{Headings, Part, is_part},
        names::folded,
        period::{find_period, read_period},
    },
    cells::{Book, Next},
    layout::{Head, Label, is_figure},
    title,
};

/// How notes begin.
const NOTES: [&str; 6] = ["注", "资料来源", "备注", "说明:", "note", "source"];

/// Reads a sheet; `false` where none of its first rows has a known heading.
pub(super) fn read(
    path: &Path,
    book: &mut Book,
    sheet: &str,
    head: &Head,
    gather: &mut Gather<'_, '_>,
) -> Result<bool, Box<Fault>> {
    let names = gather.names;
    let known = |text: &str| match text {
        "" => 0,
        part if is_part(part) => 2,
        other => usize::from(names.is_indicator(other)),
    };
    let Some(block) = head.block(&known) else {
        return Ok(false);
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut titles = vec![sheet.to_owned()];
    for (row, record) in head.rows.iter().filter(|(row, _)| *row < block.first) {
        titles.extend(title::take(gather, record, *row, folder, false));
    }
    let heading = |label: &Label| {
        let heading = label.heading(&known);
        heading.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let headings: StringRecord = head.labels(block).iter().map(heading).collect();
    let headings = Headings::read(&headings, block.last, &mut gather.faults);
    settle(gather, &headings, &titles);
    check_measure(gather);
    let wide = if headings.is_long() {
        csv_long::check_headings(gather, &headings, block.last);
        None
    } else {
        Some(Wide::read(gather, &headings, block.last))
    };
    book.rows(sheet, &mut |row, record| {
        if row <= block.last {
            return Next::Go;
        }
        if title::is_about(record) {
            title::take(gather, record, row, folder, true);
        } else if !is_note(record, &headings) {
            match &wide {
                Some(wide) => wide.read_row(gather, &headings, record, row),
                None => csv_long::read_row(gather, &headings, record, row),
            }
        }
        Next::Go
    })?;
    Ok(true)
}

/// Dataset and period of the sheet, where its rows and lines do not give them: by the sheet's name, else by a title.
fn settle(gather: &mut Gather<'_, '_>, headings: &Headings, titles: &[String]) {
    let names = gather.names;
    if headings.column(Part::Dataset).is_some() {
        return;
    }
    if gather.metadata.dataset.is_none()
        && let Some((dataset, title)) = titles.iter().find_map(|t| Some((names.dataset_in(t)?, t)))
    {
        let code = dataset.code();
        let text = say!(
            "报表取自“{title}”：{code}",
            "the dataset is that of \"{title}\": {code}"
        );
        gather.fix_dataset(dataset, text);
    }
    let Some(dataset) = gather.default_dataset() else {
        return;
    };
    if headings.column(Part::Period).is_some() || gather.has_period(dataset) {
        return;
    }
    let periodicity = dataset.periodicity();
    let period_in = |title: &String| {
        let whole = read_period(title, periodicity)
            .ok()
            .filter(|p| p.periodicity() == periodicity);
        Some((
            whole.or_else(|| find_period(title, periodicity))?,
            title.clone(),
        ))
    };
    if let Some((period, title)) = titles.iter().find_map(period_in) {
        let text = say!(
            "报告期取自“{title}”：{period}",
            "the period is that of \"{title}\": {period}"
        );
        gather.fix_period(dataset, period, (Place::default(), text));
    }
}

/// A unit of measure for the whole table must be one that the catalogue knows: else its figures might be taken for others.
pub(super) fn check_measure(gather: &mut Gather<'_, '_>) {
    let Some(line) = gather.measure.clone() else {
        return;
    };
    if gather.names.measures(&line.text).next().is_some() {
        return;
    }
    gather.measure = None;
    let found = super::super::fault::clip(&line.text);
    gather.report(
        Place::row(line.row),
        say!("报表制度里没有计量单位“{found}”", "the catalogue has no unit of measure \"{found}\""),
        say!("在各列标题后写明计量单位，例如“地区生产总值（亿元）”，并删去这一处", "write the unit of measure behind each heading, for instance \"GDP (CNY 100 million)\", and remove this one"),
    );
}

/// Whether a row is a note below or inside of a table: one text, that is no figure and does not stand where a figure is expected, or
/// begins as notes do.
fn is_note(record: &StringRecord, headings: &Headings) -> bool {
    let mut texts = record.iter().map(trim).enumerate();
    let mut texts = texts.by_ref().filter(|(_, text)| !text.is_empty());
    match (texts.next(), texts.next()) {
        (Some((index, text)), None) => {
            let text = folded(text);
            NOTES.iter().any(|word| text.starts_with(word))
                || !is_figure(&text) && !expects_figure(headings, index)
        }
        (None, _) => true,
        (Some(_), Some(_)) => false,
    }
}

fn expects_figure(headings: &Headings, index: usize) -> bool {
    let is_it = |column: &Column| column.index == index;
    match headings.column(Part::Value) {
        Some(column) => is_it(column),
        None => headings.others().iter().any(is_it),
    }
}
