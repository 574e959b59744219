//! The records of all files by kind, in the order of file names and then of the text.

use std::collections::BTreeMap;

use toml::{Spanned, de::DeValue};

use super::{
    entry::{Entry, quoted},
    fault::{Faults, say},
    names::{Kind, did_you_mean},
    source::{Place, Source},
};

/// Every record of the bundle.
pub(super) struct Document<'a> {
    entries: BTreeMap<Kind, Vec<Entry<'a>>>,
}

impl<'a> Document<'a> {
    /// Sorts what the files hold; reports tables of no known kind.
    pub(super) fn new(sources: &'a [Source<'a>], faults: &'a Faults) -> Self {
        let mut entries: BTreeMap<Kind, Vec<Entry<'a>>> = BTreeMap::new();
        for source in sources {
            let ends = Ends::new(source);
            for (key, value) in &source.root {
                let place = Place {
                    source,
                    offset: key.span().start,
                };
                let Some(kind) = Kind::from_table(key.get_ref()) else {
                    report_unknown(key.get_ref(), place, faults);
                    continue;
                };
                let records = records(kind, value, place, faults);
                let read = records.filter_map(|record| {
                    let end = ends.after(record.span().start);
                    Entry::new(kind, source, record, end, faults)
                });
                entries.entry(kind).or_default().extend(read);
            }
        }
        Self { entries }
    }

    /// The records of one kind.
    pub(super) fn of(&self, kind: Kind) -> &[Entry<'a>] {
        self.entries.get(&kind).map_or(&[], Vec::as_slice)
    }
}

/// Where each record of a file ends: where the next one begins.
struct Ends {
    starts: Vec<usize>,
    len: usize,
}

impl Ends {
    fn new(source: &Source<'_>) -> Self {
        let values = source.root.values();
        let mut starts: Vec<usize> = values
            .flat_map(elements)
            .map(|value| value.span().start)
            .collect();
        starts.sort_unstable();
        Self {
            starts,
            len: source.len() + 1,
        }
    }

    fn after(&self, start: usize) -> usize {
        let next = self.starts.partition_point(|at| *at <= start);
        self.starts.get(next).copied().unwrap_or(self.len)
    }
}

fn elements<'b, 'a>(
    value: &'b Spanned<DeValue<'a>>,
) -> impl Iterator<Item = &'b Spanned<DeValue<'a>>> {
    let array = value.get_ref().as_array();
    let single = array.is_none().then_some(value);
    array.into_iter().flat_map(|a| a.iter()).chain(single)
}

/// The records of one top-level key. Only `[catalogue]` stands once.
fn records<'a>(
    kind: Kind,
    value: &'a Spanned<DeValue<'a>>,
    place: Place<'_>,
    faults: &Faults,
) -> impl Iterator<Item = &'a Spanned<DeValue<'a>>> {
    let is_list = value.get_ref().is_array();
    let is_table = value.get_ref().is_table();
    if (is_list && kind == Kind::Catalogue) || (is_table && kind != Kind::Catalogue) {
        let (header, table) = (kind.header(), kind.table());
        faults.report(
            place,
            say!(
                "{table} 的表头括号不对",
                "the header of {table} has the wrong brackets"
            ),
            say!("写成 {header}", "write {header}"),
        );
    }
    elements(value).filter(|value| !value.span().is_empty())
}

fn report_unknown(key: &str, place: Place<'_>, faults: &Faults) {
    let shown = quoted(key);
    let tables = Kind::ALL.map(Kind::table);
    let all = tables.join(", ");
    faults.report(
        place,
        say!("不认识的表 {shown}", "unknown table {shown}"),
        did_you_mean(key, tables.into_iter())
            .unwrap_or_else(|| say!("可用的表：{all}", "the tables are {all}")),
    );
}
