//! Adds sign-offs and explanations to a file that the clerk has made.
//!
//! A text file keeps every byte that it has, so that places in it stay true, and gets lines at its end; a file of another kind is written
//! anew as text from what was read of it. Either way the intake reads the result as it would read a file that the clerk had written so.

use std::{fs, io, path::Path};

use granary_core::{
    catalogue::Catalogue,
    snapshot::{Explanation, SignOff},
    text::Language,
};

use super::statement::{Statement, explain_word, paper, role_word};
use crate::draft::Draft;

/// What is added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Who answers for the figures.
    pub sign_offs: Vec<SignOff>,
    /// Why something is as it is.
    pub explanations: Vec<Explanation>,
}

impl Added {
    /// Whether there is nothing to add.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sign_offs.is_empty() && self.explanations.is_empty()
    }

    /// The lines of a text file.
    fn lines(&self, language: Language) -> String {
        let sign_offs = self.sign_offs.iter();
        let sign_offs = sign_offs.map(|one| paper(role_word(one.role, language), &one.name));
        let explanations = self.explanations.iter();
        let explanations = explanations.map(|one| paper(&explain_word(one, language), &one.text));
        sign_offs.chain(explanations).collect()
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
        // The intake reads no larger file, so this is bounded.
        let bytes = fs::read(file)?;
        let Ok(mut text) = String::from_utf8(bytes) else {
            let mut statement = Statement::of_drafts(drafts.iter());
            statement.sign_offs.extend(self.sign_offs.iter().cloned());
            for explanation in &self.explanations {
                statement.explain(explanation.clone());
            }
            fs::write(goal, statement.to_csv(catalogue, language))?;
            return Ok(format!("{name}.csv"));
        };
        if !text.ends_with('\n') {
            text.push_str("\r\n");
        }
        text.push_str(&self.lines(language));
        fs::write(goal, text)?;
        Ok(name.to_owned())
    }
}
