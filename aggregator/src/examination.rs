//! Whether a catalogue may be published: every fault in its text with its place, what contradicts itself among its edits, and what is worth
//! a look. The command line and the console ask the same function.

use granary_core::{
    catalogue::{Bundle, Catalogue, Dataset, Fault},
    edits::{self, Conflict, Edit, Scope, Severity},
    text::{Bilingual, Language},
};

/// A catalogue that may be published.
pub(crate) struct Examined {
    /// The catalogue.
    pub(crate) catalogue: Catalogue,
    /// What ought to be known before.
    pub(crate) remarks: Vec<Bilingual>,
}

/// Why a catalogue may not be published.
#[derive(Debug)]
pub(crate) enum Unsound {
    /// Its text has these faults.
    Faults(Vec<Fault>),
    /// Edits of it cannot hold together; after these lines, what else is to be known.
    Contradictions(Vec<Bilingual>),
}

/// Reads a bundle and looks at its edits.
pub(crate) fn examine(bundle: &Bundle) -> Result<Examined, Unsound> {
    let catalogue = Catalogue::parse(bundle).map_err(Unsound::Faults)?;
    let note = |fault: &Fault| {
        let (zh, en) = (fault.text(Language::Zh), fault.text(Language::En));
        Bilingual::new(format!("提醒：{zh}"), format!("note: {en}"))
    };
    let mut remarks: Vec<Bilingual> = catalogue.warnings().iter().map(note).collect();
    let mut contradictions = Vec::new();
    for conflict in conflicts(&catalogue) {
        let line = told(&conflict);
        match conflict.severity() {
            Severity::Error => contradictions.push(line),
            Severity::Warning | Severity::Note => remarks.push(line),
        }
    }
    if contradictions.is_empty() {
        Ok(Examined { catalogue, remarks })
    } else {
        contradictions.extend(remarks);
        Err(Unsound::Contradictions(contradictions))
    }
}

/// The conflicts among the edits that are in force everywhere, and of these with the edits of each narrower scope: two edits
/// that never meet in a record do not contradict each other.
fn conflicts(catalogue: &Catalogue) -> Vec<Conflict> {
    let edits: Vec<&Edit> = catalogue
        .datasets()
        .iter()
        .flat_map(Dataset::edits)
        .collect();
    let everywhere = Scope::default();
    let mut scopes = vec![&everywhere];
    for edit in &edits {
        if !scopes.contains(&edit.scope()) {
            scopes.push(edit.scope());
        }
    }
    let mut found: Vec<Conflict> = Vec::new();
    for scope in scopes {
        let here = edits.iter().copied();
        let here = here.filter(|e| *e.scope() == everywhere || e.scope() == scope);
        for conflict in edits::examine(&here.collect::<Vec<_>>()) {
            if !found.contains(&conflict) {
                found.push(conflict);
            }
        }
    }
    found
}

fn told(conflict: &Conflict) -> Bilingual {
    let (word_zh, word_en) = match conflict.severity() {
        Severity::Error => ("矛盾", "contradiction"),
        Severity::Warning => ("多余", "redundant"),
        Severity::Note => ("提示", "note"),
    };
    // The message names the edits.
    let Conflict {
        dataset,
        message,
        remedy,
        ..
    } = conflict;
    Bilingual::new(
        format!("{word_zh}：{dataset}：{}；{}", message.zh, remedy.zh),
        format!("{word_en}: {dataset}: {}; {}", message.en, remedy.en),
    )
}
