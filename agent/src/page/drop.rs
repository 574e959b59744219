//! A file is dropped: streamed to the disk within its bound, then shown with what the inbox's check says.

use std::{io, path::Path, sync::Arc};

use axum::{
    Extension,
    extract::{Multipart, State, multipart::Field},
    http::StatusCode,
    response::Response,
};
use granary_core::text::Bilingual;
use tokio::io::AsyncWriteExt as _;

use super::{
    Office,
    routes::{Problem, failed, go, without_secret},
    staged::{Staged, name_of},
    view::Visitor,
};
use crate::{
    durable::{Disk as _, OsDisk},
    intake::{FILE_BYTES_MAX, say},
};

/// The longest secret that is read from a form, in bytes.
const SECRET_BYTES_MAX: usize = 256;

/// `POST /drop`: the form's secret, then the file.
pub(super) async fn take(
    State(office): State<Arc<Office>>,
    Extension(visitor): Extension<Visitor>,
    form: Multipart,
) -> Response {
    match staged(&office, form).await {
        Ok(staged) => go(&format!("/file/{}", staged.id)),
        Err(problem) => failed(&office, &visitor, problem),
    }
}

async fn staged(office: &Arc<Office>, mut form: Multipart) -> Result<Staged, Problem> {
    secret(office, &mut form).await?;
    let file = form.next_field().await.map_err(|_| broken())?;
    let file = file
        .filter(|field| field.name() == Some("file"))
        .ok_or_else(broken)?;
    let name = name_of(file.file_name().unwrap_or_default())
        .map_err(|why| Problem::Refused(StatusCode::UNPROCESSABLE_ENTITY, why))?;
    check_room(office, FILE_BYTES_MAX).await?;
    let state = office.settings.state.clone();
    let made = tokio::task::spawn_blocking(move || Staged::create(&state, &name));
    let staged = made.await.map_err(io::Error::other)??;
    match write(file, &staged.path(), FILE_BYTES_MAX).await {
        Ok(()) => Ok(staged),
        Err(problem) => {
            staged.remove();
            Err(problem)
        }
    }
}

/// Takes the first field, which has to be the form's secret: nothing is written for whoever does not have it.
pub(super) async fn secret(office: &Office, form: &mut Multipart) -> Result<(), Problem> {
    let first = form.next_field().await.map_err(|_| broken())?;
    let first = first
        .filter(|field| field.name() == Some("form"))
        .ok_or_else(without_secret)?;
    let secret = text(first, SECRET_BYTES_MAX).await?;
    match office.secrets.is_form(&secret) {
        true => Ok(()),
        false => Err(without_secret()),
    }
}

/// Whether so many bytes more leave the disk the room that reports need.
pub(super) async fn check_room(office: &Arc<Office>, bytes: u64) -> Result<(), Problem> {
    let room = Arc::clone(office);
    let free = tokio::task::spawn_blocking(move || OsDisk.free_bytes(&room.settings.state));
    let kept = office.settings.spool.disk_free_bytes_min;
    if free.await.map_err(io::Error::other)?? < kept.saturating_add(bytes) {
        return Err(Problem::Refused(
            StatusCode::INSUFFICIENT_STORAGE,
            say!("磁盘空间不足", "the disk is full"),
        ));
    }
    Ok(())
}

/// Writes a file that is sent along, at most `bytes_max` of it, to a path where nothing is yet.
pub(super) async fn write(
    mut field: Field<'_>,
    path: &Path,
    bytes_max: u64,
) -> Result<(), Problem> {
    let mut file = tokio::fs::File::create_new(path).await?;
    let mut written = 0_u64;
    while let Some(chunk) = field.chunk().await.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(bytes_max),
        _ => broken(),
    })? {
        written += chunk.len() as u64;
        if written > bytes_max {
            return Err(too_large(bytes_max));
        }
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    Ok(())
}

async fn text(mut field: Field<'_>, bytes_max: usize) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|_| broken())? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > bytes_max {
            return Err(broken());
        }
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

/// That a form did not arrive as a form.
pub(super) fn broken() -> Problem {
    refused(say!(
        "文件没有传完整，请再试一次",
        "the file did not come through whole; try again"
    ))
}

fn too_large(bytes_max: u64) -> Problem {
    let most = bytes_max / (1024 * 1024);
    Problem::Refused(
        StatusCode::PAYLOAD_TOO_LARGE,
        say!(
            "文件过大：这里至多 {most} MiB。请拆成几个文件；更大的 CSV 请直接放入 inbox 文件夹",
            "the file is too large: at most {most} MiB are taken here; split it, or put a larger CSV straight into the folder inbox"
        ),
    )
}

const fn refused(why: Bilingual) -> Problem {
    Problem::Refused(StatusCode::BAD_REQUEST, why)
}
