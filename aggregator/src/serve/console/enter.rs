//! Signing in and out, and using an invitation.

use std::sync::{Arc, OnceLock};

use axum::{
    Extension,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use granary_core::{access::Access, text::Bilingual};

use super::{
    Console,
    listen::From,
    oidc::Provider,
    problem::Problem,
    routes::{asked, failed, field, fields, go, identity},
    session::{COOKIE, Way, set_cookie},
    view::{
        Visitor,
        entrance::{self, Door},
    },
};
use crate::{
    people::{Hashed, PeopleError, Person, PersonRole},
    serve::access,
};

/// `GET /login?to=`
pub(super) async fn form(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let to = inner(asked(query.as_deref(), "to"));
    entrance::sign_in(&visitor, console.door(), &to, None).into_response()
}

/// `POST /login`
pub(super) async fn sign_in(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Extension(From(from)): Extension<From>,
    body: Bytes,
) -> Response {
    let fields = match fields(&visitor, &body) {
        Ok(fields) => fields,
        Err(problem) => return failed(&visitor, &problem),
    };
    let login = field(&fields, "login").unwrap_or_default().to_lowercase();
    let to = inner(field(&fields, "to").map(str::to_owned));
    let wait_ms = console.throttle.wait_ms(&login, from.ip(), visitor.now_ms);
    if wait_ms > 0 {
        let (status, why) = Problem::too_often(wait_ms).told();
        return (
            status,
            entrance::sign_in(&visitor, console.door(), &to, Some(&why)),
        )
            .into_response();
    }
    let password = fields.iter().find(|(name, _)| name == "password");
    let password = password.map(|(_, value)| value.clone()).unwrap_or_default();
    let code = field(&fields, "code").unwrap_or_default().to_owned();
    match known(&console, &login, password, (code, visitor.now_ms)).await {
        Ok(Some(person)) => {
            console.throttle.succeeded(&login, from.ip());
            let what = format!("{login} signed in with a password");
            if let Err(error) =
                access::record(&console.city, identity(&person), Access::Account, what).await
            {
                return failed(&visitor, &error.into());
            }
            tracing::info!(login, %from, "signed in to the console");
            opened(&console, &visitor, &person, &to)
        }
        Ok(None) => {
            console.throttle.failed(&login, from.ip(), visitor.now_ms);
            tracing::warn!(%from, "a sign-in to the console failed");
            let why = Bilingual::new(
                "登录名、密码或动态码不对；动态码只能用一次，用过的请等下一个",
                "the login, the password or the code is wrong; a code counts once, so wait for the next one",
            );
            (
                StatusCode::UNAUTHORIZED,
                entrance::sign_in(&visitor, console.door(), &to, Some(&why)),
            )
                .into_response()
        }
        Err(problem) => failed(&visitor, &problem),
    }
}

/// The person, where the password is theirs, the code too where they have a second step, and they may sign in. A login that nobody has
/// takes as long as a wrong password, and a code is looked at only where the password is right.
async fn known(
    console: &Arc<Console>,
    login: &str,
    password: String,
    (code, now_ms): (String, i64),
) -> Result<Option<Arc<Person>>, Problem> {
    static NOBODY: OnceLock<Option<Hashed>> = OnceLock::new();
    let person = console.people.find(login);
    let permit = console
        .hashing
        .acquire()
        .await
        .map_err(|error| Problem::Failed(error.to_string()))?;
    let shared = Arc::clone(console);
    let checked = tokio::task::spawn_blocking(move || {
        let nobody = NOBODY.get_or_init(|| Hashed::new("nobody's password").ok());
        let hashed = person
            .as_ref()
            .map(|person| &person.password)
            .or(nobody.as_ref());
        let is_right = hashed.is_some_and(|hashed| hashed.is(&password));
        let may =
            |person: &Arc<Person>| is_right && person.is_active && shared.has_password(person.role);
        let Some(person) = person.filter(may) else {
            return Ok(None);
        };
        let may_enter = match &person.second {
            Some(_) => shared.people.take_code(&person.login, &code, now_ms)?,
            None => true,
        };
        Ok::<_, PeopleError>(Some(person).filter(|_| may_enter))
    });
    let checked = checked
        .await
        .map_err(|error| Problem::Failed(error.to_string()));
    drop(permit);
    Ok(checked??)
}

fn opened(console: &Console, visitor: &Visitor, person: &Person, to: &str) -> Response {
    match console.sessions.open(person, Way::Password, visitor.now_ms) {
        Ok(token) => ([(header::SET_COOKIE, set_cookie(COOKIE, &token))], go(to)).into_response(),
        Err(error) => failed(visitor, &Problem::Failed(error.to_string())),
    }
}

/// `POST /logout`
pub(super) async fn sign_out(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(problem) = fields(&visitor, &body) {
        return failed(&visitor, &problem);
    }
    console.sessions.close(&headers);
    ([(header::SET_COOKIE, set_cookie(COOKIE, ""))], go("/login")).into_response()
}

/// `GET /join/{token}`
pub(super) async fn invited(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Path(token): Path<String>,
) -> Response {
    match console.people.invitation(&token, visitor.now_ms) {
        Ok(invitation) => {
            entrance::join(&visitor, console.door(), (&token, &invitation), None).into_response()
        }
        Err(error) => failed(&visitor, &error.into()),
    }
}

/// `POST /join/{token}`: the password is set, and the person is signed in.
pub(super) async fn join(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Path(token): Path<String>,
    body: Bytes,
) -> Response {
    match joined(&console, &visitor, token, &body).await {
        Ok(response) => response,
        Err(problem) => failed(&visitor, &problem),
    }
}

async fn joined(
    console: &Arc<Console>,
    visitor: &Visitor,
    token: String,
    body: &Bytes,
) -> Result<Response, Problem> {
    let fields = fields(visitor, body)?;
    let invitation = console.people.invitation(&token, visitor.now_ms)?;
    if !console.has_password(invitation.role) {
        return Err(Problem::NotAllowed);
    }
    let given = |name: &str| {
        let found = fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let password = given("password");
    if password != given("again") {
        let why = Bilingual::new("两次输入的密码不同", "the two passwords differ");
        let page = entrance::join(visitor, console.door(), (&token, &invitation), Some(&why));
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let permit = console
        .hashing
        .acquire()
        .await
        .map_err(|error| Problem::Failed(error.to_string()))?;
    let (room, used, now_ms) = (Arc::clone(console), token.clone(), visitor.now_ms);
    let made = tokio::task::spawn_blocking(move || room.people.join(&used, &password, now_ms));
    let made = made
        .await
        .map_err(|error| Problem::Failed(error.to_string()))?;
    drop(permit);
    match made {
        Ok(person) => {
            let (role, under) = (person.role.word(), person.under.as_deref());
            let what = format!(
                "{} joined as {role} of {}",
                person.login,
                under.unwrap_or("*")
            );
            access::record(&console.city, identity(&person), Access::Account, what).await?;
            tracing::info!(login = person.login, role, "joined the console");
            Ok(opened(console, visitor, &person, "/"))
        }
        Err(PeopleError::Unfit(why)) => {
            let page = entrance::join(visitor, console.door(), (&token, &invitation), Some(&why));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

impl Console {
    /// By which ways one may come in.
    pub(super) fn door(&self) -> Door<'_> {
        let provider = self.provider.as_ref();
        Door {
            provider: provider.map(|provider| &provider.settings().name),
            is_instead: provider.is_some_and(Provider::is_instead_of_passwords),
        }
    }

    /// Whether somebody with this role may sign in with a password.
    fn has_password(&self, role: PersonRole) -> bool {
        role == PersonRole::Admin || !self.door().is_instead
    }
}

/// A path of this console; whatever might lead elsewhere leads to the first page.
pub(super) fn inner(to: Option<String>) -> String {
    let is_inner = |to: &String| {
        let is_plain = to
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        to.starts_with('/') && !to.starts_with("//") && is_plain && !to.starts_with("/login")
    };
    to.filter(is_inner).unwrap_or_else(|| "/".into())
}

#[cfg(test)]
mod tests {
    use super::inner;

    #[test]
    fn after_signing_in_one_stays_here() {
        let to = |text: &str| inner(Some(text.to_owned()));
        assert_eq!(to("/slot/1/a/2021-Q1?x=1"), "/slot/1/a/2021-Q1?x=1");
        for elsewhere in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "\t//x",
            "/a\r\nb",
            "evil",
            "",
        ] {
            assert_eq!(to(elsewhere), "/", "{elsewhere:?}");
        }
        assert_eq!(inner(None), "/");
    }
}
