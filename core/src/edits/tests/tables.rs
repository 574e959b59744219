//! Verdicts as tables: expression, tolerance, cells, expected.

use super::*;

/// What `t`, `f` and `u` stand for in the tables of the connectives; `a` is missing.
const TRUE_FALSE_UNDECIDED: [(&str, &str); 3] = [("true", "t"), ("false", "f"), ("a = 0", "u")];

fn letter(expression: &str) -> String {
    let verdict = compiled(&format!("({expression}) and (isnull(a) or true)"), "")
        .evaluate(&Record::default());
    match verdict.truth {
        Truth::True => "t",
        Truth::False => "f",
        Truth::Undecided => "u",
    }
    .to_owned()
}

fn table(op: &str) -> String {
    let row = |(left, _): &(&str, &str)| -> String {
        TRUE_FALSE_UNDECIDED
            .iter()
            .map(|(right, _)| letter(&format!("({left}) {op} ({right})")))
            .collect()
    };
    TRUE_FALSE_UNDECIDED
        .iter()
        .map(row)
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn connectives_are_kleenes() {
    assert_eq!(table("and"), "tfu fff ufu");
    assert_eq!(table("or"), "ttt tfu tuu");
    assert_eq!(table("xor"), "ftu tfu uuu");
    for (value, negated) in TRUE_FALSE_UNDECIDED.iter().zip(["f", "t", "u"]) {
        assert_eq!(letter(&format!("not ({})", value.0)), negated);
    }
}

#[test]
fn if_takes_an_undecided_condition_for_false() {
    for (condition, picked) in TRUE_FALSE_UNDECIDED.iter().zip(["then", "else", "else"]) {
        for (value, result) in TRUE_FALSE_UNDECIDED {
            let (then, otherwise) = if picked == "then" {
                (value, "true")
            } else {
                ("true", value)
            };
            let expression = format!("if {} then {then} else {otherwise}", condition.0);
            assert_eq!(letter(&expression), result, "{expression}");
        }
    }
    check("if a > 0 then b = 1 else b = 2", "", "a=5 b=1", "true [0]");
    check("(if a > 0 then b else c) = 7", "", "b=1 c=7", "true [0] ?a");
    check(
        "(if a > 0 then b else c) = 7",
        "",
        "a=1 c=7",
        "undecided ?b",
    );
}

#[test]
fn arithmetic_is_exact() {
    check("a + b = 0.3", "", "a=0.1 b=0.2", "true [0.0]");
    check("a * b = 0.02", "", "a=0.1 b=0.2", "true [0.00]");
    check("a / 3 * 3 = a", "", "a=1", "true [0]");
    check("a / b + a / c = 0.5", "", "a=1 b=3 c=6", "true [0]");
    check(
        "a / b = 0.333333333333",
        "",
        "a=1 b=3",
        "false [0.000000000000]",
    );
    check("2 + 3 * a - -1 = 15", "", "a=4", "true [0]");
    check("a - b - c = 1", "", "a=6 b=3 c=2", "true [0]");
    check("a / b / c = 1", "", "a=6 b=3 c=2", "true [0]");
    check("-a * b = -6 and +a = 2", "", "a=2 b=3", "true");
    check("abs(a - b) <= 1", "", "a=2 b=3", "true [0]");
    check("a / 100 = 0.1234", "", "a=12.34", "true [0.0000]");
    check("a / 0.001 = 1234000", "", "a=1234", "true [0]");
    check("a / -2 = -1.5", "", "a=3", "true [0]");
}

#[test]
fn what_cannot_be_computed_is_missing() {
    check("a / b = 1", "", "a=1 b=0", "undecided");
    check("a / b = 1 or true", "", "a=1 b=0", "true");
    check("isnull(a / b)", "", "a=1 b=0", "true");
    check("a * a * a = 1", "", "a=999999999999999999", "undecided");
    check("a = b", "", "a=1", "undecided ?b");
    check("a = b and c = d", "", "", "undecided ?a,b,c,d");
    check("a + a = 1", "", "", "undecided ?a");
    check("isnull(a) or a > 0", "", "", "true ?a");
    check("isnull(a + b)", "", "a=1", "true ?b");
    check("not isnull(a)", "", "a=0", "true");
    // The least 128-bit integer has no opposite, so it is out of range.
    check(
        "abs(a * 18446744073709551616) >= 0",
        "",
        "a=-9223372036854775808",
        "undecided",
    );
}

#[test]
fn a_missing_figure_matters_only_where_it_could_change_the_verdict() {
    check(
        "not (population > 0) or gdp > 0",
        "",
        "gdp=5",
        "true ?population",
    );
    check(
        "not (population > 0) or gdp > 0",
        "",
        "gdp=-5",
        "undecided ?population",
    );
    check("a > 1 and b > 1", "", "a=0", "false [-1] ?b");
}

#[test]
fn an_absolute_tolerance_includes_its_bound() {
    for (op, value, expected) in [
        ("=", "10.05", "true [0.05]"),
        ("=", "10.06", "false [0.06]"),
        ("=", "9.95", "true [-0.05]"),
        ("=", "9.94", "false [-0.06]"),
        ("<>", "10.05", "false [0.05]"),
        ("<>", "10.06", "true [0.06]"),
        ("<=", "10.05", "true [0.05]"),
        ("<=", "10.06", "false [0.06]"),
        ("<", "10.04", "true [0.04]"),
        ("<", "10.05", "false [0.05]"),
        (">=", "9.95", "true [-0.05]"),
        (">=", "9.94", "false [-0.06]"),
        (">", "9.96", "true [-0.04]"),
        (">", "9.95", "false [-0.05]"),
    ] {
        check(
            &format!("a {op} 10.00"),
            "0.05",
            &format!("a={value}"),
            expected,
        );
    }
    check("not (a = 10 and b = 10)", "0.05", "a=10.05 b=10", "false");
}

#[test]
fn a_comparison_without_tolerance_is_strict() {
    check("a < b", "", "a=1.0 b=1", "false [0.0]");
    check("a <= b", "", "a=1.0 b=1", "true [0.0]");
    check("a <> b", "", "a=1.0 b=1", "false [0.0]");
    check("a = b", "0", "a=1.01 b=1", "false [0.01]");
}

#[test]
fn a_relative_tolerance_is_a_share_of_the_larger_side() {
    check("a = b", "0.1%", "a=1000 b=999", "true [1]");
    check("a = b", "0.1%", "a=1000 b=998.99", "false [1.01]");
    check("a = b", "0.1%", "a=999 b=1000", "true [-1]");
    check("a = b", "0.1%", "a=-999 b=-1000", "true [1]");
    check("a = b", "10%", "a=0 b=0", "true [0]");
    check("a >= b", "10%", "a=90 b=100", "true [-10]");
    check("a >= b", "10%", "a=89.99 b=100", "false [-10.01]");
}

/// Dingxi's communique of 2021 and the quarter in which Guizhou's prefectures add up within rounding.
#[test]
fn published_figures() {
    let dingxi = "secondary=82.65 industry=45.42 construction=37.26";
    check(
        "secondary = industry + construction",
        "0.02",
        dingxi,
        "false [-0.03]",
    );
    check(
        "secondary = industry + construction",
        "rounding",
        dingxi,
        "false [-0.03]",
    );
    check(
        "secondary = industry + construction",
        "0.03",
        dingxi,
        "true [-0.03]",
    );
    let guizhou = "gdp=13985.54 gdp=sum:13985.53/0.045/9/9";
    check("gdp = rollup(gdp)", "rounding", guizhou, "true [0.01]");
    check("gdp = rollup(gdp)", "", guizhou, "false [0.01]");
}

#[test]
fn rounding_follows_the_printed_digits() {
    // Three operands with two digits: 0.015 in all.
    check(
        "a = b + c",
        "rounding",
        "a=10.01 b=5.00 c=5.00",
        "true [0.01]",
    );
    check(
        "a = b + c",
        "rounding",
        "a=10.02 b=5.00 c=5.00",
        "false [0.02]",
    );
    // One operand without digits adds half a unit.
    check("a = b + c", "rounding", "a=10.5 b=5 c=5", "true [0.5]");
    check("a = b + c", "rounding", "a=11.1 b=5 c=5", "false [1.1]");
    // Exactly at the bound, 0.05 + 0.5 + 0.5, and a tenth beyond.
    check("a = b + c", "rounding", "a=11.0 b=5 c=5", "true [1.0]");
    check("a = b", "rounding", "a=1.05 b=1.1", "true [-0.05]");
    // A coefficient multiplies, a number in the expression is exact.
    check("100 * a = b", "rounding", "a=0.10 b=10.4", "true [-0.40]");
    check("100 * a = b", "rounding", "a=0.10 b=10.6", "false [-0.60]");
    check("a = 10", "rounding", "a=10.1", "false [0.1]");
    // A product of rounded figures: 20 * 0.05 + 10 * 0.5 + 0.5 * 0.05, and half a unit of c.
    check("a * b = c", "rounding", "a=10.0 b=20 c=206", "true [-6.0]");
    check("a * b = c", "rounding", "a=10.0 b=20 c=207", "false [-7.0]");
    // A quotient of rounded figures: (4 * 0.5 + 10 * 0.5) / (4 * 3.5) = 0.5.
    check("a / b = c", "rounding", "a=10 b=4 c=3.0", "true [-0.5]");
    check("a / b = c", "rounding", "a=10 b=4 c=3.1", "false [-0.6]");
    // The divisor may have been zero before it was rounded.
    check("a / b = c", "rounding", "a=10 b=0.4 c=25", "true [0]");
    check("a / b = c", "rounding", "a=10 b=0 c=25", "undecided");
    check("a >= b", "rounding", "a=1.0 b=1.1", "true [-0.1]");
    check("a >= b", "rounding", "a=1.0 b=1.2", "false [-0.2]");
}

#[test]
fn figures_are_those_of_the_first_conjunct_that_fails() {
    check("0 <= a and a <= 100", "", "a=50", "true");
    check("0 <= a and a <= 100", "", "a=103", "false [3]");
    check("0 <= a and a <= 100", "", "a=-3", "false [3]");
    check(
        "(a = 1 and b = 1) and c = 1",
        "",
        "a=1 b=3 c=4",
        "false [2]",
    );
    check("a = 1 or b = 1", "", "a=3 b=3", "false");
    check("not (a = 1)", "", "a=1", "false");
    check("(((a = 1)))", "", "a=3", "false [2]");
}

#[test]
fn figures_are_those_of_the_branch_that_is_taken() {
    let growth = "if a > 0 then abs(b - a) <= 50 else null";
    check(growth, "", "a=10 b=100", "false [40]");
    check(growth, "", "a=10 b=20", "true [-40]");
    check(growth, "", "a=0 b=100", "undecided");
    check(growth, "", "b=100", "undecided ?a");
    let two = "if a > 0 then b = 1 else b = 2";
    check(two, "", "a=1 b=5", "false [4]");
    check(two, "", "a=0 b=5", "false [3]");
    // An undecided condition takes the second branch.
    check(two, "", "b=2", "true [0] ?a");
    let nested =
        "if a > 0 then (if b > 0 then c = 1 else c = 2) else (if b > 0 then c = 3 else null)";
    check(nested, "", "a=1 b=1 c=9", "false [8]");
    check(nested, "", "a=1 b=0 c=9", "false [7]");
    check(nested, "", "a=0 b=1 c=9", "false [6]");
    check(nested, "", "a=0 b=0 c=9", "undecided");
    let chain = "if a = 1 then c = 1 else if a = 2 then c = 2 else c = 3";
    check(chain, "", "a=1 c=9", "false [8]");
    check(chain, "", "a=2 c=9", "false [7]");
    check(chain, "", "a=3 c=9", "false [6]");
}

#[test]
fn if_and_conjunctions_show_the_first_comparison_that_is_false_in_what_is_taken() {
    let inside = "if a > 0 then b = 1 and c = 1 else c = 2";
    check(inside, "", "a=1 b=1 c=4", "false [3]");
    check(inside, "", "a=1 b=3 c=4", "false [2]");
    check(inside, "", "a=1 b=1 c=1", "true");
    check(inside, "", "a=0 b=3 c=2", "true [0]");
    let beside = "(if a > 0 then b = 1 else b = 2) and c = 1";
    check(beside, "", "a=1 b=1 c=4", "false [3]");
    check(beside, "", "a=0 b=3 c=4", "false [1]");
    check(beside, "", "a=0 b=2 c=1", "true");
    // What stands in a condition, or under `or`, decides nothing by itself.
    check(
        "if a = 1 then b = 1 or c = 1 else true",
        "",
        "a=1 b=3 c=3",
        "false",
    );
    check(
        "(if a > 0 then b else c) = 1",
        "",
        "a=1 b=3",
        "false [2] ?c",
    );
}

#[test]
fn a_verdict_keeps_the_side_that_is_known() {
    let verdict =
        compiled("gdp = primary + secondary", "").evaluate(&Record::parse("gdp=5 primary=1"));
    assert_eq!(
        (verdict.left, verdict.right, verdict.imbalance),
        (Some(d("5")), None, None)
    );
}

/// Modes of VTL's `check_hierarchy` on: all there, some missing, none there, all zero, the record's own figure missing, a
/// unit without children, children out of sight.
#[test]
fn rollup_modes() {
    let cases = [
        "a=6 a=sum:6/0/3/3",
        "a=6 a=sum:4/0/2/3",
        "a=6 a=sum:0/0/0/3",
        "a=0 a=sum:0/0/3/3",
        "a=sum:6/0/3/3",
        "a=6 a=sum:0/0/0/0",
        "a=6",
    ];
    for (mode, expected) in [
        ("non_null", "tuutuuu"),
        ("partial_null", "tuutuuu"),
        ("always_null", "tuutuuu"),
        ("non_zero", "tffuuuu"),
        ("partial_zero", "tfftuuu"),
        ("always_zero", "tfftuuu"),
    ] {
        let text = EditText {
            rollup: Some(mode.to_owned()),
            ..edit_text("a = rollup(a)", "")
        };
        let edit = compile(text, &NAMES).unwrap();
        let truths: String = cases
            .iter()
            .map(|cells| first(edit.evaluate(&Record::parse(cells)).truth))
            .collect();
        assert_eq!(truths, expected, "{mode}");
    }
}

/// Only an edit without figures of its own tells `partial_zero` from `always_zero`.
#[test]
fn partial_zero_wants_one_figure() {
    for (mode, expected) in [
        ("partial_zero", 'u'),
        ("always_zero", 't'),
        ("non_zero", 'u'),
    ] {
        let text = EditText {
            rollup: Some(mode.to_owned()),
            ..edit_text("rollup(a) = rollup(b)", "")
        };
        let verdict = compile(text, &NAMES)
            .unwrap()
            .evaluate(&Record::parse("a=sum:0/0/0/3 b=sum:0/0/0/3"));
        assert_eq!(first(verdict.truth), expected, "{mode}");
    }
}

fn first(truth: Truth) -> char {
    match truth {
        Truth::True => 't',
        Truth::False => 'f',
        Truth::Undecided => 'u',
    }
}

#[test]
fn every_operand_is_looked_up_once() {
    let edit = compiled(
        "a + a = rollup(a) + b and (if b > a then a > 0 else rollup(a) > b)",
        "",
    );
    let record = Record::parse("a=1 b=2");
    let _ = edit.evaluate(&record);
    assert_eq!(*record.looked_up.borrow(), ["a", "rollup(a)", "b"]);
    let codes = |codes: &[IndicatorCode]| codes.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(codes(edit.indicators()), ["a", "b"]);
    assert_eq!(codes(edit.rollups()), ["a"]);
}

/// Programs of every size of frame: shallow, middling, and as deep as the limits let one be.
#[test]
fn deep_programs_keep_their_figures() {
    for depth in [1_usize, 9, 31, 60] {
        let expression = format!("{}1{} = a", "1 + 2 * (".repeat(depth), ")".repeat(depth));
        let value = (0..depth).fold(1_i128, |inner, _| 1 + 2 * inner);
        check(&expression, "", &format!("a={value}"), "true [0]");
    }
    let numbers = "b + 0 * (if b > 0 and not isnull(b) then b else ";
    let expression = format!("{}b{} = b", numbers.repeat(31), ")".repeat(31));
    check(&expression, "", "b=5", "true [0]");
}

#[test]
fn an_operand_keeps_its_number_in_a_wide_edit() {
    let names: Vec<String> = (0..OPERANDS_MAX).map(|n| format!("x{n}")).collect();
    struct Any;
    impl Symbols for Any {
        fn indicator(&self, name: &str) -> Option<IndicatorCode> {
            IndicatorCode::new(name).ok()
        }
        fn names(&self) -> Vec<String> {
            Vec::new()
        }
        fn dataset(&self, _name: &str) -> Option<Foreign> {
            None
        }
        fn dataset_names(&self) -> Vec<String> {
            Vec::new()
        }
        fn quantity(&self, _indicator: &IndicatorCode) -> Option<Quantity> {
            None
        }
    }
    let edit = compile(edit_text(&format!("0 = {}", names.join("+")), ""), &Any).unwrap();
    let cells: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(n, name)| format!("{name}={n}"))
        .collect();
    let verdict = edit.evaluate(&Record::parse(&cells.join(" ")));
    assert_eq!(verdict.right, Some(d("32640")));
    let beyond = compile(
        edit_text(&format!("0 = {}+one_more", names.join("+")), ""),
        &Any,
    );
    assert_eq!(beyond.unwrap_err().len(), 1);
}
