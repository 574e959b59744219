//! What does not add up, and what is unusual.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    response::Response,
};
use granary_core::{access::Access, catalogue::Catalogue};
use granary_proto::v1;

use super::{
    Api,
    answer::{Desk, Need, answer},
    asked::{Asked, FilterParams, PageParams},
    gate::Caller,
    model::{
        filled,
        findings::{Finding, Findings, Kind, Recheck, Screening, Status},
    },
    problem::Problem,
};
use crate::{
    people::TokenScope,
    serve::{console::pages::findings::owners, findings as stored, recheck as judged, screen},
};

/// Which findings are meant, beside their slots.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `read` reads")]
struct FindingParams {
    /// Statuses, separated by commas: `open`, `explained`, `accepted`, `corrected`; all where it is left out.
    #[param(style = Form, explode = false)]
    status: Option<Vec<String>>,
    /// `validity` or `quality`; both where it is left out.
    kind: Option<String>,
    /// Only this edit.
    edit: Option<String>,
    /// Only what looks at an indicator of this department.
    owner: Option<String>,
    /// Whether to say which figures are most likely wrong; it takes about a millisecond for each snapshot that fails.
    localise: Option<bool>,
}

/// What of it the listing does not choose by itself.
struct Choice {
    kind: i32,
    edit: Option<String>,
    owner: Option<String>,
}

impl Choice {
    fn read(asked: &mut Asked) -> Result<Self, Problem> {
        Ok(Self {
            kind: asked.word("kind", &Kind::WORDS)?,
            edit: asked.one("edit")?,
            owner: asked.one("owner")?,
        })
    }

    fn takes(&self, catalogue: &Catalogue, finding: &v1::Finding) -> bool {
        let (kind, edit) = finding
            .failure
            .as_ref()
            .map_or((0, ""), |failure| (failure.kind, failure.edit.as_str()));
        (self.kind == 0 || self.kind == kind)
            && self.edit.as_deref().is_none_or(|wanted| wanted == edit)
            && self
                .owner
                .as_ref()
                .is_none_or(|owner| owners(catalogue, finding).contains(owner))
    }
}

/// A finding as it is told.
pub(super) fn told(catalogue: &Catalogue, finding: v1::Finding) -> Finding {
    let owners = owners(catalogue, &finding);
    Finding::of(finding, owners)
}

/// Lists findings with the units' explanations. Scope `read:findings`; the reading is logged. `kind`, `edit` and `owner` choose within each page,
/// which may then hold fewer than asked for, even none: go on while there is a token.
#[utoipa::path(get, path = "/findings", tag = "findings", params(FilterParams, FindingParams, PageParams), responses((status = 200, description = "A page of findings", body = Findings)))]
pub(super) async fn findings(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    let what = query.clone().unwrap_or_default();
    let need = Need::read(TokenScope::Findings, Access::Findings, what);
    answer(api, caller, need, move |desk| {
        let mut asked = Asked::parse(query.as_deref());
        let filter = Some(FilterParams::read(&mut asked, desk)?);
        let statuses = asked.words("status", &Status::WORDS)?;
        let choice = Choice::read(&mut asked)?;
        let localise = asked.flag("localise")?;
        let (page_size, page_token) = PageParams::read(&mut asked)?;
        asked.end()?;
        let request = v1::ListFindingsRequest {
            filter,
            statuses,
            page_size,
            page_token,
            localise,
        };
        let answer = stored::list(desk.city(), request)?;
        let chosen = answer.findings.into_iter();
        let chosen = chosen.filter(|one| choice.takes(&desk.catalogue, one));
        Ok(Findings {
            basis: answer.basis.into(),
            findings: chosen.map(|one| told(&desk.catalogue, one)).collect(),
            next_page_token: filled(answer.next_page_token),
        })
    })
    .await
}

/// Applies the catalogue's detectors to one dataset and period. Scope `read:findings`; the reading is logged. A token that is limited to a unit gets
/// the flags of its units, and the detectors' counts over all.
#[utoipa::path(get, path = "/screening/{dataset}/{period}", tag = "findings",
    params(("dataset" = String, Path, description = "The dataset"), ("period" = String, Path, description = "The reference period, in SDMX form")),
    responses((status = 200, description = "What is unusual", body = Screening)))]
pub(super) async fn screening(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Path((dataset, period)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let what = format!("{dataset} {period}");
    let need = Need::read(TokenScope::Findings, Access::Screening, what);
    answer(api, caller, need, move |desk: &Desk<'_>| {
        Asked::parse(query.as_deref()).end()?;
        let request = v1::ScreenPeriodRequest { dataset, period };
        let mut answer = screen::period(desk.city(), &request)?;
        answer
            .flags
            .retain(|flag| flag.unit.is_empty() || desk.scope.holds(&flag.unit));
        Ok(Screening::from(answer))
    })
    .await
}

/// Judges all current figures of a dataset by every edit of the catalogue in force. Scope `read:findings`, of the whole city; the reading is logged.
#[utoipa::path(get, path = "/recheck/{dataset}", tag = "findings", params(("dataset" = String, Path, description = "The dataset; one without items")), responses((status = 200, description = "How often each edit holds", body = Recheck)))]
pub(super) async fn recheck(
    State(api): State<Arc<Api>>,
    Extension(caller): Extension<Caller>,
    Path(dataset): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let need = Need::read(TokenScope::Findings, Access::Recheck, dataset.clone());
    answer(api, caller, need, move |desk| {
        Asked::parse(query.as_deref()).end()?;
        desk.whole_city()?;
        let request = v1::RecheckDatasetRequest { dataset };
        Ok(Recheck::from(judged::dataset(desk.city(), &request)?))
    })
    .await
}
