//! The article as the data that the template reads: texts, tones and widths, and no markup.

use granary_core::text::Language;
use serde::Serialize;

use super::fonts::Fonts;
use crate::{
    bulletin::article::{
        Article, Bar, Bars, Cell, Column, Fact, Headline, Lay, Mark, Part, Place, Row, Table, clip,
    },
    words::Manner,
};

/// The longest name in a heading or beside a bar, in characters.
const NAME_CHARS_MAX: usize = 120;
/// The longest paragraph, in characters.
const SENTENCE_CHARS_MAX: usize = 3_000;
/// The width between the margins of an upright page, in points.
const PAGE_WIDTH_PT: u32 = 482;
/// The width of a character of a table, in points; an ideograph has two.
const CHARACTER_PT: u32 = 5;
/// What stands left and right of a cell's text, in points.
const INSET_PT: u32 = 9;
/// The widest column of figures, in characters.
const FIGURES_MAX: usize = 24;
/// What a free column needs for each unit of its weight, in points.
const WEIGHT_PT: u32 = 11;
/// A run of letters that is longer may be broken, every so many letters.
const RUN_MAX: usize = 24;
const RUN_PIECE: usize = 12;

#[derive(Serialize)]
struct Data {
    lang: &'static str,
    family: String,
    bold: bool,
    publisher: String,
    title: String,
    as_of: String,
    digest: String,
    page: &'static str,
    summary: String,
    facts: Vec<FactData>,
    headlines: Vec<HeadlineData>,
    sections: Vec<SectionData>,
}

#[derive(Serialize)]
struct FactData {
    label: String,
    text: String,
    exact: bool,
}

#[derive(Serialize)]
struct HeadlineData {
    label: String,
    value: String,
    change: String,
    tone: &'static str,
}

#[derive(Serialize)]
struct SectionData {
    title: String,
    parts: Vec<PartData>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum PartData {
    Sentence {
        text: String,
    },
    Legend {
        marks: Vec<MarkData>,
    },
    Facts {
        facts: Vec<FactData>,
    },
    Bars {
        caption: String,
        bars: Vec<BarsData>,
    },
    Table(TableData),
}

#[derive(Serialize)]
struct MarkData {
    tone: &'static str,
    sign: &'static str,
    text: String,
}

#[derive(Serialize)]
struct BarsData {
    label: String,
    length: u32,
    text: String,
}

#[derive(Serialize)]
struct TableData {
    caption: String,
    /// Whether it needs a page on its side.
    wide: bool,
    columns: Vec<ColumnData>,
    groups: Vec<GroupData>,
    rest: Option<String>,
}

#[derive(Serialize)]
struct ColumnData {
    title: String,
    lay: &'static str,
    /// In points, or in shares of the free width.
    width: u32,
    fixed: bool,
}

#[derive(Serialize)]
struct GroupData {
    name: String,
    rows: Vec<Vec<CellData>>,
}

#[derive(Serialize)]
struct CellData {
    text: String,
    tone: &'static str,
    bar: Option<BarData>,
}

#[derive(Serialize)]
struct BarData {
    filled: u32,
    tick: Option<u32>,
}

/// The data as JSON.
pub(super) fn json(article: &Article, fonts: &Fonts) -> Result<Vec<u8>, serde_json::Error> {
    let manner = &article.manner;
    let sections = article.sections.iter().enumerate();
    serde_json::to_vec(&Data {
        lang: match manner.language {
            Language::Zh => "zh",
            Language::En => "en",
        },
        family: fonts.family.clone(),
        bold: fonts.bold,
        publisher: name(&article.publisher),
        title: name(&article.title),
        as_of: manner.instant(article.as_of_ms),
        digest: article.digest.clone(),
        page: manner.say("第 {} 页，共 {} 页", "Page {} of {}"),
        summary: sentence(&article.summary),
        facts: facts(&article.facts),
        headlines: article
            .headlines
            .iter()
            .map(|headline| headline_data(manner, headline))
            .collect(),
        sections: sections
            .map(|(at, section)| SectionData {
                title: article.heading(at),
                parts: section
                    .parts
                    .iter()
                    .filter_map(|part| part_data(manner, part))
                    .collect(),
            })
            .collect(),
    })
}

fn part_data(manner: &Manner, part: &Part) -> Option<PartData> {
    Some(match part {
        Part::Sentence(text) => PartData::Sentence {
            text: sentence(text),
        },
        Part::Legend(marks) => PartData::Legend {
            marks: marks.iter().map(mark_data).collect(),
        },
        Part::Facts(list) => PartData::Facts { facts: facts(list) },
        Part::Bars(chart) => bars_data(chart),
        Part::Table(table) if table.place == Place::Workbook => return None,
        Part::Table(table) => PartData::Table(table_data(manner, table)),
    })
}

fn headline_data(manner: &Manner, headline: &Headline) -> HeadlineData {
    HeadlineData {
        label: headline.label.clone(),
        value: headline.value.shown(manner).text,
        change: headline.change.clone(),
        tone: headline.tone.word(),
    }
}

fn facts(facts: &[Fact]) -> Vec<FactData> {
    let fact = |fact: &Fact| FactData {
        label: fact.label.clone(),
        // A hash must come out of the PDF as it is, and fits on a line.
        text: breakable(&clip(&fact.text, SENTENCE_CHARS_MAX), 80),
        exact: fact.exact,
    };
    facts.iter().map(fact).collect()
}

fn mark_data(mark: &Mark) -> MarkData {
    MarkData {
        tone: mark.tone.word(),
        sign: mark.sign,
        text: name(&mark.text),
    }
}

fn bars_data(chart: &Bars) -> PartData {
    let bars = chart.bars.iter().map(|bar| BarsData {
        label: name(&bar.label),
        length: bar.length,
        text: bar.text.clone(),
    });
    PartData::Bars {
        caption: name(&chart.caption),
        bars: bars.collect(),
    }
}

fn table_data(manner: &Manner, table: &Table) -> TableData {
    let rows: Vec<&Row> = table.rows.iter().take(table.shown).collect();
    let columns: Vec<ColumnData> = table
        .paper_columns()
        .map(|(at, column)| column_data(manner, column, at, &rows))
        .collect();
    let places: Vec<usize> = table.paper_columns().map(|(at, _)| at).collect();
    let groups = rows.chunk_by(|a, b| a.group == b.group);
    let groups = groups.map(|rows| GroupData {
        name: rows
            .first()
            .map_or_else(String::new, |row| name(&row.group)),
        rows: rows.iter().map(|row| cells(manner, &places, row)).collect(),
    });
    let needed: u32 = columns.iter().map(ColumnData::points_min).sum();
    TableData {
        caption: name(&table.caption),
        wide: needed > PAGE_WIDTH_PT,
        groups: groups.collect(),
        columns,
        rest: table.rest(manner),
    }
}

impl ColumnData {
    /// The narrowest that it can be read in.
    const fn points_min(&self) -> u32 {
        if self.fixed {
            self.width
        } else {
            self.width * WEIGHT_PT
        }
    }
}

fn column_data(manner: &Manner, column: &Column, at: usize, rows: &[&Row]) -> ColumnData {
    let heading = name(&column.heading(manner));
    let (lay, width, fixed) = match column.lay {
        Lay::Words(weight) => ("words", weight.into(), false),
        Lay::Marks(weight) => ("marks", weight.into(), false),
        Lay::Bar(weight) => ("barred", weight.into(), false),
        Lay::Figures => {
            let cells = rows.iter().filter_map(|row| row.cells.get(at));
            let widest = cells.map(|cell| width(&cell.shown(manner).text)).max();
            let characters = widest.unwrap_or(0).max(heading_width(&heading));
            let characters = u32::try_from(characters.min(FIGURES_MAX)).unwrap_or(u32::MAX);
            ("figures", characters * CHARACTER_PT + INSET_PT, true)
        }
    };
    ColumnData {
        title: heading,
        lay,
        width,
        fixed,
    }
}

/// A heading is folded into at most three lines, and never within a word of letters.
fn heading_width(heading: &str) -> usize {
    let words = heading.split(|c: char| c.is_whitespace() || !c.is_ascii());
    let longest = words.map(width).max().unwrap_or(0);
    longest.max(width(heading).div_ceil(3))
}

/// How wide a text is, in characters; an ideograph has two.
fn width(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

fn cells(manner: &Manner, places: &[usize], row: &Row) -> Vec<CellData> {
    let cells = places.iter().map(|at| row.cells.get(*at));
    cells
        .map(|cell| {
            let shown = cell.unwrap_or(&Cell::Nothing).shown(manner);
            let data = |Bar { filled, tick }| BarData { filled, tick };
            CellData {
                text: breakable(&shown.text, RUN_MAX),
                tone: shown.tone.word(),
                bar: shown.bar.map(data),
            }
        })
        .collect()
}

fn name(text: &str) -> String {
    breakable(&clip(text, NAME_CHARS_MAX), RUN_MAX)
}

fn sentence(text: &str) -> String {
    breakable(&clip(text, SENTENCE_CHARS_MAX), RUN_MAX)
}

/// The text with places to break a line in runs of letters longer than `run_max`, which no column could hold.
fn breakable(text: &str, run_max: usize) -> String {
    const BREAK: char = '\u{200b}';
    let mut out = String::with_capacity(text.len());
    for word in
        text.split_inclusive(|c: char| c.is_whitespace() || width(c.encode_utf8(&mut [0; 4])) > 1)
    {
        let long = word.chars().count() > run_max;
        for (at, c) in word.chars().enumerate() {
            if long && at > 0 && at.is_multiple_of(RUN_PIECE) {
                out.push(BREAK);
            }
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_runs_get_places_to_break() {
        for (text, expected) in [
            ("short words stay", "short words stay".to_owned()),
            ("中文不用", "中文不用".to_owned()),
            (&"a".repeat(24), "a".repeat(24)),
            (
                &"a".repeat(25),
                "aaaaaaaaaaaa\u{200b}aaaaaaaaaaaa\u{200b}a".to_owned(),
            ),
        ] {
            assert_eq!(breakable(text, RUN_MAX), expected);
        }
    }

    #[test]
    fn headings_are_folded_but_not_their_words() {
        for (heading, expected) in [
            ("Rank", 4),
            ("First-time acceptance rate", 10),
            ("必填指标填报率", 5),
        ] {
            assert_eq!(heading_width(heading), expected, "{heading}");
        }
    }
}
