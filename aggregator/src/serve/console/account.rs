//! *My account*: the second step of signing in, set up, used and taken away by its owner.
//!
//! A secret that is shown and not confirmed yet is in memory, one for each account, and forgotten with the server.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Extension,
    body::Bytes,
    extract::State,
    response::{IntoResponse as _, Response},
};
use granary_core::access::Access;
use maud::{Markup, html};
use qrcode::{Color, QrCode};

use super::{
    Console,
    listen::From,
    problem::Problem,
    routes::{failed, field, fields, identity},
    view::{Frame, Tab, Visitor, encoded},
};
use crate::{
    people::{PEOPLE_MAX, PeopleError, Person, Second, SharedSecret},
    serve::access,
};

/// Secrets that are shown and not confirmed yet, by login: one for each account at the most.
#[derive(Default)]
pub(super) struct Beginnings(Mutex<BTreeMap<String, SharedSecret>>);

impl Beginnings {
    fn keep(&self, login: &str, secret: &SharedSecret) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < PEOPLE_MAX || known.contains_key(login) {
            known.insert(login.to_owned(), secret.clone());
        }
    }

    fn find(&self, login: &str) -> Option<SharedSecret> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(login).cloned()
    }

    fn forget(&self, login: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(login);
    }
}

/// `GET /account`
pub(super) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    let Some(person) = visitor.person.clone() else {
        return failed(&visitor, &Problem::NotAllowed);
    };
    shown(&console, &visitor, &standing(&visitor, &person))
}

/// `POST /account`: a step of setting it up, or the end of it.
pub(super) async fn change(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Extension(From(from)): Extension<From>,
    body: Bytes,
) -> Response {
    let changed = async {
        let person = visitor.person.clone().ok_or(Problem::NotAllowed)?;
        let fields = fields(&visitor, &body)?;
        let code = field(&fields, "code").unwrap_or_default().to_owned();
        match field(&fields, "step").unwrap_or_default() {
            "begin" => begun(&console, &visitor, &person),
            "confirm" => {
                throttled(&console, &visitor, &person, from)?;
                confirmed(&console, &visitor, &person, (code, from)).await
            }
            "remove" => {
                throttled(&console, &visitor, &person, from)?;
                removed(&console, &visitor, &person, (code, from)).await
            }
            _ => Err(Problem::NotFound),
        }
    };
    match changed.await {
        Ok(markup) => shown(&console, &visitor, &markup),
        Err(problem) => failed(&visitor, &problem),
    }
}

fn shown(console: &Console, visitor: &Visitor, body: &Markup) -> Response {
    let catalogue = console.city.handle.registry().catalogue().cloned();
    let frame = Frame::new(visitor, Tab::None, catalogue.as_deref());
    let title = frame.pick("我的账户", "My account");
    let body = html! { h1 { (title) } (body) };
    frame.page(title, &body).into_response()
}

/// Guessing here is slowed down as it is at the door.
fn throttled(
    console: &Console,
    visitor: &Visitor,
    person: &Person,
    from: std::net::SocketAddr,
) -> Result<(), Problem> {
    match console
        .throttle
        .wait_ms(&person.login, from.ip(), visitor.now_ms)
    {
        0 => Ok(()),
        wait_ms => Err(Problem::too_often(wait_ms)),
    }
}

fn wrong(console: &Console, visitor: &Visitor, login: &str, from: std::net::SocketAddr) -> Problem {
    console.throttle.failed(login, from.ip(), visitor.now_ms);
    Problem::unfit(
        "动态码不对，或已经用过；请等下一个，并核对手机时间",
        "the code is wrong, or was used already: wait for the next one, and look at the phone's clock",
    )
}

fn begun(console: &Console, visitor: &Visitor, person: &Person) -> Result<Markup, Problem> {
    if person.second.is_some() {
        return Err(Problem::unfit(
            "已启用两步登录；要更换，请先停用",
            "it is set up already: to change it take it away first",
        ));
    }
    let secret = SharedSecret::new().map_err(|error| Problem::Failed(error.to_string()))?;
    console.beginnings.keep(&person.login, &secret);
    let city = console.city.handle.verifier().name().to_string();
    let (issuer, login) = (encoded(&format!("Granary {city}")), encoded(&person.login));
    let base32 = secret.base32();
    let uri = format!(
        "otpauth://totp/{issuer}:{login}?secret={base32}&issuer={issuer}&algorithm=SHA1&digits=6&period=30"
    );
    let pick = |zh, en| visitor.pick(zh, en);
    Ok(html! {
        h2 { (pick("启用两步登录", "Set up the second step")) }
        ol {
            li { (pick("用手机上的身份验证程序（任何支持 TOTP 的程序）扫描：", "Scan this with an authenticator program (any that knows TOTP):")) (qr(&uri)?)
                details { summary { (pick("不能扫描", "It cannot be scanned")) } p { (pick("手工输入密钥：", "Type the secret: ")) code data-secret { (base32) } } p { code { (uri) } } } }
            li { (pick("输入它显示的六位数字：", "Enter the six digits that it shows:"))
                form.choice method="post" action="/account" {
                    (visitor.secret())
                    (code_field(visitor))
                    button type="submit" name="step" value="confirm" { (pick("启用", "Set it up")) }
                } }
        }
    })
}

async fn confirmed(
    console: &Arc<Console>,
    visitor: &Visitor,
    person: &Person,
    (code, from): (String, std::net::SocketAddr),
) -> Result<Markup, Problem> {
    let secret = console.beginnings.find(&person.login);
    let secret = secret
        .filter(|_| person.second.is_none())
        .ok_or_else(|| Problem::unfit("请重新开始", "begin again"))?;
    let begun = Second::begin(&secret, &code, visitor.now_ms);
    let begun = begun.map_err(|error| Problem::Failed(error.to_string()))?;
    let Some((second, codes)) = begun else {
        return Err(wrong(console, visitor, &person.login, from));
    };
    let what = format!("{} second step set up", person.login);
    access::record(&console.city, identity(person), Access::Account, what).await?;
    stored(console, person, Some(second)).await?;
    console.beginnings.forget(&person.login);
    let pick = |zh, en| visitor.pick(zh, en);
    Ok(html! {
        p.notice.good role="status" { (pick("已启用。以后登录须输入密码和动态码。", "It is set up: from now on signing in takes the password and a code.")) }
        h2 { (pick("恢复码（只显示这一次）", "Recovery codes (shown this once)")) }
        p { (pick("手机丢失时，每个恢复码可代替动态码用一次。请抄下或打印，另处保存。", "Where the phone is lost, each of these stands for a code once. Write them down or print them, and keep them elsewhere.")) }
        ul.codes { @for code in &codes { li { code { (code) } } } }
        p { a.button href="/" { (pick("回到今日", "Back to today")) } }
    })
}

async fn removed(
    console: &Arc<Console>,
    visitor: &Visitor,
    person: &Person,
    (code, from): (String, std::net::SocketAddr),
) -> Result<Markup, Problem> {
    if person.needs_code {
        return Err(Problem::unfit(
            "管理员要求此账户使用两步登录；更换手机请用新的邀请重设",
            "the administrator asks the second step of this account: for another phone use a new invitation",
        ));
    }
    let (shared, login, now_ms) = (Arc::clone(console), person.login.clone(), visitor.now_ms);
    let taken = blocking(move || shared.people.take_code(&login, &code, now_ms)).await?;
    if !taken {
        return Err(wrong(console, visitor, &person.login, from));
    }
    let what = format!("{} second step taken away", person.login);
    access::record(&console.city, identity(person), Access::Account, what).await?;
    stored(console, person, None).await?;
    let told = visitor.pick("已停用两步登录。", "The second step is taken away.");
    Ok(html! { p.notice.good role="status" { (told) } })
}

async fn stored(
    console: &Arc<Console>,
    person: &Person,
    second: Option<Second>,
) -> Result<(), Problem> {
    let (shared, login) = (Arc::clone(console), person.login.clone());
    blocking(move || shared.people.set_second(&login, second)).await
}

/// Writing a file is no work for the tasks that move bytes.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PeopleError> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| Problem::Failed(error.to_string()))??)
}

fn standing(visitor: &Visitor, person: &Person) -> Markup {
    let pick = |zh, en| visitor.pick(zh, en);
    html! {
        dl.facts {
            dt { (pick("姓名", "Name")) } dd { (person.name) }
            dt { (pick("登录名", "Login")) } dd { code { (person.login) } }
            dt { (pick("角色", "Role")) } dd { (visitor.say(&person.role.name())) }
            dt { (pick("范围", "Units")) } dd { (person.under.as_deref().unwrap_or(pick("全部单位", "all units"))) }
        }
        h2 { (pick("两步登录", "The second step of signing in")) }
        @match &person.second {
            None => {
                @if person.needs_code { p.notice.wait role="alert" { (pick("管理员要求此账户使用两步登录：启用后才能使用其他页面。", "The administrator asks the second step of this account: set it up, and the other pages open.")) } }
                @else { p { (pick("未启用。启用后，登录除密码外还须输入手机上的动态码。", "It is not set up. Once it is, signing in takes a code of your phone beside the password.")) } }
                form method="post" action="/account" { (visitor.secret()) button type="submit" name="step" value="begin" { (pick("启用", "Set it up")) } }
            }
            Some(second) => {
                p { span.badge.good { (pick("已启用", "set up")) } " " (pick("剩余恢复码：", "recovery codes left: ")) (second.recovery_left()) }
                @if person.needs_code { p.quiet { (pick("管理员要求使用，不能停用。", "The administrator asks it, so it cannot be taken away.")) } } @else {
                    details.act { summary { (pick("停用", "Take it away")) }
                        form.choice method="post" action="/account" { (visitor.secret()) (code_field(visitor)) button.quiet type="submit" name="step" value="remove" { (pick("停用", "Take it away")) } } }
                }
            }
        }
    }
}

fn code_field(visitor: &Visitor) -> Markup {
    html! { label { span { (visitor.pick("动态码", "Code")) } input type="text" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="24" spellcheck="false" required; } }
}

/// A QR code as one path: dark modules on a light ground in every theme, with the quiet zone of four modules around.
fn qr(text: &str) -> Result<Markup, Problem> {
    let code = QrCode::new(text).map_err(|error| Problem::Failed(error.to_string()))?;
    let (width, colours) = (code.width(), code.to_colors());
    let mut path = String::new();
    for (at, _) in colours
        .iter()
        .enumerate()
        .filter(|(_, colour)| **colour == Color::Dark)
    {
        // Writing into memory does not fail.
        let _ = write!(path, "M{} {}h1v1h-1z", at % width + 4, at / width + 4);
    }
    let side = width + 8;
    Ok(
        html! { svg.qr viewBox={ "0 0 " (side) " " (side) } role="img" aria-label="QR" shape-rendering="crispEdges" {
            rect width=(side) height=(side) {}
            path d=(path) {}
        } },
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::qr;

    #[test]
    fn a_code_is_drawn_with_its_three_corners() {
        let drawn = qr("otpauth://totp/x").unwrap().into_string();
        // The finder patterns begin in three corners, inside the quiet zone; the fourth corner is left to data.
        assert!(
            drawn.contains("M4 4h1") && drawn.contains("viewBox=\"0 0 33 33\""),
            "{drawn}"
        );
        assert!(
            drawn.contains("M28 4h1") && drawn.contains("M4 28h1"),
            "{drawn}"
        );
    }
}
