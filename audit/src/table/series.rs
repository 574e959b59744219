//! The series table: one indicator of one unit, period by period, or vintage by vintage.

use granary_proto::v1::{GetSeriesResponse, SeriesPoint};

use super::{Lay, basis, draw};
use crate::words::{self, Manner};

/// Draws a series.
#[must_use]
pub fn series(manner: &Manner, answer: &GetSeriesResponse) -> String {
    let columns = [
        (manner.say("报告期", "period"), Lay::Words),
        (manner.say("数值", "value"), Lay::Figures),
        (manner.say("状态码", "status"), Lay::Words),
        (manner.say("修订", "revision"), Lay::Figures),
        (manner.say("收到时间", "received"), Lay::Words),
        (manner.say("日志序号", "log index"), Lay::Figures),
    ];
    let rows = answer.points.iter().map(|point| line(manner, point));
    let mut text = draw(&columns, rows.collect(), manner.width);
    text.push_str("\n\n");
    let stands_on = answer.basis.clone().unwrap_or_default();
    text.push_str(&basis::basis(manner, &stands_on, 0));
    text
}

fn line(manner: &Manner, point: &SeriesPoint) -> Vec<String> {
    vec![
        point.period.clone(),
        words::figure(point.value.as_ref()),
        words::letter(point.status),
        point.revision.to_string(),
        manner.instant(point.received_at_ms),
        point.index.to_string(),
    ]
}
