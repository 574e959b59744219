//! The server: opens the data folder, binds, serves, and drains.

use std::{future::Future, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use granary_core::{
    digest::Digest,
    ledger::{FoldError, act, evidence},
};
use granary_proto::v1::{
    access_service_server::AccessServiceServer,
    administration_service_server::AdministrationServiceServer,
    bulletin_service_server::BulletinServiceServer,
    collection_service_server::CollectionServiceServer,
    enrolment_service_server::EnrolmentServiceServer,
    evidence_service_server::EvidenceServiceServer, fleet_service_server::FleetServiceServer,
    forecast_service_server::ForecastServiceServer, journal_service_server::JournalServiceServer,
    measure_service_server::MeasureServiceServer,
    monitoring_service_server::MonitoringServiceServer, score_service_server::ScoreServiceServer,
    transparency_service_server::TransparencyServiceServer,
    witness_service_server::WitnessServiceServer,
};
use jiff::Timestamp;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::Instant};
use tonic::transport::{
    Certificate, Identity, ServerTlsConfig,
    server::{Router, Server as Transport},
};
use tonic_health::server::HealthReporter;

use super::{
    City, ENVELOPE_BYTES_MAX, OutsideError,
    access::{self, Accesses},
    administration::{Administration, Images},
    bulletins::Bulletins,
    collection::Collection,
    connections, console,
    enrolment::Enrolment,
    evidence::Evidence,
    fleet::{self, Heartbeats},
    forecast::{self, Forecast},
    journal::JournalReader,
    log_http,
    measures::Measures,
    message_bytes_max,
    monitoring::Monitoring,
    outside,
    scores::Scores,
    transparency::Transparency,
    vitals::Vitals,
    witness::Witnessing,
};
use crate::{
    access::{AccessLog, AccessLogError, Anchored},
    clock::Clock,
    events,
    evidence::EvidenceStore,
    fleet::Fleet,
    journal::{Journal, OpenError, StoreError},
    metrics::{Metrics, MetricsError},
    notices::{Desk, NoticeError, NoticeSettings},
    people::{People, PeopleError, Tokens},
    pipeline::{Handle, Options, Pipeline, ShutdownError, StartError},
    project::Derived,
    settings::{Limits, Settings},
    site::{self, Site, SiteError},
    witness::Rounds,
};

/// How long a client may take for the TLS handshake.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// How often an idle connection is asked whether it is still there, and how long it may take to say so.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);
/// How often health is looked at.
const HEALTH_INTERVAL: Duration = Duration::from_millis(500);
/// What the last anchor of the access log may take, however long the connections have taken.
const LAST_ANCHOR_MIN: Duration = Duration::from_secs(1);
/// What may be under way on one stream and on one connection before the sender waits, in bytes.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;
/// The largest enrolment request, in bytes.
const ENROLMENT_BYTES_MAX: usize = 64 << 10;

/// A server that has bound its addresses and not yet begun to serve.
pub struct Server {
    city: Arc<City>,
    pipeline: Pipeline,
    listener: TcpListener,
    /// Where the log is read by anybody, where that is wanted.
    log_listener: Option<TcpListener>,
    /// The console, where it is served.
    console: Option<console::Bound>,
    tls: ServerTlsConfig,
    metrics: Option<Metrics>,
    stop: watch::Sender<bool>,
    grace: Duration,
    access_anchor: Duration,
    site: Site,
    notices: Option<Desk>,
    outside: Vec<outside::Outsider>,
}

/// Why the server did not start, or did not stop cleanly.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder cannot be used.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The journal cannot be used.
    #[error("the journal cannot be opened: {0}")]
    Journal(#[from] OpenError),
    /// The journal has no entry that says whose log it is.
    #[error(
        "the journal has no first entry, so anybody could write it: run `init` in an empty folder, or restore the folder from a backup"
    )]
    NotFounded,
    /// The derived state cannot be used.
    #[error("the derived state cannot be opened: {0}; `rebuild` makes it anew")]
    Derived(#[from] StoreError),
    /// The pipeline did not start.
    #[error("the pipeline did not start: {0}")]
    Start(#[from] StartError),
    /// The access log cannot be used.
    #[error(transparent)]
    Access(#[from] AccessLogError),
    /// What the journal says of the access log cannot be read.
    #[error("the anchor of the access log cannot be read: {0}")]
    Anchor(#[from] FoldError),
    /// The folder of evidence cannot be used.
    #[error("the folder of evidence cannot be used: {0}")]
    Evidence(std::io::Error),
    /// The folder of the console's people cannot be used.
    #[error("the folder of the console's people cannot be used: {0}")]
    People(#[from] PeopleError),
    /// The server's certificate cannot be used with browsers.
    #[error("the console cannot speak TLS: {0}")]
    ConsoleTls(std::io::Error),
    /// The sign-in at the house's provider cannot be set up.
    #[error("[oidc] in the settings: {0}")]
    Oidc(String),
    /// An address cannot be bound.
    #[error("cannot listen on {0}: {1}")]
    Bind(SocketAddr, std::io::Error),
    /// The gathered cosignatures cannot be read.
    #[error("the folder of cosigned checkpoints cannot be used: {0}")]
    Witnesses(std::io::Error),
    /// The witnesses of other houses cannot be asked.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// Metrics cannot be served.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The transport failed.
    #[error("the transport failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The last entries could not be written in time.
    #[error("the pipeline did not stop cleanly: {0}")]
    Shutdown(#[from] ShutdownError),
    /// A task was lost.
    #[error("a task was lost: {0}")]
    Task(#[from] tokio::task::JoinError),
    /// The reflection service cannot read the program's own descriptors.
    #[error("the reflection service: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

impl Server {
    /// Opens the data folder, catches the derived state up, and binds.
    ///
    /// # Errors
    /// [`ServeError`]; nothing is bound or running then.
    pub async fn open(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        metrics: Option<Metrics>,
    ) -> Result<Self, ServeError> {
        let site = Site::new(&settings.data);
        let authority = site.authority()?;
        let now = Timestamp::from_millisecond(clock.now_ms()).unwrap_or(Timestamp::UNIX_EPOCH);
        let tls = tls(&site, &settings.server_names, now)?;
        let key = site.log_key()?;
        let (log_verifier_key, log_key) = (key.verifier().to_string(), key.clone());
        let witnesses = Rounds::open(&site.cosigned(), key.verifier(), settings.witness_round)
            .map_err(ServeError::Witnesses)?;
        let listener = bind(settings.listen).await?;
        let log_listener = match settings.log_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let console = console(settings, &site, listener.local_addr()).await?;
        let outside = outside::read(&site.witnesses())?;
        let (options, data, its_clock) =
            (options(settings), settings.data.clone(), Arc::clone(&clock));
        let pipeline = tokio::task::spawn_blocking(move || {
            let journal = Journal::open(&data)?;
            if journal.size() == 0 {
                return Err(ServeError::NotFounded);
            }
            let derived = Derived::open(&data)?;
            Ok::<_, ServeError>(Pipeline::start(journal, derived, key, options, its_clock)?)
        });
        let pipeline = pipeline.await??;
        let access = access_log(&pipeline.handle(), &settings.data)?;
        let evidence = EvidenceStore::open(&settings.data, settings.evidence_bytes_max);
        let (stop, stopped) = watch::channel(false);
        let city = City {
            handle: pipeline.handle(),
            authority,
            log_verifier_key,
            limits: settings.limits,
            log_key,
            access: Arc::new(access),
            evidence: evidence.map_err(ServeError::Evidence)?,
            witnesses,
            fleet: Fleet::new(clock.now_ms()),
            clock,
            stop: stopped,
            bundle: ArcSwapOption::empty(),
            models: forecast::Kept::default(),
        };
        Ok(Self {
            city: Arc::new(city),
            pipeline,
            listener,
            log_listener,
            console,
            tls,
            metrics,
            stop,
            grace: settings.grace,
            access_anchor: settings.access_anchor,
            site,
            notices: None,
            outside,
        })
    }

    /// Tells notices while it serves.
    ///
    /// # Errors
    /// [`NoticeError`] where the outbox or a channel cannot be used.
    pub fn tell(&mut self, data: &Path, notices: NoticeSettings) -> Result<(), NoticeError> {
        if let Some(console) = &mut self.console {
            console.contacts = notices.contacts.values().cloned().collect();
        }
        let (handle, clock) = (self.city.handle.clone(), Arc::clone(&self.city.clock));
        self.notices = Some(Desk::open(data, notices, handle, clock)?);
        Ok(())
    }

    /// Where gRPC is served: the port is known once it is bound.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Where the log is served to anybody, where it is.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn log_address(&self) -> std::io::Result<Option<SocketAddr>> {
        self.log_listener
            .as_ref()
            .map(TcpListener::local_addr)
            .transpose()
    }

    /// Where the console is served to browsers, where it is.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn console_address(&self) -> std::io::Result<Option<SocketAddr>> {
        let console = self.console.as_ref();
        console
            .map(|console| console.listener.local_addr())
            .transpose()
    }

    /// Serves until `shutdown` completes, then drains for at most the grace period.
    ///
    /// # Errors
    /// [`ServeError`]; what was acknowledged is durable all the same.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        let Self {
            city,
            pipeline,
            listener,
            log_listener,
            console,
            tls,
            metrics,
            stop,
            grace,
            access_anchor,
            site,
            notices,
            outside,
        } = self;
        let limits = city.limits;
        let (reporter, router) = router(&city, tls, &site).await?;
        let handle = city.handle.clone();
        let beside = Beside {
            watching: tokio::spawn(watch_health(handle.clone(), reporter)),
            asking: tokio::spawn(outside::run(Arc::clone(&city), outside)),
            counting: tokio::spawn(fleet::count(Arc::clone(&city), stop.subscribe())),
            scraping: metrics.map(|metrics| {
                let vitals = Vitals::new(Arc::clone(&city), site);
                tokio::spawn(metrics.serve(move || vitals.observe(), stop.subscribe()))
            }),
            publishing: log_listener.map(|listener| {
                tokio::spawn(log_http::serve(
                    listener,
                    Arc::clone(&city),
                    stop.subscribe(),
                ))
            }),
            showing: console.map(|console| tokio::spawn(console.serve(Arc::clone(&city)))),
            telling: notices.map(|desk| tokio::spawn(desk.run(stop.subscribe()))),
        };
        let anchoring = access::keep_anchored(Arc::clone(&city), access_anchor, stop.subscribe());
        let anchoring = tokio::spawn(anchoring);
        let mut stopping = stop.subscribe();
        let stopped = async move {
            // An error means that the sender is gone, which is a stop as well.
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        let incoming = connections::accept(listener, limits);
        let serving = router.serve_with_incoming_shutdown(incoming, stopped);
        let mut serving = std::pin::pin!(serving);
        let ended = tokio::select! {
            served = &mut serving => Some(served),
            () = shutdown => None,
        };
        tracing::info!(grace_ms = grace.as_millis(), "stopping");
        let deadline = Instant::now() + grace;
        stop.send_replace(true);
        let served = match ended {
            Some(served) => served,
            None => drained(deadline, serving).await,
        };
        beside.end(deadline).await;
        last_anchor(&city, anchoring, deadline).await;
        let left = deadline
            .saturating_duration_since(Instant::now())
            .max(Duration::from_secs(1));
        tokio::task::spawn_blocking(move || pipeline.shutdown(left)).await??;
        tracing::info!("stopped");
        Ok(served?)
    }
}

/// What runs beside the calls.
struct Beside {
    watching: JoinHandle<()>,
    asking: JoinHandle<()>,
    counting: JoinHandle<()>,
    scraping: Option<JoinHandle<()>>,
    publishing: Option<JoinHandle<()>>,
    showing: Option<JoinHandle<()>>,
    telling: Option<JoinHandle<()>>,
}

impl Beside {
    /// Ends all of it, by `deadline` at the latest.
    async fn end(self, deadline: Instant) {
        self.watching.abort();
        self.asking.abort();
        self.counting.abort();
        if let Some(scraping) = self.scraping {
            scraping.abort();
        }
        // The log's readers can ask again: what is not answered by then is dropped with the connection. The telling ends by
        // itself a few seconds after the stop; what it has not noted is sent once more.
        for ending in [self.publishing, self.showing, self.telling]
            .into_iter()
            .flatten()
        {
            let _ = tokio::time::timeout_at(deadline, ending).await;
        }
    }
}

/// Lets the calls that are open end, by `deadline` at the latest.
async fn drained<E>(
    deadline: Instant,
    serving: impl Future<Output = Result<(), E>>,
) -> Result<(), E> {
    tokio::time::timeout_at(deadline, serving)
        .await
        .unwrap_or_else(|_| {
            tracing::warn!("some connections were still open at the end of the grace period");
            Ok(())
        })
}

/// Reads the access log, checked against the journal.
fn access_log(handle: &Handle, data: &Path) -> Result<AccessLog, ServeError> {
    let row = evidence::anchor(&handle.view())?;
    let anchored = row.map(|row| Anchored {
        lines: row.lines,
        head: Digest::from_slice(&row.head).unwrap_or_else(|| Digest::from_bytes([0; 32])),
    });
    Ok(AccessLog::open(data, anchored)?)
}

/// Nobody reads any more, so this anchor covers all lines. A stop does not fail for it: the next start sets it.
async fn last_anchor(city: &City, anchoring: JoinHandle<()>, deadline: Instant) {
    let deadline = deadline.max(Instant::now() + LAST_ANCHOR_MIN);
    let _ = tokio::time::timeout_at(deadline, anchoring).await;
    if let Ok(result) = tokio::time::timeout_at(deadline, access::anchor(city)).await {
        events::AccessAnchored { result: &result }.emit();
    }
}

async fn router(
    city: &Arc<City>,
    tls: ServerTlsConfig,
    site: &Site,
) -> Result<(HealthReporter, Router), ServeError> {
    let images = Images::new(site.clone());
    let collection = CollectionServiceServer::new(Collection {
        city: Arc::clone(city),
    });
    let enrolment = Enrolment {
        city: Arc::clone(city),
        folder: site.enrolled(),
    };
    let administration = AdministrationServiceServer::new(Administration {
        city: Arc::clone(city),
        images,
    });
    let (reporter, health) = tonic_health::server::health_reporter();
    set_health(&reporter, true).await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(granary_proto::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let router = transport(&city.limits)
        .tls_config(tls)?
        .add_service(collection.max_decoding_message_size(message_bytes_max()))
        .add_service(
            EnrolmentServiceServer::new(enrolment).max_decoding_message_size(ENROLMENT_BYTES_MAX),
        )
        .add_service(
            administration.max_decoding_message_size(act::PAYLOAD_BYTES_MAX + ENVELOPE_BYTES_MAX),
        )
        .add_service(MonitoringServiceServer::new(Monitoring {
            city: Arc::clone(city),
        }))
        .add_service(FleetServiceServer::new(Heartbeats {
            city: Arc::clone(city),
        }))
        .add_service(MeasureServiceServer::new(Measures {
            city: Arc::clone(city),
        }))
        .add_service(ScoreServiceServer::new(Scores {
            city: Arc::clone(city),
        }))
        .add_service(ForecastServiceServer::new(Forecast {
            city: Arc::clone(city),
        }))
        .add_service(BulletinServiceServer::new(Bulletins {
            city: Arc::clone(city),
        }))
        .add_service(TransparencyServiceServer::new(Transparency {
            city: Arc::clone(city),
        }))
        .add_service(WitnessServiceServer::new(Witnessing {
            city: Arc::clone(city),
        }))
        .add_service(JournalServiceServer::new(JournalReader::new(Arc::clone(
            city,
        ))))
        .add_service(AccessServiceServer::new(Accesses {
            city: Arc::clone(city),
        }))
        .add_service(EvidenceServiceServer::new(Evidence {
            city: Arc::clone(city),
        }))
        .add_service(health)
        .add_service(reflection);
    Ok((reporter, router))
}

fn transport(limits: &Limits) -> Transport {
    Transport::builder()
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(limits.requests_per_connection_max)
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
}

/// The authority's certificate goes with the server's, so that an agent with nothing but a token can find it in the
/// handshake and compare its digest.
fn tls(site: &Site, names: &[String], now: Timestamp) -> Result<ServerTlsConfig, ServeError> {
    let authority = site.authority()?;
    let identity = site.server_identity(&authority, names, now)?;
    let chain = format!(
        "{}{}",
        identity.certificate_pem,
        authority.certificate_pem()
    );
    Ok(ServerTlsConfig::new()
        .identity(Identity::from_pem(chain, identity.key_pem))
        .client_ca_root(Certificate::from_pem(authority.certificate_pem()))
        .client_auth_optional(true)
        .timeout(HANDSHAKE_MAX))
}

/// Binds the console's address, where it is to be served.
async fn console(
    settings: &Settings,
    site: &Site,
    served: std::io::Result<SocketAddr>,
) -> Result<Option<console::Bound>, ServeError> {
    let Some(address) = settings.console_listen else {
        return Ok(None);
    };
    let tls = match settings.console_tls {
        true => {
            let chain = format!(
                "{}{}",
                site::read(&site.server_certificate())?,
                site::read(&site.authority_certificate())?
            );
            let key = site::read(&site.server_key())?;
            Some(console::acceptor(&chain, &key).map_err(ServeError::ConsoleTls)?)
        }
        false => None,
    };
    let port = served.map_or(settings.listen.port(), |served| served.port());
    let host = settings
        .server_names
        .first()
        .map_or("localhost", String::as_str);
    Ok(Some(console::Bound {
        address: format!("{host}:{port}"),
        bulletins: site.bulletins(),
        listener: bind(address).await?,
        tls,
        people: People::open(&settings.data)?,
        tokens: Tokens::open(&settings.data)?,
        contacts: Vec::new(),
        provider: match settings.oidc.clone() {
            Some(oidc) => Some(console::oidc::Provider::new(oidc).map_err(ServeError::Oidc)?),
            None => None,
        },
    }))
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| ServeError::Bind(address, error))
}

fn options(settings: &Settings) -> Options {
    Options {
        queue_bytes_max: settings.batch.queue_bytes_max,
        batch_count_max: settings.batch.entries_max,
        batch_bytes_max: settings.batch.bytes_max,
        gather_wait_max: settings.batch.wait,
        ..Options::default()
    }
}

/// Reports that the server does not serve while sequencing has stopped.
async fn watch_health(handle: Handle, reporter: HealthReporter) {
    let mut was_healthy = true;
    let mut ticks = tokio::time::interval(HEALTH_INTERVAL);
    loop {
        ticks.tick().await;
        let is_healthy = handle.status().alarm.is_none();
        if is_healthy != was_healthy {
            set_health(&reporter, is_healthy).await;
            was_healthy = is_healthy;
        }
    }
}

async fn set_health(reporter: &HealthReporter, healthy: bool) {
    use tonic_health::ServingStatus::{NotServing, Serving};
    let status = if healthy { Serving } else { NotServing };
    reporter.set_service_status("", status).await;
    reporter
        .set_service_status("granary.v1.CollectionService", status)
        .await;
}
