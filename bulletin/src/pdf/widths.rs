//! How wide the columns of a table are on paper: each as wide as its content needs, and what is left by weight.

use crate::{
    article::{Column, Lay, Row, Table},
    words::Manner,
};

/// The width between the margins, in tenths of a point: an A4 page upright, and on its side.
const PAGE_WIDTHS: (u32, u32) = (4_932, 7_398);
/// The width of a letter of a heading; an ideograph has two.
const LETTER: u32 = 44;
/// The width of a digit of a cell, which is wider than most letters.
const DIGIT: u32 = 50;
/// What stands left and right of a cell's text.
const INSET: u32 = 80;
/// The widest cell that is never folded, in characters.
const WHOLE_CHARACTERS_MAX: usize = 24;
/// The widest mark that is not folded, in characters.
const MARK_CHARACTERS_MAX: usize = 11;
/// What a column of words needs for each unit of its weight.
const WEIGHT: u32 = 100;
/// The narrowest bar with its figure beside it, in characters.
const BAR_CHARACTERS_MIN: usize = 15;

/// The widths of the columns that paper shows.
pub(super) struct Widths {
    /// In tenths of a point; together as wide as the page.
    pub(super) columns: Vec<u32>,
    /// Whether the page lies on its side.
    pub(super) wide: bool,
}

/// Measures a table of which these rows are shown.
pub(super) fn of(manner: &Manner, table: &Table, rows: &[&Row]) -> Widths {
    let columns: Vec<(u32, u32)> = table
        .paper_columns()
        .map(|(at, column)| (needed(manner, column, at, rows), weight(column.lay)))
        .collect();
    let all: u32 = columns.iter().map(|(needed, _)| needed).sum();
    // A little less than what is needed is better than a page on its side.
    let wide = all > PAGE_WIDTHS.0 + PAGE_WIDTHS.0 / 12;
    let page = if wide { PAGE_WIDTHS.1 } else { PAGE_WIDTHS.0 };
    let weights: u32 = columns.iter().map(|(_, weight)| weight).sum();
    let free = page.saturating_sub(all);
    let width = |(needed, weight): (u32, u32)| {
        let fair = free.saturating_mul(weight).checked_div(weights);
        // Where even the wide page is too narrow, every column gives up its share.
        let fitted = u64::from(needed) * u64::from(page) / u64::from(all.max(page));
        u32::try_from(fitted).unwrap_or(needed) + fair.unwrap_or(0)
    };
    Widths {
        columns: columns.into_iter().map(width).collect(),
        wide,
    }
}

/// The share of the free width that a column gets.
fn weight(lay: Lay) -> u32 {
    match lay {
        Lay::Words(weight) | Lay::Marks(weight) | Lay::Bar(weight) => weight.into(),
        Lay::Short | Lay::Figures => 0,
    }
}

/// The narrowest that a column can be read in.
fn needed(manner: &Manner, column: &Column, at: usize, rows: &[&Row]) -> u32 {
    let widest = || {
        let cells = rows.iter().filter_map(|row| row.cells.get(at));
        let widths = cells.map(|cell| width(&cell.shown(manner).words()));
        widths.max().unwrap_or(0)
    };
    let (content, character) = match column.lay {
        Lay::Words(weight) => return u32::from(weight) * WEIGHT,
        Lay::Short | Lay::Figures => (widest().min(WHOLE_CHARACTERS_MAX), DIGIT),
        Lay::Marks(_) => (widest().min(MARK_CHARACTERS_MAX), LETTER),
        Lay::Bar(_) => (BAR_CHARACTERS_MIN, LETTER),
    };
    let heading = heading_width(&column.title).max(width(&column.unit).min(MARK_CHARACTERS_MAX));
    let times = |characters: usize, each: u32| {
        let characters = u32::try_from(characters).unwrap_or(u32::MAX);
        characters.saturating_mul(each)
    };
    times(content, character).max(times(heading, LETTER)) + INSET
}

/// A short heading stands on one line; a longer one is folded into two or three, and never within a word of letters.
fn heading_width(heading: &str) -> usize {
    let words = heading.split(|c: char| c.is_whitespace() || !c.is_ascii());
    let longest = words
        .map(width)
        .max()
        .unwrap_or(0)
        .min(WHOLE_CHARACTERS_MAX);
    let folded = match width(heading) {
        all @ 0..=8 => all,
        all @ 9..=16 => all.div_ceil(2),
        all => all.div_ceil(3).min(WHOLE_CHARACTERS_MAX),
    };
    longest.max(folded)
}

/// A heading with ideographs in lines of about the same length, where it does not fit on one. A run of letters or
/// digits stays together, and a heading of letters alone is left to the typesetter.
pub(super) fn balanced(heading: &str, column: u32) -> String {
    let fit = usize::try_from(column.saturating_sub(INSET) / LETTER).unwrap_or(0);
    let all = width(heading);
    if heading.is_ascii() || fit == 0 || all <= fit {
        return heading.to_owned();
    }
    let target = all.div_ceil(all.div_ceil(fit));
    let (mut out, mut line, mut before) = (String::new(), 0, ' ');
    for c in heading.chars() {
        let between = !before.is_ascii() || !c.is_ascii();
        if line >= target && between {
            out.push('\n');
            line = 0;
        }
        out.push(c);
        line += width(c.encode_utf8(&mut [0; 4]));
        before = c;
    }
    out
}

/// How wide a text is, in characters; an ideograph has two.
fn width(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ideographs_are_folded_into_lines_of_about_one_length() {
        for (heading, column, expected) in [
            ("必填指标填报率", 440, "必填指标\n填报率"),
            ("必填指标填报率", 800, "必填指标填报率"),
            ("2021年第三季度", 440, "2021年第\n三季度"),
            ("Completeness", 200, "Completeness"),
        ] {
            assert_eq!(balanced(heading, column), expected);
        }
    }

    #[test]
    fn headings_are_folded_but_not_their_words() {
        for (heading, expected) in [
            ("Rank", 4),
            ("数据质量", 8),
            ("First-time acceptance rate", 10),
            ("必填指标填报率", 7),
        ] {
            assert_eq!(heading_width(heading), expected, "{heading}");
        }
    }
}
