//! A bulletin (通报) on paper: the document of a period drawn as PDF, XLSX and HTML, in Chinese or English. The auditor's program and the
//! city's console draw with the same code, so that what is published and what is checked look alike.
//!
//! | module | holds |
//! |---|---|
//! | [`words`] | codes, instants and figures as people read them, in Chinese and English |
//! | [`rates`] | the two rates, as exact fractions |
//! | `article` | what the bulletin says, in one language: sections, tables with typed cells, bars, marks |
//! | `html` | the article as one self-contained page |
//! | `pdf` | the article typeset, with the fonts that are found on the machine |
//! | `xlsx` | the article as a workbook, with real numbers and dates, and with every row |
//! | [`draw`] | the three as functions of a document and a [`Manner`](crate::words::Manner) |
//!
//! Invariants: the same document in the same manner gives the same bytes (a PDF also depends on the fonts found); no
//! painter computes, so the three never disagree; what a colour says is said by a sign too; no text of the document is
//! ever read as markup, formula or script.

pub mod words;
pub mod rates;
mod article;
mod html;
mod pdf;
mod xlsx;
pub mod draw;
