//! The access log: who read what, one line for each reading, chained so that no line can be removed or altered unseen.
//!
//! Format: UTF-8 text, one line ended by LF for each reading, seven fields divided by TAB:
//!
//! | field | form |
//! |---|---|
//! | number | from 1, without gaps |
//! | previous | SHA-256 of the line before without its LF, 64 hexadecimal digits; 64 zeros in the first |
//! | at | milliseconds since 1970-01-01T00:00:00Z by the city's clock |
//! | who | `role:operator`, `role:auditor` or `unit:CODE`, from the certificate; `person:LOGIN` of the console |
//! | certificate | SHA-256 of the certificate (DER), 64 hexadecimal digits; of the word `person:LOGIN` where there is none |
//! | access | a word of [`Access`] |
//! | what | what was read, at most [`WHAT_BYTES_MAX`] bytes without control characters |
//!
//! A line has one encoding. The chain alone shows a line that was removed or altered by hand; whoever computes all later lines
//! anew is found by the anchors, which the city signs into the journal (`Deed::AnchorAccess`).

use std::fmt;

use crate::{digest::Digest, text::Bilingual};

/// The longest description of what was read, in bytes.
pub const WHAT_BYTES_MAX: usize = 600;
/// The longest line without its LF, in bytes.
pub const LINE_BYTES_MAX: usize = 1_024;

macro_rules! accesses {
    ($($(#[$doc:meta])* $name:ident = $word:literal $zh:literal $en:literal;)*) => {
        /// What was done. Words are never used for something else later.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Access { $($(#[$doc])* $name,)* }

        impl Access {
            /// Every access.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The word in the log.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// For people.
            #[must_use]
            pub fn name(self) -> Bilingual {
                match self { $(Self::$name => Bilingual::new($zh, $en),)* }
            }
        }
    };
}

accesses! {
    /// The journal with all payloads was streamed.
    Journal = "journal" "读取日志及内容" "read the journal with its payloads";
    /// A series of figures.
    Series = "series" "读取指标序列" "read a series";
    /// Findings with the units' explanations.
    Findings = "findings" "读取问题与说明" "read findings and explanations";
    /// The screening of a period.
    Screening = "screening" "读取异常筛查" "read a screening";
    /// A re-check of a dataset.
    Recheck = "recheck" "读取全表复核" "read a re-check";
    /// A bulletin.
    Bulletin = "bulletin" "读取通报" "read a bulletin";
    /// The enrolled keys.
    Keys = "keys" "读取密钥清单" "read the list of keys";
    /// What evidence there is for a slot.
    EvidenceList = "evidence-list" "查看佐证清单" "listed evidence";
    /// A file of evidence was handed out.
    Evidence = "evidence" "下载佐证" "downloaded evidence";
    /// This log.
    AccessLog = "access-log" "读取访问记录" "read the access log";
    /// A unit handed in a file of evidence that was asked for.
    EvidenceSent = "evidence-sent" "单位送来佐证" "handed evidence in";
    /// A unit said why it cannot hand in a file of evidence.
    EvidenceAnswered = "evidence-answered" "单位答复无法提供佐证" "answered that evidence cannot be handed in";
    /// Somebody submitted a signed act at the console; the line names it by its digest.
    Act = "act" "在控制台提交操作" "submitted an act at the console";
    /// An account of the console was invited, opened or changed.
    Account = "account" "变更控制台账户" "changed an account of the console";
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub number: u64,
    /// The digest of the line before; all zero bytes in the first.
    pub previous: Digest,
    /// When, by the city's clock.
    pub at_ms: i64,
    /// Who, from the certificate.
    pub who: String,
    /// The digest of the certificate.
    pub certificate: Digest,
    /// What was done.
    pub access: Access,
    /// To what.
    pub what: String,
}

/// How far a log is: enough to write the next line, and to check it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    lines: u64,
    head: Digest,
}

/// The first thing that does not hold in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainFault {
    /// A line is not one.
    Form {
        /// Its number, counted from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A line has another number than its place, so lines are missing or were put in.
    Number {
        /// The number of the place.
        expected: u64,
        /// The number in the line.
        found: u64,
    },
    /// A line does not fit the digest that the line after it holds.
    Altered {
        /// The line that was altered.
        line: u64,
    },
}

impl Access {
    /// The inverse of [`Self::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|access| access.word() == word)
    }
}

impl Line {
    /// The line as it stands in the log, without its LF.
    #[must_use]
    pub fn encode(&self) -> String {
        format!(
            "{}\t{}\t{}\t{}\t{}\t{}\t{}",
            self.number,
            self.previous,
            self.at_ms,
            self.who,
            self.certificate,
            self.access.word(),
            self.what
        )
    }

    /// Reads what [`Self::encode`] writes, and nothing else; says which field is wrong.
    ///
    /// # Errors
    /// The field.
    pub fn decode(text: &str) -> Result<Self, &'static str> {
        let mut fields = text.splitn(7, '\t');
        let mut field = |name| fields.next().ok_or(name);
        let line = Self {
            number: field("number")?.parse().map_err(|_| "number")?,
            previous: Digest::from_hex(field("previous")?).ok_or("previous")?,
            at_ms: field("at")?.parse().map_err(|_| "at")?,
            who: field("who")?.to_owned(),
            certificate: Digest::from_hex(field("certificate")?).ok_or("certificate")?,
            access: Access::from_word(field("access")?).ok_or("access")?,
            what: field("what")?.to_owned(),
        };
        if line.encode() == text && plain(&line.what, WHAT_BYTES_MAX) == line.what {
            Ok(line)
        } else {
            Err("encoding")
        }
    }
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            lines: 0,
            head: Digest::from_bytes([0; 32]),
        }
    }
}

impl Chain {
    /// How many lines there are.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    /// The digest of the last line; all zero bytes where there is none.
    #[must_use]
    pub const fn head(&self) -> Digest {
        self.head
    }

    /// The next line; [`Self::push`] it once it is durable.
    #[must_use]
    pub fn next(
        &self,
        at_ms: i64,
        (who, certificate): (&str, Digest),
        access: Access,
        what: &str,
    ) -> Line {
        Line {
            number: self.lines + 1,
            previous: self.head,
            at_ms,
            who: plain(who, 80),
            certificate,
            access,
            what: plain(what, WHAT_BYTES_MAX),
        }
    }

    /// Takes the next line's bytes, without LF.
    ///
    /// # Errors
    /// [`ChainFault`]; the chain is as before.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Line, ChainFault> {
        let expected = self.lines + 1;
        let form = |why: &str| ChainFault::Form {
            line: expected,
            why: why.to_owned(),
        };
        if bytes.len() > LINE_BYTES_MAX {
            return Err(form("length"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| form("UTF-8"))?;
        let line = Line::decode(text).map_err(form)?;
        if line.number != expected {
            return Err(ChainFault::Number {
                expected,
                found: line.number,
            });
        }
        if line.previous != self.head {
            return Err(ChainFault::Altered { line: self.lines });
        }
        *self = Self {
            lines: expected,
            head: Digest::of(bytes),
        };
        Ok(line)
    }
}

impl ChainFault {
    /// For people.
    #[must_use]
    pub fn message(&self) -> Bilingual {
        match self {
            Self::Form { line, why } => Bilingual::new(
                format!("第 {line} 行不是访问记录（{why}）"),
                format!("line {line} is not a line of an access log ({why})"),
            ),
            Self::Number { expected, found } if found > expected => Bilingual::new(
                format!("第 {expected} 行至第 {} 行被删除", found - 1),
                format!("lines {expected} to {} were removed", found - 1),
            ),
            Self::Number { expected, found } => Bilingual::new(
                format!("第 {expected} 行的位置上是编号 {found} 的行：有行被插入或调换"),
                format!(
                    "the line numbered {found} stands in the place of line {expected}: lines were put in or moved"
                ),
            ),
            Self::Altered { line: 0 } => {
                Bilingual::new("第 1 行不是一份记录的开头", "line 1 does not begin a log")
            }
            Self::Altered { line } => Bilingual::new(
                format!("第 {line} 行被改动：与下一行所记的摘要不符"),
                format!("line {line} was altered: it does not fit the digest in the line after it"),
            ),
        }
    }
}

impl fmt::Display for ChainFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message().en)
    }
}

impl std::error::Error for ChainFault {}

/// At most `bytes_max` of a text, each control character as a space.
fn plain(text: &str, bytes_max: usize) -> String {
    let mut plain = String::new();
    for letter in text.chars() {
        if plain.len() + letter.len_utf8() > bytes_max {
            break;
        }
        plain.push(if letter.is_control() { ' ' } else { letter });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(count: u64) -> Vec<String> {
        let mut chain = Chain::default();
        (0..count)
            .map(|at| {
                let who = ("role:auditor", Digest::of(b"certificate"));
                let line = chain.next(
                    1_000 + i64::try_from(at).unwrap(),
                    who,
                    Access::Series,
                    "gdp",
                );
                let text = line.encode();
                assert_eq!(chain.push(text.as_bytes()).unwrap(), line);
                text
            })
            .collect()
    }

    /// The fault of a log whose lines were changed.
    fn fault(change: impl FnOnce(&mut Vec<String>)) -> Option<ChainFault> {
        let mut lines = log(5);
        change(&mut lines);
        let mut chain = Chain::default();
        lines
            .iter()
            .find_map(|line| chain.push(line.as_bytes()).err())
    }

    #[test]
    fn a_line_that_is_removed_altered_or_moved_is_named() {
        assert_eq!(fault(|_| ()), None);
        let removed = fault(|lines| drop(lines.remove(2)));
        let number = |expected, found| Some(ChainFault::Number { expected, found });
        assert_eq!(removed, number(3, 4));
        assert_eq!(fault(|lines| drop(lines.remove(0))), number(1, 2));
        assert_eq!(fault(|lines| lines.swap(1, 2)), number(2, 3));
        let altered = fault(|lines| lines[2] = lines[2].replace("gdp", "tax"));
        assert_eq!(altered, Some(ChainFault::Altered { line: 3 }));
        let put_in = fault(|lines| lines.insert(1, lines[0].clone()));
        assert_eq!(put_in, number(2, 1));
        let spaced = fault(|lines| lines[1] = format!("0{}", lines[1]));
        assert!(matches!(spaced, Some(ChainFault::Form { line: 2, .. })));
    }

    #[test]
    fn what_somebody_asks_for_cannot_forge_a_line() {
        let chain = Chain::default();
        let who = ("role:auditor", Digest::of(b"certificate"));
        let line = chain.next(1, who, Access::Evidence, "a\n2\t\r\u{85}b");
        assert_eq!(line.what, "a 2   b");
        let long = chain.next(1, who, Access::Evidence, &"县".repeat(2_000));
        assert!(long.encode().len() <= LINE_BYTES_MAX);
        assert_eq!(Line::decode(&long.encode()).unwrap(), long);
    }
}
