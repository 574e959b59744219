//! The rows of a mapped table: those of this unit are taken, those of others counted.

use csv::StringRecord;
use granary_core::code::ItemKey;

use super::{
    super::super::{
        cell::trim,
        fault::{Column, Place, say},
        gather::Gather,
        mapping::Table,
        names::{folded, nearest},
    },
    Found, alias, report_item, take,
};

/// The rows of a mapped table, while they are read.
#[derive(Default)]
pub(super) struct Rows {
    own: usize,
    /// Names of other units in it.
    others: Vec<String>,
    others_more: usize,
}

impl Rows {
    pub(super) fn read(
        &mut self,
        row: u64,
        record: &StringRecord,
        (found, unit, item): (&[Found<'_, '_>], &Option<Column>, &Option<Column>),
        table: &Table,
        gather: &mut Gather<'_, '_>,
    ) {
        if let Some(unit) = unit {
            let text = trim(record.get(unit.index).unwrap_or_default());
            let has_figure = found.iter().any(|f| {
                record
                    .get(f.column.index)
                    .is_some_and(|t| !trim(t).is_empty())
            });
            if text.is_empty() || !has_figure {
                return;
            }
            if gather.names.unit(&alias(table, text)).is_err() {
                if self.others.len() < 200 {
                    self.others.push(text.to_owned())
                } else {
                    self.others_more += 1
                }
                return;
            }
        }
        self.own += 1;
        let item = match item
            .as_ref()
            .map(|c| (c, trim(record.get(c.index).unwrap_or_default())))
        {
            Some((_, "")) => return,
            Some((column, text)) => match ItemKey::new(text) {
                Ok(key) => Some(key),
                Err(_) => return report_item(gather, Place::cell(row, column.clone()), text),
            },
            None => None,
        };
        for figure in found {
            let text = record.get(figure.column.index).unwrap_or_default();
            let item = item.clone().or_else(|| figure.item.clone());
            take(
                gather,
                figure,
                item,
                Place::cell(row, figure.column.clone()),
                text,
            );
        }
    }

    pub(super) fn finish(self, unit: Option<&Column>, table: &Table, gather: &mut Gather<'_, '_>) {
        let Some(column) = unit else { return };
        let others = self.others.len() + self.others_more;
        if self.own > 0 {
            if others > 0 {
                gather.tell_sheet(
                    Place::default(),
                    say!(
                        "其他单位的 {others} 行没有取用",
                        "{others} rows of other units were passed over"
                    ),
                );
            }
            return;
        }
        let own = gather.names.own();
        let name = gather
            .names
            .catalogue()
            .unit(own)
            .map_or(own.to_string(), |u| u.name().zh.clone());
        let folded: Vec<String> = self.others.iter().map(|o| folded(o)).collect();
        let near = nearest(&name, folded.iter().map(String::as_str));
        let near = match near.is_empty() {
            true => folded.iter().take(5).map(String::as_str).collect(),
            false => near,
        };
        let near = near.join("、");
        let number = table.number;
        gather.report(
            Place { column: Some(column.clone()), ..Place::default() },
            say!("没有本单位 {own}（{name}）的行；表中有：{near}", "there is no row of this unit, {own} ({name}); there are: {near}"),
            say!("在 mapping.toml 第 {number} 个 [[table]] 的 units 里写明本单位在表中的叫法", "write under units in [[table]] {number} of mapping.toml what this unit is called in the table"),
        );
    }
}
