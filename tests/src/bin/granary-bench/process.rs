//! What the kernel says about a process: `/proc/<id>`, see proc(5).

use std::fs;

use crate::context::Outcome;

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// Resident pages, shared ones counted in full (`VmRSS`).
    pub(crate) resident: u64,
    /// Resident pages, each shared one divided by the number of processes that share it (`Pss`).
    pub(crate) proportional: u64,
    /// The most that was ever resident (`VmHWM`).
    pub(crate) peak: u64,
}

/// Reads a process's memory.
pub(crate) fn memory(id: u32) -> Outcome<Memory> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup"))?;
    Ok(Memory {
        resident: kilobytes(&status, "VmRSS:")?,
        proportional: kilobytes(&rollup, "Pss:")?,
        peak: kilobytes(&status, "VmHWM:")?,
    })
}

/// CPU time that a process has used, in seconds: fields 14 and 15 of `/proc/<id>/stat`, which count hundredths.
pub(crate) fn cpu_s(id: u32) -> Outcome<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The second field is the name in parentheses and may hold spaces.
    let (_, fields) = stat
        .rsplit_once(')')
        .ok_or("/proc/<id>/stat is not as documented")?;
    let ticks = |at: usize| {
        fields
            .split_whitespace()
            .nth(at)
            .and_then(|text| text.parse::<u32>().ok())
    };
    let (user, system) = ticks(11)
        .zip(ticks(12))
        .ok_or("/proc/<id>/stat is not as documented")?;
    Ok(f64::from(user + system) / 100.0)
}

/// How often its threads have gone to sleep, and so been woken, since it began: `voluntary_ctxt_switches` of each.
pub(crate) fn switches(id: u32) -> Outcome<u64> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{id}/task"))? {
        let status = fs::read_to_string(task?.path().join("status"))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        sum += line
            .and_then(|line| line.trim().parse::<u64>().ok())
            .ok_or("/proc has no voluntary_ctxt_switches")?;
    }
    Ok(sum)
}

fn kilobytes(text: &str, key: &str) -> Outcome<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(number.ok_or_else(|| format!("/proc has no {key}"))? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_has_worked() {
        let memory = memory(std::process::id()).unwrap();
        assert!(memory.resident > 100_000 && memory.peak >= memory.resident);
        assert!(memory.proportional > 0 && memory.proportional <= memory.resident);
        assert!(cpu_s(std::process::id()).unwrap() >= 0.0);
        assert!(switches(std::process::id()).unwrap() < u64::MAX);
        assert_eq!(kilobytes("VmRSS:\t  12 kB\n", "VmRSS:").unwrap(), 12 * 1024);
    }
}
