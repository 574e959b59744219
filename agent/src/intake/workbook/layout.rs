//! Where the headings of a table stand in a sheet, and what each column is called by them.
//!
//! A table as offices make it has title rows, then headings in one to several rows with merged cells, units of measure in brackets in a row of
//! their own, and 其中 over the parts of a total; then its rows; then notes. The row of headings is the one in which most cells
//! are known. It grows upwards by rows of groups and downwards by rows that only stand below merged or empty cells or are units.
//! A column's *path* is what stands above it from top to bottom.

use calamine::Dimensions;
use csv::StringRecord;
use granary_core::decimal::Decimal;

use super::super::{
    cell::{Reading, narrow, read_value, trim},
    metadata,
    names::{folded, split_measure},
    number::BINARY,
};

/// The rows at the beginning of a sheet among which headings are looked for.
pub(super) const HEAD_ROWS: u64 = 60;
const ROWS_ABOVE_MAX: usize = 2;
const ROWS_BELOW_MAX: usize = 4;

/// The beginning of a sheet.
#[derive(Default)]
pub(super) struct Head {
    pub(super) rows: Vec<(u64, StringRecord)>,
    pub(super) merges: Vec<Dimensions>,
}

/// The rows of the headings, as a spreadsheet counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) first: u64,
    pub(super) last: u64,
}

/// What stands above a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Label {
    /// From top to bottom, without units of measure.
    pub(super) parts: Vec<String>,
    /// The unit of measure in a cell of its own.
    pub(super) measure: Option<String>,
}

impl Head {
    /// The trimmed text of a cell; rows from 1, columns from 0.
    pub(super) fn text(&self, row: u64, column: usize) -> &str {
        let found = self.rows.binary_search_by_key(&row, |(number, _)| *number);
        let record = found.ok().and_then(|at| self.rows.get(at));
        record.and_then(|(_, r)| r.get(column)).map_or("", trim)
    }

    /// How many columns the rows of a block have.
    fn width(&self, block: Block) -> usize {
        let rows = self
            .rows
            .iter()
            .filter(|(n, _)| (block.first..=block.last).contains(n));
        let texts = rows.map(|(_, r)| r.len()).max().unwrap_or(0);
        let inside = |m: &&Dimensions| {
            u64::from(m.start.0) < block.last && u64::from(m.end.0) + 1 >= block.first
        };
        // A heading may be merged over columns that have no cell of their own.
        let merged = self
            .merges
            .iter()
            .filter(inside)
            .map(|m| m.end.1 as usize + 1)
            .max();
        texts.max(merged.unwrap_or(0).min(texts + 64))
    }

    /// The merged cells that a cell belongs to.
    fn region(&self, row: u64, column: usize) -> Option<&Dimensions> {
        let (row, column) = (
            u32::try_from(row.checked_sub(1)?).ok()?,
            u32::try_from(column).ok()?,
        );
        self.merges.iter().find(|m| m.contains(row, column))
    }

    fn is_wide(&self, row: u64, column: usize) -> bool {
        self.region(row, column)
            .is_some_and(|m| m.start.1 < m.end.1)
    }

    /// The block of headings, by whether a text is `known`: 0 for one that is not, more the surer it is a heading.
    pub(super) fn block(&self, known: &dyn Fn(&str) -> usize) -> Option<Block> {
        let score =
            |record: &StringRecord| record.iter().map(|text| known(trim(text))).sum::<usize>();
        let scored = self
            .rows
            .iter()
            .map(|(number, record)| (score(record), *number));
        // Of equal rows the first counts.
        let (best, row) = scored.rev().max_by_key(|(score, _)| *score)?;
        if best == 0 {
            return None;
        }
        let mut block = Block {
            first: row,
            last: row,
        };
        for _ in 0..ROWS_ABOVE_MAX {
            if block.first > 1 && self.is_group(block.first - 1) {
                block.first -= 1;
            }
        }
        for _ in 0..ROWS_BELOW_MAX {
            if self.is_below(block) {
                block.last += 1;
            }
        }
        Some(block)
    }

    /// Whether a row can only be groups above the headings: several words, no figure, nothing that a sheet says about itself.
    fn is_group(&self, row: u64) -> bool {
        let Ok(at) = self.rows.binary_search_by_key(&row, |(number, _)| *number) else {
            return false;
        };
        let texts = || self.rows[at].1.iter().map(trim).filter(|t| !t.is_empty());
        let is_word = |text: &str| {
            !is_figure(text) && !text.contains([':', '：', '#']) && !metadata::is_word(text)
        };
        texts().count() > 1 && texts().all(is_word)
    }

    /// Whether the row below a block belongs to it.
    fn is_below(&self, block: Block) -> bool {
        let row = block.last + 1;
        let Ok(at) = self.rows.binary_search_by_key(&row, |(number, _)| *number) else {
            // An empty row into which a heading is merged.
            let Ok(zero_based) = u32::try_from(block.last) else {
                return false;
            };
            let reaches = |m: &Dimensions| {
                u64::from(m.start.0) + 1 >= block.first
                    && m.start.0 < zero_based
                    && m.end.0 >= zero_based
            };
            return self.merges.iter().any(reaches);
        };
        let cells = || {
            let cells = self.rows[at].1.iter().map(trim).enumerate();
            cells.filter(|(_, text)| !text.is_empty())
        };
        let belongs = |(column, text): (usize, &str)| {
            let above = self.text(block.last, column);
            let is_open = above.is_empty() || is_among(above) || self.is_wide(block.last, column);
            !is_figure(text) && (as_measure(text).is_some() || is_open)
        };
        // A first column without a heading holds names, which stand below an empty cell too.
        let is_named = |(column, text): (usize, &str)| {
            column == 0
                && self.text(block.last, 0).is_empty()
                && self.region(row, 0).is_none()
                && as_measure(text).is_none()
        };
        cells().count() > 0 && cells().all(belongs) && !cells().any(is_named)
    }

    /// What stands above every column of a block.
    pub(super) fn labels(&self, block: Block) -> Vec<Label> {
        (0..self.width(block))
            .map(|column| self.label(block, column))
            .collect()
    }

    fn label(&self, block: Block, column: usize) -> Label {
        let mut label = Label::default();
        let mut last_region = None;
        for row in block.first..=block.last {
            let region = self.region(row, column);
            if region.is_some() && region == last_region {
                continue;
            }
            last_region = region;
            let text = match region {
                Some(m) => self.text(u64::from(m.start.0) + 1, m.start.1 as usize),
                None => self.text(row, column),
            };
            let text = match text.is_empty() && region.is_none() {
                true => self.group(block, row, column),
                false => text,
            };
            if let Some(measure) = as_measure(text) {
                label.measure = Some(measure);
            } else if !text.is_empty() {
                label.parts.push(text.to_owned());
            }
        }
        label
    }

    /// The group that a column without a text of its own belongs to, where merged cells are not known: the next text on the left.
    fn group(&self, block: Block, row: u64, column: usize) -> &str {
        let has_text = |row| {
            let text = self.text(row, column);
            !text.is_empty() && as_measure(text).is_none()
        };
        if !self.merges.is_empty() || !(row + 1..=block.last).any(has_text) {
            return "";
        }
        let left = (0..column).rev().map(|c| self.text(row, c));
        left.into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    }
}

impl Label {
    /// What the column may be called, the most telling first: the path together, the path with strokes, the last part.
    pub(super) fn names(&self) -> Vec<String> {
        let strong: Vec<&str> = self
            .parts
            .iter()
            .map(String::as_str)
            .filter(|p| !is_among(p))
            .collect();
        let mut names = Vec::new();
        if strong.len() > 1 {
            names.extend([strong.concat(), strong.join("/")]);
        }
        if self.parts.len() > 1 {
            names.push(self.parts.join("/"));
        }
        names.extend(self.parts.last().cloned());
        names
    }

    /// The path, for people.
    pub(super) fn path(&self) -> String {
        let parts: Vec<String> = self
            .parts
            .iter()
            .map(|p| p.split_whitespace().collect())
            .collect();
        parts.join("/")
    }

    /// As one heading: the first name that is `known`, with the unit of measure in brackets.
    pub(super) fn heading(&self, known: &dyn Fn(&str) -> usize) -> String {
        let names = self.names();
        let name = names.iter().find(|name| known(name) > 0);
        let name = name.cloned().unwrap_or_else(|| self.path());
        match &self.measure {
            Some(measure) if split_measure(&name).1.is_none() => format!("{name}（{measure}）"),
            Some(_) | None => name,
        }
    }
}

/// 其中, which is no name of its own.
fn is_among(text: &str) -> bool {
    matches!(
        folded(text).as_str(),
        "其中" | "其中:" | "ofwhich" | "ofwhich:"
    )
}

/// The unit of measure, where a cell holds nothing else, in brackets.
fn as_measure(text: &str) -> Option<String> {
    let text = narrow(text);
    let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    (!inner.is_empty() && !inner.contains(['(', ')'])).then(|| inner.trim().to_owned())
}

/// Whether a cell holds a figure, or a mark for one that is absent.
pub(super) fn is_figure(text: &str) -> bool {
    let plain: String = narrow(text)
        .chars()
        .filter(|c| !matches!(*c, ',' | '，' | '%' | BINARY))
        .collect();
    Decimal::parse(plain.trim()).is_ok() || matches!(read_value(text), Ok(Reading::Absent(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First and last cell of a merged area, from 0.
    type Area = ((u32, u32), (u32, u32));

    fn head(rows: &[(u64, &[&str])], merges: &[Area]) -> Head {
        let record =
            |(number, texts): &(u64, &[&str])| (*number, StringRecord::from(texts.to_vec()));
        Head {
            rows: rows.iter().map(record).collect(),
            merges: merges
                .iter()
                .map(|(a, b)| Dimensions::new(*a, *b))
                .collect(),
        }
    }

    fn known(text: &str) -> usize {
        usize::from(
            [
                "行政区划面积",
                "外来人口",
                "人口密度",
                "花园住宅",
                "工厂",
                "gdp",
                "增速",
            ]
            .contains(&folded(text).as_str()),
        )
    }

    /// The shape of a yearbook's table by district: units below, 其中 above one of two headings, names merged over two rows.
    const POPULATION: [(u64, &[&str]); 4] = [
        (1, &["表2.2 各区土地面积、常住人口及人口密度（2017）"]),
        (
            3,
            &[
                "地  区",
                "行政区划面积",
                "年末常住人口",
                "其  中",
                "人口密度",
            ],
        ),
        (
            4,
            &[
                "",
                "（平方公里）",
                "（万人）",
                "外来人口",
                "（人/平方公里）",
            ],
        ),
        (5, &["全  市", "6340.5", "2418.33", "972.68", "3814"]),
    ];

    #[test]
    fn units_and_parts_belong_to_the_headings() {
        for merges in [&[((2, 0), (3, 0)), ((0, 0), (0, 4))][..], &[]] {
            let head = head(&POPULATION, merges);
            let block = head.block(&known).unwrap();
            assert_eq!(block, Block { first: 3, last: 4 });
            let headings: Vec<String> = head
                .labels(block)
                .iter()
                .map(|l| l.heading(&known))
                .collect();
            assert_eq!(
                headings,
                [
                    "地区",
                    "行政区划面积（平方公里）",
                    "年末常住人口（万人）",
                    "外来人口",
                    "人口密度（人/平方公里）"
                ]
            );
            assert_eq!(head.labels(block)[3].path(), "其中/外来人口");
        }
    }

    #[test]
    fn merged_headings_over_several_rows() {
        let rows: [(u64, &[&str]); 3] = [
            (
                4,
                &[
                    "地  区",
                    "居住房屋",
                    "其  中 ",
                    "",
                    "非居住房屋",
                    "其  中 ",
                    "",
                ],
            ),
            (5, &["", "", "花园住宅", "公  寓", "", " 工  厂", "学  校"]),
            (
                7,
                &[
                    "总  计 ",
                    "67281",
                    "1840",
                    "62453",
                    "64626",
                    "27206",
                    "3648",
                ],
            ),
        ];
        let tall = [0, 1, 4].map(|column| ((3, column), (5, column)));
        let wide = [((3, 2), (3, 3)), ((3, 5), (3, 6))];
        let parts = [2, 3, 5, 6].map(|column| ((4, column), (5, column)));
        let merges: Vec<_> = tall.into_iter().chain(wide).chain(parts).collect();
        let with = head(&rows, &merges);
        let block = with.block(&known).unwrap();
        assert_eq!(block, Block { first: 4, last: 6 });
        let paths: Vec<String> = with.labels(block).iter().map(Label::path).collect();
        assert_eq!(
            paths,
            [
                "地区",
                "居住房屋",
                "其中/花园住宅",
                "其中/公寓",
                "非居住房屋",
                "其中/工厂",
                "其中/学校"
            ]
        );
        // An .ods does not tell what is merged; the same comes out.
        let without = head(&rows, &[]);
        let block = without.block(&known).unwrap();
        assert_eq!(block, Block { first: 4, last: 5 });
        let paths: Vec<String> = without.labels(block).iter().map(Label::path).collect();
        assert_eq!(
            paths,
            [
                "地区",
                "居住房屋",
                "其中/花园住宅",
                "其中/公寓",
                "非居住房屋",
                "其中/工厂",
                "其中/学校"
            ]
        );
    }

    #[test]
    fn groups_above_tell_equal_headings_apart() {
        let rows: [(u64, &[&str]); 3] = [
            (1, &["2021年主要指标"]),
            (2, &["总量", "", "投资", ""]),
            (3, &["gdp", "增速", "完成", "增速"]),
        ];
        let head = head(&rows, &[((1, 0), (1, 1)), ((1, 2), (1, 3))]);
        let block = head.block(&known).unwrap();
        assert_eq!(block, Block { first: 2, last: 3 });
        assert_eq!(
            head.labels(block)[3].names(),
            ["投资增速", "投资/增速", "投资/增速", "增速"]
        );
    }

    #[test]
    fn a_row_of_data_is_no_heading() {
        let rows: [(u64, &[&str]); 3] = [
            (1, &["填报单位", "520100"]),
            (2, &["", "gdp"]),
            (3, &["贵阳市", ""]),
        ];
        let head = head(&rows, &[]);
        assert_eq!(head.block(&known), Some(Block { first: 2, last: 2 }));
        assert!(is_figure("1,234.5") && is_figure("…") && is_figure("8.3%") && !is_figure("1~2月"));
    }
}
