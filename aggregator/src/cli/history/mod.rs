//! `history import`: arrivals from before the system, from a file into the journal.
//!
//! The file is read and checked against the slots that the city expects; every fault is told at once, with its line. What the city
//! holds already is left out, and the rest is signed in acts of at most [`ARRIVALS_MAX`] rows. Each act is in force before
//! the next is sent, so that an import that breaks off is gone on with by starting it again.

mod file;
mod slots;

use std::collections::BTreeMap;

use granary_core::{
    code::DatasetCode,
    ledger::{
        Arrival, Deed,
        import::{ARRIVALS_MAX, SOURCE_BYTES_MAX},
    },
    text::Bilingual,
};
use jiff::tz::TimeZone;

use self::{
    file::{Faults, Row},
    slots::Known,
};
use super::{
    ImportArgs, acts,
    screen::{Complaint, Screen},
};
use crate::clock::{Clock as _, SystemClock};

/// Imports a file, or says what that would do.
pub(super) fn import(args: &ImportArgs, screen: &Screen) -> Result<(), Complaint> {
    let dataset = DatasetCode::new(&args.dataset)?;
    check_source(&args.source)?;
    let zone = args.timezone.as_deref().map(TimeZone::get).transpose()?;
    let mut faults = Faults::default();
    let rows = file::read(&args.file, zone.as_ref(), &mut faults)?;
    let slots = slots::of_dataset(&dataset, &args.connection, screen)?;
    let (new, known) = compare(rows, &slots, SystemClock.now_ms(), &mut faults);
    faults.result()?;
    let count = new.len();
    screen.say(
        format!("报表 {dataset}：新增 {count} 行，已导入过 {known} 行"),
        format!("dataset {dataset}: {count} rows are new, {known} were imported before"),
    );
    if args.dry_run {
        let acts = count.div_ceil(ARRIVALS_MAX);
        screen.say(
            format!("试运行：未提交。导入将写入 {acts} 条日志"),
            format!("dry run: nothing was sent. The import would be {acts} journal entries"),
        );
        return Ok(());
    }
    send(&dataset, new, args, screen)
}

fn send(
    dataset: &DatasetCode,
    arrivals: Vec<Arrival>,
    args: &ImportArgs,
    screen: &Screen,
) -> Result<(), Complaint> {
    let (total, mut done) = (arrivals.len(), 0);
    let mut entries = Vec::new();
    for part in arrivals.chunks(ARRIVALS_MAX) {
        let deed = Deed::ImportHistory {
            dataset: dataset.clone(),
            source: args.source.clone(),
            arrivals: part.to_vec(),
        };
        entries.push(acts::submit(deed, &args.connection)?);
        done += part.len();
        screen.progress(
            format!("已导入 {done}/{total} 行"),
            format!("{done} of {total} rows imported"),
        );
    }
    if let (Some(first), Some(last)) = (entries.first(), entries.last()) {
        screen.end_progress();
        screen.say(
            format!("已导入 {total} 行，日志第 {first} 至 {last} 条"),
            format!("{total} rows are imported, entries {first} to {last}"),
        );
    }
    Ok(())
}

fn check_source(source: &str) -> Result<(), Complaint> {
    if (1..=SOURCE_BYTES_MAX).contains(&source.len()) {
        return Ok(());
    }
    Err(Complaint::new(
        format!("--source 须为 1 至 {SOURCE_BYTES_MAX} 字节"),
        format!("--source is 1 to {SOURCE_BYTES_MAX} bytes long"),
    ))
}

/// What is new, and how many rows the city holds already.
fn compare(
    rows: Vec<Row>,
    slots: &Known,
    now_ms: i64,
    faults: &mut Faults,
) -> (Vec<Arrival>, usize) {
    let mut seen: BTreeMap<_, (u64, i64)> = BTreeMap::new();
    let (mut new, mut known) = (Vec::new(), 0);
    for Row { line, arrival } in rows {
        let key = (arrival.unit.clone(), arrival.period);
        if let Some((earlier, at_ms)) = seen.get(&key) {
            if *at_ms != arrival.arrived_at_ms {
                faults.add(line, twice(*earlier));
            }
            continue;
        }
        let Some(slot) = slots.get(&key) else {
            let (unit, period) = key;
            faults.add(line, not_expected(unit.as_str(), &period.to_string()));
            continue;
        };
        seen.insert(key, (line, arrival.arrived_at_ms));
        if arrival.arrived_at_ms > now_ms {
            faults.add(
                line,
                Bilingual::new("到达时间在未来", "its arrival lies in the future"),
            );
        } else if slot
            .opened_at_ms
            .is_none_or(|opened| arrival.arrived_at_ms < opened)
        {
            faults.add(line, too_early());
        } else {
            match slot.imported_at_ms {
                None => new.push(arrival),
                Some(at_ms) if at_ms == arrival.arrived_at_ms => known += 1,
                Some(at_ms) => faults.add(line, contradicts(at_ms)),
            }
        }
    }
    (new, known)
}

fn twice(earlier: u64) -> Bilingual {
    Bilingual::new(
        format!("与第 {earlier} 行是同一应报，到达时间不同"),
        format!("it is the same slot as in line {earlier}, with another arrival"),
    )
}

fn not_expected(unit: &str, period: &str) -> Bilingual {
    Bilingual::new(
        format!("名录未要求单位 {unit} 在 {period} 报送"),
        format!("the roster does not expect it of unit {unit} for {period}"),
    )
}

fn too_early() -> Bilingual {
    Bilingual::new(
        "到达时间早于报告期开始",
        "its arrival lies before the period begins",
    )
}

fn contradicts(imported_at_ms: i64) -> Bilingual {
    let at = jiff::Timestamp::from_millisecond(imported_at_ms).unwrap_or_default();
    Bilingual::new(
        format!("此前已导入另一到达时间 {at}"),
        format!("another arrival was imported for it before: {at}"),
    )
}

#[cfg(test)]
mod tests {
    use super::{slots::Slot, *};
    use crate::cli::history::file::parse;

    fn slots() -> Known {
        let slot = |imported_at_ms| Slot {
            opened_at_ms: Some(1_000),
            imported_at_ms,
        };
        let key = |unit: &str| (unit.parse().unwrap(), "2021-Q3".parse().unwrap());
        [
            (key("520100"), slot(None)),
            (key("520200"), slot(Some(5_000))),
        ]
        .into()
    }

    fn check(text: &str, new: usize, known: usize, faults: &[(u64, &str)]) {
        let mut found = Faults::default();
        let rows = parse(text.as_bytes(), None, &mut found);
        let (arrivals, held) = compare(rows, &slots(), 9_000, &mut found);
        let told = found
            .lines()
            .iter()
            .map(|(line, why)| (*line, why.en.as_str()));
        assert_eq!(told.collect::<Vec<_>>(), faults, "{text}");
        assert_eq!((arrivals.len(), held), (new, known), "{text}");
    }

    #[test]
    fn every_fault_is_told_with_its_line_and_repetition_is_none() {
        let head = "unit,period,arrived_at\n";
        let at = |seconds: u8| format!("1970-01-01T00:00:0{seconds}Z");
        let (two, five) = (at(2), at(5));
        check(
            &format!("{head}520100,2021-Q3,{two}\n520100,2021-Q3,{two}\n"),
            1,
            0,
            &[],
        );
        check(&format!("{head}520200,2021-Q3,{five}\n"), 0, 1, &[]);
        let text = format!("{head}520100,2021-Q3,{two}\n520100,2021-Q3,{five}\n");
        let why = "it is the same slot as in line 2, with another arrival";
        check(&text, 1, 0, &[(3, why)]);
        let (zero, far) = (at(0), "1970-01-02T00:00:00Z");
        let text =
            format!("{head}520200,2021-Q3,{two}\n520300,2021-Q3,{two}\n520100,2021-Q3,{zero}\n");
        check(
            &text,
            0,
            0,
            &[
                (
                    2,
                    "another arrival was imported for it before: 1970-01-01T00:00:05Z",
                ),
                (
                    3,
                    "the roster does not expect it of unit 520300 for 2021-Q3",
                ),
                (4, "its arrival lies before the period begins"),
            ],
        );
        check(
            &format!("{head}520100,2021-Q3,{far}\n"),
            0,
            0,
            &[(2, "its arrival lies in the future")],
        );
    }
}
