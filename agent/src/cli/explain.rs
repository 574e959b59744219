//! `granary-agent explain`.

use granary_core::text::Language;

use crate::acts::{
    explain::{Explaining, explain},
    findings::{Found, Open, findings},
    slot_named,
};
use crate::cli::{Ended, act, check, out};
use crate::intake::say;
use crate::report::Table;
use crate::settings::Settings;

pub(super) const HELP: &str = "Examples (示例):
  granary-agent explain --dir /srv/granary
  granary-agent explain monthly-revenue 2021-M04 REVENUE.FALLS --reason '税收缓缴政策自四月起执行' --dir /srv/granary
  granary-agent explain projects 2021-Q3 INVESTED.LIMIT --item '一号桥' --dir /srv/granary

Without arguments: the quality findings on the unit's own records, judged here as the city judges them (列出待核实的问题).
With dataset, period and edit: hands in the next revision, with the same figures and the reason (相同数值加说明，作为新版次报送).
Without --reason the reason is asked for, or read from a pipe. Whoever signed off the figures still has.
Exit status: 0 accepted, or listed; 1 returned; 3 nothing to explain there; 4 not possible now; 5 in the spool, no answer yet.";

/// What is asked for.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The dataset (报表)
    #[arg(requires = "period")]
    dataset: Option<String>,
    /// The period (报告期), for instance 2021-Q3
    #[arg(requires = "edit")]
    period: Option<String>,
    /// The edit (审核关系编号)
    edit: Option<String>,
    /// The item (明细项), in an itemised dataset
    #[arg(long)]
    item: Option<String>,
    /// Why the figures are right (原因)
    #[arg(long)]
    reason: Option<String>,
    /// Also list findings that are explained already
    #[arg(long, conflicts_with = "dataset")]
    all: bool,
    /// How many seconds to wait for the city's answer
    #[arg(long, default_value_t = 30)]
    wait: u64,
}

/// Lists findings, or explains one.
pub(super) async fn run(settings: Settings, arguments: Arguments) -> Result<Ended, Ended> {
    let (cache, reader) = act::desk(&settings);
    let catalogue = cache.catalogue().ok_or_else(check::no_catalogue)?;
    let language = settings.language;
    let (Some(dataset), Some(period), Some(edit)) =
        (&arguments.dataset, &arguments.period, &arguments.edit)
    else {
        let found = findings(catalogue, &reader);
        out::line(&list(&found, arguments.all, language));
        return Ok(Ended::Done);
    };
    let slot = slot_named(catalogue, &settings.unit, (dataset, period))
        .map_err(|why| act::declined(&why, language))?;
    let question = say!(
        "{edit}：数值为什么没有错？",
        "{edit}: why are the figures right?"
    );
    let asked = Explaining {
        reason: act::reason(arguments.reason.as_deref(), &question, language),
        item: arguments.item,
        edit: edit.clone(),
        slot,
    };
    let statement =
        explain(catalogue, &reader, &asked).map_err(|why| act::declined(&why, language))?;
    act::hand_in(
        settings,
        &statement,
        (&asked.slot, "explained"),
        arguments.wait,
    )
    .await
}

/// The findings as text: one line each, and its sentence below.
fn list(found: &Found, all: bool, language: Language) -> String {
    let shown: Vec<&Open> = match all {
        true => found.findings.iter().collect(),
        false => found.unexplained().collect(),
    };
    let pick = |zh: &str, en: &str| match language {
        Language::Zh => zh.to_owned(),
        Language::En => en.to_owned(),
    };
    let mut lines = Vec::new();
    let count = shown.len();
    lines.push(match count {
        0 => pick(
            "没有待说明的核实性审核问题。",
            "No quality finding waits for an explanation.",
        ),
        _ => pick(
            &format!("待核实的审核问题（{count} 个）"),
            &format!("Quality findings ({count})"),
        ),
    });
    let mut table = Table::new(&[]);
    for open in shown {
        let item = open
            .item
            .as_ref()
            .map_or(String::new(), |item| format!("[{item}]"));
        let mut sentence = open.message.get(language).to_owned();
        if let Some(explanation) = &open.explanation {
            sentence.push_str(&pick(
                &format!("（说明：{explanation}）"),
                &format!(" (explained: {explanation})"),
            ));
        }
        table.row(vec![
            open.slot.dataset.to_string(),
            open.slot.period.to_string(),
            open.edit.to_string(),
            item,
            sentence,
        ]);
    }
    lines.extend(table.lines(2));
    lines.extend(foot(found, count, language));
    lines.join("\n")
}

/// What to do about them, and what the list leaves out.
fn foot(found: &Found, count: usize, language: Language) -> Vec<String> {
    let pick = |zh: &str, en: &str| match language {
        Language::Zh => zh.to_owned(),
        Language::En => en.to_owned(),
    };
    let mut lines = Vec::new();
    if count > 0 {
        lines.push(pick(
            "数值无误时说明原因：granary-agent explain 报表 报告期 审核关系编号 --reason 原因；数值有误时修订：granary-agent revise 文件",
            "Where the figures are right, say why: granary-agent explain DATASET PERIOD EDIT --reason …; where they are wrong: granary-agent revise FILE",
        ));
    }
    if found.unjudged > 0 {
        let unjudged = found.unjudged;
        lines.push(pick(
            &format!("另有 {unjudged} 个审核关系本机缺少所需数据，由市局判断。"),
            &format!(
                "{unjudged} edits look at records that are not known here and are left to the city."
            ),
        ));
    }
    if found.is_cut {
        lines.push(pick(
            "问题过多，只列出最近报告期的。",
            "There are too many: only those of the newest periods are listed.",
        ));
    }
    if found.as_of.is_none() {
        lines.push(pick(
            "本机尚未从市局取齐本单位的数据；上面只有本机报送的。",
            "The unit's records have not all been fetched from the city yet; the above is what was reported from here.",
        ));
    }
    lines
}
