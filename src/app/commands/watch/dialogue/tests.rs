use super::*;

const LOG_MS: i64 = 1_489_312_800_000;

fn item() -> Item {
    let row = r#"{"alert_id":"0c7f","rule":"Crowded","space":"town-hall","severity":"high","state":"active",
        "event_time":"2017-03-12T10:00:00Z","log_time":"2017-03-12T10:00:01Z","summary":"crowded","offset":4}"#;
    Item::read(row).unwrap()
}

fn ada() -> Dialogue {
    Dialogue::new(Some("Ada".to_owned()))
}

/// The intent of the last of these characters; `\n` is Enter.
fn typed(dialogue: &mut Dialogue, text: &str) -> Intent {
    let item = item();
    let key = |character| if character == '\n' { Key::Enter } else { Key::Char(character) };
    text.chars().map(|character| dialogue.key(key(character), Some(&item), LOG_MS)).last().unwrap()
}

fn sent(verb: &'static str, body: Value) -> Intent {
    Intent::Send(Request { alert_id: "0c7f".to_owned(), verb, body })
}

#[test]
fn one_key_acknowledges_and_others_ask() {
    assert_eq!(typed(&mut ada(), "a"), sent("acknowledge", json!({"operator": "Ada"})));
    assert_eq!(typed(&mut ada(), "cxn"), sent("close", json!({"operator": "Ada", "disposition": "nuisance"})));
    let shelf = json!({"operator": "Ada", "note": "works, q a", "until": "2017-03-12T11:30:00Z"});
    assert_eq!(typed(&mut ada(), "sworks, q a\n1h30m\n"), sent("shelve", shelf));
}

#[test]
fn questions_can_be_given_up_and_wrong_answers_are_told() {
    let mut dialogue = ada();
    typed(&mut dialogue, "sx");
    assert!(dialogue.footer().ends_with("x_"), "{}", dialogue.footer());
    dialogue.key(Key::Backspace, None, LOG_MS);
    assert_eq!(typed(&mut dialogue, "\n"), Intent::Nothing, "a shelf needs a reason");
    dialogue.key(Key::Escape, None, LOG_MS);
    assert_eq!(dialogue.footer(), "nothing was done");
    assert_eq!(typed(&mut dialogue, "sx\nlong\n"), Intent::Nothing);
    assert!(dialogue.footer().contains("not a duration"), "{}", dialogue.footer());
    typed(&mut dialogue, "sx\n13h\n");
    assert!(dialogue.footer().contains("at most 12h"), "{}", dialogue.footer());
    assert!(typed(&mut dialogue, "x") == Intent::Nothing && dialogue.footer().starts_with(KEYS));
}

#[test]
fn nobody_acts_without_a_name_and_anybody_may_look() {
    let mut nobody = Dialogue::new(None);
    assert_eq!(typed(&mut nobody, "a"), Intent::Nothing);
    assert!(nobody.footer().contains("--operator"), "{}", nobody.footer());
    assert_eq!(typed(&mut nobody, "j"), Intent::Move(1));
    assert_eq!(typed(&mut nobody, "q"), Intent::Quit);
    assert_eq!(ada().key(Key::Char('a'), None, LOG_MS), Intent::Nothing, "an empty list has nothing to acknowledge");
    assert_eq!(ada().key(Key::Interrupt, None, LOG_MS), Intent::Quit);
}
