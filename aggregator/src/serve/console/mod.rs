//! The city's console: what operations need on a deadline day, in a browser; pages of this program, styles and scripts embedded, no other host.
//!
//! In: what a browser asks, with the cookie of a session. Out: pages, tables as CSV, receipts, and acts for the journal. Durable after: an act,
//! once it is in force; an account or an invitation, in the folder of [`crate::people`]. On crash: sessions end, and people sign in again.
//!
//! Every figure comes from the functions that answer gRPC ([`super::slots`], [`super::measures`], [`super::scores`], [`super::findings`],
//! [`super::forecast`], [`super::series`]); nothing is computed a second time, so a page and `granary-audit` cannot differ.
//!
//! # Who may look
//! - People sign in with a password; the session is a cookie that scripts cannot read and other sites cannot send ([`session`]), ended after
//!   an hour in which nobody asked for anything and after twelve hours in any case. There is one gate before all paths ([`gate`]).
//! - What a role may not see is refused, and so is a unit outside the person's part of the tree ([`scope`]). Readings of figures go into the
//!   access log before they are answered, as `person:LOGIN`.
//! - Each form carries the session's own secret, and what comes from another site by Origin or Sec-Fetch-Site is refused. No script and no
//!   style runs that is not a file of this program.
//! - Failed sign-ins are slowed down ([`throttle`]).
//! - Where the house has a sign-in of its own, that may say who somebody is ([`oidc`]); what they may do stays with their account here.
//!
//! # Acts
//! The server holds no operator's key. It writes the act, with the person's name in its reason; the browser signs these bytes with the key
//! that the operator chose there, and the key never leaves it ([`acts`]). So an act from the console is what an act from the command line is.
//!
//! # Beside the reports
//! Pages are made by threads of their own, which yield to those that take in reports ([`beneath`]): whoever looks does not slow down what is
//! looked at.
//!
//! # Bounds
//! Connections, heads, forms, sessions, failed sign-ins that are remembered, passwords that are hashed at once, pages that are computed at
//! once, rows on a page ([`listen`], [`session`], [`throttle`], [`routes`]).

pub(in crate::serve) mod problem;
pub(in crate::serve) mod listen;
mod beneath;
mod session;
pub(in crate::serve) mod oidc;
pub(in crate::serve) mod throttle;
pub(in crate::serve) mod scope;
mod gate;
mod routes;
mod enter;
mod drafts;
mod papers;
mod acts;
mod account;
mod events;
pub(in crate::serve) mod pages;
mod view;
mod download;

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicU32},
};

use tokio::{net::TcpListener, sync::Semaphore};
use tokio_rustls::TlsAcceptor;

use self::{
    account::Beginnings, drafts::Drafts, oidc::Provider, pages::shared::Summaries, papers::Papers,
    session::Sessions, throttle::Throttle,
};
use super::{City, api, sdmx};
use crate::{
    notices::settings::Contact,
    people::{People, Tokens},
};

pub(super) use listen::acceptor;

/// Passwords that are hashed at once: each takes 19 MiB.
const HASHES_MAX: usize = 2;
/// Pages that are computed at once; the others wait.
const PAGES_MAX: usize = 6;

/// What the handlers share.
pub(super) struct Console {
    city: Arc<City>,
    people: People,
    /// Tokens of the API.
    tokens: Tokens,
    /// Written by the gate and by signing in and out.
    sessions: Sessions,
    /// Written by signing in.
    throttle: Throttle,
    /// Written by whoever prepares an act, and by entering it.
    drafts: Drafts,
    /// Written by making a bulletin and by publishing one.
    papers: Papers,
    /// Written by setting up a second step.
    beginnings: Beginnings,
    /// Written by pages that are drawn from them.
    summaries: Summaries,
    /// Pages that follow the events just now.
    followers: AtomicU32,
    /// The house's own sign-in, where there is one.
    provider: Option<Provider>,
    hashing: Semaphore,
    computing: Semaphore,
    /// The city's address as counties reach it: `host:port`.
    address: String,
    /// Whom to ring, from the notices file.
    contacts: Vec<Contact>,
}

/// A console that has bound its address and does not serve yet.
pub(super) struct Bound {
    pub(super) listener: TcpListener,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) people: People,
    pub(super) tokens: Tokens,
    pub(super) contacts: Vec<Contact>,
    pub(super) provider: Option<Provider>,
    /// The city's address as counties reach it: `host:port`.
    pub(super) address: String,
    /// The folder of published bulletins.
    pub(super) bulletins: PathBuf,
}

impl Bound {
    /// Serves until `stop` becomes true.
    pub(super) async fn serve(self, city: Arc<City>) {
        let stop = city.stop.clone();
        let api = api::Api::new(
            Arc::clone(&city),
            self.tokens.clone(),
            self.contacts.clone(),
        );
        let console = Console {
            city,
            people: self.people,
            tokens: self.tokens,
            sessions: Sessions::default(),
            throttle: Throttle::default(),
            drafts: Drafts::default(),
            papers: Papers::new(self.bulletins),
            beginnings: Beginnings::default(),
            summaries: Summaries::default(),
            followers: AtomicU32::new(0),
            provider: self.provider,
            hashing: Semaphore::new(HASHES_MAX),
            computing: Semaphore::new(PAGES_MAX),
            address: self.address,
            contacts: self.contacts,
        };
        let router = routes::router(Arc::new(console))
            .merge(api::router(&api))
            .merge(sdmx::router(&api));
        let (listener, tls) = (self.listener, self.tls);
        let served = beneath::run(listener, move |listener| {
            listen::serve(listener, tls, router, stop)
        });
        if let Err(error) = served.await {
            tracing::error!(%error, "the console is not served");
        }
    }
}
