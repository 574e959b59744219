//! A city in a temporary folder: its data, its server that is started and killed, its operator's commands.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use granary_core::{catalogue::Bundle, digest::Digest, log::VerifierKey};
use tokio::sync::watch;

use crate::{
    dice::Dice,
    line::{Line, Whereabouts},
    programs::{Process, Workshop, command, run, until},
    pusher::Pusher,
};

/// The units of the catalogue; the first is the parent of the others.
pub(crate) const UNITS: [&str; 3] = ["C0", "C1", "C2"];

/// A city. It outlives its servers.
pub(crate) struct City {
    workshop: Workshop,
    whereabouts: watch::Sender<Option<SocketAddr>>,
    line: Line,
}

/// A running server.
pub(crate) struct Server<'a> {
    city: &'a City,
    process: Process,
}

impl City {
    /// With a catalogue in force and every unit's agent enrolled, over a relay that does not cut yet.
    pub(crate) async fn founded(dice: &mut Dice) -> Self {
        let whereabouts = watch::Sender::new(None);
        let line = Line::open(whereabouts.subscribe(), dice.split()).await;
        let city = Self {
            workshop: Workshop::new(),
            whereabouts,
            line,
        };
        let mut init = command("granary-aggregator");
        init.args([
            "init",
            "--name",
            "crash.example/log",
            "--server-name",
            "127.0.0.1",
            "--data",
        ])
        .arg(city.data());
        run(init);
        let mut server = city.start();
        server.serves().await;
        let mut publish = command("granary-aggregator");
        publish.args(["catalogue", "publish"]).arg(city.catalogue());
        run(city.by_operator(publish));
        UNITS.iter().for_each(|unit| city.enrol(unit));
        server.kill();
        city
    }

    /// Starts a server on a port of its own.
    pub(crate) fn start(&self) -> Server<'_> {
        let mut serve = command("granary-aggregator");
        serve.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--metrics-listen",
            "off",
            "--console-listen",
            "off",
            "--log-filter",
            "warn",
            "--data",
        ]);
        serve.arg(self.data());
        let whereabouts = self.whereabouts.clone();
        let said = move |line: &str| {
            if let Some(address) = line.strip_prefix("serving on https://") {
                whereabouts.send_replace(Some(address.parse().unwrap()));
            }
        };
        Server {
            city: self,
            process: Process::start(serve, &self.workshop.path().join("city.log"), said),
        }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.workshop.path().join("city")
    }

    /// The folder of a unit's agent.
    pub(crate) fn agent(&self, unit: &str) -> PathBuf {
        self.workshop.path().join(unit)
    }

    /// Where this test's logs go.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.workshop.path().join(format!("{name}.log"))
    }

    pub(crate) const fn line(&self) -> &Line {
        &self.line
    }

    /// Tells where the server is, if there is one.
    pub(crate) fn whereabouts(&self) -> Whereabouts {
        self.whereabouts.subscribe()
    }

    /// What receipts are verified with, as the city published it.
    pub(crate) fn log_key(&self) -> VerifierKey {
        let text = std::fs::read_to_string(self.data().join("log.vkey")).unwrap();
        VerifierKey::parse(text.trim()).unwrap()
    }

    /// The version of the catalogue in force.
    pub(crate) fn catalogue_version(&self) -> Digest {
        let files = std::fs::read_dir(self.catalogue()).unwrap().map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        });
        Bundle::new(files.collect()).unwrap().version()
    }

    /// What the running server says its derived state is, and on how many entries it stands.
    pub(crate) fn state_digest_served(&self) -> (Digest, u64) {
        let mut ask = command("granary-aggregator");
        ask.arg("state-digest");
        digest_line(&run(self.by_operator(ask)))
    }

    /// The same of the stopped server's folder.
    pub(crate) fn state_digest_stored(&self) -> (Digest, u64) {
        let mut ask = command("granary-aggregator");
        ask.args(["state-digest", "--data"]).arg(self.data());
        digest_line(&run(ask))
    }

    /// The same after everything derived was thrown away and folded again.
    pub(crate) fn state_digest_rebuilt(&self) -> (Digest, u64) {
        let mut rebuild = command("granary-aggregator");
        rebuild.args(["rebuild", "--data"]).arg(self.data());
        digest_line(&run(rebuild))
    }

    /// What the running server says once everything that the pushers were promised is folded.
    pub(crate) async fn digest_served_with(&self, pushers: &[Pusher]) -> (Digest, u64) {
        let promises = pushers.iter().flat_map(|pusher| pusher.receipted.values());
        let size = promises
            .map(|promise| promise.receipts[0].index + 1)
            .max()
            .unwrap();
        let mut served = None;
        until("everything is folded", || {
            let now = self.state_digest_served();
            served = Some(now).filter(|(_, applied)| *applied >= size);
            served.is_some()
        })
        .await;
        served.unwrap()
    }

    fn enrol(&self, unit: &str) {
        let mut issue = command("granary-aggregator");
        issue.args(["token", "--unit", unit]);
        let said = run(self.by_operator(issue));
        let token = said
            .lines()
            .find(|line| line.starts_with("granary1."))
            .unwrap();
        let mut enrol = command("granary-agent");
        enrol.args([
            "enrol",
            "--lang",
            "en",
            "--unit",
            unit,
            "--token",
            token,
            "--server",
            &self.line.url(),
            "--dir",
        ]);
        enrol.arg(self.agent(unit));
        run(enrol);
    }

    fn by_operator(&self, mut command: Command) -> Command {
        command
            .arg("--operator")
            .arg(self.data().join("operator"))
            .args(["--server", &self.line.url()]);
        command
    }

    fn catalogue(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/catalogue")
    }
}

impl Server<'_> {
    /// Waits until it serves; fails at once where the process ends instead.
    pub(crate) async fn serves(&mut self) {
        let there = self.city.whereabouts();
        let process = &mut self.process;
        until("the server serves", || {
            assert!(process.runs(), "the server ended by itself");
            there.borrow().is_some()
        })
        .await;
    }

    /// SIGKILL.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        // In this order: while the process lives it may still say where it is.
        self.process.end();
        self.city.whereabouts.send_replace(None);
    }
}

/// The last line that begins with a digest: `<digest>  <count> entries`.
fn digest_line(said: &str) -> (Digest, u64) {
    let parse = |line: &str| {
        let mut words = line.split_whitespace();
        Some((
            Digest::from_hex(words.next()?)?,
            words.next()?.parse().ok()?,
        ))
    };
    said.lines()
        .rev()
        .find_map(parse)
        .unwrap_or_else(|| panic!("no digest in {said:?}"))
}
