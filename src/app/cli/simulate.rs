//! What a user may type after `vigie simulate`.

use crate::simulate::options::{DAYS, Options as CityOptions, SPACES};
use crate::spacebench::names::METRICS;
use crate::spacebench::options::Options;
use crate::spacebench::popularity::Distribution;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Help that teaches by example.
pub const SIMULATE_HELP: &str = "\
Two workloads: SpaceBench, that of the published figures, and a city with a known truth (vigie simulate city --help).

Columns of CSV and Parquet: ts_ms, space, sensor, metric, value; NDJSON lines are native events without an id. The same options
give the same events on every machine. docs/performance.md describes them.

Examples:
  vigie simulate city --seed 7 --out city
  vigie replay --config city/vigie.toml --input city/events.ndjson --data city/data
  vigie simulate --spacebench --events 1000000 --format ndjson --output city.ndjson --config city.toml
  vigie replay --config city.toml --input city.ndjson --keep-order --json
  vigie simulate --spacebench --spaces 1000000 --distribution zipf --format parquet --output city.parquet";

/// The most spaces.
const SPACES_MAX: i64 = 10_000_000;
/// The most sensors of a (space, metric).
const SENSORS_MAX: i64 = 64;

/// Options of `vigie simulate`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct SimulateArgs {
    /// Another workload than SpaceBench.
    #[command(subcommand)]
    pub workload: Option<Workload>,
    /// The workload of the published figures.
    #[arg(long, required = true)]
    pub spacebench: bool,
    /// Number of events.
    #[arg(long, value_name = "NUMBER", default_value_t = Options::default().events)]
    pub events: u64,
    /// Number of spaces.
    #[arg(long, value_name = "NUMBER", default_value_t = Options::default().spaces, value_parser = clap::value_parser!(u32).range(1..=SPACES_MAX))]
    pub spaces: u32,
    /// Which spaces speak how often.
    #[arg(long, value_enum, default_value_t)]
    pub distribution: OverSpaces,
    /// Sensors of each of the four metrics of a space.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=SENSORS_MAX))]
    pub sensors: u32,
    /// Average time between two events of a sensor, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = Options::default().interval_ms, value_parser = clap::value_parser!(i64).range(1..=86_400_000))]
    pub interval_ms: i64,
    /// Other numbers give other cities.
    #[arg(long, value_name = "NUMBER", default_value_t = Options::default().seed)]
    pub seed: u64,
    /// What the file holds.
    #[arg(long, value_enum, required = true)]
    pub format: Option<FileFormat>,
    /// The file; one that is there is replaced.
    #[arg(long, value_name = "FILE", required = true)]
    pub output: Option<PathBuf>,
    /// Write a configuration for `vigie replay` too, with a mapping of the CSV, and the rules R1 to R8 beside it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where those rules are written; by default beside the configuration, with the extension rules.yaml.
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
}

/// What else can be simulated.
#[derive(Debug, Subcommand)]
pub enum Workload {
    /// A city whose truth is known: counters, incidents, a measure and a survey (docs/simulate.md).
    City(CityArgs),
}

/// Options of `vigie simulate city`.
#[derive(Debug, Args)]
pub struct CityArgs {
    /// Other numbers give other cities.
    #[arg(long, value_name = "NUMBER", default_value_t = CityOptions::default().seed)]
    pub seed: u64,
    /// Number of spaces.
    #[arg(long, value_name = "NUMBER", default_value_t = CityOptions::default().spaces, value_parser = clap::value_parser!(u32).range(i64::from(SPACES.0)..=i64::from(SPACES.1)))]
    pub spaces: u32,
    /// Number of days.
    #[arg(long, value_name = "NUMBER", default_value_t = CityOptions::default().days, value_parser = clap::value_parser!(u32).range(i64::from(DAYS.0)..=i64::from(DAYS.1)))]
    pub days: u32,
    /// The folder; files of the same names in it are replaced.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

impl CityArgs {
    /// The run.
    #[must_use]
    pub const fn options(&self) -> CityOptions {
        CityOptions { seed: self.seed, spaces: self.spaces, days: self.days }
    }
}

/// Which spaces speak how often, as users write it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OverSpaces {
    /// All alike.
    #[default]
    Uniform,
    /// In proportion to 1 / rank.
    Zipf,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// Native events, one JSON object a line.
    Ndjson,
    /// Comma-separated values.
    Csv,
    /// Columns.
    Parquet,
}

impl SimulateArgs {
    /// The run.
    #[must_use]
    pub fn options(&self) -> Options {
        let distribution = match self.distribution {
            OverSpaces::Uniform => Distribution::Uniform,
            OverSpaces::Zipf => Distribution::Zipf,
        };
        let Self { events, spaces, sensors, interval_ms, seed, .. } = *self;
        Options { events, spaces, distribution, sensors, interval_ms, seed, ..Options::default() }
    }
}

const _: () =
    assert!(SPACES_MAX as u64 * METRICS.len() as u64 * SENSORS_MAX as u64 <= u32::MAX as u64, "series have 32 bits");
