//! Tables as files and in the order of an address; tokens of the API made in the console.

use calamine::{Data, Reader as _, Xlsx, open_workbook_from_rs};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{CONSOLE, Visit, joined};
use crate::{
    people::PersonRole,
    serve::tests::{
        api::Reader,
        town::{GUIYANG, Town},
    },
};

/// The bytes of a file, in which text is not looked for.
async fn file(visit: &Visit, path: &str) -> Vec<u8> {
    let cookies: Vec<String> = visit
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: console\r\nconnection: close\r\ncookie: {}\r\n\r\n",
        cookies.join("; ")
    );
    let mut stream = TcpStream::connect(visit.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    assert!(head.contains("spreadsheetml.sheet"), "{head}");
    bytes.split_off(end + 4)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_a_workbook_in_the_language_of_its_page_and_with_its_filters() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut visit = joined(&town, "auditor", PersonRole::Auditor, None).await;
    let page = visit
        .get("/completeness?dataset=monthly-revenue&under=520100")
        .await;
    let link = "/completeness?dataset=monthly-revenue&amp;under=520100&amp;csv=completeness.xlsx";
    assert!(page.body.contains(link), "{}", page.body);
    for (language, heading) in [("zh", "截止"), ("en", "Due")] {
        visit.get(&format!("/?lang={language}")).await;
        let bytes = file(&visit, "/unit/520100?csv=open.xlsx").await;
        let mut book: Xlsx<_> = open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
        let name = book.sheet_names()[0].clone();
        let sheet = book.worksheet_range(&name).unwrap();
        let at = |row, column| sheet.get_value((row, column)).unwrap().clone();
        assert_eq!(at(0, 3), Data::String(heading.into()));
        assert!(matches!(at(1, 3), Data::DateTime(_)), "{:?}", at(1, 3));
        assert_eq!(at(1, 4), Data::Float(0.0), "a number");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_sorted_by_its_address() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut visit = joined(&town, "viewer", PersonRole::Viewer, None).await;
    let mut periods = async |sort: &str| {
        let page = visit.get(&format!("/unit/520100?sort={sort}")).await;
        let (_, table) = page.body.split_once("id=\"open\"").unwrap();
        let texts = table.split('>').filter_map(|rest| rest.split('<').next());
        let cells: Vec<String> = texts
            .filter(|text| text.len() < 9 && text.starts_with("20") && text.contains('-'))
            .map(str::to_owned)
            .collect();
        (cells, page.body)
    };
    let (up, page) = periods("open.2").await;
    let (mut down, _) = periods("open.-2").await;
    assert!(up.len() > 3 && up.is_sorted(), "{up:?}");
    down.reverse();
    assert_eq!(up, down);
    assert!(page.contains("aria-sort=\"ascending\"") && page.contains("sort=open.-2"));
    let (as_it_was, _) = periods("open.99").await;
    assert_eq!(as_it_was.len(), up.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_makes_and_revokes_tokens_and_nobody_else_does() {
    let town = Town::founded(&[CONSOLE]).await;
    let mut operator = joined(&town, "operator", PersonRole::Operator, None).await;
    assert_eq!(operator.get("/tokens").await.status, 403);
    let form = operator.get("/").await.form();
    let wish = [
        ("name", "bi"),
        ("scope", "read:completeness"),
        ("under", GUIYANG),
        ("days", "7"),
    ];
    assert_eq!(operator.post("/tokens", &form, &wish).await.status, 403);

    let mut root = joined(&town, "root", PersonRole::Admin, None).await;
    let form = root.get("/tokens").await.form();
    let made = root.post("/tokens", &form, &wish).await;
    assert_eq!(made.status, 200, "{}", made.body);
    let (_, secret) = made.body.split_once("<code>granary_").unwrap();
    let secret = format!("granary_{}", &secret[..64]);
    let reader = Reader::new(&town, &secret);
    let about = reader.get("/api/v1/token").await.json();
    assert_eq!(
        (&about["name"], &about["under"]),
        (&"bi".into(), &GUIYANG.into())
    );
    let listed = root.get("/tokens").await.body;
    assert!(listed.contains("read:completeness") && !listed.contains(&secret));
    let none = [("name", "none"), ("days", "7")];
    assert_eq!(
        root.post("/tokens", &form, &none).await.status,
        422,
        "no scope"
    );
    assert_eq!(
        root.post("/tokens", &form, &wish).await.status,
        422,
        "the name is taken"
    );
    let named = [("name", "bi")];
    assert_eq!(
        root.post("/tokens/revoke", "wrong", &named).await.status,
        403
    );
    assert_eq!(root.post("/tokens/revoke", &form, &named).await.status, 303);
    assert_eq!(reader.get("/api/v1/token").await.status, 401);
}
