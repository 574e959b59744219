//! `sample`: announces a sample, draws it, records visits, estimates the whole.
//!
//! A city is asked for its whole journal, which is then checked and folded like a file, so that both ways give the same.

use std::{
    fs,
    path::{Path, PathBuf},
};

use granary_core::{
    envelope::SecretKey,
    ledger::{
        Act, Deed, LogIndex, act,
        sampling::{Announcement, Element, Public, Scope, Seal, Step, Visit},
    },
    sample::{Frame, allocate},
    snapshot::SlotKey,
    text::Bilingual,
};
use granary_proto::v1;
use jiff::Timestamp;

use super::{
    DOES_NOT_HOLD, HOLDS, Response,
    args::{Announce, Draw, Estimate, Record, SampleTask, Source},
    journal, offline,
    online::connected,
};
use crate::{
    export::{self, Plan},
    json,
    progress::Screen,
    replay::Replayed,
    sample::{self, Drawing},
    table,
    words::Manner,
};

/// The longest file of a signing key, in bytes.
const KEY_BYTES_MAX: usize = 16 * 1024;

/// Does one of the steps.
pub(super) fn sample(
    manner: &Manner,
    screen: Screen,
    as_json: bool,
    task: &SampleTask,
) -> Response {
    let answer = match task {
        SampleTask::Announce(ask) => announce(manner, screen, as_json, ask),
        SampleTask::Draw(ask) => draw(manner, screen, as_json, ask),
        SampleTask::Record(ask) => record(manner, as_json, ask),
        SampleTask::Estimate(ask) => estimate(manner, screen, as_json, ask),
    };
    answer.unwrap_or_else(|message| Response::failed(manner, &message))
}

/// A journal's file; one that was downloaded goes when this is dropped.
struct Fetched {
    file: PathBuf,
    _folder: Option<tempfile::TempDir>,
}

fn announce(
    manner: &Manner,
    screen: Screen,
    as_json: bool,
    ask: &Announce,
) -> Result<Response, Bilingual> {
    let fetched = fetch(&ask.source)?;
    let log_key = ask.source.log_key.as_deref();
    let journal = journal::replayed(manner, screen, &fetched.file, log_key)?;
    let scope = scope(ask);
    let frame = sample::frame(&journal, &scope, ask.method.core())?;
    let sizes = allocate(&frame, ask.size, &ask.allot).map_err(|error| error.message())?;
    let announcement = announcement(ask, scope, &frame, journal.applied())?;
    write_frame(ask.frame_out.as_deref(), &frame)?;
    let step = Step::Announce(announcement.clone());
    let entry = submit_where(ask.sign.as_deref(), &ask.source, step)?;
    Ok(if as_json {
        let value = json::announced(&announcement, &frame, &sizes, entry);
        Response::json(&value, HOLDS)
    } else {
        let text = table::announced(manner, &announcement, &frame, &sizes, entry);
        Response::answer(text, HOLDS)
    })
}

fn scope(ask: &Announce) -> Scope {
    let mut scope = Scope {
        kind: ask.kind.core(),
        datasets: ask.dataset.clone(),
        periods: ask.period.clone(),
        indicators: ask.indicator.clone(),
        measure: ask.figure.clone(),
        strata: ask.strata.core(),
    };
    scope.datasets.sort();
    scope.periods.sort();
    scope.indicators.sort();
    scope
}

fn announcement(
    ask: &Announce,
    scope: Scope,
    frame: &Frame,
    entries: u64,
) -> Result<Announcement, Bilingual> {
    let missing = || {
        Bilingual::new(
            "须给出封存点和公开字符串",
            "a seal and a public string are needed",
        )
    };
    let seal = match (ask.seal_size, ask.seal_after) {
        (Some(size), _) => Seal::Size(size),
        (None, Some(at_ms)) => Seal::After(at_ms),
        (None, None) => return Err(missing()),
    };
    let public = match (&ask.agreed, &ask.awaited) {
        (Some(text), _) => Public::Agreed(text.clone()),
        (None, Some(source)) => Public::Awaited(source.clone()),
        (None, None) => return Err(missing()),
    };
    Ok(Announcement {
        title: ask.title.clone(),
        scope,
        method: ask.method.core(),
        size: ask.size,
        allocations: ask.allot.clone(),
        seal,
        public,
        frame: frame.head(entries),
    })
}

fn draw(manner: &Manner, screen: Screen, as_json: bool, ask: &Draw) -> Result<Response, Bilingual> {
    let (_, drawing) = drawn(
        manner,
        screen,
        &ask.source,
        ask.sample,
        ask.public.as_deref(),
    )?;
    write_frame(ask.frame_out.as_deref(), &drawing.frame)?;
    let step = Step::Draw(drawing.draw());
    let entry = submit_where(ask.sign.as_deref(), &ask.source, step)?;
    let code = code(&drawing);
    Ok(if as_json {
        Response::json(&json::drawn(&drawing, entry), code)
    } else {
        Response::answer(table::drawn(manner, &drawing, entry), code)
    })
}

/// The draw computed again, and the journal with all of its entries folded.
fn drawn(
    manner: &Manner,
    screen: Screen,
    source: &Source,
    index: u64,
    public: Option<&str>,
) -> Result<(Replayed, Drawing), Bilingual> {
    let fetched = fetch(source)?;
    let (file, log_key) = (&fetched.file, source.log_key.as_deref());
    let journal = journal::replayed(manner, screen, file, log_key)?;
    let index = LogIndex(index);
    let announced = sample::announced(&journal, index)?.clone();
    let entries = announced.announcement.frame.entries;
    let at_frame = journal::folded(manner, screen, file, log_key, Some(entries))?;
    let drawing = sample::drawing(file, index, &announced, &at_frame, public)?;
    Ok((journal, drawing))
}

fn code(drawing: &Drawing) -> u8 {
    if drawing.is_contradicted() {
        DOES_NOT_HOLD
    } else {
        HOLDS
    }
}

fn record(manner: &Manner, as_json: bool, ask: &Record) -> Result<Response, Bilingual> {
    let now_ms = Timestamp::now().as_millisecond();
    let slot = SlotKey::new(ask.unit.clone(), ask.dataset.clone(), ask.period);
    let visit = Visit {
        sample: LogIndex(ask.sample),
        element: Element {
            slot: slot.clone(),
            indicator: ask.indicator.clone(),
            item: ask.item.clone(),
        },
        result: ask.result.core(),
        verified: ask.verified,
        note: ask.note.clone(),
        visitor: ask.visitor.clone(),
        visited_at_ms: ask.visited.unwrap_or(now_ms),
    };
    let deed = Deed::Sample(Step::Visit(visit));
    let entry = submit(&ask.sign, &ask.server, &ask.identity, deed)?;
    if as_json {
        return Ok(Response::json(
            &serde_json::json!({ "entry": entry }),
            HOLDS,
        ));
    }
    let said = Bilingual::new(
        format!("已记录 {slot} 的核查结果，日志第 {entry} 条\n"),
        format!("the visit to {slot} is recorded, entry {entry}\n"),
    );
    Ok(Response::answer(
        said.get(manner.language).to_owned(),
        HOLDS,
    ))
}

fn estimate(
    manner: &Manner,
    screen: Screen,
    as_json: bool,
    ask: &Estimate,
) -> Result<Response, Bilingual> {
    let (journal, drawing) = drawn(
        manner,
        screen,
        &ask.source,
        ask.sample,
        ask.public.as_deref(),
    )?;
    let code = code(&drawing);
    let estimated = sample::estimated(&journal, drawing, ask.confidence)?;
    Ok(if as_json {
        Response::json(&json::estimated(&estimated), code)
    } else {
        Response::answer(table::estimated(manner, &estimated), code)
    })
}

fn fetch(source: &Source) -> Result<Fetched, Bilingual> {
    if let Some(file) = &source.archive {
        return Ok(Fetched {
            file: file.clone(),
            _folder: None,
        });
    }
    let (Some(server), Some(identity)) = (&source.server, &source.identity) else {
        return Err(Bilingual::new(
            "须给出 --server 和 --identity，或 --export",
            "--server with --identity, or --export, is needed",
        ));
    };
    let folder = tempfile::tempdir().map_err(|error| {
        Bilingual::new(
            format!("无法建立临时文件夹：{error}"),
            format!("no temporary folder can be made: {error}"),
        )
    })?;
    let plan = Plan {
        file: folder.path().join("journal.granary"),
        resume: false,
        force: false,
    };
    let exported = connected(server, identity, async |city| {
        let exported = export::export(city, &plan, &mut |_| {}).await;
        Ok(exported.map_err(|error| error.message()))
    });
    exported.and_then(|exported| exported)?;
    Ok(Fetched {
        file: plan.file,
        _folder: Some(folder),
    })
}

fn write_frame(path: Option<&Path>, frame: &Frame) -> Result<(), Bilingual> {
    let Some(path) = path else {
        return Ok(());
    };
    fs::write(path, frame.text()).map_err(|error| {
        let path = path.display();
        Bilingual::new(
            format!("无法写入 {path}：{error}"),
            format!("cannot write {path}: {error}"),
        )
    })
}

/// Signs and submits a step, where a key is given.
fn submit_where(key: Option<&Path>, source: &Source, step: Step) -> Result<Option<u64>, Bilingual> {
    let Some(((key, server), identity)) = key
        .zip(source.server.as_deref())
        .zip(source.identity.as_deref())
    else {
        return Ok(None);
    };
    submit(key, server, identity, Deed::Sample(step)).map(Some)
}

fn submit(key: &Path, server: &str, identity: &Path, deed: Deed) -> Result<u64, Bilingual> {
    let pem = offline::read(key, KEY_BYTES_MAX)?;
    let pem = String::from_utf8_lossy(&pem);
    let signing = SecretKey::from_pem(&pem).map_err(|error| {
        let key = key.display();
        Bilingual::new(
            format!("{key} 不是签名密钥：{error}"),
            format!("{key} is no signing key: {error}"),
        )
    })?;
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|error| {
        Bilingual::new(
            format!("没有随机数：{error}"),
            format!("there are no random numbers: {error}"),
        )
    })?;
    let act = Act {
        issued_at_ms: Timestamp::now().as_millisecond(),
        nonce,
        deed,
        person: String::new(),
    };
    let payload = act.encode();
    let signature = signing.sign(act::PAYLOAD_TYPE, &payload).map_err(|error| {
        Bilingual::new(
            format!("无法签名：{error}"),
            format!("it cannot be signed: {error}"),
        )
    })?;
    let envelope = v1::Envelope {
        payload_type: act::PAYLOAD_TYPE.to_owned(),
        payload: payload.into(),
        signatures: vec![v1::Signature {
            key_id: signature.key_id.as_bytes().to_vec(),
            signature: signature.bytes,
        }],
    };
    let answer = connected(server, identity, async |mut city| {
        city.submit(envelope).await
    })?;
    let receipt = answer.map_err(|refusal| {
        Bilingual::new(
            format!("被拒：{}", refusal.message_zh),
            format!("refused: {}", refusal.message_en),
        )
    })?;
    Ok(receipt.index)
}
