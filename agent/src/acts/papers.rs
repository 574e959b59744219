//! Adds sign-offs, evidence and explanations to a file that the clerk has made.
//!
//! A text file keeps every byte that it has, so that places in it stay true, and gets lines at its end; a file of another kind is written
//! anew as text from what was read of it. Either way the intake reads the result as it would read a file that the clerk had written so.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
};

use granary_core::{
    catalogue::Catalogue,
    snapshot::{Evidence, Explanation, SignOff},
    text::Language,
};

use super::statement::{Statement, evidence_word, explain_word, paper, role_word};
use crate::{draft::Draft, intake::is_utf8_text};

/// What is added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Who answers for the figures.
    pub sign_offs: Vec<SignOff>,
    /// Files that prove the figures, which lie in the folder of evidence.
    pub evidence: Vec<Evidence>,
    /// Why something is as it is.
    pub explanations: Vec<Explanation>,
}

impl Added {
    /// Whether there is nothing to add.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sign_offs.is_empty() && self.evidence.is_empty() && self.explanations.is_empty()
    }

    /// The lines of a text file.
    fn lines(&self, language: Language) -> String {
        let sign_offs = self.sign_offs.iter();
        let sign_offs = sign_offs.map(|one| paper(role_word(one.role, language), &one.name));
        let evidence = self.evidence.iter();
        let evidence = evidence.map(|one| paper(evidence_word(language), &one.name));
        let explanations = self.explanations.iter();
        let explanations = explanations.map(|one| paper(&explain_word(one, language), &one.text));
        sign_offs.chain(evidence).chain(explanations).collect()
    }

    /// Writes `file` with what is added to `goal`, whose folder is there. `drafts` are what was read of it. Gives the name that the new
    /// file should have: that of the old one, with `.csv` where it is no text.
    ///
    /// # Errors
    /// Those of reading and writing.
    pub fn write(
        &self,
        (file, name): (&Path, &str),
        drafts: &[Draft],
        (catalogue, language): (&Catalogue, Language),
        goal: &Path,
    ) -> io::Result<String> {
        if !is_utf8_text(file)? {
            let mut statement = Statement::of_drafts(drafts.iter());
            statement.sign_offs.extend(self.sign_offs.iter().cloned());
            statement.evidence.extend(self.evidence.iter().cloned());
            for explanation in &self.explanations {
                statement.explain(explanation.clone());
            }
            fs::write(goal, statement.to_csv(catalogue, language))?;
            return Ok(format!("{name}.csv"));
        }
        fs::copy(file, goal)?;
        let mut text = OpenOptions::new().read(true).append(true).open(goal)?;
        let mut last = [b'\n'];
        if text.seek(io::SeekFrom::End(-1)).is_ok() {
            text.read_exact(&mut last)?;
        }
        if last != [b'\n'] {
            text.write_all(b"\r\n")?;
        }
        text.write_all(self.lines(language).as_bytes())?;
        Ok(name.to_owned())
    }
}
