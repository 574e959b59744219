//! The file around a workbook, looked at before a table is read from it: what kind it is, whether it is whole, and how large it will be
//! when it is inflated.
//!
//! A `.xlsx` and an `.ods` are ZIP archives. Sizes in an archive's directory are claims; so every part is inflated once, into
//! nothing, and given up when it passes its bound: [`PART_BYTES_MAX`] for one part, [`TOTAL_BYTES_MAX`] for all, [`WORDS_BYTES_MAX`] for the parts that
//! stay in memory. What is inflated in vain for a file within the bounds costs less than a second.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use zip::ZipArchive;

use super::super::fault::{Fault, say};

/// What kind a workbook is, by its first bytes and its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Kind {
    /// A ZIP archive: `.xlsx`, `.xlsm`, `.ods`.
    Archive,
    /// A compound file: `.xls`, or an encrypted `.xlsx`.
    Compound,
}

/// The most bytes that one part may inflate to.
const PART_BYTES_MAX: u64 = 384 << 20;
/// The most bytes of all parts together.
const TOTAL_BYTES_MAX: u64 = 512 << 20;
/// The most bytes of a part that is held in memory: the words of all cells, the styles.
const WORDS_BYTES_MAX: u64 = 64 << 20;
/// The most parts.
const PARTS_MAX: usize = 4_096;

/// What the archive holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// It is an OpenDocument spreadsheet.
    pub is_ods: bool,
    /// It has macros.
    pub has_macros: bool,
    /// Some sheet has formulas.
    pub has_formulas: bool,
}

/// The kind of a file; `None` where it is no workbook.
///
/// # Errors
/// Those of reading the file.
pub(in crate::intake) fn kind_of(path: &Path) -> io::Result<Option<Kind>> {
    let mut head = Vec::new();
    File::open(path)?.take(8).read_to_end(&mut head)?;
    Ok(match head[..] {
        [b'P', b'K', 3, 4, ..] => Some(Kind::Archive),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Some(Kind::Compound),
        _ => None,
    })
}

/// Looks through an archive.
///
/// # Errors
/// A fault where it is damaged, too large, or no workbook.
pub(super) fn look_through(path: &Path) -> Result<Contents, Box<Fault>> {
    let file = File::open(path).map_err(|error| damaged(&error.to_string()))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|e| damaged(&e.to_string()))?;
    if archive.len() > PARTS_MAX {
        return Err(bomb());
    }
    let (mut contents, mut total, mut is_workbook) = (Contents::default(), 0_u64, false);
    for index in 0..archive.len() {
        let mut part = archive
            .by_index(index)
            .map_err(|e| damaged(&e.to_string()))?;
        let name = part
            .name()
            .map_or_else(|_| String::new(), |name| name.to_ascii_lowercase());
        let is_sheet = name.starts_with("xl/worksheets/") || name == "content.xml";
        is_workbook |= name == "xl/workbook.xml" || name == "content.xml";
        contents.is_ods |= name == "content.xml";
        contents.has_macros |= name.ends_with("vbaproject.bin") || name.starts_with("basic/");
        let most =
            if name == "xl/sharedstrings.xml" || name == "xl/styles.xml" || name == "styles.xml" {
                WORDS_BYTES_MAX
            } else {
                PART_BYTES_MAX
            };
        let most = most.min(TOTAL_BYTES_MAX - total);
        if part.size() > most {
            return Err(bomb());
        }
        let mut reader = part.by_ref().take(most + 1);
        let (size, formulas) = inflate(&mut reader).map_err(|error| damaged(&error.to_string()))?;
        if size > most {
            return Err(bomb());
        }
        total += size;
        contents.has_formulas |= is_sheet && formulas;
    }
    match is_workbook {
        true => Ok(contents),
        false => Err(Box::new(Fault::of_file(
            say!(
                "这是压缩文件，不是工作簿",
                "this is an archive, not a workbook"
            ),
            say!(
                "解压后把里面的报表逐个放入",
                "unpack it and hand in the reports one by one"
            ),
        ))),
    }
}

/// Reads a part to its end: its size, and whether the beginning of a formula occurs in it.
fn inflate(reader: &mut impl Read) -> io::Result<(u64, bool)> {
    let mut buffer = vec![0; 64 * 1024];
    let (mut size, mut formulas, mut last) = (0, false, 0);
    loop {
        let count = reader.read(&mut buffer)?;
        let chunk = buffer.get(..count).unwrap_or_default();
        let Some(end) = chunk.last() else {
            return Ok((size, formulas));
        };
        size += count as u64;
        // `<f>`, `<f t=...>`; `<fonts` and the like only make a second look superfluous.
        formulas = formulas
            || last == b'<' && chunk.first() == Some(&b'f')
            || chunk.windows(2).any(|pair| pair == b"<f");
        last = *end;
    }
}

/// The words for a file that cannot be read as what it seems to be.
pub(super) fn damaged(why: &str) -> Box<Fault> {
    let why = super::super::fault::clip(why);
    Box::new(Fault::of_file(
        say!(
            "工作簿已损坏，读不通（{why}）",
            "the workbook is damaged and cannot be read ({why})"
        ),
        say!(
            "用表格软件打开并另存为 .xlsx，再重新放入",
            "open it in a spreadsheet program, save it as .xlsx, and hand that in"
        ),
    ))
}

/// The words for a file that needs a password.
pub(super) fn locked() -> Box<Fault> {
    Box::new(Fault::of_file(
        say!(
            "工作簿设了打开密码",
            "the workbook is protected by a password"
        ),
        say!(
            "去掉密码后另存，再重新放入；密码不要写在文件名里",
            "save it without the password and hand that in; do not put the password into the file's name"
        ),
    ))
}

fn bomb() -> Box<Fault> {
    let (part, total) = (PART_BYTES_MAX >> 20, TOTAL_BYTES_MAX >> 20);
    Box::new(Fault::of_file(
        say!(
            "工作簿解压后过大（一个部分至多 {part} MB，共至多 {total} MB），未读",
            "the workbook is too large when inflated (at most {part} MB for a part, {total} MB together) and was not read"
        ),
        say!(
            "只保留报表本身，删去多余的行、列和图片，另存后再放入",
            "keep the report alone, delete superfluous rows, columns and pictures, save it and hand that in"
        ),
    ))
}
