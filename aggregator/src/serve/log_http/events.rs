//! What happens while the log is served over HTTP.
//!
//! | metric | kind | meaning |
//! |---|---|---|
//! | `granary_log_requests_total{status}` | counter | requests answered, by HTTP status |
//! | `granary_log_response_bytes_total` | counter | bytes of the answers, without their heads |
//! | `granary_log_read_failed_total` | counter | requests that failed because the store could not be read |

use std::error::Error;

use hyper::StatusCode;

/// A request was answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered {
    /// How.
    pub(super) status: StatusCode,
    /// Bytes of the body.
    pub(super) bytes: u64,
}

/// The store could not be read.
pub(super) struct ReadFailed<'a> {
    /// Why.
    pub(super) error: &'a dyn Error,
}

impl Answered {
    pub(super) fn emit(self) {
        let status = self.status.as_u16().to_string();
        metrics::counter!("granary_log_requests_total", "status" => status).increment(1);
        metrics::counter!("granary_log_response_bytes_total").increment(self.bytes);
        tracing::debug!(status = %self.status, bytes = self.bytes, "a reader of the log was answered");
    }
}

impl ReadFailed<'_> {
    pub(super) fn emit(self) {
        metrics::counter!("granary_log_read_failed_total").increment(1);
        tracing::error!(error = %self.error, "the log could not be read");
    }
}
