//! A city of real processes in a temporary folder, with the demo's catalogue in force.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A running city. Dropping it kills the server.
pub(crate) struct City {
    folder: tempfile::TempDir,
    server: Child,
    port: u16,
}

impl City {
    pub(crate) fn founded(origin: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("city");
        let mut init = program("granary-aggregator");
        init.args(["init", "--server-name", "localhost", "--name", origin]);
        run(init.arg("--data").arg(&data));
        let (server, port) = serve(&data);
        let city = Self {
            folder,
            server,
            port,
        };
        let catalogue = city.path("catalogue");
        copy_catalogue(&catalogue);
        city.operate(&["catalogue", "publish", catalogue.to_str().unwrap()]);
        city
    }

    /// A path beside the city's data.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address())
    }

    /// The log's key, as the city published it.
    pub(crate) fn log_key(&self) -> PathBuf {
        self.path("city/log.vkey")
    }

    /// Runs a command of the operator's; gives what it said.
    pub(crate) fn operate(&self, arguments: &[&str]) -> String {
        let mut command = program("granary-aggregator");
        command.args(arguments).args(["--server", &self.url()]);
        run(command.arg("--operator").arg(self.path("city/operator")))
    }

    /// A token with which the unit enrols one key.
    pub(crate) fn token(&self, unit: &str) -> String {
        let said = self.operate(&["token", "--unit", unit]);
        let token = said.lines().find(|line| line.starts_with("granary1."));
        token.unwrap().to_owned()
    }

    /// Gives an auditor an identity in this folder.
    pub(crate) fn admit_auditor(&self, folder: &Path) {
        let mut client = program("granary-aggregator");
        client.args(["client", "--role", "auditor", "--data"]);
        run(client.arg(self.path("city")).arg("--out").arg(folder));
    }

    /// A unit enrols and reports every file that the demo has of it. Gives the folder of its receipts.
    pub(crate) fn report(&self, unit: &str) -> PathBuf {
        let folder = self.path(unit);
        let mut enrol = program("granary-agent");
        enrol.args(["enrol", "--unit", unit, "--token", &self.token(unit)]);
        run(enrol.args(["--server", &self.url(), "--dir"]).arg(&folder));
        let mut files: Vec<PathBuf> = fs::read_dir(demo().join("reports").join(unit))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            let mut submit = program("granary-agent");
            submit.env("GRANARY_AGENT_SERVER", self.url());
            submit.args(["submit", "--wait", "60"]).arg(file);
            run(submit.arg("--dir").arg(&folder));
        }
        folder.join("state/receipts")
    }
}

impl Drop for City {
    fn drop(&mut self) {
        // It may have ended by itself, which is not this one's business.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Starts the server; it says where it serves once it does.
fn serve(data: &Path) -> (Child, u16) {
    let mut serve = program("granary-aggregator");
    serve.args(["serve", "--listen", "127.0.0.1:0"]);
    serve.args(["--metrics-listen", "off", "--log-filter", "warn", "--data"]);
    let mut server = serve.arg(data).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let address = loop {
        let line = lines.next().expect("the server ended by itself").unwrap();
        if let Some(address) = line.strip_prefix("serving on https://") {
            break address.to_owned();
        }
    };
    // What it goes on to say is read, so that it never waits for a reader.
    std::thread::spawn(move || lines.for_each(drop));
    let (_, port) = address.rsplit_once(':').unwrap();
    (server, port.parse().unwrap())
}

/// The demo's catalogue as it is before the demo changes it.
fn copy_catalogue(folder: &Path) {
    fs::create_dir(folder).unwrap();
    for entry in fs::read_dir(demo().join("catalogue")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if name != "later.toml" {
            fs::copy(&path, folder.join(name)).unwrap();
        }
    }
}

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn demo() -> PathBuf {
    repository().join("deploy/demo")
}

/// The folder with the programs: above the test in the target folder of the same profile.
pub(crate) fn programs() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let found = test
        .ancestors()
        .find(|folder| folder.join("granary-audit").is_file());
    let found = found.expect("build the programs first: `cargo build --workspace --bins`");
    found.to_owned()
}

/// A program of this project, in English and without any of this process's settings.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(programs().join(name));
    let kept =
        |name: &std::ffi::OsString| ["PATH", "HOME", "TMPDIR"].iter().any(|kept| name == kept);
    command
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| kept(name)))
        .env("LANG", "en_GB.UTF-8")
        .stdin(Stdio::null());
    command
}

/// Runs a command to its end and gives what it printed. A status other than 0 fails the test.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} ended with {}:\n{said}{complained}",
        output.status
    );
    said
}
