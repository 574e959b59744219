//! Somebody's browser at the console, and a program with a token at the API.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
};

use granary_aggregator::people::{
    Invitation, PersonRole, TokenScope, TokenWish, Tokens, invite_into,
};
use serde_json::Value;

use crate::{
    history::{NOW, at_ms},
    support::City,
};

/// Requests that one token is good for at an instant at which the city's clock stands still.
const BURST: usize = 50;

/// Whoever has signed in as an operator who sees the whole city.
pub(crate) struct Visit {
    address: SocketAddr,
    cookies: BTreeMap<String, String>,
    data: PathBuf,
    token: String,
    asked: usize,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Where the browser is sent on to.
    pub(crate) fn location(&self) -> &str {
        let line = self
            .head
            .lines()
            .find_map(|line| line.strip_prefix("location: "));
        line.unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

impl Visit {
    /// Uses an invitation, and goes on in a language.
    pub(crate) fn begin(city: &City, login: &str, language: &str) -> Self {
        let (data, now_ms) = (city.path("data"), at_ms(NOW));
        let invitation = Invitation {
            login: login.into(),
            name: "王先生".into(),
            role: PersonRole::Operator,
            under: None,
            expires_at_ms: now_ms + 60_000,
            department: None,
        };
        let path = format!("/join/{}", invite_into(&data, &invitation, now_ms).unwrap());
        let mut visit = Self {
            address: city.console(),
            cookies: BTreeMap::new(),
            data,
            token: String::new(),
            asked: 0,
        };
        let form = visit.page(&path);
        let (_, rest) = form.split_once("name=\"form\" value=\"").unwrap();
        let (form, _) = rest.split_once('"').unwrap();
        let password = "correct+horse+battery+staple";
        let body = format!("form={form}&password={password}&again={password}");
        let more = "content-type: application/x-www-form-urlencoded\r\norigin: http://console\r\n";
        assert_eq!(visit.send("POST", &path, more, &body).status, 303);
        visit.page(&format!("/account?lang={language}"));
        visit
    }

    /// A page of the console.
    pub(crate) fn page(&mut self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, "", "")
    }

    /// An answer of the API.
    pub(crate) fn api(&mut self, path: &str) -> Value {
        serde_json::from_str(&self.api_text(path)).unwrap()
    }

    /// The same as it is written.
    pub(crate) fn api_text(&mut self, path: &str) -> String {
        if self.asked.is_multiple_of(BURST) {
            self.token = self.new_token();
        }
        self.asked += 1;
        let more = format!("authorization: Bearer {}\r\n", self.token);
        let path = format!("/api/v1{path}");
        let answer = self.send("GET", &path, &more, "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    /// A token that reads everything.
    fn new_token(&self) -> String {
        let wish = TokenWish {
            name: format!("screens-{}", self.asked),
            scopes: TokenScope::ALL.into(),
            under: None,
            days: 30,
            made_by: "test".into(),
        };
        Tokens::open(&self.data)
            .unwrap()
            .make(&wish, at_ms(NOW))
            .unwrap()
    }

    /// Sends one request and keeps the cookies of the answer, as a browser does.
    fn send(&mut self, method: &str, path: &str, more: &str, body: &str) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: console\r\nconnection: close\r\ncookie: {}\r\ncontent-length: {}\r\n{more}\r\n{body}",
            cookies.join("; "),
            body.len()
        );
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let body = bytes.split_off(end + 4);
        let head = String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
        for line in head
            .lines()
            .filter_map(|line| line.strip_prefix("set-cookie: "))
        {
            let (name, rest) = line.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.insert(name.into(), value.into());
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body }
    }
}
