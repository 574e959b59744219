//! A log as files, and a server that hands out whatever files it is given.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use ed25519_dalek::SigningKey;
use flate2::{Compression, write::GzEncoder};
use granary_core::{
    digest::Digest,
    envelope::{KeyId, Signature},
    ledger::{JournalEntry, Subject},
    log::{
        Checkpoint, KeyName, Tile, TileEdge, TilePath, VerifierKey, leaf_hash, tiles::push_entry,
    },
    snapshot::SlotKey,
};

/// What is served, by path without a leading slash.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The entries of a log.
#[derive(Clone)]
pub(crate) struct Log {
    entries: Vec<Vec<u8>>,
}

/// A server on a port of its own; it ends with the test.
pub(crate) struct Served {
    files: Arc<Mutex<Files>>,
    port: u16,
}

impl Log {
    pub(crate) fn of(size: u64) -> Self {
        let entries = (0..size).map(|index| entry(index, 1_640_000_000_000 + index as i64));
        Self {
            entries: entries.collect(),
        }
    }

    pub(crate) fn first(&self, size: u64) -> Self {
        Self {
            entries: self.entries[..size as usize].to_vec(),
        }
    }

    /// The log with another payload at one place.
    pub(crate) fn altered(&self, index: u64) -> Self {
        self.with(
            index,
            entry(index + 1_000_000, 1_640_000_000_000 + index as i64),
        )
    }

    /// The log with one entry that claims to be older than the one in front of it.
    pub(crate) fn received_early(&self, index: u64) -> Self {
        self.with(index, entry(index, 1_600_000_000_000))
    }

    /// The log with something at one place that is no entry.
    pub(crate) fn garbled(&self, index: u64) -> Self {
        self.with(index, b"not an entry".to_vec())
    }

    fn with(&self, index: u64, entry: Vec<u8>) -> Self {
        let mut entries = self.entries.clone();
        entries[index as usize] = entry;
        Self { entries }
    }

    /// Checkpoint, tiles and bundles.
    pub(crate) fn files(&self, origin: &str, seed: u8) -> Files {
        let leaves = self.entries.iter().map(|entry| leaf_hash(entry)).collect();
        let growth = TileEdge::empty().grow(leaves);
        let edge = growth.edge();
        let root = edge.frontier().root();
        let name = KeyName::new(origin).unwrap();
        let checkpoint = Checkpoint::new(origin, edge.size(), root).unwrap();
        let note = checkpoint.sign(&name, &signing_key(seed)).unwrap();
        let tiles = growth.full_tiles().iter().chain(growth.open_tiles());
        let mut files: Files = tiles
            .map(|tile: &Tile| (tile.path().to_string(), tile.to_bytes()))
            .collect();
        files.insert("checkpoint".into(), note.to_text().into_bytes());
        for (index, entries) in (0..).zip(self.entries.chunks(256)) {
            let mut bundle = Vec::new();
            for entry in entries {
                push_entry(&mut bundle, entry).unwrap();
            }
            let path = TilePath::entries(index, edge.size()).unwrap();
            files.insert(path.to_string(), bundle);
        }
        files
    }
}

impl Served {
    pub(crate) fn start(files: Files) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let files = Arc::new(Mutex::new(files));
        let shared = Arc::clone(&files);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let files = Arc::clone(&shared);
                thread::spawn(move || converse(&stream, &files));
            }
        });
        Self { files, port }
    }

    pub(crate) fn serve(&self, files: Files) {
        *self.files.lock().unwrap() = files;
    }

    /// With a path in front, which a log behind a proxy has.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/city/", self.port)
    }
}

pub(crate) fn key_of(origin: &str, seed: u8) -> VerifierKey {
    let name = KeyName::new(origin).unwrap();
    VerifierKey::new(name, signing_key(seed).verifying_key()).unwrap()
}

pub(crate) fn compress(bytes: &mut Vec<u8>) {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    *bytes = encoder.finish().unwrap();
}

fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// Every seventh is an act.
fn entry(index: u64, received_at_ms: i64) -> Vec<u8> {
    let slot = SlotKey {
        unit: "520100".parse().unwrap(),
        dataset: "budget".parse().unwrap(),
        period: "2021-M03".parse().unwrap(),
    };
    let subject = if index.is_multiple_of(7) {
        Subject::Act
    } else {
        Subject::Snapshot(slot)
    };
    JournalEntry {
        received_at_ms,
        subject,
        payload_sha256: Digest::of(&index.to_be_bytes()),
        signatures: vec![Signature {
            key_id: KeyId::from_slice(&[7; 32]).unwrap(),
            bytes: vec![9; 64],
        }],
    }
    .encode()
}

/// Answers requests until the reader goes away.
fn converse(stream: &TcpStream, files: &Mutex<Files>) {
    let mut writer = stream;
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(request)) = lines.next() {
        while lines
            .next()
            .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
        {}
        let path = request.split(' ').nth(1).unwrap();
        let found = path
            .strip_prefix("/city/")
            .and_then(|path| files.lock().unwrap().get(path).cloned());
        let (status, body) = match found {
            Some(body) => ("200 OK", body),
            None => ("404 Not Found", b"nothing\n".to_vec()),
        };
        let is_gzip = body.starts_with(&[0x1f, 0x8b]);
        let coding = if is_gzip {
            "content-encoding: gzip\r\n"
        } else {
            ""
        };
        let head = format!(
            "HTTP/1.1 {status}\r\n{coding}content-length: {}\r\n\r\n",
            body.len()
        );
        if writer
            .write_all(&[head.as_bytes(), &body].concat())
            .is_err()
        {
            return;
        }
    }
}
