//! What is to happen in a run: drawn from its seed before it begins.

use std::time::Duration;

use stack::sqs::Fault;

use crate::dice::Dice;
use crate::mood::{self, Mood};
use crate::trouble;
use crate::variety::Variety;
use crate::weather::Weather;

/// Which kind of run it is, and so what may be asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// Nothing goes wrong; a new process may take over from the first.
    Calm,
    /// The gateway and the functions are out of reach for a while; nothing else goes wrong.
    Outage,
    /// Functions fail; nothing else goes wrong.
    Failures,
    /// Everything goes wrong.
    Chaos,
}

/// How the connector and its queue are set up.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) fifo: bool,
    pub(crate) functions: usize,
    /// The redrive policy of the queue; none without a dead-letter queue.
    pub(crate) max_receive_count: Option<u32>,
    pub(crate) retry_rejected: bool,
    pub(crate) visibility: Duration,
    pub(crate) wait: Duration,
    pub(crate) max_messages: usize,
    pub(crate) concurrency: usize,
    pub(crate) upstream_timeout: Duration,
    pub(crate) backoff: (Duration, Duration),
    pub(crate) probes: (Duration, Duration),
    pub(crate) settle_window: Duration,
    pub(crate) drain_timeout: Duration,
    /// The longest that a request or an answer is on its way, in milliseconds.
    pub(crate) flight: u64,
}

/// A message that is to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) group: Option<usize>,
    /// How each function takes it.
    pub(crate) moods: Vec<Mood>,
    /// Whether the queue's filter, where it has one, lets it through.
    pub(crate) let_through: bool,
    /// For how many seconds a function that fails with it asks for patience.
    pub(crate) retry_after: Option<u64>,
}

/// Something that happens at its time.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Send(usize),
    /// SQS does this wrong from now on, besides what it does wrong already.
    SqsFault(Fault),
    SqsWell,
    Gateway(Weather),
    /// SIGTERM.
    Terminate,
    /// SIGKILL.
    Kill,
    /// A new process.
    Start,
    /// Nothing of the process runs for so long.
    StandStill(Duration),
    /// The time of day is another by so many seconds.
    ClockJump(i64),
}

/// A run, before it is played.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) profile: Profile,
    pub(crate) setup: Setup,
    pub(crate) variety: Variety,
    pub(crate) messages: Vec<Planned>,
    pub(crate) acts: Vec<(Duration, Act)>,
}

impl Scenario {
    /// The scenario of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, 1);
        let profile = match dice.between(0, 9) {
            0 => Profile::Calm,
            1 | 2 => Profile::Outage,
            3 | 4 => Profile::Failures,
            _ => Profile::Chaos,
        };
        let setup = setup(&mut dice, profile);
        let variety = Variety::draw(seed, profile, &setup);
        let mut apart = Dice::new(seed, 5);
        let count = dice.count(5, 35);
        let groups = dice.count(1, 6);
        let messages: Vec<Planned> = (0..count)
            .map(|_| Planned {
                group: setup.fifo.then(|| dice.count(0, groups - 1)),
                moods: (0..setup.functions)
                    .map(|_| mood::draw(&mut dice, profile, &setup))
                    .collect(),
                let_through: variety.filter.is_none() || !apart.one_in(3),
                retry_after: apart.one_in(4).then(|| apart.between(1, 15)),
            })
            .collect();
        let mut acts = vec![(Duration::ZERO, Act::Start)];
        if variety.twins {
            acts.push((Duration::ZERO, Act::Start));
        }
        let length = dice.between(20, 240);
        sends(&mut dice, &mut acts, count, length);
        match profile {
            Profile::Calm => trouble::restart(&mut dice, &mut acts, length),
            Profile::Failures => {}
            Profile::Outage => trouble::outages(&mut dice, &mut acts, &setup, length),
            Profile::Chaos => trouble::chaos(&mut dice, &mut acts, &setup, length),
        }
        // Of a FIFO group that long, what waits shares the receives of those whose 12 hours end.
        let may = !setup.fifo && setup.visibility.as_secs() == 30;
        if profile == Profile::Outage && may && apart.one_in(3) {
            trouble::half_a_day(&mut apart, &mut acts);
        }
        acts.sort_by_key(|(at, _)| *at);
        Self {
            seed,
            profile,
            setup,
            variety,
            messages,
            acts,
        }
    }

    /// The body of a message.
    pub(crate) fn body(&self, n: usize) -> String {
        let kind = if self.messages[n].let_through {
            "order"
        } else {
            "noise"
        };
        let padding = "x".repeat(self.variety.size);
        serde_json::json!({ "kind": kind, "n": n, "padding": padding }).to_string()
    }
}

fn setup(dice: &mut Dice, profile: Profile) -> Setup {
    let backoff = dice.millis(100, 3000);
    let probe = dice.millis(200, 3000);
    let visibility = dice.pick(&[2, 3, 5, 10, 30]);
    Setup {
        fifo: dice.one_in(3),
        functions: dice.pick(&[1, 1, 2, 3]),
        max_receive_count: match profile {
            Profile::Outage => Some(3),
            Profile::Failures => Some(dice.pick(&[2, 3, 5])),
            Profile::Calm => dice.one_in(2).then_some(3),
            // Faults of SQS itself use up receives; that the messages' own do is Failures' subject.
            Profile::Chaos => (!dice.one_in(4)).then_some(1000),
        },
        retry_rejected: dice.one_in(4),
        visibility: Duration::from_secs(visibility),
        wait: Duration::from_secs(dice.pick(&[1, 5, 20, 20])),
        max_messages: dice.pick(&[1, 3, 10, 10]),
        concurrency: dice.count(1, 16),
        upstream_timeout: dice.seconds(3, 30),
        backoff: (backoff, backoff + dice.seconds(0, 20)),
        probes: (probe, probe + dice.seconds(0, 20)),
        settle_window: dice.pick(&[0, 1, 20, 200]).into_millis(),
        drain_timeout: dice.seconds(5, 30),
        flight: dice.pick(&[1, 5, 20]),
    }
}

trait IntoMillis {
    fn into_millis(self) -> Duration;
}

impl IntoMillis for u64 {
    fn into_millis(self) -> Duration {
        Duration::from_millis(self)
    }
}

/// All at once, one by one, or in a few bursts.
fn sends(dice: &mut Dice, acts: &mut Vec<(Duration, Act)>, count: usize, length: u64) {
    let bursts = dice.pick(&[1, 3, count]);
    let times: Vec<Duration> = (0..bursts).map(|_| dice.millis(0, length * 900)).collect();
    for n in 0..count {
        acts.push((dice.pick(&times), Act::Send(n)));
    }
}
