//! A dropped file is shown, gets names and explanations, and is put into the inbox.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Extension,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use granary_core::{
    code::{EditId, ItemKey},
    snapshot::{EXPLANATION_BYTES_MAX, Explanation, SignOffRole},
};

use super::{
    Office, attach, look,
    look::{Looked, Seen},
    routes::{Problem, field, fields, go, page},
    staged::Staged,
    view::{self, Frame, Tab, Visitor},
};
use crate::{
    acts::{Declined, papers::Added, revised_because, sign_off, words},
    draft::Draft,
    inbox::{Inbox, Unchecked},
    intake::say,
    report::Outcome,
    run::{inbox_settings, now_ms},
};

/// The names that a form asks for.
pub(super) const ROLES: [(&str, SignOffRole); 3] = [
    ("preparer", SignOffRole::Preparer),
    ("statistics_head", SignOffRole::StatisticsHead),
    ("unit_head", SignOffRole::UnitHead),
];

/// `GET /file/{id}`: what the city will say of the file.
pub(super) async fn show(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
) -> Response {
    page(office, visitor, move |office, visitor| {
        let staged = Staged::find(&office.settings.state, &id)?.ok_or(Problem::NotFound)?;
        shown(office, visitor, &staged, None)
    })
    .await
}

/// `POST /file/{id}/remove`: the copy is let go.
pub(super) async fn remove(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    page(office, visitor, move |office, _| {
        fields(office, &body)?;
        if let Some(staged) = Staged::find(&office.settings.state, &id)? {
            staged.remove();
        }
        Ok(go("/"))
    })
    .await
}

/// `POST /file/{id}/send`: names and explanations are added, and the file goes into the inbox.
pub(super) async fn send(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    page(office, visitor, move |office, visitor| {
        let fields = fields(office, &body)?;
        let staged = Staged::find(&office.settings.state, &id)?.ok_or(Problem::NotFound)?;
        let cache = look::catalogue(office);
        let catalogue = cache.catalogue().ok_or_else(Problem::no_catalogue)?;
        let looked = look::look(office, catalogue, &staged.path()).map_err(unchecked)?;
        let mut added = match added(&fields, &looked) {
            Ok(added) => added,
            Err(declined) => return shown(office, visitor, &staged, Some((&declined, &fields))),
        };
        added.evidence = attach::evidence(office, &staged)?;
        let named = looked
            .drafts
            .iter()
            .flat_map(|seen| &seen.draft.papers().evidence);
        let named: Vec<&String> = named.map(|one| &one.name).collect();
        added.evidence.retain(|one| !named.contains(&&one.name));
        let drafts: Vec<Draft> = looked
            .drafts
            .iter()
            .map(|seen| seen.draft.clone())
            .collect();
        let (goal, mut name) = (staged.out()?.join(&staged.name), staged.name.clone());
        if added.is_empty() {
            std::fs::copy(staged.path(), &goal)?;
        } else {
            let language = office.settings.language;
            name = added.write(
                (&staged.path(), &staged.name),
                &drafts,
                (catalogue, language),
                &goal,
            )?;
        }
        let goal = renamed(&goal, &name)?;
        let last = look::look(office, catalogue, &goal).map_err(unchecked)?;
        if last.checked.report.outcome != Outcome::Ready {
            // What was added made it fail, or the world has changed since it was shown.
            let frame = Frame::new(office, *visitor, Tab::Report);
            let body = view::staged::body(&frame, catalogue, &staged, &last, None);
            return Ok((
                StatusCode::UNPROCESSABLE_ENTITY,
                frame.page(&view::staged::title(), &body),
            )
                .into_response());
        }
        let sha256 = last.checked.report.sha256.unwrap_or_default();
        let since_ms = put(office, &goal)?;
        staged.remove();
        Ok(go(&format!("/sent/{sha256}?since={since_ms}")))
    })
    .await
}

/// Puts a file into the inbox, as `granary-agent submit` does beside a running agent, and gives the instant before.
pub(super) fn put(office: &Office, file: &std::path::Path) -> std::io::Result<i64> {
    let inbox = Inbox::open(office.folders.clone(), inbox_settings(&office.settings))?;
    let now_ms = now_ms();
    inbox.take_in(file, now_ms)?;
    Ok(now_ms)
}

/// That a file cannot be looked at just now.
pub(super) fn unchecked(error: Unchecked) -> Problem {
    match error {
        Unchecked::Io(error) => Problem::Io(error),
        Unchecked::Changed => {
            Problem::Io(std::io::Error::other("the file changed while it was read"))
        }
    }
}

fn renamed(goal: &std::path::Path, name: &str) -> std::io::Result<std::path::PathBuf> {
    let named = goal.with_file_name(name);
    if named != goal {
        std::fs::rename(goal, &named)?;
    }
    Ok(named)
}

fn shown(
    office: &Office,
    visitor: &Visitor,
    staged: &Staged,
    declined: Option<(&Declined, &[(String, String)])>,
) -> Result<Response, Problem> {
    let cache = look::catalogue(office);
    let catalogue = cache.catalogue().ok_or_else(Problem::no_catalogue)?;
    let looked = look::look(office, catalogue, &staged.path()).map_err(unchecked)?;
    let frame = Frame::new(office, *visitor, Tab::Report);
    let body = view::staged::body(&frame, catalogue, staged, &looked, declined);
    let status = match declined {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    Ok((status, frame.page(&view::staged::title(), &body)).into_response())
}

/// What the form adds to the file.
fn added(fields: &[(String, String)], looked: &Looked) -> Result<Added, Declined> {
    let mut added = Added::default();
    for (name, role) in ROLES {
        let given = field(fields, name).map(str::trim).unwrap_or_default();
        if !given.is_empty() {
            added.sign_offs.push(sign_off(role, given)?);
        }
    }
    added.explanations = explanations(fields, looked)?;
    if looked.drafts.iter().any(|seen| seen.changes.needs_reason()) {
        let reason = field(fields, "reason").unwrap_or_default();
        let reason = revised_because(reason).map_err(|declined| match reason.trim() {
            "" => Declined(say!("这是修订，请写明原因", "this is a revision: say why")),
            _ => declined,
        })?;
        added.explanations.push(reason);
    }
    Ok(added)
}

/// The explanations in a form. A line of a file explains an edit in every statement of the file, so what is said of several periods is
/// joined, each with its period.
fn explanations(
    fields: &[(String, String)],
    looked: &Looked,
) -> Result<Vec<Explanation>, Declined> {
    let several = looked.drafts.len() > 1;
    let mut texts: BTreeMap<(EditId, Option<ItemKey>), String> = BTreeMap::new();
    for (index, statement) in looked.checked.report.statements.iter().enumerate() {
        for finding in statement
            .findings
            .iter()
            .filter(|f| !f.validity && f.explanation.is_none())
        {
            let name = view::staged::why(index, &finding.edit, finding.item.as_deref());
            let given = field(fields, &name).map(str::trim).unwrap_or_default();
            let item = finding.item.as_deref().map(ItemKey::new).transpose();
            let (Ok(edit), Ok(item), false) = (EditId::new(&finding.edit), item, given.is_empty())
            else {
                continue;
            };
            let text = words(given, EXPLANATION_BYTES_MAX)?;
            let text = match several {
                true => format!("{}：{text}", statement.period),
                false => text,
            };
            let known = texts.entry((edit, item)).or_default();
            let joint = if known.is_empty() { "" } else { "；" };
            let joined = format!("{known}{joint}{text}");
            *known = words(&joined, EXPLANATION_BYTES_MAX)?;
        }
    }
    let explanations = texts.into_iter();
    Ok(explanations
        .map(|((edit, item), text)| Explanation { edit, item, text })
        .collect())
}

/// Whether a reason is asked for.
pub(super) fn is_revision(seen: &[Seen]) -> bool {
    seen.iter().any(|seen| seen.changes.needs_reason())
}
