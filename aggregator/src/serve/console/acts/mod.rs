//! Acts from the console: prepared here, signed in the browser, entered here.
//!
//! The act that is signed is the one that was shown: it stays here ([`super::drafts`]), the browser gets its bytes to sign, and what comes
//! back is the signature and the act's digest. The journal's own admission checks the signature; the key is the operator's, which the server
//! does not hold. Every act names who asked for it ([`asked_by`]), and where it has a reason that ends with it too ([`signed_by`]); every act is in the access log as
//! `person:LOGIN` with its digest before it is entered, and the journal holds anchors of that log.

mod slots;
mod keys;

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::State,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use granary_core::{
    access::Access,
    digest::Digest,
    envelope::{Signature, Suite},
    fingerprint,
    ledger::{Act, Deed, act},
    text::{Bilingual, Language},
};
use maud::{Markup, html};

use super::{
    Console,
    drafts::{After, Draft, Handout},
    problem::Problem,
    routes::{Room, failed, field, fields, identity, page},
    scope::Scope,
    view::{Frame, Tab, Visitor, encoded, slot_path},
};
use crate::{
    ingress::Received,
    init,
    people::{Person, Right},
    serve::{access, administration},
};

pub(super) use keys::{issue_form, revoke_form};
pub(super) use slots::{decision, grace_ms, instant, on_slot};

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 500;
/// The longest name of a person in an act, in characters.
const PERSON_CHARS_MAX: usize = 60;

/// An act with all that belongs to it.
pub(super) struct Proposal {
    pub(super) deed: Deed,
    /// What it does and to what, in a few words for the access log.
    pub(super) what: String,
    /// What it does, for whoever signs it.
    pub(super) words: Vec<(Bilingual, String)>,
    pub(super) after: After,
}

/// Who asks for an act, as the act itself says it.
fn asked_by(person: &Person) -> String {
    let name = person.name.chars().filter(|c| !c.is_control());
    let name: String = name.take(PERSON_CHARS_MAX).collect();
    format!("{name} ({})", person.login)
}

/// What stands at the end of the reason of each act that a person asks for.
fn signed_by(person: &Person) -> String {
    format!("——{}（{}，控制台 console）", person.name, person.login)
}

/// A reason that a form gives, with who gives it.
fn reason(room: &Room<'_>, fields: &[(String, String)]) -> Result<String, Problem> {
    let why = field(fields, "reason").unwrap_or_default();
    if why.is_empty() || why.chars().count() > REASON_CHARS_MAX {
        return Err(Problem::unfit(
            "请写明原因（至多 500 字），它将记入日志",
            "write a reason of at most 500 characters: it is journaled",
        ));
    }
    Ok(format!("{why} {}", signed_by(room.person)))
}

/// What concerns the whole city is for whoever sees all of it.
pub(super) fn whole_city(room: &Room<'_>) -> Result<(), Problem> {
    match room.scope {
        Scope::Everywhere if room.may(Right::Act) => Ok(()),
        Scope::Everywhere | Scope::Within(_) | Scope::Owned(_) => Err(Problem::NotAllowed),
    }
}

/// `POST /act`: shows the act that is to be signed.
pub(super) async fn prepare(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Response {
    page(console, visitor, (Right::Act, None), move |room| {
        let fields = fields(room.visitor, &body)?;
        let proposal = match field(&fields, "kind").unwrap_or_default() {
            "token" | "revoke" => keys::proposal(room, &fields)?,
            _ => slots::proposal(room, &fields)?,
        };
        let frame = room.frame(Tab::None);
        let title = frame.pick("核对并签署", "Look it over and sign");
        let form = offer(room, &frame, proposal)?;
        let body = html! { h1 { (title) } (form) };
        Ok(frame.page(title, &body).into_response())
    })
    .await
}

/// Keeps an act as a draft of the person's, and gives the form that signs it.
pub(super) fn offer(
    room: &Room<'_>,
    frame: &Frame<'_>,
    proposal: Proposal,
) -> Result<Markup, Problem> {
    let nonce = init::random().map_err(|error| Problem::Failed(error.to_string()))?;
    let payload: Bytes = Act {
        issued_at_ms: room.visitor.now_ms,
        nonce,
        deed: proposal.deed,
        person: asked_by(room.person),
    }
    .encode()
    .into();
    let digest = room.console.drafts.keep(Draft {
        login: room.person.login.clone(),
        since_ms: room.person.since_ms,
        made_at_ms: room.visitor.now_ms,
        payload: payload.clone(),
        what: proposal.what,
        after: proposal.after,
    });
    Ok(to_sign(room, frame, (&digest, &payload), &proposal.words))
}

/// `POST /act/enter`: enters the act that was signed.
pub(super) async fn enter(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    body: Bytes,
) -> Response {
    match entered(&console, &visitor, body).await {
        Ok((index, draft)) => shown(console, visitor, index, draft).await,
        Err(problem) => failed(&visitor, &problem),
    }
}

async fn entered(
    console: &Arc<Console>,
    visitor: &Visitor,
    body: Bytes,
) -> Result<(u64, Arc<Draft>), Problem> {
    let person = visitor
        .person
        .as_ref()
        .filter(|person| person.role.may(Right::Act))
        .ok_or(Problem::NotAllowed)?;
    let fields = fields(visitor, &body)?;
    let digest = field(&fields, "act").and_then(Digest::from_hex);
    let digest = digest.ok_or_else(unsigned)?;
    let signature = field(&fields, "signature").unwrap_or_default();
    let signature = STANDARD.decode(signature).ok();
    let signature = signature.filter(|bytes| !bytes.is_empty());
    let signature = signature.ok_or_else(unsigned)?;
    let draft = console.drafts.find(&digest, person, visitor.now_ms)?;
    let city = &console.city;
    let registry = city.handle.registry();
    let operator = registry.operator().ok_or(Problem::NotAllowed)?;
    let received = Received {
        payload_type: act::PAYLOAD_TYPE.to_owned(),
        payload: draft.payload.clone(),
        signatures: vec![Signature {
            key_id: operator.key_id(),
            bytes: signature,
        }],
    };
    if let Some(refusal) = administration::contradiction(city, &received).await? {
        return Err(refusal.into());
    }
    if let After::Bulletin(document) = draft.after {
        stored(console, document).await?;
    }
    let what = format!("{} act {digest}", draft.what);
    access::record(city, identity(person), Access::Act, what).await?;
    let receipt = administration::in_force(city, received).await??;
    console.drafts.forget(&digest);
    let (login, index) = (&person.login, receipt.index);
    tracing::info!(
        login,
        index,
        what = draft.what,
        "an act from the console is in force"
    );
    Ok((receipt.index, draft))
}

/// A bulletin's document is on the disk before the journal says that it is published.
async fn stored(console: &Arc<Console>, document: Digest) -> Result<(), Problem> {
    let shared = Arc::clone(console);
    let stored = tokio::task::spawn_blocking(move || shared.papers.store(&document)).await;
    let failed = |error: &dyn std::fmt::Display| Problem::Failed(error.to_string());
    if stored
        .map_err(|error| failed(&error))?
        .map_err(|error| failed(&error))?
    {
        return Ok(());
    }
    Err(Problem::unfit(
        "通报的文件已不在内存，没有发布；请重新生成",
        "the bulletin's document is not in memory any more, and nothing was published: make it again",
    ))
}

fn unsigned() -> Problem {
    Problem::unfit(
        "没有收到签名，没有提交；签署需要浏览器脚本和操作员密钥文件",
        "there is no signature, and nothing was entered: signing needs the browser's scripts and the operator's key file",
    )
}

async fn shown(console: Arc<Console>, visitor: Visitor, index: u64, draft: Arc<Draft>) -> Response {
    page(console, visitor, (Right::Act, None), move |room| {
        let frame = room.frame(Tab::None);
        let title = frame.pick("已生效", "In force");
        let body = html! {
            h1 { (title) }
            p.notice.good { (frame.pick("操作已记入日志第", "The act is entry")) " " (index) " " (frame.pick("条。", "of the journal.")) }
            @if let After::Token(handout) = &draft.after { (handed_out(room, &frame, handout)) }
            p.row { (onward(&frame, &draft.after)) a href={ "/receipt/" (index) } download { (frame.pick("回执", "Receipt")) } }
        };
        Ok(frame.page(title, &body).into_response())
    })
    .await
}

/// Where one goes from here.
fn onward(frame: &Frame<'_>, after: &After) -> Markup {
    let unit = |unit: &str| html! { a.button href={ "/unit/" (encoded(unit)) } { (frame.pick("回到单位", "Back to the unit")) } };
    match after {
        After::Slot(slot) => {
            let path = slot_path(
                slot.unit.as_str(),
                slot.dataset.as_str(),
                &slot.period.to_string(),
            );
            html! { a.button href=(path) { (frame.pick("查看这一项", "See the slot")) } a href="/findings" { (frame.pick("回到问题", "Back to the findings")) } }
        }
        After::Unit(code) => unit(code.as_str()),
        After::Token(handout) => unit(handout.unit.as_str()),
        After::Catalogue => {
            html! { a.button href="/catalogue" { (frame.pick("查看报表制度", "See the catalogue")) } }
        }
        After::Bulletin(digest) => {
            html! { a.button href={ "/bulletins/" (digest) } { (frame.pick("查看通报", "See the bulletin")) } a href="/bulletins" { (frame.pick("全部通报", "All bulletins")) } }
        }
    }
}

/// The token, shown this once, with what the office does and what both read out to each other.
fn handed_out(room: &Room<'_>, frame: &Frame<'_>, handout: &Handout) -> Markup {
    let command = handout.token.command(&handout.unit, &room.console.address);
    let words = |language| fingerprint::words(&handout.token.authority_sha256(), language);
    html! { section.token {
        h2 { (frame.pick("登记码（只显示这一次）", "The token (shown this once)")) }
        p { (frame.pick("单位", "Unit")) " " strong { (handout.unit) } " · " (frame.visitor.say(&handout.role.name())) " · "
            (frame.pick("只能用一次，有效至", "good once, until")) " " (frame.instant(handout.expires_at_ms)) }
        p { (frame.pick("单位在采集端电脑上只需执行这一行：", "What the office runs on the agent's computer, one line:")) }
        pre tabindex="0" data-copy { (command) }
        p { (frame.pick("登记时请与单位电话核对市局证书，双方念出的词语应相同：", "When it enrols, compare the city's authority by telephone, both sides read out the same words:")) }
        p.notice { strong lang="zh-CN" { (words(Language::Zh)) } br; span.quiet lang="en" { (words(Language::En)) } }
        p.quiet { (frame.pick("地址取自服务的证书名称（server_names）；单位经别的地址访问时请改写 @ 后的部分。", "The address is from the server's certificate names (server_names): change what follows @ where the office reaches the city by another one.")) }
    } }
}

fn to_sign(
    room: &Room<'_>,
    frame: &Frame<'_>,
    (digest, payload): (&Digest, &[u8]),
    words: &[(Bilingual, String)],
) -> Markup {
    let registry = room.console.city.handle.registry();
    let operator = registry.operator();
    let is_ed25519 = operator.is_some_and(|key| key.suite() == Suite::Ed25519);
    let key_id = operator
        .map(|key| key.key_id().to_string())
        .unwrap_or_default();
    html! {
        dl.facts { @for (name, text) in words { dt { (frame.visitor.say(name)) } dd { (text) } } }
        @if is_ed25519 {
            form id="sign" method="post" action="/act/enter" data-type=(act::PAYLOAD_TYPE)
                data-failed=(frame.pick("无法签名：请选择 operator.key（Ed25519，PEM）", "cannot sign: choose operator.key (Ed25519, PEM)"))
                data-unable=(frame.pick("此浏览器不能签名（需要 HTTPS 或本机地址，以及较新的浏览器）；请用命令行 granary-aggregator", "this browser cannot sign (it needs HTTPS or a loopback address, and a recent browser): use the command line granary-aggregator")) {
                (room.visitor.secret())
                input type="hidden" name="act" value=(digest);
                input type="hidden" data-payload value=(STANDARD.encode(payload));
                input type="hidden" name="signature" value="";
                div data-choose {
                    label for="key" { (frame.pick("操作员密钥文件 operator.key", "The operator's key file, operator.key")) }
                    input type="file" id="key" accept=".key,.pem";
                    label.check { input type="checkbox" data-keep; " " (frame.pick("本浏览器记住（不可导出），直到退出登录", "keep it in this browser, not exportable, until signing out")) }
                }
                p.quiet data-kept hidden { (frame.pick("使用本浏览器记住的密钥。", "The key that this browser keeps is used.")) " " button.quiet type="button" data-forget { (frame.pick("忘记", "Forget it")) } }
                p.quiet { (frame.pick("密钥只在浏览器里签名，不会发给服务器。密钥标识：", "The key signs in the browser and is not sent to the server. Its id: ")) code { (key_id) } }
                p.notice.bad role="alert" data-error hidden {}
                button.primary type="submit" { (frame.pick("签署并生效", "Sign and enter")) }
            }
            noscript { p.notice.bad { (frame.pick("签署需要浏览器脚本", "signing needs the browser's scripts")) } }
        } @else {
            p.notice.wait { (frame.pick(
                "操作员密钥是国密 SM2，浏览器不能用它签名。请用命令行 granary-aggregator：decide、unit extend / exempt、token、key revoke、catalogue publish。",
                "The operator's key is of SM2, with which browsers cannot sign. Use the command line granary-aggregator: decide, unit extend / exempt, token, key revoke, catalogue publish.")) }
        }
    }
}
