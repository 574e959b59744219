//! What each page must show, from the auditor's answers alone; one file a subject.

pub(crate) mod day;
pub(crate) mod today;
mod wall;
pub(crate) mod reporting;
mod finding;
pub(crate) mod findings;
mod life;
pub(crate) mod slot;
mod record;
pub(crate) mod unit;
pub(crate) mod standing;
mod beside;
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
    /// The tables that pages hand out as files, each with its page.
    pub(crate) handed_out: BTreeSet<(String, String)>,
    /// Those of them that were looked at.
    pub(crate) filed: BTreeSet<(String, String)>,
}

impl Look<'_> {
    /// A page beside what it must show; `beyond` are places of what no journal holds.
    pub(crate) fn page(&mut self, path: &str, told: &Told, beyond: &[&str]) {
        self.seen
            .insert(path.split('?').next().unwrap_or_default().to_owned());
        let page = self.visit.page(path);
        let files = page.split("csv=").skip(1).filter_map(|rest| {
            let end = rest.find(['"', '&'])?;
            (!rest[..end].ends_with(".xlsx")).then(|| (path.to_owned(), rest[..end].to_owned()))
        });
        self.handed_out.extend(files);
        let shown = html::read(&page);
        self.faults.compare(path, &shown, told, beyond);
        self.faults
            .compare_languages(path, &shown, &html::read(&self.chinese.page(path)));
    }

    /// The file of a page's table beside what it must hold.
    pub(crate) fn file(&mut self, path: &str, table: &Table) {
        self.filed.insert((path.to_owned(), table.code.to_owned()));
        let and = if path.contains('?') { '&' } else { '?' };
        let file = self.visit.page(&format!("{path}{and}csv={}", table.code));
        self.faults.compare_file(path, &file, table);
    }

    /// Every table that a page hands out was looked at as a file.
    pub(crate) fn files(&mut self) {
        for (path, code) in self.handed_out.difference(&self.filed) {
            let fault = format!("{path}: hands out {code}, which is compared with nothing");
            self.faults.add(fault);
        }
    }
}
