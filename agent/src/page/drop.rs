//! A file is dropped: streamed to the disk within its bound, then shown with what the inbox's check says.

use std::{io, sync::Arc};

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
    // The secret comes first, so that nothing is written for whoever does not have it.
    let first = form.next_field().await.map_err(|_| broken())?;
    let first = first
        .filter(|field| field.name() == Some("form"))
        .ok_or_else(without_secret)?;
    let secret = text(first, SECRET_BYTES_MAX).await?;
    if !office.secrets.is_form(&secret) {
        return Err(without_secret());
    }
    let file = form.next_field().await.map_err(|_| broken())?;
    let file = file
        .filter(|field| field.name() == Some("file"))
        .ok_or_else(broken)?;
    let name = name_of(file.file_name().unwrap_or_default())
        .map_err(|why| Problem::Refused(StatusCode::UNPROCESSABLE_ENTITY, why))?;
    let room = Arc::clone(office);
    let made = tokio::task::spawn_blocking(move || {
        let settings = &room.settings;
        let free = OsDisk.free_bytes(&settings.state)?;
        if free
            < settings
                .spool
                .disk_free_bytes_min
                .saturating_add(FILE_BYTES_MAX)
        {
            return Err(Problem::Refused(
                StatusCode::INSUFFICIENT_STORAGE,
                say!("磁盘空间不足", "the disk is full"),
            ));
        }
        Ok(Staged::create(
            &settings.state,
            &settings.root.join("evidence"),
            &name,
        )?)
    });
    let staged = made.await.map_err(io::Error::other)??;
    match write(file, &staged).await {
        Ok(()) => Ok(staged),
        Err(problem) => {
            staged.remove();
            Err(problem)
        }
    }
}

async fn write(mut field: Field<'_>, staged: &Staged) -> Result<(), Problem> {
    let mut file = tokio::fs::File::create_new(staged.path()).await?;
    let mut written = 0_u64;
    while let Some(chunk) = field.chunk().await.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => broken(),
    })? {
        written += chunk.len() as u64;
        if written > FILE_BYTES_MAX {
            return Err(too_large());
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

fn broken() -> Problem {
    refused(say!(
        "文件没有传完整，请再试一次",
        "the file did not come through whole; try again"
    ))
}

fn too_large() -> Problem {
    let most = FILE_BYTES_MAX / (1024 * 1024);
    Problem::Refused(
        StatusCode::PAYLOAD_TOO_LARGE,
        say!(
            "文件过大：至多 {most} MiB。请拆成几个文件",
            "the file is too large: at most {most} MiB are taken; split it"
        ),
    )
}

const fn refused(why: Bilingual) -> Problem {
    Problem::Refused(StatusCode::BAD_REQUEST, why)
}
