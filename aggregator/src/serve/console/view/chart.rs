//! Small charts as inline SVG, each with its figures in a table or in its title beside it; no style attributes, which the policy forbids.

use maud::{Markup, html};

use super::Frame;

/// The drawing's size, in its own units.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 26.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = 40.0;
/// Marks on the time axis.
const MARKS_MAX: usize = 8;

/// One place on the time axis.
pub(in crate::serve::console) struct Place {
    /// What stands under it.
    pub(in crate::serve::console) label: String,
    /// The values stated for it, the oldest first; the last one is the current.
    pub(in crate::serve::console) values: Vec<Value>,
}

/// One point.
pub(in crate::serve::console) struct Value {
    /// Where it is drawn.
    pub(in crate::serve::console) height: f64,
    /// What it is, with the digits that were stated.
    pub(in crate::serve::console) told: String,
}

/// A bar of five states.
pub(in crate::serve::console) fn bar(parts: &[(&'static str, u64)], label: &str) -> Markup {
    let total: u64 = parts.iter().map(|(_, count)| count).sum();
    let total = total.max(1) as f64;
    let shares = parts
        .iter()
        .map(|(class, count)| (*class, *count as f64 * 100.0 / total));
    let placed = shares.scan(0.0, |at, (class, width)| {
        let from = *at;
        *at += width;
        Some((class, from, width))
    });
    html! {
        svg.bar viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label=(label) {
            rect.ground x="0" y="0" width="100" height="8" {}
            @for (class, from, width) in placed.filter(|(_, _, width)| *width > 0.0) {
                rect class=(class) x=(format!("{from:.2}")) y="0" width=(format!("{width:.2}")) height="8" {}
            }
        }
    }
}

/// A line through the current values, with the earlier vintages as dots; over `scale`, else over what there is.
pub(in crate::serve::console) fn line(
    frame: &Frame<'_>,
    places: &[Place],
    label: &str,
    scale: Option<(f64, f64)>,
) -> Markup {
    let all = places.iter().flat_map(|place| &place.values);
    let all = all.map(|value| value.height);
    let (low, high) = all.fold((f64::MAX, f64::MIN), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high {
        return html! { p.quiet { (frame.pick("没有数值", "There are no values.")) } };
    }
    let room = if high > low {
        (high - low) * 0.08
    } else {
        high.abs().max(1.0) * 0.1
    };
    let (low, high) = scale.unwrap_or((low - room, high + room));
    let step = (WIDTH - LEFT - RIGHT) / (places.len().max(2) - 1) as f64;
    let x = |at: usize| LEFT + step * at as f64;
    let y = |value: f64| TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low);
    let current = places
        .iter()
        .enumerate()
        .filter_map(|(at, place)| Some((at, place.values.last()?.height)));
    let points: Vec<String> = current
        .clone()
        .map(|(at, value)| format!("{:.1},{:.1}", x(at), y(value)))
        .collect();
    let every = places.len().div_ceil(MARKS_MAX).max(1);
    html! {
        svg.line viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(label) {
            @for tick in 0..=3_u8 {
                @let value = low + (high - low) * f64::from(tick) / 3.0;
                line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(format!("{:.1}", y(value))) y2=(format!("{:.1}", y(value))) {}
                text.figure x=(LEFT - 8.0) y=(format!("{:.1}", y(value) + 4.0)) { (short(value)) }
            }
            @for (at, place) in places.iter().enumerate().filter(|(at, _)| at % every == 0) {
                text.mark x=(format!("{:.1}", x(at))) y=(HEIGHT - 6.0) { (place.label) }
            }
            polyline points=(points.join(" ")) {}
            @for (at, place) in places.iter().enumerate() {
                @for (turn, value) in place.values.iter().enumerate() {
                    @let is_current = turn + 1 == place.values.len();
                    circle.now[is_current].before[!is_current] cx=(format!("{:.1}", x(at))) cy=(format!("{:.1}", y(value.height))) r=(if is_current { 3.2 } else { 2.6 }) {
                        title { (place.label) " · " (value.told) @if !is_current { " · " (frame.pick("修订前", "before a revision")) } }
                    }
                }
            }
        }
    }
}

/// A value on the axis.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 1e8 => format!("{:.1}e8", value / 1e8),
        size if size >= 1_000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
