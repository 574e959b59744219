//! The model of one dataset: how likely a slot that is still open is to be late.
//!
//! For a unit with late outcomes of weight `l` and timely ones of weight `t`, of which `s(x)` were accepted later than `x`
//! before the due instant,
//! ```text
//! p     = (a + l) / (a + b + l + t)                    late, before anything is known of this slot (beta-binomial)
//! S(x)  = ((k(x) + l) S0(x) + s(x)) / (k(x) + l + t)   of its timely reports, those still to come
//! chance(x) = p / (p + (1 - p) S(x))                   late, given that nothing has been accepted by now (Bayes)
//! ```
//! `a`, `b`, `k` and `S0` come from the other units: their mean, counted as strongly as they are alike ([`super::moments`]),
//! for the hour at each edge of the bins by itself, since all may be alike on the first day and quite different on the last.
//! Late outcomes say nothing of the hour at which a timely report comes, so the peers' curve stands in for them. With `k >= a`,
//! which is kept, this makes the chance rise whenever one of the unit's past reports had been late instead of timely,
//! other things equal; and `S` is kept from rising, so the chance never falls while nothing arrives.
//!
//! A slot whose report was returned and is not corrected yet is a stratum of its own: the odds are multiplied by how much
//! more often late slots had been returned than timely ones, and `S` follows the reports that were accepted after a return.
//!
//! Sources: Carlin and Louis, "Bayes and Empirical Bayes Methods for Data Analysis" (Chapman and Hall, 2000), chapter 3; Robbins, "An empirical
//! Bayes approach to statistics" (1956); Efron and Morris (1975). The generalised Dirichlet with one branch late or timely and one for the hour:
//! Connor and Mosimann, "Concepts of independence for proportions" (Journal of the American Statistical Association 64, 1969).

use std::sync::OnceLock;

use super::{
    lead::{self, BINS},
    moments::Moments,
    record::{Outcome, Record, Standing},
    weight::{self, outcomes},
};

/// The fewest other units of its level that a unit is compared with; with fewer it is compared with the whole dataset.
const PEERS_MIN: u32 = 8;
/// What an outcome of either kind that nobody has seen counts for in a mean (Jeffreys).
const UNSEEN: f64 = 0.5;
/// How many reports the peers count for in what returned reports become.
const RETURNED_STRENGTH: f64 = 10.0;
/// Neither lateness nor punctuality is ever certain before the due instant.
const CHANCE_MIN: f64 = 0.001;
const CHANCE_MAX: f64 = 0.999;

/// What is known of one dataset's units at an instant.
#[derive(Clone, Debug)]
pub struct Model {
    /// By unit.
    records: Vec<Record>,
    /// By unit, the number of its peers' group.
    groups: Vec<u32>,
    /// By group.
    peers: Vec<Group>,
    everyone: Group,
    returned: Returned,
    /// By unit, once somebody has asked: the same at every lead time.
    views: OnceLock<Box<[OnceLock<View>]>>,
}

/// How likely one open slot is to be late, and from what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chance {
    /// The chance, from 0 to 1.
    pub late: f64,
    /// The unit's own past.
    pub standing: Standing,
    /// Of the unit's own past reports, the share that had been accepted by this lead time; faded outcomes count less. Absent
    /// where none are known.
    pub arrived: Option<f64>,
    /// With whom it was compared.
    pub peers: Peers,
    /// Where its report was returned and not corrected yet: how many such reports of the dataset became late, and of how many.
    pub returned: Option<(u32, u32)>,
}

/// The units that a unit is shrunk towards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peers {
    /// Which.
    pub scope: Scope,
    /// How many of them have a past.
    pub units: u32,
    /// Of their past reports, the share that was late; faded outcomes count less.
    pub late: f64,
}

/// Whose past stands beside the unit's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The units of its level.
    Level,
    /// All units of the dataset.
    Dataset,
    /// Nobody's: no other unit has a past.
    Nobody,
}

/// Sums over the units of a group.
#[derive(Clone, Debug, Default)]
struct Group {
    units: u32,
    weight: u64,
    late_weight: u64,
    timely: [u64; BINS],
    lateness: Moments<2>,
    /// At each edge of the bins: timely reports that come later, and the others.
    timing: [Moments<2>; BINS],
    known: u64,
    late: u64,
}

/// What became of returned reports, over the whole dataset.
#[derive(Clone, Debug, Default)]
struct Returned {
    late: u32,
    all: u32,
    /// Those that were corrected in time, by lead time.
    timely: [f64; BINS],
}

/// A unit beside its peers.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// Late outcomes, its own and those that the peers lend.
    late: f64,
    /// Timely ones.
    timely: f64,
    /// Of timely ones, the share still to come at each edge of the bins.
    open: [f64; BINS + 1],
    peers: Peers,
}

/// Takes in outcomes one after another, in any order.
pub(super) struct Learner {
    model: Model,
    weights: Vec<u32>,
    newest: i32,
    as_of_ms: i64,
}

impl Model {
    /// Learns from what was known at an instant. `groups` says for each unit in which group its peers are; ages are counted from
    /// the newest period that is over.
    #[must_use]
    pub fn learn(half_life: u32, groups: &[u32], outcomes: &[Outcome], as_of_ms: i64) -> Self {
        let known = outcomes.iter().filter(|outcome| outcome.is_known(as_of_ms));
        let newest = known.map(|outcome| outcome.period.ordinal()).max();
        let newest = newest.unwrap_or_default();
        let mut learner = Learner::new(half_life, groups.to_vec(), newest, as_of_ms);
        outcomes.iter().for_each(|outcome| learner.add(outcome));
        learner.finish()
    }

    /// How likely a slot is to be late that is due in `lead_ms` and for which nothing is accepted; `returned` where its report
    /// was returned and is not corrected yet. `None` where no slot of the dataset is over yet, so that nothing is known.
    #[must_use]
    pub fn chance(&self, unit: u32, lead_ms: i64, returned: bool) -> Option<Chance> {
        let record = self.record(unit)?;
        let late = self.late(unit, lead_ms, returned)?;
        let own = outcomes(record.weights().0.into());
        let had_arrived = record.timely() - lead::still_to_come(&record.curve(), lead_ms);
        Some(Chance {
            late,
            standing: record.standing(),
            arrived: (!record.is_empty()).then(|| (had_arrived / own).clamp(0.0, 1.0)),
            peers: self.view(unit)?.peers,
            returned: returned.then_some((self.returned.late, self.returned.all)),
        })
    }

    /// The chance alone, without what it stands on.
    pub(super) fn late(&self, unit: u32, lead_ms: i64, returned: bool) -> Option<f64> {
        let view = self.view(unit)?;
        let mut open = view.open_share(lead_ms);
        let (mut late, mut timely) = (view.late, view.timely);
        if returned {
            let (if_late, if_timely) = self.returned_shares(self.record(unit)?);
            late *= if_late;
            timely *= if_timely;
            open = self.returned.open_share(open, lead_ms);
        }
        Some((late / (late + timely * open)).clamp(CHANCE_MIN, CHANCE_MAX))
    }

    /// The share of all past slots that were late; the naive forecast. `None` where none is over.
    pub(super) fn base_rate(&self) -> Option<f64> {
        let all = self.everyone.known;
        (all > 0).then(|| self.everyone.late as f64 / all as f64)
    }

    /// The share that became late of all past slots that were still open at a lead time, a much better naive forecast; between 0
    /// and 1, since one unseen outcome of each kind is half counted.
    pub(super) fn base_rate_at(&self, lead_ms: i64) -> f64 {
        let late = outcomes(self.everyone.late_weight) + UNSEEN;
        let open = lead::still_to_come(&self.everyone.timely.map(outcomes), lead_ms) + UNSEEN;
        late / (late + open)
    }

    /// Bytes in memory, for who keeps models.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let views = match self.views.get() {
            Some(views) => views.len() * size_of::<OnceLock<View>>(),
            None => 0,
        };
        self.records.capacity() * size_of::<Record>()
            + self.groups.capacity() * size_of::<u32>()
            + (self.peers.capacity() + 1) * size_of::<Group>()
            + views
    }

    fn record(&self, unit: u32) -> Option<&Record> {
        self.records.get(usize::try_from(unit).ok()?)
    }

    /// A unit beside its peers; `None` where nobody has a past.
    pub(super) fn view(&self, unit: u32) -> Option<&View> {
        if self.everyone.units == 0 {
            return None;
        }
        let record = self.record(unit)?;
        let at = usize::try_from(unit).ok()?;
        let group = self
            .peers
            .get(usize::try_from(*self.groups.get(at)?).ok()?)?;
        let views = self
            .views
            .get_or_init(|| self.records.iter().map(|_| OnceLock::new()).collect());
        Some(views.get(at)?.get_or_init(|| self.look(record, group)))
    }

    fn look(&self, record: &Record, level: &Group) -> View {
        let is_known = u32::from(!record.is_empty());
        let (scope, group) = if level.units - is_known >= PEERS_MIN {
            (Scope::Level, level)
        } else if self.everyone.units > is_known {
            (Scope::Dataset, &self.everyone)
        } else {
            (Scope::Nobody, &self.everyone)
        };
        group.beside(record, scope, group.units - is_known)
    }

    /// How often late slots and timely ones had been returned, without the unit's own past.
    fn returned_shares(&self, own: &Record) -> (f64, f64) {
        let (own_late, own_all) = own.returned();
        let standing = own.standing();
        let less = |all: u64, own: u32| all.saturating_sub(own.into()) as f64;
        let late = less(self.everyone.late, standing.late);
        let all = less(self.everyone.known, standing.known);
        let returned_late = less(self.returned.late.into(), own_late);
        let returned = less(self.returned.all.into(), own_all);
        let mean = RETURNED_STRENGTH * (returned + UNSEEN) / (all + 1.0);
        let share = |returned: f64, of: f64| (returned + mean) / (of + RETURNED_STRENGTH);
        (
            share(returned_late, late),
            share(returned - returned_late, all - late),
        )
    }
}

impl Group {
    fn add(&mut self, record: &Record) {
        if record.is_empty() {
            return;
        }
        let (weight, late_weight) = record.weights();
        let standing = record.standing();
        self.units += 1;
        self.weight += u64::from(weight);
        self.late_weight += u64::from(late_weight);
        self.known += u64::from(standing.known);
        self.late += u64::from(standing.late);
        for (sum, weight) in self.timely.iter_mut().zip(record.timely_weights()) {
            *sum += u64::from(*weight);
        }
        let (lateness, timing) = effective(record);
        self.lateness.add(&lateness);
        for (sum, counts) in self.timing.iter_mut().zip(timing) {
            sum.add(&counts);
        }
    }

    /// A unit of this group beside the `units` others.
    fn beside(&self, record: &Record, scope: Scope, units: u32) -> View {
        let (weight, late_weight) = record.weights();
        let all = outcomes(self.weight - u64::from(weight));
        let late = outcomes(self.late_weight - u64::from(late_weight));
        let mean = (late + UNSEEN) / (all + 2.0 * UNSEEN);
        let (lateness, timing) = effective(record);
        let strength = match scope {
            Scope::Level | Scope::Dataset => self.lateness.without(&lateness).strength(),
            // Jeffreys's prior, where nothing else is known.
            Scope::Nobody => 2.0 * UNSEEN,
        };
        let lent_late = strength * mean;
        View {
            late: lent_late + record.late(),
            timely: strength - lent_late + record.timely(),
            open: self.open(record, lent_late, &timing),
            peers: Peers {
                scope,
                units,
                late: mean,
            },
        }
    }

    /// Of a unit's timely reports, the share still to come at each edge of the bins.
    fn open(&self, record: &Record, lent_late: f64, timing: &[[f64; 2]; BINS]) -> [f64; BINS + 1] {
        let mut others = [0.0; BINS];
        for (bin, other) in others.iter_mut().enumerate() {
            *other = outcomes(self.timely[bin] - u64::from(record.timely_weights()[bin]));
        }
        // A timely report in the last hour is always thinkable.
        others[0] += UNSEEN;
        let others = lead::later_than_edges(&others);
        let own = lead::later_than_edges(&record.curve());
        let mut open = [1.0_f64; BINS + 1];
        open[0] = 0.0;
        for edge in (1..BINS).rev() {
            let strength = self.timing[edge].without(&timing[edge]).strength();
            let lent = strength.max(lent_late) + record.late();
            let later = lent * others[edge] / others[BINS] + own[edge];
            open[edge] = open[edge + 1].min(later / (lent + own[BINS]));
        }
        open
    }
}

impl View {
    /// The chance to be late, before anything is known of the slot.
    fn late_share(&self) -> f64 {
        self.late / (self.late + self.timely)
    }

    /// Of timely reports, the share that is still to come.
    fn open_share(&self, lead_ms: i64) -> f64 {
        lead::at(&self.open, lead_ms)
    }

    /// The chance that the report is accepted by a lead time.
    pub(super) fn arrived_share(&self, lead_ms: i64) -> f64 {
        (1.0 - self.late_share()) * (1.0 - self.open_share(lead_ms)).clamp(0.0, 1.0)
    }
}

impl Returned {
    fn add(&mut self, outcome: &Outcome) {
        if !outcome.was_returned() {
            return;
        }
        self.all += 1;
        match outcome.lead_ms() {
            Some(lead_ms) => self.timely[lead::bin(lead_ms)] += 1.0,
            None => self.late += 1,
        }
    }

    /// Of returned reports that are corrected in time, those still to come; `otherwise` is what holds of other reports.
    fn open_share(&self, otherwise: f64, lead_ms: i64) -> f64 {
        let timely = f64::from(self.all - self.late);
        let open = lead::still_to_come(&self.timely, lead_ms);
        (RETURNED_STRENGTH * otherwise + open) / (RETURNED_STRENGTH + timely)
    }
}

impl Learner {
    /// Starts with nothing known.
    pub(super) fn new(half_life: u32, groups: Vec<u32>, newest: i32, as_of_ms: i64) -> Self {
        let model = Model {
            records: vec![Record::default(); groups.len()],
            groups,
            peers: Vec::new(),
            everyone: Group::default(),
            returned: Returned::default(),
            views: OnceLock::new(),
        };
        Self {
            model,
            weights: weight::weights(half_life),
            newest,
            as_of_ms,
        }
    }

    /// Takes in an outcome; one that was not known yet, or is too old to matter, is passed over.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        if !outcome.is_known(self.as_of_ms) {
            return;
        }
        let age = self.newest.checked_sub(outcome.period.ordinal());
        let age = age.and_then(|age| u32::try_from(age).ok());
        let weight = age.and_then(|age| Some((age, *self.weights.get(age as usize)?)));
        let unit = usize::try_from(outcome.unit).unwrap_or(usize::MAX);
        if let (Some((age, weight)), Some(record)) = (weight, self.model.records.get_mut(unit)) {
            record.add(age, weight, outcome);
            self.model.returned.add(outcome);
        }
    }

    /// Sums up.
    pub(super) fn finish(mut self) -> Model {
        let model = &mut self.model;
        let groups = model.groups.iter().max().map_or(0, |last| last + 1);
        model.peers.resize_with(groups as usize, Group::default);
        for (record, group) in model.records.iter().zip(&model.groups) {
            model.everyone.add(record);
            model.peers[*group as usize].add(record);
        }
        self.model
    }
}

/// Late and timely outcomes, and at each edge of the bins the timely ones that come later and the others, in effective numbers.
fn effective(record: &Record) -> ([f64; 2], [[f64; 2]; BINS]) {
    let scale = record.effective();
    let (late, timely) = (record.late() * scale, record.timely() * scale);
    let later = lead::later_than_edges(&record.curve());
    let mut timing = [[0.0; 2]; BINS];
    for (counts, later) in timing.iter_mut().zip(later) {
        *counts = [later * scale, timely - later * scale];
    }
    ([late, timely], timing)
}
