//! Structure queries: what a client needs to understand the data, as SDMX-JSON 2.0.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use granary_core::sdmx::{
    Maintained,
    structure::{Artefacts, artefacts, wrapped},
};
use serde_json::Value;

use super::{accept, maintained};
use crate::serve::api::{Api, ApiProblem, Caller, Desk, Need, computed};

/// The parts of a structure query's path; what is left out means all.
#[derive(Debug, serde::Deserialize)]
pub(super) struct StructurePath {
    kind: String,
    agency: Option<String>,
    id: Option<String>,
    version: Option<String>,
}

/// Which artefacts beside those that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum References {
    None,
    /// What they are made of, down to the last.
    Descendants,
    /// Everything that there is: the dataflows hang together through the concepts.
    All,
}

/// `GET /sdmx/v2/structure/{kind}/{agency}/{id}/{version}`
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Path(path): Path<StructurePath>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if let Err(problem) = accept::structure(&headers) {
        return problem.into_response_for(caller.language);
    }
    computed(api, caller, Need::token(), move |desk| {
        let body = answer(desk, &path, query.as_deref())?;
        let kind = HeaderValue::from_static(accept::STRUCTURE_JSON);
        Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
    })
    .await
}

fn answer(
    desk: &Desk<'_>,
    path: &StructurePath,
    query: Option<&str>,
) -> Result<String, ApiProblem> {
    let (references, is_stub) = asked(query)?;
    let maintained = maintained(desk)?;
    let published = desk.city().handle.registry().published();
    let all = artefacts(
        &desk.catalogue,
        &maintained.agency,
        published.unwrap_or_default(),
    );
    let mut chosen = chosen(&all, path, &maintained)?;
    match references {
        References::None => {}
        References::Descendants => descend(&all, &mut chosen),
        References::All => chosen = all,
    }
    if is_stub {
        for artefact in chosen.kinds_mut().into_iter().flatten() {
            if let Some(fields) = artefact.as_object_mut() {
                fields.retain(|name, _| {
                    !matches!(
                        name.as_str(),
                        "codes" | "concepts" | "dataStructureComponents" | "structure"
                    )
                });
            }
        }
    }
    Ok(wrapped(
        &chosen,
        &desk.catalogue,
        &maintained.agency,
        desk.caller.now_ms,
    ))
}

fn asked(query: Option<&str>) -> Result<(References, bool), ApiProblem> {
    let (mut references, mut is_stub) = (References::None, false);
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match (&*name, &*value) {
            ("references", "none") => references = References::None,
            ("references", "children" | "descendants") => references = References::Descendants,
            ("references", "parents" | "parentsandsiblings" | "ancestors" | "all") => {
                references = References::All
            }
            ("detail", "full" | "referencepartial" | "raw") => is_stub = false,
            ("detail", "allstubs" | "allcompletestubs") => is_stub = true,
            _ => {
                let name: String = name.chars().take(40).collect();
                let value: String = value.chars().take(40).collect();
                return Err(ApiProblem::invalid(
                    &name,
                    format!("不支持 {name}={value}"),
                    format!("{name}={value} is not supported"),
                ));
            }
        }
    }
    Ok((references, is_stub))
}

/// The artefacts of the kind, agency, id and version that are asked for.
fn chosen(
    all: &Artefacts,
    path: &StructurePath,
    maintained: &Maintained,
) -> Result<Artefacts, ApiProblem> {
    let agency = maintained.agency.to_string();
    let named = |part: &Option<String>, value: &str| {
        part.as_deref()
            .is_none_or(|part| part.split(',').any(|one| one == "*" || one == value))
    };
    let is_version = path.version.as_deref().is_none_or(|part| {
        part.split(',')
            .any(|one| matches!(one, "*" | "~" | "+") || one == maintained.version)
    });
    let of = |kind: &str, list: &[Value]| {
        let is_kind = path.kind.split(',').any(|one| one == "*" || one == kind);
        let is_here = is_kind && is_version && named(&path.agency, &agency);
        let own = list
            .iter()
            .filter(|one| named(&path.id, one["id"].as_str().unwrap_or_default()));
        if is_here {
            own.cloned().collect()
        } else {
            Vec::new()
        }
    };
    let chosen = Artefacts {
        codelists: of("codelist", &all.codelists),
        concept_schemes: of("conceptscheme", &all.concept_schemes),
        data_structures: of("datastructure", &all.data_structures),
        dataflows: of("dataflow", &all.dataflows),
    };
    if chosen.kinds().into_iter().all(Vec::is_empty) {
        return Err(ApiProblem::not_found(
            "没有这样的结构；有 dataflow、datastructure、codelist、conceptscheme",
            "there is no such structure: there are dataflow, datastructure, codelist and conceptscheme",
        ));
    }
    Ok(chosen)
}

/// Adds what the chosen ones name, and what that names.
fn descend(all: &Artefacts, chosen: &mut Artefacts) {
    loop {
        let said: Vec<String> = chosen
            .kinds()
            .into_iter()
            .flatten()
            .map(Value::to_string)
            .collect();
        let is_named = |class: &str, one: &Value| {
            let id = one["id"].as_str().unwrap_or_default();
            let name = format!(
                "{class}={}:{id}(",
                one["agencyID"].as_str().unwrap_or_default()
            );
            said.iter().any(|text| text.contains(&name))
        };
        let mut grown = false;
        let classes = ["Codelist", "ConceptScheme", "DataStructure", "Dataflow"];
        for ((class, known), own) in classes.into_iter().zip(all.kinds()).zip(chosen.kinds_mut()) {
            // A concept is named with its scheme.
            let word = if class == "ConceptScheme" {
                "Concept"
            } else {
                class
            };
            for one in known {
                if is_named(word, one) && !own.contains(one) {
                    own.push(one.clone());
                    grown = true;
                }
            }
        }
        if !grown {
            return;
        }
    }
}
