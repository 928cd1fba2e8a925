//! The routes that ask the running rules.

use crate::http::get;
use crate::room::{Room, serve};

#[test]
fn the_rules_in_force_and_why_one_says_nothing() {
    let at = serve(Room::new(Vec::new(), 10).state(), 0);
    let told = |path: &str| get(at, path).told();
    expect_test::expect![[r#"
        200 [{"name":"Crowded","uid":"","version":"","kind":"threshold","severity":"medium","shadow":false,"inhibited_by":["Blind"],"guidance":{"action":"Look at camera 4"}}]
        200 {"text":["town-hall/s1 is calm"]}
        404 {"detail":"there is no rule 'Crowdde'"}
        503 {"detail":"the rules are too busy to answer now; try again in a second"}
        400 {"detail":"'key' is missing","expected":"?rule=NAME&key=SPACE/SENSOR"}
        400 {"detail":"unknown query parameter 'keys'","expected":"rule, key","hint":"did you mean 'key'?"}"#]].assert_eq(
        &[
            "/v1/rules",
            "/v1/rules/why-not?rule=Crowded&key=town-hall%2Fs1",
            "/v1/rules/why-not?rule=Crowdde&key=town-hall",
            "/v1/rules/why-not?rule=busy&key=town-hall",
            "/v1/rules/why-not?rule=Crowded",
            "/v1/rules/why-not?rule=Crowded&keys=town-hall",
        ]
        .map(told)
        .join("\n"),
    );
}
