//! Published bulletins: who may state one, that both of two stay listed, and that a rebuild gives the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use granary_core::{
    digest::Digest,
    ledger::{
        Deed, LogIndex, RefusalCode, admit,
        publication::{Publication, published},
    },
};
use support::*;

fn publication(as_of_ms: i64, document: &[u8]) -> Deed {
    Deed::PublishBulletin(Publication {
        period: "2021-Q2".parse().unwrap(),
        as_of_ms,
        applied_size: 2,
        sha256: Digest::of(document),
    })
}

#[test]
fn the_operator_publishes_what_lies_in_the_past_and_nothing_is_undone() {
    let mut city = City::founded();
    let now_ms = city.now_ms;
    let may = |seed, deed| {
        let envelope = sign_act(seed, 50, deed);
        let admitted = admit(city.ledger.registry(), &envelope.received(), now_ms);
        admitted.map(drop).map_err(|refusal| refusal.code)
    };
    assert_eq!(may(OPERATOR, publication(now_ms, b"a")), Ok(()));
    assert_eq!(
        may(OPERATOR, publication(now_ms + 1, b"a")),
        Err(RefusalCode::Act),
        "what is still to come"
    );
    assert_eq!(may(100, publication(now_ms, b"a")), Err(RefusalCode::Act));

    for (nonce, document) in [(51, b"a"), (52, b"b")] {
        let act = sign_act(OPERATOR, nonce, publication(now_ms, document));
        assert_eq!(city.take(&act).unwrap().ineffective, None);
    }
    let rows = published(&city.store).unwrap();
    let last = city.entries.len() as u64 - 1;
    let told: Vec<_> = rows
        .iter()
        .map(|(index, row)| (*index, row.sha256.clone()))
        .collect();
    assert_eq!(
        told,
        [
            (LogIndex(last - 1), Digest::of(b"a").as_bytes().to_vec()),
            (LogIndex(last), Digest::of(b"b").as_bytes().to_vec()),
        ]
    );
    assert_eq!(
        (rows[0].1.period.as_str(), rows[0].1.applied_size),
        ("2021-Q2", 2)
    );
    assert!(rows[0].1.published_at_ms >= now_ms);
    assert_eq!(city.rebuilt().digest(), city.digest());
}
