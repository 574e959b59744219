//! `granary-audit verify` from outside: receipts that hold, and every way in which one does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use granary_audit::cli::{Response, respond};
use granary_core::{
    digest::Digest,
    envelope,
    ledger::{JournalEntry, Subject},
    log::{
        Checkpoint, Frontier, Growth, Hash, KeyName, Receipt, SignedNote, VerifierKey, leaf_hash,
        note::NoteSignature,
    },
    snapshot::{self, SlotKey, Snapshot},
};
use tempfile::TempDir;

const ORIGIN: &str = "city.example/granary";
const RECEIVED_AT_MS: i64 = 1_634_011_147_250;

struct Case {
    folder: TempDir,
    receipt: Receipt,
    payload: Vec<u8>,
}

fn slot(unit: &str) -> SlotKey {
    SlotKey::new(
        unit.parse().unwrap(),
        "quarterly-accounts".parse().unwrap(),
        "2021-Q3".parse().unwrap(),
    )
}

fn payload() -> Vec<u8> {
    let snapshot = Snapshot {
        slot: slot("520100"),
        revision: 2,
        prepared_at_ms: RECEIVED_AT_MS - 60_000,
        catalogue_version: Digest::of(b"catalogue"),
        observations: Vec::new(),
        sign_offs: Vec::new(),
        evidence: Vec::new(),
        explanations: Vec::new(),
        software: "test/1".into(),
    };
    snapshot.encode().unwrap()
}

fn log_key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn vkey(origin: &str, seed: u8) -> String {
    let name = KeyName::new(origin).unwrap();
    VerifierKey::new(name, log_key(seed).verifying_key())
        .unwrap()
        .to_string()
}

fn key() -> String {
    vkey(ORIGIN, 9)
}

/// A receipt for the payload as the entry with index 3 of a tree of 6, journaled for `unit`.
fn receipt(unit: &str) -> Receipt {
    let payload = payload();
    let signature = envelope::sign(
        &SigningKey::from_bytes(&[7; 32]),
        snapshot::PAYLOAD_TYPE,
        &payload,
    );
    let entry = JournalEntry {
        received_at_ms: RECEIVED_AT_MS,
        subject: Subject::Snapshot(slot(unit)),
        payload_sha256: Digest::of(&payload),
        signatures: vec![signature],
    };
    let entry = entry.encode();
    let mut leaves: Vec<_> = (0..6_u8).map(|n| leaf_hash(&[n])).collect();
    leaves[3] = leaf_hash(&entry);
    let growth = Growth::new(&Frontier::empty(), leaves);
    let checkpoint = Checkpoint::new(ORIGIN, growth.size(), growth.root()).unwrap();
    let note = checkpoint
        .sign(&KeyName::new(ORIGIN).unwrap(), &log_key(9))
        .unwrap();
    Receipt {
        entry,
        index: 3,
        proof: growth.proof(3).unwrap(),
        checkpoint: note.to_text(),
    }
}

impl Case {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            receipt: receipt("520100"),
            payload: payload(),
        }
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs `verify` on a receipt with further arguments.
    fn verify(&self, receipt: impl AsRef<[u8]>, more: &[&str]) -> Response {
        let path = self.file("a.receipt", receipt);
        run(&[["verify", path.to_str().unwrap()].as_slice(), more].concat())
    }

    /// The receipt does not hold, and the reason is `word`.
    fn refuted(&self, receipt: impl AsRef<[u8]>, key: &str, word: &str) {
        let response = self.verify(receipt, &["--log-key", key, "--json"]);
        let json: serde_json::Value = serde_json::from_str(&response.output).unwrap();
        assert_eq!(
            (response.code, json["holds"].as_bool()),
            (1, Some(false)),
            "{json}"
        );
        assert_eq!(json["fault"], word, "{json}");
        assert!(json["message"]["zh"].is_string() && json["message"]["en"].is_string());
    }
}

fn run(args: &[&str]) -> Response {
    let args = ["granary-audit"]
        .iter()
        .chain(args)
        .map(Into::into)
        .collect();
    respond(args, &|_| None)
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_good_receipt_says_what_it_proves_and_what_it_does_not() {
    let case = Case::new();
    let text = case.receipt.to_text();
    for language in ["zh", "en"] {
        let response = case.verify(&text, &["--log-key", &key(), "--lang", language]);
        assert_eq!((response.code, response.error.as_str()), (0, ""));
        insta::assert_snapshot!(format!("receipt_{language}"), response.output);
    }
}

#[test]
fn a_payload_is_compared_with_the_entry() {
    let case = Case::new();
    let good = case.file("good", &case.payload);
    let bad = case.file("bad", [case.payload.as_slice(), b"x"].concat());
    let text = case.receipt.to_text();
    let with = |payload: &Path, more: &[&str]| {
        let key = key();
        let own = [
            "--log-key",
            &key,
            "--payload",
            path(payload),
            "--lang",
            "en",
        ];
        let args = [own.as_slice(), more].concat();
        case.verify(&text, &args)
    };
    let holds = with(&good, &[]);
    assert_eq!(holds.code, 0);
    assert!(
        holds.output.contains("revision 2, 0 observations"),
        "{}",
        holds.output
    );
    assert!(!holds.output.contains("what the payload says"));
    let refuted = with(&bad, &["--json"]);
    assert_eq!(refuted.code, 1);
    assert!(
        refuted.output.contains("payload_digest"),
        "{}",
        refuted.output
    );
}

#[test]
fn an_entry_for_another_unit_than_its_payload_is_noticed() {
    let case = Case::new();
    let good = case.file("good", &case.payload);
    let foreign = receipt("520200").to_text();
    let response = case.verify(
        foreign,
        &["--log-key", &key(), "--payload", path(&good), "--json"],
    );
    assert_eq!(response.code, 1);
    assert!(
        response.output.contains("payload_content"),
        "{}",
        response.output
    );
}

#[test]
fn every_kind_of_damage_is_refuted() {
    let case = Case::new();
    let good = case.receipt.to_text();
    case.refuted(&good, &vkey(ORIGIN, 8), "another_key");
    case.refuted(&good, &vkey("town.example/granary", 9), "another_key");
    let mut altered = case.receipt.clone();
    *altered.entry.last_mut().unwrap() ^= 1;
    case.refuted(altered.to_text(), &key(), "inclusion");
    let mut moved = case.receipt.clone();
    moved.index = 2;
    case.refuted(moved.to_text(), &key(), "inclusion");
    moved.index = 6;
    case.refuted(moved.to_text(), &key(), "inclusion");
    let mut signed = case.receipt.clone();
    signed.checkpoint = signed.checkpoint.replacen("\n6\n", "\n7\n", 1);
    case.refuted(signed.to_text(), &key(), "log_signature");
    case.refuted(good.replace('\n', "\r\n"), &key(), "text");
    case.refuted(good.replacen("@v1", "@v2", 1), &key(), "receipt_form");
    case.refuted([0xff, 0xfe], &key(), "text");
}

#[test]
fn a_receipt_cut_anywhere_is_refuted() {
    let case = Case::new();
    let good = case.receipt.to_text();
    for length in 0..good.len() {
        let response = case.verify(&good.as_bytes()[..length], &["--log-key", &key()]);
        assert_eq!(
            response.code, 1,
            "cut to {length} bytes: {}",
            response.output
        );
    }
}

#[test]
fn what_the_log_signed_must_be_a_journal_entry() {
    let case = Case::new();
    let growth = Growth::new(&Frontier::empty(), vec![leaf_hash(b"no entry")]);
    let checkpoint = Checkpoint::new(ORIGIN, 1, growth.root()).unwrap();
    let note = checkpoint
        .sign(&KeyName::new(ORIGIN).unwrap(), &log_key(9))
        .unwrap();
    let receipt = Receipt {
        entry: b"no entry".to_vec(),
        index: 0,
        proof: Vec::new(),
        checkpoint: note.to_text(),
    };
    case.refuted(receipt.to_text(), &key(), "entry");
}

#[test]
fn a_checkpoint_alone_is_verified() {
    let case = Case::new();
    let note = case.file("checkpoint", &case.receipt.checkpoint);
    let ask = |file: &Path, more: &[&str]| {
        run(&[["verify", "--checkpoint", path(file)].as_slice(), more].concat())
    };
    let good = ask(&note, &["--log-key", &key(), "--lang", "en"]);
    assert_eq!(good.code, 0);
    insta::assert_snapshot!("checkpoint_en", good.output);
    let altered = case.file(
        "altered",
        case.receipt.checkpoint.replacen("\n6\n", "\n5\n", 1),
    );
    let bad = ask(&altered, &["--log-key", &key()]);
    assert_eq!(bad.code, 1);
    assert!(bad.output.contains("不成立"), "{}", bad.output);
}

#[test]
fn the_key_may_stand_in_a_file() {
    let case = Case::new();
    let file = case.file("log.vkey", format!("{}\n", key()));
    assert_eq!(
        case.verify(case.receipt.to_text(), &["--log-key", path(&file)])
            .code,
        0
    );
}

#[test]
fn what_is_no_verdict_exits_with_two() {
    let case = Case::new();
    let text = case.receipt.to_text();
    let failed = |response: Response, words: &str| {
        assert_eq!((response.code, response.output.as_str()), (2, ""));
        assert!(response.error.contains(words), "{}", response.error);
    };
    failed(
        case.verify(&text, &["--log-key", "no such key", "--lang", "en"]),
        "neither a log's key",
    );
    failed(
        case.verify(
            &text,
            &["--log-key", &key().replace("+", "-"), "--lang", "en"],
        ),
        "neither a log's key",
    );
    failed(
        run(&[
            "verify",
            "gone.receipt",
            "--log-key",
            &key(),
            "--lang",
            "en",
        ]),
        "cannot read gone.receipt",
    );
    failed(run(&["verify", "--log-key", &key()]), "RECEIPT");
    failed(case.verify(&text, &[]), "--log-key");
    let huge = case.file("huge.vkey", vec![b'x'; 5_000]);
    failed(
        case.verify(&text, &["--log-key", path(&huge), "--lang", "en"]),
        "more than 4096 bytes",
    );
}

#[test]
fn the_json_of_a_receipt_has_its_shape() {
    let case = Case::new();
    let response = case.verify(case.receipt.to_text(), &["--log-key", &key(), "--json"]);
    insta::assert_snapshot!("receipt_json", response.output);
}

#[test]
fn help_speaks_both_languages() {
    for language in ["zh", "en"] {
        let response = run(&["completeness", "--help", "--lang", language]);
        assert_eq!((response.code, response.error.as_str()), (0, ""));
        insta::assert_snapshot!(format!("help_{language}"), response.output);
    }
}

/// Receipts as an attacker would make them, by name.
type Attacks = Vec<(&'static str, String)>;

/// The good receipt with a change.
fn changed(case: &Case, change: impl FnOnce(&mut Receipt)) -> String {
    let mut receipt = case.receipt.clone();
    change(&mut receipt);
    receipt.to_text()
}

fn attacks_on_the_entry(case: &Case) -> Attacks {
    let entry = JournalEntry::decode(&case.receipt.entry).unwrap();
    let back_dated = JournalEntry {
        received_at_ms: RECEIVED_AT_MS - 86_400_000,
        ..entry
    };
    let with = |change: &dyn Fn(&mut Receipt)| changed(case, change);
    vec![
        (
            "the receive time is put back",
            with(&|r| r.entry = back_dated.encode()),
        ),
        ("the index is another", with(&|r| r.index = 4)),
        (
            "the index is beyond the tree",
            with(&|r| r.index = u64::MAX),
        ),
        ("the proof is turned round", with(&|r| r.proof.reverse())),
        ("the proof is left out", with(&|r| r.proof.clear())),
        ("nothing at all", String::new()),
    ]
}

fn attacks_on_the_checkpoint(case: &Case) -> Attacks {
    let good = case.receipt.checkpoint.clone();
    let note = SignedNote::parse(good.as_bytes()).unwrap();
    let name = KeyName::new(ORIGIN).unwrap();
    let rewritten = Checkpoint::new(ORIGIN, 6, Hash::from_bytes([1; 32])).unwrap();
    let rewritten = rewritten.sign(&name, &log_key(9)).unwrap().to_text();
    let wrong = SignedNote::sign("another text\n", &name, &log_key(9)).unwrap();
    let beside =
        |line: &NoteSignature| note.clone().with_signature(line.clone()).unwrap().to_text();
    let (_, signature) = good.rsplit_once("— ").unwrap();
    let many = format!("{good}{}", format!("— {signature}").repeat(100));
    let checkpoints = [
        ("the log is shrunk", good.replacen("\n6\n", "\n5\n", 1)),
        ("the log is rewritten and signed again", rewritten),
        (
            "a wrong signature of the log stands beside the right one",
            beside(&wrong.signatures()[0]),
        ),
        (
            "the right signature stands there twice",
            beside(&note.signatures()[0]),
        ),
        (
            "the signatures are left out",
            format!("{}\n", note.unverified_text()),
        ),
        ("a hundred and one signatures", many),
        ("the checkpoint is left out", String::new()),
        (
            "an endless checkpoint",
            format!("{}\n{good}", "x".repeat(1_000_000)),
        ),
    ];
    let with = |checkpoint: String| changed(case, |receipt| receipt.checkpoint = checkpoint);
    checkpoints
        .map(|(name, checkpoint)| (name, with(checkpoint)))
        .into()
}

#[test]
fn every_attack_on_a_receipt_is_answered_in_words() {
    let case = Case::new();
    let mut told = String::new();
    for (name, receipt) in [
        attacks_on_the_entry(&case),
        attacks_on_the_checkpoint(&case),
    ]
    .concat()
    {
        let response = case.verify(&receipt, &["--log-key", &key(), "--json"]);
        let json: serde_json::Value = serde_json::from_str(&response.output).unwrap();
        let text = |part: &serde_json::Value| part.as_str().unwrap_or("-").to_owned();
        told += &format!("{name}: exit {}, {}\n", response.code, text(&json["fault"]));
        for language in ["zh", "en"] {
            told += &format!("  {}\n", text(&json["message"][language]));
        }
    }
    insta::assert_snapshot!("attacks_on_a_receipt", told);
    // Longer than any receipt: not even read to its end.
    let giant = case.verify(
        vec![b'x'; 2_000_000],
        &["--log-key", &key(), "--lang", "en"],
    );
    assert_eq!((giant.code, giant.output.as_str()), (2, ""));
    assert!(
        giant.error.contains("it is not the file that is meant"),
        "{}",
        giant.error
    );
}
