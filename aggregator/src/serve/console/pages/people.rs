//! *People*: who has access, and the invitations; for administrators.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::{RawQuery, State},
    response::{IntoResponse as _, Response},
};
use granary_core::access::Access;
use maud::{Markup, html};

use super::select;
use crate::{
    people::{INVITATION_MS, Invitation, Person, PersonRole, Right, is_subject},
    serve::{
        access,
        console::{
            Console,
            account::blocking,
            problem::Problem,
            routes::{asked, failed, field, fields, identity},
            view::{
                Frame, Tab, Visitor,
                table::{Cell, Table},
            },
        },
    },
};

/// `GET /people`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let wanted = asked(query.as_deref(), "csv");
    if wanted.is_some() && allowed(&visitor).is_ok() {
        let frame = Frame::new(&visitor, Tab::People, None);
        let open = console
            .people
            .invitations(visitor.now_ms)
            .unwrap_or_default();
        let tables = [listed(&frame, &console), waiting(&frame, &open)];
        if let Some(file) = tables.iter().find_map(|table| table.csv(wanted.as_deref())) {
            return made(&visitor, file);
        }
    }
    made(&visitor, shown(&console, &visitor, None))
}

/// `POST /people`: somebody is invited; the link is shown once.
pub(in crate::serve::console) async fn invite(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Response {
    made(&visitor, invited(&console, &visitor, &body).await)
}

/// `POST /people/access`: somebody's access is ended or given back.
pub(in crate::serve::console) async fn access(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Response {
    made(&visitor, changed(&console, &visitor, &body).await)
}

fn made(visitor: &Visitor, made: Result<Response, Problem>) -> Response {
    made.unwrap_or_else(|problem| failed(visitor, &problem))
}

fn allowed(visitor: &Visitor) -> Result<&Person, Problem> {
    let person = visitor
        .person
        .as_ref()
        .filter(|person| person.may(Right::People));
    person.map(AsRef::as_ref).ok_or(Problem::NotAllowed)
}

/// A line of the access log, before an account is changed.
async fn noted(console: &Console, who: &Person, what: String) -> Result<(), Problem> {
    Ok(access::record(&console.city, identity(who), Access::Account, what).await?)
}

async fn invited(
    console: &Arc<Console>,
    visitor: &Visitor,
    body: &Bytes,
) -> Result<Response, Problem> {
    let who = allowed(visitor)?;
    let fields = fields(visitor, body)?;
    let given = |name: &str| field(&fields, name).unwrap_or_default().to_owned();
    let role = PersonRole::from_word(&given("role")).ok_or(Problem::NotFound)?;
    let invitation = Invitation {
        login: given("login").to_lowercase(),
        name: given("name"),
        role,
        under: Some(given("under")).filter(|under| !under.is_empty()),
        department: Some(given("department")).filter(|code| !code.is_empty()),
        expires_at_ms: visitor.now_ms + INVITATION_MS,
    };
    invitation.check()?;
    let (login, under) = (&invitation.login, invitation.under.as_deref());
    let department = invitation.department.as_deref();
    let department = department.map(|code| format!(" for {code}"));
    let what = format!(
        "invite {login} as {} of {}{}",
        role.word(),
        under.unwrap_or("*"),
        department.unwrap_or_default()
    );
    noted(console, who, what).await?;
    let (shared, made, now_ms) = (Arc::clone(console), invitation.clone(), visitor.now_ms);
    let token = blocking(move || shared.people.invite(&made, now_ms)).await?;
    tracing::info!(
        by = who.login,
        login = invitation.login,
        role = role.word(),
        "invited somebody to the console"
    );
    shown(console, visitor, Some((&invitation, &token)))
}

async fn changed(
    console: &Arc<Console>,
    visitor: &Visitor,
    body: &Bytes,
) -> Result<Response, Problem> {
    let who = allowed(visitor)?;
    let fields = fields(visitor, body)?;
    let login = field(&fields, "login").unwrap_or_default().to_owned();
    if field(&fields, "withdraw").is_some() {
        return withdrawn(console, who, login).await;
    }
    console.people.find(&login).ok_or(Problem::NotFound)?;
    let given = |name: &str| field(&fields, name).map(|value| value == "yes");
    let shared = Arc::clone(console);
    let subject = field(&fields, "subject").map(str::to_owned);
    match (given("active"), given("code")) {
        (Some(_), _) if login == who.login => {
            return Err(Problem::unfit(
                "不能停用自己的账户",
                "you cannot end your own access",
            ));
        }
        (Some(is_active), _) => {
            let word = if is_active {
                "give back access of"
            } else {
                "end access of"
            };
            noted(console, who, format!("{word} {login}")).await?;
            tracing::info!(
                by = who.login,
                login,
                is_active,
                "changed somebody's access to the console"
            );
            blocking(move || shared.people.set_active(&login, is_active)).await?;
        }
        (None, Some(needs_code)) => {
            let word = if needs_code { "ask" } else { "no longer ask" };
            noted(console, who, format!("{word} a second step of {login}")).await?;
            tracing::info!(
                by = who.login,
                login,
                needs_code,
                "changed whether somebody needs a second step"
            );
            blocking(move || shared.people.set_needs_code(&login, needs_code)).await?;
        }
        (None, None) => {
            let subject = subject.ok_or(Problem::NotFound)?;
            link_to(console, who, login, subject).await?;
        }
    }
    Ok(super::super::routes::go("/people"))
}

/// Withdraws an invitation that has not been used.
async fn withdrawn(
    console: &Arc<Console>,
    who: &Person,
    login: String,
) -> Result<Response, Problem> {
    let is_open = |one: &Invitation| one.login == login;
    let open = console.people.invitations(0)?;
    if !open.iter().any(is_open) {
        return Err(Problem::NotFound);
    }
    noted(console, who, format!("withdraw the invitation of {login}")).await?;
    tracing::info!(
        by = who.login,
        login,
        "withdrew an invitation to the console"
    );
    let shared = Arc::clone(console);
    blocking(move || shared.people.withdraw(&login)).await?;
    Ok(super::super::routes::go("/people"))
}

/// Links an account to what the house's sign-in calls its owner; empty ends that.
async fn link_to(
    console: &Arc<Console>,
    who: &Person,
    login: String,
    subject: String,
) -> Result<(), Problem> {
    let subject = Some(subject).filter(|subject| !subject.is_empty());
    if subject
        .as_deref()
        .is_some_and(|subject| !is_subject(subject))
    {
        return Err(Problem::unfit(
            "标识须为 1 至 255 个可见的 ASCII 字符",
            "a subject is 1 to 255 visible ASCII characters",
        ));
    }
    let what = match &subject {
        Some(subject) => format!("link {login} to the provider's {subject}"),
        None => format!("no longer link {login} to the provider"),
    };
    noted(console, who, what).await?;
    tracing::info!(
        by = who.login,
        login,
        "changed to whom an account is linked"
    );
    let shared = Arc::clone(console);
    blocking(move || shared.people.set_subject(&login, subject.as_deref())).await
}

fn shown(
    console: &Console,
    visitor: &Visitor,
    fresh: Option<(&Invitation, &str)>,
) -> Result<Response, Problem> {
    allowed(visitor)?;
    let catalogue = console.city.handle.registry().catalogue().cloned();
    let frame = Frame::new(visitor, Tab::People, catalogue.as_deref());
    let title = frame.pick("人员", "People");
    let mut units = vec![(
        String::new(),
        frame.pick("全部单位", "all units").to_owned(),
    )];
    if let Some(catalogue) = &catalogue {
        units.extend(catalogue.units().iter().map(|unit| {
            (
                unit.code().to_string(),
                format!("{} {}", visitor.say(unit.name()), unit.code()),
            )
        }));
    }
    let mut departments = vec![(
        String::new(),
        frame.pick("全部指标", "all indicators").to_owned(),
    )];
    departments.extend(
        catalogue
            .iter()
            .flat_map(|all| all.departments())
            .map(|one| (one.code().to_string(), visitor.say(one.name()).to_owned())),
    );
    let open = console.people.invitations(visitor.now_ms)?;
    let body = html! {
        h1 { (title) }
        p { a href="/tokens" { (frame.pick("接口令牌", "Tokens of the API")) } }
        @if let Some((invitation, token)) = fresh { (link(&frame, invitation, token)) }
        (listed(&frame, console).show(&frame))
        @if !open.is_empty() { section { h2 { (frame.pick("未使用的邀请", "Open invitations")) } (waiting(&frame, &open).show(&frame)) } }
        section { h2 { (frame.pick("邀请", "Invite somebody")) } (form(&frame, &units, &departments)) }
    };
    Ok(frame.page(title, &body).into_response())
}

fn link(frame: &Frame<'_>, invitation: &Invitation, token: &str) -> Markup {
    html! { div.notice.good role="status" {
        p { (frame.pick("把下面的一次性链接当面或经可信渠道交给", "Hand this one-time link to")) " " strong { (invitation.name) } (frame.pick("，只显示这一次，三天内有效：", " in person or by a channel that you trust. It is shown once and is good for three days:")) }
        p { code data-copy data-link={ "/join/" (token) } { "/join/" (token) } }
    } }
}

/// The invitations that can be used, each with what withdraws it.
fn waiting(frame: &Frame<'_>, open: &[Invitation]) -> Table {
    let pick = |zh, en| frame.pick(zh, en);
    let columns = [
        pick("登录名", "Login"),
        pick("姓名", "Name"),
        pick("角色", "Role"),
        pick("范围", "Units"),
        pick("有效至", "Good until"),
        pick("撤回", "Withdraw"),
    ];
    let label = pick("未使用的邀请", "Open invitations");
    let mut table = Table::new("invitations", label, &columns);
    for one in open {
        table.push(vec![
            Cell::text(one.login.clone()),
            Cell::text(one.name.clone()),
            Cell::text(frame.visitor.say(&one.role.name())),
            Cell::text(reach(frame, one.under.as_deref(), one.department.as_deref())),
            Cell::time(frame, one.expires_at_ms),
            Cell::text("").shown(html! { form.inline method="post" action="/people/access" {
                (frame.visitor.secret())
                input type="hidden" name="login" value=(one.login);
                button.quiet type="submit" name="withdraw" value="yes" { (pick("撤回邀请", "Withdraw it")) }
            } }),
        ]);
    }
    table
}

/// Which units and whose indicators somebody sees.
fn reach(frame: &Frame<'_>, under: Option<&str>, department: Option<&str>) -> String {
    let units = under.unwrap_or(frame.pick("全部单位", "all units"));
    match department {
        None => units.to_owned(),
        Some(code) => format!("{units} · {} {code}", frame.pick("部门", "department")),
    }
}

fn listed(frame: &Frame<'_>, console: &Console) -> Table {
    let pick = |zh, en| frame.pick(zh, en);
    let mut columns = vec![
        pick("登录名", "Login"),
        pick("姓名", "Name"),
        pick("角色", "Role"),
        pick("范围", "Units"),
        pick("密码设于", "Password set"),
        pick("状态", "Access"),
        pick("两步登录", "Second step"),
    ];
    if console.provider.is_some() {
        columns.push(pick("统一身份认证", "House's sign-in"));
    }
    let mut table = Table::new("people", pick("人员", "People"), &columns);
    for person in console.people.all() {
        let (to, word) = if person.is_active {
            ("no", pick("停用", "End access"))
        } else {
            ("yes", pick("恢复", "Give it back"))
        };
        let state = if person.is_active {
            pick("有效", "active")
        } else {
            pick("已停用", "ended")
        };
        let is_self = frame
            .visitor
            .person
            .as_ref()
            .is_some_and(|own| own.login == person.login);
        let mut cells = vec![
            Cell::text(person.login.clone()),
            Cell::text(person.name.clone()),
            Cell::text(frame.visitor.say(&person.role.name())),
            Cell::text(reach(
                frame,
                person.under.as_deref(),
                person.department.as_deref(),
            )),
            Cell::time(frame, person.since_ms),
            Cell::text(state).shown(html! {
                span.badge.good[person.is_active].bad[!person.is_active] { (state) }
                @if !is_self { form.inline method="post" action="/people/access" {
                    (frame.visitor.secret())
                    input type="hidden" name="login" value=(person.login);
                    button.quiet type="submit" name="active" value=(to) { (word) }
                } }
            }),
            second(frame, person.as_ref()),
        ];
        if console.provider.is_some() {
            cells.push(linked(frame, person.as_ref()));
        }
        table.push(cells);
    }
    table
}

/// Whether somebody has a second step, whether they must, and the button that changes this.
fn second(frame: &Frame<'_>, person: &Person) -> Cell {
    let has = person.second.is_some();
    let (to, button) = if person.needs_code {
        ("no", frame.pick("不再要求", "No longer ask it"))
    } else {
        ("yes", frame.pick("要求", "Ask it"))
    };
    let (class, state) = match (has, person.needs_code) {
        (true, _) => ("good", frame.pick("已启用", "set up")),
        (false, true) => ("wait", frame.pick("须启用", "asked")),
        (false, false) => ("", frame.pick("未启用", "none")),
    };
    Cell::text(state).shown(html! {
        span class={ "badge " (class) } { (state) }
        form.inline method="post" action="/people/access" {
            (frame.visitor.secret())
            input type="hidden" name="login" value=(person.login);
            button.quiet type="submit" name="code" value=(to) { (button) }
        }
    })
}

/// To whom of the house's sign-in an account is linked, and the form that changes this.
fn linked(frame: &Frame<'_>, person: &Person) -> Cell {
    let subject = person.subject.as_deref();
    let state = subject.unwrap_or(frame.pick("按登录名", "by login"));
    Cell::text(state).shown(html! {
        @match subject { Some(subject) => code { (subject) }, None => (state) }
        details.act { summary { (frame.pick("改", "Change")) }
            form.choice method="post" action="/people/access" {
                (frame.visitor.secret())
                input type="hidden" name="login" value=(person.login);
                label { span { (frame.pick("标识（sub），留空则按登录名", "Subject (sub); empty goes by the login")) } input type="text" name="subject" value=[subject] maxlength="255" spellcheck="false"; }
                button.quiet type="submit" { (frame.pick("关联", "Link")) }
            }
        }
    })
}

fn form(frame: &Frame<'_>, units: &[(String, String)], departments: &[(String, String)]) -> Markup {
    let roles = PersonRole::ALL.map(|role| {
        (
            role.word().to_owned(),
            frame.visitor.say(&role.name()).to_owned(),
        )
    });
    html! {
        form.choice method="post" action="/people" {
            (frame.visitor.secret())
            label { span { (frame.pick("登录名", "Login")) } input type="text" name="login" maxlength="32" autocapitalize="none" spellcheck="false" required; }
            label { span { (frame.pick("姓名", "Name")) } input type="text" name="name" maxlength="40" required; }
            (select("role", frame.pick("角色", "Role"), "viewer", &roles))
            (select("under", frame.pick("范围", "Units"), "", units))
            (select("department", frame.pick("部门", "Department"), "", departments))
            button type="submit" { (frame.pick("生成一次性链接", "Make a one-time link")) }
        }
        ul.quiet {
            li { (frame.pick("查看员：看报送进度与排名，不看数值；", "viewer: sees how reporting stands and the ranks, and no figures;")) }
            li { (frame.pick("操作员：另看数值与说明，凭操作员密钥核定说明、延期、免报；", "operator: sees figures and explanations too; with the operator's key decides on explanations, extends and exempts;")) }
            li { (frame.pick("审计员：看操作员所看的，不操作；", "auditor: sees what an operator sees, and does not act;")) }
            li { (frame.pick("限于一个部门的账户：只看该部门负责的指标及其报表、问题，只读，不操作；", "limited to a department: sees that department's indicators, with their datasets and findings; reads and does not act;")) }
            li { (frame.pick("管理员：管理人员，其余同查看员。已有账户再次邀请即重设密码、角色、范围和两步登录。", "administrator: manages people, and else is a viewer. Inviting somebody again sets password, role, units and the second step anew.")) }
        }
    }
}
