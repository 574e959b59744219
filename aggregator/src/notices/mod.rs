//! Notices: reminders before a deadline and reports at and after it, by webhook, chat robot and mail.
//!
//! What is told, when and to whom is decided in [`granary_core::notices`]; here it is kept, put into messages and sent.
//! Notices are off unless the server has a notices file. They tell of the journal and are no part of it: nothing that is
//! served depends on what was told.
//!
//! `settings` reads the file, `desk` drives, `dispatch` decides and hands out, `outbox` remembers, `channel` carries.

pub mod settings;
pub mod outbox;
pub mod channel;
pub mod message;
mod pace;
mod dispatch;
mod desk;
mod events;
#[cfg(test)]
mod tests;

pub use desk::{Desk, NoticeError};
pub use settings::NoticeSettings;
