//! The full re-check: how often each edit holds, fails and is undecided.

use granary_proto::v1::RecheckDatasetResponse;

use super::{Lay, basis, draw};
use crate::words::Manner;

/// Draws a re-check.
#[must_use]
pub fn recheck(manner: &Manner, answer: &RecheckDatasetResponse) -> String {
    let columns = [
        (manner.say("审核", "edit"), Lay::Words),
        (manner.say("类别", "kind"), Lay::Words),
        (manner.say("成立", "holds"), Lay::Figures),
        (manner.say("不成立", "fails"), Lay::Figures),
        (manner.say("无法判断", "undecided"), Lay::Figures),
        (manner.say("不成立意味着", "what failing means"), Lay::Text),
    ];
    let rows = answer.edits.iter().map(|edit| {
        vec![
            edit.edit.clone(),
            manner.kind(edit.kind()).to_owned(),
            edit.holds.to_string(),
            edit.fails.to_string(),
            edit.undecided.to_string(),
            manner.pick(&edit.message_zh, &edit.message_en).to_owned(),
        ]
    });
    let mut text = draw(&columns, rows.collect(), manner.width);
    text.push_str("\n\n");
    text.push_str(manner.say("报表份数", "records"));
    text.push_str(&format!(": {}\n", answer.records));
    let basis = answer.basis.clone().unwrap_or_default();
    text.push_str(&basis::basis(manner, &basis, basis.applied_size));
    text
}
