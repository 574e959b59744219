//! Text in columns that stand straight on a screen with Chinese characters, each of which is two columns wide
//! (Unicode Standard Annex 11, East Asian Width).

use unicode_width::UnicodeWidthStr;

/// A small table: all cells left-aligned but the last column of each row with `right`, two spaces between columns.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    /// Columns whose cells are numbers.
    right: Vec<usize>,
}

impl Table {
    pub(crate) fn new(right: &[usize]) -> Self {
        Self {
            rows: Vec::new(),
            right: right.to_vec(),
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The lines, each after `indent` spaces and without spaces at its end.
    pub(crate) fn lines(&self, indent: usize) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|c| c.width())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        self.rows
            .iter()
            .map(|row| self.line(row, &widths, indent))
            .collect()
    }

    fn line(&self, row: &[String], widths: &[usize], indent: usize) -> String {
        let mut line = " ".repeat(indent);
        for (column, cell) in row.iter().enumerate() {
            let gap = " ".repeat(widths[column].saturating_sub(cell.width()));
            if column > 0 {
                line.push_str("  ");
            }
            if self.right.contains(&column) {
                line.push_str(&gap);
                line.push_str(cell);
            } else {
                line.push_str(cell);
                line.push_str(&gap);
            }
        }
        line.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_characters_are_two_columns_wide() {
        let mut table = Table::new(&[1]);
        table.row(vec!["第一产业".into(), "98.35".into(), "B".into()]);
        table.row(vec!["gdp".into(), "500.76".into(), "C".into()]);
        assert_eq!(
            table.lines(1),
            [" 第一产业   98.35  B", " gdp       500.76  C"]
        );
        let widths: Vec<usize> = table.lines(1).iter().map(|l| l.width()).collect();
        assert_eq!(widths[0], widths[1]);
    }
}
