//! The font of a bulletin: the first that has the characters needed, and its bold sister where there is one.
//!
//! Folders that were named come first, whatever is in them; then the usual folders of the system, well-known Chinese
//! fonts first. Within the same folders with the same files the choice is always the same.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use granary_core::text::Bilingual;
use typst::{
    foundations::Bytes,
    layout::Abs,
    text::{Font, FontInfo, FontStyle, FontVariations},
};

/// How deep folders of fonts are searched.
const DEPTH_MAX: u32 = 6;
/// The largest file that is taken for a font; the largest collections have some 200 MB.
const FILE_BYTES_MAX: u64 = 512 << 20;
/// The smallest weight that is called bold.
const BOLD_MIN: u16 = 600;

/// Where systems keep their fonts.
const FOLDERS: [&str; 8] = [
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/usr/share/texmf/fonts",
    "/opt/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "C:\\Windows\\Fonts",
    "C:\\WinNT\\Fonts",
];

/// Files of fonts that read well in print, the best first, by how their names begin in small letters.
const PREFERRED: [&str; 20] = [
    "notosanscjk-regular",
    "notosanscjksc-regular",
    "notosanssc-regular",
    "sourcehansanssc-regular",
    "sourcehansanscn-regular",
    "sourcehansans-regular",
    "sourcehansans",
    "wqy-microhei",
    "msyh.",
    "pingfang",
    "stheiti",
    "wqy-zenhei",
    "droidsansfallback",
    "simhei",
    "notoserifcjk-regular",
    "sourcehanserif",
    "simsun",
    "uming",
    "notosans-regular",
    "dejavusans.",
];

/// The fonts of one bulletin.
pub(super) struct Fonts {
    /// The regular face, and the bold one where there is one.
    pub(super) faces: Vec<Font>,
    /// The name of their family.
    pub(super) family: String,
    /// Whether there is a bold face.
    pub(super) bold: bool,
    /// How many per cent of the letters' size signs need, so that they are equally large in every font.
    pub(super) signs_percent: u32,
    /// Whether brackets stand in the middle of their squares, as some small fonts have them, so that the typesetter may
    /// not push the next sign into what it takes for the empty half.
    pub(super) centred_brackets: bool,
}

/// Looks for a font that has all characters of `needed`.
///
/// # Errors
/// Where there is none; says what to install.
pub(super) fn find(folders: &[PathBuf], needed: &str) -> Result<Fonts, Bilingual> {
    let system: Vec<PathBuf> = FOLDERS.iter().map(PathBuf::from).collect();
    let found = [folders, &system].into_iter().find_map(|folders| {
        let mut files = Vec::new();
        for folder in folders {
            collect(folder, DEPTH_MAX, &mut files);
        }
        files.sort_by_key(|path| (preference(path), path.clone()));
        files.dedup();
        files.iter().find_map(|path| load(path, needed))
    });
    found.ok_or_else(missing)
}

fn missing() -> Bilingual {
    Bilingual::new(
        "没有找到含有所需字符的字体，无法排版 PDF。在 Debian 或 Ubuntu 上请安装 fonts-wqy-microhei（较小）或 fonts-noto-cjk：apt-get install fonts-wqy-microhei；也可以用 --font-dir 指明字体文件所在的文件夹",
        "no font with the characters needed was found, so the PDF cannot be typeset; on Debian or Ubuntu install fonts-wqy-microhei (small) or fonts-noto-cjk: apt-get install fonts-wqy-microhei; or name a folder with a font file by --font-dir",
    )
}

/// The font files in a folder and below it; what cannot be read is passed over, since another folder may do.
fn collect(folder: &Path, depth: u32, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    for entry in entries.unwrap_or_default() {
        let path = entry.path();
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, files);
            }
        } else if is_font(&path) {
            files.push(path);
        }
    }
}

fn is_font(path: &Path) -> bool {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    extension.is_some_and(|e| ["ttf", "ttc", "otf", "otc"].contains(&e.as_str()))
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().to_lowercase()
}

/// Its place among the preferred; what is not among them comes after all of them.
fn preference(path: &Path) -> usize {
    let name = file_name(path);
    let known = PREFERRED.iter().position(|known| name.starts_with(known));
    known.unwrap_or(PREFERRED.len())
}

/// The regular face of a file and its bold sister; `None` where no face has the characters.
fn load(path: &Path, needed: &str) -> Option<Fonts> {
    let data = read(path)?;
    let infos: Vec<FontInfo> = FontInfo::iter(&data).collect();
    let fits = |info: &&FontInfo| {
        let upright = info.variant.style == FontStyle::Normal;
        let light = info.variant.weight.to_number() < BOLD_MIN;
        upright && light && needed.chars().all(|c| info.coverage.contains(c.into()))
    };
    // A collection holds the same characters in the forms of several countries.
    let simplified = |info: &FontInfo| {
        ["SC", "CN", "GB"]
            .iter()
            .any(|end| info.family.ends_with(end))
    };
    let mut fitting = infos.iter().filter(fits);
    let first = fitting.clone().next()?;
    let chosen = fitting.find(|info| simplified(info)).unwrap_or(first);
    let regular = face(&data, |info| info == chosen)?;
    let family = chosen.family.clone();
    let bold = sister(path, &data, &family);
    Some(Fonts {
        family,
        bold: bold.is_some(),
        signs_percent: signs_percent(&regular),
        centred_brackets: centred_brackets(&regular),
        faces: std::iter::once(regular).chain(bold).collect(),
    })
}

/// The bold face of a family: in the same file, or in the file beside it.
fn sister(path: &Path, data: &Bytes, family: &str) -> Option<Font> {
    let is_bold = |info: &FontInfo| {
        let upright = info.variant.style == FontStyle::Normal;
        upright && info.family == family && info.variant.weight.to_number() >= BOLD_MIN
    };
    let beside = || {
        let name = path.file_name()?.to_str()?;
        let renamed = [
            ("Regular", "Bold"),
            ("msyh.", "msyhbd."),
            ("MSYH.", "MSYHBD."),
        ]
        .into_iter()
        .find(|(regular, _)| name.contains(regular))
        .map(|(regular, bold)| name.replace(regular, bold))?;
        face(&read(&path.with_file_name(renamed))?, is_bold)
    };
    face(data, is_bold).or_else(beside)
}

/// Three quarters of a letter's square, whatever the font makes of its signs.
fn signs_percent(font: &Font) -> u32 {
    let height = glyph(font, '▲').map(|(_, height)| height);
    let percent = height.and_then(|height| 7_200_u32.checked_div(height));
    percent.unwrap_or(100).clamp(70, 140)
}

/// A closing bracket of GB fonts begins within the first fifth of its square.
fn centred_brackets(font: &Font) -> bool {
    glyph(font, '）').is_some_and(|(left, _)| left > 20)
}

/// Where a glyph begins and how high it is, in per cent of the square; `None` where the font does not have it.
fn glyph(font: &Font, c: char) -> Option<(u32, u32)> {
    let none = FontVariations::default();
    let variant = font.info().variant;
    let instance = font.clone().instantiate(variant, Abs::pt(10.0), &none);
    let face = instance.ttf();
    let bounds = face.glyph_bounding_box(face.glyph_index(c)?)?;
    let percent = |length: i16| {
        let square = i32::from(face.units_per_em()).max(1);
        u32::try_from(i32::from(length) * 100 / square).unwrap_or(0)
    };
    Some((percent(bounds.x_min), percent(bounds.height())))
}

fn face(data: &Bytes, wanted: impl Fn(&FontInfo) -> bool) -> Option<Font> {
    Font::iter(data.clone()).find(|font| wanted(font.info()))
}

/// The bytes of a file; `None` where it cannot be read or is too large.
fn read(path: &Path) -> Option<Bytes> {
    let bytes = fs::metadata(path).ok()?.len();
    (bytes <= FILE_BYTES_MAX)
        .then(|| fs::read(path).ok())
        .flatten()
        .map(Bytes::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_files_come_first_and_only_fonts_count() {
        let mut files: Vec<PathBuf> = [
            "z/unknown.ttf",
            "b/wqy-microhei.ttc",
            "a/NotoSansCJK-Regular.ttc",
            "c/simsun.ttc",
        ]
        .iter()
        .map(PathBuf::from)
        .collect();
        files.sort_by_key(|path| (preference(path), path.clone()));
        let names: Vec<String> = files.iter().map(|path| file_name(path)).collect();
        let expected = [
            "notosanscjk-regular.ttc",
            "wqy-microhei.ttc",
            "simsun.ttc",
            "unknown.ttf",
        ];
        assert_eq!(names, expected);
        assert!(is_font(Path::new("a/B.TTC")));
        assert!(!is_font(Path::new("a/b.pfb")));
    }

    #[test]
    fn where_no_font_has_the_characters_both_languages_say_what_to_install() {
        // No font has a noncharacter.
        let Err(message) = find(&[], "\u{ffff}") else {
            panic!("no font can have it");
        };
        for text in [&message.zh, &message.en] {
            assert!(text.contains("fonts-wqy-microhei"), "{text}");
            assert!(text.contains("--font-dir"), "{text}");
        }
    }

    #[test]
    fn a_folder_without_fonts_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("broken.ttf"), b"no font").unwrap();
        let folders = [folder.path().to_path_buf(), PathBuf::from("nowhere")];
        let found = find(&folders, "\u{ffff}");
        assert!(found.is_err());
    }
}
