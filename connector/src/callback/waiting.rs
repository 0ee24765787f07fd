//! The calls that wait for their callback.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::oneshot;

use super::registry::{Match, Registry, Token};
use crate::lease::MessageId;
use crate::random::Random;

/// The path under which callbacks come in, before the token.
pub(super) const PATH: &str = "/callback/";

/// Which message a call was for, and which function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose {
    /// The queue's URL.
    pub queue: Arc<str>,
    /// The message.
    pub message: MessageId,
    /// The function.
    pub function: Arc<str>,
}

/// A callback as it came.
#[derive(Debug)]
pub struct Callback {
    /// Its headers.
    pub headers: HeaderMap,
    /// The beginning of its body.
    pub body: Bytes,
}

/// The calls of the process that wait for their callback; a clone shares them.
#[derive(Clone, Debug)]
pub struct Callbacks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The URL of the listener, without a slash at its end.
    base: String,
    random: Random,
    registry: Mutex<Registry<oneshot::Sender<Callback>, Whose>>,
    listening: AtomicBool,
}

/// A callback that is waited for; dropped, it is waited for no longer.
#[derive(Debug)]
pub struct Expected {
    callbacks: Callbacks,
    token: Token,
    told: oneshot::Receiver<Callback>,
}

impl Callbacks {
    /// For a listener that is reached at `base`.
    pub fn new(base: String, random: Random) -> Self {
        Self(Arc::new(Inner {
            base,
            random,
            registry: Mutex::new(Registry::default()),
            listening: AtomicBool::new(false),
        }))
    }

    /// Begins to wait, with a token that nobody can guess.
    pub fn expect(&self, call_id: &str, whose: Whose) -> Expected {
        let token = self.0.random.token();
        let (tell, told) = oneshot::channel();
        self.lock()
            .expect(token.clone(), call_id.to_owned(), tell, whose);
        Expected {
            callbacks: self.clone(),
            token,
            told,
        }
    }

    /// How many calls wait.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the listener is up.
    pub fn is_listening(&self) -> bool {
        self.0.listening.load(Ordering::Relaxed)
    }

    pub(super) fn set_listening(&self, listening: bool) {
        self.0.listening.store(listening, Ordering::Relaxed);
    }

    /// A callback came.
    pub(super) fn called_back(
        &self,
        token: &str,
        call_id: Option<&str>,
    ) -> Match<oneshot::Sender<Callback>, Whose> {
        self.lock().called_back(token, call_id)
    }

    fn lock(&self) -> MutexGuard<'_, Registry<oneshot::Sender<Callback>, Whose>> {
        self.0
            .registry
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Expected {
    /// What the gateway is told as `X-Callback-Url`.
    pub fn url(&self) -> String {
        format!("{}{PATH}{}", self.callbacks.0.base, self.token)
    }

    /// Waits for it. Cancel-safe.
    pub async fn told(&mut self) -> Callback {
        match (&mut self.told).await {
            Ok(callback) => callback,
            // It was told already; nothing more will come.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.callbacks.lock().give_up(&self.token);
    }
}
