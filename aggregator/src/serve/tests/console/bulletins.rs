//! A bulletin is made, drawn, signed and listed; figures are tried out.

use granary_core::{
    digest::Digest,
    ledger::{Act, Deed},
};
use granary_proto::v1::{self, bulletin_service_client::BulletinServiceClient};

use super::{CONSOLE, Visit, access_log, acts::Asked, joined};
use crate::{
    people::PersonRole,
    serve::tests::town::{GUIYANG, Town},
    tls::Role,
};

/// An instant that is past, so that the same document comes out whenever it is asked for.
const AS_OF: &str = "2022-05-01T08:00";
const AS_OF_MS: i64 = 1_651_363_200_000;

/// Makes the bulletin of 2022-M03; gives its digest.
async fn make(visit: &mut Visit) -> String {
    let page = visit
        .get(&format!("/bulletins/make?period=2022-M03&as_of={AS_OF}"))
        .await;
    let to = page
        .field("location")
        .unwrap_or_else(|| panic!("{}", page.body));
    to.strip_prefix("/bulletins/").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulletin_is_made_signed_and_listed() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut visit = joined(&town, "wang", PersonRole::Operator, None).await;
    let digest = make(&mut visit).await;
    let mut client = BulletinServiceClient::new(town.person(Role::Auditor).await);
    let request = v1::GetBulletinRequest {
        period: "2022-M03".into(),
        as_of_ms: AS_OF_MS,
    };
    let answer = client.get_bulletin(request).await.unwrap().into_inner();
    assert_eq!(
        digest,
        Digest::of(&answer.document).to_string(),
        "the document that gRPC gives"
    );

    let page = visit.get(&format!("/bulletins/{digest}")).await;
    assert!(page.body.contains("尚未发布"), "{}", page.body);
    let asked = Asked::of(&page);
    assert_eq!(asked.sign(&town, &mut visit).await.status, 200);
    let Deed::PublishBulletin(publication) = Act::decode(&asked.bytes).unwrap().deed else {
        panic!("another deed");
    };
    assert_eq!(publication.sha256.to_string(), digest);
    assert_eq!(
        (
            publication.as_of_ms,
            publication.period.to_string().as_str()
        ),
        (AS_OF_MS, "2022-M03")
    );
    let file = town.site().bulletins().join(format!("{digest}.bulletin"));
    assert_eq!(std::fs::read(&file).unwrap(), answer.document);
    assert!(visit.get("/bulletins").await.body.contains(&digest));
    let page = visit.get(&format!("/bulletins/{digest}")).await;
    assert!(page.body.contains("已发布于") && !page.body.contains("data-payload"));

    let log = access_log(&town);
    assert!(
        log.contains("\tperson:wang\t") && log.contains("\tbulletin\t2022-M03\n"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulletin_is_drawn_in_three_ways_and_lets_no_other_style_in() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut visit = joined(&town, "auditor", PersonRole::Auditor, None).await;
    let digest = make(&mut visit).await;
    assert!(
        !visit
            .get(&format!("/bulletins/{digest}"))
            .await
            .body
            .contains("data-payload"),
        "auditors do not act"
    );
    let page = visit.get(&format!("/bulletins/{digest}/html")).await;
    let policy = page.field("content-security-policy").unwrap();
    assert!(
        policy.contains("style-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(page.body.contains("<style>") && page.body.contains(&digest));
    let sheet = visit.raw(&format!("/bulletins/{digest}/xlsx")).await;
    assert_eq!(&sheet[..4], b"PK\x03\x04");
    let document = visit.raw(&format!("/bulletins/{digest}/bulletin")).await;
    assert_eq!(Digest::of(&document).to_string(), digest);
    for path in [
        "/bulletins/00",
        &format!("/bulletins/{digest}/exe"),
        "/bulletins/..%2f..%2flog.key/pdf",
    ] {
        assert_eq!(visit.get(path).await.status, 404, "{path}");
    }
    let unknown = format!("/bulletins/{}", Digest::of(b"x"));
    assert_eq!(visit.get(&unknown).await.status, 422);
    for (login, role, under) in [
        ("part", PersonRole::Operator, Some(GUIYANG)),
        ("li", PersonRole::Viewer, None),
    ] {
        let mut visit = joined(&town, login, role, under).await;
        for path in [
            "/bulletins".to_owned(),
            format!("/bulletins/{digest}/html"),
            "/bulletins/make?period=2022-M03".into(),
        ] {
            assert_eq!(visit.get(&path).await.status, 403, "{login} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_judged_and_nothing_is_stored() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut visit = joined(&town, "auditor", PersonRole::Auditor, Some(GUIYANG)).await;
    let path = "/slot/520100/quarterly-accounts/2022-Q1/try";
    let form = visit.get(path).await.form();
    let size = |body: &str| {
        body.split_once("日志条数</dt><dd>")
            .unwrap()
            .1
            .split_once('<')
            .unwrap()
            .0
            .to_owned()
    };
    let before = size(&visit.get("/log").await.body);
    let mut figures = [
        ("v.gdp", "100.00"),
        ("v.primary", "10.00"),
        ("v.secondary", "40.00"),
        ("v.tertiary", "50.00"),
    ];
    let page = visit.post(path, &form, &figures).await;
    assert!(
        page.body.contains("将被受理，全部规则通过"),
        "{}",
        page.body
    );
    figures[3].1 = "51.00";
    let page = visit.post(path, &form, &figures).await;
    assert!(
        page.body.contains("将被退回") && page.body.contains("GDP.BALANCE"),
        "{}",
        page.body
    );
    let missing = visit.post(path, &form, &figures[..3]).await;
    assert!(
        missing.body.contains("将被退回"),
        "a required cell is empty"
    );
    figures[0].1 = "一百";
    let page = visit.post(path, &form, &figures).await;
    assert!(page.status == 422 && page.body.contains("不是数字"));
    assert_eq!(size(&visit.get("/log").await.body), before);
    assert_eq!(
        visit
            .get("/slot/520300/quarterly-accounts/2022-Q1/try")
            .await
            .status,
        403
    );
    let mut viewer = joined(&town, "li", PersonRole::Viewer, None).await;
    assert_eq!(viewer.get(path).await.status, 403);
}
