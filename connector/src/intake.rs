//! One queue's loop: opens polls while there is room, starts deliveries, drains.
//!
//! Messages of a standard queue are received ahead of the calls, and wait here for a seat. Those of a
//! FIFO queue are not: what comes after one that fails is given back with it, and each such receive
//! counts.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use throughline::TraceParent;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::attempt::attempt;
use crate::delivery::{AWAY, Ended, Errand, Held};
use crate::governor::Intake as May;
use crate::heartbeat::Arrival;
use crate::in_flight_limit::InFlightLimit;
use crate::lane::{Lane, Phase};
use crate::message::Message;
use crate::nag::Nag;
use crate::order::{Next, Order};
use crate::pace::{Ahead, MOST_AHEAD, Pace};
use crate::poller::Pollers;
use crate::queue::{Attributes, QueueError, QueueErrorKind};
use crate::room::{Place, Room};
use crate::spans::record;

/// The loop looks around at least this often.
const TICK: Duration = Duration::from_secs(1);

/// How long messages that were not tried are held for a function that is not reached.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why messages are given back that were not tried.
const BEHIND: &str = "one that came before it in its group comes again first";
const OUT: &str = "the function is not reached, and it was not tried yet";

/// One poll that came back.
struct Polled {
    asked: usize,
    sent: Instant,
    room: Vec<Place>,
    brought: Result<Vec<Message>, QueueError>,
}

pub(crate) struct Intake {
    lane: Arc<Lane>,
    room: Room,
    pollers: Pollers,
    polls: JoinSet<Polled>,
    /// How many messages the open polls ask for.
    asked: usize,
    pace: Pace,
    /// Messages that wait for a seat, in the order in which they came.
    stock: VecDeque<Held>,
    /// Since when some wait there for a function that is out.
    out_since: Option<Instant>,
    work: JoinSet<Ended>,
    order: Order<Held>,
    /// How many messages were held and how many polls open when that was last shown.
    shown: (usize, usize),
    resume: Instant,
    trouble: Nag,
    nobody: Nag,
    in_flight: InFlightLimit,
    counts: JoinSet<Result<Attributes, QueueError>>,
    too_many: Nag,
}

impl Intake {
    pub(crate) fn new(lane: Arc<Lane>) -> Self {
        let concurrency = lane.config.concurrency;
        let ahead = if lane.queue.is_fifo() { 0 } else { MOST_AHEAD };
        Self {
            room: Room::new(concurrency, ahead, lane.config.max_bytes_in_flight),
            pollers: Pollers::new(concurrency + ahead, lane.config.max_messages),
            polls: JoinSet::new(),
            asked: 0,
            pace: Pace::default(),
            stock: VecDeque::new(),
            out_since: None,
            work: JoinSet::new(),
            order: Order::default(),
            shown: (0, 0),
            resume: Instant::now(),
            trouble: Nag::default(),
            nobody: Nag::default(),
            in_flight: InFlightLimit::default(),
            counts: JoinSet::new(),
            too_many: Nag::default(),
            lane,
        }
    }

    /// Works until the stop, then drains; returns how many messages were left unsettled.
    pub(crate) async fn run(mut self) -> usize {
        let mut phase = self.lane.phase.clone();
        let mut topics = self.lane.shared.topics.clone();
        loop {
            let next = self.look_around();
            self.show();
            tokio::select! {
                biased;
                _ = phase.wait_for(|phase| *phase >= Phase::Draining) => break,
                Some(polled) = self.polls.join_next() => if let Ok(polled) = polled { self.take(polled) },
                Some(ended) = self.work.join_next() => if let Ok(ended) = ended { self.after(ended) },
                Some(counted) = self.counts.join_next() => if let Ok(counted) = counted { self.count(counted) },
                () = self.room.changed() => {}
                Ok(()) = topics.changed() => {}
                () = self.lane.gates.changed() => {}
                () = sleep_until(next) => {}
            }
        }
        self.drain(phase).await
    }

    /// Starts what may start, and opens what polls there is reason and room for; says when to look
    /// again.
    fn look_around(&mut self) -> Instant {
        let now = Instant::now();
        if self.polls.is_empty() {
            self.lane.progressed();
        }
        // What waits, for its turn in its group or for a seat, probes nothing.
        let waiting = self.order.waiting() + self.stock.len();
        let at_work = self.room.taken().saturating_sub(waiting);
        let (may, limit) = self.lane.gates.look(at_work);
        match may {
            May::Open => self.seat(now, limit),
            // What is here already costs no receive.
            May::One => self.seat(now, self.room.seated() + 1),
            May::At(_) | May::Closed => {}
        }
        self.give_back_stock(now);
        if self.lane.is_draining() {
            return now + TICK;
        }
        if now < self.resume {
            return self.resume.min(now + TICK);
        }
        if !self.has_functions(now) {
            return now + TICK;
        }
        match may {
            May::Open => self.open_polls(now, limit),
            May::One if self.polls.is_empty() && waiting == self.order.waiting() => self.poll(1),
            May::At(instant) => return instant.min(now + TICK),
            May::One | May::Closed => {}
        }
        now + TICK
    }

    /// Lets messages that wait for a seat go to work, up to so many at once.
    fn seat(&mut self, now: Instant, limit: usize) {
        while self.room.seated() < limit
            && let Some(mut held) = self.stock.pop_front()
        {
            if !self.room.seat(&mut held.room) {
                self.stock.push_front(held);
                return;
            }
            self.pace.begins(now);
            self.start(held, Errand::Deliver);
        }
    }

    /// When a function has not been reached for a while, what was not tried meanwhile is given back,
    /// unless that could send it to the dead-letter queue: another replica may reach what this one does
    /// not. One that has too much to do is soon well again, and one that hangs may hang on a message.
    fn give_back_stock(&mut self, now: Instant) {
        if self.stock.is_empty() || !self.lane.gates.is_out() {
            self.out_since = None;
            return;
        }
        if now < *self.out_since.get_or_insert(now) + PATIENCE {
            return;
        }
        let (hold, rest) = (self.stock.drain(..))
            .partition(|held| self.lane.must_hold(held.message.receive_count));
        self.stock = hold;
        self.give_back(rest, AWAY, OUT);
    }

    fn open_polls(&mut self, now: Instant, limit: usize) {
        let ahead = if self.lane.queue.is_fifo() {
            Ahead::NONE
        } else {
            self.pace.ahead(now, self.lane.config.max_messages)
        };
        let (waiting, unsettled) = (self.order.waiting(), self.lane.holding.len());
        let mut fits = self.room.fits(limit, ahead.messages, waiting, unsettled);
        loop {
            let idle = limit.saturating_sub(self.room.seated());
            let calls_wait = self.stock.is_empty() && idle > self.asked;
            let worth = if calls_wait { 1 } else { ahead.batch };
            let Some(count) = self.pollers.ask(self.polls.len(), fits, worth) else {
                return;
            };
            self.poll(count);
            fits -= count;
        }
    }

    fn poll(&mut self, count: usize) {
        let Some(room) = self.room.take(count) else {
            return;
        };
        self.asked += count;
        let lane = self.lane.clone();
        lane.progressed();
        self.polls.spawn(Box::pin(async move {
            let sent = Instant::now();
            let brought = lane
                .queue
                .receive(count, lane.config.wait_time, lane.config.visibility_timeout)
                .await;
            Polled {
                asked: count,
                sent,
                room,
                brought,
            }
        }));
    }

    fn take(&mut self, polled: Polled) {
        self.lane.progressed();
        let metrics = self.lane.shared.metrics.clone();
        let queue = self.lane.queue.clone();
        let Polled {
            asked,
            sent,
            room,
            brought,
        } = polled;
        self.asked -= asked;
        match brought {
            Ok(messages) => {
                if messages.len() >= asked {
                    self.pace.fetched(sent.elapsed());
                }
                metrics.polled(queue.name(), Ok(messages.len()));
                if self.in_flight.polled(Instant::now(), messages.len()) && !self.lane.is_draining()
                {
                    let queue = queue.clone();
                    self.counts.spawn(async move { queue.attributes().await });
                }
                self.tell_limit(None);
                self.pollers.brought(asked, messages.len());
                let wait = self.lane.config.wait_time;
                if messages.is_empty() && (wait.is_zero() || sent.elapsed() < TICK.min(wait / 2)) {
                    // It came back at once, as a short poll does: the pause is ours then.
                    self.resume = Instant::now() + TICK;
                }
                self.lane.set_reachable(true);
                if self.trouble.over() {
                    tracing::info!(queue = queue.name(), "the queue answers again");
                }
                let received = record::received(&self.lane, &messages, sent.elapsed());
                // What is left of the room is given back.
                let mut is_known = !messages.is_empty();
                for (message, mut room) in messages.into_iter().zip(room) {
                    room.load(message.size());
                    is_known &= !self.arrive(message, sent, room, received);
                }
                if is_known {
                    // SQS hands out what is at work already: to ask at once would only count receives.
                    self.resume = Instant::now() + TICK;
                }
            }
            Err(error) => {
                metrics.polled(queue.name(), Err(()));
                if error.kind == QueueErrorKind::Throttled && error.reason.contains("OverLimit") {
                    self.in_flight.refused();
                    self.tell_limit(None);
                }
                self.lane.set_trouble(&error);
                let (now, random) = (Instant::now(), self.lane.shared.random.fraction());
                if let Some(pause) = self.pollers.failed(sent, now, random) {
                    self.resume = now + pause;
                }
                if self.trouble.due(Instant::now()).is_some() {
                    tracing::warn!(queue = queue.name(), url = queue.url(), error = %error, remedy = error.kind.remedy(), "the queue cannot be received from; tried again at growing intervals");
                }
            }
        }
    }

    /// The queue's counts are there. Where they may not be asked for, nothing is known.
    fn count(&mut self, counted: Result<Attributes, QueueError>) {
        match counted {
            Ok(counts) => {
                self.in_flight.counted(counts.visible, counts.in_flight);
                self.tell_limit(Some(&counts));
            }
            Err(error) => {
                tracing::debug!(queue = self.lane.queue.name(), error = %error, "the queue's counts are not known");
            }
        }
    }

    /// Says once a minute that nothing comes because too much is in flight.
    fn tell_limit(&mut self, counts: Option<&Attributes>) {
        let (queue, reached) = (self.lane.queue.name(), self.in_flight.is_reached());
        let level = |reached| (self.lane.shared.metrics).in_flight_limit_reached(queue, reached);
        if !reached {
            if self.too_many.over() {
                level(false);
                tracing::info!(queue, "messages come again: the queue has room in flight");
            }
            return;
        }
        level(true);
        if self.too_many.due(Instant::now()).is_some() {
            tracing::warn!(
                queue,
                visible = counts.map(|counts| counts.visible),
                in_flight = counts.map(|counts| counts.in_flight),
                held_here = self.lane.holding.len(),
                "nothing is received although there are messages: about 120,000 are in flight, which is as many as SQS allows a queue. Look for a receiver that neither deletes nor gives back what it takes, shorten its visibility timeout, or spread the messages over several queues"
            );
        }
    }

    /// Takes a message in; `false` where it is at work already.
    fn arrive(
        &mut self,
        message: Message,
        sent: Instant,
        room: Place,
        received: Option<TraceParent>,
    ) -> bool {
        self.lane.count_received();
        match self.lane.holding.arrive(&message, sent) {
            Arrival::Duplicate => {
                if let Some(group) = message.group.as_ref().filter(|_| self.lane.queue.is_fifo()) {
                    self.order.again(group, &message.id);
                }
                self.lane.shared.metrics.duplicate(self.lane.queue.name());
                tracing::debug!(
                    message_id = &*message.id,
                    "a message came again while it is at work; it is not run beside itself"
                );
                false
            }
            Arrival::New { claim, lost } => {
                let group = message.group.clone();
                let held = Held {
                    message,
                    claim,
                    lost,
                    room,
                    received,
                };
                let ready = match group.filter(|_| self.lane.queue.is_fifo()) {
                    Some(group) => {
                        let ready = self.order.arrive(&group, &held.claim.message.clone(), held);
                        self.show_behind(&group);
                        ready
                    }
                    None => {
                        self.stock.push_back(held);
                        None
                    }
                };
                if let Some(held) = ready {
                    self.start_in_turn(held);
                }
                true
            }
        }
    }

    /// One of a FIFO group goes to work: it has its seat, since none is received ahead.
    fn start_in_turn(&mut self, mut held: Held) {
        self.room.seat(&mut held.room);
        self.start(held, Errand::Deliver);
    }

    fn start(&mut self, held: Held, errand: Errand) {
        // A task moves its future several times, and this one is large.
        (self.work).spawn(Box::pin(attempt(self.lane.clone(), Box::new(held), errand)));
    }

    fn after(&mut self, ended: Ended) {
        let Some(group) = ended.group.filter(|_| self.lane.queue.is_fifo()) else {
            return;
        };
        let next = if !ended.is_delivery {
            self.order.released(&group)
        } else if ended.gone {
            self.order.succeeded(&group)
        } else {
            self.order.failed(&group)
        };
        self.show_behind(&group);
        match next {
            Next::Start(held) => self.start_in_turn(held),
            Next::Release(rest) => {
                self.give_back(rest, Duration::from_secs(ended.away.into()), BEHIND);
            }
            Next::Idle => {}
        }
    }

    /// Tells the one at work of those behind it.
    fn show_behind(&self, group: &str) {
        let receives = (self.order.behind(group)).map(|held| held.message.receive_count);
        self.lane.set_awaited(group, receives.max());
    }

    /// Gives back what was not tried, to come again after `away`.
    fn give_back(&mut self, rest: VecDeque<Held>, away: Duration, why: &'static str) {
        if rest.is_empty() {
            return;
        }
        tracing::debug!(
            queue = self.lane.queue.name(),
            messages = rest.len(),
            "messages are given back untried: {why}"
        );
        for held in rest {
            self.start(held, Errand::GiveBack { away, why });
        }
    }

    /// Whether anyone would take the messages; says once a minute where nobody would.
    fn has_functions(&mut self, now: Instant) -> bool {
        let topics = self.lane.shared.topics.borrow();
        let Some(map) = &topics.map else { return false };
        let topic = &self.lane.config.topic;
        if map.has(topic) {
            self.nobody.over();
            return true;
        }
        if self.nobody.due(now).is_some() {
            tracing::warn!(
                queue = self.lane.queue.name(),
                topic = topic.as_str(),
                "no function has the annotation topic={topic}: nothing is received until one has"
            );
        }
        false
    }

    fn show(&mut self) {
        let lane = &self.lane;
        let levels = (lane.holding.len(), self.polls.len());
        if std::mem::replace(&mut self.shown, levels) != levels {
            lane.open_polls.send_replace(levels.1);
            lane.meter.levels(levels.0, levels.1);
        }
    }

    async fn drain(mut self, mut phase: tokio::sync::watch::Receiver<Phase>) -> usize {
        let mut leaving = false;
        loop {
            // What waits, and what a poll still brought.
            let stock = std::mem::take(&mut self.stock);
            for held in self.order.drain().into_iter().chain(stock) {
                self.start(held, Errand::Stop);
            }
            if self.polls.is_empty() && self.work.is_empty() {
                break;
            }
            self.show();
            tokio::select! {
                biased;
                Some(polled) = self.polls.join_next() => if let Ok(polled) = polled { self.take(polled) },
                Some(ended) = self.work.join_next() => if let Ok(ended) = ended { self.after(ended) },
                _ = phase.wait_for(|phase| *phase == Phase::Leaving), if !leaving => {
                    leaving = true;
                    // What they still bring is hidden from everybody for a visibility timeout. A
                    // poll ends long before, unless SQS does not answer.
                    if !self.polls.is_empty() {
                        tracing::warn!(queue = self.lane.queue.name(), polls = self.polls.len(), "polls are left open: SQS does not answer them");
                    }
                    self.polls.abort_all();
                }
            }
        }
        self.show();
        self.lane.holding.len()
    }
}
