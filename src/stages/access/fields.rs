//! What the form asks about the subscription, the group and who may do what.

use crate::domain::{Answers, AssignableScope, Field, FieldKind, Fixed, NameKind, Roles};

/// The fields, in the order of the form.
pub static FIELDS: &[Field] = &[
    Field {
        key: "subscription",
        label: "Subscription",
        hint: "the id of the Azure subscription that everything is made in",
        fixed: None,
        kind: FieldKind::Name(NameKind::Guid),
        get: |answers| answers.subscription.clone(),
        set: |answers, text| text.clone_into(&mut answers.subscription),
    },
    Field {
        key: "resource_group",
        label: "Resource group",
        hint: "made when it is not there; one that exists is used as it is",
        fixed: Some(Fixed { step: super::RESOURCE_GROUP, why: "everything of the setup lies in it" }),
        kind: FieldKind::Name(NameKind::ResourceGroup),
        get: |answers| answers.resource_group.clone(),
        set: |answers, text| text.clone_into(&mut answers.resource_group),
    },
    Field {
        key: "location",
        label: "Region",
        hint: "of everything but the hub; six regions offer Device Registry",
        fixed: Some(Fixed {
            step: crate::stages::namespace::CREATE,
            why: "what is made stays in its region",
        }),
        kind: FieldKind::Name(NameKind::Location),
        get: |answers| answers.location.clone(),
        set: |answers, text| text.clone_into(&mut answers.location),
    },
    Field {
        key: "identity.name",
        label: "Managed identity",
        hint: "the identity through which the hub and the provisioning service reach the namespace",
        fixed: Some(Fixed { step: super::IDENTITY, why: "hub, provisioning service and grants name it" }),
        kind: FieldKind::Name(NameKind::Identity),
        get: |answers| answers.identity.clone(),
        set: |answers, text| text.clone_into(&mut answers.identity),
    },
    Field {
        key: "roles.kind",
        label: "Roles",
        hint: "custom: one least-privilege role is defined; built-in: for callers who may not define roles",
        fixed: None,
        kind: FieldKind::Choice(&["custom", "built-in"]),
        get: |answers| roles_word(answers).to_owned(),
        set: |answers, text| {
            answers.roles = if text == "built-in" { Roles::BuiltIn } else { Roles::Custom };
        },
    },
    Field {
        key: "roles.name",
        label: "Custom role",
        hint: "unique in the tenant",
        fixed: Some(Fixed { step: super::ADR_ROLE, why: "the role keeps the name it was made with" }),
        kind: FieldKind::Name(NameKind::Role),
        get: |answers| answers.role_name.clone(),
        set: |answers, text| text.clone_into(&mut answers.role_name),
    },
    Field {
        key: "roles.assignable_scope",
        label: "Assignable at",
        hint: "the group, or the subscription when resources lie in several groups",
        fixed: None,
        kind: FieldKind::Choice(&["resource-group", "subscription"]),
        get: |answers| {
            match answers.assignable_scope {
                AssignableScope::ResourceGroup => "resource-group",
                AssignableScope::Subscription => "subscription",
            }
            .to_owned()
        },
        set: |answers, text| {
            answers.assignable_scope = if text == "subscription" {
                AssignableScope::Subscription
            } else {
                AssignableScope::ResourceGroup
            };
        },
    },
    Field {
        key: "iot_hub_app_object_id",
        label: "IoT Hub app id",
        hint: "object id of the IoT Hub application in your tenant; leave empty to have it looked up",
        fixed: None,
        kind: FieldKind::OptionalGuid,
        get: |answers| answers.iot_hub_app_object_id.clone().unwrap_or_default(),
        set: |answers, text| {
            answers.iot_hub_app_object_id = (!text.is_empty()).then(|| text.to_owned());
        },
    },
];

fn roles_word(answers: &Answers) -> &'static str {
    match answers.roles {
        Roles::Custom => "custom",
        Roles::BuiltIn => "built-in",
    }
}
