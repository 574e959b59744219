//! The report beside a file: what was read, what is wrong at which cell, what the city said, and what to do next.
//!
//! `NAME.report.txt` is for the clerk, in Chinese or English; its first line is the result. `NAME.report.json` is for programs
//! and holds the same facts, with both languages ([`Report`], serialised). A report is a value: it is kept with a file that waits for the
//! city's answer, the answer is added, and it is written again.

mod answer;
mod model;
mod table;
mod text;
#[cfg(test)]
mod tests;

pub(crate) use self::table::Table;
pub use self::{
    answer::{Answer, AnswerFinding, ReceiptFacts},
    model::{
        AnswerReport, ConsequenceReport, Earlier, FaultReport, FiguresReport, FindingReport,
        HistoryReport, Named, OperandReport, Outcome, RecordReport, Report, StatementReport,
        ToldReport, UnjudgedReport, Words,
    },
    text::render,
};
