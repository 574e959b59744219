//! *Tokens*: what programs read the API with; for administrators.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Extension,
    body::Bytes,
    extract::{RawQuery, State},
    response::{IntoResponse as _, Response},
};
use maud::{Markup, html};

use super::select;
use crate::{
    people::{Right, TOKEN_DAYS, TOKEN_DAYS_MAX, TokenScope, TokenWish},
    serve::console::{
        Console,
        problem::Problem,
        routes::{asked, failed, field, fields, go},
        view::{
            Frame, Tab, Visitor,
            table::{Cell, Table},
        },
    },
};

/// `GET /tokens`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let made = || {
        allowed(&visitor)?;
        let wanted = asked(query.as_deref(), "csv");
        if wanted.is_some() {
            let frame = Frame::new(&visitor, Tab::People, None);
            if let Some(file) = listed(&frame, &console)?.csv(wanted.as_deref()) {
                return file;
            }
        }
        shown(&console, &visitor, None)
    };
    made().unwrap_or_else(|problem| failed(&visitor, &problem))
}

/// `POST /tokens`: a token is made; its secret is shown once.
pub(in crate::serve::console) async fn make(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Response {
    made(&console, &visitor, &body).unwrap_or_else(|problem| failed(&visitor, &problem))
}

/// `POST /tokens/revoke`
pub(in crate::serve::console) async fn revoke(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Response {
    let revoked = || {
        let who = allowed(&visitor)?;
        let fields = fields(&visitor, &body)?;
        let name = field(&fields, "name").unwrap_or_default();
        console.tokens.revoke(name, visitor.now_ms)?;
        tracing::info!(by = who, name, "revoked a token of the API");
        Ok(go("/tokens"))
    };
    revoked().unwrap_or_else(|problem| failed(&visitor, &problem))
}

fn allowed(visitor: &Visitor) -> Result<&str, Problem> {
    let person = visitor.person.as_ref();
    let person = person.filter(|person| person.may(Right::People));
    person
        .map(|person| person.login.as_str())
        .ok_or(Problem::NotAllowed)
}

fn made(console: &Console, visitor: &Visitor, body: &Bytes) -> Result<Response, Problem> {
    let who = allowed(visitor)?;
    let fields = fields(visitor, body)?;
    let chosen = fields.iter().filter(|(name, _)| name == "scope");
    let chosen = chosen.filter_map(|(_, word)| TokenScope::from_word(word));
    let days = field(&fields, "days").and_then(|days| days.parse().ok());
    let wish = TokenWish {
        name: field(&fields, "name").unwrap_or_default().to_lowercase(),
        scopes: chosen.collect::<BTreeSet<_>>(),
        under: field(&fields, "under")
            .filter(|under| !under.is_empty())
            .map(str::to_owned),
        days: days.unwrap_or(0),
        made_by: who.to_owned(),
    };
    let secret = console.tokens.make(&wish, visitor.now_ms)?;
    tracing::info!(by = who, name = wish.name, "made a token of the API");
    shown(console, visitor, Some((&wish, &secret)))
}

fn shown(
    console: &Console,
    visitor: &Visitor,
    fresh: Option<(&TokenWish, &str)>,
) -> Result<Response, Problem> {
    let catalogue = console.city.handle.registry().catalogue().cloned();
    let frame = Frame::new(visitor, Tab::People, catalogue.as_deref());
    let title = frame.pick("接口令牌", "Tokens of the API");
    let mut units = vec![(
        String::new(),
        frame.pick("全部单位", "all units").to_owned(),
    )];
    units.extend(catalogue.iter().flat_map(|all| all.units()).map(|unit| {
        (
            unit.code().to_string(),
            format!("{} {}", visitor.say(unit.name()), unit.code()),
        )
    }));
    let body = html! {
        h1 { (title) }
        @if let Some((wish, secret)) = fresh { div.notice.good role="status" {
            p { (frame.pick("令牌", "The secret of token")) " " strong { (wish.name) } (frame.pick("，只显示这一次，请立即保存：", ", shown this once; keep it now:")) }
            p { code { (secret) } }
        } }
        p.quiet { (frame.pick("程序凭令牌读取接口（/api/v1 和 /sdmx/v2），读取数值和问题均记入访问记录。停用立即生效。", "Programs read the API (/api/v1 and /sdmx/v2) with a token; what they read of figures and findings is in the access log. Revoking takes effect at once.")) " " a href="/api/openapi.json" { "OpenAPI" } }
        (listed(&frame, console)?.show(&frame))
        section { h2 { (frame.pick("生成令牌", "Make a token")) } (form(&frame, &units)) }
    };
    Ok(frame.page(title, &body).into_response())
}

fn listed(frame: &Frame<'_>, console: &Console) -> Result<Table, Problem> {
    let pick = |zh, en| frame.pick(zh, en);
    let columns = [
        pick("名称", "Name"),
        pick("可读", "Reads"),
        pick("范围", "Units"),
        pick("生成人", "Made by"),
        pick("有效至", "Good until"),
        pick("状态", "State"),
    ];
    let mut table = Table::new("tokens", pick("接口令牌", "Tokens of the API"), &columns);
    for token in console.tokens.all()? {
        let is_good = token.is_good(frame.visitor.now_ms);
        let state = match (is_good, token.revoked_at_ms) {
            (true, _) => pick("有效", "good"),
            (false, Some(_)) => pick("已停用", "revoked"),
            (false, None) => pick("已到期", "expired"),
        };
        let reads: Vec<&str> = token.scopes.iter().map(|scope| scope.word()).collect();
        let under = token.under.clone();
        table.push(vec![
            Cell::text(token.name.clone()),
            Cell::text(reads.join(" ")),
            Cell::text(under.unwrap_or_else(|| pick("全部", "all").into())),
            Cell::text(token.made_by.clone()),
            Cell::time(frame, token.expires_at_ms),
            Cell::text(state).shown(html! {
                span.badge.good[is_good].bad[!is_good] { (state) }
                @if is_good { form.inline method="post" action="/tokens/revoke" {
                    (frame.visitor.secret())
                    button.quiet type="submit" name="name" value=(token.name) { (pick("停用", "Revoke")) }
                } }
            }),
        ]);
    }
    Ok(table)
}

fn form(frame: &Frame<'_>, units: &[(String, String)]) -> Markup {
    html! {
        form.choice method="post" action="/tokens" {
            (frame.visitor.secret())
            label { span { (frame.pick("名称", "Name")) } input type="text" name="name" maxlength="32" autocapitalize="none" spellcheck="false" required; }
            @for scope in TokenScope::ALL {
                label { span { (frame.visitor.say(&scope.name())) } input type="checkbox" name="scope" value=(scope.word()); }
            }
            (select("under", frame.pick("范围", "Units"), "", units))
            label { span { (frame.pick("有效天数", "Days")) } input type="number" name="days" min="1" max=(TOKEN_DAYS_MAX) value=(TOKEN_DAYS) required; }
            button type="submit" { (frame.pick("生成", "Make it")) }
        }
    }
}
