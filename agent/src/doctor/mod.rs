//! The doctor: looks at everything that an office's installation stands on, and says in one line each what is right, what is not, and
//! what to do.
//!
//! It changes nothing that lasts (a file of no length is made and removed to see whether a folder takes one) and may run beside a
//! running agent. Each check is a function of what it looks at, with a test that makes it fail.

mod files;
mod keys;
mod city;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use granary_core::text::{Bilingual, Language};

use crate::identity::Identity;
use crate::settings::Settings;

/// How it stands with one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// In order.
    Ok,
    /// It works, and somebody should look at it.
    Warn,
    /// It does not work, or is not safe.
    Fail,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it stands.
    pub level: Level,
    /// What was looked at.
    pub what: Bilingual,
    /// What was found, and what to do where something is to be done.
    pub says: Bilingual,
}

impl Finding {
    fn new(level: Level, what: (&str, &str), says: (String, String)) -> Self {
        Self {
            level,
            what: Bilingual::new(what.0, what.1),
            says: Bilingual::new(says.0, says.1),
        }
    }

    /// One line.
    #[must_use]
    pub fn line(&self, language: Language) -> String {
        let level = match (self.level, language) {
            (Level::Ok, Language::Zh) => "[正常]",
            (Level::Warn, Language::Zh) => "[注意]",
            (Level::Fail, Language::Zh) => "[故障]",
            (Level::Ok, Language::En) => "[ok]  ",
            (Level::Warn, Language::En) => "[warn]",
            (Level::Fail, Language::En) => "[fail]",
        };
        let (what, says) = (self.what.get(language), self.says.get(language));
        match language {
            Language::Zh => format!("{level} {what}：{says}"),
            Language::En => format!("{level} {what}: {says}"),
        }
    }
}

/// Looks at everything below `dir`. `now_ms` is this machine's clock.
pub async fn examine(
    dir: &Path,
    environment: &BTreeMap<String, String>,
    now_ms: i64,
) -> (Vec<Finding>, Language) {
    let settings = match Settings::load(dir, environment) {
        Ok(settings) => settings,
        Err(faults) => return (vec![files::unset(&faults)], Language::default()),
    };
    let language = settings.language;
    let mut found = vec![files::settings(&settings)];
    found.extend(files::stamp(&settings.state));
    found.extend(files::folders(&settings));
    found.push(files::disk(&settings));
    let identity = match Identity::load(&settings.identity) {
        Ok(identity) => identity,
        Err(error) => {
            found.push(keys::unusable(&error));
            return (found, language);
        }
    };
    found.push(keys::private(&settings.identity));
    found.push(keys::unit(&settings, &identity));
    found.extend(keys::certificate(&identity, now_ms, &settings));
    found.extend(city::reach(&settings, &identity, now_ms).await);
    (found, language)
}
