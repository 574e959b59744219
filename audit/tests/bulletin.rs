//! Bulletins drawn from synthetic documents: what they say, that they are the same each time, and that no text of a
//! document can break one.
//!
//! The drawings of the sample city are left in the build's folder for temporary files, for whoever wants to see them.
#![allow(
    clippy::print_stderr,
    clippy::wildcard_enum_match_arm,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

#[path = "bulletin/synthetic.rs"]
mod synthetic;

use std::{collections::BTreeMap, fs, path::PathBuf};

use calamine::{Data, Reader as _, Xlsx};
use granary_audit::{
    bulletin::{
        compare::{self, DIFFERENCES_MAX},
        draw,
    },
    cli::{FAILED, HOLDS, respond},
    words::Manner,
};
use granary_core::{bulletin::Bulletin, text::Language};
use jiff::tz::TimeZone;
use prost::Message as _;

fn manner(language: Language) -> Manner {
    Manner {
        language,
        zone: TimeZone::get("Asia/Shanghai").unwrap(),
        width: 120,
    }
}

const LANGUAGES: [Language; 2] = [Language::Zh, Language::En];

fn html(bulletin: &Bulletin, language: Language) -> String {
    String::from_utf8(draw::html(bulletin, &manner(language)).unwrap()).unwrap()
}

fn xlsx(bulletin: &Bulletin, language: Language) -> Xlsx<std::io::Cursor<Vec<u8>>> {
    let bytes = draw::xlsx(bulletin, &manner(language)).unwrap();
    Xlsx::new(std::io::Cursor::new(bytes)).unwrap()
}

/// The PDF; `None`, loudly, on a machine without a Chinese font.
fn pdf(bulletin: &Bulletin, language: Language) -> Option<Vec<u8>> {
    match draw::pdf(bulletin, &manner(language), &[]) {
        Ok(bytes) => Some(bytes),
        Err(message) if message.en.contains("fonts-wqy-microhei") => {
            eprintln!(
                "*** NOT TESTED: no Chinese font on this machine; install fonts-wqy-microhei ***"
            );
            None
        }
        Err(message) => panic!("{}", message.en),
    }
}

/// Every sheet as lines of typed cells.
fn sheets(bulletin: &Bulletin, language: Language) -> String {
    let mut workbook = xlsx(bulletin, language);
    let mut text = String::new();
    for name in workbook.sheet_names() {
        text += &format!("== {name}\n");
        let range = workbook.worksheet_range(&name).unwrap();
        for row in range.rows() {
            let cells: Vec<String> = row.iter().map(typed).collect();
            text += cells.join(" | ").trim_end_matches([' ', '|']);
            text.push('\n');
        }
    }
    text
}

fn typed(data: &Data) -> String {
    match data {
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        Data::DateTime(at) => format!("#{at}"),
        other => format!("={other}"),
    }
}

#[test]
fn the_page_says_the_same_each_time() {
    let bulletin = synthetic::bulletin(12);
    insta::assert_snapshot!("html_zh", body(&html(&bulletin, Language::Zh)));
    insta::assert_snapshot!("html_en", body(&html(&bulletin, Language::En)));
}

/// What follows the style sheet, one element a line.
fn body(page: &str) -> String {
    let (_, body) = page.split_once("</style>").unwrap();
    body.replace("><", ">\n<")
}

#[test]
fn the_workbook_says_the_same_each_time() {
    let bulletin = synthetic::bulletin(12);
    insta::assert_snapshot!("xlsx_zh", sheets(&bulletin, Language::Zh));
    insta::assert_snapshot!("xlsx_en", sheets(&bulletin, Language::En));
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let bulletin = synthetic::bulletin(12);
    for language in LANGUAGES {
        let manner = manner(language);
        let twice = |draw: &dyn Fn() -> Vec<u8>| assert!(draw() == draw(), "{language}");
        twice(&|| draw::html(&bulletin, &manner).unwrap());
        twice(&|| draw::xlsx(&bulletin, &manner).unwrap());
        if pdf(&bulletin, language).is_some() {
            twice(&|| draw::pdf(&bulletin, &manner, &[]).unwrap());
        }
    }
}

#[test]
fn drawings_of_all_sizes_are_left_to_be_looked_at() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bulletin");
    fs::create_dir_all(&folder).unwrap();
    for (name, bulletin) in [
        ("sample", synthetic::bulletin(12)),
        ("large", synthetic::bulletin(200)),
        ("empty", synthetic::empty()),
        (
            "long",
            synthetic::with_texts(synthetic::bulletin(12), &"名W".repeat(500)),
        ),
        (
            "unbroken",
            synthetic::with_texts(synthetic::bulletin(12), &"W".repeat(1_000)),
        ),
    ] {
        fs::write(
            folder.join(format!("{name}.bulletin")),
            bulletin.encode_to_vec(),
        )
        .unwrap();
        for language in LANGUAGES {
            let write = |ending: &str, bytes: Vec<u8>| {
                let path = folder.join(format!("{name}-{language}.{ending}"));
                fs::write(path, bytes).unwrap();
            };
            write("html", draw::html(&bulletin, &manner(language)).unwrap());
            write("xlsx", draw::xlsx(&bulletin, &manner(language)).unwrap());
            if let Some(bytes) = pdf(&bulletin, language) {
                write("pdf", bytes);
            }
        }
    }
}

/// What would be markup, script, formula or a command in one of the three, and what is merely too long.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "</script><script>alert(1)</script><img src=x onerror=alert(1)>",
        "#panic() #[x] *b* _i_ $x^2$ `raw` @ref <label> \\ // /* ]] #import \"/etc/passwd\"",
        "=HYPERLINK(\"http://x\",\"y\")",
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(1+1)",
        "&C&\"Arial\"&99 [Book]'s:*?/\\",
        "a\u{0}b\u{7}c\r\nd\u{202e}e\u{fffe}",
    ]
    .map(str::to_owned)
    .into();
    texts.push("名".repeat(1_000));
    texts.push("W".repeat(1_000));
    texts.push("😀".repeat(1_000));
    texts.push(String::new());
    texts
}

#[test]
fn hostile_texts_stay_texts() {
    for text in hostile() {
        let bulletin = synthetic::with_texts(synthetic::bulletin(12), &text);
        let page = html(&bulletin, Language::En);
        for forbidden in ["<script", "<img", "\u{0}", "\u{202e}"] {
            assert!(!page.contains(forbidden), "{text:?} gave {forbidden:?}");
        }
        let mut workbook = xlsx(&bulletin, Language::En);
        for name in workbook.sheet_names() {
            let formulas = workbook.worksheet_formula(&name).unwrap();
            assert!(formulas.used_cells().next().is_none(), "{text:?} in {name}");
        }
        if let Some(bytes) = pdf(&bulletin, Language::En) {
            assert!(bytes.starts_with(b"%PDF-"));
        }
    }
}

#[test]
fn a_hostile_text_arrives_in_the_workbook_as_it_is() {
    let text = "=HYPERLINK(\"http://x\",\"y\")";
    let bulletin = synthetic::with_texts(synthetic::bulletin(12), text);
    assert!(sheets(&bulletin, Language::En).contains(text));
}

#[test]
fn the_workbook_has_every_row_and_paper_says_how_many_it_leaves_out() {
    let mut bulletin = synthetic::bulletin(12);
    let finding = bulletin.findings[0].clone();
    bulletin.findings = (0..100).map(|_| finding.clone()).collect();
    let mut workbook = xlsx(&bulletin, Language::En);
    let rows = workbook.worksheet_range("Findings").unwrap().height();
    assert_eq!(rows, 101);
    let page = html(&bulletin, Language::En);
    assert!(page.contains("And 40 more: see the worksheet &quot;Findings&quot; of the XLSX."));
}

#[test]
fn every_worksheet_is_named_once_and_holds_numbers() {
    let mut workbook = xlsx(&synthetic::bulletin(200), Language::Zh);
    let names = workbook.sheet_names();
    let unique: BTreeMap<&String, ()> = names.iter().map(|name| (name, ())).collect();
    assert_eq!(unique.len(), names.len());
    let measures = workbook.worksheet_range("指标").unwrap();
    assert_eq!(measures.height(), 201);
    let rate = measures.get_value((1, 8)).unwrap();
    assert!(
        matches!(rate, Data::Float(share) if (0.0..=1.0).contains(share)),
        "{rate:?}"
    );
}

#[test]
fn the_command_writes_what_the_names_ask_for() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("a.bulletin");
    fs::write(&document, synthetic::bulletin(12).encode_to_vec()).unwrap();
    let run = |more: &[&str]| {
        let document = document.to_str().unwrap();
        let args = [&["granary-audit", "bulletin", "--document", document], more].concat();
        respond(args.iter().map(Into::into).collect(), &|_| None)
    };
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (page, book) = (out("a.html"), out("a.xlsx"));
    let response = run(&["-o", &page, "-o", &book, "--lang", "en"]);
    assert_eq!(response.code, HOLDS, "{}", response.error);
    // A line for each file, and the SHA-256 of the document.
    assert_eq!(response.output.lines().count(), 3);
    assert!(
        fs::read_to_string(&page)
            .unwrap()
            .contains("<html lang=\"en\">")
    );
    assert!(fs::read(&book).unwrap().starts_with(b"PK"));

    let response = run(&["-o", &out("b.html"), "-o", &out("b.doc")]);
    assert_eq!(response.code, FAILED);
    assert!(response.error.contains(".doc"), "{}", response.error);
    assert!(!folder.path().join("b.html").exists());

    fs::write(&document, b"no bulletin").unwrap();
    let response = run(&["-o", &page]);
    assert_eq!(response.code, FAILED);
    assert!(response.error.contains("SHA-256"), "{}", response.error);
}

#[test]
fn what_differs_is_named_and_counted() {
    let computed = synthetic::bulletin(12);
    let check = |change: &dyn Fn(&mut Bulletin), expect: &[&str]| {
        let mut published = computed.clone();
        change(&mut published);
        let told = compare::differences(&published, &computed);
        assert!(told.iter().all(|line| !line.zh.is_empty()));
        let told: Vec<&str> = told.iter().map(|line| line.en.as_str()).collect();
        assert_eq!(told, expect);
    };
    check(&|_| {}, &[]);
    check(&|b| b.counts.late += 1, &["differs: the states of slots"]);
    check(
        &|b| {
            b.findings.clear();
            b.imported ^= true;
        },
        &["differs: the findings", "differs: imported history"],
    );
    check(
        &|b| b.leagues[0].slots_min += 1,
        &["differs: the league tables"],
    );
    let standing = &computed.leagues[0].standings[0];
    let (code, score) = (&standing.unit.code, &standing.score);
    let scorecard = &computed.leagues[0].scorecard.code;
    let favour =
        format!("league {scorecard}, {code}: published 99.99, rank 1, computed {score}, rank 1");
    check(
        &|b| b.leagues[0].standings[0].score = "99.99".into(),
        &[&favour],
    );
    let mut other = computed.clone();
    let units = synthetic::bulletin(200).leagues;
    other.leagues = units;
    assert_eq!(
        compare::differences(&other, &computed).len(),
        DIFFERENCES_MAX
    );
}
