//! The local page: what a clerk needs, in a browser on this machine, beside a running agent.
//!
//! In: what a browser on this machine asks, and files that are dropped. Out: pages, and files in the inbox. Durable after: nothing here; a
//! file that was sent is in `inbox/` and goes the way of every file there. On crash: what was dropped and not sent is dropped again.
//!
//! It is a window on the agent's folders, not a second way: a dropped file is judged by the inbox's own check and handed in by being put into
//! the inbox; what became of it is read from the report beside it. So the page holds no state of its own, and the agent does not know of it.
//!
//! # Who may look
//! It listens on a loopback address and nowhere else. Any program and any web site open in a browser on this machine can send requests there, so:
//! - whoever comes must know the token of this start, which stands in a file that the agent's own user alone may read (`granary-agent page`
//!   prints the address); it is changed for a cookie that scripts cannot read and other sites cannot send ([`guard`]);
//! - the Host header must be this address, so that a name that an attacker points at 127.0.0.1 is refused (DNS rebinding);
//! - each form carries a second secret, and what comes from another site by Origin or Sec-Fetch-Site is refused;
//! - the answers forbid scripts and styles that are not files of this program, frames, and any other host; nothing is fetched from elsewhere.
//!
//! # Bounds
//! Connections, heads, bodies, the bytes of a dropped file, dropped files that wait, rows that are shown (`serve`, `staged`, `routes`).
//! Without a visitor there is one socket, and nothing runs.

pub mod guard;
mod serve;
mod staged;
mod look;
mod recent;
mod routes;
mod drop;
mod attach;
mod send;
mod act;
mod events;
mod view;

#[cfg(test)]
mod tests;

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::{net::TcpListener, task::JoinHandle};

use self::guard::Secrets;
use crate::{durable::write_secret_durably, inbox::Folders, settings::Settings};

/// The file under the state folder that holds the address with the token.
const FILE: &str = "page.url";

/// A page that is served. Dropping it ends that, and the address is forgotten.
pub struct Page {
    file: PathBuf,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

/// What the handlers share. Nothing in it changes.
struct Office {
    settings: Settings,
    folders: Folders,
    secrets: Secrets,
    /// Where it listens.
    address: SocketAddr,
}

impl Page {
    /// Serves the page where the settings want one. What fails is told in the log: reporting goes on without a page.
    pub async fn start(settings: &Settings) -> Option<Self> {
        let wanted = settings.page?;
        match Self::open(settings, wanted).await {
            Ok(page) => {
                let address = page.address;
                tracing::info!(%address, "the local page is served; granary-agent page shows its address");
                Some(page)
            }
            Err(error) => {
                tracing::warn!(%error, listen = %wanted, "the local page cannot be served");
                None
            }
        }
    }

    async fn open(settings: &Settings, wanted: SocketAddr) -> io::Result<Self> {
        let listener = match TcpListener::bind(wanted).await {
            Ok(listener) => listener,
            // Another agent on this machine has the port; any other one is as good, since the address is printed.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                TcpListener::bind(SocketAddr::new(wanted.ip(), 0)).await?
            }
            Err(error) => return Err(error),
        };
        let address = listener.local_addr()?;
        let office = Arc::new(Office {
            folders: Folders::under(&settings.root, &settings.state),
            secrets: Secrets::random()?,
            settings: settings.clone(),
            address,
        });
        staged::clear(&settings.state)?;
        attach::clear(&office.folders.evidence())?;
        let file = settings.state.join(FILE);
        write_secret_durably(&file, format!("{}\n", office.url()).as_bytes())?;
        let router = routes::router(office);
        let serving = tokio::spawn(serve::serve(listener, router));
        Ok(Self {
            file,
            address,
            serving,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.serving.abort();
        // What stays of it leads nowhere: the token ends with the process.
        let _ = std::fs::remove_file(&self.file);
    }
}

impl Office {
    fn url(&self) -> String {
        format!(
            "http://{}/enter?token={}",
            self.address,
            self.secrets.token()
        )
    }
}

/// The address of the page that a running agent serves, with its token; `None` where none is served.
#[must_use]
pub fn url(state: &Path) -> Option<String> {
    let text = std::fs::read_to_string(state.join(FILE)).ok()?;
    let url = text.trim();
    (!url.is_empty()).then(|| url.to_owned())
}
