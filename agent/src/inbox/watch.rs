//! Wakes the agent when something happens in the inbox.
//!
//! A watch is only a hint that saves waiting: on a network share, or when the system's limit of watches is reached, nothing
//! may ever be reported. The owner of the inbox therefore also looks every few seconds.

use std::path::Path;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

/// A running watch; dropping it ends it.
#[derive(Debug)]
pub struct Watch {
    _watcher: RecommendedWatcher,
}

/// Calls `wake`, from another thread, whenever something changes in `folder`. It may be called often and must return at once.
///
/// # Errors
/// Those of the system's watches; then the periodic look has to do.
pub fn watch(folder: &Path, wake: impl Fn() + Send + 'static) -> Result<Watch, notify::Error> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading a file is an event too; to wake for our own reading would never end.
        if !event.is_ok_and(|event| event.kind.is_access()) {
            wake();
        }
    })?;
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(Watch { _watcher: watcher })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_new_file_wakes() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, receiver) = mpsc::channel();
        let _watch = watch(folder.path(), move || sender.send(()).unwrap_or_default()).unwrap();
        std::fs::write(folder.path().join("a.csv"), "x").unwrap();
        receiver
            .recv_timeout(std::time::Duration::from_secs(30))
            .unwrap();
    }
}
