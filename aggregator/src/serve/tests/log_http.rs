//! The log over HTTP, read with bare sockets: paths, headers, encodings, and that the bytes make up the signed tree.

use std::{collections::BTreeMap, io::Read as _, net::SocketAddr};

use flate2::read::GzDecoder;
use granary_core::{
    digest::Digest,
    log::{Checkpoint, Frontier, Hash, VerifierKey, leaf_hash, tiles},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::town::{GUIYANG, Town};

const LOG: (&str, &str) = ("log_listen", "127.0.0.1:0");

/// An answer, its field names in small letters.
pub(super) struct Answer {
    status: u16,
    fields: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// Sends one request and reads until the server closes the connection.
async fn ask(address: SocketAddr, method: &str, path: &str, fields: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: log\r\nconnection: close\r\n{fields}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let field = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_lowercase(), value.to_owned())
    };
    Answer {
        status: status.parse().unwrap(),
        fields: lines.map(field).collect(),
        body: bytes[end + 4..].to_vec(),
    }
}

pub(super) async fn get(address: SocketAddr, path: &str) -> Answer {
    ask(address, "GET", path, "").await
}

/// A city whose log has `entries` entries.
async fn grown(entries: u64) -> (Town, SocketAddr) {
    let town = Town::founded(&[LOG]).await;
    let address = town.log_address.unwrap();
    let office = town.office(GUIYANG).await;
    let mut revision = 0;
    while head(&town, address).await.size() < entries {
        revision += 1;
        office.submit(office.revenue(revision)).await.unwrap();
    }
    (town, address)
}

async fn head(town: &Town, address: SocketAddr) -> Checkpoint {
    let key = VerifierKey::parse(&town.verifier_key).unwrap();
    let note = get(address, "/checkpoint").await.body;
    Checkpoint::open(&note, "city.example/log", &[key]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listens_unless_it_is_asked_for() {
    let mut town = Town::empty(&[]).await;
    assert_eq!(town.log_address, None);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checkpoint_is_text_that_is_asked_for_again() {
    let (mut town, address) = grown(4).await;
    let answer = get(address, "/checkpoint").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.field("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.field("cache-control"), "no-cache");
    assert_eq!(head(&town, address).await.size(), 4);

    let length = answer.body.len().to_string();
    let only_head = ask(address, "HEAD", "/checkpoint", "").await;
    assert_eq!(only_head.field("content-length"), length);
    assert_eq!(only_head.field("etag"), answer.field("etag"));
    assert!(only_head.body.is_empty());

    let held = format!("if-none-match: \"other\", {}\r\n", answer.field("etag"));
    let unchanged = ask(address, "GET", "/checkpoint", &held).await;
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
    assert_eq!(unchanged.field("etag"), answer.field("etag"));
    let other = ask(
        address,
        "GET",
        "/checkpoint",
        "if-none-match: \"other\"\r\n",
    )
    .await;
    assert_eq!(other.status, 200);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_and_bundles_make_up_the_signed_tree() {
    let (mut town, address) = grown(260).await;
    let checkpoint = head(&town, address).await;
    assert_eq!(checkpoint.size(), 260);
    let mut frontier = Frontier::empty();
    for (place, widths) in [("000", 256), ("001.p/4", 4)] {
        let hashes = get(address, &format!("/tile/0/{place}")).await;
        let bundle = get(address, &format!("/tile/entries/{place}")).await;
        assert_eq!((hashes.status, bundle.status), (200, 200), "{place}");
        assert_eq!(hashes.field("content-type"), "application/octet-stream");
        let entries = tiles::split_entries(&bundle.body).unwrap();
        assert_eq!((entries.len(), hashes.body.len()), (widths, widths * 32));
        for (entry, hash) in entries.iter().zip(hashes.body.as_chunks::<32>().0) {
            assert_eq!(leaf_hash(entry), Hash::from_bytes(*hash));
            frontier.push(leaf_hash(entry));
        }
        let kept = hashes.field("cache-control").to_owned();
        assert_eq!(bundle.field("cache-control"), kept);
        let age = if widths == 256 { 31_536_000 } else { 86_400 };
        assert_eq!(kept, format!("public, max-age={age}, immutable"));
    }
    assert_eq!(frontier.root(), *checkpoint.root());
    let above = get(address, "/tile/1/000.p/1").await;
    assert_eq!(above.body.len(), 32);
    // A narrower state of a tile stays where a reader of an older checkpoint looks for it.
    let earlier = get(address, "/tile/0/000.p/200").await;
    assert_eq!(earlier.body.len(), 200 * 32);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bundles_are_compressed_for_those_who_take_it() {
    let (mut town, address) = grown(20).await;
    let path = "/tile/entries/000.p/20";
    let plain = get(address, path).await;
    assert_eq!(
        (plain.field("content-encoding"), plain.field("vary")),
        ("", "accept-encoding")
    );
    for (accepted, is_gzip) in [
        ("gzip", true),
        ("br, GZIP;q=0.5", true),
        ("*", true),
        ("identity", false),
        ("gzip;q=0", false),
        ("gzip; q=0.000, *", false),
        ("br", false),
        ("", false),
    ] {
        let answer = ask(
            address,
            "GET",
            path,
            &format!("accept-encoding: {accepted}\r\n"),
        )
        .await;
        let coding = answer.field("content-encoding").to_owned();
        assert_eq!(coding == "gzip", is_gzip, "{accepted}");
        assert_eq!(answer.field("etag") != plain.field("etag"), is_gzip);
        let mut bytes = answer.body.clone();
        if is_gzip {
            assert!(answer.body.len() < plain.body.len());
            bytes.clear();
            GzDecoder::new(answer.body.as_slice())
                .read_to_end(&mut bytes)
                .unwrap();
        }
        assert_eq!(Digest::of(&bytes), Digest::of(&plain.body), "{accepted}");
    }
    // Hashes look random and would only grow.
    let hashes = ask(
        address,
        "GET",
        "/tile/0/000.p/20",
        "accept-encoding: gzip\r\n",
    )
    .await;
    assert_eq!(
        (hashes.field("content-encoding"), hashes.field("vary")),
        ("", "")
    );
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_checkpoint_does_not_cover_is_not_there() {
    let (mut town, address) = grown(5).await;
    let long = format!("/tile/0/{}", "x000/".repeat(1_000));
    let paths = [
        "/",
        "//checkpoint",
        "/checkpoint/",
        "/CHECKPOINT",
        "/metrics",
        "/tile",
        "/tile/0/",
        // Beyond the tree, or wider than it.
        "/tile/0/000",
        "/tile/0/000.p/6",
        "/tile/0/001.p/1",
        "/tile/1/000.p/1",
        "/tile/entries/000",
        "/tile/entries/001.p/1",
        "/tile/0/x018/x446/x744/x073/x709/x551/615",
        "/tile/0/x999/x999/x999/x999/x999/x999/999.p/1",
        "/tile/8/000",
        "/tile/63/000",
        "/tile/256/000",
        // Other spellings of what is there.
        "/tile/0/000.p/05",
        "/tile/0/000.p/0",
        "/tile/0/000.p/256",
        "/tile/0/000.p/-5",
        "/tile/0/000.p/+5",
        "/tile/00/000.p/5",
        "/tile/0/0.p/5",
        "/tile/0/x000/000.p/5",
        "/tile/0/000.p/5/",
        "/tile/0//000.p/5",
        "/tile/0/%30%30%30.p/5",
        "/tile/entries/0000.p/5",
        // Elsewhere.
        "/tile/../checkpoint",
        "/tile/0/../0/000.p/5",
        "/../../etc/passwd",
        "/tile/entries/%2e%2e/000.p/5",
        &long,
    ];
    for path in paths {
        let answer = get(address, path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.field("cache-control"), "no-store", "{path}");
    }
    assert_eq!(get(address, "/tile/0/000.p/5?fresh=1").await.status, 200);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_can_only_be_read() {
    let (mut town, address) = grown(4).await;
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
        let answer = ask(address, method, "/checkpoint", "").await;
        assert_eq!(
            (answer.status, answer.field("allow")),
            (405, "GET, HEAD"),
            "{method}"
        );
    }
    let large = format!("x-large: {}\r\n", "x".repeat(64 << 10));
    assert_eq!(ask(address, "GET", "/checkpoint", &large).await.status, 431);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_one_request_after_another_and_ends_with_the_server() {
    let (mut town, address) = grown(4).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = "GET /tile/0/000.p/4 HTTP/1.1\r\nhost: log\r\n\r\n";
    for _ in 0..2 {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        while !bytes.windows(4).any(|w| w == b"\r\n\r\n") {
            bytes.push(stream.read_u8().await.unwrap());
        }
        let mut body = vec![0; parse(&bytes).field("content-length").parse().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        assert_eq!(body.len(), 4 * 32);
    }
    town.stop().await;
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}
