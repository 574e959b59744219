//! Who may depend on whom, and that versions and lints are said once, in the root manifest.

use crate::repository::{Repository, Violation, finds, holds, line_with};

/// Which of our crates each folder may depend on. The three programs never import each other.
const ARROWS: [(&str, &[&str]); 9] = [
    ("proto", &[]),
    ("core", &[]),
    // What both programs tell a collector of traces, in one place.
    ("trace", &["granary-core"]),
    // How a bulletin looks on paper, for whoever publishes it and for whoever checks it.
    ("bulletin", &["granary-core", "granary-proto"]),
    ("agent", &["granary-core", "granary-proto", "granary-trace"]),
    // A source of the agent's, in a program of its own.
    ("sql", &["granary-core", "granary-agent"]),
    (
        "aggregator",
        &[
            "granary-core",
            "granary-proto",
            "granary-bulletin",
            "granary-trace",
        ],
    ),
    (
        "audit",
        &["granary-core", "granary-proto", "granary-bulletin"],
    ),
    (
        "tests",
        &[
            "granary-core",
            "granary-proto",
            "granary-agent",
            "granary-aggregator",
            "granary-audit",
        ],
    ),
];

fn arrows_point_inwards(repository: &Repository) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in member_manifests(repository) {
        let folder = path.trim_end_matches("/Cargo.toml");
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == folder) else {
            found.push(Violation::new(
                path,
                1,
                "a new crate: say in ARROWS which of ours it may depend on",
            ));
            continue;
        };
        for (name, _) in dependencies(&parse(text)) {
            if name.starts_with("granary-") && !allowed.contains(&name.as_str()) {
                let message = format!("`{folder}` must not depend on `{name}`");
                found.push(Violation::new(path, line_with(text, &name), message));
            }
        }
    }
    found
}

/// A crate says `x.workspace = true`; the version stands once, in the root's `[workspace.dependencies]`.
fn versions_are_said_once(repository: &Repository) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in member_manifests(repository) {
        for (name, value) in dependencies(&parse(text)) {
            if value.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                let message =
                    format!("say `{name}.workspace = true` and its version in the root manifest");
                found.push(Violation::new(path, line_with(text, &name), message));
            }
        }
    }
    found
}

fn lints_are_the_workspaces(repository: &Repository) -> Vec<Violation> {
    let inherits = |text: &str| {
        let manifest = parse(text);
        manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"))
            .and_then(toml::Value::as_bool)
            == Some(true)
    };
    let strays = member_manifests(repository).filter(|(_, text)| !inherits(text));
    strays
        .map(|(path, text)| {
            Violation::new(
                path,
                line_with(text, "[lints"),
                "add `[lints]` with `workspace = true`",
            )
        })
        .collect()
}

fn member_manifests(repository: &Repository) -> impl Iterator<Item = (&str, &str)> {
    repository.texts_ending("/Cargo.toml")
}

fn parse(manifest: &str) -> toml::Table {
    manifest.parse().expect("cargo reads this manifest")
}

/// Every dependency of every kind, also those under `[target.*]`.
fn dependencies(manifest: &toml::Table) -> Vec<(String, toml::Value)> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let per_target = targets
        .into_iter()
        .flat_map(|table| table.values())
        .filter_map(toml::Value::as_table);
    let mut found = Vec::new();
    for table in std::iter::once(manifest).chain(per_target) {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let entries = table.get(kind).and_then(toml::Value::as_table);
            found.extend(
                entries
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| (name.clone(), value.clone())),
            );
        }
    }
    found
}

#[test]
fn crates_depend_only_inwards() {
    holds(arrows_point_inwards);
    let files = [
        (
            "agent/Cargo.toml",
            "[dependencies]\ngranary-core.workspace = true\n[dev-dependencies]\ngranary-aggregator.workspace = true\n",
        ),
        (
            "core/Cargo.toml",
            "[target.'cfg(unix)'.dependencies]\ngranary-proto.workspace = true\n",
        ),
        ("new/Cargo.toml", ""),
    ];
    finds(
        arrows_point_inwards,
        &files,
        &[
            "agent/Cargo.toml:4",
            "core/Cargo.toml:2",
            "new/Cargo.toml:1",
        ],
    );
}

#[test]
fn versions_stand_in_the_root_manifest() {
    holds(versions_are_said_once);
    let manifest = r#"[dependencies]
serde.workspace = true
syn = "2"
[build-dependencies]
protox = { path = "x" }
"#;
    finds(
        versions_are_said_once,
        &[("a/Cargo.toml", manifest)],
        &["a/Cargo.toml:3", "a/Cargo.toml:5"],
    );
}

#[test]
fn every_crate_takes_the_workspace_lints() {
    holds(lints_are_the_workspaces);
    let files = [
        ("a/Cargo.toml", "[lints]\nworkspace = true\n"),
        ("b/Cargo.toml", "[package]\n\n[lints.rust]\n"),
    ];
    finds(lints_are_the_workspaces, &files, &["b/Cargo.toml:3"]);
}
