//! The sentences with the figures filled in, in both languages.

use super::*;

#[track_caller]
fn says(expression: &str, tolerance: &str, cells: &str, expected: [&str; 2]) {
    let (edit, record) = (compiled(expression, tolerance), Record::parse(cells));
    let said = sentence(&edit, &edit.evaluate(&record), &record);
    assert_eq!([said.zh.as_str(), said.en.as_str()], expected);
}

#[test]
fn a_failure_shows_the_figures_after_the_message() {
    says(
        "secondary = industry + construction",
        "rounding",
        "secondary=82.65 industry=45.42 construction=37.26",
        [
            "不平衡：82.65 ≠ 45.42 + 37.26，差 -0.03",
            "does not add up: 82.65 ≠ 45.42 + 37.26, difference -0.03",
        ],
    );
    says(
        "0 <= a and a <= 100",
        "",
        "a=103.2",
        [
            "不平衡：103.2 > 100，差 3.2",
            "does not add up: 103.2 > 100, difference 3.2",
        ],
    );
    says(
        "not (a > 0) or b > 0",
        "",
        "a=5 b=-1.5",
        [
            "不平衡：not (5 > 0) or (-1.5) > 0 不成立",
            "does not add up: not (5 > 0) or (-1.5) > 0 does not hold",
        ],
    );
}

#[test]
fn operands_keep_the_order_and_the_parentheses_of_the_expression() {
    says(
        "a - (b - c) = abs(d) * (a + 1)",
        "",
        "a=1 b=2 c=-3 d=-4",
        [
            "不平衡：1 - (2 - (-3)) ≠ abs((-4)) * (1 + 1)，差 -12",
            "does not add up: 1 - (2 - (-3)) ≠ abs((-4)) * (1 + 1), difference -12",
        ],
    );
    says(
        "a = -5",
        "",
        "a=-7.0",
        [
            "不平衡：-7.0 ≠ -5，差 -2.0",
            "does not add up: -7.0 ≠ -5, difference -2.0",
        ],
    );
}

/// Products have digits that no figure was written with; quotients are rounded to two more than the figures have.
#[test]
fn a_difference_has_no_more_digits_than_it_needs() {
    let of = |expression, cells: &str| {
        let (edit, record) = (compiled(expression, ""), Record::parse(cells));
        let said = sentence(&edit, &edit.evaluate(&record), &record).en;
        said.rsplit_once("difference ").unwrap().1.to_owned()
    };
    assert_eq!(of("a * b = c", "a=1.50 b=2.00 c=2.00"), "1.00");
    assert_eq!(of("a * b = c", "a=1.51 b=2.01 c=3.00"), "0.0351");
    assert_eq!(of("a / b = c", "a=1 b=3 c=0"), "0.33");
}

#[test]
fn a_verdict_that_holds_has_no_message() {
    says("a = b + c", "", "a=3 b=1 c=2", ["3 = 1 + 2", "3 = 1 + 2"]);
    says(
        "gdp = rollup(gdp)",
        "rounding",
        "gdp=13985.54 gdp=sum:13985.53/0.045/9/9",
        [
            "13985.54 ≈ 13985.53，差 0.01",
            "13985.54 ≈ 13985.53, difference 0.01",
        ],
    );
    says(
        "0 <= a and a <= 100",
        "",
        "a=5",
        ["0 <= 5 and 5 <= 100", "0 <= 5 and 5 <= 100"],
    );
}

#[test]
fn a_missing_operand_stays_a_name() {
    says(
        "gdp = primary + secondary + tertiary",
        "",
        "gdp=10 secondary=4",
        [
            "10 = primary + 4 + tertiary 无法判断：缺 primary、tertiary",
            "10 = primary + 4 + tertiary is undecided: primary, tertiary missing",
        ],
    );
    says(
        "gdp = rollup(gdp)",
        "",
        "gdp=10 gdp=sum:4/0.5/2/3",
        [
            "10 = rollup(gdp) 无法判断：缺 gdp",
            "10 = rollup(gdp) is undecided: gdp missing",
        ],
    );
    says(
        "a / b = 1",
        "",
        "a=1 b=0",
        [
            "1 / 0 = 1 无法判断：除数为零、数值过大或没有可比的数",
            "1 / 0 = 1 is undecided: a divisor is zero, a figure is too large, or there is nothing to compare",
        ],
    );
}

#[test]
fn the_sign_tells_what_the_figures_show() {
    for (expression, tolerance, cells, expected) in [
        ("a < b", "", "a=2 b=2", "2 = 2"),
        ("a < b", "", "a=3 b=2", "3 > 2, difference 1"),
        ("a >= b", "", "a=1 b=2", "1 < 2, difference -1"),
        ("a <> b", "", "a=2 b=2", "2 = 2"),
        ("a <> b", "0.5", "a=2.1 b=2", "2.1 ≈ 2, difference 0.1"),
        (
            "a / b <= c",
            "",
            "a=1 b=3 c=0.333333333333",
            "1 / 3 > 0.333333333333",
        ),
        (
            "a / b = c",
            "",
            "a=1 b=3 c=0.333333333333",
            "1 / 3 ≠ 0.333333333333",
        ),
    ] {
        let (edit, record) = (compiled(expression, tolerance), Record::parse(cells));
        let verdict = edit.evaluate(&record);
        assert_eq!(verdict.truth, Truth::False, "{expression}");
        let said = sentence(&edit, &verdict, &record).en;
        assert_eq!(said, format!("does not add up: {expected}"));
    }
}

#[test]
fn without_a_message_the_figures_stand_alone() {
    let text = EditText {
        message: Bilingual::default(),
        ..edit_text("a = b", "")
    };
    let (edit, record) = (compile(text, &NAMES).unwrap(), Record::parse("a=1 b=2"));
    assert_eq!(
        sentence(&edit, &edit.evaluate(&record), &record).en,
        "1 ≠ 2, difference -1"
    );
}

#[test]
fn a_difference_has_two_digits_more_than_the_figures_at_most() {
    says(
        "a = b * (1 + c / 100)",
        "",
        "a=1000.00 b=917.31 c=7.77",
        [
            "不平衡：1000.00 ≠ 917.31 * (1 + 7.77 / 100)，差 11.415",
            "does not add up: 1000.00 ≠ 917.31 * (1 + 7.77 / 100), difference 11.415",
        ],
    );
    says(
        "a = b / c",
        "",
        "a=-3429 b=1.5 c=-7",
        [
            "不平衡：-3429 ≠ 1.5 / (-7)，差 -3428.786",
            "does not add up: -3429 ≠ 1.5 / (-7), difference -3428.786",
        ],
    );
}

#[test]
fn a_difference_is_in_the_measure_of_what_stands_by_itself() {
    let of = |expression: &str| {
        let edit = compiled(expression, "");
        edit.difference_of().map(|code| code.to_string())
    };
    assert_eq!(of("a = b * (1 + c / 100)").as_deref(), Some("a"));
    assert_eq!(of("b * (1 + c / 100) >= a + d").as_deref(), Some("a"));
    assert_eq!(of("abs(d - a) <= 5").as_deref(), Some("d"));
    assert_eq!(of("a / b <= 1.2"), None);
    assert_eq!(of("a > 0 and b > 0"), None);
}
