//! Channels: how a notice reaches a contact.
//!
//! A channel answers each message with nothing, or with a [`Failure`] that says whether to try again. It keeps no
//! connection open: notices are few, and what is not there cannot go stale.

pub(crate) mod http;
mod robot;
mod webhook;
mod wecom;
mod dingtalk;
mod email;
#[cfg(test)]
pub(super) mod tests;

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

use granary_core::{notices::Notice, text::Language};
use lettre::message::Mailbox;

use super::{
    outbox::DeliveryId,
    settings::{ChannelSettings, Target},
};
use crate::clock::Clock;

/// One message on its way.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Which.
    pub id: DeliveryId,
    /// The channel's name.
    pub channel: String,
    /// In which language.
    pub language: Language,
    /// Where to, on a mail channel.
    pub to: Vec<Mailbox>,
    /// What it says.
    pub notice: Notice,
}

/// Why a message did not go out. The sentences go to the log and the screen, and hold no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It may work later.
    #[error("{why}")]
    Later {
        /// What happened.
        why: String,
        /// How long the other end wants to be left alone, in milliseconds.
        wait_ms: Option<u64>,
    },
    /// It will not work however often it is tried.
    #[error("{why}")]
    Never {
        /// What happened.
        why: String,
    },
}

/// Why a channel cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// A file with authorities cannot be used.
    #[error("channel {0}: {1}")]
    Authorities(String, String),
    /// TLS cannot be set up.
    #[error("channel {0}: TLS cannot be set up: {1}")]
    Tls(String, String),
}

/// The outcome of a message that is being carried.
pub type Carried<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// Carries messages; the tests have one that needs no network.
pub trait Carrier: Send + Sync + 'static {
    /// Carries one message.
    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Carried<'a>;
}

/// The channels of a notices file.
pub struct Channels {
    channels: BTreeMap<String, Channel>,
    clock: Arc<dyn Clock>,
}

enum Channel {
    Http(http::Http, ChannelSettings),
    Email(email::Email),
}

impl Channels {
    /// Sets the channels up; nothing is connected.
    ///
    /// # Errors
    /// [`ChannelError`] names the channel.
    pub fn new(
        settings: &BTreeMap<String, ChannelSettings>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ChannelError> {
        let set_up = |(name, settings): (&String, &ChannelSettings)| {
            let channel = match &settings.target {
                Target::Webhook { endpoint, .. }
                | Target::WeCom { endpoint }
                | Target::DingTalk { endpoint, .. } => {
                    Channel::Http(http::Http::new(name, endpoint)?, settings.clone())
                }
                Target::Email(email) => {
                    Channel::Email(email::Email::new(name, email, settings.timeout)?)
                }
            };
            Ok((name.clone(), channel))
        };
        Ok(Self {
            channels: settings.iter().map(set_up).collect::<Result<_, _>>()?,
            clock,
        })
    }

    async fn send(&self, parcel: &Parcel) -> Result<(), Failure> {
        match self.channels.get(&parcel.channel) {
            None => Err(never("the channel is not in the notices file any more")),
            Some(Channel::Email(email)) => email.send(parcel).await,
            Some(Channel::Http(http, settings)) => {
                let sending = self.post(http, settings, parcel);
                let sent = tokio::time::timeout(settings.timeout, sending).await;
                let seconds = settings.timeout.as_secs();
                sent.unwrap_or_else(|_| Err(later(format!("no answer within {seconds} s"))))
            }
        }
    }

    async fn post(
        &self,
        http: &http::Http,
        settings: &ChannelSettings,
        parcel: &Parcel,
    ) -> Result<(), Failure> {
        match &settings.target {
            Target::Webhook {
                endpoint,
                authorization,
            } => {
                let request = webhook::request(endpoint, authorization.as_ref(), parcel)?;
                http.post(endpoint, request).await?.judge_status()
            }
            Target::WeCom { endpoint } => {
                let request = wecom::request(endpoint, parcel);
                let answer = http.post(endpoint, request).await?;
                answer.judge_status()?;
                wecom::judge(&answer.body)
            }
            Target::DingTalk { endpoint, secret } => {
                let now_ms = self.clock.now_ms();
                let request = dingtalk::request(endpoint, secret.as_ref(), parcel, now_ms)?;
                let answer = http.post(endpoint, request).await?;
                answer.judge_status()?;
                dingtalk::judge(&answer.body)
            }
            Target::Email(_) => Err(never("mail is not posted")),
        }
    }
}

impl Carrier for Channels {
    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Carried<'a> {
        Box::pin(self.send(parcel))
    }
}

fn later(why: impl Into<String>) -> Failure {
    Failure::Later {
        why: why.into(),
        wait_ms: None,
    }
}

fn never(why: impl Into<String>) -> Failure {
    Failure::Never { why: why.into() }
}

/// A foreign sentence for the log and the screen: one line, not too long.
fn foreign(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(visible).take(200).collect()
}
