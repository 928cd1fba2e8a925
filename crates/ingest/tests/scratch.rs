#![allow(missing_docs, clippy::all)]
use std::sync::Arc;
use vigie_ingest::decode::csv::{mapping::Mapping, spec::MappingSpec};
use vigie_ingest::decode::{feed::FeedSpec, names::NameCache};
use vigie_ingest::files::inputs::{InputOptions, Inputs};
use vigie_ingest::spaces::registry::{Registry, UnknownSpace};
fn run(spec: &str, files: &[&str]) {
    let spec: MappingSpec = toml::from_str(spec).unwrap();
    let mapping = Arc::new(Mapping::new(&spec).unwrap());
    let registry = Registry::new("c", Arc::default(), UnknownSpace::Register, 1000, 0.0);
    let names = NameCache::new(Arc::new(vigie_log::interner::Interner::new(100000)), Arc::new(registry));
    let paths: Vec<_> = files.iter().map(|f| std::path::PathBuf::from(format!("/work/shared/data/{f}"))).collect();
    let started = std::time::Instant::now();
    let mut options = InputOptions::new(FeedSpec::named("f"));
    options.sort_rows_max = 50_000;
    let mut inputs = Inputs::open(&paths, &[mapping], names, options, |_| {}).unwrap();
    let (mut n, mut last) = (0, i64::MIN);
    for b in &mut inputs {
        let b = b.unwrap();
        for i in 0..b.len() {
            assert!(b.event_time_ms(i) >= last);
            last = b.event_time_ms(i);
            n += 1;
        }
    }
    println!("{n} rows in {:?}", started.elapsed());
    for f in inputs.reports() {
        println!(
            "{} {:?} taken {} rejected {} missing {} shifted {} repeated {}",
            f.path.display(),
            f.report.rejects.first(),
            f.report.taken,
            f.report.rejected,
            f.report.missing,
            f.report.times_shifted,
            f.report.times_repeated
        );
    }
}
#[test]
fn real() {
    run(
        "name='p'\nfiles=['*']\nlayout='wide'\ninterval='1h'\nlabel='start'\nmissing=['-1','']\nnames_are=['sensor']\nconstants={space='x',metric='p'}\ntime={columns=['Date','Hour'],format='%d/%m/%Y %H',zone='Australia/Melbourne'}",
        &["melbourne/sensors/pedestrian_03_2017.csv"],
    );
    run(
        "name='p'\nfiles=['*']\nlayout='long'\ninterval='1h'\nlabel='start'\nmissing=['NA','']\nnames_are=['sensor']\nconstants={space='x',metric='p'}\ncolumns={name='Sensor',value='Count'}\ntime={columns=['Date_Time'],format='rfc3339'}",
        &["melbourne/sensors/tsibble_pedestrian_2015-2016.csv"],
    );
    run(
        "name='p'\nfiles=['*']\nlayout='wide'\ndelimiter=\"\\t\"\ninterval='1h'\nlabel='end'\nnames_are=['sensor']\nignore=['Unnamed: 0']\nconstants={space='x',metric='p'}\ntime={columns=['datetime'],format='%Y-%m-%d %H:%M:%S',zone='Europe/Dublin'}",
        &["dublin_noise/2015_2021BlessingotnBasin12.csv", "dublin_noise/2015_2021ChanceryPark11.csv"],
    );
    run(
        "name='p'\nfiles=['*']\nlayout='wide'\ninterval='1h'\nlabel='start'\nnames_are=['sensor']\nconstants={space='x',metric='p'}\ntime={columns=['Date'],format='%m/%d/%Y %I:%M:%S %p',zone='America/Los_Angeles'}",
        &[
            "seattle/sensors/2nd_Ave_Cycle_Track_North_of_Marion_St.csv",
            "seattle/sensors/Burke_Gilman_Trail_north_of_NE_70th_St_Bike_and_Ped_Counter.csv",
            "seattle/sensors/Chief_Sealth_Trail_North_of_Thistle.csv",
            "seattle/sensors/Elliott_Bay_Trail_in_Myrtle_Edwards_Park.csv",
        ],
    );
}
