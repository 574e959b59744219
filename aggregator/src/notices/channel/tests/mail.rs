//! Mail, with a mail server that says what the test wants.

use std::sync::{Arc, Mutex};

use granary_core::text::Bilingual;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

use super::{hostile, overdue, parcel};
use crate::notices::{
    channel::{Carrier as _, Channels, Failure, Parcel},
    tests::support::{RuntimeClock, settings},
};

/// What a mail server was told, session after session.
type Heard = Arc<Mutex<Vec<String>>>;

/// A mail server that answers `RCPT` in its own way, for instance `250 ok`.
async fn serve(on_recipient: &'static str) -> (u16, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, heard) = (listener.local_addr().unwrap().port(), Heard::default());
    let hearing = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let session = converse(stream, on_recipient).await;
            hearing.lock().unwrap().push(session);
        }
    });
    (port, heard)
}

async fn converse(stream: TcpStream, on_recipient: &str) -> String {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let (mut heard, mut in_data) = (String::new(), false);
    writer.write_all(b"220 mail.example\r\n").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        heard += &line;
        heard.push('\n');
        let answer = match line.split([' ', ':']).next() {
            _ if in_data && line == "." => {
                in_data = false;
                "250 queued"
            }
            _ if in_data => continue,
            Some("EHLO") => "250 mail.example",
            Some("RCPT") => on_recipient,
            Some("DATA") => {
                in_data = true;
                "354 go on"
            }
            Some("QUIT") => "221 bye",
            Some(_) | None => "250 ok",
        };
        if writer
            .write_all(format!("{answer}\r\n").as_bytes())
            .await
            .is_err()
        {
            break;
        }
        if line == "QUIT" {
            break;
        }
    }
    heard
}

fn channels(port: u16, security: &str) -> Channels {
    let text = format!(
        "[plan]\n[[channel]]\nname = \"mail\"\nkind = \"email\"\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"{security}\"\nfrom = \"统计报送 <noreply@city.example>\"\n"
    );
    let clock = Arc::new(RuntimeClock::starting("2022-06-07T08:00:00+08:00"));
    Channels::new(&settings(&text).channels, clock).unwrap()
}

fn mail(notice: granary_core::notices::Notice) -> Parcel {
    let to = ["张三 <zhang@county.example>", "duty@city.example"];
    Parcel {
        to: to.iter().map(|to| to.parse().unwrap()).collect(),
        ..parcel("mail", notice)
    }
}

#[tokio::test]
async fn a_mail_is_text_with_an_alternative() {
    let (port, heard) = serve("250 ok").await;
    let channels = channels(port, "plain");
    channels.carry(&mail(overdue())).await.unwrap();
    let heard = wait(&heard).await;
    // The boundary is random, the date is today's, and the client greets with this machine's name.
    let boundary = heard
        .split("boundary=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let steady = heard.replace(&boundary, "BOUNDARY");
    let steady: Vec<&str> = steady
        .lines()
        .filter(|line| !line.starts_with("EHLO") && !line.starts_with("Date:"))
        .collect();
    insta::assert_snapshot!(steady.join("\n"));
}

/// The session ends when the client has said goodbye, which is after `carry` returned.
async fn wait(heard: &Heard) -> String {
    loop {
        if let Some(session) = heard.lock().unwrap().first() {
            return session.clone();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_line_break_in_a_name_makes_no_header() {
    let (port, heard) = serve("250 ok").await;
    let mut notice = hostile();
    let evil = "甲县\r\nBcc: spy@evil.example\r\n\r\nDear all\r\n.\r\nQUIT";
    notice.subject = Bilingual::new(evil, evil);
    notice.lines[1].text = Bilingual::new(evil, evil);
    let outcome = channels(port, "plain").carry(&mail(notice)).await;
    assert_eq!(outcome, Ok(()));
    let heard = wait(&heard).await;
    let (head, _) = heard.split_once("\n\n").unwrap();
    assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    assert_eq!(
        heard.lines().filter(|line| *line == ".").count(),
        1,
        "{heard}"
    );
    let recipients = heard.lines().filter(|line| line.starts_with("RCPT"));
    assert_eq!(recipients.count(), 2);
}

#[tokio::test]
async fn an_answer_says_whether_to_try_again() {
    for (answer, is_final) in [
        ("550 no such user", true),
        ("450 mailbox busy", false),
        ("530 log in first", false),
    ] {
        let (port, _) = serve(answer).await;
        let outcome = channels(port, "plain").carry(&mail(overdue())).await;
        let found = matches!(outcome, Err(Failure::Never { .. }));
        assert_eq!(found, is_final, "{answer}: {outcome:?}");
        assert!(outcome.is_err());
    }
}

#[tokio::test]
async fn nothing_is_said_in_the_clear_where_tls_was_asked_for() {
    for security in ["tls", "starttls"] {
        let (port, heard) = serve("250 ok").await;
        let outcome = channels(port, security).carry(&mail(overdue())).await;
        assert!(outcome.is_err(), "{security}");
        let heard = heard.lock().unwrap().join("\n");
        assert!(
            !heard.contains("MAIL") && !heard.contains("DATA"),
            "{heard}"
        );
    }
}
