//! A tree that changes by date: who stands where on which day, what rosters and edits select, and what is wrong in it.

use std::fmt::Write as _;

use jiff::civil::date;

use super::*;
use crate::{
    catalogue::Fault,
    code::{DatasetCode, UnitCode},
    period::Period,
    text::Bilingual,
};

fn unit(code: &str) -> UnitCode {
    UnitCode::new(code).unwrap()
}

fn period(text: &str) -> Period {
    Period::parse(text).unwrap()
}

/// One unit a line: its code, then its keys.
fn units(lines: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (code, keys) in lines {
        let _ = writeln!(
            text,
            "[[unit]]\ncode = \"{code}\"\nname = {{ zh = \"某\", en = \"X\" }}\n{keys}"
        );
    }
    text
}

/// The sample with other units and the rest of it changed.
fn parse(units: &str, roster: &str, edits: &str) -> Result<Catalogue, Vec<Fault>> {
    let mut files = SAMPLE;
    let levels: String = SAMPLE[1].1.split("[[unit]]").take(1).collect();
    let text = levels + units;
    for (name, own) in &mut files {
        match *name {
            "units.toml" => *own = &text,
            "roster.toml" => *own = roster,
            "edits.toml" => *own = edits,
            _ => {}
        }
    }
    Catalogue::parse(&bundle(&files))
}

fn told(units: &str) -> String {
    let faults = parse(units, "", "").err().unwrap();
    let is_full = |text: &Bilingual| !text.zh.trim().is_empty() && !text.en.trim().is_empty();
    assert!(
        faults
            .iter()
            .all(|f| is_full(&f.message) && is_full(&f.remedy))
    );
    let line = |f: Fault| format!("{}:{}: {}\n", f.line, f.column, f.message.en);
    faults.into_iter().map(line).collect()
}

/// County `x` moves from `a` to `b` in the middle of 2022; `m` is split into `n` and `o` at the end of 2022.
const MOVED: [(&str, &str); 7] = [
    ("a", "parent = \"top\""),
    ("b", "parent = \"top\""),
    (
        "m",
        "parent = \"x\"\nto = \"2022-12-31\"\nsuccessors = [\"n\", \"o\"]",
    ),
    (
        "n",
        "parent = \"x\"\nfrom = \"2023-01-01\"\npredecessors = [\"m\"]",
    ),
    (
        "o",
        "parent = \"x\"\nfrom = \"2023-01-01\"\npredecessors = [\"m\"]",
    ),
    ("top", ""),
    (
        "x",
        "parents = [{ parent = \"a\", to = \"2022-05-31\" }, { parent = \"b\", from = \"2022-06-01\" }]",
    ),
];

const ROSTER: &str = "[[roster]]\ndataset = \"quarterly-accounts\"\nunder = \"a\"\n\
                      [[roster]]\ndataset = \"monthly-revenue\"\nunder = \"b\"\n";

#[test]
fn the_last_day_of_a_period_decides_who_stands_where() {
    let catalogue = parse(&units(&MOVED), ROSTER, "").unwrap();
    let above = |at: &str| {
        catalogue
            .parent(&unit("x"), period(at))
            .unwrap()
            .to_string()
    };
    assert_eq!(
        [above("2022-Q1"), above("2022-Q2"), above("2022-M05")],
        ["a", "b", "a"]
    );
    assert_eq!(above("2022-A1"), "b");
    let below = |code: &str, at: &str| catalogue.descendants(&unit(code), period(at)).len();
    assert_eq!([below("a", "2022-Q1"), below("a", "2022-Q2")], [4, 0]);
    assert_eq!([below("b", "2022-Q1"), below("b", "2022-Q2")], [0, 4]);
    assert_eq!([below("top", "2022-Q1"), below("top", "2022-Q2")], [6, 6]);
    let parents = catalogue.unit(&unit("x")).unwrap().parents();
    assert_eq!(parents[0].unit(), &unit("a"));
    assert_eq!(parents[1].days().first(), date(2022, 6, 1));
    let split = catalogue.unit(&unit("m")).unwrap();
    assert_eq!(split.successors(), [unit("n"), unit("o")]);
    assert_eq!(
        catalogue.unit(&unit("n")).unwrap().predecessors(),
        [unit("m")]
    );
}

#[test]
fn a_roster_selects_by_the_tree_of_each_period() {
    let catalogue = parse(&units(&MOVED), ROSTER, "").unwrap();
    let owed = |dataset: &str, at: &str| -> Vec<&str> {
        let expected = catalogue.expected_units(&DatasetCode::new(dataset).unwrap(), period(at));
        let code = |index| catalogue.unit_at(index).code().as_str();
        expected.into_iter().map(code).collect()
    };
    // The first quarter of 2022 is the last that `x`, and `m` under it, owe as units of `a`.
    assert_eq!(owed("quarterly-accounts", "2022-Q1"), ["m", "x"]);
    assert_eq!(owed("quarterly-accounts", "2022-Q2"), [""; 0]);
    assert_eq!(owed("monthly-revenue", "2022-M05"), [""; 0]);
    assert_eq!(owed("monthly-revenue", "2022-M06"), ["m", "x"]);
    assert_eq!(owed("monthly-revenue", "2022-M12"), ["m", "x"]);
    let children = catalogue.children(
        &unit("x"),
        &DatasetCode::new("monthly-revenue").unwrap(),
        period("2022-M12"),
    );
    assert_eq!(children, [unit("m")]);
}

#[test]
fn rows_that_leave_a_gap_do_not_fill_it() {
    let row = |units: &str, from: &str, to: &str| {
        format!(
            "[[roster]]\ndataset = \"monthly-revenue\"\nunits = [{units}]\nfrom = \"{from}\"\nto = \"{to}\"\n"
        )
    };
    // Out of order, and the second and third joined.
    let roster = [
        row("\"a\"", "2022-M09", "2022-M12"),
        row("\"a\", \"b\"", "2021-M03", "2021-M05"),
        row("\"a\"", "2021-M06", "2021-M07"),
    ];
    let lines = [("a", ""), ("b", "")];
    let catalogue = parse(&units(&lines), &roster.concat(), "").unwrap();
    let owes = |code: &str, at: &str| {
        let dataset = DatasetCode::new("monthly-revenue").unwrap();
        catalogue.expects(&unit(code), &dataset, period(at))
    };
    for (at, a, b) in [
        ("2021-M03", true, true),
        ("2021-M05", true, true),
        ("2021-M06", true, false),
        ("2021-M07", true, false),
        ("2021-M08", false, false),
        ("2022-M08", false, false),
        ("2022-M09", true, false),
        ("2022-M12", true, false),
        ("2023-M01", false, false),
    ] {
        assert_eq!((owes("a", at), owes("b", at)), (a, b), "{at}");
    }
}

#[test]
fn an_edit_for_units_under_another_follows_the_tree() {
    let edit = "[[edit]]\nid = \"REVENUE.SIGN\"\nkind = \"validity\"\ndataset = \"monthly-revenue\"\n\
                expression = \"revenue >= 0\"\nunder = \"b\"\nmessage = { zh = \"负数\", en = \"negative\" }\n";
    let catalogue = parse(&units(&MOVED), ROSTER, edit).unwrap();
    let scope = catalogue
        .dataset(&DatasetCode::new("monthly-revenue").unwrap())
        .unwrap()
        .edits()[0]
        .scope();
    let holds = |code: &str, at: &str| scope.holds(&unit(code), period(at));
    assert!(!holds("x", "2022-M05") && holds("x", "2022-M06") && holds("m", "2022-M06"));
    assert!(!holds("a", "2022-M06"));
}

#[test]
fn a_tree_without_dates_is_that_of_every_day() {
    let catalogue = sample();
    for at in ["1990-Q1", "2021-Q1", "2199-Q4"] {
        assert_eq!(
            catalogue.parent(&unit("520102"), period(at)),
            Some(&unit("520100"))
        );
    }
}

#[test]
fn faults_of_a_tree_are_told_at_their_places() {
    let mut all = String::new();
    let mut check = |what: &str, lines: &[(&str, &str)]| {
        all += &format!("{what}\n{}", told(&units(lines)));
    };
    check("both", &[("a", "parent = \"b\"\nparents = []"), ("b", "")]);
    check(
        "overlap",
        &[
            (
                "a",
                "parents = [{ parent = \"b\", to = \"2022-01-01\" }, { parent = \"c\", from = \"2022-01-01\" }]",
            ),
            ("b", ""),
            ("c", ""),
        ],
    );
    check(
        "endless",
        &[
            ("a", "parents = [{ parent = \"b\" }, { parent = \"c\" }]"),
            ("b", ""),
            ("c", ""),
        ],
    );
    check(
        "backwards",
        &[
            (
                "a",
                "parents = [{ parent = \"b\", from = \"2022-01-02\", to = \"2022-01-01\" }]",
            ),
            ("b", ""),
        ],
    );
    let unknown = "parents = [{ parent = \"z\", form = \"2022-01-01\" }, { to = \"2022-01-01\" }]";
    check("unknown", &[("a", unknown)]);
    // Each link by itself is sound, and on most days the tree is; on some it is a circle.
    check(
        "circle",
        &[
            (
                "a",
                "parents = [{ parent = \"b\", from = \"2022-01-01\", to = \"2022-12-31\" }]",
            ),
            ("b", "parents = [{ parent = \"c\", from = \"2021-01-01\" }]"),
            ("c", "parents = [{ parent = \"a\", from = \"2022-06-01\" }]"),
        ],
    );
    insta::assert_snapshot!(all, @r#"
    both
    17:11: parent and parents cannot stand together
    overlap
    16:72: this parent does not begin after the one before it has ended
    endless
    16:41: this parent does not begin after the one before it has ended
    backwards
    16:54: the last day lies before the first, 2022-01-02
    unknown
    16:23: there is no unit code z
    16:28: unknown key "form"
    16:51: parent is missing
    circle
    16:23: from 2022-06-01 on, a stands below itself, by way of its parent b
    "#);
}

#[test]
fn kin_whose_days_do_not_touch_are_told_at_their_places() {
    let mut all = String::new();
    let mut check = |what: &str, lines: &[(&str, &str)]| {
        all += &format!("{what}\n{}", told(&units(lines)));
    };
    check("no end", &[("a", "successors = [\"b\"]"), ("b", "")]);
    check(
        "apart",
        &[
            ("a", "to = \"2022-12-31\"\nsuccessors = [\"b\", \"z\"]"),
            ("b", "from = \"2023-01-02\"\npredecessors = [\"a\"]"),
        ],
    );
    insta::assert_snapshot!(all, @r#"
    no end
    16:15: b is named, but this unit has no to
    apart
    17:15: b is not in force on 2023-01-01: the days do not touch
    17:20: there is no unit code z
    22:17: a is not in force on 2023-01-01: the days do not touch
    "#);
}

#[test]
fn a_merger_into_a_unit_that_was_there_before_is_sound() {
    let lines = [
        ("a", "to = \"2022-12-31\"\nsuccessors = [\"b\"]"),
        ("b", "predecessors = []"),
    ];
    // An empty list says nothing about which units, so it is left out instead.
    assert!(told(&units(&lines)).contains("predecessors is empty"));
    let lines = [
        ("a", "to = \"2022-12-31\"\nsuccessors = [\"b\"]"),
        ("b", ""),
    ];
    assert!(parse(&units(&lines), "", "").is_ok());
}

#[test]
fn a_tree_that_changes_every_day_is_refused_in_one_line() {
    let mut lines = vec![("top".to_owned(), String::new())];
    let first = date(1950, 1, 1);
    for n in 0..8_000_i32 {
        let day = first.saturating_add(jiff::Span::new().days(n));
        let parents = format!("parents = [{{ parent = \"top\", from = \"{day}\" }}]");
        lines.push((format!("u{n}"), parents));
    }
    let lines: Vec<(&str, &str)> = lines
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    let told = told(&units(&lines));
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("too many different days"), "{told}");
}
