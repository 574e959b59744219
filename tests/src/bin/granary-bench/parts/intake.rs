//! A clerk's wait: reading a large workbook and a text of two gigabytes, and judging a small and a large statement.
//!
//! The workbook is synthetic, 50,000 rows in the long shape, and is read by the real program, `granary-agent check`, whose peak memory
//! the kernel tells while it runs. The preflight is called in this process.

use std::{
    fmt::Write as _,
    fs,
    io::{BufWriter, Write as _},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use granary_agent::{
    catalogue_cache::CatalogueCache,
    draft::Draft,
    history::Past,
    intake::{self, Names},
    preflight::preflight,
};
use granary_core::{
    catalogue::{Bundle, Catalogue},
    code::UnitCode,
    digest::Digest,
};
use jiff::civil::Date;
use rust_xlsxwriter::Workbook;

use crate::{
    context::{Context, Outcome},
    measure::{REPETITIONS, median, median_ms, megabytes, millis},
    process::{self, Memory},
    programs::Running,
    row::Row,
};

const UNIT: &str = "100101";
const PERIOD: &str = "2021-M09";
/// Indicators of the itemised dataset, and of the other one.
const INDICATORS: usize = 10;
const INDICATORS_PLAIN: usize = 30;
/// Rows of the workbook: items times indicators.
const ROWS: usize = 50_000;
/// The least length of the long text, in bytes.
const TEXT_BYTES: u64 = 2 << 30;
/// What the preflights aim at.
const SMALL_AIM_MS: f64 = 5.0;
const LARGE_AIM_MS: f64 = 200.0;
/// How often the kernel is asked about the program's memory.
const ASK_INTERVAL: Duration = Duration::from_millis(2);

/// The rows of this part.
pub(crate) fn run(context: &Context) -> Outcome<Vec<Row>> {
    let folder = context.folder()?;
    let bundle = bundle()?;
    let book = folder.path().join(format!("items_{PERIOD}.xlsx"));
    fs::write(&book, workbook()?)?;
    let mut rows = reading(context, folder.path(), &book, &bundle)?;
    rows.extend(streaming(context, folder.path())?);
    rows.extend(judging(folder.path(), &book, &bundle)?);
    Ok(rows)
}

/// The program reads the workbook; its time and its peak memory.
fn reading(context: &Context, folder: &Path, book: &Path, bundle: &Bundle) -> Outcome<Vec<Row>> {
    fs::write(
        folder.join("agent.toml"),
        format!("unit = \"{UNIT}\"\nserver = \"https://localhost:7443\"\n"),
    )?;
    fs::create_dir_all(folder.join("state"))?;
    let bytes = bundle.encode();
    CatalogueCache::open(&folder.join("state")).keep(&Digest::of(&bytes), &bytes)?;
    let program = context.programs()?.agent();
    let (mut times, mut peaks) = (Vec::new(), Vec::new());
    for _ in 0..REPETITIONS {
        let start = Instant::now();
        let peak = checked(&program, folder, book)?;
        times.push(millis(start.elapsed()));
        peaks.push(megabytes(peak));
    }
    let size = megabytes(fs::metadata(book)?.len());
    Ok(vec![
        Row::lower("intake_xlsx_50000_rows", median(times), "ms").note(format!(
            "granary-agent check of a workbook of {ROWS} rows ({size:.1} MB), preflight and report included, from the start of the process to its end; median of {REPETITIONS}"
        )),
        Row::lower("intake_xlsx_50000_rows_peak", median(peaks), "MB")
            .note("the most that process had resident (VmHWM)"),
    ])
}

/// The program reads a text of two gigabytes, beside hashing its bytes as often as the program has to read them.
fn streaming(context: &Context, folder: &Path) -> Outcome<Vec<Row>> {
    let text = folder.join(format!("plain_{PERIOD}.csv"));
    long_text(&text)?;
    let start = Instant::now();
    let peak = checked(&context.programs()?.agent(), folder, &text)?;
    let time = start.elapsed().as_secs_f64();
    let start = Instant::now();
    for _ in 0..2 {
        intake::digest_of(&text)?;
    }
    let hashing = start.elapsed().as_secs_f64();
    fs::remove_file(&text)?;
    Ok(vec![
        Row::lower("intake_csv_2_gb", time, "s").limit(hashing).note(
            "granary-agent check of a text of 2 GiB, nearly all of it rows without a value; limit: its SHA-256 twice, before and after",
        ),
        Row::lower("intake_csv_2_gb_peak", megabytes(peak), "MB")
            .note("the most that process had resident (VmHWM)"),
    ])
}

/// A synthetic text in the long shape: the figures of one statement behind two gigabytes of rows without one.
fn long_text(path: &Path) -> Outcome<()> {
    let mut file = BufWriter::with_capacity(1 << 20, fs::File::create(path)?);
    let mut written = file.write(b"indicator,value,remark\n")? as u64;
    for row in 0_u64.. {
        if written >= TEXT_BYTES {
            break;
        }
        let line = format!(
            "p_{:02},,row {row:09} has no figure yet and waits for one\n",
            row % 30
        );
        file.write_all(line.as_bytes())?;
        written += line.len() as u64;
    }
    for at in 0..INDICATORS_PLAIN {
        writeln!(file, "p_{at:02},{},", plain_value(at))?;
    }
    Ok(file
        .into_inner()
        .map_err(|error| error.to_string())?
        .sync_all()?)
}

/// Runs `check` to its end and gives the most memory that was seen.
fn checked(program: &Path, folder: &Path, book: &Path) -> Outcome<u64> {
    let mut command = Command::new(program);
    command.arg("check").arg(book).arg("--dir").arg(folder);
    let running = Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()))?;
    let mut peak = 0;
    // A process that has ended has no memory: then the kernel's answer has no such lines.
    while let Ok(Memory { peak: now, .. }) = process::memory(running.id()) {
        peak = now.max(peak);
        thread::park_timeout(ASK_INTERVAL);
    }
    match peak {
        0 => Err("the agent's check was over before its memory could be read".into()),
        peak => Ok(peak),
    }
}

/// The preflight alone, of a statement of 30 values and of one of 50,000.
fn judging(folder: &Path, book: &Path, bundle: &Bundle) -> Outcome<Vec<Row>> {
    let catalogue = Catalogue::parse(bundle).map_err(|faults| format!("{faults:?}"))?;
    let mut text = String::from("indicator,value\n");
    for at in 0..INDICATORS_PLAIN {
        writeln!(text, "p_{at:02},{}", plain_value(at))?;
    }
    let small = folder.join(format!("plain_{PERIOD}.csv"));
    fs::write(&small, text)?;
    let today = Date::new(2021, 10, 8)?;
    let measured = |path: &Path, values: usize| -> Outcome<f64> {
        let draft = read(path, &catalogue)?;
        if draft.values() != values {
            return Err(format!("{} values were read, not {values}", draft.values()).into());
        }
        let mut stopped = 0;
        let time = median_ms(REPETITIONS * 3, || {
            stopped +=
                usize::from(preflight(draft.clone(), &catalogue, &Past::default(), today).is_err());
        });
        match stopped {
            0 => Ok(time),
            _ => Err("the synthetic statement does not pass its preflight".into()),
        }
    };
    let row = |name: &str, time: f64, aim: f64, what: &str| {
        Row::lower(name, time, "ms").limit(aim).note(format!(
            "{what}; a copy of the draft is included; limit: the aim"
        ))
    };
    Ok(vec![
        row(
            "preflight_30_values",
            measured(&small, INDICATORS_PLAIN)?,
            SMALL_AIM_MS,
            "one record, twenty edits",
        ),
        row(
            "preflight_50000_values",
            measured(book, ROWS)?,
            LARGE_AIM_MS,
            "5,000 items of ten values, five edits each",
        ),
    ])
}

fn read(path: &Path, catalogue: &Catalogue) -> Outcome<Draft> {
    let unit = UnitCode::new(UNIT)?;
    let read = intake::read(path, &Names::new(catalogue, &unit));
    let read = read.map_err(|unread| format!("{}: {unread:?}", path.display()))?;
    Ok(read.drafts.into_iter().next().ok_or("no draft")?)
}

/// A value of the plain dataset: each tenth one is the sum of the nine after it.
fn plain_value(at: usize) -> usize {
    if at.is_multiple_of(10) {
        (at + 1..at + 10).map(|part| part * 3).sum()
    } else {
        at * 3
    }
}

/// The synthetic workbook.
fn workbook() -> Outcome<Vec<u8>> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, heading) in (0..).zip(["item", "indicator", "value"]) {
        sheet.write_string(0, column, heading)?;
    }
    for (row, at) in (1_u32..).zip(0..ROWS) {
        let (item, indicator) = (at / INDICATORS, at % INDICATORS);
        // The first is the sum of the others, so that its edit has work and holds.
        let others = (1..INDICATORS).map(|other| item + other).sum::<usize>();
        let value = if indicator == 0 {
            others
        } else {
            item + indicator
        };
        sheet.write_string(row, 0, format!("project {item:05}"))?;
        sheet.write_string(row, 1, format!("i_{indicator:02}"))?;
        sheet.write_number(row, 2, u32::try_from(value)?)?;
    }
    Ok(book.save_to_buffer()?)
}

/// The synthetic catalogue: one unit, an itemised dataset and a plain one.
fn bundle() -> Outcome<Bundle> {
    let mut text = String::from(
        "[catalogue]\nname = { zh = \"试验\", en = \"Synthetic\" }\ntimezone = \"Asia/Shanghai\"\n\
         [[department]]\ncode = \"d\"\nname = { zh = \"部门\", en = \"Department\" }\n\
         [[unit_of_measure]]\ncode = \"CNY_10K\"\nname = { zh = \"万元\", en = \"CNY 10,000\" }\n",
    );
    writeln!(
        text,
        "[[unit]]\ncode = \"{UNIT}\"\nname = {{ zh = \"甲县\", en = \"County\" }}"
    )?;
    let edits = |prefix: &str, sums: &[(usize, usize)], signs: usize| {
        let sum = |(first, last): &(usize, usize)| {
            let parts: Vec<String> = (first + 1..=*last)
                .map(|at| format!("{prefix}_{at:02}"))
                .collect();
            format!("{prefix}_{first:02} = {}", parts.join(" + "))
        };
        let sign = |at: usize| format!("{prefix}_{at:02} >= 0");
        sums.iter()
            .map(sum)
            .chain((0..signs).map(sign))
            .collect::<Vec<_>>()
    };
    dataset(
        &mut text,
        ("items", "i", INDICATORS, true),
        &edits("i", &[(0, 9)], 4),
    )?;
    dataset(
        &mut text,
        ("plain", "p", INDICATORS_PLAIN, false),
        &edits("p", &[(0, 9), (10, 19), (20, 29)], 17),
    )?;
    Ok(Bundle::new([("catalogue.toml".to_owned(), text)].into())?)
}

fn dataset(
    text: &mut String,
    (code, prefix, count, itemised): (&str, &str, usize, bool),
    edits: &[String],
) -> Outcome<()> {
    let codes: Vec<String> = (0..count)
        .map(|at| format!("\"{prefix}_{at:02}\""))
        .collect();
    for code in &codes {
        writeln!(
            text,
            "[[indicator]]\ncode = {code}\nname = {{ zh = {code}, en = {code} }}\nunit_of_measure = \"CNY_10K\"\ndecimals = 2\nkind = \"flow\"\nowner = \"d\""
        )?;
    }
    let list = codes.join(", ");
    writeln!(
        text,
        "[[dataset]]\ncode = \"{code}\"\nname = {{ zh = \"{code}\", en = \"{code}\" }}\nperiodicity = \"month\"\nindicators = [{list}]\nitemised = {itemised}\ndeadline = {{ day = 8, time = \"12:00\" }}\nfirst_period = \"2021-M01\""
    )?;
    writeln!(
        text,
        "[[roster]]\ndataset = \"{code}\"\nunits = [\"{UNIT}\"]"
    )?;
    for (number, expression) in edits.iter().enumerate() {
        writeln!(
            text,
            "[[edit]]\nid = \"{}.E{number:02}\"\nkind = \"validity\"\ndataset = \"{code}\"\nexpression = \"{expression}\"\nmessage = {{ zh = \"不符\", en = \"does not hold\" }}",
            code.to_uppercase()
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_synthetic_catalogue_and_its_values_agree() {
        let catalogue = Catalogue::parse(&bundle().unwrap()).unwrap();
        assert_eq!(catalogue.datasets().len(), 2);
        assert_eq!(plain_value(10), (11..20).map(plain_value).sum::<usize>());
    }
}
