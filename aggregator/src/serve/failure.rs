//! What ends a call with a gRPC status: one small set, mapped in one place.
//!
//! A refused submission is a result and not one of these. The client's message says what to do; what only the log should
//! hold is logged here and not sent.

use std::fmt;

use tonic::{Code, Status};

use crate::tls::Role;

/// Why a call has no result.
#[derive(Debug)]
pub(super) enum Failure {
    /// The service needs a certificate of ours.
    NoCertificate,
    /// The certificate is of another kind than the service takes.
    NotAllowed(Need),
    /// Every key of the unit was revoked.
    UnitRevoked,
    /// A field of the request cannot be used; never retry as it is.
    Invalid { field: &'static str, why: String },
    /// What was asked for is not there.
    NotFound(&'static str),
    /// It cannot be answered yet.
    NotReady(&'static str),
    /// The stream broke, or a message on it could not be read; tonic has said how.
    Wire(Status),
    /// The server is stopping; retry elsewhere or later.
    Stopping,
    /// The store or the program failed; the details are in the log.
    Internal(String),
}

/// Whom a service takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// An agent.
    Unit,
    /// The operator.
    Operator,
    /// The operator or an auditor.
    Person,
}

impl Failure {
    pub(super) fn internal(error: impl fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }

    pub(super) fn invalid(field: &'static str, why: impl fmt::Display) -> Self {
        Self::Invalid {
            field,
            why: why.to_string(),
        }
    }
}

impl Need {
    const fn words(self) -> &'static str {
        match self {
            Self::Unit => "a unit's certificate: enrol with granary-agent",
            Self::Operator => "the operator's certificate",
            Self::Person => "an operator's or auditor's certificate",
        }
    }

    pub(super) const fn takes(self, role: Role) -> bool {
        match (self, role) {
            (Self::Operator | Self::Person, Role::Operator) | (Self::Person, Role::Auditor) => true,
            (Self::Unit, Role::Operator | Role::Auditor) | (Self::Operator, Role::Auditor) => false,
        }
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NoCertificate => {
                Self::unauthenticated("a client certificate of this city is needed")
            }
            Failure::NotAllowed(need) => {
                Self::permission_denied(format!("this service needs {}", need.words()))
            }
            Failure::UnitRevoked => Self::permission_denied(
                "every key of this unit was revoked: ask the city for a new token and enrol again",
            ),
            Failure::Invalid { field, why } => {
                let why: String = why.chars().take(300).collect();
                Self::invalid_argument(format!("{field}: {why}"))
            }
            Failure::NotFound(what) => Self::not_found(what),
            Failure::NotReady(what) => Self::failed_precondition(what),
            Failure::Wire(status) => status,
            Failure::Stopping => Self::unavailable("the server is stopping; connect again"),
            Failure::Internal(error) => {
                tracing::error!(error, "a call failed");
                Self::new(Code::Internal, "the server failed; its log says why")
            }
        }
    }
}
