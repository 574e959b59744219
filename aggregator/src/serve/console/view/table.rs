//! Tables: one description that is shown as HTML, sorted and filtered in the browser or sorted here, and handed out as CSV and as a workbook.

use std::cmp::Ordering;

use axum::response::Response;
use jiff::civil::DateTime;
use maud::{Markup, html};

use super::Frame;
use crate::serve::console::{
    download::{Form, Told, links},
    problem::Problem,
    routes::asked,
};

/// One cell.
pub(in crate::serve::console) struct Cell {
    text: String,
    markup: Option<Markup>,
    /// By which the column sorts, where not by the text.
    sort: Option<i64>,
    is_figure: bool,
    /// Whether it stands on one line.
    is_whole: bool,
    /// Of an instant, the date and time in the catalogue's zone.
    moment: Option<DateTime>,
}

/// A column's heading, and whether it holds figures.
pub(in crate::serve::console) struct Column {
    name: String,
    is_figure: bool,
}

/// A table.
pub(in crate::serve::console) struct Table {
    /// The name of its file, and its anchor.
    code: &'static str,
    label: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Cell {
    /// Words.
    pub(in crate::serve::console) fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            markup: None,
            sort: None,
            is_figure: false,
            is_whole: false,
            moment: None,
        }
    }

    /// A figure, which is right-aligned.
    pub(in crate::serve::console) fn figure(text: impl Into<String>) -> Self {
        Self {
            is_figure: true,
            ..Self::text(text)
        }
    }

    /// An instant, as a page shows it to the minute.
    pub(in crate::serve::console) fn time(frame: &Frame<'_>, at_ms: i64) -> Self {
        Self::moment(frame, at_ms, frame.time(at_ms))
    }

    /// An instant that is evidence, to the second and with the offset.
    pub(in crate::serve::console) fn instant(frame: &Frame<'_>, at_ms: i64) -> Self {
        Self::moment(frame, at_ms, frame.instant(at_ms))
    }

    fn moment(frame: &Frame<'_>, at_ms: i64, text: String) -> Self {
        Self {
            sort: Some(at_ms),
            moment: Some(frame.civil(at_ms)),
            ..Self::text(text)
        }
    }

    /// A count.
    pub(in crate::serve::console) fn count(count: u64) -> Self {
        let sort = i64::try_from(count).unwrap_or(i64::MAX);
        Self {
            sort: Some(sort),
            ..Self::figure(count.to_string())
        }
    }

    /// Words that lead somewhere.
    pub(in crate::serve::console) fn link(path: &str, text: impl Into<String>) -> Self {
        let text = text.into();
        let markup = html! { a href=(path) { (text) } };
        Self {
            markup: Some(markup),
            ..Self::text(text)
        }
    }

    /// Shown in another way than in the file.
    pub(in crate::serve::console) fn shown(mut self, markup: Markup) -> Self {
        self.markup = Some(markup);
        self
    }

    /// On one line, however narrow the column.
    pub(in crate::serve::console) const fn whole(mut self) -> Self {
        self.is_whole = true;
        self
    }

    /// Sorted by a number.
    pub(in crate::serve::console) const fn by(mut self, number: i64) -> Self {
        self.sort = Some(number);
        self
    }
}

impl Table {
    /// A table with these columns; a heading that begins with `#` is of figures.
    pub(in crate::serve::console) fn new(
        code: &'static str,
        label: impl Into<String>,
        columns: &[&str],
    ) -> Self {
        let column = |name: &&str| Column {
            name: name.trim_start_matches('#').to_owned(),
            is_figure: name.starts_with('#'),
        };
        Self {
            code,
            label: label.into(),
            columns: columns.iter().map(column).collect(),
            rows: Vec::new(),
        }
    }

    pub(in crate::serve::console) fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    pub(in crate::serve::console) const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// As HTML, with what sorts, filters and hands it out.
    pub(in crate::serve::console) fn show(&self, frame: &Frame<'_>) -> Markup {
        let pick = |zh, en| frame.pick(zh, en);
        html! {
            div.table id=(self.code) {
                @if !self.is_empty() {
                    div.tools {
                        @if self.rows.len() > 1 { label hidden data-filter { span.hidden { (pick("筛选", "Filter")) " " (self.label) }
                            input type="search" placeholder=(pick("筛选…", "Filter…")) autocomplete="off"; } }
                        span.quiet data-count { (self.rows.len()) " " (pick("行", "rows")) }
                        (links(frame, self.code))
                    }
                }
                div.scroll role="region" aria-label=(self.label) tabindex="0" {
                    table {
                        caption.hidden { (self.label) }
                        thead { tr { @for (at, column) in self.columns.iter().enumerate() {
                            (self.heading(frame, at, column))
                        } } }
                        tbody { @for row in self.in_order(frame) { tr { @for cell in row {
                            td.figure[cell.is_figure].nowrap[cell.is_whole] data-sort=[cell.sort] {
                                @match &cell.markup { Some(markup) => (markup), None => (cell.text) }
                            }
                        } } } }
                    }
                }
            }
        }
    }

    /// The file, where this table is the one that is asked for: by its code as CSV, by `CODE.xlsx` as a workbook.
    pub(in crate::serve::console) fn csv(
        &self,
        wanted: Option<&str>,
    ) -> Option<Result<Response, Problem>> {
        let (code, form) = Form::of(wanted?);
        (code == self.code).then(|| self.file(form))
    }

    fn file(&self, form: Form) -> Result<Response, Problem> {
        let headings: Vec<&str> = self
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        let rows = self.rows.iter();
        let rows: Vec<Vec<Told<'_>>> = rows
            .map(|row| row.iter().map(Cell::told).collect())
            .collect();
        form.write(self.code, &self.label, &headings, &rows)
    }

    /// The rows in the order that the page's address asks for, `sort=CODE.COLUMN` or `sort=CODE.-COLUMN`, counted from 1; else as they are.
    /// The browser's script sorts without asking; this is for whoever runs none, and for links to keep.
    fn in_order(&self, frame: &Frame<'_>) -> Vec<&Vec<Cell>> {
        let mut rows: Vec<&Vec<Cell>> = self.rows.iter().collect();
        let Some((column, is_down)) = self.order(frame) else {
            return rows;
        };
        rows.sort_by(|a, b| match (a.get(column), b.get(column)) {
            (Some(a), Some(b)) => a.compare(b),
            (Some(_), None) | (None, Some(_) | None) => Ordering::Equal,
        });
        if is_down {
            rows.reverse();
        }
        rows
    }

    /// By which column the address sorts this table, and whether downwards.
    fn order(&self, frame: &Frame<'_>) -> Option<(usize, bool)> {
        let (_, query) = frame.visitor.here.split_once('?')?;
        let wanted = asked(Some(query), "sort")?;
        let (code, column) = wanted.split_once('.')?;
        let up = (column, false);
        let (column, is_down) = column.strip_prefix('-').map_or(up, |column| (column, true));
        let column: usize = column.parse().ok()?;
        let is_here = code == self.code && (1..=self.columns.len()).contains(&column);
        is_here.then(|| (column - 1, is_down))
    }

    /// A column's heading: without a script a link that sorts by it, and the other way round where it does so already.
    fn heading(&self, frame: &Frame<'_>, at: usize, column: &Column) -> Markup {
        let order = self.order(frame).filter(|(sorted, _)| *sorted == at);
        let sign = if order == Some((at, false)) { "-" } else { "" };
        let to = format!("{}.{sign}{}", self.code, at + 1);
        let sorted = order.map(|(_, is_down)| if is_down { "descending" } else { "ascending" });
        html! {
            th.figure[column.is_figure] scope="col" aria-sort=[sorted] {
                @if self.rows.len() > 1 { a.sort href=(frame.visitor.with("sort", &to)) { (column.name) } } @else { (column.name) }
            }
        }
    }
}

impl Cell {
    fn told(&self) -> Told<'_> {
        match (self.moment, self.is_figure) {
            (Some(at), _) => Told::Moment(&self.text, at),
            (None, true) => Told::Figure(&self.text),
            (None, false) => Told::Words(&self.text),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self.sort, other.sort) {
            (Some(own), Some(other)) => own.cmp(&other),
            (Some(_), None) | (None, Some(_) | None) => self.text.cmp(&other.text),
        }
    }
}
