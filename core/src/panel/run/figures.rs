//! The figures of a plan: sums of columns, and the nodes that are no sums.

use super::{CHUNK, CHUNK_WORDS, Run, View, Words, kernels, kernels::Lane};
use crate::{
    edits::Source,
    panel::{
        column::Mantissas,
        plan::{Form, Leaf, NodeKind, Test},
    },
};

/// Room for figures on the way, kept from one run to the next.
#[derive(Debug, Default)]
pub(in crate::panel) struct Scratch {
    narrow: Vec<Vec<i64>>,
    wide: Vec<Vec<i128>>,
}

/// The lanes of a leaf: where they lie, or a copy.
enum Lanes<'a, T> {
    There(&'a [T]),
    Here(Vec<T>),
}

impl<T> Lanes<'_, T> {
    fn get(&self) -> &[T] {
        match self {
            Self::There(lanes) => lanes,
            Self::Here(lanes) => lanes,
        }
    }
}

/// Which room is of which width.
pub(super) trait Width: Lane {
    fn room(scratch: &mut Scratch) -> &mut Vec<Vec<Self>>;
}

impl Width for i64 {
    fn room(scratch: &mut Scratch) -> &mut Vec<Vec<Self>> {
        &mut scratch.narrow
    }
}

impl Width for i128 {
    fn room(scratch: &mut Scratch) -> &mut Vec<Vec<Self>> {
        &mut scratch.wide
    }
}

impl Scratch {
    /// Room for a chunk, with anything in it.
    fn take<T: Width>(&mut self) -> Vec<T> {
        let room = T::room(self).pop();
        room.unwrap_or_else(|| vec![T::default(); CHUNK])
    }

    fn put<T: Width>(&mut self, room: Vec<T>) {
        T::room(self).push(room);
    }

    fn give_back<T: Width>(&mut self, lanes: Lanes<'_, T>) {
        if let Lanes::Here(room) = lanes {
            self.put(room);
        }
    }
}

impl<'a, V: View> Run<'a, '_, V> {
    /// One bit for each lane outside of the bounds of a test.
    pub(super) fn outside<T: Width>(&mut self, test: &'a Test, open: &Words) -> Words {
        let mut out = [0; CHUNK_WORDS];
        let moved = self.of_period(&test.form);
        let low = test.low.map(|low| T::of(low.saturating_sub(moved)));
        let high = T::of(test.high.saturating_sub(moved));
        let lanes = match test.form.terms.as_slice() {
            [(1, leaf @ (Leaf::Slot(_) | Leaf::Node(_)))] => self.leaf::<T>(*leaf, open),
            _ => Lanes::Here(self.sum::<T>(&test.form, open)),
        };
        // A picked row may be the only one: what stands in the other lanes of its word is not asked for.
        T::outside(lanes.get(), low, high, &mut out[..self.view.words()]);
        self.scratch.give_back(lanes);
        out
    }

    /// What the terms that are the same for all rows of a period add up to.
    fn of_period(&self, form: &Form) -> i128 {
        let period = self.scene.panel.layout().periods()[self.period];
        let term = |(factor, leaf): &(i128, Leaf)| match leaf {
            Leaf::Subperiod => factor.saturating_mul(period.number().into()),
            Leaf::Year => factor.saturating_mul(period.year().into()),
            Leaf::Slot(_) | Leaf::Node(_) => 0,
        };
        form.terms.iter().map(term).fold(0, i128::saturating_add)
    }

    /// The value of a form, its constant and what depends on the period included.
    fn figure<T: Width>(&mut self, form: &'a Form, open: &Words) -> Vec<T> {
        let mut sum = self.sum::<T>(form, open);
        let constant = T::of(form.constant.saturating_add(self.of_period(form)));
        if constant != T::default() {
            let lanes = self.view.lanes();
            for lane in &mut sum[..lanes] {
                *lane = lane.plus(constant);
            }
        }
        sum
    }

    /// The sum of the terms that differ from row to row.
    fn sum<T: Width>(&mut self, form: &'a Form, open: &Words) -> Vec<T> {
        let mut out = self.scratch.take::<T>();
        let lanes = self.view.lanes();
        let varying = |(_, leaf): &&(i128, Leaf)| matches!(leaf, Leaf::Slot(_) | Leaf::Node(_));
        let mut terms = form.terms.iter().filter(varying).peekable();
        if terms.peek().is_none() {
            out[..lanes].fill(T::default());
        }
        let mut first = true;
        while let Some((factor, leaf)) = terms.next() {
            let a = self.leaf::<T>(*leaf, open);
            // Two terms at a time save a pass over the sum; factors other than one stand first and go alone.
            let second = terms.next_if(|_| factor.abs() == 1);
            let b = second.map(|(by, leaf)| (*by, self.leaf::<T>(*leaf, open)));
            let sum = &mut out[..lanes];
            match &b {
                Some((by, b)) => add_two(sum, first, (*factor, a.get()), (*by, b.get())),
                None => add_one(sum, first, *factor, a.get()),
            }
            self.scratch.give_back(a);
            if let Some((_, b)) = b {
                self.scratch.give_back(b);
            }
            first = false;
        }
        out
    }

    fn leaf<T: Width>(&mut self, leaf: Leaf, open: &Words) -> Lanes<'a, T> {
        match leaf {
            Leaf::Slot(slot) => self.slot(slot),
            Leaf::Node(node) => Lanes::Here(self.node(node, open)),
            Leaf::Subperiod | Leaf::Year => {
                let mut out = self.scratch.take();
                out.fill(T::default());
                Lanes::Here(out)
            }
        }
    }

    fn slot<T: Width>(&mut self, slot: usize) -> Lanes<'a, T> {
        let (source, column) = self.plan.slots[slot];
        let Some(period) = self.period_of(source) else {
            let mut out = self.scratch.take();
            out.fill(T::default());
            return Lanes::Here(out);
        };
        let mantissas = match (source, self.scene.rollups.get(column)) {
            (Source::Children, Some(sums)) => &sums.sums.mantissas,
            (Source::Children | Source::Own | Source::Lag(_) | Source::YearAgo, _) => {
                &self.scene.panel.column(column).mantissas
            }
            (Source::YearToDate, _) => {
                let sum = Lanes::Here(self.year_to_date(column));
                return self.filled(slot, sum);
            }
        };
        let lanes = self.column(mantissas, period);
        if source == Source::Children {
            return self.filled(slot, lanes);
        }
        lanes
    }

    /// Where a missing figure counts as zero, a part of a sum must not count; single figures that are missing are zeros anyway.
    fn filled<T: Width>(&mut self, slot: usize, lanes: Lanes<'a, T>) -> Lanes<'a, T> {
        if !self.plan.missing.fills() {
            return lanes;
        }
        let known: Words = std::array::from_fn(|at| {
            if at < self.view.words() {
                self.known(slot, at)
            } else {
                0
            }
        });
        let (mut out, zeros) = (self.scratch.take::<T>(), [T::default(); CHUNK]);
        let count = self.view.lanes();
        kernels::map(&mut out[..count], lanes.get(), |lane| lane);
        kernels::pick(&mut out[..count], &zeros[..count], &known);
        self.scratch.give_back(lanes);
        Lanes::Here(out)
    }

    fn column<T: Width>(&mut self, mantissas: &'a Mantissas, period: usize) -> Lanes<'a, T> {
        let panel = self.scene.panel;
        if let Some(lanes) = self.view.direct(panel, mantissas, period) {
            return Lanes::There(lanes);
        }
        let mut out = self.scratch.take();
        let lanes = self.view.lanes();
        self.view.copy(panel, mantissas, period, &mut out[..lanes]);
        Lanes::Here(out)
    }

    fn year_to_date<T: Width>(&mut self, column: usize) -> Vec<T> {
        let mut out = self.scratch.take::<T>();
        out.fill(T::default());
        for period in self.year().into_iter().flatten() {
            let mantissas = &self.scene.panel.column(column).mantissas;
            let lanes = self.column(mantissas, period);
            kernels::fold(&mut out, lanes.get(), T::plus);
            self.scratch.give_back(lanes);
        }
        out
    }

    fn node<T: Width>(&mut self, node: usize, open: &Words) -> Vec<T> {
        let lanes = self.view.lanes();
        match &self.plan.nodes[node].kind {
            NodeKind::Product(left, right) => self.on_two(left, right, open, T::times),
            NodeKind::Larger(left, right) => {
                self.on_two(left, right, open, |l: T, r: T| l.size().max(r.size()))
            }
            NodeKind::Magnitude(form) => {
                let mut out = self.figure::<T>(form, open);
                for lane in &mut out[..lanes] {
                    *lane = lane.size();
                }
                out
            }
            NodeKind::Rounded { form, unit, up } => {
                let mut out = self.figure::<T>(form, open);
                let (unit, half) = (T::of(*unit), if *up { unit / 2 } else { 0 });
                for lane in &mut out[..lanes] {
                    *lane = rounded(*lane, unit, T::of(half));
                }
                out
            }
            NodeKind::Nvl(form, otherwise) => {
                let known = self.form_known(form, open);
                self.choice(form, otherwise, &known, open)
            }
            NodeKind::Pick(condition, then, otherwise) => {
                let holds = self.statement(*condition, open).holds;
                self.choice(then, otherwise, &holds, open)
            }
        }
    }

    fn on_two<T: Width>(
        &mut self,
        left: &'a Form,
        right: &'a Form,
        open: &Words,
        op: impl Fn(T, T) -> T,
    ) -> Vec<T> {
        let (mut out, right) = (self.figure::<T>(left, open), self.figure::<T>(right, open));
        let lanes = self.view.lanes();
        kernels::fold(&mut out[..lanes], &right[..lanes], op);
        self.scratch.put(right);
        out
    }

    /// The first figure where the bit is set, else the other.
    fn choice<T: Width>(
        &mut self,
        one: &'a Form,
        other: &'a Form,
        bits: &Words,
        open: &Words,
    ) -> Vec<T> {
        let (mut out, other) = (self.figure::<T>(one, open), self.figure::<T>(other, open));
        let lanes = self.view.lanes();
        kernels::pick(&mut out[..lanes], &other[..lanes], bits);
        self.scratch.put(other);
        out
    }

    fn form_known(&mut self, form: &Form, open: &Words) -> Words {
        let mut known = [u64::MAX; CHUNK_WORDS];
        self.need(&form.needs, &mut known, open);
        known
    }

    /// Where a figure that was chosen is known: where the one is that was taken.
    pub(super) fn node_known(&mut self, node: usize, open: &Words) -> Words {
        match &self.plan.nodes[node].kind {
            NodeKind::Nvl(form, otherwise) => {
                let (a, b) = (
                    self.form_known(form, open),
                    self.form_known(otherwise, open),
                );
                std::array::from_fn(|at| a[at] | b[at])
            }
            NodeKind::Pick(condition, then, otherwise) => {
                let holds = self.statement(*condition, open).holds;
                let (a, b) = (
                    self.form_known(then, open),
                    self.form_known(otherwise, open),
                );
                std::array::from_fn(|at| holds[at] & a[at] | !holds[at] & b[at])
            }
            NodeKind::Product(left, right) | NodeKind::Larger(left, right) => {
                let (a, b) = (self.form_known(left, open), self.form_known(right, open));
                std::array::from_fn(|at| a[at] & b[at])
            }
            NodeKind::Magnitude(form) | NodeKind::Rounded { form, .. } => {
                self.form_known(form, open)
            }
        }
    }

    /// Where the figure of a slot is known and other than zero, or anything where it is not known.
    pub(super) fn is_not_zero(&mut self, slot: usize) -> Words {
        let lanes = self.slot::<i128>(slot);
        let mut out = [0; CHUNK_WORDS];
        let words = self.view.words();
        i128::outside(lanes.get(), Some(0), 0, &mut out[..words]);
        self.scratch.give_back(lanes);
        out
    }
}

/// `x / unit`, half away from zero where `half` is half of the unit.
fn rounded<T: Lane>(x: T, unit: T, half: T) -> T {
    let size = x.size().plus(half).over(unit);
    if x < T::default() {
        T::default().minus(size)
    } else {
        size
    }
}

fn add_one<T: Lane>(out: &mut [T], first: bool, factor: i128, a: &[T]) {
    match (first, factor) {
        (true, 1) => kernels::map(out, a, |a| a),
        (true, -1) => kernels::map(out, a, |a| T::default().minus(a)),
        (false, 1) => kernels::fold(out, a, T::plus),
        (false, -1) => kernels::fold(out, a, T::minus),
        (true, factor) => {
            let factor = T::of(factor);
            kernels::map(out, a, |a| a.times(factor));
        }
        (false, factor) => {
            let factor = T::of(factor);
            kernels::fold(out, a, |sum, a| sum.plus(a.times(factor)));
        }
    }
}

/// Two terms, of which the first has the factor one or minus one and the second at most that: ones stand before minus ones.
fn add_two<T: Lane>(out: &mut [T], first: bool, (f, a): (i128, &[T]), (g, b): (i128, &[T])) {
    match (first, f, g) {
        (true, 1, 1) => kernels::map2(out, a, b, T::plus),
        (true, 1, -1) => kernels::map2(out, a, b, T::minus),
        (false, 1, 1) => kernels::fold2(out, a, b, |sum, a, b| sum.plus(a.plus(b))),
        (false, 1, -1) => kernels::fold2(out, a, b, |sum, a, b| sum.plus(a.minus(b))),
        (false, -1, -1) => kernels::fold2(out, a, b, |sum, a, b| sum.minus(a.plus(b))),
        (_, _, _) => {
            add_one(out, first, f, a);
            add_one(out, false, g, b);
        }
    }
}
