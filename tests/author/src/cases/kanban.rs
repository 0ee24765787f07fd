//! Our own function, deployed as its stack file says, at the end of the whole way.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use harness::{Options, Way, recorded};
use http::Method;
use serde_json::json;

use crate::container::{Container, Given};
use crate::stack_file::StackFile;
use crate::walk::Walk;

const NAME: &str = "kanban-processor";
const IN_TIME: Duration = Duration::from_secs(20);

pub(super) async fn the_kanban_processor_of_our_stack_file_starts_a_deployment_behind_the_connector(
    walk: &Walk,
) -> anyhow::Result<String> {
    let folder = walk.repository.join("functions");
    let log = walk.log();
    let started = std::time::Instant::now();
    let built = walk
        .cli
        .build(&folder, NAME, &walk.builder, &log)?
        .succeeded()?;
    let told = format!(
        "{} crates compiled in {} s",
        built.compiled().len(),
        started.elapsed().as_secs()
    );

    let mut way = Way::start_stack(Options::default()).await?;
    let graphql = format!("{}/graphql", way.urls.graphql.trim_end_matches("/graphql"));
    let read = StackFile::read(&folder.join("stack.yaml"), |name| {
        (name == "GRAPHQL_URL").then(|| graphql.clone())
    })?;
    let function = read
        .functions
        .get(NAME)
        .context("the function in our stack file")?;
    ensure!(
        function.readonly_root_filesystem,
        "the stack file lets it write to its root"
    );
    let delivery = recorded("jira/moved")?.with("In Progress", "Deploying")?;
    let secrets = walk.home.join("secrets");
    std::fs::create_dir(&secrets)?;
    for secret in &function.secrets {
        let value = (secret == "jira-webhook-secret")
            .then(|| delivery.secret.clone())
            .flatten();
        std::fs::write(
            secrets.join(secret),
            value.with_context(|| format!("a value for {secret}"))?,
        )?;
    }
    let given = Given {
        environment: function.environment.clone(),
        secrets: Some(&secrets),
        host_network: true,
    };
    let container = Container::run(&function.image, given).await?;
    let deployed = json!({
        "url": container.url,
        "annotations": function.annotations,
        "labels": function.labels,
    });
    way.control
        .call(Method::PUT, &format!("/functions/{NAME}"), deployed)
        .await?;
    way.start_connector().await?;
    let sent = delivery.send(&way.urls.ingress).await?;
    let id = sent.correlation_id.as_str();
    let line = container
        .process
        .wait_for("that the deployment has started", IN_TIME, |line| {
            line.milestone() == Some("DEPLOYMENT_STARTED") && line.correlation_id() == Some(id)
        });
    line.await?;
    let deployments = way.deployments().await?;
    ensure!(
        deployments.len() == 1 && deployments[0]["correlationId"] == id,
        "the backend has {deployments:?}"
    );
    container.assert_confined()?;
    let status = container.stop().await?;
    ensure!(
        status.code() == Some(0),
        "after SIGTERM it ended with {status}"
    );
    way.stop().await?;
    Ok(told)
}
