//! The file of arrivals: CSV in UTF-8 with the columns `unit`, `period`, `arrived_at` in any order; others are passed over.
//!
//! An arrival is an instant with its offset (RFC 3339), or a local time where the reader names a zone. A date alone says nothing
//! about an hour that decides, so it is not taken.

use std::path::Path;

use csv::StringRecord;
use granary_core::{code::UnitCode, ledger::Arrival, period::Period, text::Bilingual};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::cli::screen::Complaint;

/// The largest file, in bytes.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// The most faults that are told one by one.
const FAULTS_TOLD_MAX: usize = 100;
const COLUMNS: [&str; 3] = ["unit", "period", "arrived_at"];

/// One row, with its line in the file.
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) arrival: Arrival,
}

/// What is wrong, by line.
#[derive(Default)]
pub(super) struct Faults(Vec<(u64, Bilingual)>);

impl Faults {
    pub(super) fn add(&mut self, line: u64, why: Bilingual) {
        self.0.push((line, why));
    }

    /// The faults so far, in the order of lines.
    #[cfg(test)]
    pub(super) fn lines(&self) -> &[(u64, Bilingual)] {
        &self.0
    }

    /// A complaint with all faults, where there are any.
    pub(super) fn result(mut self) -> Result<(), Complaint> {
        if self.0.is_empty() {
            return Ok(());
        }
        self.0.sort_by_key(|(line, _)| *line);
        let count = self.0.len();
        let told = self.0.into_iter().take(FAULTS_TOLD_MAX);
        let mut lines: Vec<Bilingual> = told
            .map(|(line, why)| {
                Bilingual::new(
                    format!("第 {line} 行：{}", why.zh),
                    format!("line {line}: {}", why.en),
                )
            })
            .collect();
        lines.push(Bilingual::new(
            format!("共 {count} 处错误，未导入任何一行"),
            format!("{count} faults: nothing was imported"),
        ));
        Err(Complaint::lines(lines))
    }
}

/// Reads a file; what is wrong with a row is a fault, what is wrong with the file a complaint.
pub(super) fn read(
    path: &Path,
    zone: Option<&TimeZone>,
    faults: &mut Faults,
) -> Result<Vec<Row>, Complaint> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        Complaint::new(
            format!("无法读取 {shown}：{error}"),
            format!("cannot read {shown}: {error}"),
        )
    };
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(Complaint::new(
            format!("{shown} 有 {bytes} 字节，最多 {FILE_BYTES_MAX}：请分成几个文件"),
            format!("{shown} has {bytes} bytes, and at most {FILE_BYTES_MAX} are read: split it"),
        ));
    }
    let text = std::fs::read(path).map_err(unreadable)?;
    Ok(parse(&text, zone, faults))
}

/// Reads the bytes of a file.
pub(super) fn parse(bytes: &[u8], zone: Option<&TimeZone>, faults: &mut Faults) -> Vec<Row> {
    // Spreadsheets write a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let places = match reader.headers().map(columns) {
        Ok(Some(places)) => places,
        Ok(None) | Err(_) => {
            faults.add(1, headings());
            return Vec::new();
        }
    };
    let mut rows = Vec::new();
    for record in reader.records() {
        let line = |position: Option<&csv::Position>| position.map_or(0, csv::Position::line);
        match record {
            Ok(record) => match arrival(&record, places, zone) {
                Ok(arrival) => rows.push(Row {
                    line: line(record.position()),
                    arrival,
                }),
                Err(why) => faults.add(line(record.position()), why),
            },
            Err(error) => faults.add(line(error.position()), unreadable_row(&error)),
        }
    }
    rows
}

fn columns(headings: &StringRecord) -> Option<[usize; 3]> {
    let place = |name: &str| headings.iter().position(|heading| heading == name);
    let [unit, period, arrived_at] = COLUMNS.map(place);
    Some([unit?, period?, arrived_at?])
}

fn arrival(
    record: &StringRecord,
    places: [usize; 3],
    zone: Option<&TimeZone>,
) -> Result<Arrival, Bilingual> {
    let [unit, period, arrived_at] = places.map(|at| record.get(at).unwrap_or_default());
    Ok(Arrival {
        unit: UnitCode::new(unit).map_err(|error| both(&error))?,
        period: Period::parse(period).map_err(|error| both(&error))?,
        arrived_at_ms: instant(arrived_at, zone).ok_or_else(|| no_instant(arrived_at))?,
    })
}

fn instant(text: &str, zone: Option<&TimeZone>) -> Option<i64> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_millisecond());
    }
    let local: DateTime = text.contains(':').then(|| text.parse().ok())??;
    let instant = zone?.to_timestamp(local).ok()?;
    Some(instant.as_millisecond())
}

fn no_instant(text: &str) -> Bilingual {
    Bilingual::new(
        format!(
            "{text:?} 不是带时区的时间，例如 2019-10-09T11:20:00+08:00；本地时间须加 --timezone"
        ),
        format!(
            "{text:?} is not an instant with its offset, for instance 2019-10-09T11:20:00+08:00; local times need --timezone"
        ),
    )
}

fn headings() -> Bilingual {
    Bilingual::new(
        "首行须有列名 unit、period、arrived_at",
        "the first line names the columns unit, period, arrived_at",
    )
}

fn unreadable_row(error: &csv::Error) -> Bilingual {
    Bilingual::new(
        format!("这一行无法读取，请存为 UTF-8 编码的 CSV：{error}"),
        format!("it cannot be read, save the file as CSV in UTF-8: {error}"),
    )
}

fn both(error: &dyn std::error::Error) -> Bilingual {
    Bilingual::new(format!("写法不对：{error}"), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, zone: Option<&str>, rows: &[(u64, i64)], faults: &[u64]) {
        let zone = zone.map(|name| TimeZone::get(name).unwrap());
        let mut found = Faults::default();
        let parsed = parse(text.as_bytes(), zone.as_ref(), &mut found);
        let parsed: Vec<_> = parsed
            .iter()
            .map(|r| (r.line, r.arrival.arrived_at_ms))
            .collect();
        let lines: Vec<_> = found.lines().iter().map(|(line, _)| *line).collect();
        assert_eq!(
            (parsed.as_slice(), lines.as_slice()),
            (rows, faults),
            "{text}"
        );
    }

    #[test]
    fn instants_have_an_offset_or_a_zone_is_named() {
        let head = "\u{feff}arrived_at,note,unit,period\n";
        let local = format!("{head}1970-01-01 08:00:01,,520100,2021-Q3\n");
        check(&local, Some("Asia/Shanghai"), &[(2, 1_000)], &[]);
        check(&local, None, &[], &[2]);
        let offset = format!("{head}1970-01-01T08:00:02+08:00,x,520100,2021-Q3\n");
        check(&offset, None, &[(2, 2_000)], &[]);
        let date = format!("{head}1970-01-01,x,520100,2021-Q3\n");
        check(&date, Some("Asia/Shanghai"), &[], &[2]);
    }

    #[test]
    fn every_faulty_row_is_told() {
        let text = "unit,period,arrived_at\n52 0100,2021-Q3,1970-01-01T00:00:00Z\n520100,2021-Q5,1970-01-01T00:00:00Z\n520100\n";
        check(text, None, &[], &[2, 3, 4]);
        check("unit,when\n520100,2021-Q3\n", None, &[], &[1]);
        check("", None, &[], &[1]);
    }
}
