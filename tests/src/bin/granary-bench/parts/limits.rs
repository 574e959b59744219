//! What the machine itself allows: signature checks, synchronous writes, and gRPC that does nothing.
//!
//! Every other part sets its figures beside these, and they are measured in the same run.

use std::{
    fs::File,
    hint::black_box,
    io::{self, Seek as _, Write as _},
    thread,
    time::Duration,
};

use granary_core::envelope::{self, PublicKey, SecretKey, Signature, Suite};
use granary_proto::v1;
use tokio::runtime;

use crate::{
    context::{Context, Outcome},
    echo::EchoServer,
    load::{self, Measured, Plan},
    measure::rate_per_s,
    row::Row,
};

/// Bytes of a message whose signature is checked: about those of a snapshot of 30 observations.
const MESSAGE_BYTES: usize = 760;
/// Snapshots in a group that is written at once.
pub(crate) const GROUP: usize = 256;
/// One stretch of a short measurement.
const STRETCH: Duration = Duration::from_millis(200);
/// The same for synced writes, of which there are fewer.
const SYNC_STRETCH: Duration = Duration::from_millis(400);
/// The file that is written over and over.
const LOG_BYTES: usize = 64 << 20;
/// Different messages and keys, so that nothing is measured from the innermost cache.
const MESSAGES: usize = 512;
/// Connections of the load generator.
pub(crate) const CONNECTIONS: usize = 4;

/// The limits of one run, all in events a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Strict Ed25519 signature checks on one thread.
    pub(crate) verify_1: f64,
    /// SM2 signature checks on one thread.
    pub(crate) verify_sm2: f64,
    /// Ed25519 on two threads.
    pub(crate) verify_2: f64,
    /// `fdatasync` after 4 KiB.
    pub(crate) fsync_4k: f64,
    /// `fdatasync` after [`GROUP`] snapshots; groups.
    pub(crate) fsync_group: f64,
    /// Messages echoed over streams, 512 in flight.
    pub(crate) stream_echo: f64,
    /// Messages echoed over a stream, one in flight.
    pub(crate) stream_echo_1: f64,
    /// Unary calls echoed, 64 in flight.
    pub(crate) unary_echo: f64,
}

/// The rows of this part.
pub(crate) fn run(context: &Context) -> Outcome<Vec<Row>> {
    let limits = context.limits()?;
    let message = format!("{MESSAGE_BYTES}-byte messages");
    Ok(vec![
        Row::higher("verify_strict_1", limits.verify_1, "checks/s").note(format!("Ed25519, one thread, {message}")),
        Row::higher("verify_sm2_1", limits.verify_sm2, "checks/s").note(format!("SM2 with SM3, one thread, {message}; beside it verify_strict_1")),
        Row::higher("verify_strict_2", limits.verify_2, "checks/s").note(format!("Ed25519, two threads, {message}")),
        Row::higher("fdatasync_4k", limits.fsync_4k, "syncs/s").note("4 KiB written over in an existing file and synced, on the file system of the target folder"),
        Row::higher("fdatasync_256", limits.fsync_group, "syncs/s")
            .note(format!("{GROUP} snapshots of {MESSAGE_BYTES} bytes written and synced together")),
        Row::higher("echo_stream_512", limits.stream_echo, "messages/s")
            .note(format!("gRPC over mutual TLS, 512 in flight over {CONNECTIONS} streams; client and server in one process")),
        Row::higher("echo_stream_1", limits.stream_echo_1, "messages/s").note("one in flight"),
        Row::higher("echo_unary_64", limits.unary_echo, "calls/s")
            .note(format!("64 calls in flight over {CONNECTIONS} connections")),
    ])
}

/// Measures all of them.
pub(crate) fn measure(context: &Context) -> Outcome<Limits> {
    let signed = signed_messages(Suite::Ed25519)?;
    let signed_sm2 = signed_messages(Suite::Sm2Sm3)?;
    let group = vec![0x5a; GROUP * MESSAGE_BYTES];
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let echo = EchoServer::start()?;
    let stream = |in_flight, lanes| runtime.block_on(echo_streams(&echo, in_flight, lanes));
    Ok(Limits {
        verify_1: verify_rate(&signed),
        verify_sm2: verify_rate(&signed_sm2),
        verify_2: thread::scope(|scope| {
            let other = scope.spawn(|| verify_rate(&signed));
            let own = verify_rate(&signed);
            other
                .join()
                .map(|other| own + other)
                .map_err(|_| "a thread that checks signatures ended unexpectedly")
        })?,
        fsync_4k: sync_rate(context, &[0x5a; 4_096])?,
        fsync_group: sync_rate(context, &group)?,
        stream_echo: stream(512, CONNECTIONS)?.rate_per_s(),
        stream_echo_1: stream(1, 1)?.rate_per_s(),
        unary_echo: runtime.block_on(echo_calls(&echo))?.rate_per_s(),
    })
}

struct Signed {
    key: PublicKey,
    message: Vec<u8>,
    signature: Signature,
}

fn signed_messages(suite: Suite) -> Outcome<Vec<Signed>> {
    let sign = |number: usize| {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&number.to_le_bytes());
        let key = SecretKey::from_seed(suite, &seed).ok_or("a seed is no key")?;
        let payload = vec![seed[0]; MESSAGE_BYTES];
        Ok(Signed {
            key: key.public_key(),
            message: envelope::pre_authentication_encoding("bench", &payload),
            signature: key.sign("bench", &payload)?,
        })
    };
    (1..=MESSAGES).map(sign).collect()
}

fn verify_rate(signed: &[Signed]) -> f64 {
    let mut next = signed.iter().cycle();
    rate_per_s(STRETCH, || {
        let good = next
            .by_ref()
            .take(16)
            .filter(|s| s.key.verify(&s.message, &s.signature.bytes).is_ok());
        black_box(good.count())
    })
}

/// As a write-ahead log whose files are used again: overwrites a file that is already as long as it will be, and syncs.
fn sync_rate(context: &Context, bytes: &[u8]) -> Outcome<f64> {
    let folder = context.folder()?;
    let mut file = File::create(folder.path().join("synced"))?;
    file.write_all(&vec![0; LOG_BYTES])?;
    file.sync_all()?;
    file.rewind()?;
    let mut outcome = Ok(());
    let mut written = 0;
    let rate = rate_per_s(SYNC_STRETCH, || {
        // A failed write gives no figure, so the first error is kept.
        if outcome.is_ok() {
            outcome = append(&mut file, bytes, &mut written);
        }
        1
    });
    outcome.map(|()| rate).map_err(Into::into)
}

fn append(file: &mut File, bytes: &[u8], written: &mut usize) -> io::Result<()> {
    if *written + bytes.len() > LOG_BYTES {
        *written = 0;
        file.rewind()?;
    }
    *written += bytes.len();
    file.write_all(bytes)?;
    file.sync_data()
}

fn plan(in_flight: usize) -> Plan {
    Plan {
        in_flight,
        warm_up: Duration::from_millis(500),
        run: Duration::from_millis(2_500),
        pace_per_s: None,
    }
}

async fn echo_streams(echo: &EchoServer, in_flight: usize, lanes: usize) -> Outcome<Measured> {
    let channels = echo.channels(lanes).await?;
    load::stream::run(&channels, envelopes(1_200_000), plan(in_flight)).await
}

async fn echo_calls(echo: &EchoServer) -> Outcome<Measured> {
    let channels = echo.channels(CONNECTIONS).await?;
    load::unary::run(&channels, envelopes(150_000), plan(64)).await
}

/// Envelopes of the usual size; nobody looks at their signatures.
fn envelopes(count: usize) -> Vec<v1::Envelope> {
    let payload = bytes::Bytes::from(vec![0x5a; MESSAGE_BYTES]);
    let one = v1::Envelope {
        payload_type: granary_core::snapshot::PAYLOAD_TYPE.to_owned(),
        payload,
        signatures: vec![v1::Signature {
            key_id: vec![0; 32],
            signature: vec![0; 64],
        }],
    };
    vec![one; count]
}
