//! What is posted, and what is made of the answers.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse as _, Response},
    routing::any,
};
use tokio::net::TcpListener;

use super::{POSTING, giant, hostile, overdue, parcel};
use crate::{
    notices::{
        channel::{Carrier as _, Channels, Failure, dingtalk, wecom},
        settings::{NoticeSettings, Secret, Target},
        tests::support::{RuntimeClock, settings_at},
    },
    tls::Authority,
};

/// What a server was asked, one line each.
pub(in crate::notices) type Asked = Arc<Mutex<Vec<String>>>;

struct Server {
    asked: Asked,
    answers: Mutex<VecDeque<Response>>,
}

/// A server that notes what it is asked, and answers in the order of `answers`, else `{"errcode":0}`.
pub(in crate::notices) async fn serve(answers: Vec<Response>) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let server = Arc::new(Server {
        asked: Arc::clone(&asked),
        answers: Mutex::new(answers.into()),
    });
    let router = Router::new().fallback(any(note)).with_state(server);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, asked)
}

async fn note(
    State(server): State<Arc<Server>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut text = format!("POST {uri}\n");
    for (name, value) in &headers {
        if name != "host" {
            text += &format!("{name}: {}\n", value.to_str().unwrap());
        }
    }
    text += &format!("\n{}", String::from_utf8(body.to_vec()).unwrap());
    server.asked.lock().unwrap().push(text);
    let answer = server.answers.lock().unwrap().pop_front();
    answer.unwrap_or_else(|| r#"{"errcode":0,"errmsg":"ok"}"#.into_response())
}

fn channels(settings: &NoticeSettings) -> Channels {
    let clock = Arc::new(RuntimeClock::starting("2022-06-07T08:00:00+08:00"));
    Channels::new(&settings.channels, clock).unwrap()
}

async fn send(answers: Vec<Response>, channel: &str) -> (Result<(), Failure>, Vec<String>) {
    let (address, asked) = serve(answers).await;
    let channels = channels(&settings_at(POSTING, &address));
    let outcome = channels.carry(&parcel(channel, overdue())).await;
    let asked = asked.lock().unwrap().clone();
    (outcome, asked)
}

#[tokio::test]
async fn a_webhook_gets_figures_and_words() {
    let (outcome, asked) = send(Vec::new(), "hub").await;
    assert_eq!(outcome, Ok(()));
    insta::assert_snapshot!(asked.join("\n"));
}

#[tokio::test]
async fn a_wecom_robot_gets_markdown() {
    let (outcome, asked) = send(Vec::new(), "wecom").await;
    assert_eq!(outcome, Ok(()));
    insta::assert_snapshot!(asked.join("\n"));
}

#[tokio::test]
async fn a_dingtalk_robot_gets_markdown_in_a_signed_request() {
    let (outcome, asked) = send(Vec::new(), "dingtalk").await;
    assert_eq!(outcome, Ok(()));
    // The instant of sending is in the address; the signature is held by a vector below.
    let asked = asked.join("\n");
    let (first, rest) = asked.split_once('\n').unwrap();
    let (before, stamp) = first.split_once("&timestamp=16545600").unwrap();
    assert!(stamp.contains("&sign="), "{first}");
    insta::assert_snapshot!(format!("{before}&timestamp=...&sign=...\n{rest}"));
}

/// Computed with Python's `hmac` and with OpenSSL.
#[test]
fn a_signature_is_that_of_the_vendor() {
    for (secret, now_ms, expected) in [
        (
            "this is secret",
            1_600_000_000_000,
            "MYEtKC4/NfMR1l4prX++ai6oOf70X1xOf6UlnyUhJH4=",
        ),
        (
            "SECabc",
            1_234_567_890_123,
            "Cjp/YxOT6VDuUO+RrIqY32+sqQV3cRfpwNQ7jQrVzbo=",
        ),
    ] {
        assert_eq!(
            dingtalk::signature(&Secret::new(secret), now_ms).unwrap(),
            expected
        );
    }
    let settings = settings_at(POSTING, "https://oapi.dingtalk.example");
    let Target::DingTalk { endpoint, .. } = &settings.channels["dingtalk"].target else {
        panic!("a DingTalk robot is expected");
    };
    let secret = Secret::new("this is secret");
    let request = dingtalk::request(
        endpoint,
        Some(&secret),
        &parcel("dingtalk", overdue()),
        1_600_000_000_000,
    );
    assert_eq!(
        request.unwrap().path.reveal(),
        "/ding?key=k1&timestamp=1600000000000&sign=MYEtKC4%2FNfMR1l4prX%2B%2Bai6oOf70X1xOf6UlnyUhJH4%3D"
    );
}

/// In words: taken, again (after so many seconds), or never.
fn word(outcome: &Result<(), Failure>) -> String {
    match outcome {
        Ok(()) => "taken".into(),
        Err(Failure::Later { wait_ms: None, .. }) => "again".into(),
        Err(Failure::Later {
            wait_ms: Some(ms), ..
        }) => format!("again after {} s", ms / 1_000),
        Err(Failure::Never { .. }) => "never".into(),
    }
}

#[test]
fn a_code_in_a_200_is_a_failure() {
    for (code, by_wecom, by_dingtalk) in [
        ("0", "taken", "taken"),
        ("\"0\"", "taken", "taken"),
        ("-1", "again", "again"),
        ("45009", "again after 61 s", "again"),
        ("45033", "again after 61 s", "again"),
        ("93000", "never", "again"),
        ("40058", "never", "again"),
        ("130101", "again", "again after 600 s"),
        ("410100", "again", "again after 600 s"),
        ("310000", "again", "never"),
        ("400101", "again", "never"),
        ("400102", "again", "never"),
        ("430104", "again", "never"),
        ("987654", "again", "again"),
        ("null", "again", "again"),
    ] {
        let body = format!(r#"{{"errcode":{code},"errmsg":"about it"}}"#);
        assert_eq!(word(&wecom::judge(body.as_bytes())), by_wecom, "{code}");
        assert_eq!(
            word(&dingtalk::judge(body.as_bytes())),
            by_dingtalk,
            "{code}"
        );
    }
    for body in ["", "<html>", "[]", "{}"] {
        assert_eq!(word(&wecom::judge(body.as_bytes())), "again", "{body}");
    }
}

#[tokio::test]
async fn a_status_says_whether_to_try_again() {
    let header = |status: u16, name: &'static str, value: &'static str| {
        (StatusCode::from_u16(status).unwrap(), [(name, value)]).into_response()
    };
    for (answer, expected) in [
        (StatusCode::NO_CONTENT.into_response(), "taken"),
        (StatusCode::INTERNAL_SERVER_ERROR.into_response(), "again"),
        (StatusCode::BAD_GATEWAY.into_response(), "again"),
        (header(429, "retry-after", "120"), "again after 120 s"),
        (
            header(503, "retry-after", "99999999"),
            "again after 86400 s",
        ),
        (header(503, "retry-after", "tomorrow"), "again"),
        (StatusCode::NOT_FOUND.into_response(), "never"),
        (StatusCode::UNAUTHORIZED.into_response(), "never"),
        (header(302, "location", "/elsewhere"), "never"),
        (header(307, "location", "/elsewhere"), "never"),
        ("x".repeat(100_000).into_response(), "again"),
    ] {
        let shown = format!("{} {expected}", answer.status());
        let (outcome, asked) = send(vec![answer], "hub").await;
        assert_eq!(word(&outcome), expected, "{shown}: {outcome:?}");
        assert_eq!(asked.len(), 1, "nothing is followed: {shown}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let mut settings = settings_at(POSTING, &address);
    settings.channels.get_mut("hub").unwrap().timeout = Duration::from_millis(50);
    let outcome = channels(&settings).carry(&parcel("hub", overdue())).await;
    assert_eq!(word(&outcome), "again");
    // And one that is not there.
    drop(listener);
    let outcome = channels(&settings).carry(&parcel("hub", overdue())).await;
    assert_eq!(word(&outcome), "again", "{outcome:?}");
}

#[tokio::test]
async fn without_tls_nothing_leaves_the_private_network() {
    let settings = settings_at(POSTING, "http://192.0.2.1");
    let outcome = channels(&settings).carry(&parcel("hub", overdue())).await;
    assert_eq!(word(&outcome), "never", "{outcome:?}");
}

#[tokio::test]
async fn a_certificate_is_checked_against_the_authority_that_was_named() {
    let folder = tempfile::tempdir().unwrap();
    let now = jiff::Timestamp::try_from(std::time::SystemTime::now()).unwrap();
    let authority = || Authority::generate("city.example/log", now).unwrap().0;
    let (ours, others) = (authority(), authority());
    let address = serve_tls(&ours, now).await;
    for (authority, expected) in [(&ours, "taken"), (&others, "again")] {
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, authority.certificate_pem()).unwrap();
        let text = POSTING.replace(
            "plain_http = true",
            &format!("ca = {:?}", ca.to_str().unwrap()),
        );
        let channels = channels(&settings_at(&text, &address));
        let outcome = channels.carry(&parcel("wecom", overdue())).await;
        assert_eq!(word(&outcome), expected, "{outcome:?}");
    }
}

async fn serve_tls(authority: &Authority, now: jiff::Timestamp) -> String {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
    let identity = authority
        .issue_server(&["localhost".to_owned()], now)
        .unwrap();
    let chain = vec![CertificateDer::from_pem_slice(identity.certificate_pem.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key);
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config.unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut seen = Vec::new();
            while !seen.ends_with(b"\"}") {
                let mut part = [0; 4_096];
                let read = stream.read(&mut part).await.unwrap();
                seen.extend_from_slice(&part[..read]);
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"errcode\":0}";
            stream.write_all(answer).await.unwrap();
        }
    });
    format!("https://localhost:{port}")
}

#[test]
fn a_giant_list_is_shortened_and_says_by_how_much() {
    let settings = settings_at(POSTING, "https://robots.example");
    let content = |request: super::super::http::Post, member: &str| {
        assert!(request.body.len() <= 20_000, "{}", request.body.len());
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        body["markdown"][member].as_str().unwrap().to_owned()
    };
    let Target::WeCom { endpoint } = &settings.channels["wecom"].target else {
        panic!("a WeCom robot is expected");
    };
    let short = content(
        wecom::request(endpoint, &parcel("wecom", giant())),
        "content",
    );
    assert!((3_900..=4_096).contains(&short.len()), "{}", short.len());
    check_rest(&short, "> ");
    let Target::DingTalk { endpoint, secret } = &settings.channels["dingtalk"].target else {
        panic!("a DingTalk robot is expected");
    };
    let request = dingtalk::request(endpoint, secret.as_ref(), &parcel("dingtalk", giant()), 0);
    let long = content(request.unwrap(), "text");
    assert!(long.len() > 17_000, "{}", long.len());
    check_rest(&long, "- ");
}

/// The items listed and those left out are all there are: 5,000 and the one that the notice had.
fn check_rest(text: &str, bullet: &str) {
    let last = text.trim_end().lines().last().unwrap();
    let digits: String = last.chars().filter(char::is_ascii_digit).collect();
    let rest: usize = digits.parse().unwrap();
    let items = text
        .lines()
        .filter(|line| line.starts_with(bullet) && *line != last);
    assert_eq!(
        items.count() + rest,
        5_000 + overdue().lines.len() - 2,
        "{last}"
    );
}

#[test]
fn markup_in_names_does_nothing() {
    use crate::notices::message::{dingtalk, html, wecom};
    use granary_core::text::Language::Zh;
    let notice = hostile();
    for text in [wecom(&notice, Zh, 4_096), dingtalk(&notice, Zh, 20_000)] {
        for bad in ["<img", "](http", "**粗**", "@all", "`代码`"] {
            assert!(!text.contains(bad), "{bad} in {text}");
        }
    }
    let page = html(&notice, Zh);
    assert!(!page.contains("<img") && page.contains("&lt;img"), "{page}");
}
