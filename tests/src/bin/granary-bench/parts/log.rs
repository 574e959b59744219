//! The log: proofs out of the journal, and tiles and bundles over HTTP on loopback, beside bare SHA-256.
//!
//! Synthetic: a journal of acts, in this process. The readers of HTTP are sockets that send the next request when they have
//! read the last answer, so that the figure is that of the server and not of an HTTP client.

use std::{
    hint::black_box,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

use ed25519_dalek::SigningKey;
use granary_aggregator::{
    clock::SystemClock,
    ingress::Received,
    init::{self, Plan},
    journal::Journal,
    pipeline::{Options, Pipeline},
    project::Derived,
    serve::Server,
    settings::{Settings, Sources},
    site::Site,
};
use granary_core::{
    digest::Digest,
    envelope::{self, KeyRole},
    ledger::{Act, Deed, LogIndex, act},
};
use tokio::{runtime::Runtime, sync::oneshot};

use crate::{
    city::catalogue::Shape,
    context::{Context, Outcome},
    measure::rate_per_s,
    row::Row,
};

/// Entries of the journal: 64 full tiles.
const ENTRIES: u64 = 64 * 256;
/// As small as a catalogue can be: only its unit is needed.
const SHAPE: Shape = Shape {
    districts: 1,
    counties: 1,
    datasets: 1,
    indicators: 1,
    periods: 12,
    edits: false,
};
/// One stretch of a measurement.
const STRETCH: Duration = Duration::from_millis(300);
/// Connections that read at once.
const READERS: usize = 4;
/// Bytes of a full hash tile.
const TILE_BYTES: usize = 8_192;

/// The rows of this part.
pub(crate) fn run(context: &Context) -> Outcome<Vec<Row>> {
    let folder = context.folder()?;
    let data = folder.path().join("data");
    let runtime = Runtime::new()?;
    grow(&runtime, &data)?;
    let (proofs, consistency, pairs) = (proofs(&data)?, consistency(&data)?, hashes(64));
    let path_hashes = f64::from(ENTRIES.ilog2());
    let served = served(&runtime, &data)?;
    let tile = |index: u64| format!("tile/0/{index:03}");
    let bundle = |index: u64| format!("tile/entries/{index:03}");
    let one = reads(served.log, 1, tile)?;
    let many = reads(served.log, READERS, tile)?;
    let bundles = reads(served.log, READERS, bundle)?;
    let digests = hashes(TILE_BYTES);
    served.stop(&runtime)?;
    let row = |name, value, note: &str| Row::higher(name, value, "reads/s").note(note);
    Ok(vec![
        Row::higher("log_receipts", proofs, "receipts/s")
            .limit(pairs / path_hashes)
            .note(format!(
                "entry and inclusion proof out of a journal of {ENTRIES}, one thread; the limit is hashing the path alone"
            )),
        Row::higher("log_consistency_proofs", consistency, "proofs/s")
            .limit(pairs / path_hashes)
            .note("from a head all over the journal to its newest, one thread; the same limit"),
        row("log_tile_reads_1", one, "full hash tiles over HTTP on loopback, one connection; the limit is SHA-256 of 8 KiB").limit(digests),
        row("log_tile_reads_4", many, "the same over four connections").limit(digests),
        row("log_bundle_reads_4", bundles, "full entry bundles, not compressed, four connections"),
    ])
}

/// A journal of acts, all in flight at once.
fn grow(runtime: &Runtime, data: &Path) -> Outcome<()> {
    let plan = Plan {
        data: data.to_owned(),
        origin: "bench.example/log".into(),
        server_names: vec!["localhost".into()],
    };
    let made = init::init(&plan, Arc::new(SystemClock))?;
    let operator = made.site.operator().signing_key()?;
    let key = Site::new(data).log_key()?;
    let (journal, derived) = (Journal::open(data)?, Derived::open(data)?);
    let options = Options::default();
    let pipeline = Pipeline::start(journal, derived, key, options, Arc::new(SystemClock))?;
    let handle = pipeline.handle();
    let unit = SHAPE.units()?.pop().ok_or("no units")?.code;
    let catalogue = signed(&operator, 0, Deed::PublishCatalogue(SHAPE.bundle()?));
    runtime.block_on(async {
        let accepted = handle.submit_wait(catalogue).await;
        let accepted = accepted.map_err(|refusal| format!("{refusal:?}"))?;
        handle.wait_applied(accepted.index()).await?;
        let mut waiting = tokio::task::JoinSet::new();
        // The founding act and the catalogue stand before them.
        for number in 2..ENTRIES {
            let deed = Deed::IssueToken {
                unit: unit.clone(),
                token_sha256: Digest::of(&number.to_be_bytes()),
                expires_at_ms: 4_000_000_000_000,
                role: KeyRole::default(),
            };
            let (handle, received) = (handle.clone(), signed(&operator, number, deed));
            waiting.spawn(async move { handle.submit_wait(received).await.is_ok() });
            if waiting.len() == 512 {
                waiting.join_next().await;
            }
        }
        while waiting.join_next().await.is_some() {}
        Outcome::Ok(())
    })?;
    drop(handle);
    Ok(pipeline.shutdown(Duration::from_secs(60))?)
}

fn signed(operator: &SigningKey, number: u64, deed: Deed) -> Received {
    let mut nonce = [0; 16];
    nonce[..8].copy_from_slice(&number.to_be_bytes());
    let act = Act {
        issued_at_ms: 0,
        nonce,
        deed,
        person: String::new(),
    };
    let payload = act.encode();
    Received {
        payload_type: act::PAYLOAD_TYPE.to_owned(),
        signatures: vec![envelope::sign(operator, act::PAYLOAD_TYPE, &payload)],
        payload: payload.into(),
    }
}

/// Receipts a second, of entries all over the journal.
fn proofs(data: &Path) -> Outcome<f64> {
    let journal = Journal::open_read_only(data)?;
    let size = journal.head().size;
    if size < ENTRIES {
        return Err(format!("the journal has {size} entries, not {ENTRIES}").into());
    }
    let mut index = 0;
    Ok(rate_per_s(STRETCH, || {
        index = (index + 7_919) % size;
        usize::from(black_box(journal.receipt(LogIndex(index))).is_ok_and(|found| found.is_some()))
    }))
}

/// Consistency proofs a second, from heads all over the journal to its newest.
fn consistency(data: &Path) -> Outcome<f64> {
    let journal = Journal::open_read_only(data)?;
    let size = journal.head().size;
    let mut old_size = 0;
    Ok(rate_per_s(STRETCH, || {
        old_size = 1 + (old_size + 7_919) % (size - 1);
        usize::from(black_box(journal.consistency_proof(old_size, size)).is_ok())
    }))
}

/// SHA-256 of messages of so many bytes, a second, on one thread.
fn hashes(bytes: usize) -> f64 {
    let message = vec![0x5a; bytes];
    rate_per_s(STRETCH, || {
        black_box(Digest::of(black_box(&message)));
        1
    })
}

/// A server in this process.
struct Served {
    log: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: tokio::task::JoinHandle<bool>,
}

impl Served {
    fn stop(self, runtime: &Runtime) -> Outcome<()> {
        drop(self.stop);
        if runtime.block_on(self.serving)? {
            Ok(())
        } else {
            Err("the server did not stop in order".into())
        }
    }
}

fn served(runtime: &Runtime, data: &Path) -> Outcome<Served> {
    let data = data.display().to_string();
    let flags = [
        ("data", data.as_str()),
        ("listen", "127.0.0.1:0"),
        ("metrics_listen", "off"),
        ("log_listen", "127.0.0.1:0"),
    ];
    let own = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let sources = Sources {
        flags: flags.map(own).into(),
        ..Sources::default()
    };
    let settings = Settings::read(&sources).map_err(|faults| format!("{faults:?}"))?;
    let server = runtime.block_on(Server::open(&settings, Arc::new(SystemClock), None))?;
    let log = server.log_address()?.ok_or("the log is not served")?;
    let (stop, stopped) = oneshot::channel::<()>();
    let running = async move { server.run(async { drop(stopped.await) }).await.is_ok() };
    let serving = runtime.spawn(running);
    Ok(Served { log, stop, serving })
}

/// Reads a second by so many connections at once, each over the full tiles in turn.
fn reads(log: SocketAddr, readers: usize, path: impl Fn(u64) -> String + Sync) -> Outcome<f64> {
    let rates = thread::scope(|scope| {
        let reading: Vec<_> = (0..readers)
            .map(|_| scope.spawn(|| read(log, &path)))
            .collect();
        let joined = reading.into_iter().map(|reader| reader.join());
        joined.collect::<Result<Vec<_>, _>>()
    });
    let rates = rates.map_err(|_| "a reader ended unexpectedly")?;
    let rates: Option<Vec<f64>> = rates.into_iter().collect();
    Ok(rates.ok_or("the log did not answer")?.into_iter().sum())
}

/// One connection; none where an answer is not what was asked for.
fn read(log: SocketAddr, path: &impl Fn(u64) -> String) -> Option<f64> {
    let stream = TcpStream::connect(log).ok()?;
    stream.set_nodelay(true).ok()?;
    let mut answers = BufReader::new(stream.try_clone().ok()?);
    let (mut writer, mut next, mut failed) = (stream, 0, false);
    let rate = rate_per_s(STRETCH, || {
        next = (next + 1) % (ENTRIES / 256);
        let answered = ask(&mut writer, &mut answers, &path(next));
        failed |= answered.is_none();
        usize::from(answered.is_some())
    });
    (!failed).then_some(rate)
}

fn ask(writer: &mut TcpStream, answers: &mut BufReader<TcpStream>, path: &str) -> Option<()> {
    let request = format!("GET /{path} HTTP/1.1\r\nhost: log\r\n\r\n");
    writer.write_all(request.as_bytes()).ok()?;
    let (mut line, mut length, mut is_first) = (String::new(), 0, true);
    loop {
        line.clear();
        answers.read_line(&mut line).ok()?;
        let field = line.trim_end().to_ascii_lowercase();
        if std::mem::take(&mut is_first) && !field.ends_with("200 ok") {
            return None;
        }
        if field.is_empty() {
            break;
        }
        if let Some(value) = field.strip_prefix("content-length: ") {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    answers.read_exact(&mut body).ok()
}
