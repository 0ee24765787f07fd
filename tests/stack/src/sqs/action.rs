//! The actions that are spoken.

use serde::{Deserialize, Serialize};

macro_rules! actions {
    ($($name:ident),+ $(,)?) => {
        /// An action of the service. Those that it has and this server does not are
        /// `UnsupportedOperation`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Action {
            $(
                #[doc = concat!("`", stringify!($name), "`")]
                $name,
            )+
        }

        impl Action {
            /// Every action, in alphabetical order.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its name in `X-Amz-Target`, behind `AmazonSQS.`
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }
        }
    };
}

actions! {
    CancelMessageMoveTask,
    ChangeMessageVisibility,
    ChangeMessageVisibilityBatch,
    CreateQueue,
    DeleteMessage,
    DeleteMessageBatch,
    DeleteQueue,
    GetQueueAttributes,
    GetQueueUrl,
    ListDeadLetterSourceQueues,
    ListMessageMoveTasks,
    ListQueues,
    PurgeQueue,
    ReceiveMessage,
    SendMessage,
    SendMessageBatch,
    SetQueueAttributes,
    StartMessageMoveTask,
}

/// Actions that the service has and this server does not: tags and permissions.
const UNSUPPORTED: [&str; 5] = [
    "AddPermission",
    "ListQueueTags",
    "RemovePermission",
    "TagQueue",
    "UntagQueue",
];

impl Action {
    /// The action of this name, or whether (`Err(true)`) the service has it all the same.
    pub(crate) fn named(name: &str) -> Result<Self, bool> {
        Self::ALL
            .iter()
            .find(|action| action.name() == name)
            .copied()
            .ok_or_else(|| UNSUPPORTED.contains(&name))
    }
}
