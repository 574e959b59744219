//! Checking everything: twenty edits and screens over the records of a made-up country, beside the same rules written by hand, DuckDB
//! and polars.
//!
//! The rules are edits of the language (`catalogue/edits.toml`) and two detectors (`catalogue/detectors.toml`). Before anything is timed, every verdict is
//! compared with that of a judge in plain decimal arithmetic, and with those of DuckDB and polars. Timed is the evaluation alone, with the
//! figures in memory: binding the edits to the columns, the sums over children, all verdicts.

mod random;
mod data;
mod faults;
mod city;
mod judge;
mod bare;
mod peers;
mod follow;

use std::{fs, hint::black_box, thread};

use granary_core::{
    catalogue::Catalogue,
    code::UnitCode,
    edits::{Edit, Scope},
    panel::{Alone, Crew, Panel, Piece, Recheck, Screen, Verdicts},
};

use self::{
    bare::Bare,
    data::{Data, Size},
    judge::NotTrue,
    peers::{PEERS, Peers, Reached},
};
use crate::{
    context::{Context, Outcome, say},
    measure::{median_ms, megabytes},
    process::memory,
    row::Row,
};

const REPETITIONS: usize = 21;
/// The edits that look at nothing but the record stand first.
const RECORD_EDITS: usize = 12;

/// The rows of this part.
pub(crate) fn run(context: &Context) -> Outcome<Vec<Row>> {
    let peers = Peers::installed(context.target());
    let mut rows = Vec::new();
    for (name, size, repetitions) in [("S", Size::S, 5), ("L", Size::L, 3)] {
        let world = World::new(name, size)?;
        world.agrees_with_the_judge()?;
        let reached = match &peers {
            Some(peers) => world.peers(context, peers, repetitions)?,
            None => Vec::new(),
        };
        rows.extend(world.full(&reached));
        if name == "S" {
            rows.extend(world.single(&reached)?);
        } else {
            rows.push(world.memory(&reached));
        }
    }
    Ok(rows)
}

/// Data of one size, as Granary and as the hand-written loops hold it.
struct World {
    name: &'static str,
    data: Data,
    panel: Panel,
    edits: Vec<Edit>,
    screens: Vec<Screen>,
    /// What the panel and all verdicts take.
    taken_bytes: u64,
}

/// What a peer has reached at which work.
struct Beside {
    mode: &'static str,
    threads: usize,
    reached: Reached,
}

/// Threads of this program.
struct Threads(usize);

impl Crew for Threads {
    fn hands(&self) -> usize {
        self.0
    }

    fn work(&self, pieces: Vec<Piece<'_>>) {
        thread::scope(|scope| {
            let mut pieces = pieces.into_iter();
            let own = pieces.next();
            for piece in pieces {
                scope.spawn(piece);
            }
            if let Some(own) = own {
                own();
            }
        });
    }
}

impl World {
    fn new(name: &'static str, size: Size) -> Outcome<Self> {
        let data = Data::new(size);
        let catalogue = city::catalogue(size)?;
        let dataset = catalogue
            .dataset(&city::dataset()?)
            .ok_or("no such dataset")?;
        let (edits, screens) = (dataset.edits().to_vec(), screens(&catalogue, size)?);
        let before = memory(std::process::id())?.resident;
        let panel = city::panel(&data, &catalogue)?;
        let recheck = Recheck::new(&panel, edits.clone(), screens.clone());
        let verdicts = black_box(recheck.run(&panel, &(), &Alone));
        let taken_bytes = memory(std::process::id())?.resident.saturating_sub(before);
        drop(verdicts);
        Ok(Self {
            name,
            data,
            panel,
            edits,
            screens,
            taken_bytes,
        })
    }

    fn recheck(&self) -> Recheck {
        Recheck::new(&self.panel, self.edits.clone(), self.screens.clone())
    }

    fn not_true(&self, verdicts: &[Verdicts]) -> Vec<NotTrue> {
        let of_rule = |(rule, verdicts): (usize, &Verdicts)| {
            let found: Vec<NotTrue> = verdicts
                .not_true()
                .map(|(row, truth)| {
                    let (unit, period) = self.panel.layout().of_row(row);
                    (rule, unit, period, truth)
                })
                .collect();
            found
        };
        let mut found: Vec<NotTrue> = verdicts.iter().enumerate().flat_map(of_rule).collect();
        found.sort_unstable();
        found
    }

    /// Every verdict, by one thread and by two, is the judge's.
    fn agrees_with_the_judge(&self) -> Outcome<()> {
        let names: Vec<&str> = self.edits.iter().map(|edit| edit.id().as_str()).collect();
        if names != judge::RULES[..names.len()] {
            return Err("the catalogue's edits stand in another order than the judge's".into());
        }
        let expected = judge::judge(&self.data);
        for crew in [&Alone as &dyn Crew, &Threads(2)] {
            let found = self.not_true(&self.recheck().run(&self.panel, &(), crew));
            if found != expected {
                return Err(format!("{}: verdicts differ from the judge's", self.name).into());
            }
        }
        let mut by_hand = Bare::new(&self.data).all20();
        by_hand.sort_unstable();
        if by_hand != bare::flags_of(self.data.size, &expected) {
            return Err("the loops written by hand differ from the judge".into());
        }
        say(&format!(
            "  {}: {} verdicts that are not true, each as the judge's",
            self.name,
            expected.len()
        ));
        Ok(())
    }

    fn peers(&self, context: &Context, peers: &Peers, repetitions: usize) -> Outcome<Vec<Beside>> {
        let folder = context.folder()?;
        peers::write(&self.data, folder.path())?;
        let found = self.not_true(&self.recheck().run(&self.panel, &(), &Alone));
        let mut beside = Vec::new();
        let all = judge::RULES.len();
        let modes = [
            ("all20", 1, all),
            ("all20", 2, all),
            ("row12", 1, RECORD_EDITS),
            ("one12", 1, 0),
        ];
        for (mode, threads, rules) in modes {
            for peer in PEERS {
                let reached = peers.run(peer, folder.path(), mode, threads, repetitions)?;
                if rules > 0 {
                    let differences = peers::differences(&self.data, &found, rules, folder.path())?;
                    if differences > 0 {
                        return Err(
                            format!("{}: {differences} verdicts differ", reached.version).into(),
                        );
                    }
                }
                say(&format!(
                    "  {} {mode} on {threads} threads: {} {:.1} ms",
                    self.name, reached.version, reached.median_ms
                ));
                beside.push(Beside {
                    mode,
                    threads,
                    reached,
                });
            }
        }
        let _ = fs::remove_dir_all(folder.path());
        Ok(beside)
    }

    /// All records judged once.
    fn full(&self, beside: &[Beside]) -> Vec<Row> {
        let bare = Bare::new(&self.data);
        let (all, record) = (self.recheck(), self.record_edits());
        let time = |recheck: &Recheck, crew: &dyn Crew| {
            median_ms(REPETITIONS, || {
                black_box(recheck.run(&self.panel, &(), crew));
            })
        };
        let limit = |work: &dyn Fn() -> usize| {
            median_ms(REPETITIONS, || {
                black_box(work());
            })
        };
        let (all_limit, record_limit) = (
            limit(&|| bare.all20().len()),
            limit(&|| bare.record12().len()),
        );
        let records = self.data.size.records();
        let row = |what: &str, value: f64, limit: f64, mode: &str, threads: usize| {
            let name = format!("checks_{}_{what}", self.name);
            let note = format!(
                "{records} records of 30 indicators; limit: the rules written by hand over integers, one thread"
            );
            with_peers(
                Row::lower(name, value, "ms").limit(limit),
                beside,
                mode,
                threads,
                &note,
            )
        };
        let record_ms = time(&record, &Alone);
        let evaluations = (records * RECORD_EDITS) as f64;
        let rate = |ms: f64| evaluations / ms * 1e3;
        vec![
            row("all20_1core", time(&all, &Alone), all_limit, "all20", 1),
            row(
                "all20_2cores",
                time(&all, &Threads(2)),
                all_limit,
                "all20",
                2,
            ),
            row("record12_1core", record_ms, record_limit, "row12", 1),
            Row::higher(
                format!("checks_{}_record12_rate", self.name),
                rate(record_ms),
                "evaluations/s",
            )
            .limit(rate(record_limit))
            .note("the same as a rate: records times edits that look at nothing but the record"),
        ]
    }

    fn record_edits(&self) -> Recheck {
        Recheck::new(&self.panel, self.edits[..RECORD_EDITS].to_vec(), Vec::new())
    }

    /// One snapshot after the other.
    fn single(&self, beside: &[Beside]) -> Outcome<Vec<Row>> {
        let size = self.data.size;
        let own_past = Recheck::new(&self.panel, self.edits.clone(), self.screens[..1].to_vec());
        let limit = follow::bare_record_us(&Bare::new(&self.data), size);
        let mut rows = Vec::new();
        for (name, recheck, what) in [
            (
                "checks_incremental",
                own_past,
                "all edits and the screen of its own past",
            ),
            (
                "checks_incremental_ranks",
                self.recheck(),
                "the same, and the screen of all units of two periods",
            ),
        ] {
            let times = follow::follow(&self.panel, &recheck, size)?;
            let note = format!(
                "a revision of six of thirty figures, judged with what depends on it in this and later periods and in the units above: \
                 {what}; {} verdicts changed and are those of a full re-check; limit: twelve rules by hand on one record; peer: \
                 these twelve, the faster of DuckDB and polars",
                times.changed
            );
            let row = Row::lower(name, times.median, "µs").limit(limit).note(note);
            let one = beside.iter().filter(|beside| beside.mode == "one12");
            let one = one
                .map(|beside| beside.reached.median_ms * 1e3)
                .min_by(f64::total_cmp);
            rows.push(match one {
                Some(one) => row.peer(one),
                None => row,
            });
            rows.push(
                Row::lower(format!("{name}_p99"), times.p99, "µs").note("99 of 100 are faster"),
            );
        }
        Ok(rows)
    }

    /// What the panel and its verdicts take.
    fn memory(&self, beside: &[Beside]) -> Row {
        let bare: usize = self
            .data
            .counties
            .iter()
            .map(|column| column.len() * 8)
            .sum();
        let row = Row::lower(
            format!("checks_{}_memory", self.name),
            megabytes(self.taken_bytes),
            "MB",
        )
        .limit(megabytes(bare as u64));
        let note = "resident memory that the panel and all verdicts add, about; limit: 8 bytes a figure of a county; \
                    peer: the peak of its whole process";
        let peak = beside
            .iter()
            .map(|beside| beside.reached.peak_mb)
            .min_by(f64::total_cmp);
        let row = row.note(note);
        match peak {
            Some(peak) => row.peer(peak),
            None => row,
        }
    }
}

/// Sets a row beside the faster of the peers; the note names both.
fn with_peers(row: Row, beside: &[Beside], mode: &str, threads: usize, note: &str) -> Row {
    let same = |beside: &&Beside| beside.mode == mode && beside.threads == threads;
    let reached: Vec<&Reached> = beside
        .iter()
        .filter(same)
        .map(|beside| &beside.reached)
        .collect();
    let named: Vec<String> = reached
        .iter()
        .map(|r| format!("{} {:.1} ms", r.version, r.median_ms))
        .collect();
    let best = reached.iter().map(|r| r.median_ms).min_by(f64::total_cmp);
    let Some(best) = best else {
        return row.note(format!("{note}; no peer: PyPI was out of reach"));
    };
    row.peer(best).note(format!(
        "{note}; peers on {threads} threads: {}",
        named.join(", ")
    ))
}

/// The catalogue's detectors, over the counties.
fn screens(catalogue: &Catalogue, size: Size) -> Outcome<Vec<Screen>> {
    let counties = (0..size.counties).map(|county| UnitCode::new(&city::county_code(county)));
    let scope = Scope {
        units: Some(counties.collect::<Result<_, _>>()?),
        ..Scope::default()
    };
    let of_counties = |screen: Screen| Screen {
        scope: scope.clone(),
        ..screen
    };
    let screens = catalogue.detectors().iter().flat_map(Screen::of);
    Ok(screens.map(of_counties).collect())
}

#[cfg(test)]
mod tests {
    use granary_core::{edits::Truth, panel::Checker, snapshot::SlotKey};

    use super::*;

    /// Three hundred counties.
    const XS: Size = Size {
        counties: 300,
        cities: 33,
        provinces: 5,
        ..Size::S
    };

    #[test]
    fn verdicts_are_those_of_the_judge() {
        World::new("XS", XS)
            .unwrap()
            .agrees_with_the_judge()
            .unwrap();
    }

    /// How many verdicts are false and how many undecided, as an independent implementation in another language has found.
    #[test]
    fn counts_are_as_known() {
        let found = judge::judge(&Data::new(Size::S));
        let count = |rule: usize, wanted: Truth| {
            found
                .iter()
                .filter(|(at, _, _, truth)| *at == rule && *truth == wanted)
                .count()
        };
        let counts: Vec<(usize, usize)> = (0..judge::RULES.len())
            .map(|rule| (count(rule, Truth::False), count(rule, Truth::Undecided)))
            .collect();
        let known = [
            (101, 329),
            (13, 258),
            (17, 322),
            (11, 357),
            (102, 530),
            (116, 272),
            (26, 195),
            (21, 145),
            (21, 208),
            (21, 198),
            (21, 155),
            (22, 147),
            (40, 211),
            (92, 12_260),
            (101, 3_267),
            (145, 191),
            (86, 176),
            (36, 39),
            (35, 38),
            (17, 3_134),
            (43, 147),
            (697, 3_324),
        ];
        assert_eq!(counts, known);
    }

    /// The catalogue and the checker know the same of who looks at a figure.
    #[test]
    fn footprints_agree() {
        let data = Data::new(XS);
        let catalogue = city::catalogue(XS).unwrap();
        let code = city::dataset().unwrap();
        let dataset = catalogue.dataset(&code).unwrap();
        let panel = city::panel(&data, &catalogue).unwrap();
        let recheck = Recheck::new(&panel, dataset.edits().to_vec(), Vec::new());
        let checker = Checker::new(panel, recheck, &(), &Alone);
        let layout = checker.panel().layout();
        for (place, indicator) in checker.panel().indicators().iter().enumerate() {
            for (unit, period) in [(0, 0), (150, 6), (299, 11), (310, 3)] {
                let slot = SlotKey::new(
                    layout.units()[unit].clone(),
                    code.clone(),
                    layout.periods()[period],
                );
                let of_many = catalogue.affected(&slot, &[indicator.clone()].into());
                let of_many = of_many.into_iter().filter_map(|(slot, edits)| {
                    let row = layout.row(layout.unit(&slot.unit)?, layout.period(slot.period)?);
                    Some(edits.into_iter().map(move |edit| (edit, row)))
                });
                let mut expected: Vec<(usize, usize)> = of_many.flatten().collect();
                let own = dataset.edits().iter().enumerate().filter(|(_, edit)| {
                    edit.is_of_one_record() && edit.indicators().contains(indicator)
                });
                expected.extend(own.map(|(edit, _)| (edit, layout.row(unit, period))));
                expected.sort_unstable();
                // The checker leaves scopes to the verdict.
                let in_force = |(edit, row): &(usize, usize)| {
                    let (unit, period) = layout.of_row(*row);
                    let edit = &dataset.edits()[*edit];
                    let own = edit.is_of_one_record();
                    own || edit
                        .scope()
                        .holds(&layout.units()[unit], layout.periods()[period])
                };
                let found: Vec<_> = checker
                    .affected((unit, period), place)
                    .filter(in_force)
                    .collect();
                assert_eq!(found, expected, "{indicator} {slot}");
            }
        }
    }
}
