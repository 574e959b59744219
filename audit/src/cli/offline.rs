//! `verify`: files in, a verdict out, no network.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use granary_core::{
    ledger::act,
    log::{
        Checkpoint, Policy, VerifierKey,
        note::NOTE_BYTES_MAX,
        policy::POLICY_BYTES_MAX,
        receipt::{HEADER, RECEIPT_BYTES_MAX},
    },
    text::Bilingual,
};

use super::{DOES_NOT_HOLD, HOLDS, Response, args::Verify, witness::now_s};
use crate::{json, table, verify, witnessed::Stand, words::Manner};

/// The longest file of a key that is read, in bytes.
const KEY_FILE_BYTES_MAX: usize = 4_096;

/// Verifies a receipt or a checkpoint.
pub(super) fn verify(manner: &Manner, as_json: bool, ask: &Verify) -> Response {
    match verdict(manner, as_json, ask) {
        Ok(response) => response,
        Err(message) => Response::failed(manner, &message),
    }
}

/// `Err` where a file cannot be read, or the key is none.
fn verdict(manner: &Manner, as_json: bool, ask: &Verify) -> Result<Response, Bilingual> {
    let keys = Keys {
        log_key: log_key(&ask.log_key)?,
        policy: ask.policy.as_deref().map(policy).transpose()?,
    };
    let answer = match (&ask.receipt, &ask.checkpoint) {
        (Some(path), _) => receipt(manner, as_json, &keys, path, ask.payload.as_deref())?,
        (None, Some(path)) => checkpoint(manner, as_json, &keys, path)?,
        (None, None) => {
            return Err(Bilingual::new(
                "没有给出回执或检查点",
                "neither a receipt nor a checkpoint is given",
            ));
        }
    };
    Ok(answer.unwrap_or_else(|fault| {
        if as_json {
            Response::json(&json::fault(&fault), DOES_NOT_HOLD)
        } else {
            Response::answer(table::fault(manner, &fault), DOES_NOT_HOLD)
        }
    }))
}

type Verdict = Result<Response, verify::Fault>;

/// What is trusted.
struct Keys {
    log_key: VerifierKey,
    /// The witnesses, where it is asked who has cosigned.
    policy: Option<Policy>,
}

/// A quorum that is not reached does not hold.
fn code(stand: Option<&Stand>) -> u8 {
    match stand {
        Some(stand) if !stand.reached() => DOES_NOT_HOLD,
        Some(_) | None => HOLDS,
    }
}

fn policy(path: &Path) -> Result<Policy, Bilingual> {
    let bytes = read(path, POLICY_BYTES_MAX)?;
    Policy::parse(&bytes).map_err(|error| {
        let path = path.display();
        Bilingual::new(
            format!("政策文件 {path} 有误：{error}"),
            format!("the policy {path} cannot be used: {error}"),
        )
    })
}

fn receipt(
    manner: &Manner,
    as_json: bool,
    keys: &Keys,
    path: &Path,
    payload: Option<&Path>,
) -> Result<Verdict, Bilingual> {
    let bytes = read(path, RECEIPT_BYTES_MAX)?;
    let payload = payload
        .map(|path| read(path, act::PAYLOAD_BYTES_MAX))
        .transpose()?;
    Ok(prove(manner, as_json, keys, &bytes, payload.as_deref()))
}

fn prove(
    manner: &Manner,
    as_json: bool,
    keys: &Keys,
    receipt: &[u8],
    payload: Option<&[u8]>,
) -> Verdict {
    let log_key = &keys.log_key;
    let proof = verify::receipt(receipt, log_key)?;
    let stand = keys
        .policy
        .as_ref()
        .map(|policy| Stand::of_receipt(receipt, log_key, policy, now_s()))
        .transpose()?;
    let stand = stand.as_ref();
    let payload = payload
        .map(|bytes| verify::payload(&proof, bytes))
        .transpose()?;
    Ok(if as_json {
        Response::json(
            &json::proof(log_key, &proof, payload.as_ref(), stand),
            code(stand),
        )
    } else {
        Response::answer(
            table::proof(manner, log_key, &proof, payload.as_ref(), stand),
            code(stand),
        )
    })
}

fn checkpoint(
    manner: &Manner,
    as_json: bool,
    keys: &Keys,
    path: &Path,
) -> Result<Verdict, Bilingual> {
    let bytes = read(path, NOTE_BYTES_MAX)?;
    Ok(shown_head(manner, as_json, keys, &bytes))
}

fn shown_head(manner: &Manner, as_json: bool, keys: &Keys, note: &[u8]) -> Verdict {
    let log_key = &keys.log_key;
    let (checkpoint, unchecked) = verify::checkpoint(note, log_key)?;
    let stand = keys
        .policy
        .as_ref()
        .map(|policy| Stand::of_checkpoint(note, log_key, policy, now_s()))
        .transpose()?;
    let stand = stand.as_ref();
    Ok(if as_json {
        Response::json(
            &json::checkpoint(log_key, &checkpoint, unchecked, stand),
            code(stand),
        )
    } else {
        Response::answer(
            table::checkpoint(manner, log_key, &checkpoint, unchecked, stand),
            code(stand),
        )
    })
}

/// The head that a receipt leads to, or that a checkpoint is; verified.
pub(super) fn head(path: &Path, log_key: &VerifierKey) -> Result<Checkpoint, Bilingual> {
    let bytes = read(path, RECEIPT_BYTES_MAX)?;
    let head = if bytes.starts_with(HEADER.as_bytes()) {
        verify::receipt(&bytes, log_key).map(|proof| proof.checkpoint)
    } else {
        verify::checkpoint(&bytes, log_key).map(|(checkpoint, _)| checkpoint)
    };
    head.map_err(|fault| {
        let (path, why) = (path.display(), fault.message());
        Bilingual::new(
            format!("{path} 本身不成立：{}", why.zh),
            format!("{path} does not hold itself: {}", why.en),
        )
    })
}

/// The key itself, or the name of a file that holds it. What parses is a key: no sensible file name does.
pub(super) fn log_key(text: &str) -> Result<VerifierKey, Bilingual> {
    let as_key = VerifierKey::parse(text.trim());
    let path = Path::new(text);
    if let (Err(error), false) = (&as_key, path.exists()) {
        return Err(Bilingual::new(
            format!("--log-key 既不是日志公钥（{error}），也不是文件：{text}"),
            format!("--log-key is neither a log's key ({error}) nor a file: {text}"),
        ));
    }
    if let Ok(key) = as_key {
        return Ok(key);
    }
    let bytes = read(path, KEY_FILE_BYTES_MAX)?;
    let text = String::from_utf8_lossy(&bytes);
    VerifierKey::parse(text.trim()).map_err(|error| {
        Bilingual::new(
            format!("{} 中没有日志公钥：{error}", path.display()),
            format!("{} holds no log key: {error}", path.display()),
        )
    })
}

/// Reads a file, or standard input for `-`, of at most `bytes_max`.
pub(super) fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Bilingual> {
    let mut bytes = Vec::new();
    let limit = bytes_max as u64 + 1;
    let read = if path == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.map_err(|error| {
        let path = path.display();
        Bilingual::new(
            format!("无法读取 {path}：{error}"),
            format!("cannot read {path}: {error}"),
        )
    })?;
    if bytes.len() <= bytes_max {
        return Ok(bytes);
    }
    let path = path.display();
    Err(Bilingual::new(
        format!("{path} 超过 {bytes_max} 字节，不是所要的文件"),
        format!("{path} has more than {bytes_max} bytes, so it is not the file that is meant"),
    ))
}
