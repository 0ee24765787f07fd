//! What is sent, and what is promised to become of it.

use std::time::{SystemTime, UNIX_EPOCH};

use harness::{Fate, Recorded, recorded};
use serde_json::{Value, json};

/// One delivery with its promise.
pub(crate) struct Case {
    pub(crate) delivery: Recorded,
    pub(crate) sender: &'static str,
    pub(crate) card: &'static str,
    pub(crate) moved: String,
    pub(crate) promise: Promise,
    /// How the backend is told to behave for its card.
    pub(crate) backend: Vec<Value>,
    /// Whether the demo prints the whole story of this one.
    pub(crate) tells_story: bool,
}

/// What is to become of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// Its card's deployment starts.
    Deployed,
    /// There is nothing to do, and it says so.
    NothingToDo,
    /// The function refuses it for good.
    Rejected,
    /// Every receive fails, and it ends in the dead-letter queue.
    DeadLettered,
}

impl Promise {
    pub(crate) fn fate(self) -> Fate {
        match self {
            Self::Deployed | Self::NothingToDo => Fate::Succeeded,
            Self::Rejected => Fate::Rejected,
            Self::DeadLettered => Fate::DeadLettered,
        }
    }
}

fn case(
    sender: &'static str,
    card: &'static str,
    moved: &str,
    promise: Promise,
    delivery: Recorded,
) -> Case {
    Case {
        delivery,
        sender,
        card,
        moved: moved.to_owned(),
        promise,
        backend: Vec::new(),
        tells_story: false,
    }
}

/// All of them. Deliveries that move a card to *Deploying* are recorded ones in which the sender
/// names that status, signed as the sender signs; the rest go out byte for byte as recorded.
pub(crate) fn all() -> anyhow::Result<Vec<Case>> {
    use Promise::{DeadLettered, Deployed, NothingToDo, Rejected};
    let jira = |card: &str| {
        recorded("jira/moved")?
            .with("In Progress", "Deploying")?
            .with("KAN-7", card)
    };
    let refused = Case {
        backend: vec![json!({
            "card": "KAN-13",
            "effect": {"refuse": "production is frozen until Monday 08:00"},
        })],
        tells_story: true,
        ..case(
            "Jira",
            "KAN-13",
            "To Do → Deploying",
            Rejected,
            jira("KAN-13")?,
        )
    };
    let shaky = Case {
        backend: vec![json!({"card": "BRD-9", "times": 2, "effect": {"status": 503}})],
        ..case(
            "Linear",
            "BRD-9",
            "→ Deploying",
            Deployed,
            linear()?.with("BRD-7", "BRD-9")?,
        )
    };
    let poison = Case {
        backend: vec![json!({
            "card": "card-13",
            "effect": {"errors": ["the deployment service has no such environment"]},
        })],
        ..case(
            "generic",
            "card-13",
            "To Do → Deploying",
            DeadLettered,
            generic()?.with("card-7", "card-13")?,
        )
    };
    Ok(vec![
        case(
            "Jira",
            "KAN-7",
            "To Do → Deploying",
            Deployed,
            jira("KAN-7")?,
        ),
        refused,
        case(
            "Trello",
            "678aeec9876f6a6edd13440d",
            "To Do → Deploying",
            Deployed,
            recorded("trello/moved")?.with("Done & dusted", "Deploying")?,
        ),
        shaky,
        case(
            "GitHub",
            "I_kwDOKx1y2z5000007",
            "Todo → Deploying",
            Deployed,
            recorded("github/moved")?.with("In Progress", "Deploying")?,
        ),
        case("Linear", "BRD-7", "→ Deploying", Deployed, linear()?),
        case(
            "Azure DevOps",
            "42",
            "New → Deploying",
            Deployed,
            recorded("azure_devops/moved")?.with("\"Active\"", "\"Deploying\"")?,
        ),
        case(
            "Asana",
            "1209000000000007",
            "→ section …0002",
            Deployed,
            recorded("asana/moved")?,
        ),
        case(
            "generic",
            "card-7",
            "To Do → Deploying",
            Deployed,
            generic()?,
        ),
        case(
            "Jira",
            "KAN-8",
            "In Review → Done",
            NothingToDo,
            recorded("jira/moved_among_several_changes")?,
        ),
        case(
            "Jira",
            "KAN-7",
            "a comment",
            NothingToDo,
            recorded("jira/commented")?,
        ),
        case(
            "Trello",
            "678aeec9876f6a6edd13440d",
            "moved in its list",
            NothingToDo,
            recorded("trello/moved_down_in_its_list")?,
        ),
        case(
            "GitHub",
            "I_kwDOKx1y2z5000008",
            "In Progress → Done 🎉",
            NothingToDo,
            recorded("github/moved_form_encoded")?,
        ),
        case(
            "GitHub",
            "I_kwDOKx1y2z5000007",
            "wrong signature",
            Rejected,
            recorded("github/moved")?.with_secret("not the secret")?,
        ),
        case(
            "GitLab",
            "7",
            "an unknown sender",
            Rejected,
            recorded("unknown/gitlab_label_changed")?,
        ),
        poison,
    ])
}

fn generic() -> anyhow::Result<Recorded> {
    recorded("generic/signed")?.with("In Progress", "Deploying")
}

/// Linear signs the time, and a delivery is good for a minute: it is sent as of now.
fn linear() -> anyhow::Result<Recorded> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    recorded("linear/moved")?
        .with("In Progress", "Deploying")?
        .with(
            "\"webhookTimestamp\":1741079723904",
            &format!("\"webhookTimestamp\":{now}"),
        )
}
