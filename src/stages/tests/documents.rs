//! Every request of every plan as an `az` command, and where the steps are documented.

use proptest::prelude::*;

use super::*;
use crate::domain::{Auth, AzCommand, Method, Request, Text, az_rest, az_words, object};

/// The words that bash makes of `command`. Variables stay as they are.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut chars = command.chars().peekable();
    while let Some(c) = chars.next() {
        let last = words.len() - 1;
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '\\') => match chars.next() {
                // A line that goes on in the next.
                Some('\n') | None => {}
                Some(c) => words[last].push(c),
            },
            (None, ' ' | '\n') => words.push(String::new()),
            (_, c) => words[last].push(c),
        }
    }
    assert_eq!(quote, None, "a quote is left open in\n{command}");
    words.retain(|word| !word.is_empty());
    words
}

proptest! {
    #[test]
    fn any_text_stays_one_word_of_bash(text in "[\\PC'\"\\\\$]{1,20}", name in "\\PC{0,12}") {
        let both = [Text::from("az"), Text::from(text.clone()), Text::secret(&name)];
        let told = words(&self::text(&az_words(&both, &Outputs::default())));
        prop_assert_eq!(&told[1], &text);
        prop_assert!(told[2].starts_with('$') && told.len() == 3, "{:?}", told);
        let request = Request::new(Method::Put, Auth::Graph, "h", "/p", "1")
            .with_body(object([("a", text.clone().into()), ("b", Text::secret(&name).into())]));
        let told = words(&self::text(&az_rest(&request, &Outputs::default())));
        let body: Value = serde_json::from_str(value(&told, "--body").unwrap()).unwrap();
        prop_assert_eq!(body["a"].as_str().unwrap(), &text);
    }
}

fn text(az: &AzCommand) -> String {
    az.lines.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n")
}

/// What follows `option`.
fn value<'a>(words: &'a [String], option: &str) -> Option<&'a str> {
    let at = words.iter().position(|word| word == option)?;
    words.get(at + 1).map(String::as_str)
}

/// True when no hole of a template stands in `text`.
fn no_marks(text: &str) -> bool {
    !text.contains("{secret") && !text.contains("{derived") && !text.contains(".create.")
}

fn check(request: &Request, outputs: &Outputs) {
    let az = az_rest(request, outputs);
    let text = text(&az);
    let words = words(&text);
    assert_eq!(&words[..2], ["az", "rest"], "{text}");
    let shown = request.shown(outputs);
    assert_eq!(value(&words, "--method").unwrap(), shown.method.as_str().to_lowercase());
    assert!(no_marks(&text), "{text}");
    let url = value(&words, "--url").unwrap();
    assert!(url.starts_with("https://") || url.starts_with("https://$") || url.starts_with('$'), "{text}");
    if !shown.url.contains('{') {
        assert_eq!(url, shown.url);
    }
    match (value(&words, "--body"), &shown.body) {
        (None, None) => {}
        (Some(body), Some(shown)) => {
            let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error} in\n{text}"));
            let members = |value: &Value| value.as_object().map(serde_json::Map::len);
            assert_eq!(members(&body), members(shown), "{text}");
        }
        (body, shown) => panic!("{body:?} for {shown:?}"),
    }
    // Every variable is explained.
    for (at, _) in text.match_indices("\"$") {
        let name: String =
            text[at + 2..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        assert!(az.notes.iter().any(|note| note.starts_with(&format!("${name}: "))), "{name} of\n{text}");
    }
}

#[test]
fn every_request_of_every_plan_is_a_command() {
    for dialect in DIALECTS {
        for answers in [answers(), Answers { roles: Roles::BuiltIn, ..answers() }] {
            let answers = Answers { hub_location: answers.location.clone(), ..answers };
            let profile = profile(dialect);
            let plans = [
                plan(dialect, &profile, &answers).unwrap(),
                teardown_plan(dialect, &profile, &answers).unwrap(),
            ];
            for step in plans.iter().flat_map(Plan::steps) {
                for planned in &step.planned {
                    check(&planned.request, &Outputs::default());
                    check(&planned.request, &outputs());
                }
                for documented in &step.az {
                    let az = az_words(documented, &Outputs::default());
                    let text = text(&az);
                    assert!(words(&text).len() >= 3 && no_marks(&text), "{text}");
                }
            }
        }
    }
}

#[test]
fn the_commands_of_the_document_are_there_with_its_mistakes_mended() {
    let dialect = dialect("preview-2025");
    let plan = plan(dialect, &profile(dialect), &answers()).unwrap();
    let all: Vec<String> = plan
        .steps()
        .flat_map(|step| &step.az)
        .map(|words| text(&az_words(words, &Outputs::default())))
        .collect();
    // The CLI tab of the seed, what it only shows left out.
    for command in [
        "az group create",
        "az role assignment create",
        "az identity create",
        "az iot adr ns create",
        "az iot hub create",
        "az iot dps create",
        "az iot dps linked-hub create",
        "az iot adr ns credential sync",
        "az iot hub certificate list",
        "az iot dps enrollment-group create",
    ] {
        assert!(all.iter().any(|told| told.starts_with(command)), "{command} is not in {all:#?}");
    }
    // Contract preview-2025, section 11, rows 1 to 4.
    let hub = all.iter().find(|told| told.starts_with("az iot hub create")).unwrap();
    assert!(hub.contains("--sku GEN2") && hub.contains("--ns-resource-id"), "{hub}");
    assert!(!hub.contains("file-upload"), "{hub}");
}

#[test]
fn steps_name_where_they_are_documented() {
    for dialect in DIALECTS {
        let answers = Answers { hub_location: answers().location, ..answers() };
        let plan = plan(dialect, &profile(dialect), &answers).unwrap();
        for step in plan.steps() {
            for address in &step.documented {
                assert!(address.starts_with("learn.microsoft.com/"), "{}: {address}", step.id);
            }
        }
        let with = plan.steps().filter(|step| !step.documented.is_empty()).count();
        assert!(with * 3 >= plan.steps().count() * 2, "{}: {with} steps name a document", dialect.id);
    }
}
