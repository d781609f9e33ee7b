//! Microsoft.PolicyInsights: what policies would say to a resource. Facts: preflight call P9.

use serde_json::Value;

use crate::sandbox::clock::Now;
use crate::sandbox::front_door::{Caller, authorize};
use crate::sandbox::obstacles::restrictions;
use crate::sandbox::providers::resources::check_group;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::request::Request;
use crate::sandbox::target::Target;
use crate::sandbox::world::World;

/// Handles `checkPolicyRestrictions` at a group or a subscription. Whoever may read may ask.
pub(crate) fn handle(
    world: &mut World,
    request: &Request,
    now: &Now,
    caller: &Caller,
    target: &Target,
) -> Result<Reply, Refusal> {
    let scope = target.container();
    let is_question = request.method == "POST"
        && target
            .action
            .as_deref()
            .is_some_and(|action| action.eq_ignore_ascii_case("checkPolicyRestrictions"));
    if !is_question {
        return Err(Refusal::arm(
            405,
            "MethodNotAllowed",
            format!("{} is not allowed here.", request.method),
        ));
    }
    authorize(world, now, caller, "Microsoft.PolicyInsights/checkPolicyRestrictions/read", &scope)?;
    if let Some(group) = &target.group {
        check_group(world, request, &scope, group)?;
    }
    let body = request.json_object()?;
    let content = body.pointer("/resourceDetails/resourceContent");
    let content =
        content.filter(|content| content.get("type").is_some_and(Value::is_string)).ok_or_else(|| {
            Refusal::arm(400, "InvalidRequest", "resourceDetails.resourceContent needs a type.".to_owned())
        })?;
    Ok(Reply::json(200, restrictions(world, target.subscription(), &scope, content)))
}
