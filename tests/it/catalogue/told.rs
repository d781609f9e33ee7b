//! The catalogue as people meet it: `hubup explain`, and a failed run as commands and review tell it.

use serde_json::Value;

use crate::binary::Account;

#[test]
fn codes_are_explained_without_a_setup_or_a_sign_in() {
    let account = Account::new();
    let told = account.run(&["explain", "AADSTS50076"]).exits(0);
    told.tells(&["mfa-needed", "means:", "hubup:", "you:", "source:"]);
    account.run(&["explain", "HTTP", "429"]).exits(0).tells(&["throttled"]);
    account.run(&["explain", "http 429"]).exits(0).tells(&["throttled"]);
    account.run(&["explain", "400004"]).exits(0).tells(&["namespace-unknown-to-dps", "version-not-served"]);
    account.run(&["explain"]).exits(0).tells(&["principal-not-found: ", "AADSTS900023"]);
    let told = account.run(&["explain", "principal-not-found", "--output", "json"]).exits(0);
    let value: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(value[0]["key"], "principal-not-found");
    assert_eq!(value[0]["reaction"], "wait-for");
    assert_eq!(value[0]["codes"], serde_json::json!(["PrincipalNotFound"]));
    let told = account.run(&["explain", "PrincipalNotFund"]).exits(2);
    told.tells(&["error: hubup does not know `PrincipalNotFund`", "PrincipalNotFound"]);
    let told = account.run(&["explain", "zzzz", "--output", "json"]).exits(2);
    assert_eq!(serde_json::from_str::<Value>(&told.out).unwrap()["unknown"], "zzzz");
    account.run(&["explain", "\u{1b}[2Jzzzz"]).exits(2).hides(&["\u{1b}"]);
}

#[test]
fn commands_and_review_tell_what_the_catalogue_knows() {
    let account = Account::new();
    let world = account.write(
        "world.toml",
        "[[faults]]\nmethod = \"PUT\"\npath = \"*/IotHubs/*\"\naction = \"refuse\"\nstatus = 403\n\
         code = \"RequestDisallowedByPolicy\"\nmessage = \"Resource was disallowed by policy.\"\n",
    );
    let world = world.to_string_lossy().into_owned();
    let sandbox = ["--sandbox", "--sandbox-speed", "0", "--sandbox-world", &world];
    let arguments = |first: &[&'static str]| -> Vec<String> {
        first.iter().copied().chain(sandbox).map(str::to_owned).collect()
    };
    let means = "a policy of your organisation forbids this resource as it is";
    let remedy = "or ask its owner for an exemption";
    let ran = account.run(&arguments(&["apply", "--yes"])).exits(4);
    ran.tells(&["RequestDisallowedByPolicy", remedy]);
    let told = account.run(&arguments(&["review"])).exits(0);
    told.tells(&["RequestDisallowedByPolicy", means, remedy]);
    let told = account.run(&arguments(&["review", "--output", "json"])).exits(0);
    assert!(
        told.out.contains("\"key\":\"policy-denies\"") || told.out.contains("\"key\": \"policy-denies\""),
        "{told}"
    );
}
