//! Names of worksheets: at most 31 characters, none of the forbidden ones, none twice.

use std::collections::BTreeSet;

use crate::article::clip;

/// The longest name, in UTF-16 units.
const UNITS_MAX: usize = 31;

/// The names given so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    given: BTreeSet<String>,
}

impl Names {
    /// A name that is like `wanted` and may be given.
    pub(super) fn next(&mut self, wanted: &str) -> String {
        let clean: String = clip(wanted, UNITS_MAX)
            .chars()
            .map(|c| if "[]:*?/\\'".contains(c) { ' ' } else { c })
            .collect();
        let clean = match clean.trim() {
            "" => "-",
            clean => clean,
        };
        let plain = std::iter::once(shortened(clean, ""));
        let numbered = (2..).map(|n: u32| shortened(clean, &format!(" {n}")));
        let mut names = plain.chain(numbered);
        // Excel keeps this one name for itself and tells no upper from lower case.
        let free = |name: &String| {
            let name = name.to_lowercase();
            name != "history" && !self.given.contains(&name)
        };
        let name = names.find(free).unwrap_or_default();
        self.given.insert(name.to_lowercase());
        name
    }
}

/// The text, cut so that it fits together with what is put behind it.
fn shortened(text: &str, behind: &str) -> String {
    let room = UNITS_MAX - behind.len();
    let mut units = 0;
    let fits = text.chars().take_while(|c| {
        units += c.len_utf16();
        units <= room
    });
    fits.collect::<String>() + behind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_may_be_given() {
        let mut names = Names::default();
        let long = "长".repeat(40);
        for (wanted, expected) in [
            ("Ranking", "Ranking".to_owned()),
            ("ranking", "ranking 2".to_owned()),
            ("a/b:c", "a b c".to_owned()),
            ("'*'", "-".to_owned()),
            ("History", "History 2".to_owned()),
            (&long, "长".repeat(31)),
            (&long, format!("{} 2", "长".repeat(29))),
        ] {
            assert_eq!(names.next(wanted), expected);
        }
    }
}
