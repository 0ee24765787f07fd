//! An OpenFaaS gateway: its paths, its auth, its headers, and the ways in which it fails.
//!
//! Modelled on the Community Edition's gateway and provider. Functions are processes that listen
//! on the loopback interface, registered by URL.

mod answer;
mod control;
mod effect;
mod faults;
mod functions;
mod invoke;
mod queue;
mod stamp;
mod stats;
mod system;
mod target;

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time;

use self::effect::Then;
use self::faults::{Fault, RawFault, Route, Site};
use self::functions::Registry;
use self::target::Target;
use crate::client::{Body, Client};
use crate::listen::Cut;
use crate::switches::Switches;

pub use self::functions::{DEFAULT_NAMESPACE, InvalidRegistration, Registration};
pub use self::stats::Seen;

/// How the gateway behaves.
#[derive(Clone, Debug)]
pub struct GatewayOptions {
    /// What `/system/…` asks for; `None` asks for nothing.
    pub credentials: Option<Credentials>,
    /// How long a call may take before it is answered 502.
    pub upstream_timeout: Duration,
    /// How long a call waits for a replica where none is available; the real gateway does for up
    /// to 100 s. `None` is `scale_from_zero=false`: a function that is not there is then a 503,
    /// not a 404.
    pub scale_from_zero: Option<Duration>,
    /// Whether `/async-function/…` is there; the real gateway has it where NATS is configured.
    pub async_functions: bool,
    /// How many calls the queue worker makes at once.
    pub async_workers: usize,
}

impl Default for GatewayOptions {
    fn default() -> Self {
        Self {
            credentials: None,
            upstream_timeout: Duration::from_secs(60),
            scale_from_zero: Some(Duration::from_secs(5)),
            async_functions: true,
            async_workers: 1,
        }
    }
}

/// A user and a password.
#[derive(Clone)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The password; never printed.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}:[redacted])", self.user)
    }
}

/// The gateway.
pub struct Gateway {
    options: GatewayOptions,
    registry: Registry,
    faults: Mutex<Switches<Fault>>,
    /// Whether there is any fault, so that without one no call takes the lock.
    faulty: AtomicBool,
    down: watch::Sender<bool>,
    client: Client,
    queue: mpsc::UnboundedSender<queue::Job>,
}

impl Gateway {
    /// A gateway whose queue worker runs in `tasks`.
    pub(crate) fn start(
        options: GatewayOptions,
        client: Client,
        tasks: &mut JoinSet<()>,
    ) -> Arc<Self> {
        let (queue, jobs) = mpsc::unbounded_channel();
        let gateway = Arc::new(Self {
            options,
            registry: Registry::new(),
            faults: Mutex::default(),
            faulty: AtomicBool::new(false),
            down: watch::Sender::new(false),
            client,
            queue,
        });
        tasks.spawn(queue::work(Arc::downgrade(&gateway), jobs));
        gateway
    }

    /// Registers a function, or registers it anew.
    ///
    /// # Errors
    /// When its name, its namespace or its URL is not one that could be called.
    pub fn register(&self, name: &str, with: Registration) -> Result<(), InvalidRegistration> {
        self.registry.register(name, with)
    }

    /// Forgets a function; says whether it was known.
    pub fn remove(&self, name: &str, namespace: &str) -> bool {
        self.registry.remove(name, namespace)
    }

    /// What was seen of a function's calls.
    pub fn seen(&self, name: &str, namespace: &str) -> Option<Seen> {
        let function = self.registry.get(name, namespace)?;
        Some(function.stats.seen())
    }

    /// Switches a fault on, given as for `POST /gateway/faults`; returns its id.
    ///
    /// # Errors
    /// A sentence that says what does not fit.
    pub fn add_fault(&self, fault: serde_json::Value) -> Result<u64, String> {
        let raw: RawFault = serde_json::from_value(fault).map_err(|error| error.to_string())?;
        self.switch_on(raw)
    }

    /// Switches every fault off.
    pub fn clear_faults(&self) {
        let mut faults = self.lock_faults();
        faults.clear();
        self.faulty.store(false, Ordering::Release);
        self.down.send_replace(false);
    }

    fn switch_on(&self, raw: RawFault) -> Result<u64, String> {
        let (fault, times) = raw.check()?;
        let down = matches!(fault.then, Then::Down);
        let mut faults = self.lock_faults();
        let id = faults.add(fault, times);
        self.faulty.store(true, Ordering::Release);
        if down {
            self.down.send_replace(true);
        }
        Ok(id)
    }

    fn lock_faults(&self) -> MutexGuard<'_, Switches<Fault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to happen at `site`, once the fault's delay is over.
    async fn fault(&self, site: Site<'_>) -> Then {
        if !self.faulty.load(Ordering::Acquire) {
            return Then::Pass;
        }
        let taken = {
            let mut faults = self.lock_faults();
            let taken = faults.take(|fault| fault.fits(site));
            self.faulty.store(!faults.is_empty(), Ordering::Release);
            taken
        };
        match taken {
            None => Then::Pass,
            Some(fault) => {
                time::sleep(fault.delay).await;
                fault.then
            }
        }
    }

    pub(crate) fn down(&self) -> watch::Receiver<bool> {
        self.down.subscribe()
    }

    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Result<Response<Body>, Cut> {
        let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
        let path = request.uri().path().to_owned();
        if let Some(rest) = path.strip_prefix("/function/") {
            return match Target::parse(rest) {
                Some(target) => invoke::invoke(&self, target, request, peer).await,
                None => Ok(answer::no_route()),
            };
        }
        if let Some(rest) = path.strip_prefix("/async-function/") {
            return match Target::parse(rest) {
                Some(target) if self.options.async_functions => {
                    queue::accept(&self, target, request, peer).await
                }
                _ => Ok(answer::no_route()),
            };
        }
        let is_get = request.method() == Method::GET;
        match path.as_str() {
            "/healthz" | "/system/functions" | "/system/namespaces" if !is_get => {
                Ok(answer::empty(StatusCode::METHOD_NOT_ALLOWED))
            }
            "/healthz" => {
                let fault = self.fault(Site::Route(Route::Health)).await;
                let well = || Ok(answer::bytes(StatusCode::OK, "OK"));
                answer::faulty(&fault).unwrap_or_else(well)
            }
            "/system/functions" => {
                let (parts, _) = request.into_parts();
                let query = parts.uri.query().unwrap_or_default();
                system::functions(&self, &parts.headers, query).await
            }
            "/system/namespaces" => {
                let (parts, _) = request.into_parts();
                system::namespaces(&self, &parts.headers).await
            }
            _ => Ok(answer::no_route()),
        }
    }
}
