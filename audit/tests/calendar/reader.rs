//! PyPI's `icalendar` in a virtual environment of its own, as an office calendar would read the file.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::venv;

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
    let what = format!("the calendar file against icalendar {VERSION}");
    let requirement = format!("icalendar=={VERSION}");
    venv::python(&format!("icalendar-{VERSION}"), &[&requirement], &what)
}

/// The events of a file.
pub(crate) fn events(python: &Path, file: &Path) -> Vec<String> {
    let mut reader = Command::new(python);
    let reader = reader.args(["-c", SCRIPT]).arg(file);
    let output = reader.env("PYTHONUTF8", "1").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(ToOwned::to_owned).collect()
}
