//! The three layers of settings as one map from keys to values, each with the place that it came from.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use config::{Environment, File, FileFormat, Map, Source, Value};
use granary_core::text::{Bilingual, edit_distance};

use super::{Fault, Settings, Sources, oidc};

/// What variables of the environment begin with.
const PREFIX: &str = "GRANARY_";
/// Variables with the prefix that are not settings of this program: the sister programs' and those of commands.
const FOREIGN: [&str; 8] = [
    "agent_", "audit_", "notices_", "lang", "config", "notices", "operator", "server",
];
/// The longest settings file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The merged layers.
#[derive(Debug, Default)]
pub(super) struct Layers {
    given: BTreeMap<String, Given>,
}

/// One value and where it stands.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) value: Value,
    pub(super) place: String,
}

impl Layers {
    /// Reads the layers in their order; what cannot be read is a fault, and the other layers are read all the same.
    pub(super) fn collect(sources: &Sources<'_>, faults: &mut Vec<Fault>) -> Self {
        let mut layers = Self::default();
        if let Some(path) = sources.file {
            let place = |key: &str| format!("{}: {key}", path.display());
            let file = read_file(path, faults);
            layers.add(file, &place, faults);
        }
        let environment = Environment::with_prefix("GRANARY")
            .prefix_separator("_")
            .source(Some(own_variables(&sources.environment)))
            .collect();
        let place = |key: &str| format!("{PREFIX}{}", key.to_uppercase());
        layers.add(environment.unwrap_or_default(), &place, faults);
        let flags: Map<String, Value> = sources
            .flags
            .iter()
            .map(|(key, value)| (key.clone(), Value::from(value.clone())))
            .collect();
        layers.add(flags, &flag_name, faults);
        layers
    }

    pub(super) fn get(&self, key: &str) -> Option<&Given> {
        self.given.get(key)
    }

    /// Where a key stands, or where it would be written in the environment.
    pub(super) fn place(&self, key: &str) -> String {
        let given = self.given.get(key).map(|given| given.place.clone());
        given.unwrap_or_else(|| key.to_owned())
    }

    fn add(
        &mut self,
        layer: Map<String, Value>,
        place: &dyn Fn(&str) -> String,
        faults: &mut Vec<Fault>,
    ) {
        let sorted: BTreeMap<String, Value> = layer.into_iter().flat_map(flat).collect();
        for (key, value) in sorted {
            if Settings::KEYS.contains(&key.as_str()) || oidc::KEYS.contains(&key.as_str()) {
                let given = Given {
                    value,
                    place: place(&key),
                };
                self.given.insert(key, given);
            } else {
                faults.push(unknown(&key, place(&key)));
            }
        }
    }
}

/// The keys of the table `oidc` with its name before them; everything else as it is.
fn flat((key, value): (String, Value)) -> Vec<(String, Value)> {
    if key != "oidc" {
        return vec![(key, value)];
    }
    match value.clone().into_table() {
        Ok(table) => table
            .into_iter()
            .map(|(name, value)| (format!("oidc_{name}"), value))
            .collect(),
        Err(_) => vec![(key, value)],
    }
}

/// The flag for a key.
fn flag_name(key: &str) -> String {
    format!("--{}", key.replace('_', "-"))
}

fn own_variables(environment: &BTreeMap<String, String>) -> HashMap<String, String> {
    let own = environment.iter().filter(|(name, _)| {
        let key = name.strip_prefix(PREFIX).map(str::to_lowercase);
        key.is_some_and(|key| !is_foreign(&key))
    });
    own.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn is_foreign(key: &str) -> bool {
    FOREIGN.iter().any(|foreign| match foreign.ends_with('_') {
        true => key.starts_with(foreign),
        false => key == *foreign,
    })
}

fn read_file(path: &Path, faults: &mut Vec<Fault>) -> Map<String, Value> {
    let fault = |zh: String, en: String| Fault {
        place: path.display().to_string(),
        message: Bilingual::new(zh, en),
        remedy: Bilingual::new(
            "改正文件，或用 --config 指定另一个文件",
            "correct the file, or name another with --config",
        ),
    };
    let size = std::fs::metadata(path).map(|meta| meta.len());
    if size.as_ref().is_ok_and(|size| *size > FILE_BYTES_MAX) {
        faults.push(fault(
            "文件过大".into(),
            "the file is too large for settings".into(),
        ));
        return Map::default();
    }
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            faults.push(fault(
                format!("无法读取：{error}"),
                format!("cannot be read: {error}"),
            ));
            return Map::default();
        }
    };
    match File::from_str(&text, FileFormat::Toml).collect() {
        Ok(map) => map,
        Err(error) => {
            let error = error.to_string();
            faults.push(fault(
                format!("不是有效的 TOML：{error}"),
                format!("is not valid TOML: {error}"),
            ));
            Map::default()
        }
    }
}

fn unknown(key: &str, place: String) -> Fault {
    let near = Settings::KEYS
        .iter()
        .chain(&oidc::KEYS)
        .min_by_key(|known| edit_distance(known, key));
    let near = near.filter(|known| edit_distance(known, key) <= 3);
    let remedy = match near {
        Some(near) => Bilingual::new(
            format!("是否想写 {near}？"),
            format!("did you mean {near}?"),
        ),
        None => {
            let known = Settings::KEYS.join(", ");
            Bilingual::new(
                format!("删去它；可用的有：{known}"),
                format!("remove it; known are: {known}"),
            )
        }
    };
    let message = Bilingual::new(
        format!("没有名为 {key} 的设置"),
        format!("there is no setting {key}"),
    );
    Fault {
        place,
        message,
        remedy,
    }
}
