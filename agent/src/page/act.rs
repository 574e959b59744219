//! The acts of the clerk on what was reported before, from the page: the functions of the command line.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::{Path, State},
    response::Response,
};
use granary_core::snapshot::SlotKey;

use super::{
    Office, look,
    routes::{Problem, field, fields, go, page},
    send::{ROLES, put},
    staged::Staged,
    view::Visitor,
};
use crate::{
    acts::{
        Declined,
        explain::{Explaining, explain},
        sign_off, slot_named,
        statement::Statement,
        withdraw::withdraw,
    },
    intake::{digest_of, say},
};

/// `POST /findings`: one finding is explained.
pub(super) async fn explain_one(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Response {
    page(office, visitor, move |office, _| {
        let fields = fields(office, &body)?;
        let given = |name: &str| field(&fields, name).unwrap_or_default();
        let cache = look::catalogue(office);
        let catalogue = cache.catalogue().ok_or_else(Problem::no_catalogue)?;
        let named = (given("dataset"), given("period"));
        let asked = Explaining {
            slot: slot_named(catalogue, &office.settings.unit, named)?,
            edit: given("edit").to_owned(),
            item: field(&fields, "item").map(str::to_owned),
            reason: given("reason").to_owned(),
        };
        let statement = explain(catalogue, &look::reader(office), &asked)?;
        hand_in(office, catalogue, &statement, (&asked.slot, "explained"))
    })
    .await
}

/// `POST /slots/{dataset}/{period}/withdraw`: what stands is withdrawn.
pub(super) async fn withdraw_one(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
    Path((dataset, period)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    page(office, visitor, move |office, _| {
        let fields = fields(office, &body)?;
        if field(&fields, "sure").is_none() {
            return Err(Declined(say!("请先勾选确认", "tick the box to confirm first")).into());
        }
        let cache = look::catalogue(office);
        let catalogue = cache.catalogue().ok_or_else(Problem::no_catalogue)?;
        let slot = slot_named(catalogue, &office.settings.unit, (&dataset, &period))?;
        let mut sign_offs = Vec::new();
        for (name, role) in ROLES {
            let given = field(&fields, name).map(str::trim).unwrap_or_default();
            if !given.is_empty() {
                sign_offs.push(sign_off(role, given)?);
            }
        }
        let reason = field(&fields, "reason").unwrap_or_default();
        let statement = withdraw(catalogue, &look::reader(office), &slot, (reason, sign_offs))?;
        hand_in(office, catalogue, &statement, (&slot, "withdrawn"))
    })
    .await
}

/// Writes the statement as a file and puts it into the inbox.
fn hand_in(
    office: &Office,
    catalogue: &granary_core::catalogue::Catalogue,
    statement: &Statement,
    (slot, what): (&SlotKey, &str),
) -> Result<Response, Problem> {
    let name = format!("{}_{}_{what}.csv", slot.dataset, slot.period);
    let settings = &office.settings;
    let staged = Staged::create(&settings.state, &name)?;
    std::fs::write(
        staged.path(),
        statement.to_csv(catalogue, settings.language),
    )?;
    let sha256 = digest_of(&staged.path())?;
    let since_ms = put(office, &staged.path())?;
    staged.remove();
    Ok(go(&format!("/sent/{sha256}?since={since_ms}")))
}
