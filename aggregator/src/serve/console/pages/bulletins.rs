//! *Bulletins*: one is made for a period, looked at, downloaded, signed and published; those that were published stay listed.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, RawQuery, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use granary_bulletin::{draw, words::Manner};
use granary_core::{
    access::Access,
    bulletin::Bulletin,
    digest::Digest,
    ledger::{
        Deed, LogIndex, history,
        publication::{self, Publication, PublicationRow},
    },
    period::{Period, Periodicity},
    text::Bilingual,
};
use granary_proto::v1;
use maud::{Markup, html};
use prost::Message as _;
use sha2::{Digest as _, Sha256};

use super::select;
use crate::{
    people::Right,
    serve::{
        bulletins,
        console::{
            Console, acts,
            drafts::After,
            problem::Problem,
            routes::{Read, Room, asked, go, page},
            scope::Scope,
            view::{
                Frame, Tab, Visitor, encoded,
                table::{Cell, Table},
            },
        },
        failure::Failure,
    },
};

/// Periods of each kind that may be chosen, the newest first.
const PERIODS_MAX: usize = 18;
/// How wide a line of the drawings' tables may be, in characters: papers have their own widths, so it is the usual one.
const WIDTH: u16 = 120;

/// `GET /bulletins`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    page(console, visitor, (Right::Figures, None), move |room| {
        whole(room)?;
        let frame = room.frame(Tab::Bulletins);
        let published = published(room)?;
        let table = table(&frame, &published);
        if let Some(file) = table.csv(asked(query.as_deref(), "csv").as_deref()) {
            return file;
        }
        let title = frame.pick("通报", "Bulletins");
        let body = html! {
            h1 { (title) }
            h2 { (frame.pick("生成", "Make one")) }
            (form(room, &frame))
            h2 { (frame.pick("已发布", "Published")) }
            @if table.is_empty() { p.quiet { (frame.pick("还没有发布过通报", "none was published yet")) } } @else { (table.show(&frame)) }
        };
        Ok(frame.page(title, &body).into_response())
    })
    .await
}

/// `GET /bulletins/make?period=&as_of=`: the document is made, and shown.
pub(in crate::serve::console) async fn make(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let period = asked(query.as_deref(), "period").unwrap_or_default();
    let read = reading(&period);
    page(console, visitor, (Right::Figures, read), move |room| {
        whole(room)?;
        let as_of_ms = match asked(query.as_deref(), "as_of") {
            Some(text) => acts::instant(room, &text)?,
            None => 0,
        };
        let request = v1::GetBulletinRequest { period, as_of_ms };
        let made = bulletins::bulletin(&room.console.city, &request)?;
        let digest = room.console.papers.keep(made.document.into());
        Ok(go(&format!("/bulletins/{digest}")))
    })
    .await
}

/// `GET /bulletins/{sha256}`
pub(in crate::serve::console) async fn one(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Path(digest): Path<String>,
) -> Response {
    page(console, visitor, (Right::Figures, reading(&digest)), move |room| {
        whole(room)?;
        let (digest, document, bulletin) = found(room, &digest)?;
        let frame = room.frame(Tab::Bulletins);
        let known = published(room)?;
        let known = known.iter().find(|(_, row)| row.sha256 == digest.as_bytes());
        let title = format!("{} {}", frame.pick("通报", "Bulletin"), bulletin.period);
        let body = html! {
            h1 { (title) }
            @match known {
                Some((index, row)) => p.notice.good { (frame.pick("已发布于 ", "Published at ")) (frame.instant(row.published_at_ms)) "，" (frame.pick("日志第", "entry")) " " (index.0) " " a href={ "/receipt/" (index.0) } download { (frame.pick("回执", "receipt")) } },
                None => p.notice.wait { (frame.pick("尚未发布：只在服务器内存里，可先预览、下载", "Not published: it is in the server's memory alone, to be looked at and downloaded first")) },
            }
            (facts(&frame, &digest, &document, &bulletin))
            p.row {
                a.button href={ "/bulletins/" (digest) "/html" } { (frame.pick("预览", "Look at it")) }
                @for form in ["pdf", "xlsx", "bulletin"] { a href={ "/bulletins/" (digest) "/" (form) } download { (form.to_uppercase()) } }
            }
            @if known.is_none() && acts::whole_city(room).is_ok() {
                h2 { (frame.pick("核对并发布", "Look it over and publish")) }
                (acts::offer(room, &frame, proposal(&frame, digest, &bulletin)?)?)
            }
        };
        Ok(frame.page(&title, &body).into_response())
    })
    .await
}

/// `GET /bulletins/{sha256}/{form}`
pub(in crate::serve::console) async fn drawn(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    Path((digest, form)): Path<(String, String)>,
) -> Response {
    page(
        console,
        visitor,
        (Right::Figures, reading(&digest)),
        move |room| {
            whole(room)?;
            let (_, document, bulletin) = found(room, &digest)?;
            let manner = Manner {
                language: room.visitor.language,
                zone: room.catalogue.zone().clone(),
                width: WIDTH,
            };
            let name = format!("bulletin-{}.{form}", bulletin.period);
            let unfit = |why: Bilingual| Problem::unfit(why.zh, why.en);
            match form.as_str() {
                "html" => Ok(shown(draw::html(&bulletin, &manner).map_err(unfit)?)),
                "pdf" => Ok(handed(
                    &name,
                    "application/pdf",
                    draw::pdf(&bulletin, &manner, &[]).map_err(unfit)?,
                )),
                "xlsx" => Ok(handed(
                    &name,
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                    draw::xlsx(&bulletin, &manner).map_err(unfit)?,
                )),
                "bulletin" => Ok(handed(&name, "application/octet-stream", document.to_vec())),
                _ => Err(Problem::NotFound),
            }
        },
    )
    .await
}

/// Bulletins name all units, so they are for whoever sees all of them.
fn whole(room: &Room<'_>) -> Result<(), Problem> {
    match room.scope {
        Scope::Everywhere => Ok(()),
        Scope::Within(_) | Scope::Owned(_) => Err(Problem::NotAllowed),
    }
}

fn reading(what: &str) -> Read {
    Some((Access::Bulletin, what.chars().take(64).collect()))
}

fn published(room: &Room<'_>) -> Result<Vec<(LogIndex, PublicationRow)>, Problem> {
    let rows = publication::published(&room.console.city.handle.view());
    Ok(rows.map_err(Failure::internal)?)
}

fn found(room: &Room<'_>, text: &str) -> Result<(Digest, Bytes, Bulletin), Problem> {
    let digest = Digest::from_hex(text).ok_or(Problem::NotFound)?;
    let document = room
        .console
        .papers
        .find(&digest)
        .map_err(Failure::internal)?;
    let document = document.ok_or_else(|| {
        Problem::unfit(
            "这里没有这份通报的文件（未发布的只在内存里保留一阵）；请重新生成，已发布的可由 granary-audit bulletin --export 从日志重算",
            "the document is not here (one that was not published is kept for a while only): make it again; one that was published is computed from the journal by granary-audit bulletin --export",
        )
    })?;
    let bulletin = Bulletin::decode(document.as_ref()).map_err(Failure::internal)?;
    Ok((digest, document, bulletin))
}

fn facts(frame: &Frame<'_>, digest: &Digest, document: &Bytes, bulletin: &Bulletin) -> Markup {
    let counts = &bulletin.counts;
    let version = Digest::from_slice(&bulletin.basis.catalogue_version);
    html! { dl.facts {
        dt { (frame.pick("报告期", "Period")) } dd { (bulletin.period) }
        dt { (frame.pick("时点", "Instant")) } dd { (frame.instant(bulletin.basis.as_of_ms)) }
        dt { (frame.pick("依据日志", "Stands on")) } dd { (bulletin.basis.applied_size) " " (frame.pick("条", "entries")) }
        dt { (frame.pick("报表制度版本", "Catalogue version")) } dd { @if let Some(version) = version { code { (version) } } }
        dt { (frame.pick("应报 / 按时 / 迟报 / 未报", "Expected / timely / late / missing")) } dd { (counts.expected) " / " (counts.timely) " / " (counts.late) " / " (counts.missing) }
        dt { (frame.pick("文件摘要 SHA-256", "The document's SHA-256")) } dd { code { (digest) } }
        dt { (frame.pick("字节", "Bytes")) } dd { (document.len()) }
    } }
}

fn proposal(
    frame: &Frame<'_>,
    sha256: Digest,
    bulletin: &Bulletin,
) -> Result<acts::Proposal, Problem> {
    let basis = &bulletin.basis;
    let publication = Publication {
        period: Period::parse(&bulletin.period).map_err(Failure::internal)?,
        as_of_ms: basis.as_of_ms,
        applied_size: basis.applied_size,
        sha256,
    };
    let line = |zh: &str, en: &str, text: String| (Bilingual::new(zh, en), text);
    Ok(acts::Proposal {
        deed: Deed::PublishBulletin(publication),
        what: format!("publish bulletin {}", bulletin.period),
        words: vec![
            line(
                "操作",
                "Act",
                frame.pick("发布通报", "publish a bulletin").to_owned(),
            ),
            line("报告期", "Period", bulletin.period.clone()),
            line("时点", "Instant", frame.instant(basis.as_of_ms)),
            line("文件摘要", "The document's SHA-256", sha256.to_string()),
        ],
        after: After::Bulletin(sha256),
    })
}

fn form(room: &Room<'_>, frame: &Frame<'_>) -> Markup {
    let mut periods: Vec<Period> = Vec::new();
    for kind in Periodicity::ALL {
        let of_kind = room
            .catalogue
            .datasets()
            .iter()
            .filter(|one| one.periodicity() == kind);
        let mut begun: Vec<Period> = of_kind
            .flat_map(|one| {
                let begun = history::periods(one, None, None, room.visitor.now_ms);
                begun.filter(|period| one.covers(*period))
            })
            .collect();
        begun.sort_unstable();
        begun.dedup();
        periods.extend(begun.into_iter().rev().take(PERIODS_MAX));
    }
    let options: Vec<(String, String)> = periods
        .iter()
        .map(|period| (period.to_string(), period.to_string()))
        .collect();
    let chosen = options
        .first()
        .map(|(value, _)| value.clone())
        .unwrap_or_default();
    html! {
        form.choice method="get" action="/bulletins/make" {
            (select("period", frame.pick("报告期", "Period"), &chosen, &options))
            label { span { (frame.pick("时点（空为现在，当地时间）", "Instant (empty for now, local time)")) } input type="datetime-local" name="as_of"; }
            button type="submit" { (frame.pick("生成", "Make")) }
        }
        p.quiet { (frame.pick("同一份日志、同一时点，任何人重算得到同样的字节；发布即把文件摘要签入日志。", "The same journal and instant give the same bytes to whoever computes them; publishing signs the document's digest into the journal.")) }
    }
}

fn table(frame: &Frame<'_>, published: &[(LogIndex, PublicationRow)]) -> Table {
    let pick = |zh, en| frame.pick(zh, en);
    let columns = [
        pick("报告期", "Period"),
        pick("时点", "Instant"),
        pick("发布于", "Published"),
        pick("#日志", "#Entry"),
        pick("文件摘要", "Document"),
    ];
    let mut table = Table::new(
        "bulletins",
        pick("已发布的通报", "Published bulletins"),
        &columns,
    );
    for (index, row) in published.iter().rev() {
        let digest = Digest::from_slice(&row.sha256).map(|digest| digest.to_string());
        let digest = digest.unwrap_or_default();
        table.push(vec![
            Cell::link(
                &format!("/bulletins/{}", encoded(&digest)),
                row.period.clone(),
            ),
            Cell::text(frame.time(row.as_of_ms)).by(row.as_of_ms),
            Cell::text(frame.time(row.published_at_ms)).by(row.published_at_ms),
            Cell::count(index.0),
            Cell::text(digest.clone()).shown(html! { code { (digest) } }),
        ]);
    }
    table
}

/// A page that is whole in itself. Its one style is let in by its digest, so no other style runs, nor any script.
fn shown(page: Vec<u8>) -> Response {
    let text = String::from_utf8_lossy(&page);
    let style = text
        .split_once("<style>")
        .and_then(|(_, rest)| rest.split_once("</style>"));
    let digest = STANDARD.encode(Sha256::digest(style.map_or("", |(style, _)| style)));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let policy =
        HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CONTENT_SECURITY_POLICY, policy),
        ],
        page,
    )
        .into_response()
}

/// A file for the disk.
fn handed(name: &str, kind: &'static str, bytes: Vec<u8>) -> Response {
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let disposition = disposition.unwrap_or(HeaderValue::from_static("attachment"));
    let kind = HeaderValue::from_static(kind);
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        bytes,
    )
        .into_response()
}
