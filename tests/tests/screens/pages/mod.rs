//! What each page must show, from the auditor's answers alone; one file a subject.

pub(crate) mod day;
pub(crate) mod today;
mod wall;
pub(crate) mod reporting;
pub(crate) mod findings;
pub(crate) mod slot;
pub(crate) mod unit;
pub(crate) mod standing;
pub(crate) mod figures;
pub(crate) mod city;

use std::collections::BTreeSet;

use crate::{
    audit::Audit,
    html,
    told::{Faults, Table, Told},
    visit::Visit,
};

/// Whoever looks at the pages, beside what the audit computes.
pub(crate) struct Look<'a> {
    pub(crate) visit: &'a mut Visit,
    /// Somebody who reads the same pages in Chinese.
    pub(crate) chinese: &'a mut Visit,
    pub(crate) audit: &'a Audit,
    pub(crate) faults: &'a mut Faults,
    /// The paths that were looked at.
    pub(crate) seen: BTreeSet<String>,
}

impl Look<'_> {
    /// A page beside what it must show; `beyond` are places of what no journal holds.
    pub(crate) fn page(&mut self, path: &str, told: &Told, beyond: &[&str]) {
        self.seen
            .insert(path.split('?').next().unwrap_or_default().to_owned());
        let shown = html::read(&self.visit.page(path));
        self.faults.compare(path, &shown, told, beyond);
        self.faults
            .compare_languages(path, &shown, &html::read(&self.chinese.page(path)));
    }

    /// The file of a page's table beside what it must hold.
    pub(crate) fn file(&mut self, path: &str, table: &Table) {
        let and = if path.contains('?') { '&' } else { '?' };
        let file = self.visit.page(&format!("{path}{and}csv={}", table.code));
        self.faults.compare_file(path, &file, table);
    }
}
