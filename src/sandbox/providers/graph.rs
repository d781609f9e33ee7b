//! Microsoft Graph: service principals only.
//!
//! Facts: contract section 1b. Whether the caller may read or create them is the world's to say; ARM roles do not matter here.

use serde_json::{Map, Value, json};

use super::sign_in::{Audience, check_bearer};
use crate::sandbox::clock::{Due, Now};
use crate::sandbox::paging;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::request::Request;
use crate::sandbox::schema::shorten;
use crate::sandbox::world::{Principal, World, text};

/// Ids that one request may name (Graph reference, `directoryObject: getByIds`).
const MOST_IDS: usize = 1000;

/// Handles a request to `graph.microsoft.com`.
pub(crate) fn handle(world: &mut World, request: &Request, now: &Now) -> Result<Reply, Refusal> {
    check_bearer(world, request, now, Audience::Graph)?;
    let segments = request.segments();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    let denied = || {
        Refusal::graph(
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.".to_owned(),
        )
    };
    match (request.method.as_str(), words.as_slice()) {
        ("GET", _) if !world.settings.graph.caller_may_read => Err(denied()),
        ("GET", ["v1.0", "servicePrincipals"]) => list(world, request, now),
        ("GET", ["v1.0", "servicePrincipals", id]) => {
            one(world, request, now, id, |known, _| known.eq_ignore_ascii_case(id))
        }
        ("GET", ["v1.0", key]) => {
            match key.strip_prefix("servicePrincipals(appId='").and_then(|rest| rest.strip_suffix("')")) {
                Some(app_id) => {
                    one(world, request, now, app_id, |_, known| known.app_id.eq_ignore_ascii_case(app_id))
                }
                None => Err(unknown(request)),
            }
        }
        ("POST", ["v1.0", "directoryObjects", "getByIds"]) => {
            if !world.settings.graph.caller_may_read {
                return Err(denied());
            }
            by_ids(world, request, now)
        }
        ("POST", ["v1.0", "servicePrincipals"]) => {
            if !world.settings.graph.caller_may_write {
                return Err(denied());
            }
            create(world, request, now)
        }
        _ => Err(unknown(request)),
    }
}

fn unknown(request: &Request) -> Refusal {
    let message = format!("Resource not found for the segment '{}'.", shorten(&request.path));
    Refusal::graph(400, "BadRequest", message)
}

fn whole(id: &str, principal: &Principal) -> Value {
    json!({
        "id": id, "appId": principal.app_id, "displayName": principal.name, "appDisplayName": principal.name,
        "servicePrincipalNames": [principal.app_id], "servicePrincipalType": "Application", "accountEnabled": true,
    })
}

/// Applies `$select`; a property that no service principal has is refused.
fn selected(request: &Request, body: Value) -> Result<Value, Refusal> {
    let Some(select) = request.query_value("$select").filter(|select| !select.is_empty()) else {
        return Ok(body);
    };
    let mut picked = Map::new();
    for name in select.split(',').map(str::trim) {
        let Some(value) = body.get(name) else {
            let message = format!(
                "Could not find a property named '{}' on type 'microsoft.graph.servicePrincipal'.",
                shorten(name)
            );
            return Err(Refusal::graph(400, "BadRequest", message));
        };
        picked.insert(name.to_owned(), value.clone());
    }
    Ok(Value::Object(picked))
}

fn one(
    world: &mut World,
    request: &Request,
    now: &Now,
    asked: &str,
    wanted: impl Fn(&str, &Principal) -> bool,
) -> Result<Reply, Refusal> {
    let known = world.principals.iter_mut().find(|(id, known)| wanted(id, known));
    let found = known.and_then(|(id, known)| known.visible.look(now).then_some((id, known)));
    let Some((id, principal)) = found else {
        let message = format!(
            "Resource '{}' does not exist or one of its queried reference-property objects are not present.",
            shorten(asked)
        );
        return Err(Refusal::graph(404, "Request_ResourceNotFound", message));
    };
    let mut body = selected(request, whole(id, principal))?;
    if let Some(map) = body.as_object_mut() {
        map.insert(
            "@odata.context".to_owned(),
            json!("https://graph.microsoft.com/v1.0/$metadata#servicePrincipals/$entity"),
        );
    }
    Ok(Reply::json(200, body))
}

fn list(world: &World, request: &Request, now: &Now) -> Result<Reply, Refusal> {
    let filter = request.query_value("$filter").unwrap_or_default();
    let quoted = |prefix: &str, suffix: &str| {
        filter.trim().strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix)).map(str::to_owned)
    };
    let by_app = quoted("servicePrincipalNames/any(c:c eq '", "')").or_else(|| quoted("appId eq '", "'"));
    let by_name = quoted("displayName eq '", "'");
    if !filter.is_empty() && by_app.is_none() && by_name.is_none() {
        let message = format!("Invalid filter clause: '{}'.", shorten(&filter));
        return Err(Refusal::graph(400, "Request_UnsupportedQuery", message));
    }
    let value: Vec<Value> = world
        .principals
        .iter()
        .filter(|(_, known)| known.visible.reached(now))
        .filter(|(_, known)| by_app.as_deref().is_none_or(|wanted| known.app_id.eq_ignore_ascii_case(wanted)))
        .filter(|(_, known)| by_name.as_deref().is_none_or(|wanted| known.name.eq_ignore_ascii_case(wanted)))
        .map(|(id, known)| whole(id, known))
        .collect();
    paged(world, request, &filter, value)
}

/// A page of the list. Without `$top` a page has at most 100 entries, with it at most 999 (the list operation's
/// reference page).
fn paged(world: &World, request: &Request, filter: &str, value: Vec<Value>) -> Result<Reply, Refusal> {
    let bad = |message: String| Refusal::graph(400, "Request_BadRequest", message);
    let asked = match request.query_value("$top") {
        None => 100,
        Some(top) => top.parse().ok().filter(|top| (1..=999).contains(top)).ok_or_else(|| {
            let message = "Must be between 1 and 999 inclusive.";
            bad(format!("Invalid page size specified: '{}'. {message}", shorten(&top)))
        })?,
    };
    let most = world.settings.paging.items;
    let most = if most == 0 { asked } else { most.min(asked) };
    let token = request.query_value("$skiptoken");
    let list = format!("graph:{}?{filter}", request.path);
    let page = paging::cut(world, &list, value, token.as_deref(), most)
        .map_err(|_| bad("The $skiptoken of the request is not valid for this list.".to_owned()))?;
    let mut body = json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#servicePrincipals"});
    if let Some(token) = page.token {
        let query = request.query_with("$skiptoken", &token);
        body["@odata.nextLink"] = json!(format!("{}{}?{query}", request.link_base(), request.path));
    }
    let entries = page.entries.into_iter().map(|entry| selected(request, entry));
    body["value"] = Value::Array(entries.collect::<Result<_, _>>()?);
    Ok(Reply::json(200, body))
}

/// The objects of a list of ids, in its order; ids that lead to none are left out (Graph reference, `directoryObject: getByIds`).
fn by_ids(world: &mut World, request: &Request, now: &Now) -> Result<Reply, Refusal> {
    let bad = |message: &str| Refusal::graph(400, "Request_BadRequest", message.to_owned());
    let body = request.json_object().map_err(|refusal| bad(&refusal.message))?;
    let words = |name: &str| -> Option<Vec<String>> {
        let list = body.get(name)?.as_array()?;
        list.iter().map(|word| word.as_str().map(str::to_ascii_lowercase)).collect()
    };
    let ids = words("ids").filter(|ids| !ids.is_empty() && ids.len() <= MOST_IDS);
    let Some(ids) = ids else {
        return Err(bad("The property 'ids' must be a list of 1 to 1000 GUIDs."));
    };
    let wanted = match body.get("types") {
        None | Some(Value::Null) => true,
        Some(_) => {
            let types = words("types").ok_or_else(|| bad("The property 'types' must be a list of names."))?;
            types.iter().any(|name| matches!(name.as_str(), "serviceprincipal" | "directoryobject"))
        }
    };
    let mut value = Vec::new();
    for id in ids.iter().filter(|_| wanted) {
        if let Some(known) = world.principals.get_mut(id)
            && known.visible.look(now)
        {
            let mut object = json!({"@odata.type": "#microsoft.graph.servicePrincipal"});
            if let (Some(object), Value::Object(rest)) = (object.as_object_mut(), whole(id, known)) {
                object.extend(rest);
            }
            value.push(object);
        }
    }
    let context = "https://graph.microsoft.com/v1.0/$metadata#directoryObjects";
    Ok(Reply::json(200, json!({"@odata.context": context, "value": value})))
}

fn create(world: &mut World, request: &Request, now: &Now) -> Result<Reply, Refusal> {
    let bad = |message: &str| Refusal::graph(400, "Request_BadRequest", message.to_owned());
    let body = request.json_object().map_err(|refusal| bad(&refusal.message))?;
    let Some(app_id) = text(&body, &["appId"]).filter(|id| uuid::Uuid::parse_str(id).is_ok()) else {
        return Err(bad("The property 'appId' must be a GUID."));
    };
    if world.principals.values().any(|known| known.app_id.eq_ignore_ascii_case(app_id)) {
        let message = format!(
            "The service principal cannot be created, because the service principal name {app_id} is already in use."
        );
        return Err(Refusal::graph(409, "Request_MultipleObjectsWithSameKeyValue", message));
    }
    if !app_id.eq_ignore_ascii_case(super::resources::HUB_APPLICATION_ID) {
        return Err(bad("The appId does not reference a known application."));
    }
    let id = world.settings.graph.hub_application_object_id.clone();
    let principal = Principal {
        app_id: super::resources::HUB_APPLICATION_ID.to_owned(),
        name: "Azure IoT Hub".to_owned(),
        visible: Due::after(now, world.settings.latency.principal),
    };
    let reply = Reply::json(201, whole(&id, &principal));
    world.principals.insert(id, principal);
    Ok(reply)
}
