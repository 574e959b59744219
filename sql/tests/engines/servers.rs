//! Database servers for a test: real ones, in a temporary folder, on a port or socket of their own; gone with the value.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

/// How long a server may take until it answers.
const START_MAX: Duration = Duration::from_secs(60);

/// Makes a file of SQLite's.
pub(crate) async fn fill_sqlite(url: &str, statements: &[&'static str]) {
    let options: SqliteConnectOptions = url.parse().unwrap();
    let mut connection = options.connect().await.unwrap();
    for statement in statements {
        sqlx::raw_sql(*statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
}

/// A PostgreSQL.
pub(crate) struct Postgres {
    _folder: tempfile::TempDir,
    child: Child,
    programs: PathBuf,
    port: u16,
}

/// A MariaDB.
pub(crate) struct MariaDb {
    folder: tempfile::TempDir,
    child: Child,
}

impl Postgres {
    /// `None` where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
        let programs = versions
            .flatten()
            .map(|version| version.path().join("bin"))
            .max()?;
        let folder = open_folder();
        let data = folder.path().join("data");
        fs::write(folder.path().join("password"), "granary").unwrap();
        let made = as_user("postgres", &programs.join("initdb"))
            .arg("-D")
            .arg(&data)
            .args(["-U", "reader", "--auth=scram-sha-256", "--no-sync"])
            .arg("--pwfile")
            .arg(folder.path().join("password"))
            .stdout(Stdio::null())
            .status();
        if !made.is_ok_and(|status| status.success()) {
            return None;
        }
        let port = free_port();
        let child = as_user("postgres", &programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args([
                "-p",
                &port.to_string(),
                "-c",
                "fsync=off",
                "-c",
                "listen_addresses=127.0.0.1",
                "-k",
            ])
            .arg(folder.path())
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self {
            _folder: folder,
            child,
            programs,
            port,
        };
        wait(|| server.psql("SELECT 1"));
        Some(server)
    }

    pub(crate) fn run(&self, statement: &str) {
        assert!(self.psql(statement), "{statement}");
    }

    fn psql(&self, statement: &str) -> bool {
        Command::new(self.programs.join("psql"))
            .args([
                "-h",
                "127.0.0.1",
                "-p",
                &self.port.to_string(),
                "-U",
                "reader",
                "-d",
                "postgres",
                "-c",
                statement,
            ])
            .env("PGPASSWORD", "granary")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://reader@127.0.0.1:{}/postgres", self.port)
    }
}

impl MariaDb {
    /// `None` where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let program = ["/usr/sbin/mariadbd", "/usr/sbin/mysqld"]
            .map(PathBuf::from)
            .into_iter()
            .find(|path| path.exists())?;
        let folder = open_folder();
        let data = folder.path().join("data");
        let made = Command::new("mariadb-install-db")
            .arg("--no-defaults")
            .arg(format!("--datadir={}", data.display()))
            .args([
                "--user=mysql",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !made.is_ok_and(|status| status.success()) {
            return None;
        }
        let socket = folder.path().join("socket");
        let port = free_port();
        let child = as_user("mysql", &program)
            .arg("--no-defaults")
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--socket={}", socket.display()))
            .args([
                "--bind-address=127.0.0.1",
                &format!("--port={port}"),
                "--skip-name-resolve",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        fs::write(folder.path().join("port"), port.to_string()).unwrap();
        let server = Self { folder, child };
        wait(|| server.client("mysql", "SELECT 1"));
        for statement in [
            "CREATE DATABASE figures",
            "CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'granary'",
            "GRANT ALL ON figures.* TO reader@'127.0.0.1'",
        ] {
            assert!(server.client("mysql", statement), "{statement}");
        }
        Some(server)
    }

    pub(crate) fn run(&self, statement: &str) {
        assert!(self.client("figures", statement), "{statement}");
    }

    fn client(&self, database: &str, statement: &str) -> bool {
        Command::new("mariadb")
            .arg("--no-defaults")
            .arg(format!(
                "--socket={}",
                self.folder.path().join("socket").display()
            ))
            .args(["-u", "root", database, "-e", statement])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    pub(crate) fn url(&self) -> String {
        let port = fs::read_to_string(self.folder.path().join("port")).unwrap();
        format!("mysql://reader@127.0.0.1:{port}/figures")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// The servers refuse to run as the superuser; where the test is, they run as their own user.
fn as_user(user: &str, program: &Path) -> Command {
    let superuser =
        fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if !superuser {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", user, "--regid", user, "--clear-groups", "--"])
        .arg(program);
    command
}

/// A folder that the server's own user may write.
fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a server of somebody else's tells nobody when it is ready: it is asked until it answers"
)]
fn wait(mut answers: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !answers() {
        assert!(begun.elapsed() < START_MAX, "the server does not answer");
        std::thread::sleep(Duration::from_millis(100));
    }
}
