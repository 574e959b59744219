//! SDMX-CSV 2.x (SDMX Technical Working Group, "SDMX-CSV field guide", 2.0 and 2.1), as the auditor's `tables` writes it and as other
//! programs do: the columns `STRUCTURE`, `STRUCTURE_ID`, `ACTION`, then dimensions, measure and attributes.
//!
//! - `STRUCTURE_ID`, `AGENCY:ID(VERSION)`, names the dataset by its ID.
//! - `ACTION` may be `I`, `A`, `M` or `R`, or blank. A deletion (`D`) is refused: figures are withdrawn by a statement, not by a row.
//! - `VINTAGE` is refused: several vintages of a figure are no statement.
//! - Headings and codes may carry labels: `OBS_STATUS: Status`, `A: Normal value`. Only what stands before the colon counts.
//! - A `$` in `REF_AREA` and `UNIT_MEASURE` stands for the `.` that SDMX does not allow in codes.
//! - `NaN` is what SDMX writes for a value that is not there.
//!
//! A row is turned into one of a long text and read as such; further columns (`DECIMALS`, `LOG_INDEX`...) are passed over.

use csv::StringRecord;

use super::{
    cell::trim,
    fault::{Column, Place, clip, say},
    gather::Gather,
};

/// The columns of an SDMX-CSV file, as those of a long text.
pub(super) struct Sdmx {
    headings: StringRecord,
    /// What each column is.
    columns: Vec<Role>,
    /// Whether a row that is no statement was told already.
    told: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// `dataflow` and the like.
    Structure,
    StructureId,
    Action,
    /// A code, where `$` stands for `.`.
    Code,
    /// A code or text without that.
    Plain,
    Value,
    /// Of no concern here.
    Other,
}

/// SDMX components and the headings of a long text.
const COMPONENTS: [(&str, &str, Role); 8] = [
    ("REF_AREA", "unit", Role::Code),
    ("INDICATOR", "indicator", Role::Plain),
    ("ITEM", "item", Role::Plain),
    ("TIME_PERIOD", "period", Role::Plain),
    ("OBS_VALUE", "value", Role::Value),
    ("OBS_STATUS", "status", Role::Plain),
    ("UNIT_MEASURE", "unit_measure", Role::Code),
    ("COMMENT_OBS", "note", Role::Plain),
];

impl Sdmx {
    /// The columns, if the line of headings is that of SDMX-CSV 2.x.
    pub(super) fn read(
        gather: &mut Gather<'_, '_>,
        record: &StringRecord,
        row: u64,
    ) -> Option<Self> {
        let first = id(record.get(0)?);
        // A list may stand in a cell: then its separator stands in brackets behind the word.
        if first != "STRUCTURE" && !first.starts_with("STRUCTURE[") {
            return None;
        }
        let (mut headings, mut columns) = (StringRecord::new(), Vec::new());
        for (index, heading) in record.iter().enumerate() {
            let name = id(heading);
            let (word, role) = match name {
                "STRUCTURE_ID" => ("dataset", Role::StructureId),
                "ACTION" => ("", Role::Action),
                "VINTAGE" => {
                    report_vintages(gather, row, index);
                    ("", Role::Other)
                }
                _ if index == 0 => ("", Role::Structure),
                _ => COMPONENTS
                    .iter()
                    .find(|(component, ..)| *component == name)
                    .map_or(("", Role::Other), |(_, word, role)| (*word, *role)),
            };
            headings.push_field(word);
            columns.push(role);
        }
        Some(Self {
            headings,
            columns,
            told: false,
        })
    }

    /// The headings of a long text in the same columns.
    pub(super) const fn headings(&self) -> &StringRecord {
        &self.headings
    }

    /// The row as one of a long text; `None` where it states nothing, which is told.
    pub(super) fn plain(
        &mut self,
        gather: &mut Gather<'_, '_>,
        record: &StringRecord,
        row: u64,
    ) -> Option<StringRecord> {
        let mut plain = StringRecord::new();
        for (index, field) in record.iter().enumerate() {
            let field = trim(field);
            match self.columns.get(index).copied().unwrap_or(Role::Other) {
                Role::Action
                    if !matches!(
                        field.to_ascii_uppercase().as_str(),
                        "" | "I" | "A" | "M" | "R"
                    ) =>
                {
                    self.report_action(gather, (row, index), field);
                    return None;
                }
                Role::Structure | Role::Action | Role::Other => plain.push_field(""),
                Role::StructureId => plain.push_field(structure_id(field)),
                Role::Code => plain.push_field(&id(field).replace('$', ".")),
                Role::Value if field.eq_ignore_ascii_case("nan") => plain.push_field(""),
                // A remark may hold a colon, a value or an item no label.
                Role::Value => plain.push_field(field),
                Role::Plain => {
                    let is_code = matches!(
                        self.headings.get(index),
                        Some("indicator" | "status" | "period")
                    );
                    plain.push_field(if is_code { id(field) } else { field });
                }
            }
        }
        Some(plain)
    }

    fn report_action(
        &mut self,
        gather: &mut Gather<'_, '_>,
        (row, index): (u64, usize),
        field: &str,
    ) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        let (found, heading) = (clip(field), "ACTION".into());
        gather.report(
            Place::cell(row, Column { index, heading }),
            say!("ACTION “{found}”不是报送", "ACTION \"{found}\" states no figures"),
            say!("只接受 I、A、M、R；撤回数值请填状态 O 并说明", "only I, A, M and R are taken; to withdraw a value, state it with status O and explain"),
        );
    }
}

fn report_vintages(gather: &mut Gather<'_, '_>, row: u64, index: usize) {
    let heading = "VINTAGE".into();
    gather.report(
        Place::cell(row, Column { index, heading }),
        say!(
            "这是历次数据（VINTAGE），不是一次报送",
            "these are vintages, not one statement"
        ),
        say!(
            "导出 series 再报，每个指标一个数值",
            "export series instead: one value for each indicator"
        ),
    );
}

/// What stands before a label: `A` of `A: Normal value`.
fn id(text: &str) -> &str {
    let text = trim(text);
    trim(text.split_once(": ").map_or(text, |(id, _)| id))
}

/// `quarterly-accounts` of `GRANARY:quarterly-accounts(1.0.0): Quarterly accounts`.
fn structure_id(text: &str) -> &str {
    let text = id(text);
    let text = text.split_once('(').map_or(text, |(id, _)| id);
    text.rsplit_once(':').map_or(text, |(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_lose_agency_version_and_label() {
        for (text, expect) in [
            ("GRANARY:quarterly-accounts(3.0.0)", "quarterly-accounts"),
            (
                "GRANARY:quarterly-accounts(3.0.0): Quarterly accounts",
                "quarterly-accounts",
            ),
            ("quarterly-accounts", "quarterly-accounts"),
        ] {
            assert_eq!(structure_id(text), expect);
        }
        assert_eq!(
            (id("OBS_STATUS: Status"), id("A"), id(" M: none ")),
            ("OBS_STATUS", "A", "M")
        );
    }
}
