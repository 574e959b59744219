//! The core writes the bytes that the published `.proto` files describe, and these bytes do not change by accident.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ed25519_dalek::SigningKey;
use granary_core::{
    bulletin,
    catalogue::Bundle,
    code::{EditId, IndicatorCode, ItemKey},
    completeness::SlotState,
    decimal::Decimal,
    digest::Digest,
    envelope::{self, KeyRole, PublicKey, SecretKey, Signature, Suite},
    ledger::{
        Act, Arrival, Deed, JournalEntry, LogIndex, Outcome, RefusalCode, Subject,
        publication::Publication,
    },
    scorecard,
    snapshot::{
        Evidence, Explanation, Observation, ObservationStatus, SignOff, SignOffRole, SlotKey,
        Snapshot,
    },
};
use granary_proto::v1;
use prost::Message as _;

fn slot() -> SlotKey {
    SlotKey::new(
        "621100".parse().unwrap(),
        "annual-accounts".parse().unwrap(),
        "2021-A1".parse().unwrap(),
    )
}

fn public() -> PublicKey {
    PublicKey::Ed25519(SigningKey::from_bytes(&[7; 32]).verifying_key())
}

fn snapshot() -> Snapshot {
    let observation =
        |indicator: &str, item: Option<&str>, value: Option<&str>, status| Observation {
            indicator: IndicatorCode::new(indicator).unwrap(),
            item: item.map(|item| ItemKey::new(item).unwrap()),
            value: value.map(|value| Decimal::parse(value).unwrap()),
            status,
        };
    Snapshot {
        slot: slot(),
        revision: 2,
        prepared_at_ms: 1_650_000_000_000,
        catalogue_version: Digest::of(b"catalogue"),
        observations: vec![
            observation("gdp", None, Some("-500.20"), ObservationStatus::Provisional),
            observation("road", Some("G75"), Some("0"), ObservationStatus::Normal),
            observation("secondary", None, None, ObservationStatus::Missing),
        ],
        sign_offs: vec![SignOff {
            role: SignOffRole::UnitHead,
            name: "负责人".into(),
            signed_at_ms: 5,
        }],
        evidence: vec![Evidence {
            name: "ledger.pdf".into(),
            sha256: Digest::of(b"pdf"),
        }],
        explanations: vec![Explanation {
            edit: EditId::new("SEC.PARTS").unwrap(),
            item: None,
            text: "why".into(),
        }],
        software: "test/1".into(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_snapshot_is_the_published_message() {
    let bytes = snapshot().encode().unwrap();
    let message = v1::Snapshot::decode(bytes.as_slice()).unwrap();
    assert_eq!(
        message.encode_to_vec(),
        bytes,
        "no field is unknown, and all are in order"
    );
    assert_eq!(
        (
            message.unit.as_str(),
            message.period.as_str(),
            message.revision
        ),
        ("621100", "2021-A1", 2)
    );
    let gdp = &message.observations[0];
    assert_eq!(
        gdp.value,
        Some(v1::Decimal {
            mantissa: -50020,
            scale: 2
        })
    );
    assert_eq!(gdp.status(), v1::ObservationStatus::Provisional);
    assert_eq!(message.observations[1].item.as_deref(), Some("G75"));
    assert_eq!(message.sign_offs[0].role(), v1::SignOffRole::UnitHead);
    assert_eq!(message.explanations[0].edit, "SEC.PARTS");
    // The golden digest of the bytes: a change of format is a visible diff here.
    assert_eq!(
        Digest::of(&bytes).to_string(),
        include_str!("golden/snapshot.sha256").trim()
    );
}

#[test]
fn a_journal_entry_is_the_published_message() {
    let entry = JournalEntry {
        received_at_ms: 1_650_000_000_001,
        subject: Subject::Snapshot(slot()),
        payload_sha256: Digest::of(b"payload"),
        signatures: vec![Signature {
            key_id: public().key_id(),
            bytes: vec![3; 64],
        }],
    };
    let bytes = entry.encode();
    let message = v1::JournalEntry::decode(bytes.as_slice()).unwrap();
    assert_eq!(message.encode_to_vec(), bytes);
    assert_eq!(message.kind(), v1::PayloadKind::Snapshot);
    assert_eq!(
        (message.unit.as_str(), message.dataset.as_str()),
        ("621100", "annual-accounts")
    );
    assert_eq!(hex(&bytes), include_str!("golden/entry.hex").trim());
}

/// One of every kind, in the order of `golden/acts.hex`.
fn deeds() -> Vec<Deed> {
    let mut all = first_deeds();
    all.extend(proof_deeds());
    all
}

/// What a city without proof of its own could say.
fn first_deeds() -> Vec<Deed> {
    let files = [("units.toml".to_owned(), String::new())]
        .into_iter()
        .collect();
    let reason = String::from("why");
    vec![
        Deed::Genesis {
            origin: "example.org/city".into(),
            log_public_key: [4; 32],
            operator: public(),
        },
        Deed::PublishCatalogue(Bundle::new(files).unwrap()),
        Deed::IssueToken {
            unit: "621100".parse().unwrap(),
            token_sha256: Digest::of(b"t"),
            expires_at_ms: 9,
            role: KeyRole::Agent,
        },
        Deed::EnrolKey {
            unit: "621100".parse().unwrap(),
            key: public(),
            token: [5; 32],
            label: "pc".into(),
        },
        Deed::RevokeKey {
            key_id: public().key_id(),
            reason: reason.clone(),
        },
        Deed::Extend {
            slot: slot(),
            due_at_ms: 8,
            reason: reason.clone(),
        },
        Deed::Exempt {
            slot: slot(),
            reason: reason.clone(),
        },
        Deed::Decide {
            slot: slot(),
            edit: EditId::new("SEC.PARTS").unwrap(),
            item: None,
            snapshot_index: LogIndex(7),
            accepted: true,
            reason,
        },
        Deed::ImportHistory {
            dataset: "annual-accounts".parse().unwrap(),
            source: "登记簿 2019".into(),
            arrivals: vec![Arrival {
                unit: "621100".parse().unwrap(),
                period: "2019-A1".parse().unwrap(),
                arrived_at_ms: 10,
            }],
        },
    ]
}

/// Witnesses, evidence, and keys that change.
fn proof_deeds() -> Vec<Deed> {
    vec![
        Deed::EnrolWitness {
            unit: "621100".parse().unwrap(),
            public_key: [8; 32],
            possession: [9; 64],
        },
        Deed::RequestEvidence {
            slot: slot(),
            sha256: Digest::of(b"ledger"),
            reason: "随机核查".into(),
            requester: "role:auditor".into(),
        },
        Deed::AnchorAccess {
            lines: 11,
            head: Digest::of(b"line"),
        },
        Deed::RotateKey {
            old: public().key_id(),
            new: SecretKey::from_seed(Suite::Sm2Sm3, &[7; 32])
                .unwrap()
                .public_key(),
        },
        Deed::IssueToken {
            unit: "621100".parse().unwrap(),
            token_sha256: Digest::of(b"t"),
            expires_at_ms: 9,
            role: KeyRole::StatisticsHead,
        },
        Deed::PublishBulletin(Publication {
            period: "2021-Q3".parse().unwrap(),
            as_of_ms: 12,
            applied_size: 13,
            sha256: Digest::of(b"bulletin"),
        }),
    ]
}

#[test]
fn acts_are_the_published_messages() {
    let mut all = Vec::new();
    for deed in deeds() {
        let act = Act {
            issued_at_ms: 1,
            nonce: [6; 16],
            deed,
            person: String::new(),
        };
        let bytes = act.encode();
        assert_eq!(Act::decode(&bytes).unwrap(), act);
        let message = v1::Act::decode(bytes.as_slice()).unwrap();
        assert!(message.act.is_some());
        assert_eq!(message.encode_to_vec(), bytes);
        all.push(hex(&bytes));
    }
    assert_eq!(all.join("\n"), include_str!("golden/acts.hex").trim());
}

#[test]
fn an_act_names_the_person_who_asked_for_it() {
    let deed = deeds().remove(1);
    let act = |person: &str| Act {
        issued_at_ms: 1,
        nonce: [6; 16],
        deed: deed.clone(),
        person: person.into(),
    };
    let (none, named) = (act("").encode(), act("王敏 (wang)").encode());
    assert!(named.starts_with(&none), "nothing else changes");
    assert_eq!(named[none.len()..][..2], [0xaa, 0x01], "field 21, a text");
    let message = v1::Act::decode(named.as_slice()).unwrap();
    assert_eq!(message.person, "王敏 (wang)");
    assert_eq!(message.encode_to_vec(), named);
    assert_eq!(Act::decode(&named).unwrap(), act("王敏 (wang)"));
    for (person, why) in [("x".repeat(401), "401 bytes"), ("a\nb".into(), "control")] {
        let error = Act::decode(&act(&person).encode()).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[test]
fn numbers_on_the_wire_are_the_published_ones() {
    for code in RefusalCode::ALL {
        let published = v1::RefusalCode::try_from(code.number()).unwrap();
        let expected = format!("REFUSAL_CODE_{}", code.word().to_uppercase());
        assert_eq!(published.as_str_name(), expected);
    }
    let last = RefusalCode::ALL.last().unwrap().number();
    assert!(v1::RefusalCode::try_from(last + 1).is_err());
    for role in KeyRole::ALL {
        assert!(v1::KeyRole::try_from(role.number()).is_ok());
    }
    for state in SlotState::ALL {
        let published = v1::SlotState::try_from(state.number()).unwrap();
        assert_eq!(
            published.as_str_name(),
            format!("SLOT_STATE_{state:?}").to_uppercase()
        );
    }
    for outcome in [Outcome::Accepted, Outcome::Returned, Outcome::Superseded] {
        let published = v1::Outcome::try_from(outcome.number()).unwrap();
        assert_eq!(
            published.as_str_name(),
            format!("OUTCOME_{outcome:?}").to_uppercase()
        );
    }
    for status in ObservationStatus::ALL {
        assert!(v1::ObservationStatus::try_from(status.number()).is_ok());
    }
    assert_eq!(
        v1::SignatureSuite::Ed25519 as i32,
        i32::from(Suite::Ed25519.number())
    );
    assert_eq!(
        v1::SignatureSuite::Sm2Sm3 as i32,
        i32::from(Suite::Sm2Sm3.number())
    );
}

#[test]
fn an_envelope_signature_is_fixed() {
    // Ed25519 is deterministic, so the whole envelope is golden: payload type, pre-authentication encoding, suite byte.
    let payload = snapshot().encode().unwrap();
    let signature = envelope::sign(
        &SigningKey::from_bytes(&[7; 32]),
        granary_core::snapshot::PAYLOAD_TYPE,
        &payload,
    );
    let text = format!("{}\n{}", signature.key_id, hex(&signature.bytes));
    assert_eq!(text, include_str!("golden/signature.hex").trim());
}

/// A document with something in every kind of field.
#[allow(clippy::too_many_lines)]
fn filled_bulletin() -> bulletin::Bulletin {
    let words = |zh: &str| bulletin::Words {
        zh: zh.into(),
        en: String::new(),
    };
    let named = |code: &str| bulletin::Named {
        code: code.into(),
        name: words("名"),
    };
    let value = bulletin::MeasureValue {
        measure: "on_time_rate".into(),
        value: Some(bulletin::Measured::Share(bulletin::Share {
            numerator: 1,
            denominator: 2,
        })),
    };
    let counts = bulletin::Counts {
        expected: 5,
        timely: 1,
        late: 1,
        missing: 1,
        exempt: 1,
        pending: 1,
    };
    let standing = bulletin::Standing {
        unit: named("520100"),
        rank: Some(1),
        movement: Some(-2),
        band: Some(0),
        score: "97.50".into(),
        points: vec![bulletin::Points {
            value: value.clone(),
            points: "48.75".into(),
        }],
        slots: 3,
        not_ranked: Some(words("不参加")),
        flag: true,
        last: true,
    };
    bulletin::Bulletin {
        name: words("通报"),
        period: "2021-Q1".into(),
        basis: bulletin::Basis {
            applied_size: 7,
            as_of_ms: 9,
            catalogue_version: vec![1; 32],
        },
        counts,
        leagues: vec![bulletin::League {
            scorecard: named("county"),
            standings: vec![standing],
            slots_min: 3,
            imported: true,
            ..Default::default()
        }],
        units: vec![bulletin::UnitMeasures {
            unit: named("520100"),
            counts,
            measures: vec![value],
            last_seen_ms: Some(0),
        }],
        targets: vec![bulletin::TargetLine {
            unit: named("520100"),
            half_reached: Some(false),
            rank: Some(0),
            ..Default::default()
        }],
        ..Default::default()
    }
}

#[test]
fn a_bulletin_is_the_published_message() {
    let document = filled_bulletin();
    let bytes = document.encode_to_vec();
    let message = v1::Bulletin::decode(bytes.as_slice()).unwrap();
    assert_eq!(message.encode_to_vec(), bytes, "both declarations agree");
    assert_eq!(message.counts.unwrap().expected, 5);
    let standing = &message.leagues[0].standings[0];
    assert_eq!((standing.movement, standing.last), (Some(-2), true));
}

#[test]
fn a_league_table_and_an_account_are_the_published_messages() {
    let named = |code: &str| bulletin::Named {
        code: code.into(),
        name: bulletin::Words::default(),
    };
    let document = scorecard::LeagueDocument {
        basis: bulletin::Basis {
            applied_size: 7,
            as_of_ms: 9,
            catalogue_version: vec![1; 32],
        },
        log: bulletin::LogHead {
            origin: "city.example/log".into(),
            size: 7,
            root_hash: vec![2; 32],
        },
        league: bulletin::League {
            scorecard: named("counties"),
            period: "2021-Q1".into(),
            standings: vec![bulletin::Standing::default()],
            ..Default::default()
        },
    };
    let bytes = document.encode_to_vec();
    let message = v1::LeagueDocument::decode(bytes.as_slice()).unwrap();
    assert_eq!(message.encode_to_vec(), bytes, "both declarations agree");
    assert_eq!(Digest::of(&bytes), document.sha256());

    let note = scorecard::FindingNote {
        edit: "GDP.BALANCE".into(),
        item: Some("G75".into()),
        status: 2,
        opened_index: 5,
    };
    let part = scorecard::Contribution {
        dataset: named("quarterly-accounts"),
        period: "2021-Q1".into(),
        state: SlotState::Late.number(),
        numerator: "1".into(),
        denominator: "2".into(),
        findings: vec![note],
    };
    let account = scorecard::ComponentAccount {
        full: "50.00".into(),
        contributions: vec![part],
        numerator: "1".into(),
        denominator: "2".into(),
        targets: vec![bulletin::TargetLine::default()],
        ..Default::default()
    };
    let told = scorecard::ScoreExplanation {
        scorecard: named("counties"),
        period: "2021-Q1".into(),
        accounts: vec![account],
        ..Default::default()
    };
    let bytes = told.encode_to_vec();
    let message = v1::ScoreExplanation::decode(bytes.as_slice()).unwrap();
    assert_eq!(message.encode_to_vec(), bytes, "both declarations agree");
    let part = &message.accounts[0].contributions[0];
    assert_eq!(part.state(), v1::SlotState::Late);
    assert_eq!(part.findings[0].status(), v1::FindingStatus::Explained);
}
