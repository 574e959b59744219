//! The rows as a table whose columns line up; each note stands on a line of its own under its row.

use crate::row::{Better, Row};

const HEADER: [&str; 7] = ["name", "value", "unit", "better", "limit", "ratio", "peer"];

/// Renders rows.
pub(crate) fn render(rows: &[Row]) -> String {
    let cells: Vec<[String; 7]> = rows.iter().map(cells).collect();
    let width = |column: usize| {
        let widths = cells.iter().map(|row| row[column].chars().count());
        widths
            .chain([HEADER[column].len()])
            .max()
            .unwrap_or_default()
    };
    let widths: [usize; 7] = std::array::from_fn(width);
    let mut lines = vec![line(&HEADER.map(str::to_owned), &widths)];
    lines.push("-".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1)));
    for (row, cells) in rows.iter().zip(&cells) {
        lines.push(line(cells, &widths));
        if !row.note.is_empty() {
            lines.push(format!("    {}", row.note));
        }
    }
    lines.join("\n")
}

fn cells(row: &Row) -> [String; 7] {
    let better = match row.better {
        Better::Higher => "higher",
        Better::Lower => "lower",
    };
    let optional = |value: Option<f64>| value.map(figure).unwrap_or_default();
    [
        row.name.clone(),
        figure(row.value),
        row.unit.clone(),
        better.to_owned(),
        optional(row.limit),
        row.ratio
            .map(|ratio| format!("{ratio:.2}"))
            .unwrap_or_default(),
        optional(row.peer),
    ]
}

/// Names and units to the left, numbers to the right.
fn line(cells: &[String; 7], widths: &[usize; 7]) -> String {
    let padded = cells
        .iter()
        .zip(widths)
        .enumerate()
        .map(|(column, (cell, width))| match column {
            0 | 2 | 3 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// Three significant digits below 100, whole numbers with separators above.
fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => separated(&format!("{value:.0}")),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 || size == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn separated(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        let left = digits.len() - at;
        if at > 0 && left.is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_stands_in_them() {
        let rows = [
            Row::higher("a_rather_long_name", 18_234.4, "snapshots/s")
                .limit(31_000.0)
                .peer(8_900.0),
            Row::lower("b", 0.7312, "ms"),
        ];
        let text = render(&rows);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[2],
            "a_rather_long_name  18,234  snapshots/s  higher  31,000   0.59  8,900"
        );
        assert_eq!(lines[3], "b                    0.731  ms           lower");
    }

    #[test]
    fn figures_are_as_long_as_they_are_sure() {
        let texts = [0.0, 0.0123, 1.234, 12.34, 123.4, 1_234_567.0, -1234.0].map(figure);
        assert_eq!(
            texts,
            [
                "0.00",
                "0.012",
                "1.23",
                "12.3",
                "123",
                "1,234,567",
                "-1,234"
            ]
        );
    }
}
