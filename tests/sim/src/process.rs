//! The connector's processes: started, stopped, killed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials as Keys;
use aws_credential_types::provider::SharedCredentialsProvider;
use sqs_connector::aws::Credentials;
use sqs_connector::backoff::Backoff;
use sqs_connector::callback::Door;
use sqs_connector::config::{self, CallbackConfig, Command, Config, Inputs, Mode};
use sqs_connector::engine::{self, Outside};
use sqs_connector::filter::{Filter, Filtering};
use sqs_connector::governor::ProbeIntervals;
use sqs_connector::metrics::Metrics;
use sqs_connector::random::Random;
use sqs_connector::spans::Spans;
use sqs_connector::verdict::OnRejection;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use crate::dice::Dice;
use crate::trouble::queue_names;
use crate::world::{Ending, World};
use crate::{ghost, network};

/// What the engine promises beyond the budget of its drain: 5 s to settle, and a moment to end.
const FLUSH: Duration = Duration::from_secs(6);

/// All processes of a run.
pub(crate) struct Processes {
    world: Arc<World>,
    tasks: JoinSet<()>,
    running: Vec<Process>,
    next: u32,
}

struct Process {
    id: u32,
    stop: oneshot::Sender<()>,
    task: AbortHandle,
}

impl Processes {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self {
            world,
            tasks: JoinSet::new(),
            running: Vec::new(),
            next: 1,
        }
    }

    /// How many run, and were not told to stop.
    pub(crate) fn running(&self) -> usize {
        self.running.len()
    }

    /// Starts a process.
    pub(crate) fn start(&mut self) {
        let id = self.next;
        self.next += 1;
        let world = self.world.clone();
        let metrics = Metrics::default();
        let keys = Keys::new("AKIASIM", "secret", None, None, "sim");
        let callbacks = matches!(world.scenario.variety.mode, Mode::Async { .. }).then(|| {
            let (sender, receiver) = mpsc::unbounded_channel();
            world.doors().insert(id, sender);
            Door::Given(receiver)
        });
        let outside = Outside {
            http: network::http(&world, id),
            credentials: Credentials::Given(SharedCredentialsProvider::new(keys)),
            random: Random::seeded(Dice::new(world.scenario.seed, 1000 + u64::from(id)).bits()),
            wall_clock: world.wall_clock(),
            metrics: metrics.clone(),
            spans: Spans::default(),
            admin: None,
            callbacks,
        };
        let config = configuration(&world, id);
        let (stop, stopped) = oneshot::channel::<()>();
        world.log.say(|| format!("process {id} starts"));
        let task = self.tasks.spawn(async move {
            let left = engine::run(config, outside, async {
                let _ = stopped.await;
            })
            .await;
            ended(&world, id, left, &metrics);
        });
        self.running.push(Process { id, stop, task });
    }

    /// SIGTERM to the processes that run.
    pub(crate) fn terminate(&mut self) {
        for process in self.running.drain(..) {
            let id = process.id;
            self.world.log.say(|| format!("process {id} gets SIGTERM"));
            let since = Instant::now();
            let deadline = since + self.world.scenario.setup.drain_timeout;
            let ending = Ending::Drains { since, deadline };
            self.world.processes().insert(id, ending);
            let _ = process.stop.send(());
        }
    }

    /// SIGKILL to the processes that run.
    pub(crate) fn kill(&mut self) {
        for process in self.running.drain(..) {
            let id = process.id;
            self.world.log.say(|| format!("process {id} gets SIGKILL"));
            self.world.processes().insert(id, Ending::Killed);
            process.task.abort();
        }
    }

    /// Waits until all have ended.
    pub(crate) async fn ended(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// A process ended by itself.
fn ended(world: &World, id: u32, left: usize, metrics: &Metrics) {
    world
        .log
        .say(|| format!("process {id} ends, {left} messages left"));
    let ending = world.processes().insert(id, Ending::Over);
    let Some(Ending::Drains { since, deadline }) = ending else {
        world.violation(format!("process {id} ended, and nobody had told it to"));
        return;
    };
    let took = since.elapsed().saturating_sub(world.stood_still(since));
    if took > deadline - since + FLUSH {
        world.violation(format!(
            "process {id} took {took:?} to drain, {:?} are configured",
            deadline - since
        ));
    }
    let silent = world.ledger().handles.left(id, Instant::now());
    if world.is_chaos() {
        return;
    }
    // A poll that outlasts the drain may bring something in the moment in which it is left.
    let waits = world.scenario.setup.drain_timeout >= world.scenario.setup.wait;
    if left > 0 && waits {
        world.violation(format!("process {id} left {left} messages unsettled"));
    }
    if !silent.is_empty() && waits {
        world.violation(format!(
            "process {id} ended and keeps {silent:?} from all others: it settled them in no way"
        ));
    }
    // After 12 hours every lease ends.
    if world.is_old() {
        return;
    }
    let lost = |line: &&str| line.starts_with("sqs_connector_leases_lost_total{");
    if let Some(line) = metrics.encode().lines().find(lost)
        && !line.ends_with(" 0")
    {
        world.violation(format!(
            "process {id} lost leases although SQS was well: {line}"
        ));
    }
}

/// Through the connector's own front door, then with what only a test would have: the door refuses a
/// lease that is shorter than the functions may take, and a lease that is lost is what we are after.
fn configuration(world: &World, id: u32) -> Config {
    let (setup, variety) = (&world.scenario.setup, &world.scenario.variety);
    let (name, _) = queue_names(setup.fifo);
    let mut urls = world.sqs.queue_url("sqs.sim", name);
    if variety.broken.is_some() {
        urls = format!("{},{urls}", world.sqs.queue_url("sqs.sim", ghost::NAME));
    }
    let args = [
        format!("--queue-url={urls}"),
        "--gateway-url=http://gateway.sim".to_owned(),
        "--basic-auth=false".to_owned(),
        format!("--topics={name}"),
    ];
    let loaded = config::load(Inputs {
        args: &args,
        env: &|_| None,
        read: &|path: &Path| Err(std::io::Error::other(format!("no {}", path.display()))),
    });
    let mut config = match loaded {
        Ok(Command::Run(config)) => *config,
        Ok(_) => panic!("the arguments ask to run"),
        Err(problems) => panic!("{problems}"),
    };
    config.gateway.upstream_timeout = setup.upstream_timeout;
    config.gateway.rebuild_interval = Duration::from_secs(30);
    config.drain_timeout = setup.drain_timeout;
    config.settle_window = setup.settle_window;
    for queue in &mut config.queues {
        queue.visibility_timeout = setup.visibility;
        queue.wait_time = setup.wait;
        queue.max_messages = setup.max_messages;
        queue.concurrency = setup.concurrency;
        let (min, max) = setup.backoff;
        queue.backoff = Backoff { min, max };
        let (first, longest) = setup.probes;
        queue.probes = ProbeIntervals { first, longest };
        queue.on_rejection = setup.retry_rejected.then_some(OnRejection::Retry);
        queue.mode = variety.mode;
        queue.filtering = variety.filter.map(|otherwise| Filtering {
            filter: Filter::parse(&serde_json::json!({ "body": { "kind": ["order"] } }))
                .expect("a filter"),
            otherwise,
        });
        if let Some(most) = variety.max_bytes {
            queue.max_bytes_in_flight = most;
        }
    }
    if let Mode::Async { .. } = variety.mode {
        config.callback = Some(CallbackConfig {
            listen: ([127, 0, 0, 1], 8082).into(),
            url: format!("http://p{id}.sim:8082").parse().expect("a URL"),
        });
    }
    config
}
