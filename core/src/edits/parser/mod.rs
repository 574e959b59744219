//! From tokens to the syntax tree: a Pratt parser (V. Pratt, "Top down operator precedence", 1973).
//!
//! Precedence and associativity are those of VTL 2.2, where `not` and the signs bind tighter than `*` and a comparison is
//! looser than `+`. Parsing goes on after a fault, with an error node in its place, so that one run finds all faults.
//! Recursion is bounded: by [`NESTING_MAX`] for what nests, and by the levels of precedence in between.

mod faults;

use std::ops::Range;

use super::{
    ast::{Ast, BinaryOp, Comparison, Function, Node, NodeId, NodeKind, Operand, Source, UnaryOp},
    diagnostic::Diagnostics,
    lexer::{Token, TokenKind, tokens},
};
use crate::text::Bilingual;

/// The longest expression, in bytes.
pub const EXPRESSION_LEN_BYTES_MAX: usize = 4096;
/// How deep parentheses, functions, signs, `not` and `if` may nest.
pub const NESTING_MAX: usize = 64;
/// The farthest that `lag` looks back, in periods.
pub const LAG_MAX: u8 = 60;
/// How many values a set may hold.
pub const SET_LEN_MAX: usize = 64;
/// The words that look a figure up elsewhere, with how each is written.
const PLACES: [(&str, &str); 5] = [
    ("rollup", "rollup(x)"),
    ("previous", "previous(x)"),
    ("lag", "lag(x, 1)"),
    ("year_ago", "year_ago(x)"),
    ("ytd", "ytd(x)"),
];

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
        loop {
            let sign = self.span();
            if let TokenKind::Operator(op) = self.peek()
                && op.power() > floor
            {
                self.bump();
                let right = self.expression(op.power());
                left = self.binary(op, sign, &left, &right);
            } else if matches!(self.peek(), TokenKind::In | TokenKind::NotIn)
                && BinaryOp::Compare(Comparison::Equal).power() > floor
            {
                left = self.membership(&left);
            } else {
                return left;
            }
        }
    }

    /// `x in {1, 2}`: the set holds numbers only.
    fn membership(&mut self, left: &Parsed) -> Parsed {
        let positive = self.peek() == TokenKind::In;
        self.bump();
        self.expect(TokenKind::OpenSet, "{");
        let mut values = Vec::new();
        let mut end = self.span().end;
        loop {
            let negative = self.peek() == TokenKind::Operator(BinaryOp::Subtract);
            if negative {
                self.bump();
            }
            end = self.span().end.max(end);
            if let TokenKind::Number(value) = self.peek() {
                values.push(if negative { -value } else { value });
            } else {
                self.no_number();
            }
            self.bump();
            if self.peek() != TokenKind::Comma {
                break;
            }
            self.bump();
        }
        end = self.span().end.max(end);
        self.expect(TokenKind::CloseSet, "}");
        if values.len() > SET_LEN_MAX {
            self.set_too_large(left.span.start..end);
            values.truncate(SET_LEN_MAX);
        }
        let kind = NodeKind::In(left.id, values.into(), positive);
        self.push(kind, left.span.start..end)
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
            TokenKind::Null => self.leaf(NodeKind::Null),
            TokenKind::Name if self.peek_second() == TokenKind::Open => self.call(&span),
            TokenKind::Name | TokenKind::Quoted => self.figure(Source::Own, span.start),
            TokenKind::Open => self.parenthesised(span),
            TokenKind::Not => self.unary(UnaryOp::Not, &span),
            TokenKind::Operator(BinaryOp::Add) => self.unary(UnaryOp::Plus, &span),
            TokenKind::Operator(BinaryOp::Subtract) => self.unary(UnaryOp::Minus, &span),
            TokenKind::If => self.conditional(&span),
            TokenKind::Operator(_)
            | TokenKind::Then
            | TokenKind::Else
            | TokenKind::In
            | TokenKind::NotIn
            | TokenKind::Close
            | TokenKind::Comma
            | TokenKind::OpenSet
            | TokenKind::CloseSet
            | TokenKind::Member
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

    /// `x` or `'dataset'#x`, the whole operand having begun at `start`.
    fn figure(&mut self, source: Source, start: usize) -> Parsed {
        let (mut kind, mut span) = (self.peek(), self.span());
        let mut dataset = None;
        self.bump();
        if self.peek() == TokenKind::Member {
            self.bump();
            if !matches!(self.peek(), TokenKind::Name | TokenKind::Quoted) {
                return self.no_operand(self.span());
            }
            dataset = Some(self.text[span].into());
            (kind, span) = (self.peek(), self.span());
            self.bump();
        }
        let name = self.text[span.clone()].into();
        let operand = Operand {
            source,
            dataset,
            name,
        };
        // The token of a quoted name ends before its closing mark.
        let end = span.end + usize::from(kind == TokenKind::Quoted);
        let end = end.min(self.text.len());
        self.push(NodeKind::Operand(operand), start..end)
    }

    /// A name with parentheses: a figure that stands elsewhere, or a function.
    fn call(&mut self, name: &Range<usize>) -> Parsed {
        let text = &self.text[name.clone()];
        self.bump();
        if let Some((_, shape)) = PLACES.iter().find(|(word, _)| *word == text) {
            return self.elsewhere(name, shape);
        }
        let open = self.span();
        self.bump();
        let (arguments, last) = self.arguments();
        let span = name.start..self.close(open, last);
        let Some(function) = Function::ALL.into_iter().find(|f| f.name() == text) else {
            self.unknown_function(text, name.start);
            return self.push(NodeKind::Error, span);
        };
        let (least, most) = function.arity();
        if !(least..=most).contains(&arguments.len()) {
            self.wrong_arity(function, span.clone(), arguments.len());
            return self.push(NodeKind::Error, span);
        }
        self.push(NodeKind::Call(function, arguments.into()), span)
    }

    /// What stands between parentheses, separated by commas, and where it ends.
    fn arguments(&mut self) -> (Vec<NodeId>, usize) {
        let (mut arguments, mut end) = (Vec::new(), self.span().start);
        if self.peek() == TokenKind::Close {
            return (arguments, end);
        }
        loop {
            let argument = self.nested(|parser| parser.expression(0));
            end = argument.span.end;
            arguments.push(argument.id);
            if self.peek() != TokenKind::Comma {
                return (arguments, end);
            }
            self.bump();
        }
    }

    /// `rollup(x)` and its like are operands, not functions: the argument is looked up elsewhere, so only a name will do.
    fn elsewhere(&mut self, word: &Range<usize>, shape: &'static str) -> Parsed {
        let text = &self.text[word.clone()];
        let open = self.span();
        self.bump();
        if !matches!(self.peek(), TokenKind::Name | TokenKind::Quoted)
            || self.peek_second() == TokenKind::Open
        {
            return self.not_a_name(word, open, shape);
        }
        let source = match text {
            "rollup" => Source::Children,
            "year_ago" => Source::YearAgo,
            "ytd" => Source::YearToDate,
            _ => Source::Lag(1),
        };
        let mut operand = self.figure(source, word.start);
        if text == "lag" {
            self.expect(TokenKind::Comma, ",");
            let count = self.lag_count();
            if let NodeKind::Operand(named) = &mut self.nodes[operand.id].kind {
                named.source = Source::Lag(count);
            }
        }
        if !matches!(self.peek(), TokenKind::Close | TokenKind::End) {
            return self.not_a_name(word, open, shape);
        }
        let end = self.close(open, operand.span.end);
        operand.span.end = end;
        self.nodes[operand.id].span.end = end;
        operand
    }

    /// The number of periods that `lag` goes back.
    fn lag_count(&mut self) -> u8 {
        let span = self.span();
        let mut count = None;
        if let TokenKind::Number(value) = self.peek() {
            let whole = value.normalised();
            count = u8::try_from(whole.mantissa()).ok();
            count = count.filter(|n| whole.scale() == 0 && (1..=LAG_MAX).contains(n));
        }
        if !matches!(self.peek(), TokenKind::Close | TokenKind::End) {
            self.bump();
        }
        count.unwrap_or_else(|| {
            self.wrong_lag(span);
            1
        })
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
