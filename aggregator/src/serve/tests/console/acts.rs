//! Acts that are signed outside, and figures that are those of gRPC.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use granary_core::{
    digest::Digest,
    envelope,
    ledger::{Act, Deed, act},
};
use granary_proto::v1::{self, transparency_service_client::TransparencyServiceClient};

use super::{CONSOLE, Page, SLOT, Visit, access_log, joined, value};
use crate::{
    people::PersonRole,
    serve::tests::{
        reading::monitoring,
        town::{GUIYANG, Town, bundle, new_key},
    },
    tls::Role,
};

/// An act that was asked for and is not signed yet.
pub(super) struct Asked {
    /// By which it is entered.
    act: String,
    /// What is signed.
    pub(super) bytes: Vec<u8>,
}

impl Asked {
    /// What a page shows to be signed.
    pub(super) fn of(page: &Page) -> Self {
        let payload =
            value(&page.body, "data-payload value=\"").unwrap_or_else(|| panic!("{}", page.body));
        Self {
            act: value(&page.body, "name=\"act\" value=\"").unwrap(),
            bytes: STANDARD.decode(payload).unwrap(),
        }
    }

    /// A visitor wants a slot of Guiyang exempt.
    async fn exemption(visit: &mut Visit) -> Self {
        let form = visit.get("/").await.form();
        let fields = [
            ("kind", "exempt"),
            ("unit", GUIYANG),
            ("dataset", "monthly-revenue"),
            ("period", "2022-M03"),
            ("reason", "洪水"),
        ];
        Self::of(&visit.post("/act", &form, &fields).await)
    }

    pub(super) async fn enter(&self, visit: &mut Visit, signature: &str) -> Page {
        let form = visit.get("/account").await.form();
        let fields = [("act", self.act.as_str()), ("signature", signature)];
        visit.post("/act/enter", &form, &fields).await
    }

    /// Signed by the operator, and entered.
    pub(super) async fn sign(&self, town: &Town, visit: &mut Visit) -> Page {
        self.enter(visit, &sign(town, &self.bytes)).await
    }
}

/// Wang, who sees Guiyang and what is below it.
async fn wang(town: &Town) -> Visit {
    joined(town, "wang", PersonRole::Operator, Some(GUIYANG)).await
}

/// What the browser does with the operator's key.
fn sign(town: &Town, bytes: &[u8]) -> String {
    let key = town.site().operator().signing_key().unwrap();
    STANDARD.encode(envelope::sign(&key, act::PAYLOAD_TYPE, bytes).bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_is_signed_elsewhere_and_names_who_asked() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut visit = wang(&town).await;
    let asked = Asked::exemption(&mut visit).await;
    let entered = asked.sign(&town, &mut visit).await;
    assert!(
        entered.status == 200 && entered.body.contains("已生效"),
        "{}",
        entered.body
    );
    assert!(visit.get(SLOT).await.body.contains("免报"));
    let index = value(&entered.body, "href=\"/receipt/")
        .unwrap()
        .parse()
        .unwrap();
    let mut client = TransparencyServiceClient::new(town.person(Role::Auditor).await);
    let request = v1::GetPayloadRequest {
        entry: Some(v1::get_payload_request::Entry::Index(index)),
    };
    let journaled = client.get_payload(request).await.unwrap().into_inner();
    assert_eq!(
        journaled.payload, asked.bytes,
        "what was shown is what is journaled"
    );
    let act = Act::decode(&asked.bytes).unwrap();
    assert_eq!(act.person, "wang 先生 (wang)");
    let Deed::Exempt { reason, .. } = act.deed else {
        panic!("another deed");
    };
    assert_eq!(reason, "洪水 ——wang 先生（wang，控制台 console）");
    let line = format!(
        "\tperson:wang\t{}\tact\texempt {GUIYANG}/monthly-revenue/2022-M03 act {}\n",
        Digest::of(b"person:wang"),
        Digest::of(&asked.bytes)
    );
    assert!(access_log(&town).contains(&line), "{}", access_log(&town));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_that_was_not_asked_for_is_not_entered() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut visit = wang(&town).await;
    let asked = Asked::exemption(&mut visit).await;
    let signature = sign(&town, &asked.bytes);
    let stranger = envelope::sign(&new_key(), act::PAYLOAD_TYPE, &asked.bytes);
    let stranger = STANDARD.encode(stranger.bytes);
    for (signature, why) in [("", "unsigned"), (stranger.as_str(), "by another key")] {
        assert_eq!(
            asked.enter(&mut visit, signature).await.status,
            422,
            "{why}"
        );
    }
    let mut other = Act::decode(&asked.bytes).unwrap();
    other.deed = Deed::PublishCatalogue(bundle(&[]));
    let bytes = other.encode();
    let act = Digest::of(&bytes).to_string();
    let other = Asked { act, bytes };
    assert_eq!(
        other.sign(&town, &mut visit).await.status,
        403,
        "what was never shown here"
    );
    let mut li = joined(&town, "li", PersonRole::Operator, None).await;
    assert_eq!(
        asked.enter(&mut li, &signature).await.status,
        403,
        "by another person"
    );
    assert!(visit.get(SLOT).await.body.contains("未报"));
    town.clock.step(3_500_000);
    drop(visit.get("/").await);
    town.clock.step(200_000);
    assert_eq!(
        asked.enter(&mut visit, &signature).await.status,
        422,
        "much later"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_tells_what_grpc_answers() {
    let town = Town::founded(&[CONSOLE]).await;
    let office = town.office(GUIYANG).await;
    office.submit(office.revenue(1)).await.unwrap();
    let mut visit = joined(&town, "auditor", PersonRole::Auditor, None).await;
    let csv = visit
        .get("/completeness?dataset=monthly-revenue&csv=completeness")
        .await;
    assert!(csv.field("content-type").unwrap().starts_with("text/csv"));
    let rows: Vec<&str> = csv
        .body
        .lines()
        .filter(|line| line.starts_with(char::is_numeric))
        .collect();
    let filter = v1::SlotFilter {
        datasets: vec!["monthly-revenue".into()],
        periods: (1..=12).map(|month| format!("2022-M{month:02}")).collect(),
        ..Default::default()
    };
    let request = v1::GetCompletenessRequest {
        filter: Some(filter),
        ..Default::default()
    };
    let total = monitoring(&town)
        .await
        .get_completeness(request)
        .await
        .unwrap()
        .into_inner()
        .total
        .unwrap();
    let count = |state: &str| rows.iter().filter(|row| row.ends_with(state)).count() as u64;
    assert_eq!(
        (
            count(",timely"),
            count(",late"),
            count(",missing"),
            rows.len() as u64
        ),
        (total.timely, total.late, total.missing, total.expected)
    );
    assert_eq!(total.late, 1, "reported long after it was due");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_is_dropped_is_checked() {
    let town = Town::founded(&[CONSOLE]).await;
    let office = town.office(GUIYANG).await;
    let receipt = office.submit(office.revenue(1)).await.unwrap();
    let mut visit = joined(&town, "auditor", PersonRole::Auditor, None).await;
    let text = visit.get(&format!("/receipt/{}", receipt.index)).await.body;
    let form = visit.get("/log").await.form();
    assert!(
        visit
            .post("/log", &form, &[("receipt", &text)])
            .await
            .body
            .contains("回执成立")
    );
    let forged = text.replacen("index ", "index 1", 1);
    assert!(
        visit
            .post("/log", &form, &[("receipt", &forged)])
            .await
            .body
            .contains("回执不成立")
    );
    assert!(
        visit
            .post("/log", &form, &[("receipt", "<script>")])
            .await
            .body
            .contains("回执不成立")
    );
    let english = visit.get("/log?lang=en").await.body;
    assert!(
        english.contains("Check a receipt")
            && visit.get("/log").await.body.contains("Check a receipt")
    );
}
