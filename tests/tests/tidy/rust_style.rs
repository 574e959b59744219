//! How Rust source is laid out: every file says what it is, nothing is too long, no warning is silenced in silence.

use std::ops::Range;

use crate::repository::{Repository, Violation, finds, holds, line_at};
use crate::rust_text;

/// Beyond this many lines a file holds more than one thought.
const FILE_LINES_MAX: usize = 600;
/// Beyond this many lines, from `fn` to its closing brace, nobody sees a function whole.
const FUNCTION_LINES_MAX: usize = 70;

/// Every Rust file opens with `//!`: purpose, invariants, formats.
fn files_open_with_their_purpose(repository: &Repository) -> Vec<Violation> {
    let silent = repository
        .texts_ending(".rs")
        .filter(|(_, text)| !text.starts_with("//! "));
    silent
        .map(|(path, _)| {
            Violation::new(
                path,
                1,
                "open the file with `//!`: its purpose, invariants and formats",
            )
        })
        .collect()
}

fn files_are_short(repository: &Repository) -> Vec<Violation> {
    let source = [".rs", ".proto", ".sh"]
        .into_iter()
        .flat_map(|suffix| repository.texts_ending(suffix));
    let long = source.filter(|(_, text)| text.lines().count() > FILE_LINES_MAX);
    long.map(|(path, text)| {
        let message = format!(
            "{} lines; at most {FILE_LINES_MAX}: split it by thought",
            text.lines().count()
        );
        Violation::new(path, FILE_LINES_MAX + 1, message)
    })
    .collect()
}

fn functions_are_short(repository: &Repository) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in repository.texts_ending(".rs") {
        let code = rust_text::code_of(text);
        for function in rust_text::functions(&code) {
            let lines = code[function.span.clone()].lines().count();
            if lines > FUNCTION_LINES_MAX {
                let message = format!(
                    "`{}` has {lines} lines; at most {FUNCTION_LINES_MAX}: name its parts",
                    function.name
                );
                found.push(Violation::new(
                    path,
                    line_at(text, function.span.start),
                    message,
                ));
            }
        }
    }
    found
}

/// Outside tests and generated code a lint is silenced by `expect`, which complains when it is no longer needed.
fn nothing_is_allowed_for_ever(repository: &Repository) -> Vec<Violation> {
    each_attribute(repository, |path, code, attribute| {
        let tested = rust_text::is_test_file(path, code) || code.contains("include_proto!");
        let exempt = tested
            || rust_text::test_spans(code)
                .iter()
                .any(|span| span.contains(&attribute.start));
        let allows = has_call(&code[attribute], "allow");
        (allows && !exempt).then_some("say `#[expect(lint, reason = \"...\")]` instead of `allow`")
    })
}

fn every_expectation_has_a_reason(repository: &Repository) -> Vec<Violation> {
    each_attribute(repository, |_, code, attribute| {
        let text = &code[attribute];
        let silent =
            has_call(text, "expect") && !rust_text::words(text).any(|(_, word)| word == "reason");
        silent.then_some("give `expect` its `reason = \"...\"`")
    })
}

/// What is unfinished goes into an issue, not into the source.
fn nothing_is_marked_unfinished(repository: &Repository) -> Vec<Violation> {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ];
    let mut found = Vec::new();
    for (path, text) in repository.texts().filter(|(path, _)| is_source(path)) {
        for (offset, word) in rust_text::words(text).filter(|(_, word)| marks.contains(word)) {
            found.push(Violation::new(
                path,
                line_at(text, offset),
                format!("`{word}`: finish it, or write it down elsewhere"),
            ));
        }
    }
    found
}

fn each_attribute(
    repository: &Repository,
    judge: impl Fn(&str, &str, Range<usize>) -> Option<&'static str>,
) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in repository.texts_ending(".rs") {
        let code = rust_text::code_of(text);
        for (start, inside) in rust_text::attributes(&code) {
            let end = inside.as_ptr().addr() - code.as_ptr().addr() + inside.len();
            found.extend(
                judge(path, &code, start..end)
                    .map(|message| Violation::new(path, line_at(text, start), message)),
            );
        }
    }
    found
}

/// Whether the attribute is, or holds under `cfg_attr`, a call of `name`.
fn has_call(attribute: &str, name: &str) -> bool {
    let called = |(at, word): (usize, &str)| {
        word == name && attribute[at + word.len()..].trim_start().starts_with('(')
    };
    rust_text::words(attribute).any(called)
}

fn is_source(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let by_suffix = [
        "rs", "proto", "toml", "sh", "yml", "yaml", "service", "html", "css", "js",
    ];
    let suffix = name.rsplit_once('.').map(|(_, suffix)| suffix);
    name == "Makefile"
        || path.starts_with("scripts/")
        || path.starts_with(".ci/")
        || suffix.is_some_and(|s| by_suffix.contains(&s))
}

#[test]
fn every_file_opens_with_its_purpose() {
    holds(files_open_with_their_purpose);
    finds(
        files_open_with_their_purpose,
        &[("a.rs", "//! Good.\n"), ("b.rs", "use x;\n//! Late.\n")],
        &["b.rs:1"],
    );
}

#[test]
fn no_file_is_too_long() {
    holds(files_are_short);
    let long = "x\n".repeat(601);
    finds(
        files_are_short,
        &[("a.rs", &long), ("b.rs", &long[2..]), ("c.csv", &long)],
        &["a.rs:601"],
    );
}

#[test]
fn no_function_is_too_long() {
    holds(functions_are_short);
    let function =
        |lines: usize| format!("//! x\nfn f() {{\n{}}}\n", "a(\"}\");\n".repeat(lines - 2));
    let files = [("a.rs", function(71)), ("b.rs", function(70))];
    finds(
        functions_are_short,
        &files.each_ref().map(|(path, text)| (*path, text.as_str())),
        &["a.rs:2"],
    );
}

#[test]
fn lints_are_silenced_only_by_expectations_with_reasons() {
    holds(nothing_is_allowed_for_ever);
    holds(every_expectation_has_a_reason);
    let allowing = r"#[allow(x)]
fn a() {}
#[cfg(test)]
mod tests {
#![allow(x)]
}
#[cfg_attr(a, allow(x))]
fn b() {}
";
    finds(
        nothing_is_allowed_for_ever,
        &[("a.rs", allowing), ("a/tests/b.rs", allowing)],
        &["a.rs:1", "a.rs:7"],
    );
    let expecting =
        "#[expect(x, reason = \"y\")]\nfn a() {}\n#[expect(x)] // reason = \"no\"\nfn b() {}\n";
    finds(
        every_expectation_has_a_reason,
        &[("a.rs", expecting)],
        &["a.rs:3"],
    );
}

#[test]
fn no_source_is_marked_unfinished() {
    holds(nothing_is_marked_unfinished);
    let marked = format!("//! Fine.\n// {}: later\n", concat!("TO", "DO"));
    finds(
        nothing_is_marked_unfinished,
        &[("a.rs", &marked), ("b.csv", &marked)],
        &["a.rs:2"],
    );
}
