//! Channels over loopback: an HTTP server and a mail server in the test, with the bodies as golden files.

mod mail;
pub(in crate::notices) mod posts;

use granary_core::{
    digest::Digest,
    notices::{Kind, Notice},
    text::{Bilingual, Language},
};

use super::Parcel;
use crate::notices::{
    NoticeSettings,
    outbox::DeliveryId,
    tests::support::{NOTICES, notice, settings},
};

/// A notices file with a channel of each kind that posts.
const POSTING: &str = r#"
[plan]
[[channel]]
name = "hub"
kind = "webhook"
url = { env = "HUB" }
authorization = { env = "TOKEN" }
plain_http = true
[[channel]]
name = "wecom"
kind = "wecom"
url = { env = "GROUP" }
plain_http = true
[[channel]]
name = "dingtalk"
kind = "dingtalk"
url = { env = "DING" }
secret = { env = "SECRET" }
plain_http = true
"#;

fn overdue() -> Notice {
    let settings: NoticeSettings = settings(NOTICES);
    notice(
        &settings.plan,
        Kind::Escalation,
        "2022-06-07T08:00:00+08:00",
    )
}

fn parcel(channel: &str, notice: Notice) -> Parcel {
    Parcel {
        id: DeliveryId {
            key: Digest::of(b"matter"),
            contact: "值班员".into(),
        },
        channel: channel.into(),
        language: Language::Zh,
        to: Vec::new(),
        notice,
    }
}

/// A notice about so many units that no message holds them all.
fn giant() -> Notice {
    let mut notice = overdue();
    let item = notice.lines[2].clone();
    notice.lines.extend((0..5_000).map(|n| {
        let mut line = item.clone();
        line.text = Bilingual::new(
            format!("某某县第 {n} 单位\"<b>\"（5201{n:05}）"),
            format!("Unit \"{n}\""),
        );
        line
    }));
    notice
}

/// A notice whose names hold every kind of markup.
fn hostile() -> Notice {
    let mut notice = overdue();
    let name = "<img src=x onerror=alert(1)> [点我](http://evil.example) **粗** @all `代码`";
    notice.lines[2].text = Bilingual::new(name, name);
    notice.subject = Bilingual::new(name, name);
    notice
}
