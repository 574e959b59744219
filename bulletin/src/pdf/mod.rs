//! The article typeset as PDF by typst.
//!
//! The template `bulletin.typ` is fixed; the article reaches it as a JSON file, so that a name with `#` or `*` is a
//! name. The typesetter sees these two files and the fonts, and neither a clock nor a network.

mod data;
mod fonts;
mod widths;

use granary_core::text::{Bilingual, Language};
use jiff::{Timestamp as Instant, tz::TimeZone};
use std::path::PathBuf;
use typst::{
    Library, LibraryExt as _, World,
    diag::{FileError, FileResult, SourceDiagnostic},
    foundations::{Bytes, Datetime, Duration, Smart},
    syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot},
    text::{Font, FontBook},
    utils::LazyHash,
};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, Timestamp};

use self::fonts::Fonts;
use super::article::Article;

const TEMPLATE: &str = include_str!("bulletin.typ");
/// Signs that the article uses beside letters.
const SIGNS: &str = "A0●▲×○■▼↑↓";
/// Ideographs that any Chinese font has; a few rare ones may be missing from a small font.
const IDEOGRAPHS: &str = "中文统计报送通报迟未免待";

/// The whole PDF.
pub(super) fn pdf(article: &Article, folders: &[PathBuf]) -> Result<Vec<u8>, Bilingual> {
    let document = typeset(article, folders)?;
    let options = PdfOptions {
        ident: Smart::Custom(article.digest.clone()),
        creator: Smart::Custom(Some("Granary".to_owned())),
        timestamp: timestamp(article.as_of_ms),
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|faults| failed(&faults))
}

/// The pages.
fn typeset(article: &Article, folders: &[PathBuf]) -> Result<PagedDocument, Bilingual> {
    let fonts = fonts::find(folders, &needed(article))?;
    let desk = Desk::new(article, fonts)?;
    typst::compile::<PagedDocument>(&desk)
        .output
        .map_err(|faults| failed(&faults))
}

/// An English bulletin of which every name is English can do without ideographs.
fn needed(article: &Article) -> String {
    let ideograph = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
    let chinese = article.manner.language == Language::Zh
        || article.texts().any(|text| text.contains(ideograph));
    let ideographs = if chinese { IDEOGRAPHS } else { "" };
    format!("{SIGNS}{ideographs}")
}

/// A fault of the template, not of the reader.
fn failed(faults: &[SourceDiagnostic]) -> Bilingual {
    let faults: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
    let faults = faults.join("; ");
    Bilingual::new(
        format!("排版失败：{faults}"),
        format!("typesetting failed: {faults}"),
    )
}

fn timestamp(at_ms: i64) -> Option<Timestamp> {
    let at = Instant::from_millisecond(at_ms).ok()?;
    let at = at.to_zoned_datetime(TimeZone::UTC);
    let part = |part: i8| u8::try_from(part).ok();
    let datetime = Datetime::from_ymd_hms(
        at.year().into(),
        part(at.month())?,
        part(at.day())?,
        part(at.hour())?,
        part(at.minute())?,
        part(at.second())?,
    )?;
    Some(Timestamp::new_utc(datetime))
}

/// What the typesetter sees.
struct Desk {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    template: Source,
    data: (FileId, Bytes),
}

impl Desk {
    fn new(article: &Article, fonts: Fonts) -> Result<Self, Bilingual> {
        let json = data::json(article, &fonts).map_err(|error| {
            Bilingual::new(
                format!("无法准备排版数据：{error}"),
                format!("the data for typesetting cannot be prepared: {error}"),
            )
        })?;
        Ok(Self {
            library: LazyHash::new(Library::builder().build()),
            book: LazyHash::new(FontBook::from_fonts(&fonts.faces)),
            fonts: fonts.faces,
            template: Source::new(file("/bulletin.typ")?, TEMPLATE.to_owned()),
            data: (file("/bulletin.json")?, Bytes::new(json)),
        })
    }
}

fn file(path: &str) -> Result<FileId, Bilingual> {
    let path = VirtualPath::new(path).map_err(|error| {
        let error = format!("{path}: {error:?}");
        Bilingual::new(error.clone(), error)
    })?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.template.id() {
            return Ok(self.template.clone());
        }
        Err(FileError::AccessDenied)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.data.0 {
            return Ok(self.data.1.clone());
        }
        Err(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
