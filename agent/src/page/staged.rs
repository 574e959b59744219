//! Files that were dropped and not sent yet, each in a folder of its own under the state folder.
//!
//! ```text
//! page/<32 hex digits>/NAME       the file as it was dropped
//! page/<32 hex digits>/attached/  an empty file for each file of evidence that the report is to name
//! page/<32 hex digits>/out/NAME   the file with names and explanations, on its way to the inbox
//! ```
//! They are copies: the clerk's own file stays where it is. The oldest go when there are more than [`STAGED_MAX`], and all at a start.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use granary_core::text::Bilingual;

use crate::{
    inbox::is_report,
    intake::{clip, say},
};

/// The most files that wait.
const STAGED_MAX: usize = 24;
/// The folder with the names of evidence.
const ATTACHED: &str = "attached";
/// The longest name, in bytes: the inbox adds to it.
const NAME_BYTES_MAX: usize = 160;

/// A file that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Staged {
    /// Its folder's name.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
    folder: PathBuf,
}

impl Staged {
    /// A folder for a file of this name, empty so far.
    pub(super) fn create(state: &Path, name: &str) -> io::Result<Self> {
        let all = folder(state);
        fs::create_dir_all(&all)?;
        prune(&all)?;
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        let id = u128::from_le_bytes(bytes);
        let id = format!("{id:032x}");
        let folder = all.join(&id);
        fs::create_dir(&folder)?;
        Ok(Self {
            id,
            name: name.to_owned(),
            folder,
        })
    }

    /// The file of an id, if it still waits. An id is compared with names of folders, never joined to a path.
    pub(super) fn find(state: &Path, id: &str) -> io::Result<Option<Self>> {
        for entry in entries(&folder(state))? {
            if entry.file_name().to_str() != Some(id) {
                continue;
            }
            for file in entries(&entry.path())? {
                if file.file_type()?.is_file()
                    && let Ok(name) = file.file_name().into_string()
                {
                    return Ok(Some(Self {
                        id: id.to_owned(),
                        name,
                        folder: entry.path(),
                    }));
                }
            }
        }
        Ok(None)
    }

    /// Where it is.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// The folder for the file with what was added; emptied.
    pub(super) fn out(&self) -> io::Result<PathBuf> {
        let out = self.folder.join("out");
        match fs::remove_dir_all(&out) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        fs::create_dir(&out)?;
        Ok(out)
    }

    /// Notes that the report is to name a file of evidence.
    pub(super) fn attach(&self, name: &str) -> io::Result<()> {
        let attached = self.folder.join(ATTACHED);
        fs::create_dir_all(&attached)?;
        fs::File::create(attached.join(name)).map(drop)
    }

    /// Notes that it is not to name it. A name is compared with names in the folder, never joined to a path.
    pub(super) fn detach(&self, name: &str) -> io::Result<()> {
        for entry in entries(&self.folder.join(ATTACHED))? {
            if entry.file_name().to_str() == Some(name) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// The names of the files of evidence, sorted.
    pub(super) fn attached(&self) -> io::Result<Vec<String>> {
        let mut names: Vec<String> = entries(&self.folder.join(ATTACHED))?
            .into_iter()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        Ok(names)
    }

    /// Lets it go.
    pub(super) fn remove(&self) {
        // What stays is let go at the next start.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Lets everything go that an earlier start has left.
pub(super) fn clear(state: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder(state)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The name of a dropped file: its last part, as every browser's idea of a path is not ours.
pub(super) fn bare_name(given: &str) -> Result<String, Bilingual> {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last.chars().filter(|c| !c.is_control()).collect();
    let name = name.trim().to_owned();
    if name.is_empty() {
        return Err(say!("没有选择文件", "no file was chosen"));
    }
    if name.len() > NAME_BYTES_MAX {
        let shown = clip(&name);
        return Err(say!(
            "文件名“{shown}”过长，请改短",
            "the name \"{shown}\" is too long; shorten it"
        ));
    }
    if name.starts_with('.') {
        let shown = clip(&name);
        return Err(say!(
            "“{shown}”以点开头，请改名",
            "\"{shown}\" begins with a dot; give it another name"
        ));
    }
    Ok(name)
}

/// The name under which a dropped report is kept.
pub(super) fn name_of(given: &str) -> Result<String, Bilingual> {
    let name = bare_name(given)?;
    if !is_report(&name) {
        let shown = clip(&name);
        return Err(say!(
            "“{shown}”不是报表文件。请先拖入报表（Excel 或 CSV），佐证材料在下一步添加",
            "\"{shown}\" is no report. Drop the report first (a workbook or CSV); files of evidence are added in the next step"
        ));
    }
    Ok(name)
}

fn folder(state: &Path) -> PathBuf {
    state.join("page")
}

fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Makes room for one more.
fn prune(all: &Path) -> io::Result<()> {
    let mut known: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in entries(all)? {
        let at = entry.metadata().and_then(|metadata| metadata.modified());
        known.push((at.unwrap_or(SystemTime::UNIX_EPOCH), entry.path()));
    }
    known.sort();
    let surplus = (known.len() + 1).saturating_sub(STAGED_MAX);
    for (_, path) in known.into_iter().take(surplus) {
        fs::remove_dir_all(path)?;
    }
    Ok(())
}
