//! The API: what the console shows and the monitoring services answer, as JSON over HTTP, at `/api/v1` beside the console.
//!
//! In: a request with a token ([`crate::people::Tokens`]). Out: JSON that `/api/openapi.json` describes, or a problem document (RFC 9457).
//! Durable after: a line of the access log, where figures or explanations are read. On crash: nothing; it only reads.
//!
//! Every figure comes from the functions that answer gRPC and draw the console; nothing is computed here. Figures are decimal text, never a
//! binary number, because a reader's parser would round them; instants are RFC 3339 in UTC with milliseconds.
//!
//! # Who may read
//! A token in `Authorization: Bearer`, and nothing else: no cookie, so no other site's page can read in somebody's name. A token has scopes, a
//! part of the tree and an end ([`gate`]). What it reads of figures is in the access log before the answer, as `token:NAME` with the digest of
//! its secret.
//!
//! # Bounds
//! Connections and heads as the console's; requests of one token and failed ones of one address ([`gate`]); answers that are computed at
//! once; rows of a page as in gRPC.

mod problem;
mod gate;
mod asked;
mod answer;
mod model;
mod reporting;
mod figures;
mod findings;
mod standing;
mod outlook;
mod about;
mod document;

use std::sync::Arc;

use axum::{Router, middleware::from_fn_with_state, response::Response, routing::get};
use tokio::sync::Semaphore;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{gate::Paces, problem::Problem};
use super::{City, console::throttle::Throttle};
use crate::{notices::settings::Contact, people::Tokens};

pub(in crate::serve) use answer::{Desk, Need, computed};
#[cfg(test)]
pub(in crate::serve) use document::text as document_text;
pub(in crate::serve) use gate::{Caller, gate as token_gate};
pub(in crate::serve) use problem::{Kind as ProblemKind, Problem as ApiProblem};

/// Answers that are computed at once; the others wait.
const ANSWERS_MAX: usize = 4;
/// Where the paths of this version are.
const BASE: &str = "/api/v1";

/// What the handlers share.
pub(in crate::serve) struct Api {
    pub(in crate::serve) city: Arc<City>,
    tokens: Tokens,
    /// Written by the gate.
    throttle: Throttle,
    /// Written by the gate.
    paces: Paces,
    computing: Semaphore,
    /// Whom to ring, from the notices file.
    contacts: Vec<Contact>,
}

impl Api {
    pub(in crate::serve) fn new(
        city: Arc<City>,
        tokens: Tokens,
        contacts: Vec<Contact>,
    ) -> Arc<Self> {
        Arc::new(Self {
            city,
            tokens,
            throttle: Throttle::default(),
            paces: Paces::default(),
            computing: Semaphore::new(ANSWERS_MAX),
            contacts,
        })
    }
}

/// The paths with what describes them, before the gate.
fn described() -> OpenApiRouter<Arc<Api>> {
    let paths = OpenApiRouter::new()
        .routes(routes!(reporting::completeness))
        .routes(routes!(reporting::slots))
        .routes(routes!(reporting::slot))
        .routes(routes!(reporting::measures))
        .routes(routes!(reporting::unit))
        .routes(routes!(figures::series))
        .routes(routes!(findings::findings))
        .routes(routes!(findings::screening))
        .routes(routes!(findings::recheck))
        .routes(routes!(standing::league))
        .routes(routes!(standing::account))
        .routes(routes!(standing::targets))
        .routes(routes!(outlook::today))
        .routes(routes!(outlook::calendar))
        .routes(routes!(outlook::risks))
        .routes(routes!(outlook::arrivals))
        .routes(routes!(about::agents))
        .routes(routes!(about::log))
        .routes(routes!(about::receipt))
        .routes(routes!(about::units))
        .routes(routes!(about::datasets))
        .routes(routes!(about::indicators))
        .routes(routes!(about::scorecards))
        .routes(routes!(about::token));
    OpenApiRouter::new().nest(BASE, paths)
}

/// The paths behind their gate, and the document, which is open: it holds nothing of the city's.
pub(in crate::serve) fn router(api: &Arc<Api>) -> Router {
    let (paths, _) = described().split_for_parts();
    let missing = async || -> Response { Problem::no_path().into_response_for(None) };
    let wrong = async || -> Response { Problem::no_method().into_response_for(None) };
    paths
        .method_not_allowed_fallback(wrong)
        .route("/api/{*rest}", get(missing))
        .layer(from_fn_with_state(Arc::clone(api), gate::gate))
        .route("/api/openapi.json", get(document::show))
        .with_state(Arc::clone(api))
}
