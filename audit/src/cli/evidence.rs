//! `evidence`: what a slot's snapshots name, asked for, fetched, and checked against the digest that the unit has signed.

use std::fs;

use granary_core::text::Bilingual;
use granary_proto::v1::{EvidenceFile, EvidenceState, request_evidence_response};
use serde_json::json;

use super::{
    DOES_NOT_HOLD, HOLDS, Response,
    args::{Asking, EvidenceTask, Fetching, Files},
    online::answered,
};
use crate::{
    city::{City, CityError, DownloadError},
    evidence::{Fetched, Outcome, fetch_one},
    table,
    words::Manner,
};

/// Does what is asked.
pub(super) fn run(manner: &Manner, as_json: bool, task: &EvidenceTask) -> Response {
    let done = match task {
        EvidenceTask::List(ask) => list(manner, as_json, ask),
        EvidenceTask::Request(ask) => request(manner, as_json, ask),
        EvidenceTask::Fetch(ask) => fetch(manner, as_json, ask),
    };
    done.unwrap_or_else(|message| Response::failed(manner, &message))
}

fn list(manner: &Manner, as_json: bool, ask: &Files) -> Result<Response, Bilingual> {
    let files = answered(&ask.line, async |mut city| wanted(&mut city, ask).await)?;
    Ok(if as_json {
        let files: Vec<_> = files.iter().map(described).collect();
        Response::json(&json!({ "files": files }), HOLDS)
    } else {
        Response::answer(table::evidence(manner, &files), HOLDS)
    })
}

/// Asks for every wanted file that is neither held nor waited for.
fn request(manner: &Manner, as_json: bool, ask: &Asking) -> Result<Response, Bilingual> {
    let Files { slot, line, .. } = &ask.files;
    let asked = answered(line, async |mut city| {
        let mut asked = Vec::new();
        for file in wanted(&mut city, &ask.files).await? {
            if matches!(file.state(), EvidenceState::Held | EvidenceState::Requested) {
                continue;
            }
            let answer = city.request_evidence(slot, &file.sha256, &ask.reason).await;
            asked.push((file, answer?.result));
        }
        Ok(asked)
    })?;
    let mut entries = Vec::new();
    for (file, result) in asked {
        match result {
            Some(request_evidence_response::Result::Receipt(receipt)) => {
                entries.push((file, receipt.index));
            }
            Some(request_evidence_response::Result::Refusal(refusal)) => {
                return Err(Bilingual::new(refusal.message_zh, refusal.message_en));
            }
            None => return Err(Bilingual::new("应答为空", "the answer is empty")),
        }
    }
    Ok(if as_json {
        let entry = |(file, index): &(EvidenceFile, u64)| json!({ "file": described(file), "index": index });
        let requested: Vec<_> = entries.iter().map(entry).collect();
        Response::json(&json!({ "requested": requested }), HOLDS)
    } else {
        Response::answer(table::evidence_requested(manner, &entries), HOLDS)
    })
}

fn fetch(manner: &Manner, as_json: bool, ask: &Fetching) -> Result<Response, Bilingual> {
    let cannot = |error: std::io::Error| {
        let out = ask.out.display();
        Bilingual::new(
            format!("无法写入 {out}：{error}"),
            format!("cannot write into {out}: {error}"),
        )
    };
    fs::create_dir_all(&ask.out).map_err(cannot)?;
    let fetched = answered(&ask.files.line, async |mut city| {
        let mut fetched = Vec::new();
        for file in wanted(&mut city, &ask.files).await? {
            match fetch_one(&mut city, &file, &ask.out).await {
                Ok(outcome) => fetched.push(Fetched { file, outcome }),
                Err(DownloadError::City(error)) => return Err(error),
                Err(DownloadError::Write(error)) => return Ok(Err(cannot(error))),
            }
        }
        Ok(Ok(fetched))
    })??;
    let all_fit = fetched
        .iter()
        .all(|one| matches!(one.outcome, Outcome::Fits(_)));
    let code = if all_fit { HOLDS } else { DOES_NOT_HOLD };
    Ok(if as_json {
        let files: Vec<_> = fetched.iter().map(fetched_json).collect();
        Response::json(&json!({ "files": files }), code)
    } else {
        Response::answer(table::evidence_fetched(manner, &ask.out, &fetched), code)
    })
}

/// The files of the slot that are asked about.
async fn wanted(city: &mut City, ask: &Files) -> Result<Vec<EvidenceFile>, CityError> {
    let mut files = city.evidence(&ask.slot).await?;
    if let Some(prefix) = &ask.sha256 {
        files.retain(|file| {
            let digest = crate::words::digest(&file.sha256);
            digest.is_some_and(|digest| digest.starts_with(prefix))
        });
    }
    Ok(files)
}

fn described(file: &EvidenceFile) -> serde_json::Value {
    let request = file.request.as_ref().map(|request| {
        json!({
            "index": request.index,
            "requested_at_ms": request.requested_at_ms,
            "reason": request.reason,
            "requester": request.requester,
        })
    });
    json!({
        "name": file.name,
        "sha256": crate::words::digest(&file.sha256),
        "snapshot_index": file.snapshot_index,
        "state": file.state().as_str_name().trim_start_matches("EVIDENCE_STATE_"),
        "request": request,
        "size": file.size,
        "answered_at_ms": file.answered_at_ms,
    })
}

fn fetched_json(fetched: &Fetched) -> serde_json::Value {
    let (outcome, detail) = match &fetched.outcome {
        Outcome::Fits(name) => ("FITS", Some(name.clone())),
        Outcome::NotHeld => ("NOT_HELD", None),
        Outcome::DoesNotFit(found) => ("DOES_NOT_FIT", Some(found.to_string())),
    };
    json!({ "file": described(&fetched.file), "outcome": outcome, "detail": detail })
}
