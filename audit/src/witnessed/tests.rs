//! `verify --policy` from outside: k of n, and every way in which cosignatures do not count.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use ed25519_dalek::SigningKey;
use granary_core::{
    digest::Digest,
    envelope,
    ledger::{JournalEntry, Subject, act},
    log::{
        Checkpoint, Frontier, Growth, KeyName, Receipt, SignedNote, VerifierKey, WitnessKey,
        cosignature::cosign, leaf_hash,
    },
};

use crate::cli::{Response, respond};

const ORIGIN: &str = "city.example/granary";
const TIME_S: u64 = 1_634_011_200;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn name(text: &str) -> KeyName {
    KeyName::new(text).unwrap()
}

fn log_key() -> String {
    VerifierKey::new(name(ORIGIN), key(1).verifying_key())
        .unwrap()
        .to_string()
}

fn policy(quorum: &str) -> String {
    let witness = |seed: u8| {
        let key = WitnessKey::new(name(&format!("w{seed}.example")), key(seed).verifying_key());
        format!("witness w{seed} {}\n", key.unwrap())
    };
    let witnesses: String = (2..=4).map(witness).collect();
    format!(
        "log {}\n{witnesses}group g 2 w2 w3 w4\nquorum {quorum}\n",
        log_key()
    )
}

/// A receipt of a log of `size` entries, cosigned by these witnesses at these times.
fn receipt(size: u64, cosigners: &[(u8, u64)]) -> Receipt {
    let entry = JournalEntry {
        received_at_ms: 1_634_011_147_250,
        subject: Subject::Act,
        payload_sha256: Digest::of(b"act"),
        signatures: vec![envelope::sign(&key(5), act::PAYLOAD_TYPE, b"act")],
    }
    .encode();
    let rest = (1..size).map(|n| leaf_hash(&n.to_be_bytes()));
    let leaves = std::iter::once(leaf_hash(&entry)).chain(rest).collect();
    let growth = Growth::new(&Frontier::empty(), leaves);
    let head = Checkpoint::new(ORIGIN, growth.size(), growth.root()).unwrap();
    let note = head.sign(&name(ORIGIN), &key(1)).unwrap();
    let note = cosigners.iter().fold(note, |note, (seed, time_s)| {
        let line = cosign(
            note.unverified_text(),
            &name(&format!("w{seed}.example")),
            &key(*seed),
            *time_s,
        );
        note.with_signature(line).unwrap()
    });
    Receipt {
        entry,
        index: 0,
        proof: growth.proof(0).unwrap(),
        checkpoint: note.to_text(),
    }
}

fn verified(receipt: &Receipt, policy: &str, more: &[&str]) -> Response {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (receipt, policy) = (
        write("receipt", &receipt.to_text()),
        write("policy", policy),
    );
    let log_key = log_key();
    let args = [
        "granary-audit",
        "verify",
        &receipt,
        "--log-key",
        &log_key,
        "--policy",
        &policy,
    ];
    let args = args.iter().chain(more).map(Into::into).collect();
    assert!(Path::new(&receipt).exists());
    respond(args, &|_| None)
}

fn check(receipt: &Receipt, quorum: &str, code: u8, zh: &str, en: &str) {
    for (language, expected) in [("zh", zh), ("en", en)] {
        let response = verified(receipt, &policy(quorum), &["--lang", language]);
        assert_eq!(response.code, code, "{}{}", response.output, response.error);
        assert!(response.output.contains(expected), "{}", response.output);
    }
}

#[test]
fn k_of_n_says_what_it_proves_and_by_when() {
    let witnessed = receipt(5, &[(2, TIME_S), (4, TIME_S + 60), (3, TIME_S + 90)]);
    check(
        &witnessed,
        "g",
        0,
        "按其时钟，最迟 2021-10-12 12:01:00 +08:00 已是如此",
        "by their clocks it stood by 2021-10-12 12:01:00 +08:00 at the latest",
    );
    check(
        &witnessed,
        "g",
        0,
        "如果达到法定数的见证方与市里串通",
        "should the witnesses of the quorum collude",
    );
    check(
        &witnessed,
        "w4",
        0,
        "已按政策见证（w4）",
        "as the policy asks (w4)",
    );
    check(
        &receipt(5, &[]),
        "none",
        0,
        "政策不要求见证",
        "asks for no witness",
    );
}

#[test]
fn too_few_unknown_doubled_and_early_cosignatures_do_not_count() {
    let future = u64::try_from(jiff::Timestamp::now().as_second()).unwrap() + 3_600;
    for cosigners in [
        &[][..],
        &[(2, TIME_S)],
        &[(2, TIME_S), (2, TIME_S + 1), (2, TIME_S)],
        &[(2, TIME_S), (9, TIME_S)],
        &[(2, TIME_S), (3, future)],
    ] {
        let zh = "未按政策见证：没有达到 g (2 of 3)";
        check(
            &receipt(5, cosigners),
            "g",
            1,
            zh,
            "g (2 of 3) is not reached",
        );
    }
    let ahead = receipt(5, &[(2, TIME_S), (3, future)]);
    check(
        &ahead,
        "g",
        1,
        "在未来，不计入",
        "lies in the future and does not count",
    );
    let unknown = receipt(5, &[(2, TIME_S), (9, TIME_S)]);
    check(
        &unknown,
        "g",
        1,
        "另有 1 个签名",
        "1 signatures of keys that the policy does not know",
    );
}

#[test]
fn a_forged_cosignature_beside_good_ones_spoils_the_receipt() {
    let mut spoiled = receipt(5, &[(2, TIME_S), (4, TIME_S)]);
    // Of another head of the same log.
    let other = SignedNote::parse(receipt(6, &[(3, TIME_S)]).checkpoint.as_bytes()).unwrap();
    spoiled.checkpoint += &other.signatures()[1].to_line();
    check(
        &spoiled,
        "g",
        1,
        "是伪造、被改动，或属于另一个检查点或日志",
        "does not hold, and nothing is proved",
    );
    let json = verified(&spoiled, &policy("g"), &["--json"]);
    assert!(
        json.output.contains("\"fault\": \"cosignature\""),
        "{}",
        json.output
    );
}

#[test]
fn programs_get_the_same_answer() {
    let response = verified(
        &receipt(5, &[(2, TIME_S), (4, TIME_S)]),
        &policy("g"),
        &["--json"],
    );
    let answer: serde_json::Value = serde_json::from_str(&response.output).unwrap();
    let witnessed = &answer["witnessed"];
    assert_eq!(witnessed["reached"], true);
    assert_eq!(witnessed["reached_at_ms"], TIME_S * 1_000);
    assert_eq!(witnessed["counted"][1]["witness"], "w4");
}

#[test]
fn a_faulty_policy_names_its_line_and_another_log_is_refused() {
    let receipt = receipt(5, &[]);
    let response = verified(&receipt, "quorum x\n", &["--lang", "en"]);
    assert_eq!(response.code, 2);
    assert!(
        response
            .error
            .contains("line 1: the name 'x' is not defined")
    );
    let other = VerifierKey::new(name("town.example/log"), key(7).verifying_key()).unwrap();
    let response = verified(
        &receipt,
        &format!("log {other}\nquorum none\n"),
        &["--lang", "zh"],
    );
    assert_eq!(response.code, 1);
    assert!(response.output.contains("政策中的日志不是这把密钥的日志"));
}
