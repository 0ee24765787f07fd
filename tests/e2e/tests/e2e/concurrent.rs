//! Many at once, and none sees another's id.

use std::collections::BTreeMap;

use harness::{Options, Way};

use super::{all_deployed_once, card};

#[tokio::test]
async fn two_hundred_at_once_never_see_each_others_id() -> anyhow::Result<()> {
    let way = Way::start(Options::default()).await?;
    let cards: Vec<String> = (0..200).map(|n| format!("card-{n}-of-200")).collect();
    let mut sending = tokio::task::JoinSet::new();
    for (n, id) in cards.iter().enumerate() {
        let delivery = card(id)?;
        let ingress = way.urls.ingress.clone();
        sending.spawn(async move { (n, delivery.send(&ingress).await) });
    }
    let mut ids = vec![String::new(); cards.len()];
    while let Some(sent) = sending.join_next().await {
        let (n, sent) = sent?;
        ids[n] = sent?.correlation_id;
    }
    all_deployed_once(&way, &cards, &ids).await?;

    let id_of: BTreeMap<_, _> = cards.iter().zip(&ids).collect();
    let mut checked = 0;
    for process in [Some(&way.stack), way.function.as_ref()]
        .into_iter()
        .flatten()
    {
        for line in process.lines() {
            if let Some(card) = line.json["fields"]["card_id"].as_str() {
                let id = id_of[&card.to_owned()];
                assert_eq!(line.correlation_id(), Some(id.as_str()), "{}", line.text);
                checked += 1;
            }
        }
    }
    assert!(
        checked >= 3 * cards.len(),
        "only {checked} lines name a card"
    );
    way.stop().await
}
