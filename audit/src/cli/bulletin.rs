//! `bulletin`: a document in, drawings out.

use std::{
    fs,
    path::{Path, PathBuf},
};

use granary_core::{bulletin::Bulletin, digest::Digest, text::Bilingual};
use prost::Message as _;

use super::{HOLDS, Response, args::Drawing, offline};
use crate::{bulletin::draw, words::Manner};

/// The longest document that is read: a nation's counties and dozens of datasets have some 20 MB.
const DOCUMENT_BYTES_MAX: usize = 128 << 20;

/// How a file is drawn.
#[derive(Clone, Copy)]
enum Form {
    Pdf,
    Xlsx,
    Html,
}

/// Draws the document into every file that is asked for.
pub(super) fn drawn(manner: &Manner, as_json: bool, ask: &Drawing) -> Response {
    let drawn = document(&ask.document).and_then(|document| draw_all(manner, ask, &document));
    match drawn {
        Ok(drawings) if as_json => Response::json(&json(&drawings), HOLDS),
        Ok(drawings) => Response::answer(text(manner, &drawings), HOLDS),
        Err(message) => Response::failed(manner, &message),
    }
}

/// Files with their lengths in bytes.
type Drawings<'a> = Vec<(&'a PathBuf, usize)>;

/// Reads a document, which must be encoded as this program encodes it: else its printed SHA-256 would not be the file's.
fn document(path: &Path) -> Result<Bulletin, Bilingual> {
    let bytes = offline::read(path, DOCUMENT_BYTES_MAX)?;
    let document = Bulletin::decode(bytes.as_slice());
    let document = document.ok().filter(|read| read.encode_to_vec() == bytes);
    document.ok_or_else(|| {
        let (path, digest) = (path.display(), Digest::of(&bytes));
        Bilingual::new(
            format!("{path} 不是通报文件，或由更新的版本写成（SHA-256 {digest}）"),
            format!("{path} is no bulletin, or was written by a newer version (SHA-256 {digest})"),
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
        Some(_) | None => {
            let path = path.display();
            Err(Bilingual::new(
                format!("不知道怎样画 {path}：文件名须以 .pdf、.xlsx 或 .html 结尾"),
                format!("cannot tell how to draw {path}: end its name with .pdf, .xlsx or .html"),
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

fn text(manner: &Manner, drawings: &Drawings<'_>) -> String {
    let line = |(path, bytes): &(&PathBuf, usize)| {
        let path = path.display();
        let line = Bilingual::new(
            format!("已写入 {path}（{bytes} 字节）\n"),
            format!("wrote {path} ({bytes} bytes)\n"),
        );
        line.get(manner.language).to_owned()
    };
    drawings.iter().map(line).collect()
}

fn json(drawings: &Drawings<'_>) -> serde_json::Value {
    let files = drawings.iter().map(
        |(path, bytes)| serde_json::json!({"file": path.display().to_string(), "bytes": bytes}),
    );
    serde_json::json!({ "written": files.collect::<Vec<_>>() })
}
