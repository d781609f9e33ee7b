//! The endpoints of a namespace: what stands in it, and what is wanted (contract links-2026, 6.6).

use serde_json::Value;

use crate::domain::{Answers, Outputs, Patch, Template, Text, object};
use crate::stages::access::acting::caller;
use crate::stages::build::{same, same_id, text};
use crate::stages::dps::id::dps_slot;
use crate::stages::hub::id::hub_slot;

/// Signs that roles have not reached the service that checks them: the same body is sent again (contract links-2026,
/// section 9, first row).
pub const NOT_REPLICATED: [&str; 6] = [
    "AdrMiNotAuthorized",
    "LinkableResourceNotReady",
    "AuthorizationFailed",
    "LinkInitiateFailed",
    "NamespaceMiTokenAcquisitionFailed",
    "OutboundIdentityUnavailable",
];

/// Where an endpoint stands. A finished link may be moved from one place to another (contract links-2026, 6.6; one source).
const PLACES: [&str; 3] = ["messaging", "provisioning", "updating"];

/// True for a link that a hub or a service tells of and that is none: of a namespace that no longer exists, or that was not
/// made (contract links-2026, section 4, point 6).
pub fn is_dead(state: &str) -> bool {
    ["NotLinked", "Orphaned", "Failed"].iter().any(|dead| same(state, dead))
}

/// How a link stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Linking {
    InProgress,
    Succeeded,
    Failed,
}

/// One endpoint as the namespace shows it.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'a> {
    /// Its key in the dictionary.
    pub key: &'a str,
    pub resource_id: &'a str,
    /// None where the service does not tell, as for endpoints of other kinds.
    pub linking: Option<Linking>,
    /// Of a link that failed.
    pub code: &'a str,
    pub message: &'a str,
    place: &'static str,
}

impl Endpoint<'_> {
    /// True for what a namespace links: one that tells how it stands, or that stands where only links do. Older namespaces
    /// have messaging endpoints too, of hubs also, and tell nothing of the kind (contract links-2026, section 4, point 5).
    pub fn is_link(&self) -> bool {
        self.linking.is_some() || self.place != "messaging"
    }

    /// True for a link of a hub.
    pub fn is_hub(&self) -> bool {
        self.linking.is_some() && self.place == "messaging"
    }

    /// True for the link of a provisioning service, of which a namespace has one (contract links-2026, section 3).
    pub fn is_dps(&self) -> bool {
        self.place == "provisioning"
    }
}

const HUBS: &str = "Microsoft.Devices/IotHubs";
const SERVICES: &str = "Microsoft.Devices/provisioningServices";

/// All endpoints of `namespace`.
pub fn endpoints(namespace: &Value) -> Vec<Endpoint<'_>> {
    let in_place = |place: &'static str| {
        let found = namespace.pointer(&format!("/properties/{place}/endpoints")).and_then(Value::as_object);
        found.into_iter().flatten().map(move |(key, value)| (place, key, value))
    };
    PLACES
        .into_iter()
        .flat_map(in_place)
        .map(|(place, key, value)| {
            let at = |pointer| text(value, pointer).unwrap_or_default();
            let linking = match at("/linkingState").to_ascii_lowercase().as_str() {
                "succeeded" => Some(Linking::Succeeded),
                "failed" => Some(Linking::Failed),
                "" => None,
                _ => Some(Linking::InProgress),
            };
            Endpoint {
                key,
                resource_id: at("/resourceId"),
                linking,
                code: at("/linkingError/code"),
                message: at("/linkingError/message"),
                place,
            }
        })
        .collect()
}

/// The endpoint of the resource `id`. Where it stands in two places, the one that is not settled tells.
pub fn endpoint_of<'a>(namespace: &'a Value, id: &str) -> Option<Endpoint<'a>> {
    let of: Vec<Endpoint<'a>> =
        endpoints(namespace).into_iter().filter(|endpoint| same_id(endpoint.resource_id, id)).collect();
    of.iter().find(|endpoint| endpoint.linking == Some(Linking::InProgress)).or(of.first()).copied()
}

/// One endpoint that a setup wants.
#[derive(Clone)]
pub struct Wanted {
    /// `messaging` or `provisioning`.
    pub place: &'static str,
    /// The key that it is given where it has none yet.
    pub key: &'static str,
    /// How a sentence names what is linked.
    pub noun: String,
    /// Resource id.
    pub id: Text,
    body: Template,
}

impl Wanted {
    /// The change that puts it into a namespace under `key`.
    pub fn patch(&self, key: &str) -> Patch {
        let key = key.replace('~', "~0").replace('/', "~1");
        Patch::Set(format!("/properties/{}/endpoints/{key}", self.place), self.body.clone())
    }
}

/// Both endpoints of a setup: a hub's is refused unless a provisioning service's is there or comes along (contract
/// links-2026, section 1, point 5).
#[derive(Clone)]
pub struct Both {
    pub hub: Wanted,
    pub dps: Wanted,
}

impl Both {
    /// `properties` of a namespace that is created with both.
    pub fn properties(&self) -> Template {
        let place = |wanted: &Wanted| {
            let endpoints = Template::Object(vec![(wanted.key.into(), wanted.body.clone())]);
            (wanted.place, object([("endpoints", endpoints)]))
        };
        object([place(&self.hub), place(&self.dps)])
    }

    /// Hub and provisioning service, in this order.
    pub fn each(&self) -> [&Wanted; 2] {
        [&self.hub, &self.dps]
    }

    /// True when every link of the setup in `namespace` has come to its end well.
    pub fn are_linked(&self, known: &Outputs, namespace: &Value) -> bool {
        self.each().iter().all(|wanted| {
            endpoint_of(namespace, &wanted.id.shown(known))
                .is_some_and(|endpoint| endpoint.linking == Some(Linking::Succeeded))
        })
    }
}

/// The endpoints that `answers` want.
pub fn wanted(answers: &Answers) -> Both {
    let hub = object([
        ("endpointType", HUBS.into()),
        ("resourceId", hub_slot(answers).into()),
        ("inboundCallerIdentity", caller(answers)),
        ("provisioning", object([("availability", "Available".into()), ("allocationWeight", 1.into())])),
    ]);
    let dps = object([
        ("endpointType", SERVICES.into()),
        ("resourceId", dps_slot(answers).into()),
        ("inboundCallerIdentity", caller(answers)),
    ]);
    Both {
        hub: Wanted {
            place: "messaging",
            key: "hub-1",
            noun: format!("the IoT hub {}", answers.hub),
            id: hub_slot(answers),
            body: hub,
        },
        dps: Wanted {
            place: "provisioning",
            key: "dps-1",
            noun: format!("the provisioning service {}", answers.dps),
            id: dps_slot(answers),
            body: dps,
        },
    }
}
