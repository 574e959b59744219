//! A file that has its name only when it is whole: it grows as `NAME.part`, is synced and renamed.

use std::{
    fs::{self, File},
    io::{self, BufWriter},
    path::{Path, PathBuf},
};

use super::PublishError;

/// The unfinished file. Owned by the table that is being written; gone with it where it is not kept.
#[derive(Debug)]
pub(super) struct Aside {
    file: File,
    part: PathBuf,
    name: PathBuf,
    kept: bool,
}

impl Aside {
    pub(super) fn create(name: &Path) -> Result<Self, PublishError> {
        let mut part = name.file_name().unwrap_or_default().to_owned();
        part.push(".part");
        let part = name.with_file_name(part);
        let file = File::create(&part).map_err(|error| failed(&part, &error))?;
        Ok(Self {
            file,
            part,
            name: name.to_path_buf(),
            kept: false,
        })
    }

    /// What writes into it, and must be flushed before it is kept.
    pub(super) fn writer(&self) -> Result<BufWriter<File>, PublishError> {
        let file = self.file.try_clone();
        file.map(BufWriter::new).map_err(|error| self.error(&error))
    }

    /// Gives the file its name; says how many bytes it has.
    pub(super) fn keep(mut self) -> Result<u64, PublishError> {
        let kept = self.file.sync_all().and_then(|()| {
            let bytes = self.file.metadata()?.len();
            fs::rename(&self.part, &self.name)?;
            self.kept = true;
            let folder = self.name.parent().filter(|f| !f.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
            Ok(bytes)
        });
        kept.map_err(|error: io::Error| failed(&self.name, &error))
    }

    /// What cannot be written into it.
    pub(super) fn error(&self, error: &dyn std::fmt::Display) -> PublishError {
        failed(&self.name, error)
    }

    /// The name that it will have.
    pub(super) fn name(&self) -> &Path {
        &self.name
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if !self.kept {
            // Why it was given up is told already; a part that cannot be removed is seen by its name.
            drop(fs::remove_file(&self.part));
        }
    }
}

pub(super) fn failed(path: &Path, error: &dyn std::fmt::Display) -> PublishError {
    PublishError::File {
        path: path.to_path_buf(),
        error: error.to_string(),
    }
}
