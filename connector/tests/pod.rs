//! Credentials as a pod on EKS gets them: IRSA and Pod Identity, with tokens that are rotated.

use std::time::Duration;

use crate::fakes::gateway::Answer;
use crate::fakes::issuer::Issuer;
use crate::process::Running;
use crate::world::{QUEUE, World, until};

const ROLE: &str = "arn:aws:iam::000000000000:role/connector";

async fn world() -> World {
    let world = World::new().await;
    world
        .gateway
        .function("f", QUEUE, |_, _| Answer::of_function(200));
    world
}

/// Delivers one message, rotates the token, waits for new keys and delivers another one.
async fn deliver_before_and_after_rotation(world: &World, issuer: &Issuer, rotate: impl FnOnce()) {
    let id = world.sqs.send(QUEUE, "{}");
    until("the first is delivered", || {
        world.sqs.state().deleted.contains(&id)
    })
    .await;
    rotate();
    let before = issuer.state().issued.clone();
    until("the keys are renewed", || {
        issuer.state().issued.len() > before.len()
    })
    .await;
    world.sqs.state().expired.extend(before);
    let id = world.sqs.send(QUEUE, "{}");
    until("the second is delivered", || {
        world.sqs.state().deleted.contains(&id)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn irsa_gives_credentials_and_a_rotated_token_is_read_anew() {
    let world = world().await;
    let (issuer, sts) = Issuer::start().await;
    issuer.state().roles.insert(ROLE.into(), None);
    issuer.state().lifetime = Duration::from_secs(3);
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "first-token").unwrap();
    let env = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()),
        ("AWS_ROLE_ARN", ROLE),
        ("AWS_ENDPOINT_URL_STS", &sts),
        ("AWS_REGION", "eu-west-1"),
    ];
    let running = Running::start_with(&world.flags(&[]), &env);
    let rotate = || std::fs::write(&token, "second-token").unwrap();
    deliver_before_and_after_rotation(&world, &issuer, rotate).await;
    let (code, lines) = tokio::task::block_in_place(|| running.terminate());
    assert_eq!(code, Some(0));
    let asked = issuer.state().asked.clone();
    assert!(
        asked
            .iter()
            .all(|asked| asked["Action"] == "AssumeRoleWithWebIdentity")
    );
    assert_eq!(asked[0]["WebIdentityToken"], "first-token");
    assert_eq!(asked.last().unwrap()["WebIdentityToken"], "second-token");
    let text = lines.join("\n");
    assert!(
        !text.contains("first-token") && !text.contains("second-token"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pod_identity_gives_credentials_and_a_rotated_token_is_read_anew() {
    let world = world().await;
    let (issuer, agent) = Issuer::start().await;
    issuer.state().lifetime = Duration::from_secs(3);
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "first-token").unwrap();
    let agent = format!("{agent}/agent");
    let env = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.as_str()),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            token.to_str().unwrap(),
        ),
    ];
    let running = Running::start_with(&world.flags(&[]), &env);
    let rotate = || std::fs::write(&token, "second-token").unwrap();
    deliver_before_and_after_rotation(&world, &issuer, rotate).await;
    let (code, _) = tokio::task::block_in_place(|| running.terminate());
    assert_eq!(code, Some(0));
    let asked = issuer.state().asked.clone();
    assert_eq!(asked[0]["token"], "first-token");
    assert_eq!(asked.last().unwrap()["token"], "second-token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_in_a_mounted_file_that_changed_are_read_anew_when_sqs_refuses_the_old_ones() {
    let world = world().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("aws-sqs-credentials");
    let keys = |id: &str| {
        let text = format!("[default]\naws_access_key_id={id}\naws_secret_access_key=hunter2\n");
        std::fs::write(&file, text).unwrap();
    };
    keys("AKIAOLD");
    let env = [("AWS_SHARED_CREDENTIALS_FILE", file.to_str().unwrap())];
    let running = Running::start_with(&world.flags(&[]), &env);
    let id = world.sqs.send(QUEUE, "{}");
    until("the first is delivered", || {
        world.sqs.state().deleted.contains(&id)
    })
    .await;
    keys("AKIANEW");
    world.sqs.state().expired.insert("AKIAOLD".into());
    let id = world.sqs.send(QUEUE, "{}");
    until("the second is delivered", || {
        world.sqs.state().deleted.contains(&id)
    })
    .await;
    let (code, lines) = tokio::task::block_in_place(|| running.terminate());
    assert_eq!(code, Some(0));
    let text = lines.join("\n");
    assert!(
        text.contains("AWS refused the credentials before their time"),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_credentials_a_line_says_what_to_give_and_the_process_lives() {
    let world = world().await;
    let env = [("AWS_EC2_METADATA_DISABLED", "true")];
    let running = Running::start_with(&world.flags(&[]), &env);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (code, lines) = tokio::task::block_in_place(|| running.terminate());
    assert_eq!(code, Some(0));
    let said: Vec<&String> = (lines.iter())
        .filter(|line| line.contains("credentials could not be fetched"))
        .collect();
    assert_eq!(said.len(), 1, "{lines:#?}");
    assert!(
        said[0].contains("service account with a role"),
        "{}",
        said[0]
    );
}
