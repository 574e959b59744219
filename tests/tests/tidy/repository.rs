//! The files that git tracks, and what a rule says about them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every tracked file by its path from the root, with `/` between folders. Text only where the file is UTF-8.
pub(crate) struct Repository {
    paths: BTreeSet<String>,
    texts: BTreeMap<String, String>,
}

/// One place where a rule is broken.
#[derive(Debug, PartialEq)]
pub(crate) struct Violation {
    pub(crate) path: String,
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// A rule of the house: the places that break it.
pub(crate) type Rule = fn(&Repository) -> Vec<Violation>;

/// Fails with every violation of `rule` in this repository, one a line.
pub(crate) fn holds(rule: Rule) {
    let violations = rule(&Repository::tracked());
    let listed: Vec<String> = violations.iter().map(Violation::to_string).collect();
    assert!(
        listed.is_empty(),
        "{} violations:\n  {}",
        listed.len(),
        listed.join("\n  ")
    );
}

/// Asserts that `rule` finds just these `path:line` places in a repository of the given (path, text) files.
pub(crate) fn finds(rule: Rule, files: &[(&str, &str)], places: &[&str]) {
    let violations = rule(&Repository::sample(files));
    let found: Vec<String> = violations
        .iter()
        .map(|v| format!("{}:{}", v.path, v.line))
        .collect();
    assert_eq!(found, places, "{violations:#?}");
}

impl Repository {
    /// Reads what git tracks. A file that is tracked but deleted on disk is left out.
    fn tracked() -> Self {
        let root = root();
        let mut repository = Self {
            paths: BTreeSet::new(),
            texts: BTreeMap::new(),
        };
        for path in tracked_paths(&root) {
            let Ok(bytes) = std::fs::read(root.join(&path)) else {
                continue;
            };
            if let Ok(text) = String::from_utf8(bytes) {
                repository.texts.insert(path.clone(), text);
            }
            repository.paths.insert(path);
        }
        repository
    }

    /// A made-up repository, to show that a rule bites.
    pub(crate) fn sample(files: &[(&str, &str)]) -> Self {
        let texts: BTreeMap<_, _> = files
            .iter()
            .map(|(path, text)| (path.to_string(), text.to_string()))
            .collect();
        Self {
            paths: texts.keys().cloned().collect(),
            texts,
        }
    }

    /// Every text file as (path, text), sorted by path.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The text files whose names end in `suffix`.
    pub(crate) fn texts_ending(&self, suffix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(move |(path, _)| path.ends_with(suffix))
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Whether a tracked file or a folder that holds one stands at `path`; the root is the empty path.
    pub(crate) fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        path.is_empty()
            || self.paths.contains(path)
            || self.paths.iter().any(|file| file.starts_with(&folder))
    }

    /// The names of the folders at the root that hold a tracked file.
    pub(crate) fn top_level_folders(&self) -> BTreeSet<&str> {
        self.paths
            .iter()
            .filter_map(|path| path.split_once('/'))
            .map(|(folder, _)| folder)
            .collect()
    }
}

impl Violation {
    pub(crate) fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// The line, counted from 1, that the byte at `offset` is in.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    1 + text
        .as_bytes()
        .iter()
        .take(offset)
        .filter(|&&byte| byte == b'\n')
        .count()
}

/// The line on which `needle` first stands, or 1.
pub(crate) fn line_with(text: &str, needle: &str) -> usize {
    text.find(needle).map_or(1, |offset| line_at(text, offset))
}

/// The root of the repository: the folder above this package.
fn root() -> PathBuf {
    let package =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).parent().unwrap().to_owned()
}

/// Asks git, whoever owns the clone: a build machine's clone often belongs to another user.
fn tracked_paths(root: &Path) -> Vec<String> {
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "-z"])
        .current_dir(root)
        .output()
        .expect("git is needed to know which files are tracked");
    assert!(
        output.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let listing = String::from_utf8(output.stdout).expect("paths are UTF-8");
    listing.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn the_tracked_files_are_found() {
    let repository = Repository::tracked();
    assert!(
        repository.text("Cargo.toml").is_some(),
        "the root manifest is not among the tracked files"
    );
    assert!(repository.has("tests/tests") && !repository.has("tests/test"));
}
