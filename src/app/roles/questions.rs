//! Questions to the running rules: which are in force, and why one says nothing.
//!
//! The state of rules belongs to the threads that judge and is never locked. So a question goes to them: about a key to all
//! workers and to the merger, about what is in force to the merger alone. They answer between two batches of the log; a question
//! wakes them when the log is quiet. Few may wait, and none waits for long.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;
use vigie_log::ring::Waker;
use vigie_model::doors::{DoorFuture, RuleInForce, RulesDoor, RulesError};
use vigie_model::principal::Principal;
use vigie_model::record::Record;
use vigie_rules::merger::Merger;
use vigie_rules::partition_set::PartitionSet;
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
    WhyNot { rule: String, key: String, answer: oneshot::Sender<Option<Result<WhyNot, RulesError>>> },
}

/// Rules with their state, or a part of them, as they can be asked.
pub trait Answers {
    /// The rules in force; `None` before the first control record.
    fn rules(&self) -> Option<&Arc<RuleSet>>;

    /// Why a rule has no open episode on a key now; `None` when another part may know.
    fn why_not(&self, rule: &str, key: &str) -> Option<WhyNot>;
}

impl Answers for PartitionSet {
    fn rules(&self) -> Option<&Arc<RuleSet>> {
        Self::rules(self)
    }

    fn why_not(&self, rule: &str, key: &str) -> Option<WhyNot> {
        Self::why_not(self, rule, key)
    }
}

impl Answers for Merger {
    fn rules(&self) -> Option<&Arc<RuleSet>> {
        Self::rules(self)
    }

    fn why_not(&self, rule: &str, key: &str) -> Option<WhyNot> {
        Some(Self::why_not(self, rule, key))
    }
}

/// Where questions are asked.
#[derive(Debug)]
pub struct Questions {
    centre: Arc<str>,
    /// Those who judge a part of the partitions each.
    workers: Vec<Asking>,
    /// Who looks over all of them.
    merger: Asking,
}

/// Where one of those who judge is asked.
#[derive(Debug)]
struct Asking {
    questions: SyncSender<Question>,
    waker: Waker<Arc<Record>>,
}

/// Where one of those who judge finds what is asked.
#[derive(Debug)]
pub struct Asked {
    questions: Receiver<Question>,
}

/// Both ends of the questions about the rules of a centre; wakers wake those who answer. The ends of the workers, in their
/// order, and of the merger are given back with where questions are asked.
#[must_use]
pub fn questions(
    centre: Arc<str>,
    workers: Vec<Waker<Arc<Record>>>,
    merger: Waker<Arc<Record>>,
) -> (Questions, Vec<Asked>, Asked) {
    let ends = |waker| {
        let (questions, asked) = sync_channel(WAITING_MAX);
        (Asking { questions, waker }, Asked { questions: asked })
    };
    let (workers, of_workers) = workers.into_iter().map(ends).unzip();
    let (merger, of_merger) = ends(merger);
    (Questions { centre, workers, merger }, of_workers, of_merger)
}

impl Asked {
    /// Answers what was asked by now, from the rules as they stand.
    pub fn answer(&self, of: &impl Answers) {
        for question in self.questions.try_iter().take(WAITING_MAX) {
            // Whoever asked may have gone.
            match question {
                Question::Rules(answer) => drop(answer.send(of.rules().cloned())),
                Question::WhyNot { rule, key, answer } => drop(answer.send(why_not(of, &rule, &key))),
            }
        }
    }
}

/// What the rules know, and whether anybody would be shown it.
fn why_not(of: &impl Answers, rule: &str, key: &str) -> Option<Result<WhyNot, RulesError>> {
    let mut answer = of.why_not(rule, key)?;
    let identity = of.rules().and_then(|rules| rules.identities().find(|own| *own.name == *rule));
    Some(match identity {
        None => Err(RulesError::Unknown(answer.text.join(" "))),
        Some(identity) => {
            if identity.shadow {
                let text = "The rule is in shadow: what it finds is recorded, and nobody is shown it.";
                answer.text.push(text.to_owned());
            }
            Ok(answer)
        }
    })
}

impl Asking {
    fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<T>) -> Question) -> Result<Answer<T>, RulesError> {
        let (sender, answer) = oneshot::channel();
        self.questions.try_send(question(sender)).map_err(|error| match error {
            TrySendError::Full(_) => RulesError::Busy,
            TrySendError::Disconnected(_) => RulesError::Closed,
        })?;
        self.waker.wake();
        Ok(answer)
    }
}

/// What will be answered.
type Answer<T> = oneshot::Receiver<T>;

/// Waits for an answer, until `deadline`.
async fn answered<T>(answer: Answer<T>, deadline: Instant) -> Result<T, RulesError> {
    match tokio::time::timeout_at(deadline, answer).await {
        Ok(answered) => answered.map_err(|_| RulesError::Closed),
        Err(_) => Err(RulesError::Busy),
    }
}

impl Questions {
    async fn in_force(&self, who: &Principal) -> Result<Vec<RuleInForce>, RulesError> {
        let rules = answered(self.merger.ask(Question::Rules)?, Instant::now() + ANSWER_MAX).await?;
        let rules = rules.filter(|_| *who.scope.centre == *self.centre);
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
        // All at once: one of the workers has the key's state, or none, and the merger always knows something.
        let question = |answer| Question::WhyNot { rule: rule.to_owned(), key: key.to_owned(), answer };
        let asked: Result<Vec<_>, _> = self.workers.iter().chain([&self.merger]).map(|one| one.ask(question)).collect();
        let deadline = Instant::now() + ANSWER_MAX;
        for answer in asked? {
            if let Some(why_not) = answered(answer, deadline).await? {
                return Ok(serde_json::to_string(&why_not?).expect("texts and numbers are always JSON"));
            }
        }
        Err(RulesError::Closed)
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
    use vigie_model::space::{Sensor, Space};
    use vigie_rules::load::rules_of;
    use vigie_rules::partition_set::Share;

    const RULES: &str = "\
groups:
- name: a
  rules:
  - {alert: Silent, kind: absence, metric: heartbeat, for: 30s}
  - {alert: Trial, kind: absence, metric: heartbeat, for: 30s, shadow: true}
";

    /// How many judge the partitions.
    const WORKERS: u16 = 2;
    const PARTITIONS: u16 = 4;

    fn control() -> Control {
        let sensor = Sensor { id: "s1".into(), metric: "heartbeat".into(), expected: true };
        let spaces = vec![
            Space::registered("town-hall"),
            Space { sensors: vec![sensor], ..Space::registered("birrarung-marr") },
        ];
        Control {
            centre: "melbourne".into(),
            time_zone: "UTC".into(),
            tick_ms: 1_000,
            rules: vec![SourceFile { path: "rules.yaml".into(), text: RULES.into() }],
            spaces: Arc::new(spaces),
            ..Control::default()
        }
    }

    struct Ends {
        questions: Questions,
        workers: Vec<Asked>,
        merger: Asked,
        writer: Writer<Arc<Record>>,
        readers: Vec<Reader<Arc<Record>>>,
    }

    fn ends() -> Ends {
        let (writer, readers) = ring(8, |_: &Arc<Record>| 1, 1 + usize::from(WORKERS));
        let mut wakers: Vec<_> = readers.iter().map(Reader::waker).collect();
        let merger = wakers.pop().unwrap();
        let (questions, workers, merger) = questions("melbourne".into(), wakers, merger);
        Ends { questions, workers, merger, writer, readers }
    }

    /// Answers until the log ends, as whoever judges does.
    fn answer(mut reader: Reader<Arc<Record>>, asked: &Asked, of: &impl Answers) {
        while reader.take(&mut Vec::new()) {
            asked.answer(of);
        }
    }

    /// Answers from other threads.
    fn answered<T>(ask: impl AsyncFnOnce(&Questions) -> T) -> T {
        let record = |sequence, payload| Record { sequence, log_time_ms: 0, payload };
        let log = [record(0, Payload::Control(Arc::new(control()))), record(1, Payload::IntakeUp)];
        let Ends { questions, workers, merger: asked, writer, mut readers } = ends();
        let mut merger = Merger::new(PARTITIONS);
        let rules: Vec<_> = log.iter().map(|record| rules_of(record).unwrap()).collect();
        let log = || log.iter().zip(&rules);
        log().for_each(|(record, rules)| merger.step(record, rules.as_ref(), 0, &mut Vec::new()));
        std::thread::scope(|scope| {
            let reader = readers.pop().unwrap();
            scope.spawn(move || answer(reader, &asked, &merger));
            for ((asked, reader), worker) in workers.into_iter().zip(readers).zip(0..) {
                let mut engines = PartitionSet::new(Share { worker, workers: WORKERS }, PARTITIONS);
                log().for_each(|(record, rules)| engines.step(record, rules.as_ref(), &mut Vec::new()));
                scope.spawn(move || answer(reader, &asked, &engines));
            }
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
        let why = answered(async |questions| questions.why(&who, "Trial", "birrarung-marr/s1").await).unwrap();
        assert!(why.contains("Nothing has arrived yet") && why.contains("is in shadow"), "a worker knows: {why}");
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
        let Ends { questions, merger: asked, writer: _writer, readers: _readers, workers } = ends();
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
            drop(workers);
            let why = questions.why(&who, "Silent", "town-hall/s1").await;
            assert_eq!(why.unwrap_err(), RulesError::Closed);
        });
    }
}
