//! Witnesses of other houses: the log asks them over HTTP to cosign the head of the round (c2sp.org/tlog-witness).
//!
//! They stand with their addresses in `witnesses.policy` of the data folder, a policy as c2sp.org/tlog-policy says, so that the
//! file that says whom the city asks can be handed to whoever counts. What comes back is verified under the key in the file.
//! A witness that cannot be reached delays nobody: it is asked again in the next round, and the log goes on without.

use std::{io, path::Path, sync::Arc, time::Duration};

use granary_core::log::{
    AddCheckpoint, Policy, PolicyError, SignedNote, WitnessKey, policy::POLICY_BYTES_MAX,
};
use hyper::{
    Uri,
    header::{CONTENT_TYPE, HeaderValue},
};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::City;
use crate::notices::{
    channel::{
        ChannelError,
        http::{Answer, Http, Post},
    },
    settings::{Endpoint, Secret},
};

/// How long one witness may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The shortest time between two looks for a new head.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// Requests to one witness for one head: the second with the size that a 409 told.
const ATTEMPTS: usize = 2;

/// A witness that is asked.
pub(super) struct Outsider {
    name: String,
    key: WitnessKey,
    endpoint: Endpoint,
    http: Http,
    /// The head that it has cosigned last, as far as is known here.
    old_size: u64,
}

/// Why witnesses of other houses cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// The file cannot be read.
    #[error("witnesses.policy cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The file is no policy.
    #[error("witnesses.policy: {0}")]
    Policy(#[from] PolicyError),
    /// An address is none.
    #[error("witnesses.policy: the address of witness {0} is not http:// or https:// with a host")]
    Address(String),
    /// TLS cannot be set up.
    #[error("witnesses.policy: {0}")]
    Tls(#[from] ChannelError),
}

/// Reads the witnesses that have an address; none where there is no file.
pub(super) fn read(path: &Path) -> Result<Vec<Outsider>, OutsideError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    if std::fs::metadata(path)?.len() > POLICY_BYTES_MAX as u64 {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge).into());
    }
    let policy = Policy::parse(&std::fs::read(path)?)?;
    let mut outsiders = Vec::new();
    for witness in policy.witnesses() {
        let Some(url) = &witness.url else { continue };
        let endpoint = endpoint(url).ok_or_else(|| OutsideError::Address(witness.name.clone()))?;
        outsiders.push(Outsider {
            name: witness.name.clone(),
            key: witness.key.clone(),
            http: Http::new(&witness.name, &endpoint)?,
            endpoint,
            old_size: 0,
        });
    }
    Ok(outsiders)
}

/// Asks for cosignatures, round after round, until it is aborted.
pub(super) async fn run(city: Arc<City>, mut outsiders: Vec<Outsider>) {
    if outsiders.is_empty() {
        return;
    }
    let mut ticks = interval(city.witnesses.length().max(PAUSE_MIN));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let newest = city.handle.journal().checkpoint();
        let Some((size, note)) = city.witnesses.head(&newest, city.clock.now_ms()) else {
            continue;
        };
        for outsider in outsiders.iter_mut().filter(|one| one.old_size < size) {
            if let Err(why) = ask(&city, outsider, size, &note).await {
                tracing::warn!(witness = outsider.name, why, "a witness has not cosigned");
            }
        }
    }
}

async fn ask(
    city: &Arc<City>,
    outsider: &mut Outsider,
    size: u64,
    note: &str,
) -> Result<(), String> {
    for _ in 0..ATTEMPTS {
        let answer = post(city, outsider, size, note).await?;
        match answer.status() {
            200 => return take(city, outsider, size, &answer.body).await,
            409 => {
                let text = String::from_utf8_lossy(&answer.body);
                let told: Option<u64> = text.trim_end().parse().ok();
                let told = told.filter(|told| *told <= size && *told != outsider.old_size);
                outsider.old_size = told.ok_or(
                    "it has seen a head that this log does not continue, or tells no size",
                )?;
            }
            status => return Err(format!("it answered with status {status}")),
        }
    }
    Err("it told two different sizes".to_owned())
}

async fn post(city: &City, outsider: &Outsider, size: u64, note: &str) -> Result<Answer, String> {
    let old_size = outsider.old_size;
    let proof = if (1..size).contains(&old_size) {
        let proof = city.handle.journal().consistency_proof(old_size, size);
        proof.map_err(|error| error.to_string())?
    } else {
        Vec::new()
    };
    let request = AddCheckpoint {
        old_size,
        proof,
        checkpoint: note.to_owned(),
    };
    let prefix = outsider.endpoint.path_and_query();
    let post = Post {
        path: Secret::new(format!("{}/add-checkpoint", prefix.trim_end_matches('/'))),
        headers: vec![(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        )],
        body: request.to_text(),
    };
    match timeout(PATIENCE, outsider.http.post(&outsider.endpoint, post)).await {
        Ok(answer) => answer.map_err(|failure| failure.to_string()),
        Err(_) => Err("it gave no answer in time".to_owned()),
    }
}

/// Verifies the witness's own line and keeps it; lines of other keys are passed over.
async fn take(
    city: &Arc<City>,
    outsider: &mut Outsider,
    size: u64,
    body: &[u8],
) -> Result<(), String> {
    let lines = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let lines = SignedNote::parse_lines(lines).map_err(|error| error.to_string())?;
    let own = lines.into_iter().find(|line| outsider.key.made(line));
    let own = own.ok_or("its answer has no cosignature of its key")?;
    let text = city.witnesses.text(size).ok_or("the round is over")?;
    let verified = outsider.key.verify(&text, &own);
    verified.map_err(|error| error.to_string())?;
    outsider.old_size = size;
    let city = Arc::clone(city);
    let kept = tokio::task::spawn_blocking(move || city.witnesses.add(size, own)).await;
    let kept = kept.map_err(|error| error.to_string())?;
    kept.map(drop).map_err(|error| error.to_string())
}

fn endpoint(url: &str) -> Option<Endpoint> {
    let uri: Uri = url.parse().ok()?;
    let tls = match uri.scheme_str()? {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let host = uri.host().filter(|host| !host.is_empty())?;
    Some(Endpoint {
        url: Secret::new(url),
        host: host.trim_matches(['[', ']']).to_owned(),
        port: uri.port_u16().unwrap_or(if tls { 443 } else { 80 }),
        tls,
        ca: None,
    })
}
