//! The moves of `links-2026` that no other dialect makes, told as lists of turns, and the choice between the dialects.

use super::*;
use crate::domain::{Earlier, Method, Shown};

const NAMESPACE_PRINCIPAL: &str = "aaaaaaaa-0000-4000-8000-000000000003";

fn links_answers() -> Answers {
    Answers { hub_location: "eastus2".into(), ..answers() }
}

fn links_outputs() -> Outputs {
    let mut outputs = outputs();
    for (step, principal) in [("hub.create", "h"), ("dps.create", "d")] {
        let step = StepId::new(step);
        let mut gives = outputs.of(&step).cloned().unwrap_or_default();
        gives.insert("principalId".into(), format!("aaaaaaaa-0000-4000-8000-00000000000{principal}"));
        outputs.set(&step, gives);
    }
    outputs
}

fn links_next(step: &'static str, outputs: &Outputs, turns: Vec<Turn>, made: &[String]) -> Next {
    let answers = links_answers();
    let links = dialect("links-2026");
    let plan = plan(links, &profile(links), &answers).unwrap();
    let made = std::sync::Arc::new(made.iter().map(|id| id.to_lowercase()).collect());
    let seen = Seen { turns, grace: Duration::ZERO, earlier: Earlier { made, ..Earlier::default() } };
    plan.step(&StepId::new(step)).unwrap().next(&answers, outputs, &seen)
}

#[track_caller]
fn check(step: &'static str, turns: Vec<Turn>, expected: &str) {
    assert_eq!(word(&links_next(step, &links_outputs(), turns, &[])), expected);
}

#[track_caller]
fn sent(step: &'static str, turns: Vec<Turn>) -> Shown {
    match links_next(step, &links_outputs(), turns, &[]) {
        Next::Write(request) => request.shown(&links_outputs()),
        other => panic!("{other:?}"),
    }
}

fn endpoint(kind: &str, state: Value) -> Value {
    let answers = links_answers();
    let (id, kind) = match kind {
        "hub" => (hub::id::hub_id(&answers), "Microsoft.Devices/IotHubs"),
        _ => (dps::id::dps_id(&answers), "Microsoft.Devices/provisioningServices"),
    };
    let mut endpoint = json!({
        "endpointType": kind,
        // Services spell ids as they like.
        "resourceId": id.to_uppercase(),
        "inboundCallerIdentity": { "type": "SystemAssigned" },
    });
    match state {
        Value::Object(error) => {
            endpoint["linkingState"] = "Failed".into();
            endpoint["linkingError"] = error.into();
        }
        Value::Null => {}
        state => endpoint["linkingState"] = state,
    }
    endpoint
}

fn failed(code: &str) -> Value {
    json!({ "code": code, "message": "the service's words" })
}

/// A namespace with these states of hub and provisioning service; `None` leaves one out.
fn linked(state: &str, hub: Option<Value>, dps: Option<Value>) -> Value {
    let place = |key: &str, kind: &str, state: Option<Value>| match state {
        Some(state) => json!({ "endpoints": { key: endpoint(kind, state) } }),
        None => json!({ "endpoints": {} }),
    };
    json!({
        "location": "eastus2",
        "tags": { "hubup-setup": "factory", "env": "dev", "theirs": "kept" },
        "identity": { "type": "SystemAssigned", "principalId": NAMESPACE_PRINCIPAL },
        "properties": {
            "uuid": "u",
            "provisioningState": state,
            "messaging": place("hub-1", "hub", hub),
            "provisioning": place("dps-1", "dps", dps),
        },
    })
}

fn good(state: &str) -> Value {
    linked(state, Some("Succeeded".into()), Some("Succeeded".into()))
}

#[test]
fn links_are_made_in_one_write_and_watched_until_both_have_settled() {
    let step = "link.connect";
    check(step, vec![], "read namespaces/factory-ns");
    check(step, vec![read(good("Succeeded"))], "already there");
    let bare = || read(linked("Succeeded", None, None));
    let shown = sent(step, vec![bare()]);
    assert_eq!(shown.method, Method::Put);
    let body = shown.body.unwrap();
    assert_eq!(body["tags"]["theirs"], "kept", "a PUT replaces tags");
    assert_eq!(body["location"], "eastus2");
    assert_eq!(body["identity"], json!({ "type": "SystemAssigned" }));
    assert!(
        body.pointer("/properties/uuid").is_none() && body.pointer("/properties/provisioningState").is_none()
    );
    for (place, key) in [("messaging", "hub-1"), ("provisioning", "dps-1")] {
        assert!(body.pointer(&format!("/properties/{place}/endpoints/{key}/resourceId")).is_some(), "{body}");
    }
    let under_way = |hub: &str, dps: &str| read(linked("Accepted", Some(hub.into()), Some(dps.into())));
    check(step, vec![bare(), wrote()], "read namespaces/factory-ns");
    check(step, vec![bare(), wrote(), under_way("InProgress", "InProgress")], "wait 15");
    check(step, vec![bare(), wrote(), under_way("Succeeded", "InProgress")], "wait 15");
    check(step, vec![bare(), wrote(), read(good("Accepted"))], "done");
    // A quarter of an hour, then it is told.
    let turns = vec![
        bare(),
        wrote(),
        under_way("InProgress", "InProgress"),
        waited(900),
        under_way("InProgress", "InProgress"),
    ];
    check(step, turns, "fail -");
}

#[test]
fn an_endpoint_that_is_left_out_or_stands_elsewhere_is_not_sent_again() {
    let step = "link.connect";
    let bare = || read(linked("Succeeded", None, None));
    let omitted = || read(linked("Succeeded", Some("Succeeded".into()), None));
    check(step, vec![bare(), wrote(), omitted()], "wait 15");
    // Seen so for the first time, by a run that goes on.
    check(step, vec![omitted()], "wait 15");
    check(step, vec![omitted(), waited(15), read(good("Succeeded"))], "already there");
    let moved = json!({
        "endpoints": { "hub-1": endpoint("hub", "Succeeded".into()), "dps-1": endpoint("dps", "Succeeded".into()) }
    });
    let mut updating = linked("Succeeded", None, None);
    updating["properties"]["updating"] = moved;
    check(step, vec![read(updating)], "already there");
    // No hub is linked without a service: one that is left out was sent, and is linked or on its way.
    check(step, vec![omitted(), waited(120), omitted()], "wait 15");
    check(step, vec![omitted(), waited(900), omitted()], "fail -");
    let hub_failed = || read(linked("Failed", Some(failed("AdrMiNotAuthorized")), None));
    let shown = sent(step, vec![hub_failed(), waited(30), hub_failed()]);
    assert_eq!(shown.method, Method::Patch, "a PUT would drop what is left out");
    assert!(shown.body.unwrap().pointer("/properties/provisioning").is_none());
    // A hub may be missing: it alone is sent, once.
    let no_hub = || read(linked("Succeeded", None, Some("Succeeded".into())));
    let shown = sent(step, vec![no_hub(), waited(120), no_hub()]);
    assert_eq!(shown.method, Method::Patch);
    let body = shown.body.unwrap();
    assert!(body.pointer("/properties/messaging/endpoints/hub-1").is_some(), "{body}");
    assert!(body.pointer("/properties/provisioning").is_none(), "{body}");
    check(step, vec![no_hub(), waited(120), no_hub(), wrote(), no_hub(), waited(900), no_hub()], "fail -");
    // Taken and dropped whole: once more, then it is told.
    let turns = || vec![bare(), wrote(), bare(), waited(120), bare()];
    check(step, turns(), "PUT namespaces/factory-ns");
    let turns = turns().into_iter().chain([wrote(), bare(), waited(120), bare()]).collect();
    check(step, turns, "fail -");
}

#[test]
fn only_what_failed_for_roles_is_sent_again_and_never_what_is_linked() {
    let step = "link.connect";
    let codes = [
        "AdrMiNotAuthorized",
        "LinkableResourceNotReady",
        "AuthorizationFailed",
        "LinkInitiateFailed",
        "NamespaceMiTokenAcquisitionFailed",
        "OutboundIdentityUnavailable",
    ];
    for code in codes {
        let both = || read(linked("Failed", Some(failed(code)), Some(failed(code))));
        check(step, vec![both()], "wait 30");
        check(step, vec![both(), waited(30)], "read namespaces/factory-ns");
        assert_eq!(sent(step, vec![both(), waited(30), both()]).method, Method::Put, "{code}");
        let hub = || read(linked("Failed", Some(failed(code)), Some("Succeeded".into())));
        let shown = sent(step, vec![hub(), waited(30), hub()]);
        assert_eq!(shown.method, Method::Patch, "{code}");
        let body = shown.body.unwrap();
        assert!(body.pointer("/properties/provisioning").is_none(), "{code}: {body}");
        assert!(body.pointer("/properties/messaging/endpoints/hub-1").is_some(), "{code}: {body}");
        // Healed meanwhile: nothing is sent.
        check(step, vec![hub(), waited(30), read(good("Succeeded"))], "already there");
        // The write itself may be refused so.
        let bare = || read(linked("Succeeded", None, None));
        check(step, vec![bare(), refused(ErrorKind::Refused, 400, code)], "wait 30");
    }
    for code in ["LinkedResourceInvalid", "ADRLinkingFailed", ""] {
        let hub = || read(linked("Failed", Some(failed(code)), Some("InProgress".into())));
        // Of an earlier run, it is sent once more; what this one sent is final.
        let before = read(linked("Failed", Some(failed(code)), Some("Succeeded".into())));
        check(step, vec![before], "PATCH namespaces/factory-ns");
        let bare = read(linked("Succeeded", None, None));
        let turns = vec![bare, wrote(), hub()];
        let Next::Fail(fault) = links_next(step, &links_outputs(), turns, &[]) else { panic!("{code}") };
        assert_eq!(fault.code.unwrap_or_default(), code);
        assert_eq!(fault.says, "the service's words");
    }
    let bare = || read(linked("Succeeded", None, None));
    let forbidden = ServiceError {
        message: "the client may not perform 'Microsoft.DeviceRegistry/namespaces/write'".into(),
        ..error(ErrorKind::Forbidden, 403, "AuthorizationFailed")
    };
    check(step, vec![bare(), Turn::Wrote(Err(forbidden))], "fail AuthorizationFailed");
    check(step, vec![bare(), refused(ErrorKind::Conflict, 409, "ResourceProvisioningInProgress")], "wait 15");
    check(
        step,
        vec![bare(), refused(ErrorKind::Refused, 400, "EndpointsAreImmutable")],
        "fail EndpointsAreImmutable",
    );
}

#[test]
fn others_links_are_neither_dropped_nor_sent() {
    let mut shared = linked("Succeeded", None, None);
    shared["properties"]["messaging"]["endpoints"]["hub-1"] = json!({
        "endpointType": "Microsoft.Devices/IotHubs", "resourceId": "/subscriptions/x/theirs", "linkingState": "Succeeded",
    });
    let shown = sent("link.connect", vec![read(shared)]);
    assert_eq!(shown.method, Method::Patch);
    let body = shown.body.unwrap();
    let hubs = body["properties"]["messaging"]["endpoints"].as_object().unwrap();
    assert_eq!(hubs.keys().collect::<Vec<_>>(), ["hub-2"], "their key stays theirs");
}

#[test]
fn a_target_that_is_not_finished_is_waited_for() {
    let step = "link.connect";
    let error = json!({ "code": "LinkableResourceNotReady", "message": "the resource is in state Creating" });
    let both = || read(linked("Failed", Some(error.clone()), Some(failed("AdrMiNotAuthorized"))));
    check(step, vec![both()], "read IotHubs/factory-hub");
    let target =
        |state: &str| read(json!({ "properties": { "provisioningState": state, "state": "Active" } }));
    check(step, vec![both(), target("Creating")], "wait 15");
    check(step, vec![both(), target("Succeeded")], "read provisioningServices/factory-dps");
    check(step, vec![both(), target("Succeeded"), target("Succeeded")], "wait 30");
}

#[test]
fn a_namespace_is_made_anew_for_its_link_only_at_the_persons_word() {
    let step = "link.connect";
    let both =
        || read(linked("Failed", Some(failed("AdrMiNotAuthorized")), Some(failed("AdrMiNotAuthorized"))));
    let tried = || {
        let mut turns = Vec::new();
        for attempt in 0..8 {
            turns.extend([both(), waited(if attempt == 0 { 30 } else { 60 }), both(), wrote()]);
        }
        turns.push(both());
        turns
    };
    check(step, tried(), "ask, --yes says nothing");
    let mut stopped = tried();
    stopped.push(Turn::Answered("stop".into()));
    let Next::Fail(fault) = links_next(step, &links_outputs(), stopped, &[]) else { panic!("stopped") };
    assert_eq!(fault.code.as_deref(), Some("AdrMiNotAuthorized"));
    assert!(!fault.may_pass, "there is no wait to be lengthened");
    let mut anew = tried();
    anew.push(Turn::Answered("anew".into()));
    check(step, anew.clone(), "read namespaces/factory-ns");
    anew.push(both());
    check(step, anew.clone(), "DELETE namespaces/factory-ns");
    anew.extend([wrote(), absent()]);
    let next = links_next(step, &links_outputs(), anew.clone(), &[]);
    let Next::Redo { steps, .. } = next else { panic!("{next:?}") };
    assert_eq!(steps.len(), 4, "{steps:?}");
    // Its principal is another then; what was seen before stays as it was judged.
    let mut later = links_outputs();
    let mut gives = later.of(&StepId::new("namespace.create")).cloned().unwrap();
    gives.insert("principalId".into(), "bbbbbbbb-0000-4000-8000-000000000003".into());
    later.set(&StepId::new("namespace.create"), gives);
    anew.push(Turn::Redone);
    assert_eq!(word(&links_next(step, &later, anew.clone(), &[])), "read namespaces/factory-ns");
    let mut fresh = linked("Succeeded", None, None);
    fresh["identity"]["principalId"] = "bbbbbbbb-0000-4000-8000-000000000003".into();
    anew.push(read(fresh));
    assert_eq!(word(&links_next(step, &later, anew, &[])), "PUT namespaces/factory-ns");
    // Somebody else's namespace is not offered to be deleted.
    let theirs = |turn: Turn| match turn {
        Turn::Read(Ok(mut reply)) => {
            reply.body["tags"] = json!({});
            Turn::Read(Ok(reply))
        }
        turn => turn,
    };
    check(step, tried().into_iter().map(theirs).collect(), "fail AdrMiNotAuthorized");
}

#[test]
fn roles_that_are_void_are_given_anew() {
    let step = "link.connect";
    let mut other = good("Succeeded");
    other["identity"]["principalId"] = "cccccccc-0000-4000-8000-000000000003".into();
    let next = links_next(step, &links_outputs(), vec![read(other.clone())], &[]);
    assert!(matches!(&next, Next::Redo { steps, .. } if steps.len() == 4), "{next:?}");
    // In the middle of a link, after which the roles are those of the new principal.
    let bare = read(linked("Succeeded", None, None));
    let turns = vec![bare, wrote(), read(other.clone()), Turn::Redone];
    let mut later = links_outputs();
    let mut gives = later.of(&StepId::new("namespace.create")).cloned().unwrap();
    gives.insert("principalId".into(), "cccccccc-0000-4000-8000-000000000003".into());
    later.set(&StepId::new("namespace.create"), gives);
    assert_eq!(word(&links_next(step, &later, turns.clone(), &[])), "read namespaces/factory-ns");
    let turns = turns.into_iter().chain([read(other.clone())]).collect();
    assert_eq!(word(&links_next(step, &later, turns, &[])), "done");
    // One that changes for ever is told.
    let turns = vec![read(other.clone()), Turn::Redone, read(other.clone()), Turn::Redone, read(other)];
    check(step, turns, "fail -");
}

#[test]
fn a_namespace_that_is_failed_with_good_links_is_healed_by_its_tags_alone() {
    let step = "link.settle";
    check(step, vec![read(good("Succeeded"))], "already there");
    check(step, vec![read(good("Accepted"))], "wait 15");
    let shown = sent(step, vec![read(good("Failed"))]);
    assert_eq!(shown.method, Method::Patch);
    assert_eq!(
        shown.body.unwrap(),
        json!({ "tags": { "hubup-setup": "factory", "env": "dev", "theirs": "kept", "hubup-healed": "1" } })
    );
    // It may stay Failed for a while.
    check(step, vec![read(good("Failed")), wrote(), read(good("Failed"))], "wait 15");
    check(
        step,
        vec![read(good("Failed")), wrote(), read(good("Failed")), waited(15), read(good("Succeeded"))],
        "done",
    );
    let mut again = good("Failed");
    again["tags"]["hubup-healed"] = "1".into();
    let turns = vec![read(good("Failed")), wrote(), read(again.clone()), waited(300), read(again.clone())];
    assert_eq!(sent(step, turns.clone()).body.unwrap()["tags"]["hubup-healed"], "2");
    let turns = turns.into_iter().chain([wrote(), read(again.clone()), waited(300), read(again)]).collect();
    check(step, turns, "fail -");
    // A link that is not good is the matter of the step before.
    let next = links_next(
        step,
        &links_outputs(),
        vec![read(linked("Failed", Some(failed("X")), Some("Succeeded".into())))],
        &[],
    );
    assert!(
        matches!(&next, Next::Redo { steps, .. } if steps[..] == [StepId::new("link.connect")]),
        "{next:?}"
    );
}

#[test]
fn a_namespace_with_links_is_never_put_again_to_mend_it() {
    let made = [namespace::id::namespace_id(&links_answers())];
    let step = "namespace.create";
    for state in ["Failed", "Accepted", "Succeeded"] {
        let next = links_next(step, &links_outputs(), vec![read(good(state))], &made);
        assert_eq!(word(&next), "already there", "{state}");
    }
    let bare = vec![read(linked("Failed", None, None))];
    assert_eq!(word(&links_next(step, &links_outputs(), bare, &made)), "PUT namespaces/factory-ns");
    // Registry and ARM disagree: once more, with the endpoints.
    let ghost = vec![absent(), refused(ErrorKind::Conflict, 409, "EndpointUsedByNestedDevices"), absent()];
    let body = sent(step, ghost).body.unwrap();
    assert!(body.pointer("/properties/messaging/endpoints/hub-1").is_some(), "{body}");
    assert!(body.pointer("/properties/provisioning/endpoints/dps-1").is_some(), "{body}");
}

#[test]
fn below_a_failed_namespace_the_links_are_settled_first() {
    for step in ["certificates.root-ca", "certificates.issuing-ca", "certificates.policy"] {
        let turns = vec![absent(), refused(ErrorKind::Conflict, 409, "ResourceProvisioningFailed")];
        let next = links_next(step, &links_outputs(), turns.clone(), &[]);
        assert!(
            matches!(&next, Next::Redo { steps, .. } if steps[..] == [StepId::new("link.settle")]),
            "{next:?}"
        );
        let turns: Vec<Turn> = turns.into_iter().chain([Turn::Redone, absent()]).collect();
        assert!(word(&links_next(step, &links_outputs(), turns, &[])).starts_with("PUT "), "{step}");
    }
}

fn service(marker: Option<&str>) -> Value {
    let mut tags = json!({ "env": "dev" });
    if let Some(marker) = marker {
        tags["hubup-pushed"] = marker.into();
    }
    json!({ "tags": tags, "properties": { "provisioningState": "Succeeded", "state": "Active" } })
}

#[test]
fn a_push_is_done_when_its_marker_reads_back() {
    let step = "certificates.push";
    let body = sent(step, vec![read(service(None))]).body.unwrap();
    assert_eq!(body["tags"]["env"], "dev", "a PATCH replaces all tags");
    let marker = body["tags"]["hubup-pushed"].as_str().unwrap().to_owned();
    assert!(marker.ends_with("-1"), "{marker}");
    check(step, vec![read(service(None)), wrote(), read(service(None))], "wait 10");
    check(step, vec![read(service(None)), wrote(), read(service(Some(&marker)))], "done");
    check(step, vec![read(service(Some(&marker)))], "already there");
    check(
        step,
        vec![read(service(None)), wrote(), read(service(None)), waited(300), read(service(None))],
        "warned",
    );
    // One of another link says nothing of ours, and its number goes on.
    let body = sent(step, vec![read(service(Some("00000000-4")))]).body.unwrap();
    assert!(body["tags"]["hubup-pushed"].as_str().unwrap().ends_with("-5"), "{body}");
}

fn data_plane(code: &str, message: &str) -> Turn {
    let error = ServiceError { message: message.into(), ..error(ErrorKind::Refused, 400, code) };
    Turn::Wrote(Err(error))
}

#[test]
fn an_enrollment_is_sent_again_for_the_right_reasons_only() {
    let step = "enrollment.group";
    let sent_once = |refusal: Turn| vec![read(json!({})), absent(), refusal];
    let unknown = || sent_once(data_plane("400004", "The namespace is missing."));
    check(step, unknown(), "read provisioningServices/factory-dps");
    let push: Vec<Turn> = unknown().into_iter().chain([read(service(Some("x-1")))]).collect();
    let marker = sent(step, push).body.unwrap()["tags"]["hubup-pushed"].clone();
    assert!(
        marker.as_str().unwrap().ends_with("-3"),
        "{marker}: one of its own, though the last may not read back yet"
    );
    let version = sent_once(data_plane("400004", "The namespaceName needs another api-version."));
    let Next::Fail(fault) = links_next(step, &links_outputs(), version, &[]) else { panic!("final") };
    assert!(fault.remedy.contains("[api_versions]"), "{}", fault.remedy);
    check(step, sent_once(data_plane("400004", "No such thing.")), "fail 400004");
    check(step, sent_once(data_plane("400209", "The namespace is odd.")), "fail 400209");

    let forbidden = || sent_once(Turn::Wrote(Err(error(ErrorKind::Forbidden, 403, "403000"))));
    check(step, forbidden(), "read namespaces/factory-ns");
    let mut slow: Vec<Turn> = forbidden().into_iter().chain([read(good("Succeeded"))]).collect();
    check(step, slow.clone(), "wait 15");
    for every in [15, 30, 60, 120, 240, 480, 960] {
        slow.extend([waited(every), absent(), Turn::Wrote(Err(error(ErrorKind::Forbidden, 403, "403000")))]);
        slow.push(read(good("Succeeded")));
    }
    check(step, slow, "fail 403000");
    let half: Vec<Turn> = forbidden().into_iter().chain([read(good("Failed"))]).collect();
    let next = links_next(step, &links_outputs(), half, &[]);
    assert!(
        matches!(&next, Next::Redo { steps, .. } if steps[..] == [StepId::new("link.settle")]),
        "{next:?}"
    );
}

const OLD: &[(&str, &str)] = &[
    ("Microsoft.DeviceRegistry/namespaces", "2025-11-01-preview"),
    ("Microsoft.DeviceRegistry/namespaces/credentials", "2025-11-01-preview"),
    ("Microsoft.Devices/IotHubs", "2025-08-01-preview"),
    ("Microsoft.Devices/provisioningServices", "2025-02-01-preview"),
];
const NEW: &[(&str, &str)] = &[
    ("Microsoft.DeviceRegistry/namespaces", "2026-11-02-preview"),
    ("Microsoft.DeviceRegistry/namespaces/certificateAuthorities", "2026-11-02-preview"),
    ("Microsoft.Devices/IotHubs", "2026-10-01-preview"),
    ("Microsoft.Devices/provisioningServices", "2026-06-01-preview"),
];

/// Offers of several versions a type.
fn listing(listed: &[&[(&str, &str)]], locations: &[&str]) -> Offers {
    let mut offers = Offers::default();
    for provider in ["Microsoft.DeviceRegistry", "Microsoft.Devices"] {
        let mut types: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, version) in listed.iter().copied().flatten() {
            if let Some((of, name)) = name.split_once('/').filter(|(of, _)| *of == provider) {
                assert_eq!(of, provider);
                types.entry(name).or_default().push(version);
            }
        }
        let types: Vec<Value> = types
            .iter()
            .map(|(name, versions)| json!({ "resourceType": name, "apiVersions": versions, "locations": locations }))
            .collect();
        offers.take(&reply(json!({ "namespace": provider, "resourceTypes": types })));
    }
    offers
}

/// What is chosen where each look is answered by `look`, which is told the path.
fn chosen_with(
    answers: &Answers,
    offers: &Offers,
    look: impl Fn(&str) -> Result<Value, &'static str>,
) -> Result<Selection, Box<Fault>> {
    let mut turns = Vec::new();
    loop {
        let seen = Seen { turns: turns.clone(), ..Seen::default() };
        match choose(answers, offers, DIALECTS, None, Regions::Checked, &mut Replay::new(&seen)) {
            Ok(selection) => return Ok(selection),
            Err(next) => match *next {
                Next::Read(request) => turns.push(match look(&request.shown(&Outputs::default()).url) {
                    Ok(body) => read(body),
                    Err("DisallowedResourceOperation") => {
                        Turn::Read(Err(error(ErrorKind::Refused, 405, "DisallowedResourceOperation")))
                    }
                    Err(code) => Turn::Read(Err(error(ErrorKind::NotFound, 404, code))),
                }),
                Next::Fail(fault) => return Err(Box::new(fault)),
                other => panic!("{other:?}"),
            },
        }
    }
}

const EAST: &[&str] = &["East US 2"];

#[track_caller]
fn speaks(selection: Result<Selection, Box<Fault>>, dialect: &str, why: &str) {
    let selection = selection.unwrap();
    assert_eq!(selection.dialect.id, dialect, "{}", selection.because);
    assert!(selection.because.contains(why), "{}", selection.because);
    assert!(!selection.because.contains('\n'), "{}", selection.because);
}

#[test]
fn the_dialect_is_chosen_by_what_is_offered_and_served() {
    let nothing = |_: &str| Err("ResourceNotFound");
    let auto = links_answers();
    speaks(
        chosen_with(&auto, &listing(&[OLD], EAST), nothing),
        "preview-2025",
        "namespaces 2025-11-01-preview",
    );
    speaks(
        chosen_with(&auto, &listing(&[NEW], EAST), nothing),
        "links-2026",
        "certificateAuthorities 2026-11-02-preview",
    );
    speaks(
        chosen_with(&auto, &listing(&[OLD, NEW], EAST), nothing),
        "links-2026",
        "IotHubs 2026-10-01-preview",
    );
    let refusing = |url: &str| {
        Err(if url.contains("/credentials") { "DisallowedResourceOperation" } else { "ResourceNotFound" })
    };
    speaks(chosen_with(&auto, &listing(&[OLD, NEW], EAST), refusing), "links-2026", "certificateAuthorities");
    // The authorities are not listed, but what is listed is refused: a hint.
    let unlisted: Vec<_> = NEW.iter().filter(|(name, _)| !name.ends_with("Authorities")).copied().collect();
    speaks(
        chosen_with(&auto, &listing(&[OLD, &unlisted], EAST), refusing),
        "links-2026",
        "DisallowedResourceOperation",
    );
    speaks(chosen_with(&auto, &listing(&[OLD, &unlisted], EAST), nothing), "preview-2025", "2025");
    // Nothing is left to speak.
    let Err(fault) = chosen_with(&auto, &listing(&[OLD], EAST), refusing) else { panic!("closed") };
    assert!(fault.says.contains("DisallowedResourceOperation"), "{}", fault.says);
    let asked = Answers { dialect: "preview-2025".into(), ..links_answers() };
    let unserved = [("Microsoft.DeviceRegistry/namespaces".to_owned(), "2031-01-01".to_owned())];
    let unserved = Answers { api_versions: unserved.into(), ..links_answers() };
    let Err(fault) = chosen_with(&unserved, &listing(&[OLD, NEW], EAST), nothing) else {
        panic!("not offered")
    };
    assert!(fault.says.contains("2031-01-01") && fault.remedy.contains("2026-11-01"), "{}", fault.says);
    let Err(fault) = chosen_with(&asked, &listing(&[OLD, NEW], EAST), refusing) else { panic!("closed") };
    assert!(fault.remedy.contains("`dialect = \"auto\"`"), "{}", fault.remedy);
    // What the answers want decides where both are offered.
    speaks(chosen_with(&asked, &listing(&[OLD, NEW], EAST), nothing), "preview-2025", "asked for");
    let apart = Answers { hub_location: "westus2".into(), ..links_answers() };
    let both = listing(&[OLD, NEW], &["East US 2", "West US 2"]);
    speaks(
        chosen_with(&apart, &both, nothing),
        "preview-2025",
        "not links-2026, since links-2026 wants the hub in the region",
    );
    let apart = Answers { dialect: "links-2026".into(), ..apart };
    assert!(chosen_with(&apart, &both, nothing).is_err());
    let old_version = [("Microsoft.DeviceRegistry/namespaces".to_owned(), "2025-11-01-preview".to_owned())];
    let insists = Answers { api_versions: old_version.into(), ..links_answers() };
    speaks(chosen_with(&insists, &listing(&[OLD, NEW], EAST), nothing), "preview-2025", "2025-11-01-preview");
}

#[test]
fn versions_are_those_that_the_person_insists_on() {
    let set = |name: &str, version: &str| Answers {
        api_versions: [(name.to_owned(), version.to_owned())].into(),
        ..links_answers()
    };
    let nothing = |_: &str| Err("ResourceNotFound");
    let selection = chosen_with(
        &set("Microsoft.DeviceRegistry/namespaces", "2026-11-01-preview"),
        &listing(&[NEW], EAST),
        nothing,
    );
    let selection = selection.unwrap();
    for name in
        ["Microsoft.DeviceRegistry/namespaces", "Microsoft.DeviceRegistry/namespaces/certificateAuthorities"]
    {
        assert_eq!(
            selection.profile.version(name),
            "2026-11-01-preview",
            "one version for all of a namespace"
        );
    }
    assert!(selection.because.contains("(as you said)"), "{}", selection.because);
    let selection =
        chosen_with(&set("DPS service plane", "2026-11-02-preview"), &listing(&[NEW], EAST), nothing)
            .unwrap();
    assert_eq!(selection.profile.version("DPS service plane"), "2026-11-02-preview");
}

#[test]
fn a_namespace_that_is_there_has_the_last_word() {
    let both = listing(&[OLD, NEW], EAST);
    let new = |url: &str| match url {
        url if url.contains("/credentials") => Err("ResourceNotFound"),
        url if url.contains("/certificateAuthorities") => Ok(json!({ "value": [] })),
        _ => Ok(good("Succeeded")),
    };
    let authorities = |url: &str| match url {
        url if url.contains("/credentials") => Err("ResourceNotFound"),
        url if url.contains("/certificateAuthorities") => Ok(json!({ "value": [{ "name": "root-ca" }] })),
        _ => Ok(linked("Succeeded", None, None)),
    };
    let old = |url: &str| match url {
        url if url.contains("/certificateAuthorities") => Ok(json!({ "value": [] })),
        url if url.contains("/credentials") => Ok(json!({ "name": "default" })),
        _ => Ok(linked("Succeeded", None, None)),
    };
    let auto = links_answers();
    speaks(chosen_with(&auto, &both, new), "links-2026", "is of that model");
    speaks(chosen_with(&auto, &both, authorities), "links-2026", "holds certificate authorities");
    speaks(chosen_with(&auto, &both, old), "preview-2025", "it holds a credential");
    for (dialect, other) in [("links-2026", "preview-2025"), ("preview-2025", "links-2026")] {
        let asked = Answers { dialect: dialect.into(), ..links_answers() };
        let fault = if dialect == "links-2026" {
            chosen_with(&asked, &both, old)
        } else {
            chosen_with(&asked, &both, new)
        };
        let Err(fault) = fault else { panic!("{dialect}") };
        assert!(fault.says.contains(other) && fault.remedy.contains("namespace.name"), "{}", fault.says);
    }
}

#[test]
fn a_namespace_that_links_another_service_is_told_before_anything_is_written() {
    let mut other = good("Succeeded");
    other["properties"]["provisioning"]["endpoints"]["dps-1"]["resourceId"] =
        "/subscriptions/x/theirs-dps".into();
    let look =
        |url: &str| if url.contains("/credentials") { Err("ResourceNotFound") } else { Ok(other.clone()) };
    let Err(fault) = chosen_with(&links_answers(), &listing(&[OLD, NEW], EAST), look) else {
        panic!("unfit")
    };
    assert!(fault.remedy.contains("theirs-dps"), "{}", fault.remedy);
    check("namespace.create", vec![read(other)], "fail -");
}

#[test]
fn a_namespace_of_old_with_hubs_in_its_endpoints_is_not_taken_for_a_new_one() {
    let mut old = linked("Succeeded", None, None);
    old["properties"]["messaging"]["endpoints"]["eventGrid"] = json!({
        "endpointType": "Microsoft.Devices/IoTHubs", "address": "https://myeventgrid", "resourceId": "/subscriptions/x/hub",
    });
    let look = |url: &str| match url {
        url if url.contains("/certificateAuthorities") => Ok(json!({ "value": [] })),
        url if url.contains("/credentials") => Ok(json!({ "name": "default" })),
        _ => Ok(old.clone()),
    };
    speaks(
        chosen_with(&links_answers(), &listing(&[OLD, NEW], EAST), look),
        "preview-2025",
        "it holds a credential",
    );
    // Without certificates its hub tells.
    let look = |url: &str| match url {
        url if url.contains("/certificateAuthorities") => Ok(json!({ "value": [] })),
        url if url.contains("/credentials") => Err("ResourceNotFound"),
        url if url.contains("/IotHubs/") => Ok(json!({ "sku": { "name": "GEN2" } })),
        _ => Ok(old.clone()),
    };
    speaks(chosen_with(&links_answers(), &listing(&[OLD, NEW], EAST), look), "preview-2025", "tier GEN2");
}

#[test]
fn a_setup_keeps_its_versions() {
    let begun: BTreeMap<String, String> =
        NEW.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned())).collect();
    let begun = Profile::of(&dialect("links-2026").profiles[0], &begun);
    let versions = begun.versions();
    let kept = Kept { dialect: "links-2026", profile: "L", versions };
    let seen = Seen::default();
    let newer = listing(&[OLD, NEW, &[("Microsoft.DeviceRegistry/namespaces", "2026-11-01")]], EAST);
    let mut replay = Replay::new(&seen);
    let keeps = choose(&links_answers(), &newer, DIALECTS, Some(kept), Regions::Checked, &mut replay);
    let selection = keeps.unwrap();
    assert_eq!(selection.profile.version("Microsoft.DeviceRegistry/namespaces"), "2026-11-02-preview");
}
