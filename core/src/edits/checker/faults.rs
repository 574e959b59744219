//! What the checker says about an expression that can be read but not meant.

use std::ops::Range;

use super::{Checker, DIGITS_MAX, OPERANDS_MAX};
use crate::{
    edits::{
        ast::{NodeId, Operand, UnaryOp},
        dimension::Mismatch,
        lexer::shortened,
        suggest,
    },
    text::Bilingual,
};

impl Checker<'_> {
    pub(super) fn unknown_indicator(&mut self, id: NodeId, name: &str, names: &[String]) {
        self.diagnostics.push(
            self.ast.nodes[id].span.clone(),
            Bilingual::new(
                format!("没有指标 {}", shortened(name)),
                format!("there is no indicator {}", shortened(name)),
            ),
            suggest::remedy(name, names),
        );
    }

    pub(super) fn unknown_dataset(&mut self, id: NodeId, name: &str) {
        self.diagnostics.push(
            self.ast.nodes[id].span.clone(),
            Bilingual::new(
                format!("没有报表 {}", shortened(name)),
                format!("there is no dataset {}", shortened(name)),
            ),
            suggest::remedy(name, &self.symbols.dataset_names()),
        );
    }

    pub(super) fn foreign_rollup(&mut self, id: NodeId) {
        self.diagnostics.push(
            self.ast.nodes[id].span.clone(),
            Bilingual::new(
                "rollup 只能汇总本报表的指标",
                "rollup sums an indicator of the edit's own dataset",
            ),
            Bilingual::new(
                "请把这条审核写到那张报表中",
                "write the edit for the other dataset",
            ),
        );
    }

    pub(super) fn no_statement(&mut self, span: Range<usize>) {
        self.diagnostics.push(
            span,
            Bilingual::new(
                "这是一个数，不是审核关系",
                "this is a number, not a statement that holds or not",
            ),
            Bilingual::new(
                "请用 = <> < <= > >= 与另一个数比较",
                "compare it with something by = <> < <= > >=",
            ),
        );
    }

    pub(super) fn no_operand_at_all(&mut self, span: Range<usize>) {
        self.diagnostics.push(
            span,
            Bilingual::new(
                "表达式没有提到任何指标",
                "the expression names no indicator",
            ),
            suggest::remedy("", &self.symbols.names()),
        );
    }

    pub(super) fn no_digits(&mut self, id: NodeId) {
        self.diagnostics.push(
            self.ast.nodes[id].span.clone(),
            Bilingual::new(
                "小数位数须写成数字",
                "the number of digits is not a number here",
            ),
            Bilingual::new(
                format!("请写 0 至 {DIGITS_MAX} 的整数"),
                format!("write a whole number from 0 to {DIGITS_MAX}"),
            ),
        );
    }

    pub(super) fn mismatch(&mut self, id: NodeId, mismatch: &Mismatch) {
        let (message, remedy) = match mismatch {
            Mismatch::Kind(left, right) => (
                Bilingual::new(
                    format!("计量单位不同类：{left} 与 {right}"),
                    format!("these measure different things: {left} and {right}"),
                ),
                Bilingual::new(
                    "不同类的量不能相加或比较；比率请在其计量单位上写 pure = true，人均量请写 per",
                    "they cannot be added or compared; mark the unit of measure of a share with pure = true, that of an amount per head with per",
                ),
            ),
            Mismatch::Size(factor) => (
                Bilingual::new(
                    format!("计量单位大小不同：左边的单位是右边的 {factor} 倍"),
                    format!(
                        "these are counted in units of different size: the left unit is {factor} of the right"
                    ),
                ),
                Bilingual::new(
                    format!("请将左边乘以 {factor}"),
                    format!("multiply the left side by {factor}"),
                ),
            ),
        };
        let span = self.ast.nodes[id].span.clone();
        self.diagnostics.push(span, message, remedy);
    }

    pub(super) fn elsewhere_in_validity(&mut self, id: NodeId, named: &Operand) {
        let text = shortened(&named.text());
        self.diagnostics.push(
            self.ast.nodes[id].span.clone(),
            Bilingual::new(
                format!("强制性审核不能使用 {text}：退回与否只能取决于本张报表"),
                format!("a validity edit cannot use {text}: a snapshot is returned for its own figures only, so that the order of arrival does not matter"),
            ),
            Bilingual::new("请将 kind 改为 quality", "make its kind quality"),
        );
    }

    pub(super) fn too_many_operands(&mut self, id: NodeId) {
        self.diagnostics.push(
            self.ast.nodes[id].span.clone(),
            Bilingual::new(
                format!("指标超过 {OPERANDS_MAX} 个"),
                format!("more than {OPERANDS_MAX} different operands"),
            ),
            Bilingual::new("请拆成几条审核关系", "split the edit into several"),
        );
    }

    pub(super) fn boolean_for_number(&mut self, id: NodeId, op: &str) {
        self.diagnostics.push(
            self.ast.nodes[id].span.clone(),
            Bilingual::new(
                format!("{op} 需要数，这里却是一个判断"),
                format!("{op} takes a number, and this is a statement"),
            ),
            Bilingual::new(
                "判断之间用 and、or、xor、not 连接；请检查括号",
                "join statements by and, or, xor, not; check the parentheses",
            ),
        );
    }

    pub(super) fn number_for_boolean(&mut self, id: NodeId, op: &str) {
        let remedy = if op == UnaryOp::Not.text() {
            Bilingual::new(
                "not 比比较符号结合得更紧：请写 not (a = b)",
                "not binds tighter than a comparison: write not (a = b)",
            )
        } else {
            Bilingual::new("请先比较，如 a > 0", "compare it first, as in a > 0")
        };
        self.diagnostics.push(
            self.ast.nodes[id].span.clone(),
            Bilingual::new(
                format!("{op} 需要判断，这里却是一个数"),
                format!("{op} takes a statement, and this is a number"),
            ),
            remedy,
        );
    }
}
