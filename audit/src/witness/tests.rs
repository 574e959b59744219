//! The witness by itself: each status of the specification, what is durable, and forks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ops::Range;

use granary_core::log::{Frontier, Growth, Hash, NodeId, empty_root, leaf_hash, proof};

use super::*;

const ORIGIN: &str = "city.example/log";

struct Log(Vec<Hash>);

impl Log {
    fn of(leaves: Range<u64>) -> Self {
        Self(leaves.map(|leaf| leaf_hash(&leaf.to_be_bytes())).collect())
    }

    fn root(&self, size: usize) -> Hash {
        Growth::new(&Frontier::empty(), self.0[..size].to_vec()).root()
    }

    fn proof(&self, old: u64, new: u64) -> Vec<Hash> {
        let node = |node: NodeId| {
            let width = 1_usize << node.level;
            let start = usize::try_from(node.index).unwrap() * width;
            let leaves = self.0.get(start..start + width)?.to_vec();
            Some(Growth::new(&Frontier::empty(), leaves).root())
        };
        proof::consistency_proof(old, new, node).unwrap()
    }

    /// The request to go from `old` to `new` entries.
    fn request(&self, old: usize, new: usize) -> AddCheckpoint {
        let has_proof = old > 0 && old < new;
        AddCheckpoint {
            old_size: old as u64,
            proof: if has_proof {
                self.proof(old as u64, new as u64)
            } else {
                Vec::new()
            },
            checkpoint: signed(ORIGIN, new as u64, self.root(new), 1),
        }
    }
}

fn signed(origin: &str, size: u64, root: Hash, seed: u8) -> String {
    let name = KeyName::new(origin).unwrap();
    let checkpoint = Checkpoint::new(origin, size, root).unwrap();
    checkpoint
        .sign(&name, &SigningKey::from_bytes(&[seed; 32]))
        .unwrap()
        .to_text()
}

fn log_key() -> VerifierKey {
    let key = SigningKey::from_bytes(&[1; 32]).verifying_key();
    VerifierKey::new(KeyName::new(ORIGIN).unwrap(), key).unwrap()
}

fn open(state: &Path) -> Result<Witness, StartError> {
    let (name, key) = (
        KeyName::new("w.example").unwrap(),
        SigningKey::from_bytes(&[2; 32]),
    );
    Witness::open(state, log_key(), name, key, || 77)
}

struct Case {
    _folder: tempfile::TempDir,
    state: PathBuf,
    witness: Witness,
}

fn case() -> Case {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    Witness::init(&state).unwrap();
    Case {
        witness: open(&state).unwrap(),
        state,
        _folder: folder,
    }
}

impl Case {
    fn check(&self, request: &str, status: u16, body: &str) {
        let answer = self.witness.add_checkpoint(request.as_bytes());
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(answer.body.contains(body), "{} has no {body}", answer.body);
        let expected = if status == 409 {
            "text/x.tlog.size"
        } else {
            "text/plain; charset=utf-8"
        };
        assert_eq!(answer.content_type, expected);
    }

    fn take(&self, request: &AddCheckpoint) {
        self.check(&request.to_text(), 200, "— w.example ");
    }
}

#[test]
fn a_growing_log_is_cosigned_and_the_head_is_durable_before_the_answer() {
    let (case, log) = (case(), Log::of(0..9));
    let answer = case
        .witness
        .add_checkpoint(log.request(0, 3).to_text().as_bytes());
    let note = SignedNote::parse(log.request(0, 3).checkpoint.as_bytes()).unwrap();
    let line = &SignedNote::parse_lines(&answer.body).unwrap()[0];
    assert_eq!(
        case.witness.public().verify(note.unverified_text(), line),
        Ok(77)
    );
    assert_eq!(
        std::fs::read_to_string(&case.state).unwrap(),
        note.to_text()
    );
    case.take(&log.request(3, 3));
    case.take(&log.request(3, 9));
    assert!(matches!(open(&case.state), Err(StartError::InUse(_))));
    let Case {
        _folder,
        state,
        witness,
    } = case;
    drop(witness);
    let witness = open(&state).unwrap();
    let answer = witness.add_checkpoint(log.request(3, 9).to_text().as_bytes());
    assert_eq!((answer.status, answer.body.as_str()), (409, "9\n"));
}

#[test]
fn each_status_of_the_specification() {
    let (case, log) = (case(), Log::of(0..9));
    let good = log.request(0, 3);
    let with = |checkpoint: String| {
        AddCheckpoint {
            checkpoint,
            ..good.clone()
        }
        .to_text()
    };
    let hash = log.root(1).to_base64();
    case.check("", 400, "the first line is not 'old'");
    case.check("old 0\n\n", 400, "");
    case.check(&with("x".repeat(2_000_000)), 400, "at most");
    case.check(
        &format!("old 0\n{}\nx", format!("{hash}\n").repeat(64)),
        400,
        "line 65",
    );
    case.check(
        &with(signed("town.example/log", 3, log.root(3), 1)),
        404,
        "",
    );
    case.check(
        &with(signed(ORIGIN, 3, log.root(3), 9)),
        403,
        "no signature of a known key",
    );
    let forged = with(good.checkpoint.replace("\n3\n", "\n4\n"));
    case.check(&forged, 403, "does not fit the text");
    let reversed = AddCheckpoint {
        old_size: 4,
        ..good.clone()
    };
    case.check(&reversed.to_text(), 400, "the old size is larger");
    case.check(&log.request(1, 3).to_text(), 409, "0\n");
    let extra = AddCheckpoint {
        proof: vec![log.root(1)],
        ..good.clone()
    };
    case.check(&extra.to_text(), 422, "not proven");
    case.check(&with(signed(ORIGIN, 0, log.root(1), 1)), 422, "not proven");
    case.check(
        &with(signed(ORIGIN, 0, empty_root(), 1)),
        200,
        "— w.example ",
    );
    case.take(&good);
}

#[test]
fn a_bad_signature_of_the_logs_key_beside_a_good_one_is_refused() {
    let (case, log) = (case(), Log::of(0..9));
    let good = log.request(0, 3);
    let bad = signed(ORIGIN, 4, log.root(4), 1);
    let bad = bad.split("\n\n").nth(1).unwrap();
    let both = AddCheckpoint {
        checkpoint: format!("{}{bad}", good.checkpoint),
        ..good.clone()
    };
    case.check(&both.to_text(), 403, "does not fit the text");
    let unknown = signed(ORIGIN, 4, log.root(4), 9);
    let unknown = unknown.split("\n\n").nth(1).unwrap();
    let checkpoint = format!("{}{unknown}", good.checkpoint);
    case.take(&AddCheckpoint { checkpoint, ..good });
}

#[test]
fn a_fork_is_refused_and_kept_as_evidence() {
    let (case, log) = (case(), Log::of(0..9));
    case.take(&log.request(0, 6));
    let mut other = Log::of(0..9);
    other.0[3] = leaf_hash(b"another");
    case.check(&other.request(6, 6).to_text(), 409, "6\n");
    case.check(
        &other.request(6, 9).to_text(),
        422,
        "not proven that the log of 9",
    );
    let evidence = case.state.with_file_name("state.fork");
    let file = |name: &str| std::fs::read_to_string(evidence.join(name)).unwrap();
    assert_eq!(file("seen.checkpoint"), log.request(0, 6).checkpoint);
    assert_eq!(
        file("request.txt"),
        other.request(6, 6).to_text(),
        "the first is kept"
    );
    case.take(&log.request(6, 9));
}

#[test]
fn a_lost_or_damaged_state_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    assert!(matches!(open(&state), Err(StartError::Missing(_))));
    Witness::init(&state).unwrap();
    assert!(matches!(Witness::init(&state), Err(StartError::Exists(_))));
    std::fs::write(&state, "torn").unwrap();
    let error = open(&state).err().unwrap();
    assert!(error.message().en.contains("restore it from a copy"));
    assert!(error.message().zh.contains("副本"));
}
