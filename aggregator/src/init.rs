//! Making a new data folder: authority, keys, certificates, and the journal with its first entry.
//!
//! Durable after: everything, or the folder is incomplete and `serve` refuses it. Nothing is ever written over: a folder
//! that holds anything is left as it is.

use std::{
    fs::{DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ed25519_dalek::{
    SigningKey,
    pkcs8::{EncodePrivateKey as _, spki::der::pem::LineEnding},
};
use granary_core::{
    envelope::{KeyId, SecretKey, Suite},
    ledger::{Act, Deed, Refusal, act},
    log::VerifierKey,
    log::note::{KeyError, KeyName},
};
use jiff::Timestamp;

use crate::{
    clock::Clock,
    ingress::Received,
    journal::{Journal, OpenError, StoreError},
    pipeline::{LogKey, Options, Pipeline, ShutdownError, StartError},
    project::Derived,
    site::{self, OperatorFolder, Site, SiteError},
    tls::{Authority, AuthorityError, Caller, Role},
};

/// How long the first entry may take to be written out at the end.
const SHUTDOWN_MAX: Duration = Duration::from_secs(30);

/// What is to be made.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The data folder.
    pub data: PathBuf,
    /// The log's origin, the first line of its checkpoints: a name that is yours, such as `stats.city.example/log`.
    pub origin: String,
    /// The host names and addresses under which agents reach the server.
    pub server_names: Vec<String>,
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The data folder.
    pub site: Site,
    /// The log's verifier key, to be published.
    pub verifier_key: String,
    /// The operator's key id.
    pub operator_key_id: KeyId,
}

/// Why nothing, or not everything, was made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The folder holds something.
    #[error("{0} is not empty: nothing is ever written over; name another folder")]
    NotEmpty(PathBuf),
    /// The origin cannot be a log's name.
    #[error("{0:?} cannot be the log's name: {1}")]
    Origin(String, KeyError),
    /// The folder or a file cannot be made.
    #[error("{0}: {1}")]
    Folder(PathBuf, io::Error),
    /// A file cannot be written.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// A certificate cannot be made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes: {0}")]
    Random(getrandom::Error),
    /// A key cannot be written down.
    #[error("a key cannot be encoded: {0}")]
    Key(String),
    /// The journal cannot be made.
    #[error("the journal cannot be made: {0}")]
    Journal(#[from] OpenError),
    /// The derived state cannot be made.
    #[error("the derived state cannot be made: {0}")]
    Derived(#[from] StoreError),
    /// The pipeline did not start.
    #[error("the pipeline did not start: {0}")]
    Start(#[from] StartError),
    /// The first entry was not taken.
    #[error("the first entry was refused: {0}")]
    Refused(Refusal),
    /// The first entry was not written out.
    #[error("the pipeline did not stop cleanly: {0}")]
    Shutdown(#[from] ShutdownError),
}

/// Makes a data folder whose operator signs with Ed25519.
///
/// # Errors
/// Those of [`init_with`].
pub fn init(plan: &Plan, clock: Arc<dyn Clock>) -> Result<Made, InitError> {
    init_with(plan, Suite::Ed25519, clock)
}

/// Makes a data folder whose operator signs acts in this suite. The log's own key is Ed25519, because signed notes know no other.
///
/// # Errors
/// [`InitError`]. After any but [`InitError::NotEmpty`] the folder may be incomplete: remove it and begin again.
pub fn init_with(
    plan: &Plan,
    operator_suite: Suite,
    clock: Arc<dyn Clock>,
) -> Result<Made, InitError> {
    let name = KeyName::new(&plan.origin)
        .map_err(|error| InitError::Origin(plan.origin.clone(), error))?;
    make_folder(&plan.data)?;
    let site = Site::new(&plan.data);
    let now = Timestamp::from_millisecond(clock.now_ms()).unwrap_or(Timestamp::UNIX_EPOCH);
    let (authority, authority_key) = Authority::generate(&plan.origin, now)?;
    site::write_secret(&site.authority_key(), authority_key.as_bytes())?;
    site::write(
        &site.authority_certificate(),
        authority.certificate_pem().as_bytes(),
    )?;
    site.server_identity(&authority, &plan.server_names, now)?;

    let log_key = new_signing_key()?;
    let verifier = VerifierKey::new(name, log_key.verifying_key())
        .map_err(|error| InitError::Origin(plan.origin.clone(), error))?;
    let verifier_key = verifier.to_string();
    site::write_secret(&site.log_signing_key(), &pem(&log_key)?)?;
    site::write(
        &site.log_verifier_key(),
        format!("{verifier_key}\n").as_bytes(),
    )?;

    let operator_key = new_operator_key(operator_suite)?;
    make_client_folder(
        &site.operator(),
        &authority,
        Role::Operator,
        &verifier_key,
        now,
    )?;
    let operator_pem = operator_key
        .to_pem()
        .map_err(|error| InitError::Key(error.to_string()))?;
    site::write_secret(&site.operator().operator_key(), operator_pem.as_bytes())?;
    make_folder(&site.enrolled())?;

    begin_journal(plan, log_key, &operator_key, clock)?;
    site::write(&site.settings(), settings_text(plan).as_bytes())?;
    let operator_key_id = operator_key.public_key().key_id();
    Ok(Made {
        site,
        verifier_key,
        operator_key_id,
    })
}

/// Makes a folder with what one of the city's people needs to connect.
///
/// # Errors
/// [`InitError`], also where the folder holds something.
pub fn make_client_folder(
    folder: &OperatorFolder,
    authority: &Authority,
    role: Role,
    verifier_key: &str,
    now: Timestamp,
) -> Result<(), InitError> {
    make_folder(folder.folder())?;
    let issued = authority.issue_client(&Caller::Person(role), now)?;
    site::write_secret(&folder.client_key(), issued.key_pem.as_bytes())?;
    site::write(
        &folder.client_certificate(),
        issued.certificate_pem.as_bytes(),
    )?;
    site::write(
        &folder.authority_certificate(),
        authority.certificate_pem().as_bytes(),
    )?;
    site::write(
        &folder.log_verifier_key(),
        format!("{verifier_key}\n").as_bytes(),
    )?;
    Ok(())
}

/// Random bytes from the operating system.
///
/// # Errors
/// [`InitError::Random`].
pub fn random<const N: usize>() -> Result<[u8; N], InitError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(InitError::Random)?;
    Ok(bytes)
}

fn begin_journal(
    plan: &Plan,
    log_key: SigningKey,
    operator_key: &SecretKey,
    clock: Arc<dyn Clock>,
) -> Result<(), InitError> {
    let deed = Deed::Genesis {
        origin: plan.origin.clone(),
        log_public_key: log_key.verifying_key().to_bytes(),
        operator: operator_key.public_key(),
    };
    let payload = Act {
        issued_at_ms: clock.now_ms(),
        nonce: random()?,
        deed,
        person: String::new(),
    }
    .encode();
    let signature = operator_key
        .sign(act::PAYLOAD_TYPE, &payload)
        .map_err(|error| InitError::Key(error.to_string()))?;
    let received = Received {
        payload_type: act::PAYLOAD_TYPE.to_owned(),
        payload: payload.into(),
        signatures: vec![signature],
    };
    let key = LogKey::new(&plan.origin, log_key)
        .map_err(|error| InitError::Origin(plan.origin.clone(), error))?;
    let journal = Journal::create(&plan.data, &plan.origin)?;
    let derived = Derived::open(&plan.data)?;
    let pipeline = Pipeline::start(journal, derived, key, Options::default(), clock)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| InitError::Folder(plan.data.clone(), error))?;
    let answer = runtime.block_on(pipeline.handle().submit_wait(received));
    pipeline.shutdown(SHUTDOWN_MAX)?;
    answer.map(drop).map_err(InitError::Refused)
}

/// A new folder that only its owner may enter, or an empty one that is there already.
fn make_folder(folder: &Path) -> Result<(), InitError> {
    let failed = |error| InitError::Folder(folder.to_owned(), error);
    match std::fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => return Ok(()),
            Some(_) => return Err(InitError::NotEmpty(folder.to_owned())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failed)?;
    let parent = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = File::open(parent.unwrap_or(Path::new(".")));
    parent.and_then(|parent| parent.sync_all()).map_err(failed)
}

/// Draws until the bytes are a key of the suite: almost always the first.
fn new_operator_key(suite: Suite) -> Result<SecretKey, InitError> {
    loop {
        if let Some(key) = SecretKey::from_seed(suite, &random()?) {
            return Ok(key);
        }
    }
}

fn new_signing_key() -> Result<SigningKey, InitError> {
    Ok(SigningKey::from_bytes(&random()?))
}

fn pem(key: &SigningKey) -> Result<Vec<u8>, InitError> {
    let pem = key
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(|error| InitError::Key(error.to_string()))?;
    Ok(pem.as_bytes().to_vec())
}

fn settings_text(plan: &Plan) -> String {
    let data = std::path::absolute(&plan.data).unwrap_or_else(|_| plan.data.clone());
    let names: Vec<String> = plan
        .server_names
        .iter()
        .map(|name| format!("{name:?}"))
        .collect();
    format!(
        "# 设置；环境变量 GRANARY_* 和命令行选项优先。Settings; GRANARY_ variables and flags win over them.\n\
         data = {data:?}\n\
         server_names = [{}]\n\
         listen = \"0.0.0.0:7443\"\n\
         metrics_listen = \"127.0.0.1:9464\"\n\
         # 控制台，用浏览器打开；非本机地址即用 TLS。The console, for browsers; with TLS unless it listens on loopback.\n\
         console_listen = \"127.0.0.1:7480\"\n",
        names.join(", ")
    )
}
