//! R1 to R8 and copies of R1: the rules, and the baselines that judge the same.
//!
//! A baseline has its own copy of the rules' limits and delays: if one of them were wrong, their lines would differ.

use crate::contender::{ByHand, Contender, InTurn, Judge, Keeping, LineOf};
use crate::lane::{Kernel, Lane};
use crate::sequence::Sequence;
use crate::silence::Silence;
use crate::thresholds::{CacheLine, Thresholds};
use crate::votes::Votes;
use crate::windows::{Change, Mean, Windows};
use std::fmt::Write;
use std::marker::PhantomData;
use std::sync::Arc;
use vigie::spacebench::names::{self, METRICS};
use vigie::spacebench::rules;
use vigie_model::control::{Control, SourceFile};
use vigie_model::space::Space;
use vigie_rules::engine::{Engine, Input};
use vigie_rules::load::load;
use vigie_rules::spec::RuleSet;

const UNIT: i64 = 1_000_000;
const MINUTE_MS: u32 = 60_000;
const STALE_AFTER_MS: u32 = 5 * MINUTE_MS;
/// Districts of the thousand copies, of which each has ten rules.
const DISTRICTS: u32 = 100;
/// Limits of copies lie higher by this in every further district.
const PER_DISTRICT: i64 = UNIT / 10;

/// One kind of rule as the scenarios have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Threshold,
    FiveThresholds,
    Mean,
    Absence,
    Change,
    Sequence,
    KOfN,
    /// Ten copies of the threshold in each of so many districts.
    Copies(u32),
}

use Family::{
    Absence, Change as Changes, Copies, FiveThresholds, KOfN, Mean as Means, Sequence as Sequences, Threshold,
};

/// What is measured under one name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Sensors of each (space, metric).
    pub(crate) sensors: u32,
    families: &'static [Family],
}

/// All of them.
pub(crate) const SCENARIOS: [Scenario; 10] = [
    Scenario { name: "R1", sensors: 1, families: &[Threshold] },
    Scenario { name: "R2", sensors: 1, families: &[FiveThresholds] },
    Scenario { name: "R3", sensors: 1, families: &[Means] },
    Scenario { name: "R4", sensors: 1, families: &[Absence] },
    Scenario { name: "R5", sensors: 1, families: &[Changes] },
    Scenario { name: "R6", sensors: 1, families: &[Sequences] },
    Scenario { name: "R7", sensors: 6, families: &[KOfN] },
    Scenario {
        name: "R8",
        sensors: 1,
        families: &[Threshold, FiveThresholds, Means, Absence, Changes, Sequences, KOfN],
    },
    Scenario { name: "R1x10", sensors: 1, families: &[Copies(1)] },
    Scenario { name: "R1x1000", sensors: 1, families: &[Copies(DISTRICTS)] },
];

impl Family {
    /// Its rules; the copies are made by [`copies`].
    const fn rules(self) -> &'static str {
        match self {
            Threshold => rules::R1,
            FiveThresholds => rules::R2,
            Means => rules::R3,
            Absence => rules::R4,
            Changes => rules::R5,
            Sequences => rules::R6,
            KOfN => rules::R7,
            Copies(_) => "",
        }
    }

    /// The rules' names in the order of [`LineOf`].
    fn names(self) -> Vec<String> {
        let levels: &[&str] = match self {
            Threshold => &["R1_"],
            FiveThresholds => &["R2a_", "R2b_", "R2c_", "R2d_", "R2e_"],
            Means => &["R3_"],
            Absence => &["R4_"],
            Changes => &["R5_"],
            Sequences => return vec!["R6".to_owned()],
            KOfN => &["R7_"],
            Copies(districts) => {
                let all = (0..districts).flat_map(|district| (0..COPIES).map(move |copy| (district, copy)));
                return all.flat_map(|(district, copy)| METRICS.map(|m| copy_name(district, copy, m))).collect();
            }
        };
        levels.iter().flat_map(|level| METRICS.map(|metric| format!("{level}{metric}"))).collect()
    }

    /// The baselines of all threads, with their state kept in some way.
    fn baseline<P: Keeping>(
        self,
        first_rule: u32,
        spaces: u32,
        sensors: u32,
        threads: usize,
    ) -> Vec<Box<dyn Contender>> {
        let keys = spaces as usize * METRICS.len();
        let lines = LineOf { first_rule, is_per_space: false, levels: 1, districts: 1 };
        match self {
            Threshold => lanes::<P, _>(&thresholds::<1, u32>([85], [80], 0), keys, threads, lines),
            FiveThresholds => {
                let kernel = thresholds([75, 80, 85, 90, 95], [70, 75, 80, 85, 90], MINUTE_MS);
                lanes::<P, Thresholds<5, CacheLine>>(&kernel, keys, threads, LineOf { levels: 5, ..lines })
            }
            Means => {
                let kernel = Windows { raise: 75 * UNIT, clear: 70 * UNIT, aggregate: PhantomData::<Mean> };
                lanes::<P, _>(&kernel, keys, threads, lines)
            }
            Absence => lanes::<P, _>(&Silence { for_ms: MINUTE_MS / 2 }, keys, threads, lines),
            Changes => {
                let kernel = Windows { raise: 20 * UNIT, clear: 5 * UNIT, aggregate: PhantomData::<Change> };
                lanes::<P, _>(&kernel, keys, threads, lines)
            }
            Sequences => {
                let (step, without) = (80 * UNIT, 90 * UNIT);
                let kernel = Sequence { step, without, within_ms: MINUTE_MS, keep_firing_ms: MINUTE_MS };
                lanes::<P, _>(&kernel, spaces as usize, threads, LineOf { is_per_space: true, ..lines })
            }
            KOfN => {
                let kernel = Votes::<3> { limit: 75 * UNIT, within_ms: 10_000, sensors };
                lanes::<P, _>(&kernel, keys, threads, lines)
            }
            Copies(districts) => {
                let limits = std::array::from_fn(|copy| copy_limit(copy as u32));
                let kernel = thresholds::<10, CacheLine>(limits, limits.map(|limit| limit - 5), 0);
                let kernel = Thresholds { per_district: PER_DISTRICT, districts, ..kernel };
                lanes::<P, _>(&kernel, keys, threads, LineOf { levels: COPIES, districts, ..lines })
            }
        }
    }
}

impl Scenario {
    /// The names of all rules, in the order of their indices.
    pub(crate) fn rule_names(&self) -> Vec<Arc<str>> {
        self.families.iter().flat_map(|family| family.names()).map(Arc::from).collect()
    }

    /// The control record with the rules, and with districts where rules have scopes.
    pub(crate) fn control(&self, spaces: u32) -> Control {
        let (text, districts) = match self.families {
            [Copies(districts)] => (copies(*districts), *districts),
            families => (rules::file(&families.iter().map(|family| family.rules()).collect::<Vec<_>>()), 1),
        };
        let space = |space| Space { district: district(space % districts), ..Space::registered(&names::space(space)) };
        let spaces = if districts > 1 { (0..spaces).map(space).collect() } else { Vec::new() };
        Control {
            centre: "spacebench".into(),
            time_zone: "UTC".into(),
            tick_ms: 1_000,
            rules: vec![SourceFile { path: "spacebench.yaml".into(), text: text.into() }],
            spaces: Arc::new(spaces),
            ..Control::default()
        }
    }

    /// The engines of all threads, which know all names and have their intake open.
    pub(crate) fn engines(&self, spaces: u32, threads: u16, log_time_ms: i64) -> Vec<Box<dyn Contender>> {
        let set: Arc<RuleSet> = load(&self.control(spaces)).expect("the rules of the bench are right").rules;
        let indices = Arc::new(self.rule_names().into_iter().zip(0..).collect());
        let dictionary = names::dictionary(spaces, self.sensors);
        let engine = |thread| {
            let mut engine = Engine::new(Arc::clone(&set), thread, threads);
            engine.step(Input::Names(&dictionary), &mut Vec::new());
            engine.step(Input::IntakeUp { log_time_ms }, &mut Vec::new());
            Box::new(Judge::new(engine, Arc::clone(&indices))) as Box<dyn Contender>
        };
        (0..threads).map(engine).collect()
    }

    /// The baselines of all threads.
    pub(crate) fn baseline<P: Keeping>(&self, spaces: u32, threads: u16) -> Vec<Box<dyn Contender>> {
        let mut of_threads: Vec<Vec<Box<dyn Contender>>> = (0..threads).map(|_| Vec::new()).collect();
        let mut first_rule = 0;
        for family in self.families {
            let lanes = family.baseline::<P>(first_rule, spaces, self.sensors, usize::from(threads));
            of_threads.iter_mut().zip(lanes).for_each(|(of_thread, lane)| of_thread.push(lane));
            first_rule += family.names().len() as u32;
        }
        of_threads.into_iter().map(|lanes| Box::new(InTurn(lanes)) as Box<dyn Contender>).collect()
    }
}

fn lanes<P: Keeping, K: Kernel>(kernel: &K, keys: usize, threads: usize, lines: LineOf) -> Vec<Box<dyn Contender>> {
    let lane = |slots| Box::new(ByHand { lane: Lane::new(kernel.clone(), slots), lines }) as Box<dyn Contender>;
    P::make::<K::Slot>(keys, threads).into_iter().map(lane).collect()
}

/// Threshold rules with limits in whole units.
fn thresholds<const N: usize, A>(raise: [i64; N], clear: [i64; N], hold_ms: u32) -> Thresholds<N, A> {
    let [raise, clear] = [raise, clear].map(|limits| limits.map(|limit| limit * UNIT));
    Thresholds { raise, clear, hold_ms, stale_after_ms: STALE_AFTER_MS, per_district: 0, districts: 1, _aligned: [] }
}

/// Copies of R1 that every event meets.
const COPIES: u32 = 10;

fn copy_name(district: u32, copy: u32, metric: &str) -> String {
    format!("R1_{district}_{copy}_{metric}")
}

const fn copy_limit(copy: u32) -> i64 {
    70 + 3 * copy as i64
}

fn district(district: u32) -> String {
    format!("d{district}")
}

/// A file with ten copies of R1 for each of so many districts, with limits of their own.
fn copies(districts: u32) -> String {
    let mut text = String::from("groups:");
    for here in 0..districts {
        let scope = if districts > 1 {
            format!("\n  scope: 'space.district == \"{}\"'", district(here))
        } else {
            String::new()
        };
        write!(text, "\n- name: copies-{here}{scope}\n  rules:").expect("a text can always grow");
        for copy in 0..COPIES {
            let limit = copy_limit(copy) * 10 + i64::from(here);
            let limit = format!("{}.{}", limit / 10, limit % 10);
            for metric in METRICS {
                let name = copy_name(here, copy, metric);
                write!(
                    text,
                    "\n  - {{alert: {name}, kind: threshold, metric: {metric}, per: space, params: {{limit: {limit}}}, \
                     raise: value >= params.limit, clear: value < params.limit - 5}}"
                )
                .expect("a text can always grow");
            }
        }
    }
    text
}
