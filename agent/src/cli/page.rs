//! `granary-agent page`.

use granary_core::text::Bilingual;

use crate::cli::{Ended, out};
use crate::page;
use crate::settings::Settings;

pub(super) const HELP: &str = "Examples (示例):
  granary-agent page --dir /srv/granary
  granary-agent page --open --dir /srv/granary

The local page is served while granary-agent run runs, unless page.listen is \"off\". The address holds for this run alone and for this computer
alone: whoever has it can hand in figures in the unit's name, so pass it to nobody (地址只在本次运行、本机有效，请勿转发).
Exit status: 0 printed; 4 no page is served.";

/// What is asked for.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Open it in this computer's browser too (用浏览器打开)
    #[arg(long)]
    open: bool,
}

/// Prints the address of the page.
pub(super) fn run(settings: &Settings, arguments: &Arguments) -> Result<Ended, Ended> {
    let Some(url) = page::url(&settings.state) else {
        return Err(Ended::NotNow(Bilingual::new(
            "没有打开的页面：请先执行 granary-agent run，并检查设置 page.listen",
            "no page is served: start granary-agent run, and look at the setting page.listen",
        )));
    };
    out::line(&url);
    if arguments.open {
        let opener = if cfg!(target_os = "macos") {
            "open"
        } else {
            "xdg-open"
        };
        let opened = std::process::Command::new(opener)
            .arg(&url)
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status();
        if !opened.is_ok_and(|status| status.success()) {
            let why = Bilingual::new(
                "浏览器没有打开，请把上面的地址粘贴到浏览器",
                "the browser did not open: paste the address above into it",
            );
            out::complain(why.get(settings.language));
        }
    }
    Ok(Ended::Done)
}
