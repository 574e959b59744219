//! How an answer comes about: the scope is checked, the reading is logged, and the answer is computed away from the tasks that move bytes.

use std::sync::Arc;

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use granary_core::{access::Access, catalogue::Catalogue};
use serde::Serialize;

use super::{Api, gate::Caller, problem::Problem};
use crate::{
    people::TokenScope,
    serve::{
        City, access,
        console::{
            pages::contacts::{Reach, contacts_of},
            scope::{Scope, Sight},
        },
    },
};

/// What an answer needs of the token, and what it hands out, for the access log.
pub(in crate::serve) struct Need {
    scope: Option<TokenScope>,
    read: Option<(Access, String)>,
}

/// What an answer is computed with.
pub(in crate::serve) struct Desk<'a> {
    pub(in crate::serve) api: &'a Api,
    pub(in crate::serve) caller: &'a Caller,
    pub(in crate::serve) catalogue: Arc<Catalogue>,
    pub(in crate::serve) scope: Scope,
}

impl Need {
    /// Any good token.
    pub(in crate::serve) const fn token() -> Self {
        Self {
            scope: None,
            read: None,
        }
    }

    /// A scope; nothing is handed out that the access log tells of.
    pub(super) const fn scope(scope: TokenScope) -> Self {
        Self {
            scope: Some(scope),
            read: None,
        }
    }

    /// A scope whose answer is logged.
    pub(in crate::serve) const fn read(scope: TokenScope, access: Access, what: String) -> Self {
        Self {
            scope: Some(scope),
            read: Some((access, what)),
        }
    }
}

impl Desk<'_> {
    pub(in crate::serve) fn city(&self) -> &City {
        &self.api.city
    }

    /// Whom to ring about a unit, each in one line.
    pub(super) fn contacts(&self, unit: &str) -> Vec<String> {
        let now_ms = self.caller.now_ms;
        let found = contacts_of(&self.api.contacts, &self.catalogue, unit, now_ms);
        found.iter().map(Reach::text).collect()
    }

    /// The city from the token's part of the tree.
    pub(super) fn sight(&self) -> Sight<'_> {
        Sight {
            city: self.city(),
            now_ms: self.caller.now_ms,
            catalogue: &self.catalogue,
            scope: &self.scope,
        }
    }

    /// Nothing where the token sees all units.
    pub(in crate::serve) fn whole_city(&self) -> Result<(), Problem> {
        match self.scope {
            Scope::Everywhere => Ok(()),
            Scope::Within(_) | Scope::Owned(_) => Err(Problem::whole_city_only()),
        }
    }
}

/// Answers with JSON.
pub(super) async fn answer<A: Serialize + Send + 'static>(
    api: Arc<Api>,
    caller: Caller,
    need: Need,
    make: impl FnOnce(&Desk<'_>) -> Result<A, Problem> + Send + 'static,
) -> Response {
    let made = |desk: &Desk<'_>| {
        let answer = make(desk)?;
        let body = serde_json::to_vec(&answer).map_err(Problem::internal)?;
        let kind = HeaderValue::from_static("application/json");
        Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
    };
    computed(api, caller, need, made).await
}

/// Answers with whatever is made.
pub(in crate::serve) async fn computed(
    api: Arc<Api>,
    caller: Caller,
    need: Need,
    make: impl FnOnce(&Desk<'_>) -> Result<Response, Problem> + Send + 'static,
) -> Response {
    let language = caller.language;
    let made = try_computed(api, caller, need, make).await;
    made.unwrap_or_else(|problem| problem.into_response_for(language))
}

async fn try_computed(
    api: Arc<Api>,
    caller: Caller,
    need: Need,
    make: impl FnOnce(&Desk<'_>) -> Result<Response, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    if let Some(scope) = need.scope.filter(|scope| !caller.may(*scope)) {
        return Err(Problem::lacks(scope));
    }
    let catalogue = api.city.handle.registry().catalogue().cloned();
    let catalogue = catalogue.ok_or_else(Problem::no_catalogue)?;
    let scope = Scope::under(caller.token.under.as_deref(), &catalogue)?;
    if let Some((access, what)) = need.read {
        let who = (format!("token:{}", caller.token.name), caller.digest);
        access::record(&api.city, who, access, what).await?;
    }
    let permit = api.computing.acquire().await.map_err(Problem::internal)?;
    let shared = Arc::clone(&api);
    let made = tokio::task::spawn_blocking(move || {
        make(&Desk {
            api: &shared,
            caller: &caller,
            catalogue,
            scope,
        })
    });
    let made = made.await.map_err(Problem::internal);
    drop(permit);
    made?
}
