//! What can be read of a hub beside itself: statistics, quotas, tiers, routes, jobs; and its consumer groups, which can be
//! written too.
//!
//! Called by `hubs`. Nothing flows through these hubs, so most of it is small. Facts: the hub specifications' operations
//! `GetStats`, `GetQuotaMetrics`, `GetValidSkus`, `GetEndpointHealth`, `ListJobs` and `*EventHubConsumerGroup`.

use serde_json::{Value, json};

use super::credentials::HUB;
use super::{hub_devices, hub_schema, hubs};
use crate::sandbox::front_door::Call;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::schema::{self, Field, Shape, required, shorten};
use crate::sandbox::world::{Resource, set, text};

/// The group that every endpoint has, and keeps.
const DEFAULT_GROUP: &str = "$Default";
/// The one endpoint that has consumer groups.
const EVENTS: &str = "events";

static GROUP_NAME: [Field; 1] = [required("name", Shape::Text)];
static GROUP: [Field; 1] = [required("properties", Shape::Object(&GROUP_NAME))];

/// Answers what lies below a hub and is not a resource of its own; `kind` is in lower case.
pub(super) fn handle(call: &mut Call<'_>, kind: &str) -> Result<Reply, Refusal> {
    // `.../IotHubs/{hub}/...`: whatever the path ends in, the hub is its first name.
    let name = call.target.names.first().cloned().unwrap_or_default();
    let id = format!("{}/providers/{HUB}/{name}", call.target.container());
    let hub = call.world.resource(&id).cloned().ok_or_else(|| hub_not_found(call, &name))?;
    let listed = call.target.is_collection();
    match (call.request.method.as_str(), kind) {
        ("GET", "iothubs/iothubstats") if listed => {
            let (all, enabled) = hub_devices::count(&hub);
            let stats = json!({"totalDeviceCount": all, "enabledDeviceCount": enabled, "disabledDeviceCount": all - enabled});
            Ok(Reply::json(200, stats))
        }
        ("GET", "iothubs/quotametrics") if listed => {
            let (devices, _) = hub_devices::count(&hub);
            let metric = |name: &str, current: usize, most: u64| json!({"name": name, "currentValue": current, "maxValue": most});
            let value =
                json!([metric("TotalMessages", 0, 400_000), metric("TotalDeviceCount", devices, 1_000_000)]);
            Ok(Reply::json(200, json!({"value": value})))
        }
        ("GET", "iothubs/skus") if listed => Ok(Reply::json(200, json!({"value": skus(&hub)}))),
        // Nothing is routed, and nothing runs.
        ("GET", "iothubs/routingendpointshealth" | "iothubs/jobs") if listed => {
            Ok(Reply::json(200, json!({"value": []})))
        }
        ("GET", "iothubs/jobs") => {
            let message = format!("The job '{}' was not found.", shorten(call.target.name()));
            Err(Refusal::hub(404, "IH404003", message))
        }
        (_, "iothubs/eventhubendpoints/consumergroups") => consumer_groups(call, &hub),
        _ => Err(call.method_not_allowed()),
    }
}

fn hub_not_found(call: &Call<'_>, name: &str) -> Refusal {
    let message = format!(
        "The Resource '{HUB}/{}' under resource group '{}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        shorten(name),
        call.target.group(),
    );
    Refusal::arm(404, "ResourceNotFound", message)
}

/// The tiers that a hub may change to: those of its generation.
fn skus(hub: &Resource) -> Value {
    let own = text(&hub.body, &["sku", "name"]).unwrap_or_default();
    let names: &[&str] = if own == "GEN2" { &["GEN2"] } else { &["S1", "S2", "S3"] };
    let whole = |name: &&str| {
        json!({
            "resourceType": HUB, "sku": {"name": name, "tier": hub_schema::tier(name), "capacity": 1},
            "capacity": {"minimum": 1, "maximum": 200, "default": 1, "scaleType": "Manual"},
        })
    };
    Value::Array(names.iter().map(whole).collect())
}

/// Consumer groups of the built-in endpoint.
fn consumer_groups(call: &mut Call<'_>, hub: &Resource) -> Result<Reply, Refusal> {
    let endpoint = call.target.names.get(1).cloned().unwrap_or_default();
    if !endpoint.eq_ignore_ascii_case(EVENTS) {
        let message = format!("The endpoint '{}' was not found: it is 'events'.", shorten(&endpoint));
        return Err(Refusal::hub(404, "IH404004", message));
    }
    let own = hub.vault.get("consumerGroups").and_then(Value::as_array);
    let mut names: Vec<String> = vec![DEFAULT_GROUP.to_owned()];
    names.extend(own.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
    let body = |name: &str| {
        json!({
            "id": format!("{}/eventHubEndpoints/{EVENTS}/ConsumerGroups/{name}", hub.id), "name": name,
            "type": "Microsoft.Devices/IotHubs/EventHubEndpoints/ConsumerGroups", "etag": null,
            "properties": {"created": "Thu, 01 Jan 1970 00:00:00 GMT", "name": name},
        })
    };
    let wanted = call.target.name().to_owned();
    let known = names.iter().position(|known| known.eq_ignore_ascii_case(&wanted));
    match (call.request.method.as_str(), call.target.is_collection()) {
        ("GET", true) => {
            let value: Vec<Value> = names.iter().map(|name| body(name)).collect();
            Ok(Reply::json(200, json!({"value": value})))
        }
        ("GET", false) => {
            known.and_then(|at| names.get(at)).map(|name| Reply::json(200, body(name))).ok_or_else(|| {
                let message = format!("The consumer group '{}' was not found.", shorten(&wanted));
                Refusal::hub(404, "IH404005", message)
            })
        }
        ("PUT", false) => {
            let given = call.request.json_object()?;
            schema::check(&given, &Shape::Object(&GROUP), "")
                .map_err(|violation| hubs::bad(violation.to_string()))?;
            if known.is_none() {
                names.push(wanted.clone());
                keep(call, hub, &names);
            }
            Ok(Reply::json(200, body(&wanted)))
        }
        ("DELETE", false) if wanted.eq_ignore_ascii_case(DEFAULT_GROUP) => {
            Err(hubs::bad("The consumer group '$Default' cannot be deleted.".to_owned()))
        }
        ("DELETE", false) => {
            if let Some(at) = known {
                names.remove(at);
                keep(call, hub, &names);
            }
            Ok(Reply::empty(200))
        }
        _ => Err(call.method_not_allowed()),
    }
}

fn keep(call: &mut Call<'_>, hub: &Resource, names: &[String]) {
    let own: Vec<&String> = names.iter().filter(|name| *name != DEFAULT_GROUP).collect();
    if let Some(found) = call.world.resource_mut(&hub.id) {
        set(&mut found.vault, &["consumerGroups"], json!(own));
    }
}
