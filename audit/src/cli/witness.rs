//! `witness`: a witness that stands by itself, until it is told to end; and the witnesses that units have enrolled.

use std::{io::Write as _, path::Path};

use ed25519_dalek::{
    SigningKey,
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, spki::der::pem::LineEnding},
};
use granary_core::text::Bilingual;

use super::{
    HOLDS, Response,
    args::{Enrolled, Quorum, Stand, WitnessTask, Witnessing},
    offline, online,
};
use crate::{
    city::City,
    durable,
    enrolled::{self, Roll},
    json,
    progress::Screen,
    table,
    witness::{StartError, Witness, server},
    words::Manner,
};

/// Lists, writes a policy, or serves and answers when it has ended.
pub(super) fn witness(
    manner: &Manner,
    screen: Screen,
    as_json: bool,
    ask: &Witnessing,
) -> Response {
    let done = match (&ask.task, &ask.stand) {
        (Some(WitnessTask::List(ask)), _) => list(manner, screen, as_json, ask),
        (Some(WitnessTask::Policy(ask)), _) => policy(manner, screen, as_json, ask),
        (None, Some(stand)) => {
            serve(manner, screen, stand).map(|()| Response::answer(String::new(), HOLDS))
        }
        (None, None) => Err(Bilingual::new(
            "请写明要做什么：见 granary-audit witness --help",
            "say what to do: see granary-audit witness --help",
        )),
    };
    done.unwrap_or_else(|message| Response::failed(manner, &message))
}

fn list(
    manner: &Manner,
    screen: Screen,
    as_json: bool,
    ask: &Enrolled,
) -> Result<Response, Bilingual> {
    let roll = roll(manner, screen, ask)?;
    Ok(if as_json {
        Response::json(&json::witnesses(&roll), HOLDS)
    } else {
        Response::answer(table::witnesses(manner, &roll), HOLDS)
    })
}

fn policy(
    manner: &Manner,
    screen: Screen,
    as_json: bool,
    ask: &Quorum,
) -> Result<Response, Bilingual> {
    let roll = roll(manner, screen, &ask.enrolled)?;
    let policy = enrolled::policy(&roll, ask.quorum.into())?;
    Ok(if as_json {
        Response::json(&serde_json::json!({ "policy": policy }), HOLDS)
    } else {
        Response::answer(policy, HOLDS)
    })
}

/// The enrolled keys, as a replayed journal has them or as the city says.
fn roll(manner: &Manner, screen: Screen, ask: &Enrolled) -> Result<Roll, Bilingual> {
    let asked = async |mut city: City| {
        let witnesses = city.witnesses().await?;
        Ok(Roll {
            log_key: None,
            witnesses,
        })
    };
    let mut roll = online::sourced(manner, screen, &ask.source, asked, |journal| {
        Ok(Roll {
            log_key: Some(journal.log_key.clone()),
            witnesses: journal.witnesses(),
        })
    })?;
    if !ask.unit.is_empty() {
        roll.witnesses.retain(|one| ask.unit.contains(&one.unit));
    }
    Ok(roll)
}

fn serve(manner: &Manner, screen: Screen, ask: &Stand) -> Result<(), Bilingual> {
    let log_key = offline::log_key(&ask.log_key)?;
    let key = signing_key(&ask.key, ask.init)?;
    let start = |error: StartError| error.message();
    if ask.init {
        Witness::init(&ask.state).map_err(start)?;
    }
    let witness =
        Witness::open(&ask.state, log_key, ask.name.clone(), key, now_s).map_err(start)?;
    let public = witness.public().to_string();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| broken(&error))?;
    let served = runtime.block_on(server::serve(witness, ask.listen, |address| {
        if let Screen::Standard = screen {
            let said = manner.say("见证方已启动", "the witness serves");
            // Where standard error is gone, it serves all the same.
            let _ = writeln!(std::io::stderr(), "{said}: http://{address}\n{public}");
        }
    }));
    served.map_err(|error| broken(&error))
}

/// The witness's key; made where there is none and the witness begins.
fn signing_key(path: &Path, init: bool) -> Result<SigningKey, Bilingual> {
    let unusable = |why: String| {
        Bilingual::new(
            format!("见证密钥 {} 不能用：{why}", path.display()),
            format!("the witness's key {} cannot be used: {why}", path.display()),
        )
    };
    if path.exists() || !init {
        let pem = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
        return SigningKey::from_pkcs8_pem(&pem).map_err(|error| unusable(error.to_string()));
    }
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| unusable(error.to_string()))?;
    let key = SigningKey::from_bytes(&seed);
    let pem = key
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|error| unusable(error.to_string()))?;
    durable::write_secret(path, pem.as_bytes()).map_err(|error| unusable(error.to_string()))?;
    Ok(key)
}

/// This computer's time in seconds since 1970-01-01 UTC.
pub(super) fn now_s() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0)
}

fn broken(error: &std::io::Error) -> Bilingual {
    Bilingual::new(
        format!("见证方无法服务：{error}"),
        format!("the witness cannot serve: {error}"),
    )
}
