//! The witness against a synthetic log that grows, forks, shrinks or is signed by somebody else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use granary_core::{
    code::UnitCode,
    log::{Checkpoint, Frontier, Growth, Hash, KeyName, NodeId, SignedNote, leaf_hash, proof},
};
use granary_proto::v1::{
    self,
    transparency_service_server::{TransparencyService, TransparencyServiceServer},
    witness_service_server::{WitnessService, WitnessServiceServer},
};
use hyper_util::rt::TokioIo;
use tokio::io::duplex;
use tokio::sync::mpsc;
use tokio_stream::{StreamExt as _, wrappers::UnboundedReceiverStream};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};

use super::*;
use crate::link::tests::support::{LOG, UNIT, log_key, log_signing_key, signer};

const NOW_MS: i64 = 1_700_000_000_000;

/// What the city shows, and what came in.
#[derive(Default)]
struct Log {
    leaves: Vec<Hash>,
    enrolled: Vec<String>,
    enrolments: usize,
    cosignatures: Vec<(u64, String)>,
    signed_by_another: bool,
}

/// A synthetic city. Cloning shares it.
#[derive(Clone, Default)]
struct City(Arc<Mutex<Log>>);

impl City {
    fn of(leaves: std::ops::Range<u64>) -> Self {
        let city = Self::default();
        city.grow(leaves);
        city
    }

    fn grow(&self, leaves: std::ops::Range<u64>) {
        let hashes = leaves.map(|leaf| leaf_hash(&leaf.to_be_bytes()));
        self.0.lock().unwrap().leaves.extend(hashes);
    }

    fn alter(&self, at: usize) {
        self.0.lock().unwrap().leaves[at] = leaf_hash(b"another");
    }

    fn cosignatures(&self) -> Vec<(u64, String)> {
        self.0.lock().unwrap().cosignatures.clone()
    }

    fn head(&self, size: usize) -> String {
        let log = self.0.lock().unwrap();
        let growth = Growth::new(&Frontier::empty(), log.leaves[..size].to_vec());
        let checkpoint = Checkpoint::new(LOG, growth.size(), growth.root()).unwrap();
        let key = if log.signed_by_another {
            SigningKey::from_bytes(&[8; 32])
        } else {
            log_signing_key()
        };
        let note = checkpoint.sign(&KeyName::new(LOG).unwrap(), &key).unwrap();
        note.to_text()
    }

    fn size(&self) -> usize {
        self.0.lock().unwrap().leaves.len()
    }

    fn proof(&self, old: u64, new: u64) -> Vec<Vec<u8>> {
        let log = self.0.lock().unwrap();
        let node = |node: NodeId| {
            let width = 1_usize << node.level;
            let start = usize::try_from(node.index).unwrap() * width;
            let leaves = log.leaves.get(start..start + width)?.to_vec();
            Some(Growth::new(&Frontier::empty(), leaves).root())
        };
        let proof = proof::consistency_proof(old, new, node).unwrap();
        proof.iter().map(|hash| hash.as_bytes().to_vec()).collect()
    }

    fn channel(&self) -> Channel {
        let (connections, incoming) = mpsc::unbounded_channel();
        let incoming = UnboundedReceiverStream::new(incoming).map(Ok::<_, std::io::Error>);
        let services = Server::builder()
            .add_service(WitnessServiceServer::new(self.clone()))
            .add_service(TransparencyServiceServer::new(self.clone()));
        tokio::spawn(services.serve_with_incoming(incoming));
        let connector = tower::service_fn(move |_| {
            let (ours, theirs) = duplex(1 << 16);
            let sent = connections.send(theirs);
            async move {
                sent.map(|()| TokioIo::new(ours))
                    .map_err(std::io::Error::other)
            }
        });
        Endpoint::from_static("http://city.example").connect_with_connector_lazy(connector)
    }
}

#[tonic::async_trait]
impl WitnessService for City {
    async fn enrol_witness(
        &self,
        request: Request<v1::EnrolWitnessRequest>,
    ) -> Result<Response<v1::EnrolWitnessResponse>, Status> {
        let act = Act::decode(&request.into_inner().envelope.unwrap().payload).unwrap();
        let mut log = self.0.lock().unwrap();
        log.enrolments += 1;
        if let Deed::EnrolWitness { public_key, .. } = act.deed {
            let key = ed25519_dalek::VerifyingKey::from_bytes(&public_key).unwrap();
            let name = witness::witness_name(LOG, &UnitCode::new(UNIT).unwrap()).unwrap();
            log.enrolled
                .push(WitnessKey::new(name, key).unwrap().to_string());
        }
        Ok(Response::new(v1::EnrolWitnessResponse {
            result: Some(v1::enrol_witness_response::Result::Receipt(
                v1::Receipt::default(),
            )),
        }))
    }

    async fn list_witnesses(
        &self,
        _: Request<v1::ListWitnessesRequest>,
    ) -> Result<Response<v1::ListWitnessesResponse>, Status> {
        let log = self.0.lock().unwrap();
        let witness = |key: &String| v1::Witness {
            unit: UNIT.to_owned(),
            verifier_key: key.clone(),
            enrolled_index: 0,
        };
        let witnesses = log.enrolled.iter().map(witness).collect();
        Ok(Response::new(v1::ListWitnessesResponse { witnesses }))
    }

    async fn get_head(
        &self,
        request: Request<v1::GetHeadRequest>,
    ) -> Result<Response<v1::GetHeadResponse>, Status> {
        let (old, new) = (request.into_inner().old_size, self.size() as u64);
        let has_proof = (1..new).contains(&old);
        Ok(Response::new(v1::GetHeadResponse {
            checkpoint: self.head(self.size()),
            consistency_proof: if has_proof {
                self.proof(old, new)
            } else {
                Vec::new()
            },
        }))
    }

    async fn add_cosignature(
        &self,
        request: Request<v1::AddCosignatureRequest>,
    ) -> Result<Response<v1::AddCosignatureResponse>, Status> {
        let request = request.into_inner();
        let mut log = self.0.lock().unwrap();
        log.cosignatures.push((request.size, request.cosignature));
        Ok(Response::new(v1::AddCosignatureResponse {
            cosignatures: 1,
        }))
    }
}

#[tonic::async_trait]
impl TransparencyService for City {
    async fn get_checkpoint(
        &self,
        _: Request<v1::GetCheckpointRequest>,
    ) -> Result<Response<v1::GetCheckpointResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn get_receipt(
        &self,
        _: Request<v1::GetReceiptRequest>,
    ) -> Result<Response<v1::GetReceiptResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn get_payload(
        &self,
        _: Request<v1::GetPayloadRequest>,
    ) -> Result<Response<v1::GetPayloadResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn get_consistency_proof(
        &self,
        request: Request<v1::GetConsistencyProofRequest>,
    ) -> Result<Response<v1::GetConsistencyProofResponse>, Status> {
        let request = request.into_inner();
        Ok(Response::new(v1::GetConsistencyProofResponse {
            hashes: self.proof(request.old_size, request.new_size),
            new_size: request.new_size,
            checkpoint: self.head(self.size()),
        }))
    }
}

fn start(city: &City, folder: &Path) -> Watch {
    let identity = folder.join("identity");
    let key = book::signing_key(&identity).unwrap();
    let book = Book::open(folder, &identity, &log_key()).unwrap();
    let witness = Witness::new(key, UnitCode::new(UNIT).unwrap(), log_key()).unwrap();
    let pace = Pace {
        interval: Duration::from_secs(60),
        patience: Duration::from_secs(10),
    };
    let watch = Watch::start(
        city.channel(),
        (witness, signer()),
        book,
        folder.to_path_buf(),
        pace,
        || NOW_MS,
    );
    watch.set_connected(true);
    watch
}

fn cosigned(size: u64) -> WitnessNews {
    let time_s = 1_700_000_000;
    WitnessNews::Cosigned { size, time_s }
}

async fn forked(watch: &mut Watch) -> Fork {
    match watch.next().await {
        WitnessNews::Forked(fork) => *fork,
        other @ (WitnessNews::Cosigned { .. } | WitnessNews::NotSigned(_)) => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_growing_log_is_cosigned_head_by_head_with_this_computers_time() {
    let (folder, city) = (tempfile::tempdir().unwrap(), City::of(0..3));
    let mut watch = start(&city, folder.path());
    assert_eq!(watch.next().await, cosigned(3));
    city.grow(3..10);
    assert_eq!(watch.next().await, cosigned(10));
    drop(watch);
    // The next start goes on from the head that was kept, with the same key, enrolled once.
    city.grow(10..11);
    let mut watch = start(&city, folder.path());
    assert_eq!(watch.next().await, cosigned(11));
    assert_eq!(city.0.lock().unwrap().enrolments, 1);
    let key = WitnessKey::parse(&city.0.lock().unwrap().enrolled[0]).unwrap();
    for (size, line) in city.cosignatures() {
        let head = city.head(usize::try_from(size).unwrap());
        let text = SignedNote::parse(head.as_bytes()).unwrap();
        let line = &SignedNote::parse_lines(&line).unwrap()[0];
        assert_eq!(key.verify(text.unverified_text(), line), Ok(1_700_000_000));
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_is_kept_before_it_is_cosigned() {
    let (folder, city) = (tempfile::tempdir().unwrap(), City::of(0..3));
    let mut watch = start(&city, folder.path());
    watch.next().await;
    let kept = std::fs::read_to_string(folder.path().join("witness/head")).unwrap();
    assert_eq!(kept, city.head(3));
    drop(watch);
    // A head that cannot be kept is not cosigned.
    let other = tempfile::tempdir().unwrap();
    let mut book = Book::open(other.path(), other.path(), &log_key()).unwrap();
    std::fs::remove_dir_all(other.path().join("witness")).unwrap();
    let head = Head::open(&kept, &log_key()).unwrap();
    assert!(book.keep(head).is_err() && book.seen().is_none());
    // A damaged one is an error and no new beginning.
    std::fs::write(folder.path().join("witness/head"), "torn").unwrap();
    let damaged = Book::open(folder.path(), folder.path(), &log_key()).unwrap_err();
    assert!(damaged.to_string().contains("restore it from a copy"));
}

#[tokio::test(start_paused = true)]
async fn a_fork_ends_the_watch_and_leaves_evidence_that_anybody_can_check() {
    let (folder, city) = (tempfile::tempdir().unwrap(), City::of(0..6));
    let mut watch = start(&city, folder.path());
    watch.next().await;
    let honest = city.head(6);
    city.alter(3);
    city.grow(6..9);
    let fork = forked(&mut watch).await;
    assert_eq!(
        (fork.seen_size, fork.shown_size, fork.proven),
        (6, 9, false)
    );
    assert_eq!(city.cosignatures().len(), 1, "the fork is not cosigned");
    let evidence = fork::evidence_of(folder.path());
    let file = |name: &str| std::fs::read_to_string(evidence.join(name)).unwrap();
    assert_eq!(file("seen.checkpoint"), honest);
    assert_eq!(file("shown.checkpoint"), city.head(9));
    assert!(file("proof.txt").starts_with("old 6\nnew 9\n"));
    assert_eq!(Fork::find(folder.path()), Some(fork.clone()));
    fork.tell(folder.path(), folder.path()).unwrap();
    let notice = std::fs::read_to_string(folder.path().join(fork::NOTICE)).unwrap();
    for words in [
        "请不要",
        "打电话给市统计局",
        "Do not: delete or move files",
        "ring the head of",
    ] {
        assert!(notice.contains(words), "{notice}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_roots_of_one_size_and_a_log_that_shrinks_are_told_apart() {
    for (shrinks, proven) in [(false, true), (true, false)] {
        let (folder, city) = (tempfile::tempdir().unwrap(), City::of(0..6));
        let mut watch = start(&city, folder.path());
        watch.next().await;
        if shrinks {
            city.0.lock().unwrap().leaves.truncate(4);
        } else {
            city.alter(0);
        }
        let fork = forked(&mut watch).await;
        assert_eq!(fork.proven, proven, "{}", fork.reason);
        let expected = if shrinks {
            "has become shorter"
        } else {
            "have different roots"
        };
        assert!(fork.reason.contains(expected), "{}", fork.reason);
    }
}

#[tokio::test(start_paused = true)]
async fn a_receipt_under_another_history_is_caught() {
    let (folder, city) = (tempfile::tempdir().unwrap(), City::of(0..6));
    let mut watch = start(&city, folder.path());
    watch.next().await;
    city.grow(6..8);
    let honest = Head::open(&city.head(8), &log_key()).unwrap();
    watch.receipted(honest);
    assert_eq!(watch.next().await, cosigned(8));
    let other = City::of(0..9);
    other.alter(8);
    watch.receipted(Head::open(&other.head(9), &log_key()).unwrap());
    city.grow(8..12);
    let fork = forked(&mut watch).await;
    assert_eq!((fork.seen_size, fork.shown_size), (9, 12));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_the_log_did_not_sign_is_no_fork_but_an_alarm() {
    let (folder, city) = (tempfile::tempdir().unwrap(), City::of(0..6));
    city.0.lock().unwrap().signed_by_another = true;
    let mut watch = start(&city, folder.path());
    assert!(matches!(watch.next().await, WitnessNews::NotSigned(_)));
    assert_eq!(Fork::find(folder.path()), None);
    assert!(city.cosignatures().is_empty());
}
