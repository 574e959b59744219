//! What people, programs and networks do to a folder: nothing is lost, and nothing is taken that is not whole.

use std::path::PathBuf;

use super::*;
use crate::intake::tests::fill;

/// A book with two datasets, each on a sheet of its own.
fn two_datasets(investment: &str) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    fill(
        book.add_worksheet().set_name("季度核算").unwrap(),
        0,
        &[
            &["报告期", "gdp", "primary", "secondary", "tertiary"],
            &["2021-Q3", "3102.44", "118.23", "1108.65", "1875.56"],
        ],
    );
    fill(
        book.add_worksheet().set_name("重点项目").unwrap(),
        0,
        &[
            &["报告期", "明细项", "完成投资"],
            &["2021-M09", "G75", investment],
        ],
    );
    book.save_to_buffer().unwrap()
}

fn put(office: &Office, name: &str, content: &[u8]) {
    fs::write(
        office.folder.path().join("office/inbox").join(name),
        content,
    )
    .unwrap();
}

/// Paths below the office, sorted, without reports.
fn paths(office: &Office, below: &str) -> Vec<String> {
    let root = office.folder.path().join("office");
    let mut open: Vec<PathBuf> = vec![root.join(below)];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else {
            found.push(
                path.strip_prefix(&root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned(),
            );
        }
    }
    found.retain(|path| !path.contains(".report."));
    found.sort();
    found
}

#[test]
fn a_book_with_two_datasets_is_two_statements_and_one_file() {
    let mut office = Office::new();
    put(&office, "book.xlsx", &two_datasets("0.5"));
    assert_eq!(outcome(&office.settle_and_scan()), Outcome::Sent);
    assert_eq!(office.spool.taken.len(), 2);
    assert_eq!(paths(&office, "sent"), ["sent/book.xlsx"]);
    office.answer(0, &accepted());
    office.answer(1, &accepted()).unwrap();
    assert_eq!(paths(&office, "accepted"), ["accepted/book.xlsx"]);
    // A corrected book under the same name: only what is new is sent, and the first one stays.
    put(&office, "book.xlsx", &two_datasets("0.75"));
    office.settle_and_scan();
    assert_eq!(office.spool.taken.len(), 3);
    office.answer(2, &accepted()).unwrap();
    assert_eq!(paths(&office, "accepted").len(), 2);
}

#[test]
fn a_negative_where_none_may_be_is_returned_at_its_cell() {
    let mut office = Office::new();
    put(&office, "book.xlsx", &two_datasets("-0.5"));
    assert_eq!(outcome(&office.settle_and_scan()), Outcome::Returned);
    assert!(
        office.spool.taken.is_empty(),
        "a file stands or falls as one"
    );
    let report = office
        .folder
        .path()
        .join("office/returned/book.xlsx.report.txt");
    let report = fs::read_to_string(report).unwrap();
    assert!(
        report.contains("INVESTMENT.SIGN") && report.contains("工作表“重点项目” C2“完成投资”"),
        "{report}"
    );
}

#[test]
fn originals_are_archived_under_the_day_with_their_digests() {
    let mut office = Office::new();
    let other = GOOD.replace("118.23", "118.24");
    for text in [GOOD, other.as_str(), GOOD] {
        office.drop_in("a.csv", text);
        office.settle_and_scan();
    }
    office.drop_in("bad.csv", "gdp\nx\n");
    office.drop_in("latin.csv", "no\u{0}text");
    office.settle_and_scan();
    let names = paths(&office, "archive");
    let named = |text: &str, name: &str| {
        format!(
            "archive/2021-10-07/{}-{name}",
            &Digest::of(text.as_bytes()).to_string()[..12]
        )
    };
    let mut expect = vec![
        named(GOOD, "a.csv"),
        named(&other, "a.csv"),
        named("gdp\nx\n", "bad.csv"),
        named("no\u{0}text", "latin.csv"),
        "archive/2021-10-07/SHA256SUMS".to_owned(),
    ];
    expect.sort();
    assert_eq!(names, expect);
    let root = office.folder.path().join("office");
    let sums = fs::read_to_string(root.join("archive/2021-10-07/SHA256SUMS")).unwrap();
    assert_eq!(sums.lines().count(), 4, "{sums}");
    for line in sums.lines() {
        let (digest, name) = line.split_once("  ").unwrap();
        let content = fs::read(root.join("archive/2021-10-07").join(name)).unwrap();
        assert_eq!(Digest::of(&content).to_string(), digest);
    }
}

#[test]
fn where_the_archive_cannot_be_written_nothing_happens_to_the_file() {
    let mut office = Office::new();
    let archive = office.folder.path().join("office/archive");
    fs::write(&archive, "in the way").unwrap();
    office.drop_in("a.csv", GOOD);
    assert!(
        matches!(&office.settle_and_scan()[..], [Step::Failed { name, .. }] if name == "a.csv")
    );
    assert_eq!(paths(&office, "inbox"), ["inbox/a.csv"]);
    assert!(office.spool.taken.is_empty());
    fs::rename(&archive, office.folder.path().join("elsewhere")).unwrap();
    assert_eq!(outcome(&office.settle_and_scan()), Outcome::Sent);
    assert_eq!(office.spool.taken.len(), 1);
}

#[test]
fn a_share_that_disappears_is_told_and_not_replaced_by_an_empty_folder() {
    let mut office = Office::new();
    let (root, away) = (
        office.folder.path().join("office"),
        office.folder.path().join("away"),
    );
    office.drop_in("a.csv", GOOD);
    office.scan();
    fs::rename(&root, &away).unwrap();
    office.now_ms += 2_000;
    for _ in 0..3 {
        assert!(matches!(&office.scan()[..], [Step::Failed { name, .. }] if name == "inbox"));
        assert!(!root.exists(), "no folder is made in its place");
    }
    fs::rename(&away, &root).unwrap();
    assert_eq!(outcome(&office.scan()), Outcome::Sent);
    assert_eq!(office.spool.taken.len(), 1);
}

#[test]
fn a_book_that_is_open_or_half_copied_waits() {
    let mut office = Office::new();
    let book = two_datasets("0.5");
    put(&office, "book.xlsx", &book[..book.len() / 2]);
    put(&office, "~$book.xlsx", b"owner");
    assert!(
        matches!(&office.settle_and_scan()[..], [Step::Waiting { name }] if name == "book.xlsx")
    );
    put(&office, "book.xlsx", &book);
    assert!(matches!(
        &office.settle_and_scan()[..],
        [Step::Waiting { .. }]
    ));
    fs::remove_file(office.folder.path().join("office/inbox/~$book.xlsx")).unwrap();
    assert_eq!(outcome(&office.scan()), Outcome::Sent);
}

#[test]
fn a_mapping_file_beside_the_folders_counts_at_once() {
    let mut office = Office::new();
    let rows: &[&[&str]] = &[
        &["表一（2021年第三季度）"],
        &["区", "总值", "一产", "二产", "三产"],
        &["贵阳市", "3102.44", "118.23", "1108.65", "1875.56"],
    ];
    put(&office, "book.xlsx", &crate::intake::tests::book(rows));
    assert_eq!(outcome(&office.settle_and_scan()), Outcome::Refused);
    let mapping = "[[table]]\ndataset = \"季度核算\"\nunit_heading = \"区\"\ncolumns = { 总值 = \"gdp\", 一产 = \"primary\", 二产 = \"secondary\", 三产 = \"tertiary\" }\n";
    let quoted = mapping
        .replace("总值 =", "\"总值\" =")
        .replace("一产 =", "\"一产\" =")
        .replace("二产 =", "\"二产\" =")
        .replace("三产 =", "\"三产\" =");
    fs::write(office.folder.path().join("office/mapping.toml"), quoted).unwrap();
    put(&office, "book.xlsx", &crate::intake::tests::book(rows));
    assert_eq!(outcome(&office.settle_and_scan()), Outcome::Sent);
}
