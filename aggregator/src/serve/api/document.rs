//! What describes the API: OpenAPI 3.1, made from the handlers and types themselves.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use utoipa::{
    OpenApi as _, PartialSchema as _, ToSchema as _,
    openapi::{
        ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use super::{described, problem::ProblemDocument};

const SCHEME: &str = "token";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Granary",
        description = "颗粒归仓 Granary: how reporting stands, figures with vintages, findings, scores and forecasts of a city. Figures are decimal text; instants are RFC 3339 in UTC. docs/API.md shows each path by examples.",
        version = "1",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "reporting", description = "How reporting stands"),
        (name = "figures", description = "Figures with their vintages"),
        (name = "findings", description = "What does not add up, and what is unusual"),
        (name = "scores", description = "League tables, accounts of scores, targets"),
        (name = "outlook", description = "Deadlines and what is likely to be late"),
        (name = "catalogue", description = "Units, datasets, indicators, scorecards"),
        (name = "city", description = "The log, the agents, the token"),
    ),
)]
struct Frame;

/// `GET /api/openapi.json`
pub(super) async fn show() -> Response {
    let kind = HeaderValue::from_static("application/json");
    let text = text().unwrap_or_default();
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// The document as it is served and kept in `docs/openapi.json`.
pub(in crate::serve) fn text() -> serde_json::Result<String> {
    serde_json::to_string_pretty(&document()).map(|text| text + "\n")
}

/// The document.
pub(in crate::serve) fn document() -> OpenApi {
    let mut document = Frame::openapi();
    let (_, paths) = described().split_for_parts();
    document.paths = paths.paths;
    let mut components = paths.components.unwrap_or_default();
    let name = ProblemDocument::name();
    components
        .schemas
        .insert(name.to_string(), ProblemDocument::schema());
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token of the API, made with `granary-aggregator people token make` or by an administrator in the console."))
        .build();
    components.add_security_scheme(SCHEME, SecurityScheme::Http(bearer));
    document.components = Some(components);
    let none: [&str; 0] = [];
    document.security = Some(vec![SecurityRequirement::new(SCHEME, none)]);
    let problem = ResponseBuilder::new()
        .description("A problem document (RFC 9457): 400 a parameter, 401 the token, 403 its reach, 404 no such thing, 429 too fast, 503 not yet.")
        .content(
            "application/problem+json",
            ContentBuilder::new()
                .schema(Some(Ref::from_schema_name(name)))
                .build(),
        )
        .build();
    for item in document.paths.paths.values_mut() {
        if let Some(operation) = &mut item.get {
            let responses = &mut operation.responses.responses;
            responses.insert("default".into(), RefOr::T(problem.clone()));
        }
    }
    document
}
