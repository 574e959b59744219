//! The doctor's look at settings, folders and disk.

use std::fs;
use std::path::Path;

use super::{Finding, Level};
use crate::durable::{Disk as _, OsDisk};
use crate::inbox::{Folder, Folders};
use crate::platform::{self, Sharing};
use crate::settings::{FILE, SettingFaults, Settings};
use crate::stamp;

const SETTINGS: (&str, &str) = ("设置", "settings");
const STAMP: (&str, &str) = ("数据格式", "data format");
const FOLDERS: (&str, &str) = ("文件夹", "folder");
const SHARING: (&str, &str) = ("文件夹共享", "folder sharing");
const DISK: (&str, &str) = ("磁盘", "disk");
/// A probe; removed at once.
const PROBE: &str = ".granary-doctor.tmp";

pub(super) fn unset(faults: &SettingFaults) -> Finding {
    use granary_core::text::Language;
    let flat = |language| faults.text(language).replace('\n', "; ");
    Finding::new(
        Level::Fail,
        SETTINGS,
        (flat(Language::Zh), flat(Language::En)),
    )
}

pub(super) fn settings(settings: &Settings) -> Finding {
    let unit = &settings.unit;
    let says = (
        format!("{FILE} 无误，单位 {unit}，市局 {}", settings.server),
        format!("{FILE} is right: unit {unit}, city {}", settings.server),
    );
    Finding::new(Level::Ok, SETTINGS, says)
}

/// Says something only where there is something to say.
pub(super) fn stamp(state: &Path) -> Option<Finding> {
    let error = stamp::check(state).err()?;
    let words = error.words();
    Some(Finding::new(Level::Fail, STAMP, (words.zh, words.en)))
}

pub(super) fn folders(settings: &Settings) -> Vec<Finding> {
    let folders = Folders::under(&settings.root, &settings.state);
    let inbox = folders.path(Folder::Inbox);
    let mut found: Vec<Finding> = [&settings.root, &settings.state, &inbox]
        .into_iter()
        .filter_map(|folder| writable(folder))
        .collect();
    if found.is_empty() {
        let root = settings.root.display();
        let says = (
            format!("{root} 及其 state、inbox 可以写入"),
            format!("{root}, its state and inbox can be written"),
        );
        found.push(Finding::new(Level::Ok, FOLDERS, says));
    }
    let places = Places {
        inbox: sharing(&inbox),
        state: sharing(&settings.state),
        identity: sharing(&settings.identity),
        inbox_is_open: platform::others_can_write(&inbox),
    };
    found.push(shared(settings, places));
    found
}

/// `None` where the folder takes a file, or is not made yet and can be.
fn writable(folder: &Path) -> Option<Finding> {
    let existing = folder.ancestors().find(|place| place.exists())?;
    let probe = existing.join(PROBE);
    let error = match fs::write(&probe, b"") {
        Ok(()) => {
            return fs::remove_file(&probe)
                .err()
                .map(|error| not_writable(folder, &error));
        }
        Err(error) => error,
    };
    Some(not_writable(folder, &error))
}

fn not_writable(folder: &Path, error: &std::io::Error) -> Finding {
    let own = platform::how_to_own(folder);
    let folder = folder.display();
    let says = (
        format!("{folder} 不能写入（{error}）。请让运行采集端的用户（USER）对它有写权限：{own}"),
        format!(
            "{folder} cannot be written ({error}): give it to the user that runs the agent, {own}"
        ),
    );
    Finding::new(Level::Fail, FOLDERS, says)
}

/// Where the folders are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) inbox: Sharing,
    pub(super) state: Sharing,
    pub(super) identity: Sharing,
    /// Whether every user of this machine may put files into the inbox.
    pub(super) inbox_is_open: bool,
}

/// The inbox may be shared, in order that clerks reach it; keys and spool must not.
pub(super) fn shared(settings: &Settings, places: Places) -> Finding {
    for (place, folder) in [
        (places.identity, &settings.identity),
        (places.state, &settings.state),
    ] {
        if let Sharing::Network(protocol) = place {
            let folder = folder.display();
            let says = (
                format!(
                    "{folder} 在网络共享（{protocol}）上：密钥会经过网络，断电时也不能保证写入。请移到本机磁盘，只共享 inbox 等文件夹（folders.root）"
                ),
                format!(
                    "{folder} is on a network share ({protocol}): keys travel, and what is written may not survive a power cut. Move it to a disk of this machine, and share only inbox and its neighbours (folders.root)"
                ),
            );
            return Finding::new(Level::Fail, SHARING, says);
        }
    }
    if places.inbox_is_open {
        let close = platform::how_to_close("inbox");
        let says = (
            format!("inbox 对本机所有用户开放，谁都能以本单位名义报送。请收回：{close}"),
            format!(
                "every user of this machine may put files into inbox, and so report in the unit's name: {close}"
            ),
        );
        return Finding::new(Level::Warn, SHARING, says);
    }
    if let Sharing::Network(protocol) = places.inbox {
        let seconds = settings.poll.inbox_ms.div_ceil(1_000);
        let says = (
            format!(
                "inbox 在网络共享（{protocol}）上，新文件不会立即通知，每 {seconds} 秒查看一次（poll.inbox_ms）"
            ),
            format!(
                "inbox is on a network share ({protocol}), which tells nothing of new files: it is looked at every {seconds} s (poll.inbox_ms)"
            ),
        );
        return Finding::new(Level::Warn, SHARING, says);
    }
    if [places.identity, places.state].contains(&Sharing::Unknown) {
        let says = (
            "看不出密钥和队列是否在网络共享上，请确认它们在本机磁盘上".to_owned(),
            "it cannot be told whether keys and spool are on a network share: see that they are on a disk of this machine".to_owned(),
        );
        return Finding::new(Level::Ok, SHARING, says);
    }
    let says = (
        "密钥和队列在本机磁盘上".to_owned(),
        "keys and spool are on a disk of this machine".to_owned(),
    );
    Finding::new(Level::Ok, SHARING, says)
}

/// Where a folder is, or will be once it is made.
fn sharing(folder: &Path) -> Sharing {
    let existing = folder.ancestors().find(|place| place.exists());
    existing.map_or(Sharing::Unknown, platform::sharing)
}

pub(super) fn disk(settings: &Settings) -> Finding {
    let existing = settings.state.ancestors().find(|place| place.exists());
    let free = existing.map(|place| OsDisk.free_bytes(place));
    match free {
        Some(Ok(free)) => room(free, settings.spool.disk_free_bytes_min),
        Some(Err(_)) | None => {
            let state = settings.state.display();
            let says = (
                format!("无法得知 {state} 的剩余空间，请检查磁盘"),
                format!("the free space of {state} cannot be told: look at the disk"),
            );
            Finding::new(Level::Warn, DISK, says)
        }
    }
}

/// `min` is what the spool leaves to others: below it nothing more is taken.
pub(super) fn room(free: u64, min: u64) -> Finding {
    let (free_mib, min_mib) = (free >> 20, min >> 20);
    if free < min {
        let says = (
            format!(
                "只剩 {free_mib} MiB，少于 spool.disk_free_bytes_min 的 {min_mib} MiB，不再接收新报送。请清理磁盘（不要删除采集端文件夹里的内容）"
            ),
            format!(
                "{free_mib} MiB are free, less than the {min_mib} MiB of spool.disk_free_bytes_min: nothing more is taken. Make room, and delete nothing of the agent's"
            ),
        );
        return Finding::new(Level::Fail, DISK, says);
    }
    if free < min.saturating_mul(2) {
        let says = (
            format!("剩余 {free_mib} MiB，接近下限 {min_mib} MiB。请清理磁盘"),
            format!("{free_mib} MiB are free, near the least of {min_mib} MiB: make room"),
        );
        return Finding::new(Level::Warn, DISK, says);
    }
    let says = (
        format!("剩余 {free_mib} MiB"),
        format!("{free_mib} MiB are free"),
    );
    Finding::new(Level::Ok, DISK, says)
}
