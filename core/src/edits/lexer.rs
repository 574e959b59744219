//! From text to tokens, each with its bytes.
//!
//! The tokens are VTL's: numbers as digits with an optional fraction, names (in single quotation marks where they hold
//! other characters than letters, digits and `_`), lower-case keywords, operators, comments (`/* */` and `//`). What people
//! type instead (full-width signs, `==`, `≤`) is refused with the right spelling, and still read as it was meant, so that
//! the rest of the line is checked too.

use std::ops::Range;

use super::{
    ast::{BinaryOp, Comparison},
    diagnostic::Diagnostics,
};
use crate::{
    decimal::{Decimal, DecimalError},
    text::Bilingual,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Number(Decimal),
    /// A name without quotation marks.
    Name,
    /// A name within quotation marks.
    Quoted,
    True,
    False,
    If,
    Then,
    Else,
    Not,
    Null,
    In,
    NotIn,
    /// Any operator between two operands; plus and minus also stand before one.
    Operator(BinaryOp),
    Open,
    Close,
    Comma,
    OpenSet,
    CloseSet,
    /// Between a dataset and its indicator.
    Member,
    /// After the last byte.
    End,
}

/// Whether `word` is a keyword of the language. An indicator of that name could not be written in an expression.
#[must_use]
pub fn is_keyword(word: &str) -> bool {
    keyword(word).is_some()
}

/// Whether `name` can be written without quotation marks.
pub(super) fn is_plain_name(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    starts && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The keyword that `word` is, if it is one.
pub(super) fn keyword(word: &str) -> Option<TokenKind> {
    Some(match word {
        "true" => TokenKind::True,
        "false" => TokenKind::False,
        "if" => TokenKind::If,
        "then" => TokenKind::Then,
        "else" => TokenKind::Else,
        "not" => TokenKind::Not,
        "null" => TokenKind::Null,
        "in" => TokenKind::In,
        "not_in" => TokenKind::NotIn,
        "and" => TokenKind::Operator(BinaryOp::And),
        "or" => TokenKind::Operator(BinaryOp::Or),
        "xor" => TokenKind::Operator(BinaryOp::Xor),
        _ => return None,
    })
}

/// Signs, longest first; those with a correction are not of the language.
#[rustfmt::skip]
const SIGNS: &[(&str, TokenKind, Option<&str>)] = {
    use BinaryOp::{Add, And, Compare, Divide, Multiply, Or, Subtract};
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    use TokenKind::{Close, CloseSet, Comma, Member, Open, OpenSet, Operator};
    &[
        ("==", Operator(Compare(Equal)), Some("=")),
        ("!=", Operator(Compare(NotEqual)), Some("<>")),
        ("=>", Operator(Compare(GreaterOrEqual)), Some(">=")),
        ("=<", Operator(Compare(LessOrEqual)), Some("<=")),
        ("&&", Operator(And), Some("and")),
        ("||", Operator(Or), Some("or")),
        ("<=", Operator(Compare(LessOrEqual)), None),
        (">=", Operator(Compare(GreaterOrEqual)), None),
        ("<>", Operator(Compare(NotEqual)), None),
        ("=", Operator(Compare(Equal)), None),
        ("<", Operator(Compare(Less)), None),
        (">", Operator(Compare(Greater)), None),
        ("+", Operator(Add), None),
        ("-", Operator(Subtract), None),
        ("*", Operator(Multiply), None),
        ("/", Operator(Divide), None),
        ("(", Open, None),
        (")", Close, None),
        (",", Comma, None),
        ("{", OpenSet, None),
        ("}", CloseSet, None),
        ("#", Member, None),
        ("＝", Operator(Compare(Equal)), Some("=")),
        ("≠", Operator(Compare(NotEqual)), Some("<>")),
        ("≤", Operator(Compare(LessOrEqual)), Some("<=")),
        ("≥", Operator(Compare(GreaterOrEqual)), Some(">=")),
        ("＜", Operator(Compare(Less)), Some("<")),
        ("＞", Operator(Compare(Greater)), Some(">")),
        ("＋", Operator(Add), Some("+")),
        ("－", Operator(Subtract), Some("-")),
        ("−", Operator(Subtract), Some("-")),
        ("–", Operator(Subtract), Some("-")),
        ("＊", Operator(Multiply), Some("*")),
        ("×", Operator(Multiply), Some("*")),
        ("÷", Operator(Divide), Some("/")),
        ("／", Operator(Divide), Some("/")),
        ("（", Open, Some("(")),
        ("）", Close, Some(")")),
        ("，", Comma, Some(",")),
    ]
};

/// Reads the whole text; the last token is [`TokenKind::End`].
pub(super) fn tokens(text: &str, diagnostics: &mut Diagnostics) -> Vec<Token> {
    let mut lexer = Lexer {
        text,
        at: 0,
        diagnostics,
    };
    let mut found = Vec::new();
    while let Some(token) = lexer.next_token() {
        found.push(token);
    }
    found.push(Token {
        kind: TokenKind::End,
        span: text.len()..text.len(),
    });
    found
}

struct Lexer<'t, 'd> {
    text: &'t str,
    at: usize,
    diagnostics: &'d mut Diagnostics,
}

impl<'t> Lexer<'t, '_> {
    fn next_token(&mut self) -> Option<Token> {
        loop {
            self.take(char::is_whitespace);
            if self.comment() {
                continue;
            }
            let first = self.rest().chars().next()?;
            if first.is_ascii_digit() || (first == '.' && self.digit_follows()) {
                return Some(self.number());
            }
            if first.is_alphabetic() || first == '_' {
                return Some(self.word());
            }
            if first == '\'' {
                return Some(self.quoted());
            }
            if let Some(token) = self.sign() {
                return Some(token);
            }
            self.unknown();
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn digit_follows(&self) -> bool {
        self.rest()
            .as_bytes()
            .get(1)
            .is_some_and(u8::is_ascii_digit)
    }

    /// Moves past the characters that `wanted` takes and returns their bytes.
    fn take(&mut self, wanted: impl Fn(char) -> bool) -> Range<usize> {
        let rest = self.rest();
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        let start = self.at;
        self.at += length;
        start..self.at
    }

    /// A number swallows letters and separators that touch it, so that `1e5` and `1,000` are one fault each.
    fn number(&mut self) -> Token {
        let start = self.at;
        loop {
            self.take(|c| c.is_alphanumeric() || matches!(c, '.' | '_'));
            if !(self.rest().starts_with(',') && self.digit_follows()) {
                break;
            }
            self.at += 1;
        }
        let span = start..self.at;
        let value = self.number_value(&span);
        Token {
            kind: TokenKind::Number(value),
            span,
        }
    }

    fn number_value(&mut self, span: &Range<usize>) -> Decimal {
        let text = &self.text[span.clone()];
        let parsed = Decimal::parse(text);
        if let Ok(value) = parsed
            && !text.starts_with('.')
            && !text.ends_with('.')
        {
            return value;
        }
        let (message, remedy) = bad_number(text, parsed == Err(DecimalError::TooLong));
        self.diagnostics.push(span.clone(), message, remedy);
        parsed.unwrap_or(Decimal::ONE)
    }

    fn word(&mut self) -> Token {
        let span = self.take(|c| c.is_alphanumeric() || c == '_');
        let kind = keyword(&self.text[span.clone()]).unwrap_or(TokenKind::Name);
        Token { kind, span }
    }

    /// Moves past a comment; one that is not closed ends with the text.
    fn comment(&mut self) -> bool {
        let rest = self.rest();
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else {
            return false;
        };
        self.at += length;
        true
    }

    /// A name in quotation marks; the token's span is what stands between them.
    fn quoted(&mut self) -> Token {
        let opening = self.at;
        self.at += 1;
        let span = self.take(|c| c != '\'');
        if self.rest().is_empty() {
            self.diagnostics.push(
                opening..opening + 1,
                Bilingual::new("单引号没有闭合", "this quotation mark is never closed"),
                Bilingual::new("请在名称之后补上 '", "add ' after the name"),
            );
        } else {
            self.at += 1;
        }
        Token {
            kind: TokenKind::Quoted,
            span,
        }
    }

    fn sign(&mut self) -> Option<Token> {
        let rest = self.rest();
        let (sign, kind, right) = SIGNS.iter().find(|(sign, ..)| rest.starts_with(sign))?;
        let span = self.at..self.at + sign.len();
        self.at = span.end;
        if let Some(right) = right {
            let message = Bilingual::new(
                format!("{sign} 不是表达式语言的符号"),
                format!("{sign} is not a sign of the language"),
            );
            let remedy = Bilingual::new(format!("请写 {right}"), format!("write {right}"));
            self.diagnostics.push(span.clone(), message, remedy);
        }
        Some(Token { kind: *kind, span })
    }

    /// Whatever else stands there is one fault up to the next space or the next character that can be read.
    fn unknown(&mut self) {
        let signs = |c: char| SIGNS.iter().any(|(sign, ..)| sign.starts_with(c));
        let start = self.at;
        self.at += self.rest().chars().next().map_or(0, char::len_utf8);
        self.take(|c| !(c.is_whitespace() || c.is_alphanumeric() || c == '_' || signs(c)));
        self.diagnostics.push(
            start..self.at,
            Bilingual::new("表达式中不能有这个字符", "this character has no meaning in an expression"),
            Bilingual::new(
                "可用：数字、指标代码、函数、+ - * / ( ) = <> < <= > >= in and or xor not if then else",
                "use numbers, indicator codes, functions, + - * / ( ) = <> < <= > >= in and or xor not if then else",
            ),
        );
    }
}

fn bad_number(text: &str, too_long: bool) -> (Bilingual, Bilingual) {
    if too_long {
        return (
            Bilingual::new("数字太长", "the number is too long"),
            Bilingual::new(
                "最多 30 位数字，其中小数最多 18 位",
                "write at most 30 digits, 18 of them after the decimal point",
            ),
        );
    }
    (
        Bilingual::new(
            format!("{} 不是数字", shortened(text)),
            format!("{} is not a number", shortened(text)),
        ),
        Bilingual::new(
            "数字只写阿拉伯数字和一个小数点，如 1234.5；不用千分位、指数和单位；指标代码以字母开头",
            "write digits with at most one decimal point inside, as in 1234.5, without separators, exponent or unit; \
             an indicator code starts with a letter",
        ),
    )
}

/// At most 40 characters of `text`, for a message.
pub(super) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
