//! A person's browser at the console: uses an invitation, asks for pages, and keeps pages open that follow by themselves.

use std::{
    net::SocketAddr,
    process::Command,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::City;
use crate::context::Outcome;

/// The synthetic people's password.
const PASSWORD: &str = "a synthetic password";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long an open page waits for an event before it looks whether it is to end.
const LOOK: Duration = Duration::from_millis(200);

/// A signed-in person.
#[derive(Clone)]
pub(crate) struct Visitor {
    address: SocketAddr,
    cookies: Vec<(String, String)>,
}

/// An answer.
pub(crate) struct Answer {
    /// From the request to the first byte.
    pub(crate) first_byte: Duration,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Visitor {
    /// Somebody new, who uses an invitation.
    pub(crate) async fn invited(city: &City, login: &str) -> Outcome<Self> {
        let mut invite = Command::new(&city.program);
        invite.args(["people", "invite", "--role", "operator", "--login", login]);
        invite.args(["--name", login, "--data"]);
        let said = invite.arg(city.folder.path().join("data")).output()?;
        let said = String::from_utf8(said.stdout)?;
        let (_, rest) = said.split_once("/join/").ok_or("no invitation")?;
        let token = rest.split_whitespace().next().ok_or("no invitation")?;
        let path = format!("/join/{token}");
        let mut visitor = Self {
            address: city.console,
            cookies: Vec::new(),
        };
        let page = visitor.ask("GET", &path, ("", "")).await?;
        visitor.keep(&page);
        let text = String::from_utf8_lossy(&page.body).into_owned();
        let form = text.split_once("name=\"form\" value=\"");
        let form = form.and_then(|(_, rest)| rest.split('"').next());
        let (form, password) = (form.ok_or("no form")?, PASSWORD.replace(' ', "+"));
        let body = format!("form={form}&password={password}&again={password}");
        let joined = visitor.ask("POST", &path, ("", &body)).await?;
        visitor.keep(&joined);
        visitor.get("/").await?;
        Ok(visitor)
    }

    /// A page.
    pub(crate) async fn get(&self, path: &str) -> Outcome<Answer> {
        let answer = self.ask("GET", path, ("", "")).await?;
        match answer.head.starts_with("HTTP/1.1 200") {
            true => Ok(answer),
            false => Err(format!("{path} was not shown: {}", answer.head).into()),
        }
    }

    /// Keeps a page open until `until`, as the console's script does: each event asks for the page again. Gives how often that was.
    pub(crate) async fn follow(&self, path: &str, until: Instant) -> Outcome<u64> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream
            .write_all(self.head("GET", "/events", ("", "")).as_bytes())
            .await?;
        let (mut pages, mut buffer) = (0, [0; 4096]);
        while Instant::now() < until {
            let Ok(read) = timeout(LOOK, stream.read(&mut buffer)).await else {
                continue;
            };
            let heard = buffer.get(..read?).unwrap_or_default();
            if heard.is_empty() {
                return Err("the console ended an open page".into());
            }
            if heard.windows(5).any(|word| word == b"moved") {
                self.ask("GET", path, ("x-granary-following: 1\r\n", ""))
                    .await?;
                pages += 1;
            }
        }
        Ok(pages)
    }

    /// `more` is further lines of the head, and the body.
    async fn ask(&self, method: &str, path: &str, more: (&str, &str)) -> Outcome<Answer> {
        let asked = async {
            let start = Instant::now();
            let mut stream = TcpStream::connect(self.address).await?;
            let request = format!("{}{}", self.head(method, path, more), more.1);
            stream.write_all(request.as_bytes()).await?;
            let mut bytes = vec![0; 1];
            stream.read_exact(&mut bytes).await?;
            let first_byte = start.elapsed();
            stream.read_to_end(&mut bytes).await?;
            let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
            let body = bytes.split_off(end.ok_or("no answer")? + 4);
            let head = String::from_utf8(bytes)?;
            Ok(Answer {
                first_byte,
                head,
                body,
            })
        };
        timeout(PATIENCE, asked).await?
    }

    fn head(&self, method: &str, path: &str, (lines, body): (&str, &str)) -> String {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!(
            "{method} {path} HTTP/1.1\r\nhost: console\r\norigin: http://console\r\nconnection: close\r\n{lines}cookie: {}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
            cookies.join("; "),
            body.len()
        )
    }

    fn keep(&mut self, answer: &Answer) {
        let set = |line: &str| {
            let (name, value) = line.split_once(": ")?;
            let cookie = name
                .eq_ignore_ascii_case("set-cookie")
                .then(|| value.split(';').next())??;
            let (name, value) = cookie.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        for (name, value) in answer.head.lines().filter_map(set) {
            self.cookies.retain(|(known, _)| *known != name);
            self.cookies.push((name, value));
        }
    }
}
