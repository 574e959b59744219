//! `rules export`: a catalogue and figures in, a folder of files out.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use granary_core::{
    catalogue::{Catalogue, Dataset, Unit},
    code::IndicatorCode,
    period::Period,
    text::Bilingual,
};
use granary_proto::v1;

use super::{HOLDS, Response, args::Export, online};
use crate::{
    city::{City, CityError},
    rules::{
        self,
        figures::{Figures, Record},
        folder,
    },
    words::{Manner, decimal},
};

/// How deep folders of figures are searched.
const DEPTH_MAX: u32 = 8;

/// Writes the export.
pub(super) fn export(manner: &Manner, as_json: bool, ask: &Export) -> Response {
    match exported(ask) {
        Ok(export) if as_json => Response::json(&json(ask, &export), HOLDS),
        Ok(export) => Response::answer(text(manner, ask, &export), HOLDS),
        Err(message) => Response::failed(manner, &message),
    }
}

fn exported(ask: &Export) -> Result<rules::Export, Bilingual> {
    let catalogue = folder::catalogue(&ask.vtl)?;
    let mut figures = Figures::default();
    for path in &ask.data {
        read(&catalogue, path, DEPTH_MAX, &mut figures)?;
    }
    if let (Some(server), Some(identity)) = (&ask.server, &ask.identity) {
        let as_of_ms = ask.as_of.unwrap_or_default();
        fetch(&catalogue, (server, identity), as_of_ms, &mut figures)?;
    }
    let export = rules::export(&catalogue, &figures);
    write(&ask.out, &export)?;
    Ok(export)
}

/// Reads a file, or all CSV files below a folder.
fn read(
    catalogue: &Catalogue,
    path: &Path,
    depth: u32,
    figures: &mut Figures,
) -> Result<(), Bilingual> {
    let name = path.display().to_string();
    if !path.is_dir() {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        return figures.read(catalogue, &name, io::BufReader::new(file));
    }
    let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| unreadable(path, &error))?;
    let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    for path in paths {
        let is_csv = path.extension().is_some_and(|extension| extension == "csv");
        if is_csv || (path.is_dir() && depth > 0) {
            read(catalogue, &path, depth.saturating_sub(1), figures)?;
        }
    }
    Ok(())
}

/// Asks the city for the series of every unit and indicator of the datasets that have edits.
fn fetch(
    catalogue: &Catalogue,
    (server, identity): (&str, &Path),
    as_of_ms: i64,
    figures: &mut Figures,
) -> Result<(), Bilingual> {
    let answers = online::connected(server, identity, async |mut city| {
        let mut answers = Vec::new();
        for dataset in catalogue.datasets().iter().filter(|d| !d.itemised()) {
            for unit in catalogue.units() {
                for indicator in dataset.indicators() {
                    let points = series(&mut city, (unit, dataset, indicator), as_of_ms).await?;
                    answers.push((unit, dataset, indicator, points));
                }
            }
        }
        Ok(answers)
    })?;
    for (unit, dataset, indicator, points) in answers {
        for point in points {
            let period = Period::parse(&point.period);
            let record = Record {
                dataset: dataset.code().clone(),
                unit: unit.code().clone(),
                period: period.map_err(|e| Bilingual::new(e.to_string(), e.to_string()))?,
                item: None,
            };
            figures.state(record, indicator.clone(), decimal(point.value.as_ref()))?;
        }
    }
    Ok(())
}

async fn series(
    city: &mut City,
    (unit, dataset, indicator): (&Unit, &Dataset, &IndicatorCode),
    as_of_ms: i64,
) -> Result<Vec<v1::SeriesPoint>, CityError> {
    let request = v1::GetSeriesRequest {
        unit: unit.code().to_string(),
        dataset: dataset.code().to_string(),
        indicator: indicator.to_string(),
        as_of_ms,
        ..Default::default()
    };
    Ok(city.series(request).await?.points)
}

/// Writes the files into a folder that holds nothing else, so that no file of an older export is taken for one of this.
fn write(out: &Path, export: &rules::Export) -> Result<(), Bilingual> {
    let failed = |path: &Path, error: &io::Error| {
        let path = path.display();
        Bilingual::new(
            format!("无法写入 {path}：{error}"),
            format!("cannot write {path}: {error}"),
        )
    };
    fs::create_dir_all(out).map_err(|error| failed(out, &error))?;
    let mut entries = fs::read_dir(out).map_err(|error| failed(out, &error))?;
    if entries.next().is_some() {
        let out = out.display();
        return Err(Bilingual::new(
            format!("{out} 不是空文件夹"),
            format!("{out} is not an empty folder"),
        ));
    }
    for (name, text) in &export.files {
        let path = out.join(name);
        let parent = path.parent().unwrap_or(out);
        fs::create_dir_all(parent).map_err(|error| failed(parent, &error))?;
        fs::write(&path, text).map_err(|error| failed(&path, &error))?;
    }
    Ok(())
}

fn text(manner: &Manner, ask: &Export, export: &rules::Export) -> String {
    let (rules, hierarchies, verdicts) = (export.rules, export.hierarchies, export.verdicts);
    let out = ask.out.display();
    let mut text = Bilingual::new(
        format!("已写入 {out}：审核关系 {rules} 条（其中 {hierarchies} 条也写成层级规则集），本系统的判定 {verdicts} 个\n"),
        format!("wrote {out}: {rules} edits ({hierarchies} of them as hierarchical rulesets too), {verdicts} verdicts of Granary's\n"),
    )
    .get(manner.language)
    .to_owned();
    for note in &export.notes {
        let label = manner.say("未导出", "not exported");
        text += &format!(
            "{label} {}: {}\n",
            note.edit,
            note.message.get(manner.language)
        );
    }
    text + manner.say(
        "已知差异见 export-notes.md；比对请运行 run.py\n",
        "export-notes.md has the known differences; run.py compares\n",
    )
}

fn json(ask: &Export, export: &rules::Export) -> serde_json::Value {
    let notes = export.notes.iter().map(|note| {
        serde_json::json!({"edit": note.edit.as_str(), "zh": note.message.zh, "en": note.message.en})
    });
    serde_json::json!({
        "folder": ask.out.display().to_string(),
        "edits": export.rules,
        "hierarchies": export.hierarchies,
        "verdicts": export.verdicts,
        "not_exported": notes.collect::<Vec<_>>(),
    })
}

fn unreadable(path: &Path, error: &io::Error) -> Bilingual {
    let path = path.display();
    Bilingual::new(
        format!("无法读取 {path}：{error}"),
        format!("cannot read {path}: {error}"),
    )
}
