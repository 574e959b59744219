//! Files of evidence that are dropped for a report: kept in the clerk's folder `evidence/`, and named in the report when it is sent.
//!
//! In: files. Out: their names, beside the report that waits. Durable after: the file is in `evidence/`; nothing there is ever replaced or
//! removed, so a second file of the same name gets a number, unless it is the same. On crash: a part of a file, with a hidden name, stays until the page is served again.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Extension,
    body::Bytes,
    extract::{Multipart, Path as Segment, State},
    http::StatusCode,
    response::Response,
};
use granary_core::{
    digest::Digest,
    snapshot::{Evidence, REFERENCES_MAX},
};

use super::{
    Office,
    drop::{self, broken},
    routes::{Problem, failed, field, fields, go, page},
    staged::{Staged, bare_name},
    view::Visitor,
};
use crate::{
    durable::folder_of,
    intake::{digest_of, say},
    platform::{rename_new, sync_folder},
};

/// Files in one form.
const FILES_MAX: usize = 20;
/// How many numbers are tried for a name that is taken.
const TRIES_MAX: u32 = 1_000;

/// `POST /file/{id}/evidence`: the form's secret, then files.
pub(super) async fn take(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
    Segment(id): Segment<String>,
    form: Multipart,
) -> Response {
    match taken(&office, &id, form).await {
        Ok(()) => go(&format!("/file/{id}")),
        Err(problem) => failed(&office, &visitor, problem),
    }
}

/// `POST /file/{id}/evidence/remove`: the report names it no longer; the file stays where it is.
pub(super) async fn remove(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
    Segment(id): Segment<String>,
    body: Bytes,
) -> Response {
    page(office, visitor, move |office, _| {
        let fields = fields(office, &body)?;
        let staged = Staged::find(&office.settings.state, &id)?.ok_or(Problem::NotFound)?;
        staged.detach(field(&fields, "name").unwrap_or_default())?;
        Ok(go(&format!("/file/{id}")))
    })
    .await
}

/// What a report that waits is to name, with the digests of the files as they are now.
pub(super) fn evidence(office: &Office, staged: &Staged) -> Result<Vec<Evidence>, Problem> {
    let shelf = office.folders.evidence();
    let with_digest = |name: String| match digest_of(&shelf.join(&name)) {
        Ok(sha256) => Ok(Evidence { name, sha256 }),
        Err(error) => Err(Problem::Refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            say!(
                "佐证文件“{name}”读不到（{error}）。请移除后重新添加",
                "the evidence file \"{name}\" cannot be read ({error}): remove it and add it again"
            ),
        )),
    };
    staged.attached()?.into_iter().map(with_digest).collect()
}

async fn taken(office: &Arc<Office>, id: &str, mut form: Multipart) -> Result<(), Problem> {
    drop::secret(office, &mut form).await?;
    let staged = Staged::find(&office.settings.state, id)?.ok_or(Problem::NotFound)?;
    let (shelf, bytes_max) = (
        office.folders.evidence(),
        office.settings.evidence_bytes_max,
    );
    let mut count = 0;
    while let Some(file) = form.next_field().await.map_err(|_| broken())? {
        count += 1;
        if count > FILES_MAX || staged.attached()?.len() >= REFERENCES_MAX {
            return Err(Problem::Refused(
                StatusCode::UNPROCESSABLE_ENTITY,
                say!(
                    "一次至多 {FILES_MAX} 个佐证文件，共至多 {REFERENCES_MAX} 个",
                    "at most {FILES_MAX} files of evidence at once, and {REFERENCES_MAX} together"
                ),
            ));
        }
        let name = bare_name(file.file_name().unwrap_or_default())
            .map_err(|why| Problem::Refused(StatusCode::UNPROCESSABLE_ENTITY, why))?;
        drop::check_room(office, bytes_max).await?;
        let part = part_of(&shelf)?;
        let written = drop::write(file, &part, bytes_max).await;
        let staged = staged.clone();
        let kept = tokio::task::spawn_blocking(move || {
            let kept = written.and_then(|()| Ok(keep(&part, &name)?));
            // What stays of it has a hidden name and is nobody's evidence.
            let _ = fs::remove_file(&part);
            Ok::<(), Problem>(staged.attach(&kept?)?)
        });
        kept.await.map_err(io::Error::other)??;
    }
    Ok(())
}

/// A hidden name in the folder of evidence, for what is still arriving.
fn part_of(shelf: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(shelf)?;
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let id = u128::from_le_bytes(bytes);
    Ok(shelf.join(format!(".{id:032x}.part")))
}

/// Lets parts go that an earlier start has left; nothing else has such a name.
pub(super) fn clear(shelf: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(shelf) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_part) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn is_part(name: &str) -> bool {
    let id = name
        .strip_prefix('.')
        .and_then(|rest| rest.strip_suffix(".part"));
    id.is_some_and(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Gives what has arrived its name, or another one where that is taken by other bytes, and returns it.
fn keep(part: &Path, name: &str) -> io::Result<String> {
    // Windows flushes only what is open for writing.
    fs::File::options().write(true).open(part)?.sync_all()?;
    let sha256 = digest_of(part)?;
    let shelf = folder_of(part);
    for attempt in 1..=TRIES_MAX {
        let name = numbered(name, attempt);
        let goal = shelf.join(&name);
        if is_same(&goal, &sha256) {
            return Ok(name);
        }
        match rename_new(part, &goal) {
            Ok(()) => {
                sync_folder(&shelf)?;
                return Ok(name);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

fn is_same(path: &Path, sha256: &Digest) -> bool {
    let is_file = fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    is_file && digest_of(path).is_ok_and(|found| found == *sha256)
}

/// The name, and from the second attempt on with a number before its extension.
fn numbered(name: &str, attempt: u32) -> String {
    match (attempt, name.rsplit_once('.')) {
        (1, _) => name.to_owned(),
        (_, Some((stem, extension))) if !stem.is_empty() => format!("{stem}-{attempt}.{extension}"),
        (_, _) => format!("{name}-{attempt}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn nothing_in_the_folder_is_ever_replaced() {
        let shelf = tempfile::tempdir().unwrap();
        let add = |text: &str| {
            let part = part_of(shelf.path()).unwrap();
            fs::write(&part, text).unwrap();
            let name = keep(&part, "台账.tar.gz").unwrap();
            let _ = fs::remove_file(&part);
            name
        };
        assert_eq!(add("one"), "台账.tar.gz");
        assert_eq!(add("two"), "台账.tar-2.gz");
        assert_eq!(add("one"), "台账.tar.gz");
        assert_eq!(add("two"), "台账.tar-2.gz");
        assert_eq!(add("three"), "台账.tar-3.gz");
        let read = |name: &str| fs::read_to_string(shelf.path().join(name)).unwrap();
        assert_eq!(read("台账.tar.gz"), "one");
        assert_eq!(read("台账.tar-2.gz"), "two");
        assert_eq!(fs::read_dir(shelf.path()).unwrap().count(), 3);
        fs::write(part_of(shelf.path()).unwrap(), "half").unwrap();
        for kept in [".part", ".profile.part", "0.part"] {
            fs::write(shelf.path().join(kept), "somebody's").unwrap();
        }
        clear(shelf.path()).unwrap();
        assert_eq!(fs::read_dir(shelf.path()).unwrap().count(), 6);
        clear(&shelf.path().join("nowhere")).unwrap();
        assert_eq!(numbered(".profile", 2), ".profile-2");
        assert_eq!(numbered("ledger", 3), "ledger-3");
    }
}
