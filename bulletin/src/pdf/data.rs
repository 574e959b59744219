//! The article as the data that the template reads: texts, tones and widths, and no markup.

use granary_core::text::Language;
use serde::Serialize;

use super::{fonts::Fonts, widths};
use crate::{
    article::{Article, Bar, Bars, Cell, Fact, Headline, Lay, Mark, Part, Place, Row, Table, clip},
    words::Manner,
};

/// The longest name in a heading or beside a bar, in characters.
const NAME_CHARS_MAX: usize = 120;
/// The longest heading and the longest text of a narrow column, in characters.
const NARROW_CHARS_MAX: usize = 40;
/// The longest text of a column of words, for each unit of its weight.
const WEIGHT_CHARS_MAX: usize = 24;
/// The longest text at the foot of a page, in characters.
const FOOTER_CHARS_MAX: usize = 36;
/// The longest paragraph, in characters.
const SENTENCE_CHARS_MAX: usize = 3_000;
/// A run of letters that is longer may be broken, every so many letters.
const RUN_MAX: usize = 24;
const RUN_PIECE: usize = 4;

#[derive(Serialize)]
struct Data {
    lang: &'static str,
    family: String,
    bold: bool,
    signs: u32,
    centred: bool,
    publisher: String,
    footer: String,
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
    unit: String,
    lay: &'static str,
    /// In tenths of a point.
    width: u32,
}

#[derive(Serialize)]
struct GroupData {
    name: String,
    rows: Vec<Vec<CellData>>,
}

#[derive(Serialize)]
struct CellData {
    sign: &'static str,
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
        signs: fonts.signs_percent,
        centred: fonts.centred_brackets,
        publisher: name(&article.publisher),
        footer: clip(&article.publisher, FOOTER_CHARS_MAX),
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
    let widths = widths::of(manner, table, &rows);
    let columns = table.paper_columns().zip(widths.columns);
    let columns = columns.map(|((_, column), width)| ColumnData {
        title: widths::balanced(&heading(&column.title), width),
        unit: heading(&column.unit),
        lay: lay(column.lay),
        width,
    });
    let places: Vec<Shape> = table
        .paper_columns()
        .map(|(at, column)| (at, chars_max(column.lay)))
        .collect();
    let groups = rows.chunk_by(|a, b| a.group == b.group);
    let groups = groups.map(|rows| GroupData {
        name: rows
            .first()
            .map_or_else(String::new, |row| name(&row.group)),
        rows: rows.iter().map(|row| cells(manner, &places, row)).collect(),
    });
    TableData {
        caption: name(&table.caption),
        wide: widths.wide,
        groups: groups.collect(),
        columns: columns.collect(),
        rest: table.rest(manner),
    }
}

const fn lay(lay: Lay) -> &'static str {
    match lay {
        Lay::Words(_) => "words",
        Lay::Short => "short",
        Lay::Figures => "figures",
        Lay::Marks(_) => "marks",
        Lay::Bar(_) => "barred",
    }
}

/// A column's place in its table, and how many characters of its cells are shown.
type Shape = (usize, usize);

/// No row may be higher than a page, so a narrow column shows less of a long text.
fn chars_max(lay: Lay) -> usize {
    match lay {
        Lay::Words(weight) => usize::from(weight) * WEIGHT_CHARS_MAX,
        Lay::Short | Lay::Figures | Lay::Marks(_) | Lay::Bar(_) => NARROW_CHARS_MAX,
    }
}

fn heading(text: &str) -> String {
    breakable(&clip(text, NARROW_CHARS_MAX), RUN_MAX)
}

fn cells(manner: &Manner, places: &[Shape], row: &Row) -> Vec<CellData> {
    let cells = places
        .iter()
        .map(|(at, chars)| (row.cells.get(*at), *chars));
    cells
        .map(|(cell, chars)| {
            let shown = cell.unwrap_or(&Cell::Nothing).shown(manner);
            let data = |Bar { filled, tick }| BarData { filled, tick };
            CellData {
                sign: shown.sign,
                text: breakable(&clip(&shown.text, chars), RUN_MAX),
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
    for word in text.split_inclusive(|c: char| c.is_whitespace() || !c.is_ascii()) {
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
            (&"a".repeat(25), "aaaa\u{200b}".repeat(6) + "a"),
        ] {
            assert_eq!(breakable(text, RUN_MAX), expected);
        }
    }
}
