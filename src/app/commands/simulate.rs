//! `vigie simulate`: a seeded workload as files, the same for Vigie and for whatever is compared with it.

use crate::app::cli::simulate::{CityArgs, FileFormat, SimulateArgs, Workload};
use crate::app::commands::running::say;
use crate::exit::Failure;
use crate::simulate::files::write as write_city;
use crate::spacebench::options::Options;
use crate::spacebench::stream::{Event, Events};
use crate::spacebench::{names, rules, text};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use vigie_store::flat_file::{FlatFile, FlatRow};

/// Bytes of lines collected before they are written.
const BUFFER_BYTES: usize = 1 << 20;
/// The configuration; the rules' file stands for `{rules}`, the name of the CSV for `{csv}`.
const CONFIG: &str = r#"# SpaceBench, written by `vigie simulate`. Made for replay, in the order of the file:
#   vigie replay --config THIS --input {csv} --keep-order

[centre]
id = "spacebench"
name = "SpaceBench"
time_zone = "UTC"

[spaces]
unknown = "register"

[rules]
files = [{rules}]

[[csv]]
name = "spacebench"
files = ["*.csv"]
layout = "long"
time = { columns = ["ts_ms"], format = "epoch_ms" }
columns = { space = "space", sensor = "sensor", metric = "metric", value = "value" }
"#;

/// Runs the command.
///
/// # Errors
/// When `--rules` is given without `--config`, or a file cannot be written.
pub fn run(args: &SimulateArgs) -> Result<(), Failure> {
    match &args.workload {
        Some(Workload::City(args)) => city(args),
        None => spacebench(args),
    }
}

/// A city with a known truth.
fn city(args: &CityArgs) -> Result<(), Failure> {
    let written =
        write_city(&args.options(), &args.out).map_err(|error| Failure::io(error.to_string(), error.source))?;
    let (folder, events, truth) = (args.out.display(), written.events, &written.truth);
    say(&format!(
        "{folder}: {events} events of {} spaces in {} days; the truth is in truth.json",
        args.spaces, args.days
    ));
    say(&format!("a measure from {} on at {}", truth.measure.from, truth.measure.spaces.join(", ")));
    say(&format!("vigie replay --config {folder}/vigie.toml --input {folder}/events.ndjson --data {folder}/data"));
    Ok(())
}

fn spacebench(args: &SimulateArgs) -> Result<(), Failure> {
    let (Some(format), Some(output)) = (args.format, args.output.as_deref()) else {
        return Err(Failure::Usage("--spacebench needs --format and --output".to_owned()));
    };
    if args.rules.is_some() && args.config.is_none() {
        return Err(Failure::Usage("--rules needs --config, which names the rules' file".to_owned()));
    }
    let options = args.options();
    match format {
        FileFormat::Ndjson => lines(&options, output, "", text::write_ndjson)?,
        FileFormat::Csv => lines(&options, output, text::CSV_HEADER, text::write_csv)?,
        FileFormat::Parquet => parquet(&options, output)?,
    }
    if let Some(config) = &args.config {
        let beside = config.with_extension("rules.yaml");
        let rules_file = args.rules.as_deref().unwrap_or(&beside);
        write(rules_file, &rules::file(&rules::ALL))?;
        let named = named_from(rules_file, config)?;
        let input = output.display().to_string();
        write(config, &CONFIG.replace("{rules}", &named).replace("{csv}", &input))?;
    }
    say(&format!("{}: {} events, {} series", output.display(), options.events, options.series()));
    Ok(())
}

/// A file of lines.
fn lines(options: &Options, path: &Path, header: &str, line: fn(&Event, &mut String)) -> Result<(), Failure> {
    let failed = |error| Failure::io(format!("cannot write {}", path.display()), error);
    let mut file = BufWriter::with_capacity(BUFFER_BYTES, File::create(path).map_err(failed)?);
    file.write_all(header.as_bytes()).map_err(failed)?;
    let mut text = String::new();
    for event in Events::new(options) {
        text.clear();
        line(&event, &mut text);
        file.write_all(text.as_bytes()).map_err(failed)?;
    }
    file.flush().map_err(failed)
}

fn parquet(options: &Options, path: &Path) -> Result<(), Failure> {
    let failed = |error: vigie_store::error::Error| {
        let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
        Failure::Io(format!("{error}{cause}"))
    };
    let mut file = FlatFile::create(path).map_err(failed)?;
    let sensors: Vec<String> = (0..options.sensors * names::METRICS.len() as u32).map(names::sensor).collect();
    for event in Events::new(options) {
        let (space, sensor) = (names::space(event.space), sensors[event.sensor as usize].as_str());
        let (metric, value) = (names::METRICS[event.metric as usize], event.tenths as f64 / 10.0);
        file.push(FlatRow { ts_ms: event.ts_ms, space: &space, sensor, metric, value }).map_err(failed)?;
    }
    file.finish().map_err(failed)
}

/// The rules' file as the configuration names it: paths there are relative to the configuration.
fn named_from(rules: &Path, config: &Path) -> Result<String, Failure> {
    let absolute =
        |path: &Path| std::path::absolute(path).map_err(|error| Failure::io("cannot find the folder", error));
    let (rules, config) = (absolute(rules)?, absolute(config)?);
    let from = config.parent().map_or(rules.as_path(), |folder| rules.strip_prefix(folder).unwrap_or(&rules));
    serde_json::to_string(&from.display().to_string()).map_err(|error| Failure::io("cannot name the rules", error))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| Failure::io(format!("cannot write {}", path.display()), error))
}
