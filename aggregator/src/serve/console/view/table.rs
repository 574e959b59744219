//! Tables: one description that is shown as HTML, sorted and filtered in the browser, and handed out as CSV.

use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

use super::Frame;
use crate::serve::console::{problem::Problem, routes::download};

/// One cell.
pub(in crate::serve::console) struct Cell {
    text: String,
    markup: Option<Markup>,
    /// By which the column sorts, where not by the text.
    sort: Option<i64>,
    is_figure: bool,
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
        }
    }

    /// A figure, which is right-aligned.
    pub(in crate::serve::console) fn figure(text: impl Into<String>) -> Self {
        Self {
            is_figure: true,
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
        let has_tools = self.rows.len() > 1;
        html! {
            div.table id=(self.code) {
                @if has_tools {
                    div.tools {
                        label hidden data-filter { span.hidden { (pick("筛选", "Filter")) " " (self.label) }
                            input type="search" placeholder=(pick("筛选…", "Filter…")) autocomplete="off"; }
                        span.quiet data-count { (self.rows.len()) " " (pick("行", "rows")) }
                        a href=(frame.visitor.with("csv", self.code)) download { "CSV" }
                    }
                }
                div.scroll role="region" aria-label=(self.label) tabindex="0" {
                    table {
                        caption.hidden { (self.label) }
                        thead { tr { @for column in &self.columns {
                            th.figure[column.is_figure] scope="col" { (column.name) }
                        } } }
                        tbody { @for row in &self.rows { tr { @for cell in row {
                            td.figure[cell.is_figure] data-sort=[cell.sort] {
                                @match &cell.markup { Some(markup) => (markup), None => (cell.text) }
                            }
                        } } } }
                    }
                }
            }
        }
    }

    /// The file, where this table is the one that is asked for. UTF-8 with the mark by which spreadsheets know it; words that a
    /// spreadsheet would take for a formula are quoted.
    pub(in crate::serve::console) fn csv(
        &self,
        wanted: Option<&str>,
    ) -> Option<Result<Response, Problem>> {
        (wanted == Some(self.code)).then(|| self.file())
    }

    fn file(&self) -> Result<Response, Problem> {
        let failed = |error: csv::Error| Problem::Failed(error.to_string());
        let mut writer = csv::Writer::from_writer(vec![0xEF, 0xBB, 0xBF]);
        writer
            .write_record(self.columns.iter().map(|column| &column.name))
            .map_err(failed)?;
        for row in &self.rows {
            writer
                .write_record(row.iter().map(Cell::field))
                .map_err(failed)?;
        }
        let bytes = writer
            .into_inner()
            .map_err(|error| Problem::Failed(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|error| Problem::Failed(error.to_string()))?;
        Ok(download(
            &format!("{}.csv", self.code),
            "text/csv; charset=utf-8",
            text,
        )
        .into_response())
    }
}

impl Cell {
    fn field(&self) -> String {
        let is_formula = !self.is_figure && self.text.starts_with(['=', '+', '-', '@', '\t', '\r']);
        if is_formula {
            format!("'{}", self.text)
        } else {
            self.text.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_no_formulas_and_figures_stay_figures() {
        assert_eq!(
            Cell::text("=HYPERLINK(\"x\")").field(),
            "'=HYPERLINK(\"x\")"
        );
        assert_eq!(Cell::text("@sum").field(), "'@sum");
        assert_eq!(Cell::figure("-5.20").field(), "-5.20");
        assert_eq!(Cell::text("贵阳市").field(), "贵阳市");
    }
}
