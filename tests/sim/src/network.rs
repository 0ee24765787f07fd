//! The network between the connector and what surrounds it: streams in memory, hyper at both ends.

use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioIo, TokioTimer};
use sqs_connector::http::Http;
use tokio::io::DuplexStream;
use tokio::time::{Instant, sleep};

use crate::weather::Weather;
use crate::world::World;
use crate::{gateway, queue};

/// How long a process tries to connect to what does not answer.
const CONNECT: Duration = Duration::from_secs(5);

/// The answer is that there is none.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut")
    }
}

impl std::error::Error for Cut {}

/// The HTTP client of a process.
pub(crate) fn http(world: &Arc<World>, process: u32) -> Http {
    let world = world.clone();
    Http::over(move |uri| {
        let world = world.clone();
        async move {
            let to_gateway = uri.host() == Some("gateway.sim");
            connect(&world, process, to_gateway).await
        }
    })
}

async fn connect(world: &Arc<World>, process: u32, to_gateway: bool) -> io::Result<Wire> {
    sleep(world.flight()).await;
    if to_gateway {
        let weather = *world.weather.borrow();
        if matches!(weather, Weather::Refused | Weather::Hang) {
            world.ledger().refused.insert(process, Instant::now());
        }
        match weather {
            Weather::Refused => return Err(io::ErrorKind::ConnectionRefused.into()),
            Weather::Hang => {
                sleep(CONNECT).await;
                return Err(io::ErrorKind::TimedOut.into());
            }
            _ => {}
        }
    }
    let (near, far) = tokio::io::duplex(64 * 1024);
    let serving = serve(world.clone(), process, to_gateway, far);
    let mut connections = world
        .connections
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    while connections.try_join_next().is_some() {}
    connections.spawn(serving);
    Ok(Wire(TokioIo::new(near)))
}

/// Serves one connection, until either end closes it.
async fn serve(world: Arc<World>, process: u32, is_gateway: bool, stream: DuplexStream) {
    // Servers close connections whenever they like; sometimes a request is on its way just then.
    let (requests, idle) = {
        let mut dice = world.dice();
        let requests = if dice.one_in(3) {
            dice.between(1, 30)
        } else {
            1000
        };
        (requests, dice.seconds(5, 60))
    };
    let is_faulty = world.scenario.profile == crate::scenario::Profile::Chaos;
    let served = AtomicU64::new(0);
    let service = service_fn(|request: Request<Incoming>| {
        let stale = is_faulty && served.fetch_add(1, Ordering::Relaxed) >= requests;
        let world = &world;
        async move {
            if stale {
                return Err(Cut);
            }
            if is_gateway {
                gateway::answer(world, process, request).await.ok_or(Cut)
            } else {
                queue::answer(world, process, request).await.ok_or(Cut)
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .header_read_timeout(idle)
        .serve_connection(TokioIo::new(stream), service);
    let mut weather = world.weather.subscribe();
    let torn = async {
        let refused = weather.wait_for(|weather| is_gateway && *weather == Weather::Refused);
        if refused.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let (connection, torn) = (pin!(connection), pin!(torn));
    tokio::select! {
        biased;
        () = torn => {}
        _ = connection => {}
    }
}

/// The connector's end of a connection.
struct Wire(TokioIo<DuplexStream>);

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
