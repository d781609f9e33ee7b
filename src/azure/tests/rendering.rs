//! Requests are filled in one place, or not sent.

use serde_json::json;

use super::cloud::get;
use crate::azure::{Secret, Vault, render};
use crate::domain::{
    Auth, Body, ErrorKind, Method, Outputs, Patch, Request, StepId, StepOutputs, Text, object,
};

const HUB: StepId = StepId::new("hub.create");

fn outputs() -> Outputs {
    let mut outputs = Outputs::default();
    outputs.set(&HUB, StepOutputs::from([("hostName".to_owned(), "h.azure-devices.net".to_owned())]));
    outputs
}

fn with_secret() -> Request {
    let text = Text::from("HostName=")
        .then(Text::slot(&HUB, "hostName"))
        .then(";SharedAccessKey=")
        .then(Text::secret("hub key"));
    get("/subscriptions/s").with_body(object([("connectionString", text.into()), ("a", true.into())]))
}

#[test]
fn holes_are_filled_and_the_filled_request_does_not_print_itself() {
    let vault = Vault::default();
    vault.insert("hub key", Secret::new("very-secret-key"));
    let rendered = render(&with_secret(), &outputs(), &vault).unwrap();
    assert_eq!(
        rendered.exposed().body,
        Some(
            json!({"connectionString": "HostName=h.azure-devices.net;SharedAccessKey=very-secret-key", "a": true})
        )
    );
    assert_eq!(rendered.exposed().url, "https://management.azure.com/subscriptions/s?api-version=2025-04-01");
    for printed in [format!("{rendered:?}"), format!("{vault:?}")] {
        assert!(!printed.contains("very-secret-key"), "{printed}");
    }
    assert!(format!("{vault:?}").contains("hub key"));
}

#[test]
fn a_missing_hole_is_named() {
    let error = render(&with_secret(), &outputs(), &Vault::default()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.message.contains("{secret: hub key}"), "{}", error.message);
    let error = render(&with_secret(), &Outputs::default(), &Vault::default()).unwrap_err();
    assert!(error.message.contains("{hub.create.hostName}"), "{}", error.message);
}

#[test]
fn what_is_shown_is_what_is_sent() {
    let outputs = Outputs::default();
    let graph = Request::new(Method::Get, Auth::Graph, "graph.microsoft.com", "/v1.0/servicePrincipals", "1")
        .with_query("$filter", "appId eq '89d10474' and name eq 'ä & b+c#?'");
    let rendered = render(&graph, &outputs, &Vault::default()).unwrap();
    assert_eq!(rendered.url().as_str(), rendered.exposed().url);
    assert_eq!(rendered.url().as_str(), graph.shown(&outputs).url);
    for odd in ["/a b/ü", "/subscriptions/s/it's (1)!", "/a=b&c+d@e:f,g;h$i*j", "/q?x#y%z|^`\"<>\\"] {
        let rendered = render(&get(odd), &outputs, &Vault::default()).unwrap();
        assert_eq!(rendered.url().as_str(), rendered.exposed().url);
    }
}

#[test]
fn a_url_that_would_change_on_its_way_is_refused() {
    for path in ["/a/../b", "/a/./b", "/a/.."] {
        let error = render(&get(path), &Outputs::default(), &Vault::default()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused, "{path}");
    }
    let nowhere = Request::new(Method::Get, Auth::ResourceManager, "no host", "/", "1");
    assert_eq!(
        render(&nowhere, &Outputs::default(), &Vault::default()).unwrap_err().kind,
        ErrorKind::Refused
    );
}

#[test]
fn merged_bodies_keep_what_was_read_in_its_order() {
    let mut request = get("/x");
    request.body = Body::MergeInto {
        read: Some(json!({"z": 1, "etag": "e", "properties": {"iotHubs": [{"name": "old"}]}})),
        patches: vec![Patch::Append(
            "/properties/iotHubs".into(),
            object([("k", Text::secret("hub key").into())]),
        )],
    };
    let vault = Vault::default();
    vault.insert("hub key", Secret::new("very-secret-key"));
    let rendered = render(&request, &Outputs::default(), &vault).unwrap();
    assert_eq!(
        serde_json::to_string(&rendered.exposed().body).unwrap(),
        r#"{"z":1,"etag":"e","properties":{"iotHubs":[{"name":"old"},{"k":"very-secret-key"}]}}"#
    );
    let shown = serde_json::to_string(&request.shown(&Outputs::default()).body).unwrap();
    assert!(shown.contains("{secret: hub key}"));
}

#[test]
fn a_vault_is_shared_by_its_clones_and_can_be_emptied() {
    let vault = Vault::default();
    let other = vault.clone();
    vault.insert("k", Secret::new("value-of-k"));
    assert_eq!(other.get("k").unwrap().secret(), "value-of-k");
    vault.insert("k", Secret::new("newer"));
    assert_eq!(other.get("k").unwrap().secret(), "newer");
    other.clear();
    assert!(vault.get("k").is_none());
}
