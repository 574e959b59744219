//! The dispatcher: decides by the situation, keeps the decision in the outbox, and hands out the messages whose time has come.
//!
//! - In: a [`Situation`], and what the channels answered.
//! - Out: [`Parcel`]s to carry, and when to come again.
//! - Durable after: [`Dispatcher::turn`] for what it hands out; [`Dispatcher::settle`] for what came of it.
//! - On crash: see [`super::outbox`].
//!
//! It does nothing by itself and reads no clock: who drives it does ([`super::desk`], and the tests).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use granary_core::notices::{
    Dropped, Kind, Mark, Plan, Reason, Retry, Revision, Settled, Situation, decide, revise,
};

use super::{
    channel::{Failure, Parcel},
    events,
    outbox::{DeliveryId, Outbox, OutboxError},
    pace::Pace,
    settings::NoticeSettings,
};

/// How often what is old is forgotten.
const PRUNE_INTERVAL_MS: i64 = 86_400_000;
/// Sends within this time before a start count for the pace.
const PACE_MS: i64 = 60_000;

/// Where jitter comes from: every call gives 64 even bits.
pub(super) type Random = Box<dyn FnMut() -> u64 + Send>;

/// Decides, remembers and hands out. Owned by the task that sends.
pub(super) struct Dispatcher {
    settings: Arc<NoticeSettings>,
    plan: Plan,
    outbox: Outbox,
    paces: BTreeMap<String, Pace>,
    /// Messages that are being carried.
    under_way: BTreeMap<DeliveryId, UnderWay>,
    retry: Retry,
    random: Random,
    pruned_at_ms: i64,
}

struct UnderWay {
    channel: String,
    kind: Kind,
    told: Vec<(Mark, Settled)>,
}

/// What a turn came to.
pub(super) struct Turn {
    /// What is to be carried now, in the order of the messages' times.
    pub(super) parcels: Vec<Parcel>,
    /// When there is something to do again, if nothing arrives.
    pub(super) next_at_ms: Option<i64>,
}

/// What came of a message.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) id: DeliveryId,
    pub(super) outcome: Result<(), Failure>,
}

impl Dispatcher {
    /// Opens the outbox of a data folder.
    pub(super) fn open(
        data: &Path,
        settings: Arc<NoticeSettings>,
        now_ms: i64,
        random: Random,
    ) -> Result<Self, OutboxError> {
        let outbox = Outbox::open(data, now_ms)?;
        let mut plan = settings.plan.clone();
        plan.since_ms = outbox.since_ms();
        let pace = |(name, channel): (&String, &super::settings::ChannelSettings)| {
            let is_its = |contact: &String| {
                let contact = settings.contacts.get(contact);
                contact.is_some_and(|contact| contact.channel == *name)
            };
            let recent = outbox.changed_since(now_ms - PACE_MS);
            let recent = recent.filter(|(contact, _)| is_its(contact));
            let recent = recent.map(|(_, at_ms)| at_ms).collect();
            (name.clone(), Pace::new(channel.per_minute, recent))
        };
        let paces = settings.channels.iter().map(pace).collect();
        Ok(Self {
            settings: Arc::clone(&settings),
            plan,
            outbox,
            paces,
            under_way: BTreeMap::new(),
            retry: Retry::default(),
            random,
            pruned_at_ms: i64::MIN,
        })
    }

    /// The plan, with the instant since which notices are told.
    pub(super) const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether messages are being carried.
    pub(super) fn is_busy(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Decides by the situation and hands out what is to go now.
    pub(super) fn turn(&mut self, situation: &Situation) -> Result<Turn, OutboxError> {
        let now_ms = situation.as_of_ms;
        self.plan.follow(&situation.catalogue);
        self.outbox.flush()?;
        if now_ms.saturating_sub(self.pruned_at_ms) >= PRUNE_INTERVAL_MS {
            self.outbox.prune(self.plan.memory_ms(now_ms), now_ms)?;
            self.pruned_at_ms = now_ms;
        }
        let decision = decide(situation, &self.plan, self.outbox.history());
        for matter in decision.matters {
            let contacts = self.settings.contacts_of(&matter.recipient);
            let contacts = contacts.map(|contact| contact.name.clone()).collect();
            self.outbox.take(matter, contacts, now_ms);
        }
        self.forget(&decision.dropped);
        // Nothing goes out before the decision to send it is durable. What loading drops may be written later.
        self.outbox.flush()?;
        let parcels = self.load(situation);
        if let Err(error) = self.outbox.flush() {
            events::TurnFailed { error: &error }.emit();
        }
        events::Waiting {
            count: self.outbox.waiting().count(),
        }
        .emit();
        let next_at_ms = [decision.next_at_ms, self.next_message_at_ms(now_ms)];
        Ok(Turn {
            parcels,
            next_at_ms: next_at_ms.into_iter().flatten().min(),
        })
    }

    /// Remembers what came of a message.
    pub(super) fn settle(&mut self, report: Report, now_ms: i64) -> Result<(), OutboxError> {
        let Report { id, outcome } = report;
        let Some(UnderWay {
            channel,
            kind,
            told,
        }) = self.under_way.remove(&id)
        else {
            return Ok(());
        };
        match outcome {
            Ok(()) => {
                events::Sent {
                    id: &id,
                    kind,
                    channel: &channel,
                }
                .emit();
                self.outbox.sent(&id, told, now_ms);
            }
            Err(Failure::Later { why, wait_ms }) => {
                self.try_again(&id, &channel, &why, wait_ms, now_ms);
            }
            Err(Failure::Never { why }) => self.give_up(&id, &channel, &why, now_ms),
        }
        self.outbox.flush()
    }

    fn try_again(
        &mut self,
        id: &DeliveryId,
        channel: &str,
        why: &str,
        wanted_ms: Option<u64>,
        now_ms: i64,
    ) {
        let failed = self.outbox.attempts(id) + 1;
        let Some(wait_ms) = self.retry.wait_ms(failed, (self.random)()) else {
            return self.give_up(id, channel, why, now_ms);
        };
        let wait_ms = wait_ms.max(wanted_ms.unwrap_or(0));
        let next_at_ms = now_ms.saturating_add_unsigned(wait_ms);
        if let (Some(_), Some(pace)) = (wanted_ms, self.paces.get_mut(channel)) {
            pace.hold(next_at_ms);
        }
        events::AttemptFailed {
            id,
            channel,
            why,
            wait_ms,
        }
        .emit();
        self.outbox.again(id, next_at_ms, why, now_ms);
    }

    fn give_up(&mut self, id: &DeliveryId, channel: &str, why: &str, now_ms: i64) {
        events::GivenUp { id, channel, why }.emit();
        self.outbox.failed(id, why, now_ms);
    }

    /// Takes the messages whose time has come and whose channel is free. In quiet hours there are none: also a message that
    /// is tried again waits.
    fn load(&mut self, situation: &Situation) -> Vec<Parcel> {
        let now_ms = situation.as_of_ms;
        if self
            .plan
            .quiet
            .as_ref()
            .is_some_and(|quiet| quiet.holds(now_ms))
        {
            return Vec::new();
        }
        let busy: BTreeSet<String> = self.under_way.values().map(|u| u.channel.clone()).collect();
        let mut parcels = Vec::new();
        for id in self.outbox.ready(now_ms) {
            let Some(contact) = self.settings.contacts.get(&id.contact).cloned() else {
                let why = "the contact is not in the notices file any more";
                self.outbox.pointless(&id, why, now_ms);
                continue;
            };
            let room = self
                .paces
                .get_mut(&contact.channel)
                .map_or(0, |p| p.room(now_ms));
            if busy.contains(&contact.channel) || room == 0 {
                continue;
            }
            let revised = self
                .outbox
                .matter(&id)
                .map(|m| revise(m, situation, &self.plan));
            let Some(Revision { notice, dropped }) = revised else {
                self.outbox.pointless(&id, "its matter is gone", now_ms);
                continue;
            };
            self.forget(&dropped);
            let Some(notice) = notice else {
                let reason = dropped.first().map_or(Reason::NotExpected, |d| d.reason);
                self.outbox.pointless(&id, reason.word(), now_ms);
                continue;
            };
            if let Some(pace) = self.paces.get_mut(&contact.channel) {
                pace.spend(now_ms);
            }
            let under_way = UnderWay {
                channel: contact.channel.clone(),
                kind: notice.matter.kind,
                told: notice.settled(),
            };
            self.under_way.insert(id.clone(), under_way);
            parcels.push(Parcel {
                id,
                channel: contact.channel,
                language: contact.language,
                to: contact.to,
                notice,
            });
        }
        parcels
    }

    /// When a message that waits may go; those whose channel is busy follow when it is free.
    fn next_message_at_ms(&mut self, now_ms: i64) -> Option<i64> {
        let busy: BTreeSet<&String> = self.under_way.values().map(|u| &u.channel).collect();
        let mut next = None;
        for (id, due_at_ms) in self.outbox.waiting() {
            let Some(contact) = self.settings.contacts.get(&id.contact) else {
                continue;
            };
            if busy.contains(&contact.channel) {
                continue;
            }
            let pace = self.paces.get_mut(&contact.channel);
            let free_at_ms = pace.map_or(now_ms, |pace| pace.next_at_ms(now_ms));
            let at_ms = due_at_ms.max(free_at_ms);
            let at_ms = self
                .plan
                .quiet
                .as_ref()
                .map_or(at_ms, |quiet| quiet.end(at_ms));
            next = Some(next.map_or(at_ms, |next: i64| next.min(at_ms)));
        }
        next
    }

    fn forget(&mut self, dropped: &[Dropped]) {
        for dropped in dropped {
            events::NotTold { dropped }.emit();
        }
        self.outbox.drop_marks(dropped);
    }
}
