//! `granary-agent template`.

use std::path::PathBuf;

use granary_core::snapshot::SlotKey;
use granary_core::text::Bilingual;

use crate::catalogue_cache::CatalogueCache;
use crate::cli::check::no_catalogue;
use crate::cli::{Ended, not_now, out};
use crate::history::Reader;
use crate::intake::{Names, Unknown, read_period};
use crate::settings::Settings;
use crate::template::{Form, write};

pub(super) const HELP: &str = "Examples (示例):
  granary-agent template quarterly-accounts 2021-Q3 -o form.xlsx --dir /srv/granary
  granary-agent template 季度核算 2021年前三季度 -o 三季度.xlsx --dir /srv/granary

Fill in the form and put it into inbox/; it needs no mapping. A file that is there already is left as it is.
Exit status: 0 written, 3 no such dataset or period, 4 no catalogue yet, or it cannot be written.";

/// What is asked for.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The dataset, by code or name (报表)
    dataset: String,
    /// The reference period (报告期)
    period: String,
    /// The file to write (.xlsx)
    #[arg(short, long)]
    output: PathBuf,
}

/// Writes the form.
pub(super) fn template(settings: &Settings, arguments: &Arguments) -> Result<Ended, Ended> {
    let cache = CatalogueCache::open(&settings.state);
    let catalogue = cache.catalogue().ok_or_else(no_catalogue)?;
    let names = Names::new(catalogue, &settings.unit);
    let refused = |unknown: Unknown| {
        let (problem, remedy) = (unknown.problem, unknown.remedy);
        let text = Bilingual::new(
            format!("{}。{}。", problem.zh, remedy.zh),
            format!("{}: {}.", problem.en, remedy.en),
        );
        out::complain(text.get(settings.language));
        Ended::Refused
    };
    let dataset = names.dataset(&arguments.dataset).map_err(refused)?;
    let period = read_period(&arguments.period, dataset.periodicity());
    let period = period.map_err(refused)?;
    let slot = SlotKey::new(settings.unit.clone(), dataset.code().clone(), period);
    let last = period.plus(-1).and_then(|earlier| {
        let slot = SlotKey::new(slot.unit.clone(), slot.dataset.clone(), earlier);
        Reader::new(&settings.state, &settings.unit).current(&slot)
    });
    let form = Form {
        catalogue,
        slot: &slot,
        last: last.as_ref().map(|seen| &*seen.snapshot),
    };
    write(&form, &arguments.output).map_err(|error| not_now(&error))?;
    let path = arguments.output.display();
    let text = Bilingual::new(
        format!("已生成 {path}：填好“数值”列后放入 inbox。"),
        format!("wrote {path}: fill in the column of values and put it into inbox."),
    );
    out::line(text.get(settings.language));
    Ok(Ended::Done)
}
