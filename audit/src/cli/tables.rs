//! `tables` and `structure`: from a city or an exported journal to files that other programs read.

use std::{fmt, path::Path};

use granary_core::{
    completeness::{Filter, GroupBy},
    ledger::LogIndex,
    sdmx::structure,
    text::Bilingual,
};
use tempfile::TempDir;

use super::{
    HOLDS, Response,
    args::{Imported, Source, Structure, Tables, What},
    journal, online,
};
use crate::{
    export,
    progress::{Meter, Screen},
    publish::{self, Form, Plan, Written},
    replay::{self, Replayed},
    words::Manner,
};

/// Writes a table.
pub(super) fn tables(manner: &Manner, screen: Screen, as_json: bool, ask: &Tables) -> Response {
    match written(manner, screen, ask) {
        Ok(written) if as_json => Response::json(&json(ask, &written), HOLDS),
        Ok(written) => Response::answer(text(manner, ask, &written), HOLDS),
        Err(message) => Response::failed(manner, &message),
    }
}

/// Writes the structures.
pub(super) fn structure(
    manner: &Manner,
    screen: Screen,
    as_json: bool,
    ask: &Structure,
) -> Response {
    match structured(manner, screen, ask) {
        Ok(bytes) if as_json => {
            let json = serde_json::json!({ "file": ask.out.display().to_string(), "bytes": bytes });
            Response::json(&json, HOLDS)
        }
        Ok(bytes) => Response::answer(wrote(manner, &ask.out, bytes), HOLDS),
        Err(message) => Response::failed(manner, &message),
    }
}

fn written(manner: &Manner, screen: Screen, ask: &Tables) -> Result<Written, Bilingual> {
    let plan = plan(ask)?;
    let held = held(manner, screen, &ask.source)?;
    let mut meter = Meter::of_rows(screen, manner.language);
    let written = publish::write(&held.journal, &plan, &ask.out, &mut |progress| {
        meter.tell(progress);
    });
    meter.end();
    written.map_err(|error| error.message())
}

fn plan(ask: &Tables) -> Result<Plan, Bilingual> {
    let refused = |zh: &str, en: &str| Err(Bilingual::new(zh, en));
    let form = form(ask)?;
    if ask.bom && form != Form::Csv {
        return refused(
            "--bom 只用于 .csv：其他程序会把它当作内容",
            "--bom is for .csv alone: other programs would take it for content",
        );
    }
    if ask.by.is_some() && ask.what != What::Measures {
        return refused(
            "--by 只用于 --what measures",
            "--by is for --what measures alone",
        );
    }
    if ask.as_of.is_some() && ask.what == What::Findings {
        return refused(
            "问题只有日志末尾的状态，不能用 --as-of",
            "findings are those of the journal's end: --as-of does not apply",
        );
    }
    Ok(Plan {
        table: ask.what.table(),
        form,
        filter: filter(ask),
        by: ask
            .by
            .map_or(GroupBy::Nothing, |by| replay::group_by(by.wire())),
        as_of_ms: ask.as_of,
        bom: ask.bom,
        agency: ask.agency.clone(),
    })
}

fn filter(ask: &Tables) -> Filter {
    let filter = &ask.filter;
    Filter {
        units: filter.unit.iter().cloned().collect(),
        datasets: filter.dataset.iter().cloned().collect(),
        periods: filter.period.iter().copied().collect(),
        under: None,
        imported: match ask.imported {
            Imported::Apart => granary_core::completeness::Imported::Apart,
            Imported::Counted => granary_core::completeness::Imported::Counted,
        },
    }
}

/// The form that is asked for, or that the file's name ends with.
fn form(ask: &Tables) -> Result<Form, Bilingual> {
    if let Some(form) = ask.form {
        return Ok(form.form());
    }
    let name = ask.out.to_string_lossy().to_ascii_lowercase();
    if name.ends_with(".parquet") {
        Ok(Form::Parquet)
    } else if name.ends_with(".sdmx.csv") {
        Ok(Form::SdmxCsv)
    } else if Path::new(&name).extension().is_some_and(|e| e == "csv") {
        Ok(Form::Csv)
    } else {
        let out = ask.out.display();
        Err(Bilingual::new(
            format!("不知道怎样写 {out}：文件名须以 .parquet、.csv 或 .sdmx.csv 结尾，或用 --form"),
            format!(
                "cannot tell how to write {out}: end its name with .parquet, .csv or .sdmx.csv, or give --form"
            ),
        ))
    }
}

fn structured(manner: &Manner, screen: Screen, ask: &Structure) -> Result<u64, Bilingual> {
    let held = held(manner, screen, &ask.source)?;
    let catalogue = held.journal.catalogue().ok_or_else(|| {
        Bilingual::new(
            "日志里还没有发布过目录",
            "no catalogue was published in this journal",
        )
    })?;
    let message = structure::message(
        catalogue,
        &ask.agency,
        LogIndex(held.journal.tally.published_index()),
        held.journal.last_received_at_ms,
    );
    let written = publish::write_text(&ask.out, &message);
    written.map_err(|error| error.message())
}

/// A journal, and the folder that a downloaded one lies in.
struct Held {
    journal: Replayed,
    _folder: Option<TempDir>,
}

/// The journal of the file that is named, or of the city, from which it is downloaded first: so a table is never made from
/// what was not checked, and has the same bytes either way.
fn held(manner: &Manner, screen: Screen, source: &Source) -> Result<Held, Bilingual> {
    let log_key = source.log_key.as_deref();
    if let Some(file) = &source.archive {
        let journal = journal::replayed(manner, screen, file, log_key)?;
        return Ok(Held {
            journal,
            _folder: None,
        });
    }
    let (Some(server), Some(identity)) = (&source.server, &source.identity) else {
        return Err(Bilingual::new(
            "须给出 --server 和 --identity",
            "--server and --identity are needed",
        ));
    };
    let folder = TempDir::with_prefix("granary-tables-").map_err(|error| no_folder(&error))?;
    let plan = export::Plan {
        file: folder.path().join("journal.granary"),
        resume: false,
        force: false,
    };
    let mut meter = Meter::start(screen, manner.language);
    let exported = online::connected(server, identity, async |city| {
        let exported = export::export(city, &plan, &mut |progress| meter.tell(progress)).await;
        Ok(exported.map_err(|error| error.message()))
    });
    meter.end();
    exported??;
    Ok(Held {
        journal: journal::replayed(manner, screen, &plan.file, log_key)?,
        _folder: Some(folder),
    })
}

fn no_folder(error: &dyn fmt::Display) -> Bilingual {
    Bilingual::new(
        format!("无法建立临时文件夹：{error}"),
        format!("no temporary folder can be made: {error}"),
    )
}

fn wrote(manner: &Manner, path: &Path, bytes: u64) -> String {
    let path = path.display();
    let line = Bilingual::new(
        format!("已写入 {path}（{bytes} 字节）\n"),
        format!("wrote {path} ({bytes} bytes)\n"),
    );
    line.get(manner.language).to_owned()
}

fn text(manner: &Manner, ask: &Tables, written: &Written) -> String {
    let (path, rows) = (ask.out.display(), written.rows);
    let instant = manner.exact_instant(written.as_of_ms);
    let line = Bilingual::new(
        format!(
            "已写入 {path}：{rows} 行，{} 字节，截至 {instant}\n",
            written.bytes
        ),
        format!(
            "wrote {path}: {rows} rows, {} bytes, as of {instant}\n",
            written.bytes
        ),
    );
    let mut text = line.get(manner.language).to_owned();
    if written.formulas > 0 {
        text += formulas(ask, written.formulas).get(manner.language);
    }
    text
}

/// What a reader must know of texts that a spreadsheet would run.
fn formulas(ask: &Tables, formulas: u64) -> Bilingual {
    if form(ask).is_ok_and(|form| form == Form::SdmxCsv) {
        return Bilingual::new(
            format!(
                "注意：{formulas} 行中有以 = + - @ 开头的文字，表格软件会当作公式；请只用 SDMX 程序打开，或改写成 .csv\n"
            ),
            format!(
                "note: {formulas} rows have a text that begins with = + - @, which a spreadsheet would run: open the file with an SDMX program, or write a .csv\n"
            ),
        );
    }
    Bilingual::new(
        format!("{formulas} 个以 = + - @ 开头的文字前已加 '，以免表格软件当作公式\n"),
        format!(
            "{formulas} texts that begin with = + - @ got a ' in front, so that no spreadsheet runs them\n"
        ),
    )
}

fn json(ask: &Tables, written: &Written) -> serde_json::Value {
    serde_json::json!({
        "file": ask.out.display().to_string(),
        "rows": written.rows,
        "bytes": written.bytes,
        "formulas": written.formulas,
        "as_of_ms": written.as_of_ms,
    })
}
