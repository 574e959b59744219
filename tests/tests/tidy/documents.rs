//! The documents: the ones that must exist, the two languages of the README side by side, a map that
//! names every folder and no folder that is gone, refusals that are explained, and links that lead
//! somewhere.

use crate::proto_text::{Kind, parse};
use crate::repository::{Repository, Violation, finds, holds};

const REQUIRED: [&str; 9] = [
    "README.md",
    "README.zh-CN.md",
    "ARCHITECTURE.md",
    "DECISIONS.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "docs/PROTOCOL.md",
    "docs/AUDIT.md",
];
const MAP: &str = "ARCHITECTURE.md";

fn documents_exist(repository: &Repository) -> Vec<Violation> {
    let absent = REQUIRED
        .into_iter()
        .filter(|path| repository.text(path).is_none());
    absent
        .map(|path| Violation::new(path, 1, "this document is missing"))
        .collect()
}

/// Somebody who reads one language finds the same sections as somebody who reads the other.
fn readmes_run_in_parallel(repository: &Repository) -> Vec<Violation> {
    const TRANSLATION: &str = "README.zh-CN.md";
    let headings_of = |path| headings(repository.text(path).unwrap_or_default());
    let (original, translation) = (headings_of("README.md"), headings_of(TRANSLATION));
    for (index, (line, depth, title)) in translation.iter().enumerate() {
        match original.get(index) {
            Some((_, wanted, _)) if wanted == depth => {}
            Some((at, wanted, name)) => {
                let message = format!(
                    "`{title}` has depth {depth}; its counterpart `{name}` (README.md:{at}) has {wanted}"
                );
                return vec![Violation::new(TRANSLATION, *line, message)];
            }
            None => {
                return vec![Violation::new(
                    TRANSLATION,
                    *line,
                    format!("`{title}` has no counterpart in README.md"),
                )];
            }
        }
    }
    let untranslated = original.get(translation.len());
    untranslated
        .map(|(line, _, title)| {
            Violation::new(
                "README.md",
                *line,
                format!("`{title}` has no counterpart in {TRANSLATION}"),
            )
        })
        .into_iter()
        .collect()
}

fn folders_are_on_the_map(repository: &Repository) -> Vec<Violation> {
    let map = repository.text(MAP).unwrap_or_default();
    let named = |folder: &&str| {
        let needle = format!("{folder}/");
        map.match_indices(&needle).any(|(at, _)| {
            !map[..at].ends_with(|c: char| c.is_alphanumeric() || "/-_.".contains(c))
        })
    };
    let unnamed = repository
        .top_level_folders()
        .into_iter()
        .filter(|folder| !named(folder));
    unnamed
        .map(|folder| Violation::new(MAP, 1, format!("describe the folder `{folder}/`")))
        .collect()
}

/// A path in backticks that begins with a top-level folder must be there. A pattern (`*`, `<`, `{`) is not a path.
fn the_map_names_only_what_is_there(repository: &Repository) -> Vec<Violation> {
    let mut found = Vec::new();
    let folders = repository.top_level_folders();
    for (line, text) in prose(repository.text(MAP).unwrap_or_default()) {
        for quoted in text.split('`').skip(1).step_by(2) {
            let in_tree = quoted
                .split_once('/')
                .is_some_and(|(folder, _)| folders.contains(folder));
            let is_path = !quoted.contains(|c: char| "*<{ :".contains(c));
            if in_tree && is_path && !repository.has(quoted.trim_end_matches('/')) {
                found.push(Violation::new(
                    MAP,
                    line,
                    format!("`{quoted}` does not exist"),
                ));
            }
        }
    }
    found
}

/// Somebody who writes an agent from PROTOCOL.md alone must learn what each refusal means.
fn refusals_are_in_the_protocol(repository: &Repository) -> Vec<Violation> {
    let Some(page) = repository.text("docs/PROTOCOL.md") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (path, text) in repository.texts_ending(".proto") {
        for value in parse(text).declarations {
            let named =
                matches!(value.kind, Kind::EnumValue { .. }) && value.parent == "RefusalCode";
            let short = value.name.trim_start_matches("REFUSAL_CODE_");
            let listed = page.contains(&value.name) || page.contains(&format!("`{short}`"));
            if named && short != "UNSPECIFIED" && !listed {
                let message = format!("say in docs/PROTOCOL.md what `{}` means", value.name);
                found.push(Violation::new(path, value.line, message));
            }
        }
    }
    found
}

fn links_lead_somewhere(repository: &Repository) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in repository.texts_ending(".md") {
        for (line, text) in prose(text) {
            for target in
                link_targets(text).filter(|target| !leads_somewhere(repository, path, target))
            {
                found.push(Violation::new(
                    path,
                    line,
                    format!("the link `{target}` leads to no tracked file"),
                ));
            }
        }
    }
    found
}

/// The numbered lines outside fenced code.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// (line, depth, title) of every heading.
fn headings(text: &str) -> Vec<(usize, usize, &str)> {
    let heading = |(line, text): (usize, &'_ str)| {
        let depth = text.bytes().take_while(|&byte| byte == b'#').count();
        (depth > 0 && text[depth..].starts_with(' ')).then_some((line, depth))
    };
    let titles: Vec<&str> = text.lines().collect();
    prose(text)
        .filter_map(heading)
        .map(|(line, depth)| (line, depth, titles[line - 1][depth..].trim()))
        .collect()
}

/// The targets of `[text](target)` and `[name]: target`, outside inline code.
fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    let inline = line
        .split('`')
        .step_by(2)
        .flat_map(|text| text.split("](").skip(1))
        .filter_map(|rest| rest.split([')', ' ']).next());
    let definition = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "))
        .map(|(_, target)| target.trim());
    inline.chain(definition)
}

fn leads_somewhere(repository: &Repository, from: &str, target: &str) -> bool {
    let file = target.split('#').next().unwrap_or_default();
    let elsewhere = target.contains("://") || target.starts_with("mailto:");
    elsewhere
        || file.is_empty() && target.starts_with('#')
        || resolve(from, file).is_some_and(|path| repository.has(&path))
}

/// The path from the root of what `target` means in the file `from`; none when it leaves the repository.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = if target.starts_with('/') {
        Vec::new()
    } else {
        from.split('/').collect()
    };
    parts.pop();
    for part in target
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
    {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    Some(parts.join("/"))
}

#[test]
fn the_documents_exist() {
    holds(documents_exist);
    let files: Vec<(&str, &str)> = REQUIRED
        .into_iter()
        .skip(1)
        .map(|path| (path, ""))
        .collect();
    finds(documents_exist, &files, &["README.md:1"]);
}

#[test]
fn both_readmes_have_the_same_sections() {
    holds(readmes_run_in_parallel);
    let english = ("README.md", "# A\n```\n# not a heading\n```\n## B\n## C\n");
    finds(
        readmes_run_in_parallel,
        &[english, ("README.zh-CN.md", "# 甲\n## 乙\n")],
        &["README.md:6"],
    );
    finds(
        readmes_run_in_parallel,
        &[english, ("README.zh-CN.md", "# 甲\n### 乙\n## 丙\n")],
        &["README.zh-CN.md:2"],
    );
    finds(
        readmes_run_in_parallel,
        &[english, ("README.zh-CN.md", "# 甲\n## 乙\n## 丙\n# 丁\n")],
        &["README.zh-CN.md:4"],
    );
}

#[test]
fn every_folder_is_on_the_map() {
    holds(folders_are_on_the_map);
    let files = [
        ("core/a.rs", ""),
        ("agent/a.rs", ""),
        (
            MAP,
            "`core/` is the heart; the user-agent/ is something else.",
        ),
    ];
    finds(folders_are_on_the_map, &files, &["ARCHITECTURE.md:1"]);
}

#[test]
fn nothing_on_the_map_is_gone() {
    holds(the_map_names_only_what_is_there);
    let files = [
        ("core/src/a.rs", ""),
        (
            MAP,
            "`core/src/a.rs`, `core/src/`, `core/*.rs`, `other/x`\n`core/src/b.rs`\n",
        ),
    ];
    finds(
        the_map_names_only_what_is_there,
        &files,
        &["ARCHITECTURE.md:2"],
    );
}

#[test]
fn every_refusal_is_explained() {
    holds(refusals_are_in_the_protocol);
    let codes = r"enum RefusalCode {
  REFUSAL_CODE_UNSPECIFIED = 0;
  REFUSAL_CODE_LONG = 1;
  REFUSAL_CODE_SHORT = 2;
  REFUSAL_CODE_KEY = 3;
}
";
    let page = (
        "docs/PROTOCOL.md",
        "REFUSAL_CODE_LONG, `SHORT`, and a KEY in passing.",
    );
    finds(
        refusals_are_in_the_protocol,
        &[("a.proto", codes), page],
        &["a.proto:5"],
    );
}

#[test]
fn every_link_leads_somewhere() {
    holds(links_lead_somewhere);
    let text = r#"[a](../README.md#top), [b](https://x.org/y), [c](#here) and `[d](gone.md)`
[e](gone.md "title")

[f]: b.md
[g](../..)
```
[h](gone.md)
```
[i](../docs)
"#;
    finds(
        links_lead_somewhere,
        &[("README.md", ""), ("docs/a.md", text)],
        &["docs/a.md:2", "docs/a.md:4", "docs/a.md:5"],
    );
}
