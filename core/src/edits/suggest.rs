//! "Did you mean": the name nearest to one that is not known.
//!
//! The distance is [`edit_distance`].

use crate::text::{Bilingual, edit_distance};

/// How many names a diagnostic prints.
const CANDIDATES_MAX: usize = 8;

/// The remedy for `wrong`: the nearest of `names`, if one is near enough, and the names that there are.
pub(super) fn remedy(wrong: &str, names: &[String]) -> Bilingual {
    let mut ranked: Vec<(usize, &str)> = names
        .iter()
        .map(|name| (edit_distance(wrong, name), name.as_str()))
        .collect();
    ranked.sort_unstable();
    ranked.dedup();
    let guess = ranked
        .first()
        .filter(|(d, _)| *d <= near(wrong))
        .map(|(_, name)| *name);
    let shown: Vec<&str> = ranked
        .iter()
        .take(CANDIDATES_MAX)
        .map(|(_, name)| *name)
        .collect();
    listing(guess, &shown, ranked.len())
}

/// A name this far off is still taken for a slip: one character in three.
fn near(wrong: &str) -> usize {
    wrong.chars().count().div_ceil(3)
}

fn listing(guess: Option<&str>, shown: &[&str], count: usize) -> Bilingual {
    if count == 0 {
        return Bilingual::new("目录中还没有任何名称", "there are no names to choose from");
    }
    let rest = count - shown.len();
    let mut zh = format!("可用名称：{}", shown.join("、"));
    let mut en = format!("the names are {}", shown.join(", "));
    if rest > 0 {
        zh = format!("{zh}，另有 {rest} 个");
        en = format!("{en} and {rest} more");
    }
    if let Some(guess) = guess {
        zh = format!("是否要写 {guess}？{zh}");
        en = format!("did you mean {guess}? {en}");
    }
    Bilingual::new(zh, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_far_off_is_not_suggested() {
        let names = ["gdp".to_owned(), "population".to_owned()];
        assert!(remedy("gdpp", &names).en.starts_with("did you mean gdp?"));
        assert_eq!(
            remedy("electricity", &names).en,
            "the names are population, gdp"
        );
    }
}
