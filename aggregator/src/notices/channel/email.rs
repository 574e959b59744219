//! Mail: text with an HTML alternative, handed to the city's mail server over TLS.
//!
//! The Message-ID is made of the message's idempotency key, so that a mail that is handed over twice can be recognised as one.
//! `Auto-Submitted` (RFC 3834) keeps absence notes from answering.

use std::time::Duration;

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
    },
};

use super::{ChannelError, Failure, Parcel, foreign, http, later, never};
use crate::notices::{
    message,
    settings::{EmailSettings, Security},
};

/// Answers about the login and not about the message (RFC 4954, section 6): they end when somebody mends the settings.
const LOGIN_CODES: [&str; 4] = ["530", "534", "535", "538"];

/// A mail server.
pub(super) struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
    /// Without TLS, the host whose addresses must be private.
    plain_host: Option<(String, u16)>,
}

impl Email {
    /// Sets a mail server up; nothing is connected.
    pub(super) fn new(
        channel: &str,
        settings: &EmailSettings,
        timeout: Duration,
    ) -> Result<Self, ChannelError> {
        let tls = match settings.security {
            Security::Plain => Tls::None,
            Security::Tls => Tls::Wrapper(parameters(channel, settings)?),
            Security::StartTls => Tls::Required(parameters(channel, settings)?),
        };
        let host = settings.host.as_str();
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(timeout));
        if let Some((user, password)) = &settings.login {
            let credentials = Credentials::new(user.clone(), password.reveal().to_owned());
            builder = builder.credentials(credentials);
        }
        let is_plain = settings.security == Security::Plain;
        Ok(Self {
            transport: builder.build(),
            from: settings.from.clone(),
            timeout,
            plain_host: is_plain.then(|| (settings.host.clone(), settings.port)),
        })
    }

    /// Hands one mail over.
    pub(super) async fn send(&self, parcel: &Parcel) -> Result<(), Failure> {
        let mail = self.mail(parcel)?;
        let sending = async {
            if let Some((host, port)) = &self.plain_host {
                http::check_private(host, *port).await?;
            }
            self.transport
                .send(mail)
                .await
                .map_err(|error| failure(&error))
        };
        let sent = tokio::time::timeout(self.timeout * 4, sending).await;
        sent.unwrap_or_else(|_| Err(later("the mail server took too long")))?;
        Ok(())
    }

    fn mail(&self, parcel: &Parcel) -> Result<Message, Failure> {
        let Parcel {
            id,
            language,
            to,
            notice,
            ..
        } = parcel;
        let domain = self.from.email.domain();
        let mut builder = Message::builder()
            .from(self.from.clone())
            .subject(message::subject(notice, *language))
            .message_id(Some(format!("<{}@{domain}>", id.idempotency_key())));
        for mailbox in to {
            builder = builder.to(mailbox.clone());
        }
        let (text, html) = (
            message::plain(notice, *language),
            message::html(notice, *language),
        );
        let body = MultiPart::alternative_plain_html(text, html);
        let mail = builder.raw_header(auto_submitted()).multipart(body);
        mail.map_err(|error| never(foreign(&format!("the mail cannot be written: {error}"))))
    }
}

fn auto_submitted() -> HeaderValue {
    let name = HeaderName::new_from_ascii_str("Auto-Submitted");
    HeaderValue::new(name, "auto-generated".into())
}

fn parameters(channel: &str, settings: &EmailSettings) -> Result<TlsParameters, ChannelError> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca {
        let shown = path.display();
        let cannot =
            |why: String| ChannelError::Authorities(channel.into(), format!("{shown}: {why}"));
        let pem = std::fs::read(path).map_err(|error| cannot(error.to_string()))?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| cannot(error.to_string()))?;
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificate);
    }
    builder
        .build()
        .map_err(|error| ChannelError::Tls(channel.into(), error.to_string()))
}

/// Whether the mail server's answer is about this mail for ever, or may change.
fn failure(error: &lettre::transport::smtp::Error) -> Failure {
    let why = foreign(&error.to_string());
    let code = error
        .status()
        .map(|code| code.to_string())
        .unwrap_or_default();
    let is_login = LOGIN_CODES.contains(&code.as_str());
    if error.is_permanent() && !is_login {
        never(why)
    } else {
        later(why)
    }
}
