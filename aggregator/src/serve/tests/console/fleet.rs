//! Agents, units and their keys.

use granary_core::{
    digest::Digest,
    fingerprint,
    ledger::{Act, Deed},
    text::Language,
};
use granary_proto::v1::{self, fleet_service_client::FleetServiceClient};

use super::{CONSOLE, acts::Asked, joined};
use crate::{
    fleet::SILENT_AFTER_MS,
    people::PersonRole,
    serve::tests::town::{GUIYANG, Office, Town, ZUNYI, enrolment, new_key},
    tls::EnrolmentToken,
};

async fn beat(office: &Office, clock_ahead_ms: i64) {
    let heartbeat = v1::HeartbeatRequest {
        key_id: key_id(office),
        software: "granary-agent/9.9".into(),
        spooled_records: 17,
        clock_ahead_ms: Some(clock_ahead_ms),
        ..v1::HeartbeatRequest::default()
    };
    let mut client = FleetServiceClient::new(office.channel.clone());
    client.heartbeat(heartbeat).await.unwrap();
}

fn key_id(office: &Office) -> Vec<u8> {
    let key = granary_core::envelope::SecretKey::from(office.key.clone());
    key.public_key().key_id().as_bytes().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn today_names_the_agents_that_are_silent_and_those_whose_clock_is_off() {
    let town = Town::founded(&[CONSOLE]).await;
    let (guiyang, zunyi) = (town.office(GUIYANG).await, town.office(ZUNYI).await);
    let mut visit = joined(&town, "wang", PersonRole::Viewer, None).await;
    beat(&zunyi, 100).await;
    let well = visit.get("/").await.body;
    assert!(well.contains("采集端都正常"), "{well}");
    town.clock.step(SILENT_AFTER_MS + 60_000);
    beat(&guiyang, 400_000).await;
    let silent = visit.get("/?csv=silent").await.body;
    let lines: Vec<&str> = silent.lines().skip(1).collect();
    assert_eq!(lines.len(), 2, "{silent}");
    let line = |unit: &str| *lines.iter().find(|line| line.starts_with(unit)).unwrap();
    assert!(line("遵义市").contains(",失联,") && line("遵义市").contains("granary-agent/9.9,17,"));
    assert!(line("贵阳市").contains(",时钟偏差 +400.0 s,"), "{silent}");
    town.clock.step(-120_000);
    beat(&guiyang, 4_000).await;
    beat(&zunyi, 4_000).await;
    let agents = visit.get("/agents?csv=agents").await.body;
    assert_eq!(agents.matches(",正常,").count(), 2, "{agents}");
    let part = joined(&town, "part", PersonRole::Viewer, Some(GUIYANG))
        .await
        .get("/agents")
        .await;
    assert!(part.body.contains("贵阳市") && !part.body.contains("遵义市"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_from_the_console_enrols_a_key_and_is_shown_once() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut visit = joined(&town, "wang", PersonRole::Operator, Some(GUIYANG)).await;
    let form = visit.get("/unit/520100").await.form();
    let fields = [
        ("kind", "token"),
        ("unit", GUIYANG),
        ("role", "agent"),
        ("hours", "24"),
    ];
    let page = visit.post("/act", &form, &fields).await;
    assert!(
        !page.body.contains("granary1."),
        "nothing is handed out before it is in force"
    );
    let asked = Asked::of(&page);
    let entered = asked.sign(&town, &mut visit).await;
    let (_, rest) = entered
        .body
        .split_once("granary-agent enrol 520100@localhost:")
        .unwrap();
    let (address, rest) = rest.split_once('/').unwrap();
    assert_eq!(address, town.address.port().to_string());
    let token = EnrolmentToken::parse(rest.split_once('<').unwrap().0).unwrap();
    let authority = town.site().authority().unwrap().certificate_sha256();
    assert_eq!(token.authority_sha256(), authority);
    assert!(
        entered
            .body
            .contains(&fingerprint::words(&authority, Language::Zh))
    );
    let act = Act::decode(&asked.bytes).unwrap();
    assert!(
        !act.person.is_empty(),
        "a token has no reason to name them in"
    );
    let Deed::IssueToken { token_sha256, .. } = act.deed else {
        panic!("another deed");
    };
    assert_eq!(token_sha256, Digest::of(token.secret()));
    assert_eq!(
        asked.sign(&town, &mut visit).await.status,
        403,
        "it is shown once"
    );

    let act = enrolment(GUIYANG, &new_key(), *token.secret());
    town.enrol(act, &rcgen::KeyPair::generate().unwrap())
        .await
        .unwrap();
    let unit = visit.get("/unit/520100").await.body;
    assert!(unit.contains("有效") && visit.get("/units").await.body.contains("填报端 1"));
    for (unit, status) in [(ZUNYI, 403), ("999999", 403)] {
        let fields = [
            ("kind", "token"),
            ("unit", unit),
            ("role", "agent"),
            ("hours", "24"),
        ];
        assert_eq!(
            visit.post("/act", &form, &fields).await.status,
            status,
            "{unit}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_revoked_by_whoever_sees_its_unit() {
    let town = Town::founded(&[CONSOLE]).await;
    let (own, other) = (town.office(GUIYANG).await, town.office(ZUNYI).await);
    let mut visit = joined(&town, "wang", PersonRole::Operator, Some(GUIYANG)).await;
    let form = visit.get("/unit/520100").await.form();
    let id = |office: &Office| Digest::from_slice(&key_id(office)).unwrap().to_string();
    let ask = |key: String| {
        [
            ("kind", "revoke".to_owned()),
            ("key", key),
            ("reason", "电脑遗失".into()),
        ]
    };
    let foreign = ask(id(&other));
    let foreign = foreign
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    assert_eq!(visit.post("/act", &form, &foreign).await.status, 403);
    let fields = ask(id(&own));
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let asked = Asked::of(&visit.post("/act", &form, &fields).await);
    assert_eq!(asked.sign(&town, &mut visit).await.status, 200);
    assert!(visit.get("/unit/520100").await.body.contains("已吊销"));
    let refused = own.submit(own.revenue(1)).await.unwrap_err();
    assert_eq!(refused.code(), v1::RefusalCode::KeyRevoked);
    other.submit(other.revenue(1)).await.unwrap();
}
