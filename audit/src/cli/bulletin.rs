//! `bulletin`: from a city, an exported journal or a document to drawings.

use std::{
    fs,
    path::{Path, PathBuf},
};

use granary_core::{bulletin::Bulletin, digest::Digest, period::Period, text::Bilingual};
use granary_proto::v1;
use prost::Message as _;

use super::{HOLDS, Response, args::Drawing, journal, offline, online::connected};
use crate::{bulletin::draw, progress::Screen, words::Manner};

/// The longest document that is read: a nation's counties and dozens of datasets have some 20 MB.
const DOCUMENT_BYTES_MAX: usize = 128 << 20;

/// How a file is drawn.
#[derive(Clone, Copy)]
enum Form {
    Pdf,
    Xlsx,
    Html,
    /// The document itself.
    Document,
}

/// An exported journal, and which of its documents is meant.
pub(super) struct Ground<'a> {
    /// The file that export wrote.
    pub(super) file: &'a Path,
    /// The log's key from elsewhere, or a file that holds it.
    pub(super) log_key: Option<&'a str>,
    /// The period of the document.
    pub(super) period: Period,
    /// Its instant; none for the receive time of the last entry.
    pub(super) as_of_ms: Option<i64>,
    /// How many entries it stands on; none for all.
    pub(super) size: Option<u64>,
}

/// Draws the document into every file that is asked for.
pub(super) fn drawn(manner: &Manner, screen: Screen, as_json: bool, ask: &Drawing) -> Response {
    let found = found(manner, screen, ask);
    let drawn = found.and_then(|document| {
        let sha256 = Digest::of(&document.encode_to_vec());
        Ok((draw_all(manner, ask, &document)?, sha256))
    });
    match drawn {
        Ok((drawings, sha256)) if as_json => Response::json(&json(&drawings, &sha256), HOLDS),
        Ok((drawings, sha256)) => Response::answer(text(manner, &drawings, &sha256), HOLDS),
        Err(message) => Response::failed(manner, &message),
    }
}

/// The document, from wherever it is asked for.
fn found(manner: &Manner, screen: Screen, ask: &Drawing) -> Result<Bulletin, Bilingual> {
    if let Some(path) = &ask.document {
        return read_document(path);
    }
    let missing = || {
        Bilingual::new(
            "须给出 --period，并给出 --server 和 --identity，或 --export",
            "--period is needed, with --server and --identity or with --export",
        )
    };
    let period = ask.period.ok_or_else(missing)?;
    if let Some(file) = &ask.archive {
        let ground = Ground {
            file,
            log_key: ask.log_key.as_deref(),
            period,
            as_of_ms: ask.as_of,
            size: ask.size,
        };
        return recomputed(manner, screen, &ground);
    }
    let server = ask.server.as_deref().ok_or_else(missing)?;
    let identity = ask.identity.as_deref().ok_or_else(missing)?;
    let request = v1::GetBulletinRequest {
        period: period.to_string(),
        as_of_ms: ask.as_of.unwrap_or_default(),
    };
    let answer = connected(server, identity, async |mut city| {
        city.bulletin(request).await
    })?;
    document(server, &answer.document)
}

/// The document computed anew from an exported journal.
pub(super) fn recomputed(
    manner: &Manner,
    screen: Screen,
    ground: &Ground<'_>,
) -> Result<Bulletin, Bilingual> {
    let (file, size) = (ground.file, ground.size);
    let journal = journal::folded(manner, screen, file, ground.log_key, size)?;
    let applied = journal.applied();
    if let Some(size) = size.filter(|size| *size != applied) {
        let file = file.display();
        return Err(Bilingual::new(
            format!("{file} 只有 {applied} 条，没有 {size} 条；请导出得晚一些"),
            format!("{file} has {applied} entries, not {size}: export again, later"),
        ));
    }
    let as_of_ms = ground.as_of_ms.unwrap_or(journal.last_received_at_ms);
    let computed = journal.bulletin(ground.period, as_of_ms);
    let computed = computed.map_err(|error| {
        Bilingual::new(
            format!("无法计算通报：{error}"),
            format!("the bulletin cannot be computed: {error}"),
        )
    })?;
    computed.ok_or_else(|| {
        Bilingual::new(
            "日志里还没有发布过目录",
            "no catalogue was published in this journal",
        )
    })
}

/// Files with their lengths in bytes.
type Drawings<'a> = Vec<(&'a PathBuf, usize)>;

/// Reads a document from a file, or from standard input.
pub(super) fn read_document(path: &Path) -> Result<Bulletin, Bilingual> {
    let bytes = offline::read(path, DOCUMENT_BYTES_MAX)?;
    document(&path.display().to_string(), &bytes)
}

/// Reads a document, which must be encoded as this program encodes it: else its printed SHA-256 would not be the file's.
fn document(source: &str, bytes: &[u8]) -> Result<Bulletin, Bilingual> {
    let document = Bulletin::decode(bytes);
    let document = document.ok().filter(|read| read.encode_to_vec() == bytes);
    document.ok_or_else(|| {
        let digest = Digest::of(bytes);
        Bilingual::new(
            format!("{source} 给出的不是通报文件，或由更新的版本写成（SHA-256 {digest}）"),
            format!(
                "what {source} gives is no bulletin, or was written by a newer version (SHA-256 {digest})"
            ),
        )
    })
}

/// Draws everything before it writes anything, so that a fault leaves no half of a set.
fn draw_all<'a>(
    manner: &Manner,
    ask: &'a Drawing,
    document: &Bulletin,
) -> Result<Drawings<'a>, Bilingual> {
    let forms: Vec<(&PathBuf, Form)> = ask
        .out
        .iter()
        .map(|path| Ok((path, form(path)?)))
        .collect::<Result<_, Bilingual>>()?;
    let drawings: Vec<(&PathBuf, Vec<u8>)> = forms
        .into_iter()
        .map(|(path, form)| {
            let bytes = match form {
                Form::Pdf => draw::pdf(document, manner, &ask.font_dir),
                Form::Xlsx => draw::xlsx(document, manner),
                Form::Html => draw::html(document, manner),
                Form::Document => Ok(document.encode_to_vec()),
            };
            Ok((path, bytes?))
        })
        .collect::<Result<_, Bilingual>>()?;
    drawings
        .into_iter()
        .map(|(path, bytes)| write(path, &bytes).map(|()| (path, bytes.len())))
        .collect()
}

fn form(path: &Path) -> Result<Form, Bilingual> {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    match extension.to_str() {
        Some("pdf") => Ok(Form::Pdf),
        Some("xlsx") => Ok(Form::Xlsx),
        Some("html" | "htm") => Ok(Form::Html),
        Some("bulletin") => Ok(Form::Document),
        Some(_) | None => {
            let path = path.display();
            Err(Bilingual::new(
                format!("不知道怎样画 {path}：文件名须以 .pdf、.xlsx、.html 或 .bulletin 结尾"),
                format!(
                    "cannot tell how to draw {path}: end its name with .pdf, .xlsx, .html or .bulletin"
                ),
            ))
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Bilingual> {
    fs::write(path, bytes).map_err(|error| {
        let path = path.display();
        Bilingual::new(
            format!("无法写入 {path}：{error}"),
            format!("cannot write {path}: {error}"),
        )
    })
}

fn text(manner: &Manner, drawings: &Drawings<'_>, sha256: &Digest) -> String {
    let line = |(path, bytes): &(&PathBuf, usize)| {
        let path = path.display();
        let line = Bilingual::new(
            format!("已写入 {path}（{bytes} 字节）\n"),
            format!("wrote {path} ({bytes} bytes)\n"),
        );
        line.get(manner.language).to_owned()
    };
    let lines: String = drawings.iter().map(line).collect();
    let label = manner.say("文件的 SHA-256", "SHA-256 of the document");
    format!("{lines}{label}: {sha256}\n")
}

fn json(drawings: &Drawings<'_>, sha256: &Digest) -> serde_json::Value {
    let files = drawings.iter().map(
        |(path, bytes)| serde_json::json!({"file": path.display().to_string(), "bytes": bytes}),
    );
    serde_json::json!({
        "document_sha256": sha256.to_string(),
        "written": files.collect::<Vec<_>>(),
    })
}
