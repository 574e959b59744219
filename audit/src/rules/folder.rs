//! A catalogue from a folder of TOML files.

use std::{collections::BTreeMap, fmt, fs, path::Path};

use granary_core::{
    catalogue::{Bundle, Catalogue},
    text::{Bilingual, Language},
};

/// Reads and checks the catalogue in `folder`.
///
/// # Errors
/// What cannot be read, or all faults of the catalogue, one in a line.
pub fn catalogue(folder: &Path) -> Result<Catalogue, Bilingual> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(|error| failed(folder, &error))? {
        let path = entry.map_err(|error| failed(folder, &error))?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if !name.ends_with(".toml") || name.starts_with('.') {
            continue;
        }
        let size = fs::metadata(&path)
            .map_err(|error| failed(&path, &error))?
            .len();
        if size > Bundle::LEN_BYTES_MAX as u64 {
            return Err(failed(&path, &"it is larger than a whole catalogue may be"));
        }
        let text = fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
        files.insert(name, text);
    }
    if files.is_empty() {
        return Err(failed(folder, &"it holds no .toml files"));
    }
    let bundle = Bundle::new(files).map_err(|error| failed(folder, &error))?;
    Catalogue::parse(&bundle).map_err(|faults| {
        let lines = |language: Language| {
            let lines: Vec<String> = faults.iter().map(|fault| fault.text(language)).collect();
            lines.join("\n")
        };
        Bilingual::new(lines(Language::Zh), lines(Language::En))
    })
}

fn failed(path: &Path, error: &dyn fmt::Display) -> Bilingual {
    let path = path.display();
    Bilingual::new(
        format!("无法读取 {path}：{error}"),
        format!("cannot read {path}: {error}"),
    )
}
