//! The notices file: the plan, the channels and the contacts, as TOML. `docs/NOTICES.md` describes every key.
//!
//! It is read whole and checked whole: an unknown key is a fault, and all faults are reported at once, each with its place
//! and remedy. A secret (a robot's address, a password, a signing key) stands in the environment or in a file of its own, and
//! the notices file only names it; [`Secret`] never shows it. The environment is a map that is passed in.

mod entry;
mod secret;
mod plan;
mod channels;
mod contacts;
mod fit;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use granary_core::{
    notices::{Plan, Recipient},
    text::{Bilingual, Language},
};
use hyper::Uri;
use lettre::message::Mailbox;

use crate::settings::Fault;

use entry::{Entry, Faults};

pub use secret::Secret;

/// The longest notices file, in bytes: room for some ten thousand contacts.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// A notices file that holds.
#[derive(Clone, Debug)]
pub struct NoticeSettings {
    /// What is told, when and to whom; `since_ms` is 0.
    pub plan: Plan,
    /// The channels by name.
    pub channels: BTreeMap<String, ChannelSettings>,
    /// The contacts by name.
    pub contacts: BTreeMap<String, Contact>,
}

/// How messages are carried.
#[derive(Clone, Debug)]
pub struct ChannelSettings {
    /// Its name in the file and in the log.
    pub name: String,
    /// Messages in any 60 seconds.
    pub per_minute: u32,
    /// How long one message may take.
    pub timeout: Duration,
    /// Where to.
    pub target: Target,
}

/// What is at the other end.
#[derive(Clone, Debug)]
pub enum Target {
    /// A program that takes Granary's own JSON.
    Webhook {
        /// Where.
        endpoint: Endpoint,
        /// The value of the header `Authorization`.
        authorization: Option<Secret>,
    },
    /// A robot of a WeCom group (企业微信群机器人).
    WeCom {
        /// Where.
        endpoint: Endpoint,
    },
    /// A robot of a DingTalk group (钉钉群机器人).
    DingTalk {
        /// Where.
        endpoint: Endpoint,
        /// The key that requests are signed with (加签).
        secret: Option<Secret>,
    },
    /// A mail server.
    Email(EmailSettings),
}

/// An address that is posted to.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The whole address. It is a secret, since robots have their key in it.
    pub url: Secret,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether it is `https`. Plain `http` goes to loopback and private addresses only.
    pub tls: bool,
    /// A file with the authorities that are trusted instead of the machine's, as PEM.
    pub ca: Option<PathBuf>,
}

/// How mail is handed over.
#[derive(Clone, Debug)]
pub struct EmailSettings {
    /// The mail server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// User name and password, where the server wants them.
    pub login: Option<(String, Secret)>,
    /// The sender.
    pub from: Mailbox,
    /// A file with the authorities that are trusted instead of the machine's, as PEM.
    pub ca: Option<PathBuf>,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (port 465).
    Tls,
    /// TLS after STARTTLS, without which nothing is sent (port 587).
    StartTls,
    /// None; only to loopback and private addresses.
    Plain,
}

/// Who is told.
#[derive(Clone, Debug)]
pub struct Contact {
    /// The name in the file, in the log and in webhook bodies.
    pub name: String,
    /// For whom it is told.
    pub recipients: Vec<Recipient>,
    /// In which language.
    pub language: Language,
    /// Through which channel.
    pub channel: String,
    /// Where to, on a mail channel; else empty.
    pub to: Vec<Mailbox>,
    /// The telephone that the console shows where this contact is to be rung.
    pub phone: Option<String>,
}

impl NoticeSettings {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Every fault, in the order of the file's sections.
    pub fn read(path: &Path, environment: &BTreeMap<String, String>) -> Result<Self, Vec<Fault>> {
        let text = read_file(path).map_err(|fault| vec![fault])?;
        Self::parse(&text, path, environment)
    }

    /// Checks the text of a file; other files that it names are looked for beside `path`.
    ///
    /// # Errors
    /// Every fault, in the order of the file's sections.
    pub fn parse(
        text: &str,
        path: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, Vec<Fault>> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let error = error.to_string();
            let message = Bilingual::new(
                format!("不是有效的 TOML：{error}"),
                format!("is not valid TOML: {error}"),
            );
            vec![file_fault(path, message)]
        })?;
        let faults = Faults::new(path, environment);
        let root = Entry::root(&table, &faults);
        root.allow(&["plan", "quiet", "channel", "contact"]);
        let mut plan = plan::read(&root);
        let channels = channels::read(&root);
        let contacts = contacts::read(&root, &channels);
        contacts::route(&mut plan, &contacts);
        fit::check(&root, &plan);
        let faults = faults.into_list();
        if faults.is_empty() {
            return Ok(Self {
                plan,
                channels,
                contacts,
            });
        }
        Err(faults)
    }

    /// The contacts of a recipient, by name.
    pub fn contacts_of<'a>(
        &'a self,
        recipient: &'a Recipient,
    ) -> impl Iterator<Item = &'a Contact> {
        let contacts = self.contacts.values();
        contacts.filter(move |contact| contact.recipients.contains(recipient))
    }
}

impl Endpoint {
    /// The path with the query, as it is requested.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        let uri: Option<Uri> = self.url.reveal().parse().ok();
        let path = uri.as_ref().and_then(Uri::path_and_query);
        path.map_or_else(|| "/".into(), ToString::to_string)
    }
}

fn read_file(path: &Path) -> Result<String, Fault> {
    let cannot = |error: std::io::Error| {
        let message = Bilingual::new(
            format!("无法读取：{error}"),
            format!("cannot be read: {error}"),
        );
        file_fault(path, message)
    };
    let size = std::fs::metadata(path).map_err(cannot)?.len();
    if size > FILE_BYTES_MAX {
        let message = Bilingual::new("文件过大", "the file is too large");
        return Err(file_fault(path, message));
    }
    std::fs::read_to_string(path).map_err(cannot)
}

fn file_fault(path: &Path, message: Bilingual) -> Fault {
    Fault {
        place: path.display().to_string(),
        message,
        remedy: Bilingual::new(
            "改正文件，或用 --notices 指定另一个文件",
            "correct the file, or name another with --notices",
        ),
    }
}

#[cfg(test)]
mod tests;
