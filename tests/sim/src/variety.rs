//! What sets a run apart beside its faults: the mode, a filter, sizes, what functions want.

use std::time::Duration;

use sqs_connector::batch::Limits;
use sqs_connector::config::Mode;
use sqs_connector::filter::OnFiltered;

use crate::dice::Dice;
use crate::scenario::{Profile, Setup};

/// Drawn apart from the rest, so that a choice more in here moves nothing there.
#[derive(Clone, Debug)]
pub(crate) struct Variety {
    pub(crate) mode: Mode,
    /// What becomes of messages that the filter does not let through, where there is one.
    pub(crate) filter: Option<OnFiltered>,
    /// How many bytes a body has at least.
    pub(crate) size: usize,
    /// How many of these may be held at once.
    pub(crate) max_bytes: Option<usize>,
    /// What each function's annotations say.
    pub(crate) rules: Vec<Rules>,
    /// There is a second queue, and this is the matter with it.
    pub(crate) broken: Option<Broken>,
    /// Bodies are changed on their way from SQS.
    pub(crate) corrupts: bool,
    /// Two processes share the queue from the start.
    pub(crate) twins: bool,
}

/// The annotations `com.openfaas.retry.*` of a function.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) attempts: Option<u32>,
    pub(crate) min_wait: Option<u64>,
    pub(crate) max_wait: Option<u64>,
    pub(crate) codes: Option<&'static [u16]>,
}

/// What can be the matter with a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    Absent,
    Denied,
    Failing,
    Hanging,
}

impl Variety {
    pub(crate) fn draw(seed: u64, profile: Profile, setup: &Setup) -> Self {
        let mut dice = Dice::new(seed, 4);
        let fails = matches!(profile, Profile::Failures | Profile::Chaos);
        let mode = match dice.between(0, 3) {
            0 => Mode::Batch(Limits {
                size: dice.count(1, setup.concurrency.min(10)),
                bytes: dice.pick(&[6 * 1024 * 1024, 6 * 1024 * 1024, 4096]),
                window: Duration::from_millis(dice.pick(&[0, 100, 2000])),
            }),
            1 => Mode::Async {
                callback_timeout: setup.upstream_timeout + dice.seconds(5, 30),
            },
            _ => Mode::Single,
        };
        let size = dice.pick(&[0, 0, 0, 2_000, 20_000, 100_000]);
        let room = dice.count(1, 5);
        let rules = dice.one_in(4).then(|| {
            (0..setup.functions)
                .map(|_| self::rules(&mut dice))
                .collect()
        });
        Self {
            mode,
            filter: filter(&mut dice, profile, setup),
            size,
            max_bytes: (size > 0 && dice.one_in(2)).then_some(size * room),
            rules: rules.unwrap_or_else(|| vec![Rules::default(); setup.functions]),
            broken: dice.one_in(5).then(|| {
                dice.pick(&[
                    Broken::Absent,
                    Broken::Denied,
                    Broken::Failing,
                    Broken::Hanging,
                ])
            }),
            corrupts: dice.one_in(4) && profile == Profile::Chaos,
            twins: dice.one_in(4) && profile == Profile::Chaos,
        }
        .sober(fails)
    }

    /// Where no function fails, nobody asks what it wants then.
    fn sober(mut self, fails: bool) -> Self {
        if !fails {
            self.rules = vec![Rules::default(); self.rules.len()];
        }
        self
    }

    /// Whether messages go to functions several at once.
    pub(crate) fn is_batch(&self) -> bool {
        matches!(self.mode, Mode::Batch(_))
    }
}

fn filter(dice: &mut Dice, profile: Profile, setup: &Setup) -> Option<OnFiltered> {
    let wanted = dice.one_in(4).then(|| {
        dice.pick(&[
            OnFiltered::Delete,
            OnFiltered::DeadLetter,
            OnFiltered::Release,
        ])
    })?;
    // What is given back comes to its end by the redrive policy, and there is none of a thousand receives.
    let may = match wanted {
        OnFiltered::Delete => true,
        OnFiltered::DeadLetter => setup.max_receive_count.is_some(),
        OnFiltered::Release => {
            !setup.fifo && profile != Profile::Chaos && setup.max_receive_count.is_some()
        }
    };
    may.then_some(wanted)
}

fn rules(dice: &mut Dice) -> Rules {
    let min_wait = dice.one_in(2).then(|| dice.between(1, 8));
    Rules {
        attempts: (dice.one_in(2)).then(|| u32::try_from(dice.between(1, 4)).unwrap_or(1)),
        min_wait,
        max_wait: dice
            .one_in(2)
            .then(|| min_wait.unwrap_or(0) + dice.between(1, 10)),
        codes: dice.pick(&[
            None,
            Some(&[408, 425, 429, 500, 502, 503, 504, 507]),
            Some(&[429, 500, 503]),
        ]),
    }
}
