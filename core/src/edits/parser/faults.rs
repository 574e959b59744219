//! What the parser says about a text that it cannot read.

use std::ops::Range;

use super::{LAG_MAX, NESTING_MAX, PLACES, Parsed, Parser, SET_LEN_MAX};
use crate::{
    edits::{
        ast::{Function, NodeKind},
        lexer::{TokenKind, keyword, shortened},
        suggest,
    },
    text::Bilingual,
};

impl Parser<'_, '_> {
    pub(super) fn report(&mut self, span: Range<usize>, message: Bilingual, remedy: Bilingual) {
        if !self.gave_up {
            self.diagnostics.push(span, message, remedy);
        }
    }

    /// Something stands where `wanted` should.
    pub(super) fn unexpected(&mut self, wanted: &str) {
        let found = self.found();
        self.report(
            self.span(),
            Bilingual::new(
                format!("此处应为 {wanted}，却是{}", found.zh),
                format!("expected {wanted} here, found {}", found.en),
            ),
            self.slip().unwrap_or_else(|| {
                Bilingual::new(
                    format!("请在此前写 {wanted}"),
                    format!("write {wanted} before it"),
                )
            }),
        );
    }

    pub(super) fn no_operand(&mut self, span: Range<usize>) -> Parsed {
        let found = self.found();
        self.report(
            span.clone(),
            Bilingual::new(
                format!("此处应为数字、指标代码或括号，却是{}", found.zh),
                format!(
                    "expected a number, an indicator code or a parenthesis, found {}",
                    found.en
                ),
            ),
            Bilingual::new(
                "请补上缺少的部分，或删去多余的符号",
                "add what is missing or delete the sign",
            ),
        );
        self.push(NodeKind::Error, span.start..span.start)
    }

    /// What follows a whole expression: an operator must be missing, or a parenthesis is too many.
    pub(super) fn trailing(&mut self) {
        if self.peek() == TokenKind::Close {
            self.report(
                self.span(),
                Bilingual::new("多出一个右括号", "no parenthesis is open here"),
                Bilingual::new("请删去，或补上左括号", "delete it, or add the opening one"),
            );
        } else {
            self.unexpected_operator();
        }
        let starts_operand = matches!(
            self.peek(),
            TokenKind::Number(_)
                | TokenKind::Name
                | TokenKind::Quoted
                | TokenKind::Open
                | TokenKind::If
                | TokenKind::Not
        );
        if !starts_operand || self.slip().is_some() {
            self.bump();
        }
        if self.peek() != TokenKind::End {
            self.expression(0);
        }
    }

    pub(super) fn unexpected_operator(&mut self) {
        let found = self.found();
        self.report(
            self.span(),
            Bilingual::new(
                format!("{}之前缺少运算符", found.zh),
                format!("an operator is missing before {}", found.en),
            ),
            self.slip().unwrap_or_else(|| {
                Bilingual::new(
                    "请写 + - * / = <> < <= > >= and or xor 之一",
                    "write one of + - * / = <> < <= > >= and or xor",
                )
            }),
        );
    }

    /// The next token, named for a message.
    pub(super) fn found(&self) -> Bilingual {
        if self.peek() == TokenKind::End {
            return Bilingual::new("结尾", "the end");
        }
        let text = shortened(&self.text[self.span()]);
        Bilingual::new(format!(" {text} "), text)
    }

    /// A keyword in capitals is the likeliest slip.
    pub(super) fn slip(&self) -> Option<Bilingual> {
        let word = self.text.get(self.span())?.to_ascii_lowercase();
        if self.peek() != TokenKind::Name || keyword(&word).is_none() {
            return None;
        }
        Some(Bilingual::new(
            format!("关键字用小写：{word}"),
            format!("keywords are written small: {word}"),
        ))
    }

    /// `a <= b <= c`: the second sign is the fault, and `a <= b and b <= c` is what was meant.
    pub(super) fn chained(&mut self, sign: Range<usize>, left: &Parsed, right: &Parsed) {
        let middle = match &self.nodes[left.id].kind {
            NodeKind::Binary(_, _, middle) => self.nodes[*middle].span.clone(),
            NodeKind::Number(_)
            | NodeKind::Boolean(_)
            | NodeKind::Null
            | NodeKind::Operand(_)
            | NodeKind::Unary(..)
            | NodeKind::Call(..)
            | NodeKind::In(..)
            | NodeKind::If(..)
            | NodeKind::Error => left.span.clone(),
        };
        let part = |span: &Range<usize>| shortened(&self.text[span.clone()]);
        let rewritten = format!(
            "{} and {} {} {}",
            part(&left.span),
            part(&middle),
            part(&sign),
            part(&right.span)
        );
        self.report(
            sign,
            Bilingual::new("比较不能连写", "comparisons cannot be chained"),
            Bilingual::new(format!("请写 {rewritten}"), format!("write {rewritten}")),
        );
    }

    pub(super) fn no_else(&mut self, condition: &Parsed, then: &Parsed) {
        let part = |parsed: &Parsed| shortened(&self.text[parsed.span.clone()]);
        let implied = format!("not ({}) or {}", part(condition), part(then));
        self.report(
            self.span(),
            Bilingual::new("if 缺少 else", "this if has no else"),
            Bilingual::new(
                format!("请补上 else，或改写为 {implied}"),
                format!("add else, or write {implied}"),
            ),
        );
    }

    pub(super) fn unknown_function(&mut self, name: &str, start: usize) {
        let mut names: Vec<String> = Function::ALL.iter().map(|f| f.name().to_owned()).collect();
        names.extend(PLACES.map(|(word, _)| word.to_owned()));
        self.report(
            start..start + name.len(),
            Bilingual::new(
                format!("没有函数 {}", shortened(name)),
                format!("there is no function {}", shortened(name)),
            ),
            suggest::remedy(name, &names),
        );
    }

    pub(super) fn wrong_arity(&mut self, function: Function, span: Range<usize>, found: usize) {
        let shape = function.shape();
        self.report(
            span,
            Bilingual::new(
                format!("{} 的参数个数不对：有 {found} 个", function.name()),
                format!("{} has {found} arguments", function.name()),
            ),
            Bilingual::new(format!("请写 {shape}"), format!("write {shape}")),
        );
    }

    /// The rest up to the closing parenthesis is read for its own faults.
    pub(super) fn not_a_name(
        &mut self,
        word: &Range<usize>,
        open: Range<usize>,
        shape: &str,
    ) -> Parsed {
        let (_, last) = self.arguments();
        let span = word.start..self.close(open, last);
        let text = &self.text[word.clone()];
        self.report(
            span.clone(),
            Bilingual::new(
                format!("{text} 只能用于一个指标"),
                format!("{text} takes one indicator, not an expression"),
            ),
            Bilingual::new(
                format!("请写 {shape}，x 为指标代码，运算写在括号外"),
                format!("write {shape} with an indicator for x and do the arithmetic outside of the parentheses"),
            ),
        );
        self.push(NodeKind::Error, span)
    }

    pub(super) fn wrong_lag(&mut self, span: Range<usize>) {
        self.report(
            span,
            Bilingual::new("回溯的期数不对", "this is no number of periods to go back"),
            Bilingual::new(
                format!("请写 1 至 {LAG_MAX} 的整数"),
                format!("write a whole number from 1 to {LAG_MAX}"),
            ),
        );
    }

    pub(super) fn no_number(&mut self) {
        self.report(
            self.span(),
            Bilingual::new("集合中只能写数字", "a set holds numbers only"),
            Bilingual::new("请写如 {1, 2, 3}", "write it as in {1, 2, 3}"),
        );
    }

    pub(super) fn set_too_large(&mut self, span: Range<usize>) {
        self.report(
            span,
            Bilingual::new(
                format!("集合超过 {SET_LEN_MAX} 个数"),
                format!("the set holds more than {SET_LEN_MAX} numbers"),
            ),
            Bilingual::new("请用 between 或拆成几条", "use between, or split the edit"),
        );
    }

    pub(super) fn too_deep(&mut self) -> Parsed {
        let span = self.span();
        self.report(
            span.clone(),
            Bilingual::new(
                format!("嵌套超过 {NESTING_MAX} 层"),
                format!("nested more than {NESTING_MAX} levels deep"),
            ),
            Bilingual::new("请拆成几条审核关系", "split the edit into several"),
        );
        self.gave_up = true;
        self.at = self.tokens.len();
        self.push(NodeKind::Error, span)
    }
}
