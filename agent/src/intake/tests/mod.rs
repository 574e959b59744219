//! Tests of the intake as a whole, with real figures in both shapes, and of every fault with its words.
//!
//! The figures are those of the published statistical communiques of Guiyang (first three quarters of 2021) and Dingxi
//! (2021).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod faults;
mod shapes;

use std::{collections::BTreeMap, path::PathBuf};

use granary_core::{
    catalogue::{Bundle, Catalogue},
    code::UnitCode,
};

use super::*;

/// The catalogue of the agent's tests.
pub(crate) fn catalogue() -> Catalogue {
    catalogue_with("")
}

/// The same with more tables.
pub(crate) fn catalogue_with(more: &str) -> Catalogue {
    let text = format!("{}{more}", include_str!("catalogue.toml"));
    let files = BTreeMap::from([("catalogue.toml".to_owned(), text)]);
    Catalogue::parse(&Bundle::new(files).unwrap()).unwrap()
}

pub(crate) fn unit(code: &str) -> UnitCode {
    UnitCode::new(code).unwrap()
}

/// A file called `name` in a folder of its own.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

pub(crate) fn desk(name: &str, content: impl AsRef<[u8]>) -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    Desk { folder, path }
}

/// Reads a file of Guiyang's, or Dingxi's where the name begins with `dx`.
pub(crate) fn read_as(name: &str, content: impl AsRef<[u8]>) -> Result<Vec<Draft>, Vec<Fault>> {
    let (catalogue, own) = (
        catalogue(),
        unit(if name.starts_with("dx") {
            "621100"
        } else {
            "520100"
        }),
    );
    let desk = desk(name, content);
    match read(&desk.path, &Names::new(&catalogue, &own)) {
        Ok(read) => Ok(read.drafts),
        Err(Unread::Faults { faults, .. }) => Err(faults),
        Err(other) => panic!("{other:?}"),
    }
}
