//! What is refused, and that a file of the name is then what it was.

use std::fs;

use crate::town::Town;

fn refused(town: &Town, name: &str, args: &[&str], why: &str) {
    let path = town.path(name);
    fs::write(&path, "old").unwrap();
    let out = ["tables", "-o", path.to_str().unwrap()];
    let said = town.run(&[&out[..], args].concat());
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.error.contains(why), "{said:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    let part = path.with_file_name(format!("{name}.part"));
    assert!(!part.exists());
}

#[test]
fn a_table_that_cannot_be_is_refused() {
    let town = Town::new();
    let check = |name, args: &[&str], why| refused(&town, name, args, why);
    check("t.xlsx", &["--what", "series"], "cannot tell how to write");
    check(
        "t.sdmx.csv",
        &["--what", "slots"],
        "SDMX-CSV holds observations",
    );
    check(
        "t.parquet",
        &["--what", "slots", "--bom"],
        "--bom is for .csv alone",
    );
    check("t.csv", &["--what", "slots", "--by", "unit"], "--by is for");
    check(
        "t.csv",
        &["--what", "findings", "--as-of", "2021-09-01T00:00:00+08:00"],
        "--as-of does not apply",
    );
    check(
        "t.csv",
        &["--what", "series", "--agency", "1x"],
        "is not an agency",
    );
}

#[test]
fn a_journal_that_does_not_hold_gives_no_table() {
    let town = Town::new();
    let damaged = town.path("damaged.granary");
    fs::write(&damaged, "no archive").unwrap();
    let out = town.path("t.csv");
    let args = [
        "granary-audit",
        "tables",
        "--what",
        "series",
        "--lang",
        "en",
    ];
    let more = [
        "--export",
        damaged.to_str().unwrap(),
        "-o",
        out.to_str().unwrap(),
    ];
    let all = args.iter().chain(&more).map(Into::into).collect();
    let said = granary_audit::cli::respond(all, &|_| None);
    assert!(
        said.code == 2 && said.error.contains("does not hold"),
        "{said:?}"
    );
    assert!(!out.exists());
}

#[test]
fn an_empty_table_has_its_heading() {
    let town = Town::new();
    let args = ["--what", "series", "--unit", "520103"];
    let (path, said) = town.table("empty.csv", &args);
    assert!(said.contains(": 0 rows, "), "{said}");
    assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 1);
    let (path, _) = town.table("empty.parquet", &args);
    assert_eq!(&fs::read(path).unwrap()[..4], b"PAR1");
}
