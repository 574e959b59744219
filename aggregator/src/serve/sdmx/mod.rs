//! SDMX REST (<https://github.com/sdmx-twg/sdmx-rest>, API version 2): figures for SDMX tools, at `/sdmx/v2` beside the console.
//!
//! In: a data or structure query with a token of the API. Out: data as SDMX-CSV 2.0 or SDMX-JSON 2.0, structures as SDMX-JSON 2.0, by content
//! negotiation. Durable after: a line of the access log for each data query. On crash: nothing; it only reads.
//!
//! The dataflows, their layout and their names are [`granary_core::sdmx`]'s, as in the auditor's files, and figures come from the functions that
//! answer gRPC. What of the standard there is not is refused by name and never ignored, since an ignored filter gives too much.
//!
//! # Bounds
//! Observations of one answer ([`data::OBSERVATIONS_MAX`]); the rest as the API's.

mod accept;
mod filter;
mod query;
mod data;
mod json;
mod structure;

use std::sync::Arc;

use axum::{Router, middleware::from_fn_with_state, response::Response, routing::get};
use granary_core::sdmx::{Agency, Maintained, version};

use super::api::{Api, ApiProblem, Desk, token_gate};

/// Who maintains the structures, as in the auditor's files unless something else is said there.
const AGENCY: &str = "GRANARY";

/// The paths behind the API's gate. A part of a path that is left out means all, and a slash at the end means nothing.
pub(in crate::serve) fn router(api: &Arc<Api>) -> Router {
    let mut router = Router::new();
    for end in ["", "/"] {
        let path = |text: &str| format!("/sdmx/v2{text}{end}");
        router = router
            .route(&path("/data/{context}/{agency}/{id}"), get(data::show))
            .route(
                &path("/data/{context}/{agency}/{id}/{version}"),
                get(data::show),
            )
            .route(
                &path("/data/{context}/{agency}/{id}/{version}/{key}"),
                get(data::show),
            )
            .route(&path("/structure/{kind}"), get(structure::show))
            .route(&path("/structure/{kind}/{agency}"), get(structure::show))
            .route(
                &path("/structure/{kind}/{agency}/{id}"),
                get(structure::show),
            )
            .route(
                &path("/structure/{kind}/{agency}/{id}/{version}"),
                get(structure::show),
            );
    }
    let missing = async || -> Response { ApiProblem::no_path().into_response_for(None) };
    let wrong = async || -> Response { ApiProblem::no_method().into_response_for(None) };
    router
        .method_not_allowed_fallback(wrong)
        .route("/sdmx/{*rest}", get(missing))
        .layer(from_fn_with_state(Arc::clone(api), token_gate))
        .with_state(Arc::clone(api))
}

/// Who maintains the dataflows of the catalogue in force, and their version.
fn maintained(desk: &Desk<'_>) -> Result<Maintained, ApiProblem> {
    let published = desk.city().handle.registry().published();
    Ok(Maintained {
        agency: Agency::new(AGENCY).map_err(ApiProblem::internal)?,
        version: version(published.unwrap_or_default()),
    })
}
