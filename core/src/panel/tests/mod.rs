//! The panel against plain records: random panels and random edits, judged by columns and one record at a time.

mod columns;
mod incremental;
mod world;
