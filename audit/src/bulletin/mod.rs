//! A bulletin (通报) on paper: the document of a period drawn as PDF, XLSX and HTML, in Chinese or English.
//!
//! | module | holds |
//! |---|---|
//! | `article` | what the bulletin says, in one language: sections, tables with typed cells, bars, marks |
//! | `html` | the article as one self-contained page |
//! | `pdf` | the article typeset, with the fonts that are found on the machine |
//! | `xlsx` | the article as a workbook, with real numbers and dates, and with every row |
//! | [`draw`] | the three as functions of a document and a [`Manner`](crate::words::Manner) |
//! | [`compare`] | where a published document differs from the one that the journal gives |
//!
//! Invariants: the same document in the same manner gives the same bytes (a PDF also depends on the fonts found); no
//! painter computes, so the three never disagree; what a colour says is said by a sign too; no text of the document is
//! ever read as markup, formula or script.

mod article;
mod html;
mod pdf;
mod xlsx;
pub mod compare;
pub mod draw;
