//! `export` and `replay`: the whole journal into a file, and a file checked from end to end.

use std::path::{Path, PathBuf};

use granary_core::text::Bilingual;

use super::{
    DOES_NOT_HOLD, HOLDS, Response,
    args::{Download, Fsck, Replay},
    offline, online,
};
use crate::{
    export::{self, Plan},
    fsck, json,
    progress::{Meter, Screen},
    replay::{self, Fault, Options, Replayed},
    table,
    words::Manner,
};

/// Downloads the journal.
pub(super) fn export(manner: &Manner, screen: Screen, as_json: bool, ask: &Download) -> Response {
    let plan = Plan {
        file: ask.out.clone(),
        resume: ask.resume,
        force: ask.force,
    };
    let mut meter = Meter::start(screen, manner.language);
    let exported = online::connected(&ask.line.server, &ask.line.identity, async |city| {
        let exported = export::export(city, &plan, &mut |progress| meter.tell(progress)).await;
        Ok(exported.map_err(|error| error.message()))
    });
    meter.end();
    match exported.and_then(|exported| exported) {
        Err(message) => Response::failed(manner, &message),
        Ok(exported) if as_json => Response::json(&json::exported(&ask.out, &exported), HOLDS),
        Ok(exported) => Response::answer(table::exported(manner, &ask.out, &exported), HOLDS),
    }
}

/// Checks a file and counts what is in it.
pub(super) fn replay(manner: &Manner, screen: Screen, as_json: bool, ask: &Replay) -> Response {
    let asked = options(ask.log_key.as_deref(), ask.scratch.as_deref());
    let options = match asked.and_then(|options| holding(options, &ask.held)) {
        Ok(options) => options,
        Err(message) => return Response::failed(manner, &message),
    };
    let replayed = run(manner, screen, &ask.file, &options);
    match replayed.and_then(|journal| journal.summary(ask.as_of, ask.state_digest)) {
        Ok(summary) if as_json => Response::json(&json::replay(&summary), HOLDS),
        Ok(summary) => Response::answer(table::replay(manner, &summary), HOLDS),
        Err(fault) => told(manner, as_json, &fault),
    }
}

/// A file's journal, for the commands that take one in the place of a city.
pub(super) fn replayed(
    manner: &Manner,
    screen: Screen,
    file: &Path,
    log_key: Option<&str>,
) -> Result<Replayed, Bilingual> {
    folded(manner, screen, file, log_key, None)
}

/// The same with only the first entries folded.
pub(super) fn folded(
    manner: &Manner,
    screen: Screen,
    file: &Path,
    log_key: Option<&str>,
    entries_max: Option<u64>,
) -> Result<Replayed, Bilingual> {
    let options = Options {
        entries_max,
        ..options(log_key, None)?
    };
    run(manner, screen, file, &options).map_err(|fault| {
        let why = fault.message();
        let file = file.display();
        Bilingual::new(
            format!("{file} 不成立：{}", why.zh),
            format!("{file} does not hold: {}", why.en),
        )
    })
}

/// Checks a data folder and counts what is in it.
pub(super) fn fsck(manner: &Manner, screen: Screen, as_json: bool, ask: &Fsck) -> Response {
    let log_key = ask.log_key.as_deref().map(offline::log_key).transpose();
    let log_key = match log_key {
        Ok(log_key) => log_key,
        Err(message) => return Response::failed(manner, &message),
    };
    let options = fsck::Options {
        log_key,
        scratch: ask.scratch.clone().unwrap_or_else(std::env::temp_dir),
    };
    let mut meter = Meter::start(screen, manner.language);
    let checked = fsck::fsck(&ask.folder, &options, &mut |progress| meter.tell(progress));
    meter.end();
    let summed = checked.and_then(|checked| {
        let summary = checked.replayed.summary(None, None)?;
        Ok((summary, checked))
    });
    match summed {
        Ok((summary, checked)) if as_json => Response::json(&json::fsck(&summary, &checked), HOLDS),
        Ok((summary, checked)) => Response::answer(table::fsck(manner, &summary, &checked), HOLDS),
        Err(error) if !error.is_of_the_folder() => Response::failed(manner, &error.message()),
        Err(error) if as_json => Response::json(&json::fsck_fault(&error), DOES_NOT_HOLD),
        Err(error) => Response::answer(table::fsck_fault(manner, &error), DOES_NOT_HOLD),
    }
}

fn options(log_key: Option<&str>, scratch: Option<&Path>) -> Result<Options, Bilingual> {
    let mut options = Options {
        log_key: log_key.map(offline::log_key).transpose()?,
        ..Options::default()
    };
    if let Some(scratch) = scratch {
        options.scratch = scratch.to_path_buf();
    }
    Ok(options)
}

/// The options with the heads that these files end with. Each is verified first.
fn holding(mut options: Options, files: &[PathBuf]) -> Result<Options, Bilingual> {
    for file in files {
        if let Some(key) = &options.log_key {
            let head = offline::head(file, key)?;
            options.held.push(head);
        }
    }
    Ok(options)
}

fn run(manner: &Manner, screen: Screen, file: &Path, options: &Options) -> Result<Replayed, Fault> {
    let mut meter = Meter::start(screen, manner.language);
    let replayed = replay::replay(file, options, &mut |progress| meter.tell(progress));
    meter.end();
    replayed
}

fn told(manner: &Manner, as_json: bool, fault: &Fault) -> Response {
    if !fault.is_of_the_journal() {
        return Response::failed(manner, &fault.message());
    }
    if as_json {
        Response::json(&json::replay_fault(fault), DOES_NOT_HOLD)
    } else {
        Response::answer(table::replay_fault(manner, fault), DOES_NOT_HOLD)
    }
}
