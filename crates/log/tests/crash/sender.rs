//! The sender, outside the log: what it sent, what it was answered, and what it sends again.

use crate::facts::{Fact, Kind, command};
use crate::rng::Rng;
use std::collections::{BTreeMap, BTreeSet};
use vigie_model::command::Command;

/// Facts and commands of one request at most.
const REQUEST_FACTS_MAX: usize = 6;
/// Unanswered facts that are sent again in one request at most.
const RESENT_MAX: usize = 12;

/// What a sender knows of one fact or command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Answer {
    /// Never sent.
    Unsent,
    /// Sent, but never answered: it may be in the log or not.
    None,
    /// Answered: it is in the log for ever.
    Acknowledged,
}

/// What is sent at once.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    /// Marks of facts; a mark can stand in it twice.
    Facts(Vec<usize>),
    /// Mark of a command.
    Command(usize),
}

/// A sender with a memory of its own.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    rng: Rng,
    facts: Vec<Fact>,
    answers: Vec<Answer>,
    commands: Vec<Answer>,
    next_seq: BTreeMap<(&'static str, Option<String>), i64>,
    identities: BTreeSet<String>,
    /// Facts from this mark on were drawn since the log was last opened.
    first_of_life: usize,
}

impl Sender {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::new(seed),
            facts: Vec::new(),
            answers: Vec::new(),
            commands: Vec::new(),
            next_seq: BTreeMap::new(),
            identities: BTreeSet::new(),
            first_of_life: 0,
        }
    }

    pub(crate) fn facts(&self) -> &[Fact] {
        &self.facts
    }

    pub(crate) fn fact(&self, mark: usize) -> &Fact {
        &self.facts[mark]
    }

    /// What is known of the fact with a mark.
    pub(crate) fn answer(&self, mark: usize) -> Answer {
        self.answers.get(mark).copied().unwrap_or(Answer::Unsent)
    }

    /// What is known of each command, by mark.
    pub(crate) fn commands(&self) -> &[Answer] {
        &self.commands
    }

    /// Requests that are made durable together: new facts, facts sent before, in one request or in several, and
    /// commands.
    pub(crate) fn group(&mut self) -> Vec<Request> {
        (0..1 + self.rng.below(3)).map(|_| self.request()).collect()
    }

    /// One request of a group.
    fn request(&mut self) -> Request {
        if self.rng.chance(1, 8) {
            return self.new_command();
        }
        let mut marks: Vec<_> = self.to_resend().into_iter().take(RESENT_MAX).collect();
        for _ in 0..self.rng.below(REQUEST_FACTS_MAX + 1) {
            marks.push(self.new_fact());
        }
        for _ in 0..self.rng.below(4) {
            let mark = self.rng.below(self.facts.len());
            if self.facts.get(mark).is_some_and(|fact| self.may_resend(fact)) {
                marks.push(mark);
            }
        }
        for last in (1..marks.len()).rev() {
            marks.swap(last, self.rng.below(last + 1));
        }
        Request::Facts(marks)
    }

    /// Sent without an answer, and safe to send again.
    pub(crate) fn to_resend(&self) -> Vec<usize> {
        let unanswered = |fact: &&Fact| self.answers[fact.mark] == Answer::None && self.may_resend(fact);
        self.facts.iter().filter(unanswered).map(|fact| fact.mark).collect()
    }

    /// Notes that the log was damaged: no answer so far counts any more.
    pub(crate) fn doubt_all(&mut self) {
        self.answers.iter_mut().chain(&mut self.commands).for_each(|answer| *answer = Answer::None.min(*answer));
    }

    /// Notes that the log was opened again.
    pub(crate) fn restart(&mut self) {
        self.first_of_life = self.facts.len();
    }

    /// Whether the log promises to find a fact again.
    fn may_resend(&self, fact: &Fact) -> bool {
        let is_of_this_life = fact.mark >= self.first_of_life;
        fact.kind.is_known_after_restart() || is_of_this_life && fact.kind.has_identity()
    }

    /// Draws a fact whose identity no other fact has.
    pub(crate) fn new_fact(&mut self) -> usize {
        let kind = Kind::ALL[self.rng.below(Kind::ALL.len())];
        self.new_fact_of(kind)
    }

    /// As [`Self::new_fact`], of a kind.
    pub(crate) fn new_fact_of(&mut self, kind: Kind) -> usize {
        let fact = Fact::draw(self.facts.len(), kind, &mut self.rng);
        self.enter(fact)
    }

    /// Another fact with the names of one sent before.
    pub(crate) fn twin_of(&mut self, mark: usize) -> usize {
        let twin = Fact { mark: self.facts.len(), id: None, seq: None, ..self.facts[mark].clone() };
        self.enter(twin)
    }

    /// Gives a fact its id or number, and knows it from now on.
    fn enter(&mut self, mut fact: Fact) -> usize {
        let (mark, rng) = (fact.mark, &mut self.rng);
        match fact.kind {
            Kind::ObservationWithSeq => {
                let next = self.next_seq.entry((fact.feed, fact.node.clone())).or_insert(rng.below(3) as i64);
                // Steps leave holes, in which no fact may be thought to have been.
                *next += 1 + rng.below(3) as i64;
                fact.seq = Some(*next);
            }
            Kind::ObservationWithId | Kind::IncidentWithId | Kind::PerceptionWithId => {
                fact.id = Some(rng.below(8).to_string());
                if self.identities.contains(&fact.identity()) {
                    fact.id = Some(format!("id-{mark}"));
                }
            }
            _ => {}
        }
        assert!(self.identities.insert(fact.identity()), "the sender made two facts alike: {fact:?}");
        self.facts.push(fact);
        self.answers.push(Answer::Unsent);
        mark
    }

    /// How many of these facts can be new to the log at most, and how many must be duplicates at least.
    pub(crate) fn expected_duplicates(&self, marks: &[usize]) -> (u64, u64) {
        let different: BTreeSet<_> = marks.iter().collect();
        let known = different.iter().filter(|mark| self.answers[***mark] == Answer::Acknowledged).count();
        let new_max = (different.len() - known) as u64;
        (new_max, marks.len() as u64 - new_max)
    }

    /// A command nobody has sent yet.
    pub(crate) fn new_command(&mut self) -> Request {
        self.commands.push(Answer::Unsent);
        Request::Command(self.commands.len() - 1)
    }

    /// The command with a mark.
    pub(crate) fn command(&self, mark: usize) -> Command {
        command(mark)
    }

    /// Notes that a request goes out.
    pub(crate) fn send(&mut self, request: &Request) {
        self.note(request, Answer::None);
    }

    /// Notes that a request was answered.
    pub(crate) fn acknowledge(&mut self, request: &Request) {
        self.note(request, Answer::Acknowledged);
    }

    fn note(&mut self, request: &Request, answer: Answer) {
        match request {
            Request::Facts(marks) => {
                marks.iter().for_each(|mark| self.answers[*mark] = self.answers[*mark].max(answer));
            }
            Request::Command(mark) => self.commands[*mark] = self.commands[*mark].max(answer),
        }
    }
}
