//! `granary-agent withdraw`.

use crate::acts::{slot_named, withdraw::withdraw};
use crate::cli::{Ended, act, check};
use crate::intake::say;
use crate::settings::Settings;

pub(super) const HELP: &str = "Examples (示例):
  granary-agent withdraw monthly-revenue 2021-M04 --reason '误报了外县数据，正在重新核实' --preparer 张三 --dir /srv/granary

Hands in a revision that states every figure to be missing (OBS_STATUS O), with the reason (全部数值改为缺报，附原因，作为新版次报送).
Nothing is deleted: the earlier figures stay in the journal, and correct ones are handed in as the next revision.
Without --reason the reason is asked for, or read from a pipe. Who signed off the earlier figures has not signed this: name them again.
Exit status: 0 accepted; 3 nothing to withdraw; 4 not possible now; 5 in the spool, no answer yet.";

/// What is asked for.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The dataset (报表)
    dataset: String,
    /// The period (报告期), for instance 2021-Q3
    period: String,
    /// Why it is withdrawn (原因)
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    names: act::Names,
    /// How many seconds to wait for the city's answer
    #[arg(long, default_value_t = 30)]
    wait: u64,
}

/// Withdraws what stands.
pub(super) async fn run(settings: Settings, arguments: Arguments) -> Result<Ended, Ended> {
    let language = settings.language;
    let (cache, reader) = act::desk(&settings);
    let catalogue = cache.catalogue().ok_or_else(check::no_catalogue)?;
    let named = (arguments.dataset.as_str(), arguments.period.as_str());
    let slot = slot_named(catalogue, &settings.unit, named)
        .map_err(|why| act::declined(&why, language))?;
    let (dataset, period) = (&slot.dataset, slot.period);
    let question = say!(
        "{dataset} {period}：为什么撤回？",
        "{dataset} {period}: why is it withdrawn?"
    );
    let reason = act::reason(arguments.reason.as_deref(), &question, language);
    let sign_offs = arguments.names.sign_offs();
    let statement = sign_offs
        .and_then(|sign_offs| withdraw(catalogue, &reader, &slot, (&reason, sign_offs)))
        .map_err(|why| act::declined(&why, language))?;
    act::hand_in(settings, &statement, (&slot, "withdrawn"), arguments.wait).await
}
