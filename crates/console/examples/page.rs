//! The operator's page with sample alerts, for looking at it while changing it: `cargo run -p vigie-console --example
//! page`, then open the address it prints. Time runs sixty times as fast, and every few seconds something changes.

#[path = "../tests/console/room.rs"]
mod room;

use room::{MOOMBA_MS, Room, Said, point, serve};
use std::sync::atomic::Ordering;
use std::time::Duration;
use vigie_model::alert::{AlertState, Guidance, RuleIdentity};
use vigie_model::severity::Severity;
use vigie_model::space::Space;

const PORT: u16 = 8099;
const MINUTE_MS: i64 = 60_000;
/// Real counters of Melbourne and where they stand.
const PLACES: [(&str, &str, f64, f64); 18] = [
    ("bourke-mall-north", "Bourke Street Mall (North)", 144.96515, -37.81349),
    ("bourke-mall-south", "Bourke Street Mall (South)", 144.96506, -37.81380),
    ("melbourne-central", "Melbourne Central", 144.96295, -37.81102),
    ("town-hall", "Town Hall (West)", 144.96609, -37.81488),
    ("princes-bridge", "Princes Bridge", 144.96789, -37.81874),
    ("flinders-underpass", "Flinders Street Station Underpass", 144.96706, -37.81862),
    ("birrarung-marr", "Birrarung Marr", 144.97164, -37.81858),
    ("webb-bridge", "Webb Bridge", 144.94707, -37.82294),
    ("southern-cross", "Southern Cross Station", 144.95484, -37.81958),
    ("victoria-point", "Victoria Point", 144.94731, -37.81880),
    ("waterfront-city", "Waterfront City", 144.93962, -37.81560),
    ("new-quay", "New Quay", 144.94427, -37.81448),
    ("flagstaff", "Flagstaff Station", 144.95620, -37.81237),
    ("sandridge-bridge", "Sandridge Bridge", 144.96287, -37.82011),
    ("state-library", "State Library", 144.96451, -37.80972),
    ("queen-victoria-market", "Queen Victoria Market", 144.95630, -37.80621),
    ("lygon-street", "Lygon Street (East)", 144.96692, -37.80176),
    ("chinatown", "Chinatown, Swanston Street (North)", 144.96639, -37.81237),
];

fn main() {
    let mut spaces: Vec<_> = PLACES.iter().map(|&(id, name, lon, lat)| point(id, name, lon, lat)).collect();
    spaces.push(Space::registered("<b>unplaced</b>"));
    let room = Room::new(spaces, 1000);
    past(&room);
    let at = serve(room.state(), PORT);
    println!("http://{at}/");
    for round in 0_u32.. {
        std::thread::sleep(Duration::from_secs(1));
        room.log_time_ms.fetch_add(MINUTE_MS, Ordering::Relaxed);
        room.tick();
        if round % 5 == 4 {
            let (id, space) = (format!("live-{}", round / 10), PLACES[(round / 10) as usize % PLACES.len()]);
            let state = if round % 10 == 4 { AlertState::Active } else { AlertState::Cleared };
            say(
                &room,
                &id,
                space.0,
                Severity::Medium,
                state,
                &format!("{}: 2,{round:03} people, limit 2,000", space.1),
            );
        }
    }
}

/// A few hours of festival.
fn past(room: &Room) {
    use AlertState::{Active, Cleared, Escalated, Stale};
    use Severity::{Critical, High, Informational, Low, Medium};
    let script: [(i64, &str, &str, Severity, AlertState, &str); 15] = [
        (-300, "lib", "state-library", Medium, Active, "State Library: 2,310 people in the hour to 16:00, limit 2,000"),
        (-240, "lib", "state-library", Medium, Cleared, ""),
        (-230, "web", "webb-bridge", Low, Active, "Webb Bridge: 611 people in the hour to 17:00, usually 240"),
        (-200, "vic", "victoria-point", Medium, Active, "Victoria Point: no data from its counter for 2 hours"),
        (-180, "swa", "town-hall", High, Active, "Town Hall (West): 4,120 people in the hour to 18:00, limit 3,500"),
        (
            -150,
            "bou",
            "bourke-mall-north",
            Medium,
            Active,
            "Bourke Street Mall (North): 2,905 people in the hour, limit 2,500",
        ),
        (
            -120,
            "bir",
            "birrarung-marr",
            Critical,
            Active,
            "Birrarung Marr: 7,665 people in the hour to 21:00, limit 5,000",
        ),
        (-100, "pri", "princes-bridge", High, Active, "Princes Bridge: 4,981 people in the hour to 19:30, limit 4,000"),
        (-90, "vic", "victoria-point", Medium, Stale, ""),
        (-80, "bou", "bourke-mall-north", Medium, Cleared, ""),
        (
            -60,
            "fli",
            "flinders-underpass",
            High,
            Active,
            "Flinders Street Station Underpass: crowd moving against the signs",
        ),
        (
            -30,
            "san",
            "sandridge-bridge",
            Low,
            Active,
            "Sandridge Bridge: 1,120 people in the hour to 20:30, usually 600",
        ),
        (
            -20,
            "que",
            "queen-victoria-market",
            Informational,
            Active,
            "Queen Victoria Market: closing time passed, 85 people inside",
        ),
        (-10, "swa", "town-hall", High, Cleared, ""),
        (
            -5,
            "xss",
            "<b>unplaced</b>",
            Low,
            Active,
            "<script>document.title='broken'</script> is a summary like any other",
        ),
    ];
    for (minutes, id, space, severity, state, summary) in script {
        room.log_time_ms.store(MOOMBA_MS + minutes * MINUTE_MS, Ordering::Relaxed);
        say(room, id, space, severity, state, summary);
    }
    let guidance = Guidance {
        cause: Some("The counter or its edge node lost power".into()),
        action: Some("Call the maintenance desk".into()),
        respond_within_ms: Some(15 * MINUTE_MS),
        ..Guidance::default()
    };
    let blind = || RuleIdentity { name: "Blind".into(), guidance: Some(guidance.clone()), ..RuleIdentity::default() };
    let below = RuleIdentity { name: "Empty".into(), inhibited_by: vec!["Blind".into()], ..RuleIdentity::default() };
    let new_quay = |id, severity, state, summary| Said { id, space: "new-quay", severity, state, summary };
    room.say_of(
        below,
        &new_quay("empty", Medium, Active, "New Quay: 0 people in the hour to 21:00, usually 400"),
        None,
    );
    room.say_of(blind(), &new_quay("blind", Low, Active, "New Quay: no people from sensor s7 since 19:00"), None);
    room.say_of(blind(), &new_quay("blind", High, Escalated, ""), None);
    room.log_time_ms.store(MOOMBA_MS, Ordering::Relaxed);
}

fn say(room: &Room, id: &str, space: &str, severity: Severity, state: AlertState, summary: &str) {
    let evidence = r#"{"kind":"threshold","rule_version":"v1","params":{"max":"5000"},"agg":"sum","raise":"value > params.max",
        "clear":"value < 4000","value":"7665","stale_after_ms":7200000,"members":[
        {"sensor":"s41","value":"7665","event_time_ms":1489312800000},{"sensor":"s42","value":"0","event_time_ms":1489312800000}],
        "since_ms":1489312800000,"for_ms":300000,"position":{"partition":3,"offset":70214}}"#;
    room.say(&Said { id, space, severity, state, summary }, (state == AlertState::Active).then(|| evidence.to_owned()));
}
