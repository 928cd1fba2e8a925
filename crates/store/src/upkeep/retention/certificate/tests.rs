use super::super::limits::Limits;
use super::super::tally::FeedTally;
use super::*;
use expect_test::expect;

const DAY_MS: i64 = 86_400_000;
/// 2026-11-21T23:00:00Z, midnight in Paris.
const BEGAN_MS: i64 = 1_795_302_000_000;

fn certificate() -> Certificate {
    let zone = TimeZone::get("Europe/Paris").unwrap();
    let days = [("cameras".to_owned(), 30), ("counters".to_owned(), 365)];
    let limits = Limits::new(days, zone.clone()).in_force(BEGAN_MS);
    let deleted = FeedTally {
        deleted: 1_200,
        oldest_ms: Some(BEGAN_MS - 40 * DAY_MS),
        newest_ms: Some(limits[0].before_ms - 1),
        held: 17,
        held_by: BTreeMap::from([("h1".to_owned(), 17), ("h3".to_owned(), 2)]),
    };
    let hold: Hold = serde_json::from_str(
        r#"{"id":"h1","made":"2026-11-01T10:00:00Z","from":"2026-10-01T00:00:00Z","spaces":["plaza"],
            "requester":"Court of Appeal","reference":"26/1234","reason":"evidence"}"#,
    )
    .unwrap();
    let table = |table, tally| TableFacts { table, versions: [17, 19], files_removed: 4, tally };
    Certificate::new(&Facts {
        centre: "testville",
        zone: &zone,
        vigie: "0.1.0",
        dry_run: false,
        began_ms: BEGAN_MS,
        ended_ms: BEGAN_MS + 3_600_000,
        limits: &limits,
        feeds_without_limit: &["dispatch".to_owned()],
        holds: &[hold],
        log_age_max_ms: Some(31 * DAY_MS),
        tables: vec![
            table("observations", Tally::from([("cameras".to_owned(), deleted)])),
            table("incidents", Tally::new()),
        ],
    })
}

#[test]
fn people_read_a_certificate() {
    expect![[r#"
        Retention of testville, run of 2026-11-21T23:00:00Z, ended 2026-11-22T00:00:00Z (vigie 0.1.0)
          cameras: 30 days, rows before 2026-10-23T22:00:00Z are too old
          counters: 365 days, rows before 2025-11-22T23:00:00Z are too old
          dispatch: no retention is declared, all rows stay
        observations: 1200 rows deleted, 4 files; version 17 became 19
          cameras: 1200 rows deleted, of 2026-10-13 to 2026-10-23; 17 held (h1: 17, h3: 2)
        incidents: 0 rows deleted, 4 files; version 17 became 19
        hold h1: Court of Appeal (26/1234), evidence
        log: segments go once all their records are 744 hours old
          longer than the retention of cameras: set [log] max_age
        alerts, actions and spaces stay; dead letters hold no event data; files that a damaged log was copied to, backups and exports are not looked at
    "#]].assert_eq(&certificate().text());
}

#[test]
fn programs_read_a_certificate() {
    expect![[r#"
        {
          "form": 1,
          "centre": "testville",
          "vigie": "0.1.0",
          "dry_run": false,
          "began": "2026-11-21T23:00:00Z",
          "ended": "2026-11-22T00:00:00Z",
          "time_zone": "Europe/Paris",
          "limits": [
            {
              "feed": "cameras",
              "retention_days": 30,
              "deleted_before": "2026-10-23T22:00:00Z"
            },
            {
              "feed": "counters",
              "retention_days": 365,
              "deleted_before": "2025-11-22T23:00:00Z"
            }
          ],
          "feeds_without_limit": [
            "dispatch"
          ],
          "rows_deleted": 1200,
          "rows_held": 17,
          "tables": [
            {
              "table": "observations",
              "version_before": 17,
              "version_after": 19,
              "rows_deleted": 1200,
              "files_removed": 4,
              "feeds": [
                {
                  "feed": "cameras",
                  "retention_days": 30,
                  "rows_deleted": 1200,
                  "oldest_date": "2026-10-13",
                  "newest_date": "2026-10-23",
                  "rows_held": 17,
                  "held_by": {
                    "h1": 17,
                    "h3": 2
                  }
                }
              ]
            },
            {
              "table": "incidents",
              "version_before": 17,
              "version_after": 19,
              "rows_deleted": 0,
              "files_removed": 4,
              "feeds": []
            }
          ],
          "holds": [
            {
              "id": "h1",
              "made": "2026-11-01T10:00:00Z",
              "from": "2026-10-01T00:00:00Z",
              "spaces": [
                "plaza"
              ],
              "requester": "Court of Appeal",
              "reference": "26/1234",
              "reason": "evidence"
            }
          ],
          "log": {
            "max_age_hours": 744,
            "keeps_longer": [
              "cameras"
            ]
          },
          "not_covered": "alerts, actions and spaces stay; dead letters hold no event data; files that a damaged log was copied to, backups and exports are not looked at"
        }
    "#]].assert_eq(&certificate().json());
}
