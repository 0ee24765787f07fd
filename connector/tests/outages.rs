//! Outages of an hour, and messages that look like one.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::fakes::gateway::Answer;
use crate::world::{Connector, QUEUE, World, eventually};

const HOUR: Duration = Duration::from_secs(3600);

/// As by default, so that an hour is no more work than an hour.
const FLAGS: &[&str] = &[
    "--probe-min=1s",
    "--rebuild-interval=30s",
    "--wait-time=20s",
];

/// How often the function was called. What is dropped on a connection that served before is sent
/// again at once, with the same call id.
fn tries(world: &World) -> usize {
    let calls = world.gateway.calls("f");
    let ids: BTreeSet<_> = calls.iter().map(|call| call.header("x-call-id")).collect();
    ids.len()
}

/// What a function answers while the time is right, and else 200.
fn out_until(world: &World, end: Instant, outage: impl Fn() -> Answer + Send + 'static) {
    let begin = Instant::now() + Duration::from_secs(10);
    world.gateway.function("f", QUEUE, move |_, _| {
        if (begin..end).contains(&Instant::now()) {
            outage()
        } else {
            Answer::of_function(200)
        }
    });
}

/// An hour in which `begin` began and `end` ends an outage, with `maxReceiveCount` 3.
async fn an_hour_out(world: &World, begin: impl FnOnce(), end: impl FnOnce()) {
    let connector = world.start(FLAGS).await;
    world.sqs.send(QUEUE, "before");
    eventually("the first is deleted", || {
        world.sqs.state().deleted.len() == 1
    })
    .await;
    sleep(Duration::from_secs(11)).await;
    begin();
    for _ in 0..20 {
        world.sqs.send(QUEUE, "{}");
    }
    sleep(HOUR).await;
    let dead = world.sqs.in_queue("orders-dlq").len();
    assert_eq!(dead, 0, "dead-lettered by an outage");
    assert_eq!(world.sqs.state().deleted.len(), 1, "it was an outage");
    end();
    eventually("all are deleted", || world.sqs.state().deleted.len() == 21).await;
    assert_eq!(world.sqs.in_queue("orders-dlq").len(), 0);
    connector.stop().await;
}

async fn an_hour_of(outage: impl Fn() -> Answer + Send + 'static) {
    let world = World::in_memory(3);
    out_until(
        &world,
        Instant::now() + HOUR + Duration::from_secs(20),
        outage,
    );
    an_hour_out(&world, || (), || ()).await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_without_the_gateway_dead_letters_nothing() {
    let world = World::in_memory(3);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    let gone = |gone| world.gateway.state().gone = gone;
    an_hour_out(&world, || gone(true), || gone(false)).await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_in_which_the_gateway_hangs_dead_letters_nothing() {
    let world = World::in_memory(3);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    let hangs = |hangs| world.gateway.state().hangs = hangs;
    an_hour_out(&world, || hangs(true), || hangs(false)).await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_in_which_the_gateway_drops_every_call_dead_letters_nothing() {
    an_hour_of(Answer::dropped).await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_without_the_function_dead_letters_nothing() {
    an_hour_of(|| Answer::of_gateway(404)).await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_without_the_provider_dead_letters_nothing() {
    an_hour_of(|| Answer::of_gateway(502)).await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_without_endpoints_dead_letters_nothing() {
    an_hour_of(|| Answer::of_gateway(503).with("x-openfaas-internal", "proxy")).await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_429_dead_letters_nothing() {
    an_hour_of(|| Answer::of_function(429)).await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_503_dead_letters_nothing() {
    an_hour_of(|| Answer::of_function(503)).await;
}

#[tokio::test(start_paused = true)]
async fn an_hour_in_which_a_function_hangs_that_says_it_is_well_dead_letters_nothing() {
    let world = World::in_memory(3);
    world.gateway.state().well = true;
    out_until(
        &world,
        Instant::now() + HOUR + Duration::from_secs(20),
        || Answer::of_function(200).after(HOUR),
    );
    an_hour_out(&world, || (), || ()).await;
}

#[tokio::test(start_paused = true)]
async fn a_lone_message_that_a_function_in_good_health_falls_over_ends_by_sqs_own_policy() {
    let world = World::in_memory(3);
    world.gateway.state().well = true;
    world.gateway.function("f", QUEUE, |_, _| Answer::dropped());
    let started = Instant::now();
    let connector = world.start(FLAGS).await;
    world.sqs.send(QUEUE, "poison");
    eventually("it is in the dead-letter queue", || {
        world.sqs.in_queue("orders-dlq").len() == 1
    })
    .await;
    // Five probes at first; after that it is known.
    assert_eq!(tries(&world), 8);
    assert!(started.elapsed() < Duration::from_secs(120));
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_lone_message_stays_held_while_nothing_shows_that_the_function_is_well() {
    let world = World::in_memory(3);
    world.gateway.function("f", QUEUE, |_, _| Answer::dropped());
    let connector = world.start(FLAGS).await;
    world.sqs.send(QUEUE, "an orphan of an outage, or poison");
    sleep(HOUR).await;
    let messages = world.sqs.in_queue(QUEUE);
    assert_eq!((messages.len(), messages[0].receives), (1, 1));
    let probes = tries(&world);
    assert!((110..170).contains(&probes), "{probes} probes in an hour");
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_to_blame_before_pauses_nothing_when_it_comes_again() {
    let world = World::in_memory(3);
    world.gateway.state().well = true;
    world.gateway.function("f", QUEUE, |call, _| {
        if &call.body[..] == b"poison" {
            Answer::dropped()
        } else {
            Answer::of_function(200)
        }
    });
    let connector = world.start(FLAGS).await;
    world.sqs.send(QUEUE, "poison");
    eventually("it is in the dead-letter queue", || {
        world.sqs.in_queue("orders-dlq").len() == 1
    })
    .await;
    let pauses =
        r#"pauses_total{queue="orders",function="f.openfaas-fn",reason="infrastructure"} 1"#;
    let metrics = connector.metrics();
    assert!(metrics.contains(pauses), "{metrics}");
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_on_which_a_function_hangs_does_not_stop_its_queue_and_ends_by_sqs_own_policy() {
    for concurrency in [1, 32] {
        let world = World::in_memory(3);
        world.gateway.function("f", QUEUE, |call, _| {
            let hangs = &call.body[..] == b"poison";
            Answer::of_function(200).after(if hangs { HOUR } else { Duration::ZERO })
        });
        let most = format!("--concurrency={concurrency}");
        let connector = world.start(&[FLAGS, &[&most]].concat()).await;
        world.sqs.send(QUEUE, "poison");
        let mut sent = 0;
        while world.sqs.in_queue("orders-dlq").is_empty() {
            sent += 1;
            assert!(sent < 500, "the poison stays for ever");
            let asked = Instant::now();
            world.sqs.send(QUEUE, "good");
            eventually("the good one is deleted", || {
                world.sqs.state().deleted.len() == sent
            })
            .await;
            let took = asked.elapsed();
            // Where one runs at a time, it waits for the one that hangs.
            let most = Duration::from_secs(if concurrency == 1 { 65 } else { 35 });
            assert!(took < most, "{took:?} with {concurrency} at once");
            sleep(Duration::from_secs(5)).await;
        }
        assert_eq!(world.sqs.in_queue("orders-dlq")[0].body, "poison");
        connector.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_function_is_gone_is_held_at_rest_until_one_subscribes_again() {
    let world = World::in_memory(1);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(503));
    let connector = world.start(FLAGS).await;
    world.sqs.send(QUEUE, "held");
    eventually("it was refused", || tries(&world) >= 1).await;
    world.gateway.remove("f");
    // Were it held in a loop that never rests, this clock would never move.
    sleep(HOUR).await;
    let messages = world.sqs.in_queue(QUEUE);
    assert_eq!((messages.len(), messages[0].receives), (1, 1));
    world
        .gateway
        .function("g", QUEUE, |_, _| Answer::of_function(200));
    eventually("it is deleted", || world.sqs.state().deleted.len() == 1).await;
    assert_eq!(world.gateway.calls("g").len(), 1);
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_dead_letters_nothing_while_nobody_may_read_the_redrive_policy() {
    let world = World::in_memory(2);
    (world.sqs.state().denied).insert("GetQueueAttributes".into());
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    for _ in 0..10 {
        world.sqs.send(QUEUE, "{}");
    }
    for message in world.sqs.state().queues.get_mut(QUEUE).unwrap() {
        message.receives = 1;
    }
    let connector = world.start(FLAGS).await;
    world.gateway.state().hangs = true;
    sleep(HOUR).await;
    assert_eq!(world.sqs.in_queue("orders-dlq").len(), 0);
    world.gateway.state().hangs = false;
    eventually("all are deleted", || world.sqs.state().deleted.len() == 10).await;
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_redrive_policy_that_is_no_json_is_held_for_one_that_nobody_may_read() {
    let world = World::in_memory(2);
    let nonsense = "deadLetterTargetArn: orders-dlq".to_owned();
    (world.sqs.state().attributes).insert("RedrivePolicy".into(), nonsense);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_gateway(502));
    for _ in 0..10 {
        world.sqs.send(QUEUE, "{}");
    }
    for message in world.sqs.state().queues.get_mut(QUEUE).unwrap() {
        message.receives = 1;
    }
    let connector = world.start(FLAGS).await;
    sleep(HOUR).await;
    assert_eq!(world.sqs.in_queue("orders-dlq").len(), 0);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    eventually("all are deleted", || world.sqs.state().deleted.len() == 10).await;
    connector.stop().await;
}

/// How many messages a connector holds that calls a function with one at a time, when the function has
/// gone away in the midst of many; all of them were received so often.
async fn out_with_a_stock(world: &World, receives: u32) -> (Connector, usize) {
    world.gateway.function("f", QUEUE, |_, before| {
        if before < 50 {
            Answer::of_function(200).after(Duration::from_millis(10))
        } else {
            Answer::of_gateway(502)
        }
    });
    for _ in 0..100 {
        world.sqs.send(QUEUE, "{}");
    }
    for message in world.sqs.state().queues.get_mut(QUEUE).unwrap() {
        message.receives = receives - 1;
    }
    let connector = world
        .start(&[FLAGS, &["--concurrency=1", "--concurrency-min=1"]].concat())
        .await;
    eventually("the function is gone", || tries(world) > 50).await;
    sleep(Duration::from_secs(5)).await;
    let held = connector.held(QUEUE);
    assert!(held >= 5, "only {held} wait here for their turn");
    (connector, held)
}

#[tokio::test(start_paused = true)]
async fn what_waits_here_for_a_function_that_is_not_reached_is_given_back_after_a_minute() {
    let world = World::in_memory(3);
    let (connector, held) = out_with_a_stock(&world, 1).await;
    sleep(Duration::from_secs(50)).await;
    // A probe that fails is given back, and the next is tried.
    let still = connector.held(QUEUE);
    assert!(
        still >= 4 && still <= held,
        "{still} of {held}: it may be back soon"
    );
    sleep(Duration::from_secs(10)).await;
    assert!(connector.held(QUEUE) <= 2, "but for those that probe");
    // Each costs them a receive, so none comes again before the function is back.
    sleep(HOUR).await;
    assert!(connector.held(QUEUE) <= 2);
    let messages = world.sqs.in_queue(QUEUE);
    assert_eq!(messages.len(), 50);
    assert!(messages.iter().all(|message| message.receives <= 2));
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    eventually("all are deleted", || world.sqs.state().deleted.len() == 100).await;
    assert_eq!(world.sqs.in_queue("orders-dlq").len(), 0);
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_here_stays_where_one_receive_more_could_be_its_last() {
    let world = World::in_memory(3);
    let (connector, held) = out_with_a_stock(&world, 2).await;
    sleep(HOUR).await;
    assert_eq!(connector.held(QUEUE), held);
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    eventually("all are deleted", || world.sqs.state().deleted.len() == 100).await;
    assert_eq!(world.sqs.in_queue("orders-dlq").len(), 0);
    connector.stop().await;
}

/// Of a message that is always turned away among 50 others, which are none the worse for it.
async fn turned_away_by(refuse: fn() -> Answer) {
    let world = World::in_memory(3);
    world.gateway.function("f", QUEUE, move |call, _| {
        if &call.body[..] == b"poison" {
            refuse()
        } else {
            Answer::of_function(200).after(Duration::from_millis(50))
        }
    });
    let connector = world.start(&[FLAGS, &["--concurrency=32"]].concat()).await;
    let started = Instant::now();
    world.sqs.send(QUEUE, "poison");
    for _ in 0..50 {
        world.sqs.send(QUEUE, "good");
    }
    let mut sent = 50;
    eventually("the others are deleted", || {
        world.sqs.state().deleted.len() == sent
    })
    .await;
    let took = started.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    while world.sqs.in_queue("orders-dlq").is_empty() {
        sent += 1;
        assert!(sent < 500, "the poison stays for ever");
        let asked = Instant::now();
        world.sqs.send(QUEUE, "good");
        eventually("the good one is deleted", || {
            world.sqs.state().deleted.len() == sent
        })
        .await;
        let took = asked.elapsed();
        assert!(took < Duration::from_secs(35), "{took:?}");
        sleep(Duration::from_secs(3)).await;
    }
    assert_eq!(world.sqs.in_queue("orders-dlq")[0].body, "poison");
    connector.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_always_gets_503_does_not_stop_its_queue_and_ends_by_sqs_own_policy() {
    turned_away_by(|| Answer::of_function(503)).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_always_gets_429_does_not_stop_its_queue_and_ends_by_sqs_own_policy() {
    turned_away_by(|| Answer::of_function(429)).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_always_gets_404_does_not_stop_its_queue_and_ends_by_sqs_own_policy() {
    turned_away_by(|| Answer::of_gateway(404)).await;
}

#[tokio::test(start_paused = true)]
async fn a_function_that_takes_few_calls_at_once_is_never_taken_for_a_messages_fault() {
    let world = World::in_memory(3);
    let gateway = world.gateway.clone();
    let busy = std::sync::Arc::new(std::sync::Mutex::new(Vec::<Instant>::new()));
    gateway.function("f", QUEUE, move |_, _| {
        let (now, mut busy) = (Instant::now(), busy.lock().unwrap());
        busy.retain(|end| *end > now);
        if busy.len() >= 2 {
            return Answer::of_function(429);
        }
        let takes = Duration::from_millis(200);
        busy.push(now + takes);
        Answer::of_function(200).after(takes)
    });
    let connector = world.start(&[FLAGS, &["--concurrency=32"]].concat()).await;
    for _ in 0..500 {
        world.sqs.send(QUEUE, "{}");
    }
    eventually("all are deleted", || world.sqs.state().deleted.len() == 500).await;
    assert_eq!(world.sqs.in_queue("orders-dlq").len(), 0);
    // None was given back as a failure: each was received once.
    let refused = world.gateway.calls("f");
    let again = refused
        .iter()
        .filter(|call| call.header("x-sqs-receive-count") != "1");
    assert_eq!(again.count(), 0);
    connector.stop().await;
}
