//! The gateway's faults: what can be switched on, and where it acts. Pure.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::effect::{RawEffect, Then};

/// A fault as it is asked for. Without a function or a route it is the whole gateway's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFault {
    function: Option<String>,
    route: Option<Route>,
    times: Option<NonZeroU32>,
    effect: RawEffect,
}

/// A part of the gateway that a fault can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) enum Route {
    #[serde(rename = "*")]
    All,
    #[serde(rename = "system/functions")]
    Functions,
    #[serde(rename = "system/namespaces")]
    Namespaces,
    #[serde(rename = "async-function")]
    Async,
    #[serde(rename = "healthz")]
    Health,
    /// What the queue worker posts to the caller.
    #[serde(rename = "callback")]
    Callback,
}

/// Where a request is when it is asked whether a fault acts on it.
#[derive(Clone, Copy)]
pub(super) enum Site<'a> {
    Function { name: &'a str, namespace: &'a str },
    Route(Route),
}

/// A fault that is switched on.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Fault {
    #[serde(flatten)]
    target: Target,
    effect: RawEffect,
    #[serde(skip)]
    pub(super) delay: Duration,
    #[serde(skip)]
    pub(super) then: Then,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Target {
    Function(String),
    Route(Route),
}

impl RawFault {
    /// The fault, and how often it acts.
    ///
    /// # Errors
    /// A sentence that names what does not fit.
    pub(super) fn check(self) -> Result<(Fault, Option<NonZeroU32>), String> {
        let target = match (self.function, self.route) {
            (Some(function), None) => Target::Function(function),
            (None, route) => Target::Route(route.unwrap_or(Route::All)),
            (Some(_), Some(_)) => return Err("give function or route, not both".into()),
        };
        let then = self.effect.then()?;
        let (fits, where_it_does) = match (&then, &target) {
            (Then::Down, Target::Route(Route::All)) => (self.times.is_none(), "without times"),
            (Then::Down, _) => (false, "with \"route\":\"*\""),
            (Then::Garbage | Then::RefuseAuth, Target::Route(route)) => (
                matches!(route, Route::Functions | Route::Namespaces),
                "with a system route",
            ),
            (Then::Garbage | Then::RefuseAuth, _) => (false, "with a system route"),
            (Then::DropAnswer, Target::Route(_)) => (false, "with a function"),
            (Then::Pass | Then::Drop | Then::Twice, Target::Route(Route::Callback)) => (true, ""),
            (_, Target::Route(Route::Callback)) => (false, "with another route"),
            (Then::Twice, _) => (false, "with \"route\":\"callback\""),
            _ => (true, ""),
        };
        if !fits {
            return Err(format!(
                "effect: {} goes only {where_it_does}",
                self.effect.names().join(" and ")
            ));
        }
        let fault = Fault {
            delay: self.effect.delay(),
            target,
            effect: self.effect,
            then,
        };
        Ok((fault, self.times))
    }
}

impl Fault {
    pub(super) fn fits(&self, site: Site<'_>) -> bool {
        if matches!(self.then, Then::Down) {
            return false; // acts on connections, not on requests
        }
        match (&self.target, site) {
            // What the gateway sends is no request to it.
            (Target::Route(Route::All), Site::Route(Route::Callback)) => false,
            (Target::Route(Route::All), _) => true,
            (Target::Route(route), Site::Route(here)) => *route == here,
            (Target::Function(wanted), Site::Function { name, namespace }) => {
                let full = || wanted.split_once('.') == Some((name, namespace));
                wanted == "*" || wanted == name || full()
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(fault: serde_json::Value) -> Result<Fault, String> {
        let raw: RawFault = serde_json::from_value(fault).map_err(|error| error.to_string())?;
        raw.check().map(|(fault, _)| fault)
    }

    #[test]
    fn a_fault_acts_where_it_was_told_to_and_nowhere_else() {
        let pay = Site::Function {
            name: "pay",
            namespace: "openfaas-fn",
        };
        let fits = |target: serde_json::Value, site| {
            let mut fault = target;
            fault["effect"] = json!({"drop": true});
            check(fault).unwrap().fits(site)
        };
        assert!(fits(json!({"function": "pay"}), pay));
        assert!(fits(json!({"function": "pay.openfaas-fn"}), pay));
        assert!(fits(json!({"function": "*"}), pay));
        assert!(fits(json!({"route": "*"}), pay));
        assert!(fits(json!({}), pay));
        assert!(!fits(json!({"function": "pay.staging"}), pay));
        assert!(!fits(json!({"function": "other"}), pay));
        assert!(!fits(json!({"route": "healthz"}), pay));
        assert!(fits(
            json!({"route": "healthz"}),
            Site::Route(Route::Health)
        ));
        assert!(!fits(json!({"function": "*"}), Site::Route(Route::Health)));
        let callback = Site::Route(Route::Callback);
        assert!(fits(json!({"route": "callback"}), callback));
        assert!(!fits(json!({"route": "*"}), callback), "nobody asks for it");
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_a_sentence() {
        for (fault, says) in [
            (
                json!({"function": "x", "route": "*", "effect": {"drop": true}}),
                "not both",
            ),
            (json!({"function": "x", "effect": {}}), "at most one of"),
            (
                json!({"function": "x", "effect": {"drop": true, "status": 500}}),
                "at most one of",
            ),
            (
                json!({"function": "x", "effect": {"body": "b"}}),
                "need a status",
            ),
            (
                json!({"function": "x", "effect": {"status": 42}}),
                "effect.status = 42",
            ),
            (
                json!({"function": "x", "effect": {"status": 500, "headers": {"a b": "c"}}}),
                "is no header",
            ),
            (
                json!({"function": "x", "effect": {"down": true}}),
                "down goes only with \"route\":\"*\"",
            ),
            (
                json!({"route": "*", "times": 2, "effect": {"down": true}}),
                "without times",
            ),
            (
                json!({"function": "x", "effect": {"garbage": true}}),
                "with a system route",
            ),
            (
                json!({"route": "healthz", "effect": {"drop_answer": true}}),
                "with a function",
            ),
            (
                json!({"route": "callback", "effect": {"status": 500}}),
                "status goes only with another route",
            ),
            (
                json!({"function": "x", "effect": {"twice": true}}),
                "twice goes only with \"route\":\"callback\"",
            ),
            (
                json!({"function": "x", "efect": {}}),
                "unknown field `efect`",
            ),
            (
                json!({"function": "x", "effect": {"stats": 500}}),
                "unknown field `stats`",
            ),
            (
                json!({"route": "system/secrets", "effect": {"drop": true}}),
                "unknown variant",
            ),
            (
                json!({"function": "x", "times": 0, "effect": {"drop": true}}),
                "nonzero",
            ),
        ] {
            let refused = check(fault.clone()).unwrap_err();
            assert!(refused.contains(says), "{fault}: {refused}");
        }
    }

    #[test]
    fn a_fault_that_is_on_reads_as_it_was_asked_for() {
        let asked =
            json!({"function": "x", "effect": {"status": 503, "headers": {"Retry-After": "1"}}});
        assert_eq!(
            serde_json::to_value(check(asked.clone()).unwrap()).unwrap(),
            asked
        );
    }
}
