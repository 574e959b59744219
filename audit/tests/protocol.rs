//! The worked example of `docs/PROTOCOL.md`, computed anew: every value that the page prints is looked for in it, so that
//! the page and the program cannot drift apart.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use granary_audit::verify;
use granary_core::{
    catalogue::Bundle,
    decimal::Decimal,
    digest::Digest,
    envelope::{self, PublicKey, Signature, pre_authentication_encoding},
    ledger::{Act, Deed, JournalEntry, RefusalCode, Subject, act},
    log::{Checkpoint, Frontier, Growth, KeyName, Receipt, VerifierKey, leaf_hash},
    snapshot::{self, Observation, ObservationStatus, SlotKey, Snapshot},
};
use granary_proto::v1;

const PAGE: &str = include_str!("../../docs/PROTOCOL.md");
const ORIGIN: &str = "city.example/granary";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The page folds long values; what is compared has no white space.
fn check(values: &[(&str, String)]) {
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    let page = squeeze(PAGE);
    let missing: Vec<String> = values
        .iter()
        .filter(|(_, value)| !page.contains(&squeeze(value)))
        .map(|(name, value)| format!("{name}:\n{value}"))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/PROTOCOL.md lacks\n{}",
        missing.join("\n\n")
    );
}

fn unit_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn log_key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

fn slot() -> SlotKey {
    SlotKey::new(
        "621100".parse().unwrap(),
        "annual-accounts".parse().unwrap(),
        "2021-A1".parse().unwrap(),
    )
}

fn snapshot() -> Snapshot {
    let observation = |indicator: &str, value: Option<&str>, status| Observation {
        indicator: indicator.parse().unwrap(),
        item: None,
        value: value.map(|value| Decimal::parse(value).unwrap()),
        status,
    };
    Snapshot {
        slot: slot(),
        revision: 1,
        prepared_at_ms: 1_650_000_000_000,
        catalogue_version: Digest::of(b"catalogue"),
        observations: vec![
            observation("gdp", Some("-1.50"), ObservationStatus::Normal),
            observation("secondary", None, ObservationStatus::Missing),
        ],
        sign_offs: Vec::new(),
        evidence: Vec::new(),
        explanations: Vec::new(),
        software: "example/1".into(),
    }
}

fn signature() -> Signature {
    envelope::sign(
        &unit_key(),
        snapshot::PAYLOAD_TYPE,
        &snapshot().encode().unwrap(),
    )
}

fn entry() -> Vec<u8> {
    let entry = JournalEntry {
        received_at_ms: 1_650_000_000_001,
        subject: Subject::Snapshot(slot()),
        payload_sha256: Digest::of(&snapshot().encode().unwrap()),
        signatures: vec![signature()],
    };
    entry.encode()
}

fn receipt() -> Receipt {
    let leaves = vec![leaf_hash(b"zero"), leaf_hash(&entry()), leaf_hash(b"two")];
    let growth = Growth::new(&Frontier::empty(), leaves);
    let checkpoint = Checkpoint::new(ORIGIN, growth.size(), growth.root()).unwrap();
    let note = checkpoint
        .sign(&KeyName::new(ORIGIN).unwrap(), &log_key())
        .unwrap();
    Receipt {
        entry: entry(),
        index: 1,
        proof: growth.proof(1).unwrap(),
        checkpoint: note.to_text(),
    }
}

fn verifier() -> VerifierKey {
    VerifierKey::new(KeyName::new(ORIGIN).unwrap(), log_key().verifying_key()).unwrap()
}

#[test]
fn the_signed_bytes_are_those_on_the_page() {
    let payload = snapshot().encode().unwrap();
    let public = PublicKey::Ed25519(unit_key().verifying_key());
    check(&[
        ("unit public key", hex(&public.to_bytes())),
        ("unit key id", public.key_id().to_string()),
        ("snapshot payload", hex(&payload)),
        ("snapshot payload SHA-256", Digest::of(&payload).to_string()),
        (
            "snapshot PAE",
            hex(&pre_authentication_encoding(
                snapshot::PAYLOAD_TYPE,
                &payload,
            )),
        ),
        ("snapshot signature", hex(&signature().bytes)),
    ]);
}

#[test]
fn the_enrolment_is_that_on_the_page() {
    let secret = [5; 32];
    let authority = Digest::of(b"authority");
    let token = format!(
        "granary1.{}.{}",
        URL_SAFE_NO_PAD.encode(authority.as_bytes()),
        URL_SAFE_NO_PAD.encode(secret)
    );
    let deed = Deed::EnrolKey {
        unit: "621100".parse().unwrap(),
        key: PublicKey::Ed25519(unit_key().verifying_key()),
        token: secret,
        label: "office".into(),
    };
    let act = Act {
        issued_at_ms: 1_650_000_000_000,
        nonce: [6; 16],
        deed,
        person: String::new(),
    };
    let payload = act.encode();
    let signature = envelope::sign(&unit_key(), act::PAYLOAD_TYPE, &payload);
    check(&[
        ("token", token),
        ("act payload", hex(&payload)),
        ("act signature", hex(&signature.bytes)),
    ]);
}

#[test]
fn the_receipt_is_that_on_the_page_and_it_verifies() {
    let receipt = receipt();
    check(&[
        ("log verifier key", verifier().to_string()),
        ("entry", hex(&receipt.entry)),
        ("leaf hash", leaf_hash(&receipt.entry).to_string()),
        ("leaf of zero", leaf_hash(b"zero").to_string()),
        ("leaf of two", leaf_hash(b"two").to_string()),
        (
            "root",
            receipt.verify(&verifier()).unwrap().root().to_string(),
        ),
    ]);
    assert!(
        PAGE.contains(&receipt.to_text()),
        "docs/PROTOCOL.md lacks, line by line,\n{}",
        receipt.to_text()
    );
    let proof = verify::receipt(receipt.to_text().as_bytes(), &verifier()).unwrap();
    assert!(verify::payload(&proof, &snapshot().encode().unwrap()).is_ok());
}

#[test]
fn the_bundle_is_that_on_the_page() {
    let files = BTreeMap::from([
        ("b.toml".to_owned(), "y".to_owned()),
        ("a.toml".to_owned(), "x".to_owned()),
    ]);
    let bundle = Bundle::new(files).unwrap();
    check(&[
        ("bundle", hex(&bundle.encode())),
        ("version", bundle.version().to_string()),
    ]);
}

#[test]
fn each_refusal_has_its_row_with_its_number_and_whether_to_retry() {
    for code in RefusalCode::ALL {
        let name = v1::RefusalCode::try_from(code.number())
            .unwrap()
            .as_str_name();
        let retry = if code.retryable() { "yes" } else { "no" };
        let row = format!("| {} | `{name}` | {retry} |", code.number());
        assert!(PAGE.contains(&row), "docs/PROTOCOL.md lacks the row {row}");
    }
}
