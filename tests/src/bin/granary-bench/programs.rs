//! The real programs: built, found, started, and stopped with the part that started them.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::context::Outcome;

/// Where the programs are.
pub(crate) struct Programs {
    folder: PathBuf,
}

/// A started program, killed when it is dropped.
pub(crate) struct Running {
    child: Child,
}

impl Programs {
    pub(crate) fn aggregator(&self) -> PathBuf {
        self.folder.join("granary-aggregator")
    }

    pub(crate) fn agent(&self) -> PathBuf {
        self.folder.join("granary-agent")
    }

    pub(crate) fn auditor(&self) -> PathBuf {
        self.folder.join("granary-audit")
    }
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Outcome<Self> {
        Ok(Self {
            child: command.stdin(Stdio::null()).spawn()?,
        })
    }

    /// The process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails where the program has ended by itself.
    pub(crate) fn must_run(&mut self) -> Outcome<()> {
        match self.child.try_wait()? {
            Some(status) => Err(format!("the program ended by itself: {status}").into()),
            None => Ok(()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already; there is nobody to tell.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Runs a program to its end, without its output.
pub(crate) fn finish(command: &mut Command) -> Outcome<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?} ended with {}: {said}", output.status).into())
}

/// The programs in `named`, or else beside this one, built afresh in the same profile. The whole
/// workspace is built, as `scripts/build` does, because of a part of it the dependencies would be chosen with other features and compiled twice.
pub(crate) fn find(named: Option<&Path>) -> Outcome<Programs> {
    if let Some(folder) = named {
        return Ok(Programs {
            folder: folder.to_path_buf(),
        });
    }
    let own = env::current_exe()?;
    let folder = own.parent().ok_or("this program is in no folder")?;
    let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "-q", "--workspace", "--bins", "--tests"]);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    finish(&mut build)?;
    Ok(Programs {
        folder: folder.to_path_buf(),
    })
}
