//! The resource manager's front door: everything that is checked before a provider sees a request.
//!
//! Order: token, subscription, provider and type, api-version, registration, permission, group, content. Providers then
//! get a [`Call`] whose target is known to be well formed. Facts: contract sections 1 and 1.3.

use serde_json::{Value, json};

use super::clock::Now;
use super::obstacles;
use super::operations;
use super::paging;
use super::permissions::{self, Plane};
use super::providers::{
    authorization, device_registry, hubs, managed_identity, policy_insights, provisioning_services,
    resources, sign_in,
};
use super::reply::{Refusal, Reply};
use super::request::Request;
use super::schema::{self, Field, Violation, shorten};
use super::target::{Target, region};
use super::world::World;

/// Who calls, from a checked token.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) object_id: String,
    pub(crate) app_id: String,
}

/// One checked call to a resource provider.
pub(crate) struct Call<'call> {
    pub(crate) world: &'call mut World,
    pub(crate) request: &'call Request,
    pub(crate) now: &'call Now,
    pub(crate) caller: Caller,
    pub(crate) target: Target,
    /// Canonical provider namespace.
    pub(crate) provider: String,
    /// Canonical type below the provider: `namespaces/credentials`.
    pub(crate) kind: String,
    pub(crate) version: String,
    /// Canonical id of the resource, or of its parent for lists and actions.
    pub(crate) id: String,
}

impl Call<'_> {
    /// The JSON body, whose `location` is one the type is offered in.
    pub(crate) fn body_with_location(&self, required: bool) -> Result<Value, Refusal> {
        let body = self.request.json_object()?;
        match body.get("location") {
            None if !required => Ok(body),
            None => Err(Refusal::arm(
                400,
                "LocationRequired",
                "The location property is required for this definition.".to_owned(),
            )),
            Some(Value::String(location)) => {
                self.check_location(location)?;
                Ok(body)
            }
            Some(_) => Err(Refusal::arm(
                400,
                "InvalidRequestContent",
                "The property 'location' must be a string.".to_owned(),
            )),
        }
    }

    /// A body for this call's resource, without what it only says back, once it has the shape of `fields`.
    pub(crate) fn admitted(&self, body: &Value, fields: &'static [Field]) -> Result<Value, Violation> {
        let mut body = body.clone();
        let shown = match self.world.resource(&self.id) {
            Some(found) => super::providers::view(self.world, found, &self.version),
            None => json!({"id": self.id, "name": self.target.name(), "type": self.full_kind()}),
        };
        schema::pass_over(&mut body, &shown, fields);
        schema::check_resource(&body, fields)?;
        Ok(body)
    }

    fn check_location(&self, location: &str) -> Result<(), Refusal> {
        let offered = locations(self.world, &self.provider, &self.kind);
        if offered.is_empty() || offered.iter().any(|known| known == &region(location)) {
            return Ok(());
        }
        Err(Refusal::arm(
            400,
            "LocationNotAvailableForResourceType",
            format!(
                "The provided location '{}' is not available for resource type '{}/{}'. List of available regions for the resource type is '{}'.",
                shorten(location),
                self.provider,
                self.kind,
                offered.join(","),
            ),
        ))
    }

    pub(crate) fn full_kind(&self) -> String {
        format!("{}/{}", self.provider, self.kind)
    }

    /// `ResourceNotFound` in ARM's words.
    pub(crate) fn not_found(&self) -> Refusal {
        let name = self.target.names.join("/");
        Refusal::arm(
            404,
            "ResourceNotFound",
            format!(
                "The Resource '{}/{}/{}' under resource group '{}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
                self.provider,
                self.kind,
                shorten(&name),
                self.target.group(),
            ),
        )
    }

    pub(crate) fn method_not_allowed(&self) -> Refusal {
        Refusal::arm(
            405,
            "MethodNotAllowed",
            format!(
                "The resource type '{}' does not support the method {}.",
                self.full_kind(),
                self.request.method
            ),
        )
    }

    /// This call's resource. The look counts: at speed 0 an operation ends by being looked at.
    pub(crate) fn show(&mut self) -> Result<Reply, Refusal> {
        super::operations::note_read(self.world, &self.id, self.now);
        let body = super::providers::read(self.world, &self.id, &self.version, self.now);
        body.map(|body| Reply::json(200, body)).ok_or_else(|| self.not_found())
    }

    /// Resources of this call's kind below its group or subscription, as a list reply.
    pub(crate) fn list(&self) -> Reply {
        let kind = self.full_kind();
        let container = self.target.container();
        let value: Vec<Value> = self
            .world
            .of_kind(&kind)
            .filter(|resource| super::target::covers(&container, &resource.id))
            .map(|resource| super::providers::view(self.world, resource, &self.version))
            .collect();
        Reply::json(200, json!({"value": value}))
    }
}

/// Handles a request to `management.azure.com`.
pub(crate) fn handle(world: &mut World, request: &Request, now: &Now) -> Result<Reply, Refusal> {
    let reply = answer(world, request, now)?;
    if request.method == "GET" { paged(world, reply, request) } else { Ok(reply) }
}

/// Cuts a long list into pages. The link to the next one repeats the request with a `$skiptoken`.
fn paged(world: &World, mut reply: Reply, request: &Request) -> Result<Reply, Refusal> {
    let Some(map) = reply.body.as_mut().and_then(Value::as_object_mut) else { return Ok(reply) };
    let Some(value) = map.get_mut("value").and_then(Value::as_array_mut) else { return Ok(reply) };
    let most = page_size(world, request)?;
    let filter = request.query_value("$filter").unwrap_or_default();
    let list = format!("{}?{filter}", request.path);
    let token = request.query_value("$skiptoken");
    let page = paging::cut(world, &list, std::mem::take(value), token.as_deref(), most).map_err(|_| {
        // The code is this world's own: Azure's differs from service to service.
        let message = "The $skiptoken of the request is not one that this list gave out.";
        Refusal::arm(400, "InvalidSkipToken", message.to_owned())
    })?;
    *value = page.entries;
    if let Some(token) = page.token {
        let link =
            format!("{}{}?{}", request.link_base(), request.path, request.query_with("$skiptoken", &token));
        map.insert("nextLink".to_owned(), json!(link));
    }
    Ok(reply)
}

/// The world's most entries of a page, or fewer where the resource manager's own lists are asked for fewer by `$top`.
fn page_size(world: &World, request: &Request) -> Result<usize, Refusal> {
    let most = world.settings.paging.items;
    let own = !request.path.to_ascii_lowercase().contains("/providers/");
    let Some(top) = request.query_value("$top").filter(|_| own) else { return Ok(most) };
    match top.parse::<usize>() {
        Ok(top) if top > 0 => Ok(if most == 0 { top } else { top.min(most) }),
        _ => {
            let message = format!("The value '{}' of $top is no positive number.", shorten(&top));
            Err(Refusal::arm(400, "InvalidTopInQueryString", message))
        }
    }
}

fn answer(world: &mut World, request: &Request, now: &Now) -> Result<Reply, Refusal> {
    let caller = sign_in::check_bearer(world, request, now, sign_in::Audience::Management)?;
    let mut target = Target::parse(request)?;
    if let Some(asked) = target.subscription.clone() {
        let known = world.settings.subscriptions.iter().find(|known| known.id.eq_ignore_ascii_case(&asked));
        let Some(known) = known else {
            let message = format!("The subscription '{}' could not be found.", shorten(&asked));
            return Err(Refusal::arm(404, "SubscriptionNotFound", message));
        };
        target.subscription = Some(known.id.clone());
    }
    let version = request.query_value("api-version").unwrap_or_default();
    if version.is_empty() {
        let message = "The api-version query parameter (?api-version=) is required for all requests.";
        return Err(Refusal::arm(400, "MissingApiVersionParameter", message.to_owned()));
    }
    let Some(asked) = target.provider.clone() else {
        return resources::handle(world, request, now, &caller, &target, &version);
    };
    let registers = |action: &String| action.eq_ignore_ascii_case("register");
    if target.types.is_empty() && target.action.as_ref().is_none_or(registers) {
        return resources::provider(world, request, now, &caller, &target, &version);
    }
    // A status URL carries its own proof; asking for a role at the subscription would lock out group owners.
    if let [kind, ..] = target.types.as_slice()
        && kind.eq_ignore_ascii_case("locations")
        && let [_, operation, ..] = target.names.as_slice()
    {
        return operations::poll(world, request, now, operation);
    }
    let provider = canonical_provider(world, &asked)?;
    let kind = canonical_kind(world, &provider, &target)?;
    check_open(world, &provider, &kind)?;
    check_version(world, &provider, &kind, &version)?;
    if let Some(subscription) = &target.subscription {
        resources::check_registered(world, now, subscription, &provider)?;
    }
    if provider == "Microsoft.Authorization" {
        return authorization::handle(world, request, now, &caller, &target, &kind);
    }
    if provider == "Microsoft.PolicyInsights" {
        return policy_insights::handle(world, request, now, &caller, &target);
    }
    let id = target.id(&provider, &kind);
    authorize(world, now, &caller, &action_name(request, &target, &provider, &kind), &id)?;
    if target.subscription.is_some()
        && let Some(group) = &target.group
    {
        resources::check_group(world, request, &target.container(), group)?;
    }
    obstacles::check_policies(world, request, &format!("{provider}/{kind}"), &id)?;
    let mut call = Call { world, request, now, caller, target, provider, kind, version, id };
    match call.provider.as_str() {
        "Microsoft.ManagedIdentity" => managed_identity::handle(&mut call),
        "Microsoft.DeviceRegistry" => device_registry::handle(&mut call),
        "Microsoft.Devices" if call.kind.to_ascii_lowercase().contains("provisioningservice") => {
            provisioning_services::handle(&mut call)
        }
        "Microsoft.Devices" => hubs::handle(&mut call),
        _ => Err(call.not_found()),
    }
}

/// Refuses what the caller may not do, in ARM's words.
pub(crate) fn authorize(
    world: &mut World,
    now: &Now,
    caller: &Caller,
    action: &str,
    scope: &str,
) -> Result<(), Refusal> {
    if permissions::allows(world, &caller.object_id, Plane::Control, action, scope, now) {
        return obstacles::check_action(world, &caller.object_id, action, scope);
    }
    permissions::look(world, &caller.object_id, scope, now);
    Err(Refusal::arm(
        403,
        "AuthorizationFailed",
        format!(
            "The client '{}' with object id '{}' does not have authorization to perform action '{action}' over scope '{}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
            caller.app_id,
            caller.object_id,
            shorten(scope),
        ),
    ))
}

/// `Microsoft.Devices/IotHubs/listkeys/action`.
fn action_name(request: &Request, target: &Target, provider: &str, kind: &str) -> String {
    let verb = match (request.method.as_str(), &target.action) {
        (_, Some(action)) => format!("{action}/action"),
        ("GET" | "HEAD", None) => "read".to_owned(),
        ("DELETE", None) => "delete".to_owned(),
        _ => "write".to_owned(),
    };
    if kind.is_empty() { format!("{provider}/{verb}") } else { format!("{provider}/{kind}/{verb}") }
}

pub(crate) fn canonical_provider(world: &World, asked: &str) -> Result<String, Refusal> {
    world.settings.providers.keys().find(|known| known.eq_ignore_ascii_case(asked)).cloned().ok_or_else(
        || {
            Refusal::arm(
                404,
                "InvalidResourceNamespace",
                format!("The resource namespace '{}' is invalid.", shorten(asked)),
            )
        },
    )
}

/// The type of a target in the provider's spelling. Types below a known one (`IotHubs/certificates`) are left to the provider.
fn canonical_kind(world: &World, provider: &str, target: &Target) -> Result<String, Refusal> {
    let mut words = target.types.clone();
    if words.is_empty() {
        // Subscription-wide actions such as checkNameAvailability are listed as types.
        words.extend(target.action.clone());
    }
    let asked = words.join("/");
    let known = world.settings.providers.get(provider).map(|provider| &provider.types);
    for length in (1..=words.len()).rev() {
        let prefix = words.get(..length).unwrap_or_default().join("/");
        let found = known.and_then(|types| types.keys().find(|known| known.eq_ignore_ascii_case(&prefix)));
        if let Some(found) = found {
            if target.types.is_empty() {
                return Ok(found.clone());
            }
            let tail = words.get(length..).unwrap_or_default();
            return Ok(std::iter::once(found.as_str())
                .chain(tail.iter().map(String::as_str))
                .collect::<Vec<_>>()
                .join("/"));
        }
    }
    Err(Refusal::arm(
        404,
        "InvalidResourceType",
        format!("The resource type '{}' could not be found in the namespace '{provider}'.", shorten(&asked)),
    ))
}

/// `DisallowedResourceOperation` for a type that this world refuses, and for what lies below (contract of 2026, 4).
fn check_open(world: &World, provider: &str, kind: &str) -> Result<(), Refusal> {
    let types = world.settings.providers.get(provider).map(|provider| &provider.types);
    let refused = types.into_iter().flatten().any(|(known, settings)| {
        settings.refused
            && kind.strip_prefix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    if refused {
        return Err(disallowed(provider, kind));
    }
    Ok(())
}

pub(crate) fn disallowed(provider: &str, kind: &str) -> Refusal {
    let message = format!("The operation is not allowed on the resource type '{provider}/{kind}'.");
    Refusal::arm(405, "DisallowedResourceOperation", message)
}

/// Versions of the longest listed type that a kind belongs to.
fn versions<'world>(world: &'world World, provider: &str, kind: &str) -> &'world [String] {
    let Some(types) = world.settings.providers.get(provider).map(|provider| &provider.types) else {
        return &[];
    };
    let mut prefix = kind;
    loop {
        if let Some(found) = types.get(prefix) {
            return &found.api_versions;
        }
        match prefix.rfind('/') {
            Some(index) => prefix = prefix.get(..index).unwrap_or_default(),
            None => return &[],
        }
    }
}

pub(crate) fn locations(world: &World, provider: &str, kind: &str) -> Vec<String> {
    let found = world.settings.providers.get(provider).and_then(|provider| provider.types.get(kind));
    found.map(|found| found.locations.iter().map(|location| region(location)).collect()).unwrap_or_default()
}

pub(crate) fn check_version(world: &World, provider: &str, kind: &str, version: &str) -> Result<(), Refusal> {
    let offered = versions(world, provider, kind);
    if offered.iter().any(|known| known.eq_ignore_ascii_case(version)) {
        return Ok(());
    }
    // The resource manager's own types have words of their own for a version that is not served.
    if provider == "Microsoft.Resources" || !looks_like_version(version) {
        let message = format!(
            "The api-version '{}' is invalid. The supported versions are '{}'.",
            shorten(version),
            offered.join(",")
        );
        return Err(Refusal::arm(400, "InvalidApiVersionParameter", message));
    }
    Err(Refusal::arm(
        400,
        "NoRegisteredProviderFound",
        format!(
            "No registered resource provider found for location '' and API version '{}' for type '{kind}'. The supported api-versions are '{}'. The supported locations are '{}'.",
            shorten(version),
            offered.join(", "),
            locations(world, provider, kind).join(", "),
        ),
    ))
}

fn looks_like_version(version: &str) -> bool {
    let date = version.strip_suffix("-preview").unwrap_or(version);
    date.len() == 10
        && date
            .bytes()
            .enumerate()
            .all(|(index, byte)| if matches!(index, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() })
}
