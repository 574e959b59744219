//! `granary-agent doctor`.

use std::collections::BTreeMap;
use std::path::Path;

use granary_core::text::Language;

use crate::cli::{Ended, out};
use crate::doctor::{Level, examine};
use crate::run::now_ms;

pub(super) const HELP: &str = "Examples (示例):
  granary-agent doctor --dir /srv/granary

Looks at settings, folders, keys, certificate, disk, clock and the way to the city, and says what to do. Changes nothing.
Exit status: 0 nothing fails (there may be warnings), 1 something fails.";

/// Examines and prints one line for each check.
pub(super) async fn doctor(
    dir: &Path,
    environment: &BTreeMap<String, String>,
    fallback: Language,
) -> Ended {
    let (found, settings_language) = examine(dir, environment, now_ms()).await;
    // Without settings the language is that of the environment.
    let language = if found.len() == 1 {
        fallback
    } else {
        settings_language
    };
    for finding in &found {
        out::line(&finding.line(language));
    }
    let failing = found
        .iter()
        .filter(|finding| finding.level == Level::Fail)
        .count();
    let warning = found
        .iter()
        .filter(|finding| finding.level == Level::Warn)
        .count();
    out::line(&match (language, failing, warning) {
        (Language::Zh, 0, 0) => "一切正常".to_owned(),
        (Language::En, 0, 0) => "All is well".to_owned(),
        (Language::Zh, _, _) => format!("{failing} 项故障，{warning} 项需注意"),
        (Language::En, _, _) => format!("{failing} failing, {warning} to look at"),
    });
    if failing == 0 {
        Ended::Done
    } else {
        Ended::Returned
    }
}
