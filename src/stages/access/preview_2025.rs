//! Stage 1 of `preview-2025` (contract preview-2025, section 3).

use serde_json::Value;

use super::{
    ADR_ROLE, HUB_APP, HUB_APP_CONTRIBUTOR, IDENTITY, RESOURCE_GROUP, fields, group, identity, recall_2025,
    teardown_2025,
};
use crate::domain::{
    Answers, AssignableScope, Auth, ErrorKind, Exit, Fault, Method, Moves, Need, Next, Outcome, Outputs,
    Purpose, Replay, Reply, Request, Roles, StageId, Step, StepOutputs, Template, Text, USE_AS_IT_IS,
    derived_uuid, object,
};
use crate::stages::access::identity::identity_id;
use crate::stages::build::{
    Difference, Follows, arm, ask_to_use, compare, done, fail, member, outputs, read_all, same_id, text,
};
use crate::stages::dialect::{Profile, Stage};
use crate::stages::documents::{self, az};
use crate::stages::ensure::{Ensure, Verdict};
use crate::stages::grant::{Grant, outcome};
use crate::stages::recall::Recall;
use crate::stages::roles::{ADR_CONTRIBUTOR, ADR_ONBOARDING, CONTRIBUTOR, role_definition_id};

/// Application id of Azure IoT Hub, the same in every tenant (contract preview-2025, 1b). Not a principal id.
pub const IOT_HUB_APP_ID: &str = "89d10474-74af-4874-99a7-c23c2f643083";

/// The corrected custom role: what it may do, without name and scope.
const ADR_ROLE_JSON: &str = include_str!("../../../assets/adr-role.json");

pub static STAGE: Stage = Stage {
    id: StageId::new("access"),
    heading: "Roles and identity",
    fields: fields::FIELDS,
    steps,
    recall: Recall { in_group: Some(recall_2025::identity), below: Some(recall_2025::roles) },
    teardown: teardown_2025::steps,
    stays: teardown_2025::STAYS,
};

fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    vec![
        group::resource_group(answers, profile),
        match answers.roles {
            Roles::Custom => custom_role(answers, profile),
            Roles::BuiltIn => built_in_roles(answers, profile),
        },
        hub_app(answers),
        hub_app_contributor(answers, profile),
        identity::identity(answers, profile),
    ]
}

/// The scope that the custom role is defined at.
pub(super) fn role_scope(answers: &Answers) -> String {
    match answers.assignable_scope {
        AssignableScope::ResourceGroup => answers.resource_group_id(),
        AssignableScope::Subscription => answers.subscription_id(),
    }
}

/// The GUID that hubup gives the custom role (contract preview-2025, 1e).
pub(super) fn custom_role_guid(answers: &Answers) -> String {
    derived_uuid(&format!("{}|{}|{}", answers.subscription, answers.resource_group, answers.role_name))
        .to_string()
}

/// Id of the custom role's definition: the one adopted, else the one whose name hubup derives.
pub fn custom_role(answers: &Answers, profile: &Profile) -> Step {
    let scope = role_scope(answers);
    let version = profile.version("Microsoft.Authorization");
    let path =
        format!("{scope}/providers/Microsoft.Authorization/roleDefinitions/{}", custom_role_guid(answers));
    let role: Value = serde_json::from_str(ADR_ROLE_JSON).unwrap_or_default();
    let body = object([(
        "properties",
        object([
            ("roleName", (&*answers.role_name).into()),
            ("description", role["description"].as_str().unwrap_or_default().into()),
            ("type", "CustomRole".into()),
            ("assignableScopes", vec![Template::from(&*scope)].into()),
            ("permissions", Template::Value(role["permissions"].clone())),
        ]),
    )]);
    let by_name = arm(
        answers,
        Method::Get,
        format!("{scope}/providers/Microsoft.Authorization/roleDefinitions"),
        version,
    )
    .with_query("$filter", format!("roleName eq '{}'", answers.role_name.replace('\'', "''")));
    let look = arm(answers, Method::Get, path.clone(), version);
    let create = arm(answers, Method::Put, path, version).with_body(body);
    let wanted = role["permissions"].clone();
    let ensure = {
        let wanted = wanted.clone();
        Ensure::new(format!("the custom role {}", answers.role_name), look.clone(), create.clone())
            .updated_by(create.clone())
            .judged(move |answers, _, value| judge_role(answers, value, &wanted))
            .giving(definition)
    };
    let adopt_by = by_name.clone();
    Step::new(ADR_ROLE, "Define the custom role", move |answers, outputs, replay| {
        match ensure.run(answers, outputs, replay)? {
            Next::Fail(fault) if fault.code.as_deref() == Some("RoleDefinitionWithSameNameExists") => {
                adopt_role(answers, replay, &adopt_by, &wanted, fault)
            }
            next => Ok(next),
        }
    })
    .because(
        "One role that lets one identity serve both the hub and the provisioning service on the namespace, \
         certificates included, and nothing else.",
    )
    .needing([Need::effect(RESOURCE_GROUP)])
    .touching(format!("{scope}/roleDefinitions/{}", answers.role_name))
    .documented(documents::CUSTOM_ROLES)
    .planning(Purpose::Look, &look)
    .planning(Purpose::Change, &create)
    .planning(Purpose::Look, &by_name)
    .planning(Purpose::Prove, &look)
}

/// The output of every way to have a role: the id that assignments name.
fn definition(reply: &Reply) -> StepOutputs {
    outputs([("definition", reply.text("/id"))])
}

fn judge_role(answers: &Answers, value: &Value, wanted: &Value) -> Verdict {
    let mut differs = Vec::new();
    compare(&mut differs, "name", value, "/properties/roleName", &answers.role_name, Follows::Update);
    for kind in ["actions", "notActions", "dataActions", "notDataActions"] {
        let pointer = format!("/0/{kind}");
        let found = actions(value.pointer("/properties/permissions").unwrap_or(&Value::Null), &pointer);
        let wanted = actions(wanted, &pointer);
        if found != wanted {
            let text = format!("{kind} are {} (wanted {})", list(&found), list(&wanted));
            differs.push(Difference::new(text, Follows::Update));
        }
    }
    if !covers(value, &role_scope(answers)) {
        let text = format!("it cannot be assigned at {}", role_scope(answers));
        differs.push(Difference::new(text, Follows::Update));
    }
    if differs.is_empty() { Verdict::Fits } else { Verdict::Differs(differs) }
}

fn actions(permissions: &Value, pointer: &str) -> Vec<String> {
    let list = permissions.pointer(pointer).and_then(Value::as_array);
    let mut actions: Vec<_> =
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_lowercase).collect();
    actions.sort();
    actions
}

fn list(actions: &[String]) -> String {
    if actions.is_empty() { "none".to_owned() } else { actions.join(", ") }
}

/// True when one of the role's assignable scopes is `scope` or above it.
fn covers(role: &Value, scope: &str) -> bool {
    let scopes = role.pointer("/properties/assignableScopes").and_then(Value::as_array);
    scopes.into_iter().flatten().filter_map(Value::as_str).any(|found| {
        let found = found.trim_end_matches('/').to_lowercase();
        let scope = scope.to_lowercase();
        scope == found || scope.starts_with(&format!("{found}/"))
    })
}

/// Role names are unique in the tenant: one of that name which can do the same here may be used instead.
fn adopt_role(
    answers: &Answers,
    replay: &mut Replay<'_>,
    by_name: &Request,
    wanted: &Value,
    fault: Fault,
) -> Moves<Next> {
    let found = match read_all(replay, by_name)? {
        Ok(found) => found,
        Err(error) => return Ok(fail(&error)),
    };
    let fits = found.iter().find(|role| judge_role(answers, role, wanted) == Verdict::Fits);
    let Some(id) = fits.and_then(|role| text(role, "/id")) else {
        return Ok(Next::Fail(
            fault
                .meaning(
                    "another role of this tenant has the name, and allows something else or somewhere else",
                )
                .remedied_by("choose another `roles.name` in the setup file"),
        ));
    };
    let question =
        format!("a role named {} exists and allows exactly what is needed. Use it?", answers.role_name);
    if replay.ask(&ask_to_use(question, Vec::new(), true))? != USE_AS_IT_IS {
        return Ok(Next::Fail(fault.remedied_by("choose another `roles.name` in the setup file")));
    }
    Ok(done(Outcome::AlreadyThere, outputs([("definition", Some(id))])))
}

/// With `roles = built-in` nothing is defined: the two roles are read, so that a cloud without them says so here.
fn built_in_roles(answers: &Answers, profile: &Profile) -> Step {
    let version = profile.version("Microsoft.Authorization");
    let looks = [ADR_CONTRIBUTOR, ADR_ONBOARDING]
        .map(|guid| arm(answers, Method::Get, role_definition_id(answers, guid), version));
    let planned = looks.clone();
    let step = Step::new(ADR_ROLE, "Find the built-in roles", move |_, _, replay| {
        for look in &looks {
            if let Err(error) = replay.read(look)? {
                return Ok(fail(error));
            }
        }
        Ok(done(Outcome::AlreadyThere, StepOutputs::new()))
    })
    .because("Azure Device Registry Contributor and Onboarding serve where the caller may not define roles.")
    .needing([Need::effect(RESOURCE_GROUP)]);
    planned.iter().fold(step, |step, look| step.planning(Purpose::Look, look))
}

fn hub_app(answers: &Answers) -> Step {
    let graph =
        |path: String| Request::unversioned(Method::Get, Auth::Graph, answers.cloud.graph.clone(), path);
    let by_key = graph(format!("/v1.0/servicePrincipals(appId='{IOT_HUB_APP_ID}')"))
        .with_query("$select", "id,appId,displayName");
    let by_filter = graph("/v1.0/servicePrincipals".to_owned())
        .with_query("$filter", format!("servicePrincipalNames/any(c:c eq '{IOT_HUB_APP_ID}')"));
    let (look, fallback) = (by_key.clone(), by_filter.clone());
    let step = Step::new(HUB_APP, "Find the IoT Hub application", move |answers, _, replay| {
        if let Some(id) = &answers.iot_hub_app_object_id {
            return Ok(Next::Done {
                outcome: Outcome::AlreadyThere,
                note: Some("the object id was given".to_owned()),
                outputs: outputs([("objectId", Some(id))]),
            });
        }
        let found = match replay.read(&look)? {
            // Not every cloud knows the alternate key; the filter is what the Azure CLI asks.
            Err(error) if error.kind == ErrorKind::Refused => read_all(replay, &fallback)?
                .map(|entries| entries.first().and_then(|entry| text(entry, "/id").map(str::to_owned))),
            Ok(reply) => Ok(reply.text("/id").map(str::to_owned)),
            Err(error) => Err(error.clone()),
        };
        Ok(match found {
            Ok(Some(id)) => done(Outcome::AlreadyThere, outputs([("objectId", Some(&id))])),
            Ok(None) => Next::Fail(app_missing(Fault::new("the tenant lists no such service principal", ""))),
            Err(error) if error.kind == ErrorKind::NotFound => Next::Fail(app_missing(Fault::from(&error))),
            Err(error) if error.kind == ErrorKind::Forbidden => Next::Fail(
                Fault::from(&error)
                    .meaning("the signed-in caller may not read service principals in this tenant")
                    .remedied_by(format!(
                        "have somebody run `az ad sp show --id {IOT_HUB_APP_ID} --query id -o tsv` and put the \
                         result into the setup file as `iot_hub_app_object_id`, then run again"
                    ))
                    .exiting(Exit::NotPermitted),
            ),
            Err(error) => fail(&error),
        })
    })
    .because("IoT Hub works in your group as an application; a grant needs its object id, which every tenant has its own of.")
    .documented(documents::SERVICE_PRINCIPAL)
    .in_az(az("az ad sp show", [("--id", IOT_HUB_APP_ID.into()), ("--query", "id".into())]));
    if answers.iot_hub_app_object_id.is_some() {
        return step;
    }
    step.planning(Purpose::Look, &by_key).planning(Purpose::Look, &by_filter)
}

fn app_missing(fault: Fault) -> Fault {
    fault.meaning("the tenant has no service principal for Azure IoT Hub yet").remedied_by(format!(
        "register the provider (`az provider register --namespace Microsoft.Devices`) or run \
             `az ad sp create --id {IOT_HUB_APP_ID}`, then retry"
    ))
}

fn hub_app_contributor(answers: &Answers, profile: &Profile) -> Step {
    let grant = Grant {
        noun: "Contributor for the IoT Hub application on the resource group".to_owned(),
        scope: answers.resource_group_id().into(),
        principal: Text::slot(&HUB_APP, "objectId"),
        role: role_definition_id(answers, CONTRIBUTOR).into(),
        fresh: false,
        version: profile.version("Microsoft.Authorization").to_owned(),
    };
    let planned = grant.clone();
    let step = Step::new(
        HUB_APP_CONTRIBUTOR,
        "Make the IoT Hub application Contributor",
        move |answers, outputs, replay| {
            let granted = grant.run(answers, outputs, replay)?;
            Ok(done(outcome(&[granted]), StepOutputs::new()))
        },
    )
    .because("IoT Hub links a hub to a namespace only where its application is Contributor on the group.")
    .needing([Need::value(HUB_APP), Need::effect(RESOURCE_GROUP)])
    .touching(format!("{}/roleAssignments/hub-app", answers.resource_group_id()));
    planned.plan(answers, step)
}

/// The link to a namespace is made with the resource (contract preview-2025, section 6).
const LINKED: Follows = Follows::Never("a link is made when the resource is");

/// Adds to `differs` where a resource that acts through the identity does not: its link to the namespace names another
/// at `link`, or the identity is not assigned to it.
pub fn compare_identity(
    differs: &mut Vec<Difference>,
    answers: &Answers,
    known: &Outputs,
    value: &Value,
    link: &str,
) {
    let identity = known.get(&IDENTITY, "id").map_or_else(|| identity_id(answers), str::to_owned);
    let linked_by = text(value, link).unwrap_or_default();
    if !same_id(linked_by, &identity) {
        let text = format!("the link uses the identity {linked_by} (you said {identity})");
        differs.push(Difference::new(text, LINKED));
    }
    if member(value, "/identity/userAssignedIdentities", &identity).is_none() {
        let text = format!("the identity {identity} is not assigned to it");
        differs.push(Difference::new(text, LINKED));
    }
}

/// The role definitions that the identity is given on the namespace.
pub fn namespace_roles(answers: &Answers) -> Vec<(&'static str, Text)> {
    match answers.roles {
        Roles::Custom => {
            let derived = role_definition_id(answers, &custom_role_guid(answers));
            vec![("the custom role", Text::slot_or(&ADR_ROLE, "definition", derived))]
        }
        Roles::BuiltIn => vec![
            ("Azure Device Registry Contributor", role_definition_id(answers, ADR_CONTRIBUTOR).into()),
            ("Azure Device Registry Onboarding", role_definition_id(answers, ADR_ONBOARDING).into()),
        ],
    }
}
