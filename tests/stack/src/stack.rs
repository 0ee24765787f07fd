//! Starts the parts, tells where they listen, and stops them.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use http::Request;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::gateway::Gateway;
use crate::graphql::Graphql;
use crate::ingress::{Ingress, InvalidQueueUrl};
use crate::options::StackOptions;
use crate::sqs::{self, Sqs, SqsOptions};
use crate::{client, control, listen};

/// Why the stack does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port is not to be had.
    #[error(
        "{part}: port {port} of 127.0.0.1 can't be listened on; give another, or 0 for a free one"
    )]
    Bind {
        /// Whose port it is.
        part: &'static str,
        /// The port that was asked for.
        port: u16,
        /// Why not.
        source: std::io::Error,
    },
    /// There is no queue for the ingress to send to.
    #[error("queues = []: give at least one queue")]
    NoQueue,
    /// A queue can't be made.
    #[error("queue {name:?}: {}", refusal.message)]
    Queue {
        /// The queue's name.
        name: String,
        /// What SQS says.
        refusal: sqs::Refusal,
    },
    /// The ingress can't send to its queue.
    #[error(transparent)]
    Ingress(#[from] InvalidQueueUrl),
}

/// Where the parts listen. None ends in a slash.
#[derive(Clone, Debug)]
pub struct Urls {
    /// The endpoint of SQS.
    pub sqs: String,
    /// The OpenFaaS gateway.
    pub gateway: String,
    /// The ingress; `/hooks/{source}` lies under it.
    pub ingress: String,
    /// The GraphQL endpoint itself, `/graphql`.
    pub graphql: String,
    /// The control calls; `GET` on it lists them.
    pub control: String,
}

/// A stack that runs. Dropping it cuts everything; [`stop`](Self::stop) lets it finish.
pub struct Stack {
    urls: Urls,
    sqs: Arc<Sqs>,
    gateway: Arc<Gateway>,
    ingress: Arc<Ingress>,
    graphql: Arc<Graphql>,
    stop: watch::Sender<()>,
    servers: JoinSet<()>,
    _workers: JoinSet<()>,
}

struct Bound {
    listener: TcpListener,
    url: String,
}

impl Bound {
    fn at(part: &'static str, port: u16) -> Result<Self, StartError> {
        let bind = || {
            let listener = listen::bind(port)?;
            let url = format!("http://{}", listener.local_addr()?);
            Ok(Self { listener, url })
        };
        bind().map_err(|source| StartError::Bind { part, port, source })
    }
}

impl Stack {
    /// Starts every part. Once this returns all of them answer.
    ///
    /// # Errors
    /// When a port is taken.
    pub async fn start(options: StackOptions) -> Result<Self, StartError> {
        let ports = options.ports;
        let sqs_at = Bound::at("SQS", ports.sqs)?;
        let gateway_at = Bound::at("gateway", ports.gateway)?;
        let ingress_at = Bound::at("ingress", ports.ingress)?;
        let graphql_at = Bound::at("GraphQL", ports.graphql)?;
        let control_at = Bound::at("control", ports.control)?;
        let urls = Urls {
            sqs: sqs_at.url,
            gateway: gateway_at.url,
            ingress: ingress_at.url,
            graphql: format!("{}/graphql", graphql_at.url),
            control: control_at.url,
        };
        let (stop, stopped) = watch::channel(());
        let (mut servers, mut workers) = (JoinSet::new(), JoinSet::new());
        let client = client::pool();

        let sqs = start_queues(&options)?;
        let first = options.queues.first().ok_or(StartError::NoQueue)?;
        let own = format!("{}/{}/{first}", urls.sqs, sqs::ACCOUNT_ID);
        let queue_url = options.ingress_queue_url.unwrap_or(own);
        servers.spawn(sqs::serve(
            sqs_at.listener,
            Arc::clone(&sqs),
            changed(stopped.clone()),
        ));

        let gateway = Gateway::start(options.gateway, client.clone(), &mut workers);
        let answering = Arc::clone(&gateway);
        let answer = move |request, peer| Arc::clone(&answering).answer(request, peer);
        servers.spawn(listen::serve(
            gateway_at.listener,
            answer,
            gateway.down(),
            stopped.clone(),
        ));

        let ingress = Ingress::new(&queue_url, client)?;
        let graphql = Graphql::new();
        let controls = Router::new()
            .route("/", get(control::index))
            .merge(sqs.control_router())
            .merge(gateway.control_router())
            .merge(ingress.control_router())
            .merge(graphql.control_router());
        for (listener, router) in [
            (ingress_at.listener, ingress.router()),
            (graphql_at.listener, graphql.router()),
            (control_at.listener, controls),
        ] {
            servers.spawn(serve_router(listener, router, stopped.clone()));
        }
        Ok(Self {
            urls,
            sqs,
            gateway,
            ingress,
            graphql,
            stop,
            servers,
            _workers: workers,
        })
    }

    /// Where the parts listen.
    pub fn urls(&self) -> &Urls {
        &self.urls
    }

    /// SQS.
    pub fn sqs(&self) -> &Arc<Sqs> {
        &self.sqs
    }

    /// The gateway.
    pub fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// The ingress.
    pub fn ingress(&self) -> &Arc<Ingress> {
        &self.ingress
    }

    /// The GraphQL backend.
    pub fn graphql(&self) -> &Arc<Graphql> {
        &self.graphql
    }

    /// Takes no more connections, lets requests that are being answered finish for a moment, and
    /// cuts what is left.
    pub async fn stop(mut self) {
        drop(self.stop);
        while self.servers.join_next().await.is_some() {}
    }
}

/// An SQS server with the queues that were asked for, each with its dead-letter queue.
fn start_queues(options: &StackOptions) -> Result<Arc<Sqs>, StartError> {
    let sqs = Sqs::new(SqsOptions {
        cooldowns: options.cooldowns,
        ..SqsOptions::default()
    });
    for name in &options.queues {
        sqs.create_queue_with_dead_letters(
            name,
            options.max_receive_count,
            options.visibility_timeout,
        )
        .map_err(|refusal| StartError::Queue {
            name: name.clone(),
            refusal,
        })?;
    }
    Ok(sqs)
}

async fn changed(mut stopped: watch::Receiver<()>) {
    // An error is the sender's end, which is the same wish.
    let _ = stopped.changed().await;
}

async fn serve_router(listener: TcpListener, router: Router, stopped: watch::Receiver<()>) {
    let answer = move |request: Request<Incoming>, _: SocketAddr| {
        let answer = router.clone().oneshot(request);
        async { Ok(answer.await.unwrap_or_else(|never| match never {})) }
    };
    let (_up, never_down) = watch::channel(false);
    listen::serve(listener, answer, never_down, stopped).await;
}
