//! Notices as a whole: from the slots to what arrives, over restarts, failures and quiet hours.

pub(super) mod support;
mod dispatching;
mod desk;
