//! Metrics for Prometheus: one recorder for the process, served at `/metrics` on an address of its own.

mod names;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, http::header, routing::get};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tokio::{net::TcpListener, sync::watch};

pub use names::{Kind, NAMES, Name};

/// How often histograms that nobody scrapes are folded together, so that they do not grow.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);
/// Bounds of latency histograms, in seconds.
const SECONDS_BUCKETS: [f64; 12] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5,
];
/// Bounds of histograms of counts.
const COUNT_BUCKETS: [f64; 9] = [1.0, 4.0, 16.0, 64.0, 128.0, 256.0, 512.0, 1_024.0, 4_096.0];

/// The metrics of the process, with the address where they are served.
#[derive(Debug)]
pub struct Metrics {
    handle: PrometheusHandle,
    listener: TcpListener,
}

/// Why metrics cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The recorder cannot be set up.
    #[error("metrics cannot be recorded: {0}")]
    Build(#[from] BuildError),
    /// The address cannot be bound.
    #[error("cannot listen on {0} for metrics: {1}")]
    Bind(SocketAddr, std::io::Error),
}

/// Sets up the process's recorder; call once.
///
/// # Errors
/// [`MetricsError::Build`] where there is one already.
pub fn install() -> Result<PrometheusHandle, MetricsError> {
    let handle = builder()?.install_recorder()?;
    names::describe();
    Ok(handle)
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    use metrics_exporter_prometheus::Matcher::Suffix;
    PrometheusBuilder::new()
        .set_buckets_for_metric(Suffix("_seconds".into()), &SECONDS_BUCKETS)?
        .set_buckets_for_metric(Suffix("_entries".into()), &COUNT_BUCKETS)
}

impl Metrics {
    /// Binds the address.
    ///
    /// # Errors
    /// [`MetricsError::Bind`].
    pub async fn bind(handle: PrometheusHandle, address: SocketAddr) -> Result<Self, MetricsError> {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| MetricsError::Bind(address, error))?;
        Ok(Self { handle, listener })
    }

    /// Where they are served.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` becomes true. `observe` reads what is not counted as it happens; it may block.
    pub async fn serve(
        self,
        observe: impl Fn() + Send + Sync + 'static,
        mut stop: watch::Receiver<bool>,
    ) {
        let upkeep = tokio::spawn(upkeep(self.handle.clone()));
        let (handle, observe) = (self.handle, Arc::new(observe));
        let scrape = move || {
            let (handle, observe) = (handle.clone(), Arc::clone(&observe));
            async move {
                // A look that failed leaves the gauges of before; the rest is told all the same.
                let _ = tokio::task::spawn_blocking(move || observe()).await;
                let text = handle.render();
                (
                    [(
                        header::CONTENT_TYPE,
                        "text/plain; version=0.0.4; charset=utf-8",
                    )],
                    text,
                )
            }
        };
        let router = Router::new().route("/metrics", get(scrape));
        let stopped = async move {
            // An error means that the sender is gone, which is a stop as well.
            let _ = stop.wait_for(|stop| *stop).await;
        };
        if let Err(error) = axum::serve(self.listener, router)
            .with_graceful_shutdown(stopped)
            .await
        {
            tracing::error!(%error, "metrics are no longer served");
        }
        upkeep.abort();
    }
}

async fn upkeep(handle: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP_INTERVAL);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}
