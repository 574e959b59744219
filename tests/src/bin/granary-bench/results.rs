//! `bench/results.json` in the target folder: an array of [`Row`]s.
//!
//! A run replaces the rows of the parts that it measured and keeps the others, so a row's `measured_at` says to which run
//! it belongs. A file that cannot be read as rows is an error, not something to write over.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{context::Outcome, row::Row};

/// Puts the fresh rows in the place of those of the same parts; gives the file.
pub(crate) fn store(target: &Path, fresh: Vec<Row>) -> Outcome<PathBuf> {
    let folder = target.join("bench");
    fs::create_dir_all(&folder)?;
    let path = folder.join("results.json");
    let rows = merged(read(&path)?, fresh);
    let draft = folder.join(".results.json.tmp");
    fs::write(&draft, serde_json::to_string_pretty(&rows)? + "\n")?;
    fs::rename(&draft, &path)?;
    Ok(path)
}

fn read(path: &Path) -> Outcome<Vec<Row>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
            format!(
                "{} holds something else ({error}): move it away",
                path.display()
            )
            .into()
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

fn merged(old: Vec<Row>, fresh: Vec<Row>) -> Vec<Row> {
    let measured_again = |row: &Row| {
        fresh
            .iter()
            .any(|f| f.part == row.part || f.name == row.name)
    };
    let mut rows: Vec<Row> = old.into_iter().filter(|row| !measured_again(row)).collect();
    rows.extend(fresh);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, part: &str, value: f64) -> Row {
        Row::higher(name, value, "1/s").of(part, "2026-01-01T00:00:00Z")
    }

    #[test]
    fn a_partial_run_replaces_its_own_part_and_keeps_the_others() {
        let old = vec![
            row("a", "one", 1.0),
            row("b", "one", 2.0),
            row("c", "two", 3.0),
        ];
        let rows = merged(old, vec![row("a", "one", 9.0)]);
        let names: Vec<(&str, f64)> = rows
            .iter()
            .map(|row| (row.name.as_str(), row.value))
            .collect();
        assert_eq!(
            names,
            [("c", 3.0), ("a", 9.0)],
            "b is of a part that was measured and no longer has it"
        );
    }
}
