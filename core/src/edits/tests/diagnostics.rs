//! What faulty text is told, as a person reads it.

use insta::assert_snapshot;

use super::*;
use crate::text::Language;

fn faults(text: EditText) -> Vec<Diagnostic> {
    compile(text, &NAMES).expect_err("a fault")
}

/// All diagnostics of an expression in English, under the text.
fn told(expression: &str) -> String {
    rendered(expression, Language::En)
}

fn rendered(expression: &str, language: Language) -> String {
    let faults = faults(edit_text(expression, ""));
    faults
        .iter()
        .map(|fault| fault.render(expression, language))
        .collect::<Vec<_>>()
        .join("\n\n")
}

#[test]
fn unknown_names() {
    assert_snapshot!(told("gdp = primary + secondry + tertiary"), @r#"
    expression: gdp = primary + secondry + tertiary
                                ^^^^^^^^
    there is no indicator secondry
    did you mean secondary? the names are secondary, tertiary, industry, primary, c, d, gdp, a and 3 more
    "#);
    assert_snapshot!(rendered("gdp = primary + secondry", Language::Zh), @r#"
    expression: gdp = primary + secondry
                                ^^^^^^^^
    没有指标 secondry
    是否要写 secondary？可用名称：secondary、tertiary、industry、primary、c、d、gdp、a，另有 3 个
    "#);
    assert_snapshot!(told("GDP = electricity + rollup(popluation)"), @r#"
    expression: GDP = electricity + rollup(popluation)
                ^^^
    there is no indicator GDP
    did you mean gdp? the names are gdp, d, a, b, c, industry, primary, secondary and 3 more

    expression: GDP = electricity + rollup(popluation)
                      ^^^^^^^^^^^
    there is no indicator electricity
    the names are tertiary, construction, primary, secondary, industry, c, population, a and 3 more

    expression: GDP = electricity + rollup(popluation)
                                    ^^^^^^^^^^^^^^^^^^
    there is no indicator popluation
    did you mean population? the names are population, construction, industry, primary, a, gdp, tertiary, b and 3 more
    "#);
    assert_snapshot!(told("sum(a) = before(b) + ab(c)"), @r#"
    expression: sum(a) = before(b) + ab(c)
                ^^^
    there is no function sum
    the names are abs, exp, lag, ln, mod, nvl, sqrt, ytd and 10 more

    expression: sum(a) = before(b) + ab(c)
                         ^^^^^^
    there is no function before
    the names are between, year, exp, mod, power, sqrt, abs, isnull and 10 more

    expression: sum(a) = before(b) + ab(c)
                                     ^^
    there is no function ab
    did you mean abs? the names are abs, lag, ln, exp, mod, nvl, year, ytd and 10 more
    "#);
}

#[test]
fn chains() {
    assert_snapshot!(told("0 <= gdp <= 100"), @r#"
    expression: 0 <= gdp <= 100
                         ^^
    comparisons cannot be chained
    write 0 <= gdp and gdp <= 100
    "#);
    assert_snapshot!(told("a = b = c"), @r#"
    expression: a = b = c
                      ^
    comparisons cannot be chained
    write a = b and b = c
    "#);
}

#[test]
fn types() {
    assert_snapshot!(told("gdp - primary"), @r#"
    expression: gdp - primary
                ^^^^^^^^^^^^^
    this is a number, not a statement that holds or not
    compare it with something by = <> < <= > >=
    "#);
    assert_snapshot!(told("not a = b"), @r#"
    expression: not a = b
                    ^
    not takes a statement, and this is a number
    not binds tighter than a comparison: write not (a = b)
    "#);
    assert_snapshot!(told("a and b > 1"), @r#"
    expression: a and b > 1
                ^
    and takes a statement, and this is a number
    compare it first, as in a > 0
    "#);
    assert_snapshot!(told("(a > 1) + 2 = abs(b < 1)"), @r#"
    expression: (a > 1) + 2 = abs(b < 1)
                 ^^^^^
    + takes a number, and this is a statement
    join statements by and, or, xor, not; check the parentheses

    expression: (a > 1) + 2 = abs(b < 1)
                                  ^^^^^
    abs takes a number, and this is a statement
    join statements by and, or, xor, not; check the parentheses
    "#);
    assert_snapshot!(told("if a then b = 1 else c"), @r#"
    expression: if a then b = 1 else c
                   ^
    if takes a statement, and this is a number
    compare it first, as in a > 0

    expression: if a then b = 1 else c
                                     ^
    else takes a statement, and this is a number
    compare it first, as in a > 0
    "#);
    assert_snapshot!(told("1 = 1"), @r#"
    expression: 1 = 1
                ^^^^^
    the expression names no indicator
    the names are a, b, c, d, gdp, primary, industry, tertiary and 3 more
    "#);
}

#[test]
fn grammar() {
    assert_snapshot!(told(""), @r#"
    expression:
                ^
    expected a number, an indicator code or a parenthesis, found the end
    add what is missing or delete the sign
    "#);
    assert_snapshot!(told("a = (b + c"), @r#"
    expression: a = (b + c
                    ^
    this parenthesis is never closed
    add )
    "#);
    assert_snapshot!(told("a = b)"), @r#"
    expression: a = b)
                     ^
    no parenthesis is open here
    delete it, or add the opening one
    "#);
    assert_snapshot!(told("a = b c + d"), @r#"
    expression: a = b c + d
                      ^
    an operator is missing before c
    write one of + - * / = <> < <= > >= and or xor
    "#);
    assert_snapshot!(told("a = * b +"), @r#"
    expression: a = * b +
                    ^
    expected a number, an indicator code or a parenthesis, found *
    add what is missing or delete the sign

    expression: a = * b +
                         ^
    expected a number, an indicator code or a parenthesis, found the end
    add what is missing or delete the sign
    "#);
    assert_snapshot!(told("a = b AND c = d"), @r#"
    expression: a = b AND c = d
                      ^^^
    an operator is missing before AND
    keywords are written small: and
    "#);
    assert_snapshot!(told("if a > 0 then b > 0"), @r#"
    expression: if a > 0 then b > 0
                                   ^
    this if has no else
    add else, or write not (a > 0) or b > 0
    "#);
    assert_snapshot!(told("a = rollup(b + c)"), @r#"
    expression: a = rollup(b + c)
                    ^^^^^^^^^^^^^
    rollup takes one indicator, not an expression
    write rollup(x) with an indicator for x and do the arithmetic outside of the parentheses
    "#);
    assert_snapshot!(told("a = abs(b, c)"), @r#"
    expression: a = abs(b, c)
                    ^^^^^^^^^
    abs has 2 arguments
    write abs(x)
    "#);
}

#[test]
fn characters() {
    assert_snapshot!(told("a ＝ （b × 2） && c ≥ 1,000 || d == 1e5 $ x"), @r#"
    expression: a ＝ （b × 2） && c ≥ 1,000 || d == 1e5 $ x
                  ^^
    ＝ is not a sign of the language
    write =

    expression: a ＝ （b × 2） && c ≥ 1,000 || d == 1e5 $ x
                     ^^
    （ is not a sign of the language
    write (

    expression: a ＝ （b × 2） && c ≥ 1,000 || d == 1e5 $ x
                         ^^
    × is not a sign of the language
    write *

    expression: a ＝ （b × 2） && c ≥ 1,000 || d == 1e5 $ x
                             ^^
    ） is not a sign of the language
    write )

    expression: a ＝ （b × 2） && c ≥ 1,000 || d == 1e5 $ x
                                ^^
    && is not a sign of the language
    write and

    expression: a ＝ （b × 2） && c ≥ 1,000 || d == 1e5 $ x
                                     ^^
    ≥ is not a sign of the language
    write >=

    expression: a ＝ （b × 2） && c ≥ 1,000 || d == 1e5 $ x
                                        ^^^^^
    1,000 is not a number
    write digits with at most one decimal point inside, as in 1234.5, without separators, exponent or unit; an indicator code starts with a letter

    expression: a ＝ （b × 2） && c ≥ 1,000 || d == 1e5 $ x
                                              ^^
    || is not a sign of the language
    write or

    expression: a ＝ （b × 2） && c ≥ 1,000 || d == 1e5 $ x
                                                   ^^
    == is not a sign of the language
    write =

    expression: a ＝ （b × 2） && c ≥ 1,000 || d == 1e5 $ x
                                                      ^^^
    1e5 is not a number
    write digits with at most one decimal point inside, as in 1234.5, without separators, exponent or unit; an indicator code starts with a letter

    expression: a ＝ （b × 2） && c ≥ 1,000 || d == 1e5 $ x
                                                          ^
    this character has no meaning in an expression
    use numbers, indicator codes, functions, + - * / ( ) = <> < <= > >= in and or xor not if then else

    expression: a ＝ （b × 2） && c ≥ 1,000 || d == 1e5 $ x
                                                            ^
    an operator is missing before x
    write one of + - * / = <> < <= > >= and or xor
    "#);
}

#[test]
fn numbers() {
    assert_snapshot!(told("a = .5 + 1. + 0.1234567890123456789"), @r#"
    expression: a = .5 + 1. + 0.1234567890123456789
                    ^^
    .5 is not a number
    write digits with at most one decimal point inside, as in 1234.5, without separators, exponent or unit; an indicator code starts with a letter

    expression: a = .5 + 1. + 0.1234567890123456789
                         ^^
    1. is not a number
    write digits with at most one decimal point inside, as in 1234.5, without separators, exponent or unit; an indicator code starts with a letter

    expression: a = .5 + 1. + 0.1234567890123456789
                              ^^^^^^^^^^^^^^^^^^^^^
    the number is too long
    write at most 30 digits, 18 of them after the decimal point
    "#);
}

#[test]
fn a_validity_edit_has_no_rollup() {
    let expression = "gdp = rollup(gdp)";
    let text = EditText {
        kind: EditKind::Validity,
        ..edit_text(expression, "")
    };
    assert_snapshot!(faults(text)[0].render(expression, Language::En), @r#"
    expression: gdp = rollup(gdp)
                      ^^^^^^^^^^^
    a validity edit cannot use rollup(gdp): a snapshot is returned for its own figures only, so that the order of arrival does not matter
    make its kind quality
    "#);
}

#[test]
fn all_fields_are_told_at_once() {
    let text = EditText {
        rollup: Some("not_null".to_owned()),
        ..edit_text("gpd = x", "five")
    };
    let told: Vec<_> = faults(text)
        .into_iter()
        .map(|f| (f.field.to_string(), f.span, f.remedy.en))
        .collect();
    let fields: Vec<_> = told
        .iter()
        .map(|(field, span, _)| (field.as_str(), span.clone()))
        .collect();
    assert_eq!(
        fields,
        [
            ("expression", 0..3),
            ("expression", 6..7),
            ("tolerance", 0..4),
            ("rollup", 0..8)
        ]
    );
    assert!(told[3].2.starts_with("did you mean non_null?"));
    assert_eq!(
        EditKind::parse("validty").unwrap_err().field,
        EditField::Kind
    );
    assert_eq!(EditKind::parse("quality"), Ok(EditKind::Quality));
}

#[test]
fn limits() {
    let long = format!("a = {}", "1".repeat(EXPRESSION_LEN_BYTES_MAX));
    assert!(
        faults(edit_text(&long, ""))[0]
            .message
            .en
            .contains("4100 bytes")
    );
    for (open, close) in [
        ("(", ")"),
        ("-", ""),
        ("abs(", ")"),
        ("(if a = 1 then b else ", ")"),
    ] {
        let nested = |depth: usize| format!("{}a{} = 1", open.repeat(depth), close.repeat(depth));
        let levels = if open.starts_with("(if") { 2 } else { 1 };
        let allowed = NESTING_MAX / levels;
        assert!(
            compile(edit_text(&nested(allowed), ""), &NAMES).is_ok(),
            "{open}"
        );
        let faults = faults(edit_text(&nested(allowed + 1), ""));
        assert_eq!(faults.len(), 1, "{open}");
        assert!(faults[0].message.en.contains("nested"), "{open}");
    }
    let many = faults(edit_text(&"x = y and ".repeat(300), ""));
    assert_eq!(many.len(), DIAGNOSTICS_MAX);
}

#[test]
fn a_keyword_is_no_name() {
    for word in [
        "and", "or", "xor", "not", "if", "then", "else", "true", "false",
    ] {
        assert!(is_keyword(word));
        assert!(
            compile(edit_text(&format!("{word} = a"), ""), &NAMES).is_err(),
            "{word}"
        );
    }
    assert!(!is_keyword("rollup"));
}

#[test]
fn a_long_flat_expression_is_no_nesting() {
    let sum = format!("a = {}1", "1+".repeat(2000));
    let verdict = compiled(&sum, "").evaluate(&Record::parse("a=2001"));
    assert_eq!(verdict.truth, Truth::True);
}
