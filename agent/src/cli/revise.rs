//! `granary-agent revise`.

use std::path::PathBuf;

use granary_core::{catalogue::Catalogue, text::Language};

use crate::acts::{
    changes::{Change, Changes},
    papers::Added,
    revised_because,
};
use crate::cli::{Ended, act, check, not_now, out};
use crate::draft::Draft;
use crate::inbox::{self, Folders};
use crate::intake::say;
use crate::report::{Table, render};
use crate::run::now_ms;
use crate::settings::Settings;

pub(super) const HELP: &str = "Examples (示例):
  granary-agent revise 2021Q3.csv --dir /srv/granary
  granary-agent revise 2021Q3.csv --reason '企业更正了七月报表' --preparer 张三 --dir /srv/granary

Checks the file, shows cell by cell what it changes against what the city has accepted (逐项列出改动), asks for the reason, and hands it in.
Without --reason the reason is asked for, or read from a pipe; a file may carry it itself, in a line: # 说明 GRANARY.REVISED: reason
Your file stays as it is: reason and names are added to the copy in the inbox. The earlier figures stay in the journal.
Exit status: 0 accepted, or nothing to change; 1 returned by a validity edit; 3 refused; 4 not possible now; 5 in the spool, no answer yet.";

/// What is asked for.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The corrected file (CSV or a workbook)
    file: PathBuf,
    /// Why the figures are changed (原因)
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    names: act::Names,
    /// How many seconds to wait for the city's answer
    #[arg(long, default_value_t = 30)]
    wait: u64,
}

/// Shows the changes, asks for the reason, hands the file in.
pub(super) async fn run(settings: Settings, arguments: Arguments) -> Result<Ended, Ended> {
    let language = settings.language;
    let sign_offs = arguments
        .names
        .sign_offs()
        .map_err(|why| act::declined(&why, language))?;
    let (cache, reader) = act::desk(&settings);
    let catalogue = cache.catalogue().ok_or_else(check::no_catalogue)?;
    let folders = Folders::under(&settings.root, &settings.state);
    let names = folders.names(catalogue, &settings.unit);
    out::large(&arguments.file, language);
    let checked = inbox::check(&arguments.file, &names, &reader, now_ms())
        .map_err(|error| not_now(&error))?;
    if checked.ready.is_empty() {
        out::line(&render(&checked.report, language, &settings.time_zone));
        return Ok(check::ended(checked.report.outcome));
    }
    let drafts: Vec<Draft> = checked.ready.iter().map(|r| r.draft().clone()).collect();
    let changes: Vec<Changes> = drafts
        .iter()
        .map(|draft| Changes::of(draft, reader.current(draft.slot()).as_ref()))
        .collect();
    for (draft, changes) in drafts.iter().zip(&changes) {
        out::line(&table(draft, changes, (catalogue, language)));
    }
    let mut added = Added {
        sign_offs,
        ..Added::default()
    };
    if changes
        .iter()
        .all(|changes| changes.revision.is_some() && changes.cells.is_empty())
    {
        out::line(
            say!(
                "没有数值改动，没有报送。",
                "No figure is changed; nothing was handed in."
            )
            .get(language),
        );
        return Ok(Ended::Done);
    }
    if changes.iter().any(Changes::needs_reason) {
        out::line(Changes::why_a_reason().get(language));
        let question = say!("为什么修订？", "Why are the figures changed?");
        let reason = act::reason(arguments.reason.as_deref(), &question, language);
        let reason = revised_because(&reason).map_err(|why| act::declined(&why, language))?;
        added.explanations.push(reason);
    }
    let copy = copied(&settings, (&arguments.file, &drafts), &added, catalogue)
        .map_err(|error| not_now(&error))?;
    act::hand_in_file(settings, &copy, arguments.wait).await
}

/// A copy of the file with what is added, under its own name in a folder of the agent's.
fn copied(
    settings: &Settings,
    (file, drafts): (&std::path::Path, &[Draft]),
    added: &Added,
    catalogue: &Catalogue,
) -> std::io::Result<PathBuf> {
    let folder = settings.state.join("acts");
    std::fs::create_dir_all(&folder)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let goal = folder.join(&*name);
    if added.is_empty() {
        std::fs::copy(file, &goal)?;
        return Ok(goal);
    }
    let written = added.write((file, &name), drafts, (catalogue, settings.language), &goal)?;
    let named = folder.join(written);
    std::fs::rename(&goal, &named)?;
    Ok(named)
}

fn table(
    draft: &Draft,
    changes: &Changes,
    (catalogue, language): (&Catalogue, Language),
) -> String {
    let (dataset, period) = (&draft.slot().dataset, draft.slot().period);
    let count = changes.cells.len();
    let heading = match (changes.revision, count) {
        (None, _) => say!(
            "{dataset} {period}：首次报送，没有可比的数值",
            "{dataset} {period}: the first statement; there is nothing to compare it with"
        ),
        (Some(revision), 0) => say!(
            "{dataset} {period}：与版次 {revision} 的数值完全相同",
            "{dataset} {period}: the figures are those of revision {revision}"
        ),
        (Some(revision), _) => say!(
            "{dataset} {period}：与版次 {revision} 相比，{count} 个数值不同",
            "{dataset} {period}: {count} figures differ from revision {revision}"
        ),
    };
    let mut lines = vec![heading.get(language).to_owned()];
    let mut table = Table::new(&[1, 2, 3]);
    let head = match language {
        Language::Zh => ["指标", "现行值", "新值", "差额"],
        Language::En => ["indicator", "accepted", "new", "difference"],
    };
    table.row(head.map(str::to_owned).to_vec());
    for change in &changes.cells {
        table.row(row(change, catalogue, language).to_vec());
    }
    if count > 0 {
        lines.extend(table.lines(2));
    }
    lines.join("\n")
}

fn row(change: &Change, catalogue: &Catalogue, language: Language) -> [String; 4] {
    let name = catalogue.indicator(&change.indicator);
    let name = name.map_or(change.indicator.to_string(), |i| {
        i.name().get(language).to_owned()
    });
    let name = match &change.item {
        Some(item) => format!("{name} [{item}]"),
        None => name,
    };
    let blank = || match language {
        Language::Zh => "未填".to_owned(),
        Language::En => "blank".to_owned(),
    };
    let text = |stated: Option<crate::acts::changes::Stated>| {
        stated.map_or_else(blank, |stated| stated.text())
    };
    let difference = change.difference().map_or(String::new(), |d| d.to_string());
    [name, text(change.before), text(change.after), difference]
}
