//! *Findings*: what does not add up, by severity, rule, unit and owner, with the unit's explanations; an operator accepts or rejects them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{
    Extension,
    extract::{RawQuery, State},
    response::{IntoResponse as _, Response},
};
use granary_core::{access::Access, catalogue::Catalogue, code::DatasetCode};
use granary_proto::v1;
use maud::{Markup, html};

use super::{finding::all, select};
use crate::{
    people::Right,
    serve::{
        console::{
            Console,
            download::links,
            problem::Problem,
            routes::{Room, asked, page},
            view::{
                Frame, Tab, Visitor,
                table::{Cell, Table},
            },
        },
        findings,
    },
};

/// Findings on a page, so that it stays light with all that is said of each, and those that are looked through for them.
const SHOWN_MAX: usize = 15;
const LOOKED_MAX: u32 = 5_000;
/// Up to so many units can all be chosen; of more, those with units below them and those that are shown.
const UNITS_MAX: usize = 200;

/// What was asked for.
struct Wish {
    status: i32,
    kind: String,
    edit: String,
    dataset: String,
    under: String,
    owner: String,
    /// Which page of them, from 0.
    page: usize,
}

/// `GET /findings?status=&kind=&edit=&dataset=&under=&owner=&page=`
pub(in crate::serve::console) async fn show(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    RawQuery(query): RawQuery,
) -> Response {
    let what = query.clone().unwrap_or_default();
    page(console, visitor, (Right::Figures, Some((Access::Findings, what))), move |room| {
        let frame = room.frame(Tab::Findings);
        let wish = Wish::read(query.as_deref());
        let (found, is_cut) = found(room, &wish)?;
        let table = table(room, &frame, &found);
        if let Some(file) = table.csv(asked(query.as_deref(), "csv").as_deref()) {
            return file;
        }
        let pages = found.len().div_ceil(SHOWN_MAX).max(1);
        let at = wish.page.min(pages - 1);
        let shown: Vec<_> = found.iter().skip(at * SHOWN_MAX).take(SHOWN_MAX).cloned().collect();
        let body = html! {
            h1 { (frame.pick("问题", "Findings")) " " span.count { (found.len()) } }
            (choice(room, &frame, &wish, &shown))
            @if is_cut { p.notice.wait { (frame.pick("问题过多，只看了前一部分；请缩小范围", "there are more findings than are looked through: narrow the choice")) } }
            (summary(&frame, &found))
            div.tools { (pager(&frame, at, pages)) (links(&frame, "findings")) }
            (all(room, &frame, &shown)?)
            @if pages > 1 { div.tools { (pager(&frame, at, pages)) } }
            @if found.is_empty() { p.quiet { (frame.pick("没有这样的问题", "there are no such findings")) } }
        };
        Ok(frame.page(frame.pick("问题", "Findings"), &body).into_response())
    })
    .await
}

impl Wish {
    fn read(query: Option<&str>) -> Self {
        let value = |name| asked(query, name).unwrap_or_default();
        // What is still to be done, unless something else is asked for.
        let status = asked(query, "status")
            .and_then(|status| status.parse().ok())
            .unwrap_or(-1);
        Self {
            status,
            kind: value("kind"),
            edit: value("edit"),
            dataset: value("dataset"),
            under: value("under"),
            owner: value("owner"),
            page: asked(query, "page")
                .and_then(|page| page.parse().ok())
                .unwrap_or(1_usize)
                .saturating_sub(1),
        }
    }

    fn statuses(&self) -> Vec<i32> {
        match self.status {
            -1 => vec![
                v1::FindingStatus::Open.into(),
                v1::FindingStatus::Explained.into(),
            ],
            0 => Vec::new(),
            status => vec![status],
        }
    }

    fn wants(&self, catalogue: &Catalogue, finding: &v1::Finding) -> bool {
        let failure = finding.failure.as_ref();
        let edit = failure.map_or("", |failure| failure.edit.as_str());
        let is_validity = failure.is_some_and(|failure| failure.kind() == v1::EditKind::Validity);
        let is_kind = match self.kind.as_str() {
            "validity" => is_validity,
            "quality" => !is_validity,
            _ => true,
        };
        is_kind
            && (self.edit.is_empty() || edit == self.edit)
            && (self.owner.is_empty() || owners(catalogue, finding).contains(&self.owner))
    }
}

/// The departments that own an indicator which the finding's edit looks at.
pub(in crate::serve) fn owners(catalogue: &Catalogue, finding: &v1::Finding) -> Vec<String> {
    let edit = finding
        .failure
        .as_ref()
        .map_or("", |failure| failure.edit.as_str());
    let dataset = DatasetCode::new(&finding.dataset).ok();
    let dataset = dataset.as_ref().and_then(|code| catalogue.dataset(code));
    let edit = dataset.and_then(|dataset| {
        dataset
            .edits()
            .iter()
            .find(|known| known.id().as_str() == edit)
    });
    let indicators = edit.map_or(&[][..], |edit| edit.indicators());
    let owners = indicators
        .iter()
        .filter_map(|code| catalogue.indicator(code));
    let mut owners: Vec<String> = owners
        .map(|indicator| indicator.owner().to_string())
        .collect();
    owners.sort();
    owners.dedup();
    owners
}

fn found(room: &Room<'_>, wish: &Wish) -> Result<(Vec<v1::Finding>, bool), Problem> {
    let datasets = if wish.dataset.is_empty() {
        Vec::new()
    } else {
        vec![wish.dataset.clone()]
    };
    let request = v1::ListFindingsRequest {
        filter: Some(room.scope.filter(
            &room.catalogue,
            Some(&wish.under),
            datasets,
            Vec::new(),
        )?),
        statuses: wish.statuses(),
        page_size: LOOKED_MAX,
        ..Default::default()
    };
    let answer = findings::list(&room.console.city, request)?;
    let is_cut = !answer.next_page_token.is_empty();
    let mut found: Vec<v1::Finding> = answer
        .findings
        .into_iter()
        .filter(|one| room.scope.holds_finding(one) && wish.wants(&room.catalogue, one))
        .collect();
    // Validity first, then the newest.
    found.sort_by_key(|one| {
        let is_quality = one
            .failure
            .as_ref()
            .is_none_or(|failure| failure.kind() != v1::EditKind::Validity);
        (is_quality, std::cmp::Reverse(one.changed_index))
    });
    Ok((found, is_cut))
}

fn pager(frame: &Frame<'_>, at: usize, pages: usize) -> Markup {
    html! { @if pages > 1 { nav.pager aria-label=(frame.pick("翻页", "Pages")) {
        @if at > 0 { a href=(frame.visitor.with("page", &at.to_string())) { (frame.pick("上一页", "Previous")) } }
        span { (at + 1) " / " (pages) }
        @if at + 1 < pages { a href=(frame.visitor.with("page", &(at + 2).to_string())) { (frame.pick("下一页", "Next")) } }
    } } }
}

/// The units that can be chosen.
fn units(
    room: &Room<'_>,
    frame: &Frame<'_>,
    wish: &Wish,
    shown: &[v1::Finding],
) -> Vec<(String, String)> {
    let catalogue = &room.catalogue;
    let tops: BTreeSet<&str> = catalogue
        .units()
        .iter()
        .flat_map(|unit| unit.parents())
        .map(|parent| parent.unit().as_str())
        .collect();
    let is_wanted = |code: &str| {
        catalogue.units().len() <= UNITS_MAX
            || tops.contains(code)
            || wish.under == code
            || shown.iter().any(|one| one.unit == code)
    };
    let units = catalogue.units().iter();
    let units = units
        .filter(|unit| room.scope.holds(unit.code().as_str()) && is_wanted(unit.code().as_str()));
    units
        .take(2 * UNITS_MAX)
        .map(|unit| {
            (
                unit.code().to_string(),
                frame.visitor.say(unit.name()).to_owned(),
            )
        })
        .collect()
}

fn choice(room: &Room<'_>, frame: &Frame<'_>, wish: &Wish, shown: &[v1::Finding]) -> Markup {
    let pick = |zh: &str, en: &str| frame.pick(zh, en).to_owned();
    let any = |zh, en| (String::new(), pick(zh, en));
    let statuses = [
        (
            "-1".into(),
            pick("待办：待说明或改正、待核定", "to do: open, explained"),
        ),
        ("1".into(), pick("待说明或改正", "open")),
        ("2".into(), pick("已说明，待核定", "explained")),
        ("3".into(), pick("已认可", "accepted")),
        ("4".into(), pick("已改正", "corrected")),
        ("0".into(), pick("全部", "all")),
    ];
    let kinds = [
        any("强制性和核实性", "validity and quality"),
        ("validity".into(), pick("强制性", "validity")),
        ("quality".into(), pick("核实性", "quality")),
    ];
    let catalogue = &room.catalogue;
    let mut datasets = vec![any("全部报表", "all datasets")];
    datasets.extend(catalogue.datasets().iter().map(|one| {
        (
            one.code().to_string(),
            frame.visitor.say(one.name()).to_owned(),
        )
    }));
    let mut edits = vec![any("全部规则", "all rules")];
    edits.extend(
        catalogue
            .datasets()
            .iter()
            .flat_map(|one| one.edits())
            .map(|edit| (edit.id().to_string(), edit.id().to_string())),
    );
    let mut owners = vec![any("全部部门", "all departments")];
    owners.extend(catalogue.departments().iter().map(|one| {
        (
            one.code().to_string(),
            frame.visitor.say(one.name()).to_owned(),
        )
    }));
    let mut under = vec![any("全部单位", "all units")];
    under.extend(units(room, frame, wish, shown));
    html! {
        form.choice method="get" action="/findings" {
            (select("status", frame.pick("状态", "Status"), &wish.status.to_string(), &statuses))
            (select("kind", frame.pick("类别", "Severity"), &wish.kind, &kinds))
            (select("dataset", frame.pick("报表", "Dataset"), &wish.dataset, &datasets))
            (select("edit", frame.pick("规则", "Rule"), &wish.edit, &edits))
            (select("under", frame.pick("单位", "Unit"), &wish.under, &under))
            (select("owner", frame.pick("责任部门", "Owner"), &wish.owner, &owners))
            button type="submit" { (frame.pick("显示", "Show")) }
        }
    }
}

/// How often each rule fails, the most frequent first.
fn summary(frame: &Frame<'_>, found: &[v1::Finding]) -> Markup {
    let mut rules: BTreeMap<&str, u64> = BTreeMap::new();
    for failure in found.iter().filter_map(|finding| finding.failure.as_ref()) {
        *rules.entry(&failure.edit).or_default() += 1;
    }
    let mut rules: Vec<_> = rules.into_iter().collect();
    rules.sort_by_key(|(edit, count)| (std::cmp::Reverse(*count), *edit));
    html! { @if rules.len() > 1 { p.rules { @for (edit, count) in rules.into_iter().take(12) {
        a href=(frame.visitor.with("edit", edit)) { code { (edit) } " " span.count { (count) } } " "
    } } } }
}

fn table(room: &Room<'_>, frame: &Frame<'_>, found: &[v1::Finding]) -> Table {
    let columns = [
        frame.pick("单位代码", "Unit code"),
        frame.pick("单位", "Unit"),
        frame.pick("报表", "Dataset"),
        frame.pick("报告期", "Period"),
        frame.pick("类别", "Severity"),
        frame.pick("规则", "Rule"),
        frame.pick("明细项", "Item"),
        frame.pick("状态", "Status"),
        frame.pick("问题", "What does not hold"),
        frame.pick("单位说明", "The unit says"),
        frame.pick("核定意见", "Operations say"),
        frame.pick("日志序号", "Entry"),
        frame.pick("责任部门", "Owner"),
    ];
    let mut table = Table::new("findings", frame.pick("问题", "Findings"), &columns);
    for finding in found {
        let Some(failure) = &finding.failure else {
            continue;
        };
        let kind = if failure.kind() == v1::EditKind::Validity {
            "validity"
        } else {
            "quality"
        };
        let status = finding
            .status()
            .as_str_name()
            .trim_start_matches("FINDING_STATUS_")
            .to_lowercase();
        let cells = [
            finding.unit.clone(),
            frame
                .pick(&finding.unit_name_zh, &finding.unit_name_en)
                .to_owned(),
            finding.dataset.clone(),
            finding.period.clone(),
            kind.to_owned(),
            failure.edit.clone(),
            failure.item.clone().unwrap_or_default(),
            status,
            frame
                .pick(&failure.message_zh, &failure.message_en)
                .to_owned(),
            failure.explanation.clone(),
            finding.decision_reason.clone(),
            finding.snapshot_index.to_string(),
            owners(&room.catalogue, finding).join(" "),
        ];
        table.push(cells.map(Cell::text).into());
    }
    table
}
