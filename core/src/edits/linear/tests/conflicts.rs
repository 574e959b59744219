//! Contradictions and redundancies.

use super::*;
use crate::edits::linear::{ConflictKind, examine};

/// The conflicts as text: the kind's first letter and the culprits.
fn shown(lines: &str) -> Vec<String> {
    let edits = edits(lines);
    let conflicts = examine(&edits.iter().collect::<Vec<_>>());
    let shown = conflicts.iter().map(|conflict| {
        let kind = match conflict.kind {
            ConflictKind::Contradiction => "contradiction",
            ConflictKind::Redundancy => "redundant",
            ConflictKind::NotLinear => "not linear",
            ConflictKind::Open => "open",
        };
        let ids: Vec<&str> = conflict.edits.iter().map(EditId::as_str).collect();
        format!("{kind} {}", ids.join(" "))
    });
    shown.collect()
}

#[track_caller]
fn check(lines: &str, expected: &[&str]) {
    assert_eq!(shown(lines), expected, "{lines}");
}

#[test]
fn edits_in_harmony() {
    check("A: x >= 0\nB: y = x + 1", &[]);
    check("A: x > 0\nB: y > 0\nC: x + y < 10", &[]);
    // Each pair of these meets at one point only.
    check("A: x <= 1\nB: x >= 1", &[]);
}

#[test]
fn contradictions_name_their_culprits() {
    check("A: x > 1\nB: y > 1\nC: x < 1", &["contradiction A C"]);
    check("A: x <= 1\nB: x > 1", &["contradiction A B"]);
    check("A: x < x", &["contradiction A"]);
    check(
        "A: a = b + c\nB: b >= 10\nC: c >= 10\nD: a < 15\nE: d = a",
        &["contradiction A B C D"],
    );
    // Three are needed: any two of them can hold.
    check("A: x < y\nB: y < z\nC: z < x", &["contradiction A B C"]);
    // Two contradictions.
    check(
        "A: x > 1\nB: x < 0\nC: y = 1\nD: y = 2",
        &["contradiction A B", "contradiction C D"],
    );
}

#[test]
fn tolerances_count() {
    check("A: x = 1 ~ 0.5\nB: x = 2 ~ 0.5", &[]);
    check("A: x = 1 ~ 0.4\nB: x = 2 ~ 0.5", &["contradiction A B"]);
    // 1 % of the larger side: x is at most 100 / 0.99.
    check("A: x = 100 ~ 1%\nB: x >= 101.01", &[]);
    check("A: x = 100 ~ 1%\nB: x >= 101.02", &["contradiction A B"]);
    check("A: x = -100 ~ 1%\nB: x <= -101.02", &["contradiction A B"]);
    check("A: x <= 100 ~ 1%\nB: x > 101.02", &["contradiction A B"]);
    check("A: x < 0 ~ 10%\nB: x = 0", &["contradiction A B"]);
}

#[test]
fn alternatives_are_cases() {
    check(
        "A: x < 0 or x > 1\nB: x >= 0\nC: x <= 1",
        &["contradiction A B C"],
    );
    check("A: x <> 1\nB: x = 1", &["contradiction A B"]);
    check("A: x <> 1\nB: x >= 1", &[]);
    check(
        "A: not (a > 0) or b > 0\nB: a > 5\nC: b < 0",
        &["contradiction A B C"],
    );
    check(
        "A: if a > 0 then b > 0 else b < 0\nB: b = 0",
        &["contradiction A B"],
    );
    check("A: (if a > 0 then a else -a) < 0", &["contradiction A"]);
    check("A: abs(x) <= 1\nB: abs(x) >= 2", &["contradiction A B"]);
    check(
        "A: abs(abs(x) - 5) <= 1\nB: abs(x) < 4",
        &["contradiction A B"],
    );
    check(
        "A: a > 0 xor b > 0\nB: a > 1\nC: b > 1",
        &["contradiction A B C"],
    );
}

#[test]
fn redundant_edits_name_what_implies_them() {
    check("A: x >= 0\nB: x >= -1", &["redundant B A"]);
    check("A: x >= 0\nB: x > -1\nC: y > 0", &["redundant B A"]);
    check("A: x = y\nB: y = x", &["redundant B A"]);
    check("A: a >= 0\nB: b >= 0\nC: a + b >= 0", &["redundant C A B"]);
    check("A: x >= 1 or x < 1", &["redundant A"]);
    check("A: x = y\nB: y = z\nC: x = z ~ 1", &["redundant C A B"]);
    check(
        "A: x = y ~ 0.5\nB: y = z ~ 0.5\nC: x = z ~ 1",
        &["redundant C A B"],
    );
    check("A: x = y ~ 0.5\nB: y = z ~ 0.51\nC: x = z ~ 1", &[]);
    check("A: x > 0\nB: x <> 0", &["redundant B A"]);
    check("A: x >= 0\nB: x <> 0", &[]);
    check(
        "A: a > 0\nB: b > 0\nC: not (a > 0) or b > 0",
        &["redundant C B"],
    );
}

#[test]
fn the_domain_is_not_assumed() {
    // These contradict only for figures that are not below zero.
    check("A: a = b + c\nB: a < b", &[]);
    check(
        "A: a = b + c\nB: a < b\nC: c >= 0",
        &["contradiction A B C"],
    );
}

#[test]
fn quality_edits_come_second() {
    // A validity edit is not redundant for what a quality edit says.
    check("?Q: x >= 1\nV: x >= 0", &[]);
    check("?Q: x >= 0\nV: x >= 1", &["redundant Q V"]);
    check("?Q: x < 0\nV: x >= 1", &["contradiction Q V"]);
}

#[test]
fn operands_from_elsewhere_are_free() {
    check("?Q: x = rollup(x)\nV: x > 0", &[]);
    check(
        "?Q: x = rollup(x)\n?R: x > rollup(x) + 1",
        &["contradiction Q R"],
    );
}

#[test]
fn what_is_not_linear_is_said() {
    check(
        "A: x * y > 0\nB: x / y > 1\nC: x / 2 > 1\nD: x * 3 < 0",
        &["contradiction C D", "not linear A B"],
    );
    check("A: x / 0 > 1", &["redundant A"]);
}

#[test]
fn rounding_is_taken_as_none() {
    let edits = edits("A: x = y ~ rounding\nB: x > y + 1");
    let found = examine(&edits.iter().collect::<Vec<_>>());
    assert_eq!(
        found[0].message.en,
        "A, B contradict each other: no record can satisfy them all (as though no figure were rounded)"
    );
    assert_eq!(
        found[0].message.zh,
        "A、B 互相矛盾：没有任何报表能同时满足（按各数没有舍入误差计）"
    );
}

#[test]
fn large_figures_beside_small_tolerances() {
    check(
        "A: x = 1000000000000.00 ~ 0.01\nB: x = 1000000000000.03 ~ 0.01",
        &["contradiction A B"],
    );
    check(
        "A: x = 1000000000000.00 ~ 0.01\nB: x = 1000000000000.02 ~ 0.01",
        &[],
    );
}

#[test]
fn the_benchmarks_edits_are_in_harmony() {
    check(TWELVE, &["not linear B6"]);
}
