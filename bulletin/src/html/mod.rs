//! The article as one HTML page: no script, no outside reference, readable on paper, on a telephone and in the dark.
//!
//! Every text goes through maud, which escapes it. The page's policy forbids whatever is not in the page itself.

use granary_core::text::Language;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::article::{
    Article, Bar, Bars, Cell, Column, Fact, Headline, Lay, Mark, Part, Place, Row, Section, Shown,
    Table, clip,
};
use crate::words::Manner;

const STYLE: &str = include_str!("style.css");
/// What the page may load: nothing but the style that is in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";
/// The longest name in a heading or beside a bar, in characters.
const NAME_CHARS_MAX: usize = 120;
/// The longest text of a cell that is never folded, in characters.
const WHOLE_CHARS_MAX: usize = 10;
/// The longest fact, in characters: a command and an origin fit.
const FACT_CHARS_MAX: usize = 400;
/// The longest paragraph, in characters.
const SENTENCE_CHARS_MAX: usize = 3_000;

/// The whole page.
pub(super) fn html(article: &Article) -> String {
    let lang = match article.manner.language {
        Language::Zh => "zh-CN",
        Language::En => "en",
    };
    let page = html! {
        (DOCTYPE)
        html lang=(lang) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (name(&article.title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (masthead(article))
                    (contents(article))
                    @for (at, part) in article.sections.iter().enumerate() {
                        (section(article, at, part))
                    }
                }
                footer {
                    p { (name(&article.publisher)) }
                    p { "SHA-256 " code { (article.digest) } }
                }
            }
        }
    };
    page.into_string()
}

fn name(text: &str) -> String {
    clip(text, NAME_CHARS_MAX)
}

fn masthead(article: &Article) -> Markup {
    html! {
        header {
            p.publisher { (name(&article.publisher)) }
            h1 { (name(&article.title)) }
            (facts(&article.facts))
            p.summary { (clip(&article.summary, SENTENCE_CHARS_MAX)) }
            ul.headlines {
                @for headline in &article.headlines { (headline_item(&article.manner, headline)) }
            }
        }
    }
}

fn headline_item(manner: &Manner, headline: &Headline) -> Markup {
    html! {
        li {
            span.label { (headline.label) }
            strong { (headline.value.shown(manner).text) }
            span class=(headline.tone.word()) { (headline.change) }
        }
    }
}

fn contents(article: &Article) -> Markup {
    html! {
        nav aria-label=(article.manner.say("目录", "Contents")) {
            ul {
                @for (at, section) in article.sections.iter().enumerate() {
                    li { a href={ "#" (section.key) } { (article.heading(at)) } }
                }
            }
        }
    }
}

fn section(article: &Article, at: usize, section: &Section) -> Markup {
    html! {
        section id=(section.key) aria-labelledby={ (section.key) "-title" } {
            h2 id={ (section.key) "-title" } { (article.heading(at)) }
            @for part in &section.parts { (drawn(&article.manner, part)) }
        }
    }
}

fn drawn(manner: &Manner, part: &Part) -> Markup {
    match part {
        Part::Sentence(text) => html! { p { (clip(text, SENTENCE_CHARS_MAX)) } },
        Part::Legend(marks) => legend(manner, marks),
        Part::Facts(list) => facts(list),
        Part::Bars(chart) => bars(chart),
        Part::Table(part) if part.place == Place::Workbook => html! {},
        Part::Table(part) => table(manner, part),
    }
}

fn legend(manner: &Manner, marks: &[Mark]) -> Markup {
    html! {
        ul.legend aria-label=(manner.say("图例", "Legend")) {
            @for mark in marks {
                li {
                    span class={ "sign " (mark.tone.word()) } { (mark.sign) }
                    " " (name(&mark.text))
                }
            }
        }
    }
}

fn facts(facts: &[Fact]) -> Markup {
    html! {
        dl {
            @for fact in facts {
                div {
                    dt { (fact.label) }
                    @let text = clip(&fact.text, FACT_CHARS_MAX);
                    @if fact.exact { dd { code { (text) } } } @else { dd { (text) } }
                }
            }
        }
    }
}

/// One bar a line, each a picture of its own, so that the words keep their size on a narrow screen.
fn bars(chart: &Bars) -> Markup {
    html! {
        figure {
            figcaption { (name(&chart.caption)) }
            ul.bars {
                @for bar in &chart.bars {
                    @let label = name(&bar.label);
                    @let filled = Bar { filled: bar.length, tick: None };
                    li {
                        span.label { (label) }
                        (picture(filled, &format!("{label}: {}", bar.text), "poor"))
                        span.value { (bar.text) }
                    }
                }
            }
        }
    }
}

fn picture(bar: Bar, title: &str, tone: &str) -> Markup {
    html! {
        svg class={ "bar " (tone) } viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" {
            title { (title) }
            rect.track width="1000" height="100" {}
            rect.fill width=(bar.filled) height="100" {}
            @if let Some(tick) = bar.tick {
                rect.tick x=(tick.saturating_sub(6)) width="12" height="100" {}
            }
        }
    }
}

fn table(manner: &Manner, table: &Table) -> Markup {
    let columns: Vec<(usize, &Column)> = table.paper_columns().collect();
    let rows: Vec<&Row> = table.rows.iter().take(table.shown).collect();
    let groups = rows.chunk_by(|a, b| a.group == b.group);
    // The first column of words names the row.
    let names = columns
        .iter()
        .find(|(_, column)| matches!(column.lay, Lay::Words(_)))
        .map(|(at, _)| *at);
    html! {
        div.scroll tabindex="0" role="region" aria-label=(name(&table.caption)) {
            table {
                caption { (name(&table.caption)) }
                thead {
                    tr {
                        @for (_, column) in &columns {
                            th scope="col" class=(lay(column)) {
                                (name(&column.title))
                                @if !column.unit.is_empty() { " " small { (name(&column.unit)) } }
                            }
                        }
                    }
                }
                @for rows in groups { (body(manner, &columns, names, rows)) }
            }
        }
        @if let Some(rest) = table.rest(manner) { p.rest { (rest) } }
    }
}

fn body(
    manner: &Manner,
    columns: &[(usize, &Column)],
    names: Option<usize>,
    rows: &[&Row],
) -> Markup {
    let group = rows.first().map_or("", |row| &row.group);
    html! {
        tbody {
            @if !group.is_empty() {
                tr.group { th colspan=(columns.len()) scope="rowgroup" { (name(group)) } }
            }
            @for row in rows {
                tr {
                    @for (at, column) in columns {
                        @let cell = row.cells.get(*at).unwrap_or(&Cell::Nothing);
                        @let shown = cell.shown(manner);
                        @if names == Some(*at) {
                            th scope="row" { (shown.text) }
                        } @else {
                            td class={ (lay(column)) " " (shown.tone.word()) (whole(&shown)) } { (inside(&shown)) }
                        }
                    }
                }
            }
        }
    }
}

/// Short words are not folded, however narrow the screen.
fn whole(shown: &Shown) -> &'static str {
    if shown.text.chars().count() <= WHOLE_CHARS_MAX {
        " whole"
    } else {
        ""
    }
}

fn inside(shown: &Shown) -> Markup {
    html! {
        @if let Some(bar) = shown.bar { (picture(bar, &shown.text, shown.tone.word())) }
        @if !shown.sign.is_empty() { span.glyph { (shown.sign) } " " }
        (shown.text)
    }
}

const fn lay(column: &Column) -> &'static str {
    match column.lay {
        Lay::Words(_) => "words",
        Lay::Short => "short",
        Lay::Figures => "figures",
        Lay::Marks(_) => "marks",
        Lay::Bar(_) => "barred",
    }
}
