//! What no tracked text may hold: paths of somebody's machine, hosts of package registries, numbers of issues. The
//! project speaks of itself alone.
//!
//! The words are put together here from halves, so that this file passes its own rule.

use crate::repository::{Repository, Violation, finds, holds, line_at};

/// Folders of a person or a workplace, and what to say instead.
const PLACES: [&str; 4] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/Us", "ers/"),
];
const HOSTS: [&str; 7] = [
    concat!("arti", "factory"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("files.", "pythonhosted.org"),
    concat!("registry.", "npmjs.org"),
    concat!("deb.", "debian.org"),
    concat!("proxy.", "golang.org"),
];
const ISSUES: [&str; 2] = [concat!("issue", " #"), concat!("issue", "s #")];

fn no_path_of_a_machine(repository: &Repository) -> Vec<Violation> {
    // Within a longer path, such as `target/` and what follows, or a URL, the same letters mean something else.
    let absolute =
        |before: &str| !before.ends_with(|c: char| c.is_alphanumeric() || "_-./}".contains(c));
    each_occurrence(
        repository,
        &PLACES,
        absolute,
        "a path of one machine: take it from a variable, or make it relative",
    )
}

fn no_host_of_a_registry(repository: &Repository) -> Vec<Violation> {
    each_occurrence(
        repository,
        &HOSTS,
        |_| true,
        "a registry's host: name the package, not where it is fetched from",
    )
}

fn no_number_of_an_issue(repository: &Repository) -> Vec<Violation> {
    each_occurrence(
        repository,
        &ISSUES,
        |_| true,
        "an issue's number: say the reason itself",
    )
}

/// Every place where one of `needles` stands, in any case of letters, behind a text that `counts` accepts.
fn each_occurrence(
    repository: &Repository,
    needles: &[&str],
    counts: impl Fn(&str) -> bool,
    advice: &str,
) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, text) in repository.texts() {
        let lower = text.to_ascii_lowercase();
        for needle in needles {
            for (at, _) in lower
                .match_indices(&needle.to_ascii_lowercase())
                .filter(|(at, _)| counts(&lower[..*at]))
            {
                found.push(Violation::new(
                    path,
                    line_at(text, at),
                    format!("`{needle}`: {advice}"),
                ));
            }
        }
    }
    found
}

#[test]
fn texts_name_no_machine() {
    holds(no_path_of_a_machine);
    let text = format!(
        "target{0}x\n\"{0}x\"\nsee https://x.org{1}y and {1}y\n",
        PLACES[2], PLACES[0]
    );
    finds(
        no_path_of_a_machine,
        &[("a.md", &text)],
        &["a.md:3", "a.md:2"],
    );
}

#[test]
fn texts_name_no_registry() {
    holds(no_host_of_a_registry);
    finds(
        no_host_of_a_registry,
        &[("Cargo.lock", &format!("\nregistry+https://{}/", HOSTS[1]))],
        &["Cargo.lock:2"],
    );
}

#[test]
fn texts_name_no_issue() {
    holds(no_number_of_an_issue);
    finds(
        no_number_of_an_issue,
        &[("a.rs", &format!("// See {}12.", ISSUES[0].to_uppercase()))],
        &["a.rs:1"],
    );
}
