//! What the log's page says: a receipt as the slot's own page tells it, faults in the reader's language, and whose cosignatures a head has.

use granary_core::ledger::Deed;

use super::{CONSOLE, joined};
use crate::{
    people::PersonRole,
    serve::tests::{
        reading::{monitoring, wait_folded},
        town::{GUIYANG, Town, ZUNYI},
        witnessing::{enrolled, now_s},
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_counts_the_extension_that_its_slot_has() {
    let town = Town::founded(&[CONSOLE]).await;
    let office = town.office(GUIYANG).await;
    let index = office.submit(office.revenue(1)).await.unwrap().index;
    wait_folded(&mut monitoring(&town).await, index).await;
    let mut visit = joined(&town, "auditor", PersonRole::Auditor, None).await;
    let text = visit.get(&format!("/receipt/{index}")).await.body;
    let form = visit.get("/log").await.form();
    let fields = [("receipt", text.as_str())];
    let late = visit.post("/log", &form, &fields).await.body;
    assert!(late.contains("晚于截止") && late.contains("迟报"), "{late}");
    let extend = Deed::Extend {
        slot: crate::serve::tests::town::revenue(GUIYANG, 1).slot,
        due_at_ms: 2_208_988_800_000,
        reason: "停电".into(),
    };
    let index = town.act(extend).await.unwrap().index;
    wait_folded(&mut monitoring(&town).await, index).await;
    let timely = visit.post("/log", &form, &fields).await.body;
    assert!(
        timely.contains("在截止之前收到")
            && timely.contains("按时")
            && !timely.contains("晚于截止"),
        "{timely}"
    );
    let forged = text.replacen("extra ", "extra !", 1);
    let page = visit
        .post("/log", &form, &[("receipt", &forged)])
        .await
        .body;
    let notice = page.split("role=\"alert\"").nth(1).unwrap();
    let notice = notice.split("</div>").next().unwrap();
    assert!(
        notice.contains("第 2 行") && !notice.contains("the second line"),
        "{notice}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_checkpoint_names_its_cosigners_and_stands_once() {
    let town = Town::founded(&[CONSOLE, ("witness_round_ms", "0")]).await;
    let (guiyang, zunyi) = (town.office(GUIYANG).await, town.office(ZUNYI).await);
    let (mut one, _other) = (enrolled(&guiyang).await, enrolled(&zunyi).await);
    let mut visit = joined(&town, "auditor", PersonRole::Auditor, None).await;
    let before = visit.get("/log").await.body;
    assert!(
        before.contains("还没有见证方联署") && before.contains("0 / 2"),
        "{before}"
    );
    let (note, head, _) = one.head(0).await;
    one.add(&note, head.size(), now_s()).await.unwrap();
    let page = visit.get("/log").await.body;
    assert_eq!(page.matches("<pre").count(), 1, "{page}");
    assert!(page.contains("1 / 2"), "{page}");
    let named = page.split("联署者：").nth(1).unwrap();
    let named = named.split("</p>").next().unwrap();
    assert!(
        named.contains("贵阳市") && !named.contains("遵义"),
        "{named}"
    );
}
