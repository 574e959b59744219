//! `access`: who read what, checked from its first line to its last.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
};

use granary_core::{access::LINE_BYTES_MAX, text::Bilingual};
use serde_json::json;

use super::{DOES_NOT_HOLD, HOLDS, Response, args::Accesses, journal, online::connected};
use crate::{
    access::{Acts, Check, Fault, Trail},
    progress::Screen,
    table,
    words::Manner,
};

/// Lists and checks the access log.
pub(super) fn access(manner: &Manner, screen: Screen, as_json: bool, ask: &Accesses) -> Response {
    match checked(manner, screen, ask) {
        Err(message) => Response::failed(manner, &message),
        Ok((_, Err(fault))) if as_json => {
            let message = fault.message();
            let why = json!({ "zh": message.zh, "en": message.en });
            Response::json(&json!({ "holds": false, "why": why }), DOES_NOT_HOLD)
        }
        Ok((_, Err(fault))) => {
            Response::answer(table::access_fault(manner, &fault.message()), DOES_NOT_HOLD)
        }
        Ok((acts, Ok(trail))) if as_json => Response::json(&told(acts.as_ref(), &trail), HOLDS),
        Ok((acts, Ok(trail))) => Response::answer(
            table::access(manner, acts.as_ref(), &trail, ask.limit),
            HOLDS,
        ),
    }
}

type Verdict = Result<Trail, Fault>;

fn checked(
    manner: &Manner,
    screen: Screen,
    ask: &Accesses,
) -> Result<(Option<Acts>, Verdict), Bilingual> {
    let acts = match &ask.archive {
        None => None,
        Some(file) => {
            // Whether the anchors are the city's is proved by the replay; then they can be read off.
            journal::replayed(manner, screen, file, ask.log_key.as_deref())?;
            let acts = Acts::read(file);
            Some(acts.map_err(|error| Bilingual::new(error.to_string(), error.to_string()))?)
        }
    };
    let anchors = acts.as_ref().map(|acts| acts.anchors.clone());
    let check = Check::new(anchors.unwrap_or_default(), ask.limit);
    let verdict = match &ask.log {
        Some(path) => from_file(check, path)?,
        None => from_city(check, ask)?,
    };
    Ok((acts, verdict))
}

fn from_file(mut check: Check, path: &std::path::Path) -> Result<Verdict, Bilingual> {
    let failed = |error: std::io::Error| {
        let path = path.display();
        Bilingual::new(
            format!("无法读取 {path}：{error}"),
            format!("cannot read {path}: {error}"),
        )
    };
    let mut reader = BufReader::new(File::open(path).map_err(failed)?);
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = LINE_BYTES_MAX as u64 + 2;
        let read = (&mut reader).take(limit).read_until(b'\n', &mut line);
        if read.map_err(failed)? == 0 {
            return Ok(check.finish());
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        if let Err(fault) = check.push(text) {
            return Ok(Err(fault));
        }
    }
}

fn from_city(mut check: Check, ask: &Accesses) -> Result<Verdict, Bilingual> {
    let missing = || {
        Bilingual::new(
            "须给出 --server 和 --identity，或 --log",
            "--server and --identity are needed, or --log",
        )
    };
    let server = ask.server.as_deref().ok_or_else(missing)?;
    let identity = ask.identity.as_deref().ok_or_else(missing)?;
    connected(server, identity, async |mut city| {
        let mut stream = city.access().await?;
        while let Some(lines) = stream.next().await? {
            for line in lines {
                if let Err(fault) = check.push(line.as_bytes()) {
                    return Ok(Err(fault));
                }
            }
        }
        Ok(check.finish())
    })
}

fn told(acts: Option<&Acts>, trail: &Trail) -> serde_json::Value {
    let line = |line: &granary_core::access::Line| {
        json!({
            "number": line.number,
            "at_ms": line.at_ms,
            "who": line.who,
            "certificate_sha256": line.certificate.to_string(),
            "access": line.access.word(),
            "what": line.what,
        })
    };
    let act = |act: &crate::access::ActLine| json!({ "index": act.index, "received_at_ms": act.at_ms, "key": act.key, "person": act.act.person });
    let bound = trail
        .bound
        .map(|anchor| json!({ "lines": anchor.lines, "index": anchor.index }));
    json!({
        "holds": true,
        "lines_count": trail.count,
        "bound": bound,
        "lines": trail.lines.iter().map(line).collect::<Vec<_>>(),
        "acts": acts.map(|acts| acts.acts.iter().map(act).collect::<Vec<_>>()),
    })
}
