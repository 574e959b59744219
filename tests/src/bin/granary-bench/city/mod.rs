//! A whole synthetic city: the real `granary-aggregator` process with its catalogue in force and its units' keys enrolled.

pub(crate) mod catalogue;
pub(crate) mod enrolment;
pub(crate) mod snapshots;
pub(crate) mod visitor;

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use granary_core::{catalogue::Bundle, log::VerifierKey};
use granary_proto::v1::{self, monitoring_service_client::MonitoringServiceClient};
use tempfile::TempDir;
use tokio::{net::TcpStream, time::sleep};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use crate::{
    context::{Context, Outcome},
    programs::{self, Running},
};
use catalogue::Shape;
use enrolment::Enrolled;

/// The longest that the server may take to answer.
const START_MAX: Duration = Duration::from_secs(20);
/// How often it is asked.
const ASK_INTERVAL: Duration = Duration::from_millis(5);

/// The city, until it is dropped.
pub(crate) struct City {
    /// `None` while it is stopped.
    server: Option<Running>,
    program: PathBuf,
    pub(crate) address: SocketAddr,
    /// Where its console is.
    console: SocketAddr,
    pub(crate) bundle: Bundle,
    pub(crate) enrolled: Vec<Enrolled>,
    pub(crate) log_key: VerifierKey,
    operator: PathBuf,
    folder: TempDir,
}

/// How far the server is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    /// Entries in the journal.
    pub(crate) journaled: u64,
    /// Entries folded.
    pub(crate) folded: u64,
}

impl City {
    /// Makes the data folder, starts the server, publishes the catalogue, enrols every unit.
    pub(crate) async fn found(context: &Context, shape: &Shape) -> Outcome<Self> {
        let mut city = Self::without_agents(context, shape).await?;
        city.enrolled = enrolment::enrol_all(&city, shape.units()?).await?;
        Ok(city)
    }

    /// The same, without any unit enrolled.
    pub(crate) async fn without_agents(context: &Context, shape: &Shape) -> Outcome<Self> {
        let program = context.programs()?.aggregator();
        let folder = context.folder()?;
        let data = folder.path().join("data");
        programs::finish(
            Command::new(&program)
                .arg("init")
                .arg("--data")
                .arg(&data)
                .args(["--name", "bench.example/log"]),
        )?;
        let (address, console) = (free_address()?, free_address()?);
        let server = serve(&program, folder.path(), (address, console)).await?;
        let operator = data.join("operator");
        let bundle = shape.bundle()?;
        publish(
            &program,
            &bundle,
            &folder.path().join("catalogue"),
            &operator,
            address,
        )?;
        let log_key = VerifierKey::parse(fs::read_to_string(data.join("log.vkey"))?.trim())?;
        let server = Some(server);
        Ok(Self {
            server,
            program,
            address,
            console,
            bundle,
            enrolled: Vec::new(),
            log_key,
            operator,
            folder,
        })
    }

    /// The program with its operator's identity, for what an operator does on the command line.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).arg("--operator").arg(&self.operator);
        command.args(["--server", &self.url()]);
        command
    }

    /// The server's process.
    pub(crate) fn process(&self) -> u32 {
        self.server.as_ref().map(Running::id).unwrap_or_default()
    }

    /// Kills the server.
    pub(crate) fn stop(&mut self) {
        self.server = None;
    }

    /// Starts the server on the folder and address that it had.
    pub(crate) async fn start_again(&mut self) -> Outcome<()> {
        self.server = Some(
            serve(
                &self.program,
                self.folder.path(),
                (self.address, self.console),
            )
            .await?,
        );
        Ok(())
    }

    /// Where the server is.
    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// Where the operator's keys and certificate are.
    pub(crate) fn operator(&self) -> &Path {
        &self.operator
    }

    /// A connection as the operator.
    pub(crate) async fn operator_channel(&self) -> Outcome<Channel> {
        let read = |name: &str| fs::read_to_string(self.operator.join(name));
        self.connect(Some(Identity::from_pem(
            read("client.pem")?,
            read("client.key")?,
        )))
        .await
    }

    /// Connections of as many units' agents.
    pub(crate) async fn agent_channels(&self, count: usize) -> Outcome<Vec<Channel>> {
        let mut channels = Vec::new();
        for unit in self.enrolled.iter().rev().take(count) {
            channels.push(self.connect(Some(unit.identity())).await?);
        }
        Ok(channels)
    }

    /// A connection with a client certificate, or none.
    pub(crate) async fn connect(&self, identity: Option<Identity>) -> Outcome<Channel> {
        let authority = Certificate::from_pem(fs::read_to_string(self.operator.join("ca.pem"))?);
        let tls = ClientTlsConfig::new().ca_certificate(authority);
        let tls = match identity {
            Some(identity) => tls.identity(identity),
            None => tls,
        };
        connect(self.address, tls).await
    }

    /// Asks how far the journal and the fold are.
    pub(crate) async fn progress(&self, operator: &Channel) -> Outcome<Progress> {
        let mut client = MonitoringServiceClient::new(operator.clone());
        let status = client
            .get_status(v1::GetStatusRequest {})
            .await?
            .into_inner();
        Ok(Progress {
            journaled: status.journal_size,
            folded: status.applied_size,
        })
    }

    /// Waits until everything journaled is folded; gives the time that took and the entries that were behind.
    pub(crate) async fn drain(&self, operator: &Channel) -> Outcome<(u64, Duration)> {
        let start = Instant::now();
        let at_first = self.progress(operator).await?;
        let mut now = at_first;
        while now.folded < now.journaled {
            sleep(ASK_INTERVAL).await;
            now = self.progress(operator).await?;
        }
        Ok((at_first.journaled - at_first.folded, start.elapsed()))
    }
}

/// Starts the server in `folder` and waits until it listens.
async fn serve(
    program: &Path,
    folder: &Path,
    (address, console): (SocketAddr, SocketAddr),
) -> Outcome<Running> {
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("server.log"))?;
    let mut command = Command::new(program);
    command.arg("serve").arg("--data").arg(folder.join("data"));
    command.args([
        "--listen",
        &address.to_string(),
        "--metrics-listen",
        "off",
        "--console-listen",
        &console.to_string(),
        "--log-filter",
        "warn",
    ]);
    let mut server = Running::start(command.stdout(Stdio::null()).stderr(log))?;
    wait_for(&mut server, address).await?;
    Ok(server)
}

/// Opens a connection to a server on loopback whose certificate says `localhost`.
pub(crate) async fn connect(address: SocketAddr, tls: ClientTlsConfig) -> Outcome<Channel> {
    let endpoint = Endpoint::from_shared(format!("https://localhost:{}", address.port()))?
        .tls_config(tls.domain_name("localhost"))?
        .tcp_nodelay(true);
    Ok(endpoint.connect().await?)
}

/// An address of loopback where nobody listens.
pub(crate) fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

async fn wait_for(server: &mut Running, address: SocketAddr) -> Outcome<()> {
    let start = Instant::now();
    while TcpStream::connect(address).await.is_err() {
        server.must_run()?;
        if start.elapsed() > START_MAX {
            return Err(format!("the server does not listen on {address}").into());
        }
        sleep(ASK_INTERVAL).await;
    }
    Ok(())
}

fn publish(
    program: &Path,
    bundle: &Bundle,
    folder: &Path,
    operator: &Path,
    address: SocketAddr,
) -> Outcome<()> {
    fs::create_dir_all(folder)?;
    for (name, text) in bundle.files() {
        fs::write(folder.join(name), text)?;
    }
    let server = format!("https://localhost:{}", address.port());
    let mut command = Command::new(program);
    command
        .args(["catalogue", "publish"])
        .arg(folder)
        .arg("--operator")
        .arg(operator)
        .args(["--server", &server]);
    programs::finish(&mut command)
}
