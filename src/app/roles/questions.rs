//! Questions to the running rules: which are in force, and why one says nothing.
//!
//! The state of rules belongs to one thread and is never locked. So a question goes to that thread, which answers between
//! two batches of the log; a question wakes it when the log is quiet. Few may wait, and none waits for long.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;
use tokio::sync::oneshot;
use vigie_log::ring::Waker;
use vigie_model::doors::{DoorFuture, RuleInForce, RulesDoor, RulesError};
use vigie_model::principal::Principal;
use vigie_model::record::Record;
use vigie_rules::core::RuleCore;
use vigie_rules::spec::RuleSet;
use vigie_rules::why::WhyNot;

/// Questions that may wait for the rules at once.
const WAITING_MAX: usize = 16;

/// How long a question may wait: longer than the rules need for the largest batch.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// One question, and where its answer goes.
#[derive(Debug)]
enum Question {
    Rules(oneshot::Sender<Option<Arc<RuleSet>>>),
    WhyNot { rule: String, key: String, answer: oneshot::Sender<Result<WhyNot, RulesError>> },
}

/// Where questions are asked.
#[derive(Debug)]
pub struct Questions {
    centre: Arc<str>,
    asking: SyncSender<Question>,
    waker: Waker<Arc<Record>>,
}

/// Where the rules role finds them.
#[derive(Debug)]
pub struct Asked {
    questions: Receiver<Question>,
}

/// Both ends of the questions about the rules of a centre; `waker` wakes the role that answers.
#[must_use]
pub fn questions(centre: Arc<str>, waker: Waker<Arc<Record>>) -> (Questions, Asked) {
    let (asking, questions) = sync_channel(WAITING_MAX);
    (Questions { centre, asking, waker }, Asked { questions })
}

impl Asked {
    /// Answers what was asked by now, from the rules as they stand.
    pub fn answer(&self, core: &RuleCore) {
        for question in self.questions.try_iter().take(WAITING_MAX) {
            // Whoever asked may have gone.
            match question {
                Question::Rules(answer) => drop(answer.send(core.rules().cloned())),
                Question::WhyNot { rule, key, answer } => drop(answer.send(why_not(core, &rule, &key))),
            }
        }
    }
}

/// What the rules know, and whether anybody would be shown it.
fn why_not(core: &RuleCore, rule: &str, key: &str) -> Result<WhyNot, RulesError> {
    let mut answer = core.why_not(rule, key);
    let identity = core.rules().and_then(|rules| rules.identities().find(|own| *own.name == *rule));
    match identity {
        None => return Err(RulesError::Unknown(answer.text.join(" "))),
        Some(identity) if identity.shadow => {
            answer.text.push("The rule is in shadow: what it finds is recorded, and nobody is shown it.".to_owned());
        }
        Some(_) => {}
    }
    Ok(answer)
}

impl Questions {
    async fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<T>) -> Question) -> Result<T, RulesError> {
        let (sender, answer) = oneshot::channel();
        self.asking.try_send(question(sender)).map_err(|error| match error {
            TrySendError::Full(_) => RulesError::Busy,
            TrySendError::Disconnected(_) => RulesError::Closed,
        })?;
        self.waker.wake();
        match tokio::time::timeout(ANSWER_MAX, answer).await {
            Ok(answered) => answered.map_err(|_| RulesError::Closed),
            Err(_) => Err(RulesError::Busy),
        }
    }

    async fn in_force(&self, who: &Principal) -> Result<Vec<RuleInForce>, RulesError> {
        let rules = self.ask(Question::Rules).await?.filter(|_| *who.scope.centre == *self.centre);
        let listed = |rules: &RuleSet| {
            let rules = rules.identities().zip(rules.kinds());
            rules.map(|(identity, kind)| RuleInForce { identity: Arc::clone(identity), kind }).collect()
        };
        Ok(rules.as_deref().map_or_else(Vec::new, listed))
    }

    async fn why(&self, who: &Principal, rule: &str, key: &str) -> Result<String, RulesError> {
        let space = key.split('/').next().unwrap_or(key);
        if !who.scope.allows(&self.centre, space) {
            return Err(RulesError::Unknown(format!("nothing is known of '{space}'")));
        }
        let (rule, key) = (rule.to_owned(), key.to_owned());
        let why_not = self.ask(|answer| Question::WhyNot { rule, key, answer }).await??;
        Ok(serde_json::to_string(&why_not).expect("texts and numbers are always JSON"))
    }
}

impl RulesDoor for Questions {
    fn rules<'a>(&'a self, who: &'a Principal) -> DoorFuture<'a, Result<Vec<RuleInForce>, RulesError>> {
        Box::pin(self.in_force(who))
    }

    fn why_not<'a>(
        &'a self,
        who: &'a Principal,
        rule: &'a str,
        key: &'a str,
    ) -> DoorFuture<'a, Result<String, RulesError>> {
        Box::pin(self.why(who, rule, key))
    }
}
