//! The tables `[[channel]]`.

use std::{collections::BTreeMap, time::Duration};

use hyper::Uri;
use lettre::message::Mailbox;

use super::{
    ChannelSettings, EmailSettings, Endpoint, Secret, Security, Target,
    entry::{Entry, both},
};

/// What WeCom and DingTalk take from one robot in a minute. A DingTalk robot that sends more is mute for ten minutes.
const ROBOT_PER_MINUTE: u32 = 20;
const PER_MINUTE: u32 = 60;
const PER_MINUTE_MAX: u32 = 6_000;
const TIMEOUT_S: u32 = 15;
const TIMEOUT_S_MAX: u32 = 120;

/// The keys of every channel, and those of each kind.
const COMMON: [&str; 4] = ["name", "kind", "per_minute", "timeout_s"];
const HTTP: [&str; 3] = ["url", "plain_http", "ca"];
const WEBHOOK: [&str; 1] = ["authorization"];
const DINGTALK: [&str; 1] = ["secret"];
const EMAIL: [&str; 7] = ["host", "port", "security", "user", "password", "from", "ca"];

#[derive(Clone, Copy)]
enum Kind {
    Webhook,
    WeCom,
    DingTalk,
    Email,
}

/// Every key of any channel.
#[cfg(test)]
pub(super) fn keys() -> impl Iterator<Item = &'static &'static str> {
    let keys = COMMON.iter().chain(&HTTP).chain(&EMAIL);
    keys.chain(&WEBHOOK).chain(&DINGTALK)
}

/// Reads the channels.
pub(super) fn read(root: &Entry<'_>) -> BTreeMap<String, ChannelSettings> {
    let mut channels = BTreeMap::new();
    for entry in root.tables("channel") {
        let Some(channel) = read_one(&entry) else {
            continue;
        };
        let name = channel.name.clone();
        if channels.insert(name.clone(), channel).is_some() {
            entry.fault(
                "name",
                both(
                    format!("有两个渠道名为 {name}"),
                    format!("two channels are called {name}"),
                ),
                both("改其中一个的名称".into(), "rename one of them".into()),
            );
        }
    }
    channels
}

fn read_one(entry: &Entry<'_>) -> Option<ChannelSettings> {
    let name = entry.need_text("name", "名称", "a name");
    if !entry.has("kind") {
        entry.missing(
            "kind",
            " webhook、wecom、dingtalk 或 email",
            "webhook, wecom, dingtalk or email",
        );
    }
    let kinds = [
        ("webhook", Kind::Webhook),
        ("wecom", Kind::WeCom),
        ("dingtalk", Kind::DingTalk),
        ("email", Kind::Email),
    ];
    let kind = entry.choice("kind", &kinds)?;
    let own: &[&str] = match kind {
        Kind::Webhook => &WEBHOOK,
        Kind::DingTalk => &DINGTALK,
        Kind::WeCom => &[],
        Kind::Email => &EMAIL,
    };
    let http: &[&str] = if matches!(kind, Kind::Email) {
        &[]
    } else {
        &HTTP
    };
    entry.allow(&[&COMMON, http, own].concat());
    let robot = matches!(kind, Kind::WeCom | Kind::DingTalk);
    let (default, most) = if robot {
        (ROBOT_PER_MINUTE, ROBOT_PER_MINUTE)
    } else {
        (PER_MINUTE, PER_MINUTE_MAX)
    };
    let per_minute = entry.number("per_minute", default, 1..=most);
    let timeout_s = entry.number("timeout_s", TIMEOUT_S, 1..=TIMEOUT_S_MAX);
    let target = match kind {
        Kind::Webhook => {
            let authorization = entry.secret("authorization");
            let endpoint = endpoint(entry)?;
            Target::Webhook {
                endpoint,
                authorization,
            }
        }
        Kind::WeCom => Target::WeCom {
            endpoint: endpoint(entry)?,
        },
        Kind::DingTalk => {
            let secret = entry.secret("secret");
            let endpoint = endpoint(entry)?;
            Target::DingTalk { endpoint, secret }
        }
        Kind::Email => Target::Email(email(entry)?),
    };
    Some(ChannelSettings {
        name: name?.to_owned(),
        per_minute,
        timeout: Duration::from_secs(timeout_s.into()),
        target,
    })
}

fn endpoint(entry: &Entry<'_>) -> Option<Endpoint> {
    if !entry.has("url") {
        entry.missing(
            "url",
            " { env = \"变量名\" } 或 { file = \"路径\" }",
            "{ env = \"NAME\" } or { file = \"PATH\" }",
        );
    }
    let (plain, ca) = (entry.flag("plain_http"), entry.path("ca"));
    let url = entry.secret("url")?;
    let uri: Option<Uri> = url.reveal().parse().ok();
    let parts = uri.as_ref().and_then(|uri| {
        let tls = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = uri.host().filter(|host| !host.is_empty())?;
        let has_user = uri.authority().is_some_and(|a| a.as_str().contains('@'));
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        (!has_user).then(|| (tls, host.trim_matches(['[', ']']).to_owned(), port))
    });
    let Some((tls, host, port)) = parts else {
        entry.unfit(
            "url",
            " https:// 开头的地址，不带用户名",
            "an address that begins with https://, without a user name",
        );
        return None;
    };
    if !tls && !plain {
        entry.fault(
            "url",
            both(
                "地址以 http:// 开头，内容会被旁人看到".into(),
                "the address begins with http://, so others could read along".into(),
            ),
            both(
                "改用 https://；确在本机或内网时写 plain_http = true".into(),
                "use https://; for this machine or a private network write plain_http = true"
                    .into(),
            ),
        );
    }
    Some(Endpoint {
        url,
        host,
        port,
        tls,
        ca,
    })
}

fn email(entry: &Entry<'_>) -> Option<EmailSettings> {
    let securities = [
        ("tls", Security::Tls),
        ("starttls", Security::StartTls),
        ("plain", Security::Plain),
    ];
    let host = entry.need_text("host", "邮件服务器的主机名", "the mail server's host name");
    let security = if entry.has("security") {
        entry.choice("security", &securities)?
    } else {
        Security::Tls
    };
    let port = match security {
        Security::Tls => 465,
        Security::StartTls => 587,
        Security::Plain => 25,
    };
    let port = entry.number("port", port, 1..=65_535);
    let from = entry.need_text(
        "from",
        "发件人，例如 \"统计报送 <noreply@city.example>\"",
        "the sender, for instance \"Statistics <noreply@city.example>\"",
    );
    let from = from.and_then(|text| {
        let from: Option<Mailbox> = text.parse().ok();
        if from.is_none() {
            entry.unfit("from", "一个邮箱地址", "a mail address");
        }
        from
    });
    let login = login(entry);
    if security == Security::Plain && entry.has("user") {
        entry.fault(
            "security",
            both(
                "口令会不加密地发送".into(),
                "the password would go unprotected".into(),
            ),
            both(
                "写 security = \"tls\" 或 \"starttls\"".into(),
                "write security = \"tls\" or \"starttls\"".into(),
            ),
        );
    }
    Some(EmailSettings {
        host: host?.to_owned(),
        port: u16::try_from(port).ok()?,
        security,
        login,
        from: from?,
        ca: entry.path("ca"),
    })
}

/// The name and the password with which the mail server is spoken to; both or neither.
fn login(entry: &Entry<'_>) -> Option<(String, Secret)> {
    match (entry.text("user"), entry.secret("password")) {
        (Some(user), Some(password)) => Some((user.to_owned(), password)),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            let absent = if entry.has("user") {
                "password"
            } else {
                "user"
            };
            if !entry.has(absent) {
                entry.missing(
                    absent,
                    "它，user 与 password 须一起写",
                    "it: user and password go together",
                );
            }
            None
        }
    }
}
