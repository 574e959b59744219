//! "Did you mean": the name nearest to one that is not known.
//!
//! The distance is Levenshtein's (insertions, deletions and substitutions of characters), upper and lower case being equal.

use crate::text::Bilingual;

/// How many names a diagnostic prints.
const CANDIDATES_MAX: usize = 8;

/// The remedy for `wrong`: the nearest of `names`, if one is near enough, and the names that there are.
pub(super) fn remedy(wrong: &str, names: &[String]) -> Bilingual {
    let mut ranked: Vec<(usize, &str)> = names
        .iter()
        .map(|name| (distance(wrong, name), name.as_str()))
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

/// Levenshtein's distance in characters, by two rows.
pub(super) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().map(lower).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().map(lower).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

const fn lower(c: char) -> char {
    c.to_ascii_lowercase()
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
    fn distances() {
        for (a, b, expected) in [
            ("", "", 0),
            ("gdp", "gdp", 0),
            ("GDP", "gdp", 0),
            ("gpd", "gdp", 2),
            ("secondry", "secondary", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

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
