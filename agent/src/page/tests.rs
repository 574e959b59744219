//! Who is let in, what is refused, what is escaped, and that a dropped file goes the inbox's way: over a real socket, as a browser asks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attaching;

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use granary_core::catalogue::Bundle;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::*;
use crate::{catalogue_cache::CatalogueCache, intake::FILE_BYTES_MAX};

const BOUNDARY: &str = "XgranaryX";

/// An office with a catalogue, and its page.
struct Desk {
    folder: tempfile::TempDir,
    page: Page,
    cookie: String,
    form: String,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }
}

async fn opened(more: &str) -> (tempfile::TempDir, Page, Settings) {
    let folder = tempfile::tempdir().unwrap();
    let text = "unit = \"520100\"\nserver = \"https://city.example:7443\"\n[spool]\ndisk_free_bytes_min = 0\n[page]\nlisten = \"127.0.0.1:0\"\n";
    let text = format!("{text}{more}");
    let settings =
        Settings::parse(&text, &folder.path().join("agent.toml"), &BTreeMap::new()).unwrap();
    fs::create_dir_all(&settings.state).unwrap();
    let text = include_str!("../intake/tests/catalogue.toml");
    let files = BTreeMap::from([("catalogue.toml".to_owned(), text.to_owned())]);
    let bundle = Bundle::new(files).unwrap();
    CatalogueCache::open(&settings.state)
        .keep(&bundle.version(), &bundle.encode())
        .unwrap();
    let page = Page::start(&settings).await.unwrap();
    (folder, page, settings)
}

impl Desk {
    async fn open() -> Self {
        Self::open_with("").await
    }

    /// With more lines in the settings.
    async fn open_with(more: &str) -> Self {
        let (folder, page, settings) = opened(more).await;
        let url = url(&settings.state).unwrap();
        let path = url
            .strip_prefix(&format!("http://{}", page.address()))
            .unwrap();
        let entered = ask(&page, "GET", path, &[], b"").await;
        assert_eq!(entered.status, 200);
        let cookie = entered.header("set-cookie").unwrap().to_owned();
        assert!(
            cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"),
            "{cookie}"
        );
        assert!(!entered.body.contains(path), "the token is let go");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let mut desk = Self {
            folder,
            page,
            cookie,
            form: String::new(),
        };
        let home = desk.get("/").await;
        assert_eq!(home.status, 200, "{}", home.body);
        let form = home.body.split("name=\"form\" value=\"").nth(1).unwrap();
        desk.form = form.split('"').next().unwrap().to_owned();
        desk
    }

    async fn get(&self, path: &str) -> Answer {
        ask(&self.page, "GET", path, &[("cookie", &self.cookie)], b"").await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)], more: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let mut headers = vec![
            ("cookie", self.cookie.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        headers.extend(more);
        ask(&self.page, "POST", path, &headers, body.as_bytes()).await
    }

    async fn drop(&self, form: Option<&str>, name: &str, content: &[u8]) -> Answer {
        self.upload("/drop", form, &[(name, content)]).await
    }

    async fn upload(&self, path: &str, form: Option<&str>, files: &[(&str, &[u8])]) -> Answer {
        let mut body = Vec::new();
        if let Some(form) = form {
            body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"form\"\r\n\r\n{form}\r\n").bytes());
        }
        for (name, content) in files {
            let name = name.replace('"', "%22");
            body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n").bytes());
            body.extend(*content);
            body.extend(b"\r\n");
        }
        body.extend(format!("--{BOUNDARY}--\r\n").bytes());
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("content-type", kind.as_str()),
        ];
        ask(&self.page, "POST", path, &headers, &body).await
    }

    /// Every file under the agent's folder.
    fn files(&self, under: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().join(under)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() => folders.push(entry.path()),
                    kind if kind.is_file() => found.push(entry.path()),
                    _ => {}
                }
            }
        }
        found
    }
}

/// One request as a browser sends it; `host` among the headers replaces the right one.
async fn ask(
    page: &Page,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    if headers.iter().all(|(name, _)| *name != "host") {
        let _ = write!(head, "host: {}\r\n", page.address());
    }
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    let (mut from, mut to) = TcpStream::connect(page.address())
        .await
        .unwrap()
        .into_split();
    let sent = async {
        // Whoever is refused in the middle of a long body stops being listened to.
        let _ = to.write_all(head.as_bytes()).await;
        let _ = to.write_all(body).await;
        to
    };
    let received = async {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes).await;
        bytes
    };
    let (_to, bytes) = tokio::join!(sent, received);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text.as_str(), ""));
    let status = head
        .split(' ')
        .nth(1)
        .unwrap_or_else(|| panic!("no answer: {text:?}"));
    Answer {
        status: status.parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

#[tokio::test]
async fn nobody_is_let_in_without_the_token_of_this_start() {
    let (_folder, page, settings) = opened("").await;
    let forged = "/enter?token=0000000000000000000000000000000000000000000000000000000000000000";
    for path in [
        "/",
        "/slots",
        "/findings",
        "/files",
        "/enter",
        "/enter?token=",
        forged,
        "/nowhere",
    ] {
        let answer = ask(&page, "GET", path, &[], b"").await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.header("set-cookie").is_none());
        assert!(
            !answer.body.contains("520100"),
            "nothing of the office is shown"
        );
    }
    let file = settings.state.join(FILE);
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    // The cookie of another start, or a piece of the right one, is none.
    let other = Desk::open().await;
    for cookie in [
        other.cookie.as_str(),
        &other.cookie[..30],
        "granary=",
        "granary",
    ] {
        assert_eq!(
            ask(&page, "GET", "/", &[("cookie", cookie)], b"")
                .await
                .status,
            401
        );
    }
    drop(page);
    assert!(!file.exists(), "the address goes with the page");
}

#[tokio::test]
async fn a_name_that_was_pointed_here_is_refused() {
    let desk = Desk::open().await;
    let port = desk.page.address().port();
    let cookie = ("cookie", desk.cookie.as_str());
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        "127.0.0.1".to_owned(),
        format!("127.0.0.1:{port}.evil.example"),
        format!("127.0.0.1:{}", port ^ 1),
        String::new(),
    ] {
        let answer = ask(&desk.page, "GET", "/", &[cookie, ("host", &host)], b"").await;
        assert!(
            matches!(answer.status, 400 | 421),
            "{host}: {}",
            answer.status
        );
        assert!(!answer.body.contains("520100"));
    }
    let twice = [cookie, ("host", "127.0.0.1"), ("host", "evil.example")];
    assert_ne!(ask(&desk.page, "GET", "/", &twice, b"").await.status, 200);
    for own in [
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}"),
        format!("[::1]:{port}"),
    ] {
        assert_eq!(
            ask(&desk.page, "GET", "/", &[cookie, ("host", &own)], b"")
                .await
                .status,
            200,
            "{own}"
        );
    }
}

#[tokio::test]
async fn no_form_of_another_site_is_carried_out() {
    let desk = Desk::open().await;
    let own = format!("http://{}", desk.page.address());
    let form = desk.form.clone();
    let language = [
        ("form", form.as_str()),
        ("language", "en"),
        ("back", "/files"),
    ];
    for more in [
        [("origin", "https://evil.example")],
        [("origin", "null")],
        [("origin", "http://127.0.0.1:1")],
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
    ] {
        assert_eq!(
            desk.post("/language", &language, &more).await.status,
            403,
            "{more:?}"
        );
    }
    let taken = desk
        .post(
            "/language",
            &language,
            &[("origin", &own), ("sec-fetch-site", "same-origin")],
        )
        .await;
    assert_eq!(
        (taken.status, taken.header("location")),
        (303, Some("/files"))
    );
    for forged in ["", "x", &form[1..]] {
        for path in [
            "/language",
            "/findings",
            "/slots/projects/2021-M03/withdraw",
            "/file/0/send",
            "/file/0/remove",
        ] {
            let answer = desk.post(path, &[("form", forged)], &[]).await;
            assert_eq!(answer.status, 403, "{path}");
        }
    }
    for form in [None, Some("x")] {
        assert_eq!(desk.drop(form, "a.csv", b"gdp\n1\n").await.status, 403);
    }
    assert!(desk.files("state/page").is_empty() && desk.files("inbox").is_empty());
    // The way back stays on this page.
    for back in [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/a\r\nset-cookie: x=1",
    ] {
        let answer = desk
            .post(
                "/language",
                &[("form", form.as_str()), ("language", "zh"), ("back", back)],
                &[],
            )
            .await;
        assert_eq!(answer.header("location"), Some("/"), "{back}");
    }
}

#[tokio::test]
async fn paths_in_names_lead_nowhere() {
    let desk = Desk::open().await;
    for name in [
        "../../../agent.csv",
        "..\\..\\agent.csv",
        "/etc/agent.csv",
        "C:\\tmp\\agent.csv",
    ] {
        let answer = desk.drop(Some(&desk.form), name, b"gdp\n1\n").await;
        assert_eq!(answer.status, 303, "{name}: {}", answer.body);
    }
    let staged = desk.files("state/page");
    assert_eq!(staged.len(), 4);
    assert!(
        staged.iter().all(|path| path.ends_with("agent.csv")
            && path.components().count() == staged[0].components().count()),
        "{staged:?}"
    );
    for name in [
        "",
        "..",
        ".csv",
        ".hidden.csv",
        "~$book.xlsx",
        "a.pdf",
        "x.report.json",
        "a.csv.part",
        &format!("{}.csv", "长".repeat(60)),
    ] {
        assert_eq!(
            desk.drop(Some(&desk.form), name, b"gdp\n1\n").await.status,
            422,
            "{name}"
        );
    }
    fs::create_dir_all(desk.folder.path().join("accepted")).unwrap();
    for path in [
        "/files/accepted/..%2f..%2fagent.toml",
        "/files/accepted/%2e%2e%2fstate%2fpage.url",
        "/files/..%2fstate/page.url",
        "/files/state/status.json",
        "/file/..%2f..%2fidentity",
        "/file/%2e%2e",
        "/file/%00",
        "/sent/..%2f..%2fx/../../y",
    ] {
        assert_eq!(desk.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_leaves_nothing() {
    let desk = Desk::open().await;
    let bytes = usize::try_from(FILE_BYTES_MAX).unwrap();
    for length in [bytes + 1, bytes + (1 << 20)] {
        let answer = desk
            .drop(Some(&desk.form), "big.csv", &vec![b'1'; length])
            .await;
        assert_eq!(answer.status, 413, "{length}");
    }
    assert!(desk.files("state/page").is_empty());
    let long = "x".repeat(2 << 20);
    let answer = desk
        .post(
            "/findings",
            &[("form", desk.form.as_str()), ("reason", &long)],
            &[],
        )
        .await;
    assert_eq!(answer.status, 413);
    let long = "y".repeat(64 << 10);
    assert!(matches!(
        desk.get(&format!("/{long}")).await.status,
        414 | 431
    ));
}

#[tokio::test]
async fn at_most_so_many_dropped_files_wait() {
    let desk = Desk::open().await;
    for _ in 0..30 {
        assert_eq!(
            desk.drop(Some(&desk.form), "a.csv", b"gdp\n1\n")
                .await
                .status,
            303
        );
    }
    assert_eq!(desk.files("state/page").len(), 24);
}

#[tokio::test]
async fn texts_of_others_are_shown_and_not_run() {
    let desk = Desk::open().await;
    let text = "# preparer: <b>x\nperiod,gdp,<i>y\n2021-Q3,<u>z,1\n";
    let dropped = desk
        .drop(
            Some(&desk.form),
            "<img src=x onerror=alert(1)>.csv",
            text.as_bytes(),
        )
        .await;
    let shown = desk.get(dropped.header("location").unwrap()).await;
    assert_eq!(shown.status, 200);
    assert!(
        shown
            .body
            .contains("&lt;img src=x onerror=alert(1)&gt;.csv"),
        "{}",
        shown.body
    );
    for raw in ["<img", "<b>x", "<i>y", "<u>z"] {
        assert!(!shown.body.contains(raw), "{raw}");
    }
    let missing = desk
        .get("/sent/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E?since=%22%3E")
        .await;
    assert!(!missing.body.contains("<script>") && !missing.body.contains("data-events"));
    for (path, status) in [
        ("/", 200),
        ("/style.css", 200),
        ("/page.js", 200),
        ("/nowhere", 404),
    ] {
        let answer = desk.get(path).await;
        assert_eq!(answer.status, status);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'")
                && !policy.contains("unsafe")
                && !policy.contains("http")
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(
            !answer.body.contains("http://") && !answer.body.contains("https://"),
            "{path} names no host"
        );
        assert!(!answer.body.contains(" style=") && !answer.body.contains(" onclick="));
    }
}

#[tokio::test]
async fn a_dropped_file_gets_names_and_goes_the_inbox_s_way() {
    let desk = Desk::open().await;
    let text = "secondary,industry,construction,gdp\n10,4,5,30\n";
    let name = "quarterly-accounts_2021-Q3.csv";
    let dropped = desk
        .drop(Some(&desk.form), name, b"gdp,growth\n30,1.5\n")
        .await;
    let path = dropped.header("location").unwrap().to_owned();
    let shown = desk.get(&path).await;
    assert!(
        shown.body.contains("可以报送") && shown.body.contains("地区生产总值"),
        "{}",
        shown.body
    );
    assert!(
        desk.files("inbox").is_empty(),
        "nothing is sent before somebody says so"
    );
    let fields = [
        ("form", desk.form.as_str()),
        ("preparer", "张三"),
        ("unit_head", " 李\n四 "),
        ("statistics_head", ""),
    ];
    let sent = desk.post(&format!("{path}/send"), &fields, &[]).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let inbox = desk.files("inbox");
    assert_eq!(inbox.len(), 1);
    assert!(inbox[0].ends_with(name));
    let written = fs::read_to_string(&inbox[0]).unwrap();
    assert_eq!(
        written,
        "gdp,growth\n30,1.5\n\"# 填表人: 张三\"\r\n\"# 单位负责人: 李 四\"\r\n"
    );
    assert!(desk.files("state/page").is_empty(), "the copy is let go");
    let sha256 = crate::intake::digest_of(&inbox[0]).unwrap();
    let to = sent.header("location").unwrap();
    assert!(to.starts_with(&format!("/sent/{sha256}?since=")), "{to}");
    // Where no script follows it, the page loads itself again.
    let waiting = desk.get(to).await;
    assert!(
        waiting
            .body
            .contains("<noscript><meta http-equiv=\"refresh\""),
        "{}",
        waiting.body
    );
    assert_eq!(desk.get(&path).await.status, 404);
    // What must be corrected has no button that sends it.
    let wrong = desk.drop(Some(&desk.form), name, text.as_bytes()).await;
    let path = wrong.header("location").unwrap();
    let shown = desk.get(path).await;
    assert!(!shown.body.contains("id=\"send\"") && shown.body.contains("需要改正"));
    let forced = desk.post(&format!("{path}/send"), &fields, &[]).await;
    assert_eq!((forced.status, desk.files("inbox").len()), (422, 1));
}
