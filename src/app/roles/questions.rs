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

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{self, Context};
    use vigie_log::ring::{Reader, Writer, ring};
    use vigie_model::control::{Control, SourceFile};
    use vigie_model::principal::SpaceScope;
    use vigie_model::record::Payload;

    const RULES: &str = "\
groups:
- name: a
  rules:
  - {alert: Silent, kind: absence, metric: heartbeat, for: 30s}
  - {alert: Trial, kind: absence, metric: heartbeat, for: 30s, shadow: true}
";

    type Ends = (Questions, Asked, Writer<Arc<Record>>, Reader<Arc<Record>>);

    fn ends() -> Ends {
        let (writer, mut readers) = ring(8, |_: &Arc<Record>| 1, 1);
        let reader = readers.remove(0);
        let (questions, asked) = questions("melbourne".into(), reader.waker());
        (questions, asked, writer, reader)
    }

    /// Answers from another thread until the log ends, as the role does.
    fn answered<T>(ask: impl AsyncFnOnce(&Questions) -> T) -> T {
        let rules = vec![SourceFile { path: "rules.yaml".into(), text: RULES.into() }];
        let control = Control {
            centre: "melbourne".into(),
            time_zone: "UTC".into(),
            tick_ms: 1_000,
            rules,
            ..Control::default()
        };
        let mut core = RuleCore::new(4);
        let record = Record { sequence: 0, log_time_ms: 0, payload: Payload::Control(Arc::new(control)) };
        core.step(&record, &mut Vec::new()).unwrap();
        let (questions, asked, writer, mut reader) = ends();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                while reader.take(&mut Vec::new()) {
                    asked.answer(&core);
                }
            });
            let answer = runtime().block_on(ask(&questions));
            drop(writer);
            answer
        })
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    #[test]
    fn a_quiet_log_does_not_keep_a_question_waiting() {
        let who = Principal::local("melbourne");
        let rules = answered(async |questions| questions.in_force(&who).await).unwrap();
        let names: Vec<_> = rules.iter().map(|rule| (&*rule.identity.name, rule.kind)).collect();
        assert_eq!(names, [("Silent", "absence"), ("Trial", "absence")]);
        let why = answered(async |questions| questions.why(&who, "Trial", "town-hall/s1").await).unwrap();
        assert!(why.contains("has come for town-hall/s1") && why.contains("is in shadow"), "{why}");
        let unknown = answered(async |questions| questions.why(&who, "Silnt", "town-hall").await).unwrap_err();
        assert_eq!(unknown.to_string(), "There is no rule 'Silnt'; did you mean 'Silent'?");
    }

    #[test]
    fn another_centre_sees_no_rules_and_a_partner_only_its_spaces() {
        let stranger = Principal::local("dublin");
        assert!(answered(async |questions| questions.in_force(&stranger).await).unwrap().is_empty());
        let mut partner = Principal::local("melbourne");
        partner.scope.spaces = SpaceScope::Only(["town-hall".into()].into());
        for (who, key) in [(&stranger, "town-hall/s1"), (&partner, "birrarung-marr/s1")] {
            let why = answered(async |questions| questions.why(who, "Silent", key).await);
            assert!(matches!(why, Err(RulesError::Unknown(_))), "{why:?}");
        }
        assert!(answered(async |questions| questions.why(&partner, "Silent", "town-hall/s1").await).is_ok());
    }

    #[test]
    fn questions_that_wait_are_bounded_and_end_with_the_role() {
        let (questions, asked, _writer, _reader) = ends();
        let who = Principal::local("melbourne");
        runtime().block_on(async {
            let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| Box::pin(questions.in_force(&who))).collect();
            for question in &mut waiting {
                assert!(question.as_mut().poll(&mut Context::from_waker(task::Waker::noop())).is_pending());
            }
            assert_eq!(questions.in_force(&who).await.unwrap_err(), RulesError::Busy);
            drop(asked);
            for question in waiting {
                assert_eq!(question.await.unwrap_err(), RulesError::Closed);
            }
            assert_eq!(questions.in_force(&who).await.unwrap_err(), RulesError::Closed);
        });
    }
}
