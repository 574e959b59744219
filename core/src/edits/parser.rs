//! From tokens to the syntax tree: a Pratt parser (V. Pratt, "Top down operator precedence", 1973).
//!
//! Precedence and associativity are those of VTL 2.2, where `not` and the signs bind tighter than `*` and a comparison is
//! looser than `+`. Parsing goes on after a fault, with an error node in its place, so that one run finds all faults.
//! Recursion is bounded: by [`NESTING_MAX`] for what nests, and by the levels of precedence in between.

use std::ops::Range;

use super::{
    ast::{Ast, BinaryOp, Function, Node, NodeId, NodeKind, Source, UnaryOp},
    diagnostic::Diagnostics,
    lexer::{Token, TokenKind, keyword, shortened, tokens},
    suggest,
};
use crate::text::Bilingual;

/// The longest expression, in bytes.
pub const EXPRESSION_LEN_BYTES_MAX: usize = 4096;
/// How deep parentheses, functions, signs, `not` and `if` may nest.
pub const NESTING_MAX: usize = 64;
/// The word for the sum over a unit's children.
const ROLLUP: &str = "rollup";

/// Parses `text`; the tree is of use only where no diagnostic was added.
pub(super) fn parse(text: &str, diagnostics: &mut Diagnostics) -> Ast {
    if text.len() > EXPRESSION_LEN_BYTES_MAX {
        too_long(text, diagnostics);
        return Ast {
            nodes: vec![Node {
                kind: NodeKind::Error,
                span: 0..0,
            }],
            root: 0,
        };
    }
    let tokens = tokens(text, diagnostics);
    let mut parser = Parser {
        text,
        tokens,
        at: 0,
        nodes: Vec::new(),
        nesting: 0,
        diagnostics,
        gave_up: false,
    };
    let root = parser.whole();
    Ast {
        nodes: parser.nodes,
        root,
    }
}

struct Parser<'t, 'd> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    nodes: Vec<Node>,
    nesting: usize,
    diagnostics: &'d mut Diagnostics,
    /// Set where going on would only report consequences.
    gave_up: bool,
}

/// A parsed subtree and its bytes with the parentheses around it.
#[derive(Clone)]
struct Parsed {
    id: NodeId,
    span: Range<usize>,
    /// A comparison without parentheses, which another comparison must not follow.
    open_comparison: bool,
}

impl Parser<'_, '_> {
    fn whole(&mut self) -> NodeId {
        let root = self.expression(0).id;
        while self.peek() != TokenKind::End {
            self.trailing();
        }
        root
    }

    /// The heart: an operand, then operators that bind tighter than `floor`, each with its right side.
    fn expression(&mut self, floor: u8) -> Parsed {
        let mut left = self.operand();
        while let TokenKind::Operator(op) = self.peek() {
            if op.power() <= floor {
                break;
            }
            let sign = self.span();
            self.bump();
            let right = self.expression(op.power());
            left = self.binary(op, sign, &left, &right);
        }
        left
    }

    fn binary(
        &mut self,
        op: BinaryOp,
        sign: Range<usize>,
        left: &Parsed,
        right: &Parsed,
    ) -> Parsed {
        let span = left.span.start..right.span.end.max(left.span.end);
        let comparison = matches!(op, BinaryOp::Compare(_));
        if comparison && left.open_comparison {
            self.chained(sign, left, right);
            // Nobody meant the left side to be compared, so its type is not worth a second fault.
            self.nodes[left.id].kind = NodeKind::Error;
        }
        Parsed {
            open_comparison: comparison,
            ..self.push(NodeKind::Binary(op, left.id, right.id), span)
        }
    }

    fn operand(&mut self) -> Parsed {
        let span = self.span();
        match self.peek() {
            TokenKind::Number(value) => self.leaf(NodeKind::Number(value)),
            TokenKind::True => self.leaf(NodeKind::Boolean(true)),
            TokenKind::False => self.leaf(NodeKind::Boolean(false)),
            TokenKind::Name => self.name(span),
            TokenKind::Open => self.parenthesised(span),
            TokenKind::Not => self.unary(UnaryOp::Not, &span),
            TokenKind::Operator(BinaryOp::Add) => self.unary(UnaryOp::Plus, &span),
            TokenKind::Operator(BinaryOp::Subtract) => self.unary(UnaryOp::Minus, &span),
            TokenKind::If => self.conditional(&span),
            TokenKind::Operator(_)
            | TokenKind::Then
            | TokenKind::Else
            | TokenKind::Close
            | TokenKind::Comma
            | TokenKind::End => self.no_operand(span),
        }
    }

    /// A sign or `not` takes one operand only, which is why `not a = b` means `(not a) = b`, as in VTL.
    fn unary(&mut self, op: UnaryOp, span: &Range<usize>) -> Parsed {
        self.bump();
        let inner = self.nested(Self::operand);
        let span = span.start..inner.span.end;
        self.push(NodeKind::Unary(op, inner.id), span)
    }

    fn parenthesised(&mut self, open: Range<usize>) -> Parsed {
        self.bump();
        let inner = self.nested(|parser| parser.expression(0));
        let span = open.start..self.close(open, inner.span.end);
        Parsed {
            span,
            open_comparison: false,
            ..inner
        }
    }

    fn conditional(&mut self, span: &Range<usize>) -> Parsed {
        self.bump();
        let condition = self.nested(|parser| parser.expression(0));
        self.expect(TokenKind::Then, "then");
        let then = self.nested(|parser| parser.expression(0));
        if self.peek() == TokenKind::Else {
            self.bump();
            let otherwise = self.nested(|parser| parser.expression(0));
            let span = span.start..otherwise.span.end;
            return self.push(NodeKind::If(condition.id, then.id, otherwise.id), span);
        }
        self.no_else(&condition, &then);
        self.push(NodeKind::Error, span.start..then.span.end)
    }

    fn name(&mut self, span: Range<usize>) -> Parsed {
        let name = &self.text[span.clone()];
        self.bump();
        if self.peek() != TokenKind::Open {
            return self.push(NodeKind::Operand(Source::Own, name.into()), span);
        }
        if name == ROLLUP {
            return self.rollup(&span);
        }
        let open = self.span();
        let argument = self.parenthesised(open);
        let span = span.start..argument.span.end;
        let function = Function::ALL.into_iter().find(|f| f.name() == name);
        if let Some(function) = function {
            return self.push(NodeKind::Call(function, argument.id), span);
        }
        self.unknown_function(name, span.start);
        self.push(NodeKind::Error, span)
    }

    /// `rollup(x)` is an operand, not a function: its argument is looked up elsewhere, so only a name will do.
    fn rollup(&mut self, name: &Range<usize>) -> Parsed {
        let open = self.span();
        self.bump();
        let inner = self.span();
        if self.peek() == TokenKind::Name && self.peek_second() == TokenKind::Close {
            self.bump();
            let span = name.start..self.close(open, inner.end);
            let operand = NodeKind::Operand(Source::Children, self.text[inner].into());
            return self.push(operand, span);
        }
        let argument = self.nested(|parser| parser.expression(0));
        let span = name.start..self.close(open, argument.span.end);
        self.report(
            span.clone(),
            Bilingual::new("rollup 只能汇总一个指标", "rollup sums one indicator"),
            Bilingual::new(
                "请写 rollup(指标代码)，运算写在括号外",
                "write rollup(code) and do the arithmetic outside of the parentheses",
            ),
        );
        self.push(NodeKind::Error, span)
    }

    /// Runs `parse` one level deeper, or gives up where that is too deep.
    fn nested(&mut self, parse: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.nesting >= NESTING_MAX {
            return self.too_deep();
        }
        self.nesting += 1;
        let parsed = parse(self);
        self.nesting -= 1;
        parsed
    }

    /// Takes the closing parenthesis and returns where it ends.
    fn close(&mut self, open: Range<usize>, end: usize) -> usize {
        if self.peek() == TokenKind::Close {
            let end = self.span().end;
            self.bump();
            return end;
        }
        if self.peek() != TokenKind::End {
            self.unexpected(")");
            return self.recover(end);
        }
        self.report(
            open,
            Bilingual::new("括号没有闭合", "this parenthesis is never closed"),
            Bilingual::new("请补上 )", "add )"),
        );
        end
    }

    /// After a comma, what it separates is read for its own faults.
    fn recover(&mut self, mut end: usize) -> usize {
        while self.peek() == TokenKind::Comma {
            self.bump();
            end = self.expression(0).span.end;
        }
        if self.peek() == TokenKind::Close {
            end = self.span().end;
            self.bump();
        }
        end
    }

    fn leaf(&mut self, kind: NodeKind) -> Parsed {
        let span = self.span();
        self.bump();
        self.push(kind, span)
    }

    fn push(&mut self, kind: NodeKind, span: Range<usize>) -> Parsed {
        self.nodes.push(Node {
            kind,
            span: span.clone(),
        });
        Parsed {
            id: self.nodes.len() - 1,
            span,
            open_comparison: false,
        }
    }

    fn peek(&self) -> TokenKind {
        self.tokens
            .get(self.at)
            .map_or(TokenKind::End, |token| token.kind)
    }

    fn peek_second(&self) -> TokenKind {
        self.tokens
            .get(self.at + 1)
            .map_or(TokenKind::End, |token| token.kind)
    }

    fn span(&self) -> Range<usize> {
        let end = self.text.len();
        self.tokens
            .get(self.at)
            .map_or(end..end, |token| token.span.clone())
    }

    const fn bump(&mut self) {
        self.at += 1;
    }

    fn expect(&mut self, kind: TokenKind, text: &str) {
        if self.peek() == kind {
            self.bump();
        } else {
            self.unexpected(text);
        }
    }
}

/// The faults, apart from the grammar so that the grammar can be read.
impl Parser<'_, '_> {
    fn report(&mut self, span: Range<usize>, message: Bilingual, remedy: Bilingual) {
        if !self.gave_up {
            self.diagnostics.push(span, message, remedy);
        }
    }

    /// Something stands where `wanted` should.
    fn unexpected(&mut self, wanted: &str) {
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

    fn no_operand(&mut self, span: Range<usize>) -> Parsed {
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
    fn trailing(&mut self) {
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

    fn unexpected_operator(&mut self) {
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
    fn found(&self) -> Bilingual {
        if self.peek() == TokenKind::End {
            return Bilingual::new("结尾", "the end");
        }
        let text = shortened(&self.text[self.span()]);
        Bilingual::new(format!(" {text} "), text)
    }

    /// A keyword in capitals is the likeliest slip.
    fn slip(&self) -> Option<Bilingual> {
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
    fn chained(&mut self, sign: Range<usize>, left: &Parsed, right: &Parsed) {
        let middle = match &self.nodes[left.id].kind {
            NodeKind::Binary(_, _, middle) => self.nodes[*middle].span.clone(),
            NodeKind::Number(_)
            | NodeKind::Boolean(_)
            | NodeKind::Operand(..)
            | NodeKind::Unary(..)
            | NodeKind::Call(..)
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

    fn no_else(&mut self, condition: &Parsed, then: &Parsed) {
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

    fn unknown_function(&mut self, name: &str, start: usize) {
        let mut names: Vec<String> = Function::ALL.iter().map(|f| f.name().to_owned()).collect();
        names.push(ROLLUP.to_owned());
        self.report(
            start..start + name.len(),
            Bilingual::new(
                format!("没有函数 {}", shortened(name)),
                format!("there is no function {}", shortened(name)),
            ),
            suggest::remedy(name, &names),
        );
    }

    fn too_deep(&mut self) -> Parsed {
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

fn too_long(text: &str, diagnostics: &mut Diagnostics) {
    let length = text.len();
    diagnostics.push(
        0..length,
        Bilingual::new(
            format!("表达式长 {length} 字节，最多 {EXPRESSION_LEN_BYTES_MAX} 字节"),
            format!(
                "the expression has {length} bytes; at most {EXPRESSION_LEN_BYTES_MAX} are read"
            ),
        ),
        Bilingual::new("请拆成几条审核关系", "split the edit into several"),
    );
}
