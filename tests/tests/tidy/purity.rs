//! `core` is pure: no input or output, no clock, no randomness, no async, no logging. Time and keys are arguments.

use crate::repository::{Repository, Violation, finds, holds, line_at, line_with};
use crate::rust_text;

/// Paths that reach the world outside. `std::{a, b}` groups are looked into as well.
const WORLDLY_PATHS: [&str; 9] = [
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
];
/// Crates and types that have no business in the core.
const WORLDLY_WORDS: [&str; 10] = [
    "tokio",
    "tracing",
    "log",
    "tonic",
    "rocksdb",
    "rand",
    "getrandom",
    "OsRng",
    "SystemTime",
    "granary_proto",
];
const WORLDLY_MACROS: [&str; 5] = ["println", "eprintln", "print", "eprint", "dbg"];
/// Dependencies that the core's manifest must not name, beside those that are worldly words.
const WORLDLY_CRATES: [&str; 4] = ["granary-proto", "rustix", "tempfile", "notify"];

fn core_touches_nothing_outside(repository: &Repository) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in repository
        .texts_ending(".rs")
        .filter(|(path, _)| path.starts_with("core/"))
    {
        let code = rust_text::code_of(text);
        let tests = rust_text::test_spans(&code);
        for (offset, what) in worldly_uses(&code) {
            if !rust_text::is_test_file(path, &code)
                && !tests.iter().any(|span| span.contains(&offset))
            {
                let message = format!(
                    "`{what}` in the core: take the value as an argument, or do it in the shell"
                );
                found.push(Violation::new(path, line_at(text, offset), message));
            }
        }
    }
    found
}

fn core_depends_on_nothing_worldly(repository: &Repository) -> Vec<Violation> {
    const MANIFEST: &str = "core/Cargo.toml";
    let text = repository.text(MANIFEST).unwrap_or_default();
    let manifest: toml::Table = text.parse().expect("cargo reads this manifest");
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
    let names = dependencies.into_iter().flat_map(toml::Table::keys);
    let worldly = names.filter(|name| {
        WORLDLY_CRATES.contains(&name.as_str()) || WORLDLY_WORDS.contains(&name.as_str())
    });
    worldly
        .map(|name| {
            Violation::new(
                MANIFEST,
                line_with(text, name),
                format!("the core must not depend on `{name}`"),
            )
        })
        .collect()
}

/// Every worldly use in `code`, in the order of the text.
fn worldly_uses(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for path in WORLDLY_PATHS {
        let whole = |at: usize| {
            !code[at + path.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_')
        };
        found.extend(
            code.match_indices(path)
                .filter(|(at, _)| whole(*at))
                .map(|(at, _)| (at, path.to_owned())),
        );
    }
    for (at, word) in rust_text::words(code) {
        let next = code[at + word.len()..].trim_start();
        let names_crate = next.starts_with("::")
            || WORLDLY_WORDS.contains(&word) && code[..at].trim_end().ends_with("use");
        let names_type = word.starts_with(char::is_uppercase);
        let is_ours = is_of_crate(&code[..at]);
        if WORLDLY_WORDS.contains(&word) && !is_ours && (names_crate || names_type)
            || WORLDLY_MACROS.contains(&word) && next.starts_with('!')
        {
            found.push((at, word.to_owned()));
        }
    }
    found.extend(grouped_uses(code));
    found.sort();
    found
}

/// Whether what stands before a word makes it one of the core's own modules (`log` is one), and no crate of the world.
fn is_of_crate(before: &str) -> bool {
    let in_group = before
        .rfind("use crate::{")
        .is_some_and(|start| !before[start..].contains([';', '}']));
    before.ends_with("crate::") || in_group
}

/// `use std::{fs, ...}`: the worldly modules named at the first level of such a group, or deeper.
fn grouped_uses(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (start, opening) in code.match_indices("std::{") {
        let group = &code[start + opening.len()..];
        let group = &group[..group.find(';').unwrap_or(group.len())];
        for (at, word) in rust_text::words(group) {
            let path = format!("std::{word}");
            if WORLDLY_PATHS.contains(&path.as_str()) {
                found.push((start + opening.len() + at, path));
            }
        }
    }
    found
}

#[test]
fn the_core_is_pure() {
    holds(core_touches_nothing_outside);
    let impure = r#"//! std::fs in words is fine.
use std::{collections::BTreeMap, fs};
fn a() { std::net::x(); }
let t = Instant::now();
let log = 1; log.x(); use crate::{digest, log::Hash}; use crate::log::Hash;
tokio::spawn();
println!("");
use rand;
std::environment();
#[cfg(test)]
mod tests { use std::fs; }
"#;
    let places = [
        "core/src/a.rs:2",
        "core/src/a.rs:3",
        "core/src/a.rs:4",
        "core/src/a.rs:6",
        "core/src/a.rs:7",
        "core/src/a.rs:8",
    ];
    finds(
        core_touches_nothing_outside,
        &[("core/src/a.rs", impure), ("agent/src/a.rs", impure)],
        &places,
    );
}

#[test]
fn the_core_depends_on_nothing_worldly() {
    holds(core_depends_on_nothing_worldly);
    let manifest = r"[dependencies]
sha2.workspace = true
getrandom.workspace = true
[dev-dependencies]
tempfile.workspace = true
";
    finds(
        core_depends_on_nothing_worldly,
        &[("core/Cargo.toml", manifest)],
        &["core/Cargo.toml:3"],
    );
}
