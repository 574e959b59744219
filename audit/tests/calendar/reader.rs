//! PyPI's `icalendar` in a virtual environment of its own, as an office calendar would read the file.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const VERSION: &str = "7.3.2";

/// One line an event: when it starts, what it is called, how many seconds before it the alarm rings.
const SCRIPT: &str = "
import sys
from icalendar import Calendar
with open(sys.argv[1], 'rb') as file:
    calendar = Calendar.from_ical(file.read())
ids = set()
for event in calendar.walk('VEVENT'):
    assert event['UID'] not in ids and event.get('DTSTAMP') is not None
    assert not event.errors, event.errors
    ids.add(event['UID'])
    alarms = [int(a['TRIGGER'].dt.total_seconds()) for a in event.walk('VALARM')]
    start = int(event['DTSTART'].dt.timestamp())
    print(start, event['SUMMARY'], alarms[0] if alarms else 'none', sep='|')
";

/// The interpreter of an environment with `icalendar` in it; none where that cannot be had, which is said loudly.
pub(crate) fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let ready = root.join(format!("icalendar-{VERSION}"));
    if !ready.exists() {
        // Made aside and renamed, so that what is there is whole; another process may be faster.
        let aside = root.join(format!("icalendar-{}", std::process::id()));
        if let Err(reason) = install(&aside) {
            not_checked(&reason);
            let _ = fs::remove_dir_all(&aside);
            return None;
        }
        if fs::rename(&aside, &ready).is_err() {
            let _ = fs::remove_dir_all(&aside);
        }
    }
    Some(ready.join("bin/python3"))
}

fn install(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    said(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    let options = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--retries",
        "1",
        "--timeout",
        "15",
    ];
    let mut pip = Command::new(folder.join("bin/python3"));
    said(pip.args(options).arg(format!("icalendar=={VERSION}"))).map(drop)
}

fn said(command: &mut Command) -> Result<Output, String> {
    match command.output() {
        Ok(output) if output.status.success() => Ok(output),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

/// Straight to standard error: what a passing test prints is not shown.
fn not_checked(reason: &str) {
    let last = reason.trim().lines().last().unwrap_or_default();
    let line =
        format!("\n*** NOT CHECKED: the calendar file against icalendar {VERSION}: {last} ***\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// The events of a file.
pub(crate) fn events(python: &Path, file: &Path) -> Vec<String> {
    let output = said(
        Command::new(python)
            .args(["-c", SCRIPT])
            .arg(file)
            .env("PYTHONUTF8", "1"),
    )
    .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(ToOwned::to_owned).collect()
}
