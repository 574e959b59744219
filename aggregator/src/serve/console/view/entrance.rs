//! The pages before somebody has signed in: nothing of the city stands on them.

use axum::response::Html;
use granary_core::text::Bilingual;
use maud::{Markup, html};

use super::{Visitor, encoded, plain};
use crate::{
    people::{Invitation, PASSWORD_CHARS_MIN, PersonRole},
    serve::console::oidc::BEGIN,
};

/// By which ways one may come in.
#[derive(Clone, Copy)]
pub(in crate::serve::console) struct Door<'a> {
    /// What the house's own sign-in is called, where there is one.
    pub(in crate::serve::console) provider: Option<&'a Bilingual>,
    /// Whether a password opens no account but an administrator's.
    pub(in crate::serve::console) is_instead: bool,
}

/// The form that signs in.
pub(in crate::serve::console) fn sign_in(
    visitor: &Visitor,
    door: Door<'_>,
    to: &str,
    why: Option<&Bilingual>,
) -> Html<String> {
    let title = visitor.pick("登录", "Sign in");
    let form = password(visitor, to, door.provider.is_none());
    let body = html! {
        section.entrance {
            h1 { (title) }
            p.quiet { (visitor.pick("城市控制台", "The city's console")) }
            (told(visitor, why))
            @if let Some(name) = door.provider { p { a.button.primary href={ (BEGIN) "?to=" (encoded(to)) } { (visitor.pick("使用", "Sign in with ")) (visitor.say(name)) (visitor.pick("登录", "")) } } }
            @if door.is_instead {
                details { summary { (visitor.pick("管理员应急登录", "An administrator's password, for emergencies")) } (form) }
            } @else { (form) }
            p.quiet { (visitor.pick(
                "没有账户、忘了密码或丢了手机：请管理员在“人员”中发一次性邀请。",
                "No account, a forgotten password or a lost phone: the administrator sends a one-time invitation from “People”.")) }
        }
    };
    plain(visitor, title, &body)
}

fn password(visitor: &Visitor, to: &str, is_first: bool) -> Markup {
    html! {
        form method="post" action="/login" {
            (visitor.secret())
            input type="hidden" name="to" value=(to);
            label for="login" { (visitor.pick("登录名", "Login")) }
            input type="text" id="login" name="login" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="32" required autofocus[is_first];
            label for="password" { (visitor.pick("密码", "Password")) }
            input type="password" id="password" name="password" autocomplete="current-password" maxlength="400" required;
            label for="code" { (visitor.pick("动态码", "Code")) " " span.quiet { (visitor.pick("（启用两步登录的账户）", "(accounts with a second step)")) } }
            input type="text" id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="24" spellcheck="false";
            button.primary[is_first] type="submit" { (visitor.pick("登录", "Sign in")) }
        }
    }
}

/// After the house's sign-in: the browser goes on by itself. It comes from another site still, and would leave the session's cookie at home
/// if it were sent on; what this page asks for is asked from here.
pub(in crate::serve::console) fn go_on(visitor: &Visitor, to: &str) -> Html<String> {
    let title = visitor.pick("已登录", "Signed in");
    let body = html! {
        section.entrance {
            h1 { (title) }
            p { a.button.primary href=(to) { (visitor.pick("继续", "Go on")) } }
        }
    };
    plain(visitor, title, &body)
}

/// The form that uses an invitation.
pub(in crate::serve::console) fn join(
    visitor: &Visitor,
    door: Door<'_>,
    (token, invitation): (&str, &Invitation),
    why: Option<&Bilingual>,
) -> Html<String> {
    let title = visitor.pick("设置密码", "Set your password");
    let body = html! {
        section.entrance {
            h1 { (title) }
            dl {
                dt { (visitor.pick("姓名", "Name")) } dd { (invitation.name) }
                dt { (visitor.pick("登录名", "Login")) } dd { code { (invitation.login) } }
                dt { (visitor.pick("角色", "Role")) } dd { (visitor.say(&invitation.role.name())) }
                dt { (visitor.pick("范围", "Units")) } dd { (invitation.under.as_deref().unwrap_or(visitor.pick("全部单位", "all units"))) }
            }
            (told(visitor, why))
            @if let Some(name) = door.provider {
                p { a.button.primary href={ (BEGIN) "?join=" (encoded(token)) } { (visitor.pick("用", "Join with ")) (visitor.say(name)) (visitor.pick("加入", "")) } }
            }
            @if !door.is_instead || invitation.role == PersonRole::Admin { (new_password(visitor, token, invitation)) }
        }
    };
    plain(visitor, title, &body)
}

fn new_password(visitor: &Visitor, token: &str, invitation: &Invitation) -> Markup {
    html! {
        form method="post" action={ "/join/" (encoded(token)) } {
            (visitor.secret())
            input.hidden type="text" name="login" value=(invitation.login) autocomplete="username" readonly tabindex="-1" aria-hidden="true";
            label for="password" { (visitor.pick("密码", "Password")) }
            input type="password" id="password" name="password" autocomplete="new-password" maxlength="400" required aria-describedby="rule";
            p.quiet id="rule" { (visitor.pick("至少", "At least")) " " (PASSWORD_CHARS_MIN) " " (visitor.pick("个字符；用一句只有自己知道的话", "characters; take a sentence that only you know")) }
            label for="again" { (visitor.pick("再输入一次", "Once more")) }
            input type="password" id="again" name="again" autocomplete="new-password" maxlength="400" required;
            button.primary type="submit" { (visitor.pick("设置并登录", "Set it and sign in")) }
        }
    }
}

fn told(visitor: &Visitor, why: Option<&Bilingual>) -> Markup {
    html! { @if let Some(why) = why { p.notice.bad role="alert" { (visitor.say(why)) } } }
}
