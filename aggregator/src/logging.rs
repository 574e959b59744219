//! The log of the running program: lines for people or JSON, on standard error.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::{EnvFilter, util::SubscriberInitExt as _};

use crate::settings::LogFormat;

/// Why the log cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the log cannot be set up: {0}")]
pub struct LoggingError(String);

/// Sets up the process's log; call once. `filter` says which events are logged.
///
/// # Errors
/// [`LoggingError`] where there is one already, or the filter cannot be read.
pub fn install(format: LogFormat, filter: &str) -> Result<(), LoggingError> {
    let failed = |error: &dyn std::fmt::Display| LoggingError(error.to_string());
    let filter = EnvFilter::try_new(filter).map_err(|error| failed(&error))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let installed = match format {
        LogFormat::Text => builder.with_target(false).finish().try_init(),
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .finish()
            .try_init(),
    };
    installed.map_err(|error| failed(&error))
}
