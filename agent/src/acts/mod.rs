//! The acts of the clerk on what was reported before: explain, revise, withdraw.
//!
//! In: the unit's own records as they are known here ([`crate::history`]), and the clerk's words. Out: a file that goes the way of every
//! file: into the inbox. Durable after: nothing here; the inbox makes it so. On crash: before the file is in the inbox, nothing has
//! happened.
//!
//! None of these acts has a way of its own to the city. Each is a new revision of the whole statement, written as a file that a person can
//! read ([`statement`]), judged by the same preflight, signed, spooled and answered with a receipt. So nothing is ever changed in place or
//! deleted, and whoever reads the journal sees what was said before, what is said now, and why.
//!
//! The reason of a revision goes along as an explanation under [`REVISED`], an id that no edit has.
//!
//! The command line and the local page call the same functions.

pub mod statement;
pub mod handed;
pub mod papers;
pub mod changes;
pub mod findings;
pub mod explain;
pub mod withdraw;
pub mod slots;

#[cfg(test)]
mod tests;

pub use granary_core::ledger::assess::REVISED;
use granary_core::{
    catalogue::Catalogue,
    code::{DatasetCode, EditId, UnitCode},
    period::Period,
    snapshot::{EXPLANATION_BYTES_MAX, Explanation, SignOff, SignOffRole, SlotKey},
    text::Bilingual,
};

use crate::intake::say;

/// Why an act is not done, in words for the clerk; nothing has happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.en)]
pub struct Declined(pub Bilingual);

/// The words of a clerk on one line, within `bytes_max` bytes.
///
/// # Errors
/// [`Declined`] where nothing is left, or it is too long.
pub fn words(text: &str, bytes_max: usize) -> Result<String, Declined> {
    let text = one_line(text);
    if text.is_empty() {
        return Err(Declined(say!("没有写原因", "no reason is given")));
    }
    if text.len() > bytes_max {
        let length = text.len();
        return Err(Declined(say!(
            "文字过长：{length} 字节，至多 {bytes_max} 字节（汉字每个 3 字节）",
            "the text is too long: {length} bytes, at most {bytes_max} are allowed"
        )));
    }
    Ok(text)
}

/// The text without line breaks and other control characters, which a line of a file cannot hold, and without white space around it.
#[must_use]
pub fn one_line(text: &str) -> String {
    let spaced = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let spaced: String = spaced.collect();
    let is_outer = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}');
    spaced.trim_matches(is_outer).to_owned()
}

/// A sign-off under a name as a person writes it.
///
/// # Errors
/// [`Declined`] where there is no name, or it is too long.
pub fn sign_off(role: SignOffRole, name: &str) -> Result<SignOff, Declined> {
    /// What a snapshot takes, in bytes.
    const NAME_BYTES_MAX: usize = 128;
    Ok(SignOff {
        role,
        name: words(name, NAME_BYTES_MAX)?,
        signed_at_ms: 0,
    })
}

/// The explanation that carries the reason of a revision.
///
/// # Errors
/// [`Declined`] where there is no reason, or it is too long.
pub fn revised_because(reason: &str) -> Result<Explanation, Declined> {
    let text = words(reason, EXPLANATION_BYTES_MAX)?;
    let edit = EditId::new(REVISED)
        .map_err(|error| Declined(Bilingual::new(error.to_string(), error.to_string())))?;
    Ok(Explanation {
        edit,
        item: None,
        text,
    })
}

/// The slot that a dataset's code and a period's text name.
///
/// # Errors
/// [`Declined`] where the catalogue has no such dataset, or the text is no period of it.
pub fn slot_named(
    catalogue: &Catalogue,
    unit: &UnitCode,
    (dataset, period): (&str, &str),
) -> Result<SlotKey, Declined> {
    let known = DatasetCode::new(dataset)
        .ok()
        .and_then(|code| catalogue.dataset(&code));
    let Some(known) = known else {
        let codes = catalogue.datasets().iter().map(|d| d.code().as_str());
        let (dataset, codes) = (
            crate::intake::clip(dataset),
            codes.take(20).collect::<Vec<_>>().join(", "),
        );
        return Err(Declined(say!(
            "没有报表 {dataset}；有：{codes}",
            "there is no dataset {dataset}; there are: {codes}"
        )));
    };
    let parsed = Period::parse(period)
        .ok()
        .filter(|p| p.periodicity() == known.periodicity());
    let Some(parsed) = parsed else {
        let (period, example) = (crate::intake::clip(period), known.first_period());
        return Err(Declined(say!(
            "{period} 不是这张报表的报告期；例如写成 {example}",
            "{period} is no period of this dataset; write for instance {example}"
        )));
    };
    Ok(SlotKey::new(unit.clone(), known.code().clone(), parsed))
}

/// That nothing is known here of a slot, so that nothing can be said about it anew.
fn nothing_known(slot: &SlotKey) -> Declined {
    let (dataset, period) = (&slot.dataset, slot.period);
    Declined(say!(
        "本机没有 {dataset} {period} 的现行数据：尚未报送，或尚未从市局取回（联网运行一次 granary-agent run）",
        "no current record of {dataset} for {period} is known here: it was not reported, or was not fetched from the city yet (run granary-agent run once with a connection)"
    ))
}
