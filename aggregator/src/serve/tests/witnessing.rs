//! Witnesses at a real city: enrolment, the head of the round, cosignatures kept and published, and those that are not.

use ed25519_dalek::SigningKey;
use granary_core::{
    ledger::{Deed, witness},
    log::{
        Checkpoint, Hash, Policy, SignedNote, VerifierKey, WitnessKey, cosignature::cosign,
        witnessing::continues,
    },
};
use granary_proto::v1::{
    self, enrol_witness_response, get_receipt_request,
    transparency_service_client::TransparencyServiceClient,
    witness_service_client::WitnessServiceClient,
};
use tonic::{Code, Status, transport::Channel};

use super::{
    log_http::get,
    town::{GUIYANG, Office, Town, ZUNYI, new_key, signed_act, unit_code},
};

const ORIGIN: &str = "city.example/log";
const AT_ONCE: [(&str, &str); 1] = [("witness_round_ms", "0")];

pub(super) struct Cosigner {
    key: SigningKey,
    client: WitnessServiceClient<Channel>,
    unit: String,
}

impl Cosigner {
    fn of(office: &Office) -> Self {
        Self {
            key: new_key(),
            client: WitnessServiceClient::new(office.channel.clone()),
            unit: office.unit.clone(),
        }
    }

    fn deed(&self, unit: &str) -> Deed {
        let unit = unit_code(unit);
        Deed::EnrolWitness {
            public_key: self.key.verifying_key().to_bytes(),
            possession: witness::prove_possession(ORIGIN, &unit, &self.key),
            unit,
        }
    }

    async fn enrol(&mut self, signer: &SigningKey, deed: Deed) -> Result<v1::Receipt, v1::Refusal> {
        let envelope = Some(signed_act(signer, deed));
        let request = v1::EnrolWitnessRequest { envelope };
        let answer = self.client.enrol_witness(request).await.unwrap();
        match answer.into_inner().result.unwrap() {
            enrol_witness_response::Result::Receipt(receipt) => Ok(receipt),
            enrol_witness_response::Result::Refusal(refusal) => Err(refusal),
        }
    }

    pub(super) async fn head(&mut self, old_size: u64) -> (SignedNote, Checkpoint, Vec<Hash>) {
        let answer = self.client.get_head(v1::GetHeadRequest { old_size }).await;
        let answer = answer.unwrap().into_inner();
        let note = SignedNote::parse(answer.checkpoint.as_bytes()).unwrap();
        let checkpoint = Checkpoint::parse(note.unverified_text()).unwrap();
        let hash = |hash: &Vec<u8>| Hash::from_slice(hash).unwrap();
        let proof = answer.consistency_proof.iter().map(hash).collect();
        (note, checkpoint, proof)
    }

    fn name(&self) -> granary_core::log::KeyName {
        witness::witness_name(ORIGIN, &unit_code(&self.unit)).unwrap()
    }

    fn verifier(&self) -> WitnessKey {
        WitnessKey::new(self.name(), self.key.verifying_key()).unwrap()
    }

    pub(super) async fn add(
        &mut self,
        note: &SignedNote,
        size: u64,
        time_s: u64,
    ) -> Result<u32, Status> {
        let line = cosign(note.unverified_text(), &self.name(), &self.key, time_s);
        self.send(size, line.to_line()).await
    }

    async fn send(&mut self, size: u64, cosignature: String) -> Result<u32, Status> {
        let request = v1::AddCosignatureRequest { size, cosignature };
        let answer = self.client.add_cosignature(request).await?;
        Ok(answer.into_inner().cosignatures)
    }
}

pub(super) fn now_s() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap()
}

pub(super) async fn enrolled(office: &Office) -> Cosigner {
    let mut cosigner = Cosigner::of(office);
    let deed = cosigner.deed(&office.unit);
    cosigner.enrol(&office.key, deed).await.unwrap();
    cosigner
}

#[tokio::test(flavor = "multi_thread")]
async fn cosignatures_of_two_offices_are_published_and_survive_a_restart() {
    let mut town = Town::founded(&AT_ONCE).await;
    let (guiyang, zunyi) = (town.office(GUIYANG).await, town.office(ZUNYI).await);
    let (mut one, mut other) = (enrolled(&guiyang).await, enrolled(&zunyi).await);
    let receipt = guiyang.submit(guiyang.revenue(1)).await.unwrap();
    let (note, head, _) = one.head(0).await;
    assert_eq!(head.size(), receipt.index + 1);
    assert_eq!(one.add(&note, head.size(), now_s()).await.unwrap(), 1);
    assert_eq!(
        one.add(&note, head.size(), now_s()).await.unwrap(),
        1,
        "the same key again"
    );
    assert_eq!(other.add(&note, head.size(), now_s()).await.unwrap(), 2);

    let policy = format!(
        "log {}\nwitness a {}\nwitness b {}\ngroup both all a b\nquorum both\n",
        town.verifier_key,
        one.verifier(),
        other.verifier()
    );
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    let log_key = VerifierKey::parse(&town.verifier_key).unwrap();
    for restarted in [false, true] {
        let auditor = town.person(crate::tls::Role::Auditor).await;
        let mut client = TransparencyServiceClient::new(auditor);
        let entry = Some(get_receipt_request::Entry::Index(receipt.index));
        let later = client.get_receipt(v1::GetReceiptRequest { entry }).await;
        let later = later.unwrap().into_inner().receipt.unwrap();
        let shown = client.get_checkpoint(v1::GetCheckpointRequest {}).await;
        let shown = shown.unwrap().into_inner();
        for note in [later.checkpoint, shown.checkpoint, shown.most_cosigned] {
            let judged = policy.judge(note.as_bytes(), &log_key, now_s());
            assert!(judged.unwrap().reached, "after a restart: {restarted}");
        }
        if !restarted {
            town.stop().await;
            town.start(&AT_ONCE).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_reads_the_cosignatures_of_the_newest_head_over_http() {
    let settings = [AT_ONCE[0], ("log_listen", "127.0.0.1:0")];
    let town = Town::founded(&settings).await;
    let address = town.log_address.unwrap();
    let office = town.office(GUIYANG).await;
    let mut cosigner = enrolled(&office).await;
    let policy = format!("witness a {}\nquorum a\n", cosigner.verifier());
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    let log_key = VerifierKey::parse(&town.verifier_key).unwrap();
    let reached = |note: &[u8]| policy.judge(note, &log_key, now_s()).unwrap().reached;

    let (note, head, _) = cosigner.head(0).await;
    let before = get(address, "/checkpoint").await;
    assert!(!reached(&before.body));
    cosigner.add(&note, head.size(), now_s()).await.unwrap();
    let after = get(address, "/checkpoint").await;
    assert!(reached(&after.body));
    // A reader that holds the note without the cosignature is not told that nothing has changed.
    assert_ne!(before.field("etag"), after.field("etag"));

    office.submit(office.revenue(1)).await.unwrap();
    let newer = get(address, "/checkpoint").await.body;
    assert!(!reached(&newer), "nobody has cosigned the newer head yet");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_comes_with_the_proof_from_what_was_seen() {
    let town = Town::founded(&AT_ONCE).await;
    let office = town.office(GUIYANG).await;
    let mut cosigner = enrolled(&office).await;
    let (_, seen, _) = cosigner.head(0).await;
    for revision in 1..=5 {
        office.submit(office.revenue(revision)).await.unwrap();
    }
    let (_, shown, proof) = cosigner.head(seen.size()).await;
    assert_eq!(shown.size(), seen.size() + 5);
    continues(Some(&seen), &shown, &proof).unwrap();
    let (_, same, proof) = cosigner.head(shown.size()).await;
    assert_eq!((same, proof), (shown, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_key_is_enrolled_once_by_its_holder_and_its_unit() {
    let town = Town::founded(&AT_ONCE).await;
    let (office, stranger) = (town.office(GUIYANG).await, town.office(ZUNYI).await);
    let mut cosigner = Cosigner::of(&office);
    let own = cosigner.deed(GUIYANG);
    for (signer, deed, expected) in [
        (
            &office.key,
            cosigner.deed(ZUNYI),
            "only the enrolment of a witness key of the caller's",
        ),
        (&stranger.key, own.clone(), "belongs to unit 520300"),
        (&new_key(), own.clone(), "is not enrolled"),
        (
            &office.key,
            Deed::EnrolWitness {
                unit: unit_code(GUIYANG),
                public_key: cosigner.key.verifying_key().to_bytes(),
                possession: [1; 64],
            },
            "the witness key's proof of possession does not hold",
        ),
    ] {
        let refusal = cosigner.enrol(signer, deed).await.unwrap_err();
        assert!(
            refusal.message_en.contains(expected),
            "{}",
            refusal.message_en
        );
        assert!(!refusal.message_zh.is_empty());
    }
    cosigner.enrol(&office.key, own.clone()).await.unwrap();
    let again = cosigner.enrol(&office.key, own).await.unwrap_err();
    assert!(again.message_en.contains("enrolled already"));
    let listed = cosigner
        .client
        .list_witnesses(v1::ListWitnessesRequest::default())
        .await;
    let listed = listed.unwrap().into_inner().witnesses;
    assert_eq!(listed[0].verifier_key, cosigner.verifier().to_string());
    assert_eq!((listed.len(), listed[0].unit.as_str()), (1, GUIYANG));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_cosignature_of_this_head_by_this_unit_now_is_not_kept() {
    let town = Town::founded(&AT_ONCE).await;
    let (office, other) = (town.office(GUIYANG).await, town.office(ZUNYI).await);
    let (mut cosigner, mut stranger) = (enrolled(&office).await, enrolled(&other).await);
    let (note, head, _) = cosigner.head(0).await;
    let (size, name) = (head.size(), cosigner.name());
    let line = |text: &str, time_s| cosign(text, &name, &cosigner.key, time_s).to_line();
    let good = line(note.unverified_text(), now_s());
    let another = note.unverified_text().replace(ORIGIN, "town.example/log");
    let forged = cosign(note.unverified_text(), &name, &new_key(), now_s()).to_line();
    let cases = [
        (String::new(), "cosignature:"),
        ("x".repeat(1_000_001), "at most 1000000 bytes"),
        (good.repeat(2), "it is not one signature line"),
        (forged, "not an enrolled witness key of this unit"),
        (line(&another, now_s()), "does not fit this checkpoint"),
        (
            line(note.unverified_text(), now_s() + 3_600),
            "set the clock",
        ),
        (line(note.unverified_text(), 5), "set the clock"),
    ];
    for (cosignature, expected) in cases {
        let status = cosigner.send(size, cosignature).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().contains(expected), "{}", status.message());
    }
    let status = stranger.send(size, good.clone()).await.unwrap_err();
    assert!(
        status
            .message()
            .contains("not an enrolled witness key of this unit")
    );
    let status = cosigner.send(size + 7, good.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(cosigner.send(size, good).await.unwrap(), 1);
}
