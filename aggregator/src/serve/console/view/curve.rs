//! The drawing of a dataset's arrivals before a deadline, as inline SVG: the lead time runs from left to right, wider the nearer to the
//! deadline, since most reports come at the end.

use granary_proto::v1::{self, ArrivalPoint};
use maud::{Markup, html};

use super::Frame;

/// The drawing's size, in its own units.
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 180.0;
const LEFT: f64 = 42.0;
const RIGHT: f64 = 18.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 24.0;
/// Every so many points, counted from the deadline, one is named under the axis.
const MARK_EVERY: usize = 3;
const HOUR_MS: i64 = 3_600_000;
/// The last points are always drawn: two days.
const POINTS_MIN: usize = 12;
/// Fewer reports than this are not seen.
const NOTHING: f64 = 0.05;

/// Where things stand in the drawing.
struct Axes<'a> {
    points: &'a [ArrivalPoint],
    /// The most there can be.
    top: f64,
}

/// The curve of what is usual with its band, and of what has arrived, up to now.
pub(in crate::serve::console) fn curve(
    frame: &Frame<'_>,
    found: &v1::GetArrivalsResponse,
    label: &str,
) -> Markup {
    let axes = Axes {
        points: begun(&found.points),
        top: f64::from(found.owed.max(1)),
    };
    let end_ms = found
        .points
        .last()
        .map_or(found.due_at_ms, |last| last.at_ms);
    let now = found.now.as_ref().filter(|now| now.at_ms < end_ms);
    let now_at = now.and_then(|now| axes.place(now.at_ms));
    html! {
        svg.curve viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(label) {
            (axes.grid(frame, end_ms))
            polygon.band points=(axes.band()) {}
            polyline.usual points=(axes.line(|point| number(&point.expected))) {}
            polyline.arrived points=(axes.arrived(now.zip(now_at))) {}
            @if let Some(at) = now_at {
                line.now x1=(axes.x(at)) x2=(axes.x(at)) y1=(TOP) y2=(HEIGHT - BOTTOM) {}
                text.mark x=(axes.x(at)) y=(TOP - 6.0) { (frame.pick("现在", "now")) }
            }
        }
    }
}

/// The points from the last one at which nothing is expected and nothing has come.
fn begun(points: &[ArrivalPoint]) -> &[ArrivalPoint] {
    let is_begun = |point: &ArrivalPoint| {
        point.arrived.is_some_and(|arrived| arrived > 0)
            || number(&point.high).is_some_and(|high| high > NOTHING)
    };
    let first = points.iter().position(is_begun).unwrap_or(points.len());
    let first = first
        .saturating_sub(1)
        .min(points.len().saturating_sub(POINTS_MIN));
    points.get(first..).unwrap_or_default()
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

impl Axes<'_> {
    fn x(&self, at: f64) -> String {
        let steps = self.points.len().max(2) - 1;
        format!("{:.1}", LEFT + (WIDTH - LEFT - RIGHT) * at / steps as f64)
    }

    fn y(&self, value: f64) -> String {
        let share = (self.top - value) / self.top;
        format!("{:.1}", TOP + (HEIGHT - TOP - BOTTOM) * share)
    }

    /// The place of an instant among the points; `None` before the first.
    fn place(&self, at_ms: i64) -> Option<f64> {
        let after = self.points.partition_point(|point| point.at_ms <= at_ms);
        let (before, next) = (
            self.points.get(after.checked_sub(1)?)?,
            self.points.get(after),
        );
        let share = next.map_or(0.0, |next| {
            (at_ms - before.at_ms) as f64 / (next.at_ms - before.at_ms) as f64
        });
        Some((after - 1) as f64 + share)
    }

    fn line(&self, value: impl Fn(&ArrivalPoint) -> Option<f64>) -> String {
        let places = self.points.iter().enumerate();
        let places = places.filter_map(|(at, point)| Some((at as f64, value(point)?)));
        self.joined(places)
    }

    fn joined(&self, places: impl Iterator<Item = (f64, f64)>) -> String {
        let places: Vec<String> = places
            .map(|(at, value)| format!("{},{}", self.x(at), self.y(value)))
            .collect();
        places.join(" ")
    }

    /// Along its upper edge and back along the lower one.
    fn band(&self) -> String {
        let high = self.line(|point| number(&point.high));
        let low = self.points.iter().enumerate().rev();
        let low = low.filter_map(|(at, point)| Some((at as f64, number(&point.low)?)));
        format!("{high} {}", self.joined(low))
    }

    /// What has arrived at the points that are past, and now.
    fn arrived(&self, now: Option<(&ArrivalPoint, f64)>) -> String {
        let past = self.points.iter().enumerate();
        let past = past.filter_map(|(at, point)| Some((at as f64, f64::from(point.arrived?))));
        let now = now.and_then(|(point, at)| Some((at, f64::from(point.arrived?))));
        self.joined(past.chain(now))
    }

    /// The horizontal lines with how many they stand for, and the lead times.
    fn grid(&self, frame: &Frame<'_>, end_ms: i64) -> Markup {
        let last = self.points.len().saturating_sub(1);
        let marks = self.points.iter().enumerate();
        let marks = marks.filter(|(at, _)| (last - at).is_multiple_of(MARK_EVERY));
        html! {
            @for value in [0.0, (self.top / 2.0).floor(), self.top] {
                line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(self.y(value)) y2=(self.y(value)) {}
                text.figure x=(LEFT - 6.0) y=(self.y(value)) { (value) }
            }
            @for (at, point) in marks {
                text.mark x=(self.x(at as f64)) y=(HEIGHT - 6.0) { (lead(frame, end_ms - point.at_ms)) }
            }
        }
    }
}

/// How long before the deadline, in a few characters.
fn lead(frame: &Frame<'_>, lead_ms: i64) -> String {
    match lead_ms / HOUR_MS {
        hours if hours <= 0 => frame.pick("截止", "due").to_owned(),
        hours if hours >= 24 => format!("{} {}", hours / 24, frame.pick("天前", "d")),
        hours => format!("{hours} {}", frame.pick("时前", "h")),
    }
}
