//! What stands beside a series: the year's target with the share of the year that has passed, and the same figure of the unit's peers.

use granary_core::{
    catalogue::IndicatorKind,
    code::{DatasetCode, IndicatorCode, ItemKey, UnitCode},
    decimal::Decimal,
    ledger::Known,
    period::Period,
    snapshot::SlotKey,
    targets::growth_percent,
};
use granary_proto::v1;
use maud::{Markup, html};

use super::league;
use crate::serve::{
    City,
    console::{
        download::links,
        problem::Problem,
        routes::Room,
        view::{
            Frame, encoded,
            table::{Cell, Table},
        },
    },
    history, scores,
};

/// Peers on the page; the file has all.
pub(super) const PEERS_SHOWN: usize = 40;
/// Peers whose reports are read.
const PEERS_MAX: usize = 1_000;
/// Years with a target that are told.
const YEARS_MAX: usize = 5;

/// Targets and peers of one unit's figure.
pub(super) struct Beside {
    request: v1::GetSeriesRequest,
    /// The newest year first.
    targets: Vec<v1::TargetLine>,
    /// The newest period of which the unit's value is known; none where no value is.
    period: Option<Period>,
    /// Whether peers have the same parent; else the same level.
    is_same_parent: bool,
    /// Those with a value, the highest first.
    peers: Vec<Peer>,
    /// Units that owe the report and of which no value is known.
    silent: usize,
    is_rate: bool,
}

/// One unit's figure of the period.
struct Peer {
    unit: UnitCode,
    value: Decimal,
    /// Over the year before: in per cent, of a rate in points.
    growth: Option<Decimal>,
}

/// Whose figure of what.
struct Figure<'a> {
    dataset: &'a DatasetCode,
    indicator: &'a IndicatorCode,
    item: Option<&'a ItemKey>,
}

impl Figure<'_> {
    /// The current value; none where none is stated.
    fn of(&self, city: &City, unit: &UnitCode, period: Period) -> Result<Option<Decimal>, Problem> {
        let slot = SlotKey::new(unit.clone(), self.dataset.clone(), period);
        Ok(match history::current(city, &slot)? {
            Known::Stated(snapshot) => snapshot
                .observation(self.indicator, self.item)
                .and_then(|observation| observation.value),
            Known::Nothing | Known::Hidden => None,
        })
    }
}

impl Beside {
    /// Reads what there is; the unit has been let through by the person's scope.
    pub(super) fn read(
        room: &Room<'_>,
        request: &v1::GetSeriesRequest,
        points: &[v1::SeriesPoint],
    ) -> Result<Self, Problem> {
        let unit = UnitCode::new(&request.unit).map_err(|_| Problem::NotFound)?;
        let dataset = DatasetCode::new(&request.dataset).map_err(|_| Problem::NotFound)?;
        let indicator = IndicatorCode::new(&request.indicator).map_err(|_| Problem::NotFound)?;
        let item = request.item.as_deref().map(ItemKey::new).transpose();
        let item = item.map_err(|_| Problem::NotFound)?;
        let known = points.iter().rev().find(|point| point.value.is_some());
        let period = known.and_then(|point| Period::parse(&point.period).ok());
        let kind = room.catalogue.indicator(&indicator).map(|one| one.kind());
        let mut beside = Self {
            request: request.clone(),
            targets: targets(room, request)?,
            period,
            is_same_parent: true,
            peers: Vec::new(),
            silent: 0,
            is_rate: kind == Some(IndicatorKind::Rate),
        };
        if let Some(period) = period {
            let figure = Figure {
                dataset: &dataset,
                indicator: &indicator,
                item: item.as_ref(),
            };
            beside.compare(room, &unit, &figure, period)?;
        }
        Ok(beside)
    }

    /// Reads the figures of the units with the same parent, or where there are none of the same level.
    fn compare(
        &mut self,
        room: &Room<'_>,
        unit: &UnitCode,
        figure: &Figure<'_>,
        period: Period,
    ) -> Result<(), Problem> {
        let catalogue = &room.catalogue;
        let level = catalogue.unit(unit).and_then(|unit| unit.level());
        let parent = catalogue.parent(unit, period);
        let expected = catalogue.expected_units(figure.dataset, period).into_iter();
        let level: Vec<&UnitCode> = expected
            .map(|index| catalogue.unit_at(index))
            .filter(|one| one.level() == level && room.scope.holds(one.code().as_str()))
            .map(|one| one.code())
            .collect();
        let siblings: Vec<&UnitCode> = level
            .iter()
            .copied()
            .filter(|one| catalogue.parent(one, period) == parent)
            .collect();
        self.is_same_parent = siblings.len() > 1 && parent.is_some();
        let peers = if self.is_same_parent { siblings } else { level };
        // Its own figure stands among them, however many there are.
        let others = peers.into_iter().filter(|one| *one != unit);
        let city = &room.console.city;
        for one in [unit].into_iter().chain(others.take(PEERS_MAX)) {
            let Some(value) = figure.of(city, one, period)? else {
                self.silent += 1;
                continue;
            };
            let before = period.year_ago();
            let before = before
                .map(|before| figure.of(city, one, before))
                .transpose()?;
            let growth = before.flatten().and_then(|before| {
                if self.is_rate {
                    value.checked_sub(before)
                } else {
                    growth_percent(before, value)
                }
            });
            self.peers.push(Peer {
                unit: one.clone(),
                value,
                growth,
            });
        }
        self.peers
            .sort_by(|a, b| (b.value, &a.unit).cmp(&(a.value, &b.unit)));
        Ok(())
    }

    /// The year's target: what is reached of it, beside the share of the year that has passed.
    pub(super) fn targets(&self, frame: &Frame<'_>) -> Markup {
        let Some(newest) = self.targets.first() else {
            return html! { p.quiet { (frame.pick("报表制度没有给这个单位的这项指标定年度目标", "The catalogue sets this unit no target for this indicator")) } };
        };
        let or_dash = |text: &str| {
            if text.is_empty() {
                "—".to_owned()
            } else {
                text.to_owned()
            }
        };
        let percent = |text: &str| {
            if text.is_empty() {
                "—".to_owned()
            } else {
                format!("{text} %")
            }
        };
        html! { section {
            h2 { (newest.year) " " (frame.pick("年目标", "target")) }
            div.tiles {
                div.tile { span.name { (frame.pick("年度目标", "Year's target")) } strong { (or_dash(&newest.target)) } span.quiet { (frame.visitor.words(newest.measure.as_ref())) } }
                div.tile { span.name { (frame.pick("完成年度目标", "Reached of it")) } strong { (percent(&newest.progress_percent)) } span.quiet { (or_dash(&newest.actual)) @if !newest.through.is_empty() { " · " (frame.pick("截至 ", "through ")) (newest.through) } } }
                div.tile { span.name { (frame.pick("时间进度", "Of the year elapsed")) } strong { (percent(&newest.elapsed_percent)) } span.quiet { (frame.pick("到所计最后一期期末", "by the end of the last period that counts")) } }
                div.tile { span.name { (frame.pick("与时间进度应完成之差", "Against elapsed time")) } strong { (or_dash(&newest.gap)) } @if !newest.pace_needed.is_empty() { span.quiet { (frame.pick("其余各期平均需 ", "each period left needs ")) (newest.pace_needed) } } }
            }
            @if self.targets.len() > 1 { (self.goals(frame).show(frame)) }
        } }
    }

    /// All years' targets, as a table.
    pub(super) fn goals(&self, frame: &Frame<'_>) -> Table {
        league::targets(frame, &self.targets)
    }

    /// The peers with rank by value and by growth, at most so many.
    pub(super) fn peers(&self, room: &Room<'_>, frame: &Frame<'_>, most: usize) -> Table {
        let pick = |zh, en| frame.pick(zh, en);
        let columns = [
            pick("单位", "Unit"),
            pick("代码", "Code"),
            pick("#数值", "#Value"),
            pick("#名次", "#Rank"),
            if self.is_rate {
                pick("#比上年同期增减（点）", "#Over the year before (points)")
            } else {
                pick("#比上年同期增长 %", "#Growth over the year before %")
            },
            pick("#增长名次", "#Rank by growth"),
        ];
        let mut table = Table::new("peers", pick("同级单位", "Peers"), &columns);
        let rank = |above: usize| Cell::count(u64::try_from(above + 1).unwrap_or(u64::MAX));
        for (at, peer) in self.peers.iter().enumerate() {
            let code = peer.unit.as_str();
            let is_own = code == self.request.unit;
            if at >= most && !is_own {
                continue;
            }
            let higher = self.peers.iter().filter(|other| other.value > peer.value);
            let faster = |growth: Decimal| {
                let others = self.peers.iter().filter_map(|other| other.growth);
                others.filter(|other| *other > growth).count()
            };
            let name = super::unit_name(frame, &room.catalogue, code);
            let path = format!(
                "/indicators?dataset={}&indicator={}&unit={}",
                encoded(&self.request.dataset),
                encoded(&self.request.indicator),
                encoded(code)
            );
            let shown =
                html! { @if is_own { strong { (name) } } @else { a href=(path) { (name) } } };
            table.push(vec![
                Cell::text(name.clone()).shown(shown),
                Cell::text(code),
                Cell::figure(peer.value.to_string()),
                rank(higher.count()),
                Cell::figure(
                    peer.growth
                        .map(|growth| growth.to_string())
                        .unwrap_or_default(),
                ),
                peer.growth
                    .map_or_else(|| Cell::figure(""), |growth| rank(faster(growth))),
            ]);
        }
        table
    }

    /// The section of the peers.
    pub(super) fn show(&self, frame: &Frame<'_>, table: &Table) -> Markup {
        let Some(period) = self.period else {
            return html! {};
        };
        let who = if self.is_same_parent {
            frame.pick("同一上级的同级单位", "units of the same level and parent")
        } else {
            frame.pick("同级单位", "units of the same level")
        };
        html! { section {
            h2 { (frame.pick("同级对比", "Peers")) " · " (period) }
            p.quiet { (who) "；" (self.peers.len()) " " (frame.pick("个有数值", "with a value"))
                @if self.silent > 0 { "，" (self.silent) " " (frame.pick("个没有", "without")) } }
            (table.show(frame))
            @if self.peers.len() > PEERS_SHOWN { div.tools { (frame.pick("其余在文件中", "the rest is in the file")) " " (links(frame, "peers")) } }
        } }
    }
}

/// The progress towards the unit's targets of the indicator, the newest year first.
fn targets(
    room: &Room<'_>,
    request: &v1::GetSeriesRequest,
) -> Result<Vec<v1::TargetLine>, Problem> {
    if request.item.is_some() {
        return Ok(Vec::new());
    }
    let own = room.catalogue.targets().iter().filter(|target| {
        target.unit.as_str() == request.unit
            && target.dataset.as_str() == request.dataset
            && target.indicator.as_str() == request.indicator
    });
    let mut years: Vec<i16> = own.map(|target| target.year).collect();
    years.sort_unstable_by(|a, b| b.cmp(a));
    let mut lines = Vec::new();
    for year in years.into_iter().take(YEARS_MAX) {
        let asked = v1::ListTargetsRequest {
            filter: Some(v1::SlotFilter {
                units: vec![request.unit.clone()],
                datasets: vec![request.dataset.clone()],
                ..Default::default()
            }),
            year: year.into(),
            ..Default::default()
        };
        let answer = scores::list_targets(&room.console.city, &asked)?;
        let of_it = answer.targets.into_iter().filter(|line| {
            let named = line.indicator.as_ref();
            named.is_some_and(|named| named.code == request.indicator)
        });
        lines.extend(of_it);
    }
    Ok(lines)
}
