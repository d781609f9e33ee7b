//! What the form asks about the subscription, the group and who may do what.

use crate::domain::{
    Answers, AssignableScope, Choices, Field, FieldKind, Fixed, IdentityKind, NameKind, Roles, StepId,
};
use crate::stages::choices::{groups, of_type, subscriptions};
use crate::stages::{hub, namespace};

const NAME: Field = Field {
    key: "name",
    label: "Setup",
    choices: None,
    hint: "what it is called; names below that you have not changed follow it. Another name is another setup",
    fixed: None,
    kind: FieldKind::Name(NameKind::Setup),
    get: |answers| answers.name.clone(),
    set: Answers::rename,
};

const SUBSCRIPTION: Field = Field {
    key: "subscription",
    label: "Subscription",
    choices: Some(Choices::Listed { list: subscriptions, value: "/subscriptionId", hint: "/displayName" }),
    hint: "the id of the Azure subscription that everything is made in",
    fixed: None,
    kind: FieldKind::Name(NameKind::Guid),
    get: |answers| answers.subscription.clone(),
    set: |answers, text| text.clone_into(&mut answers.subscription),
};

const RESOURCE_GROUP: Field = Field {
    key: "resource_group",
    label: "Resource group",
    choices: Some(Choices::Listed { list: groups, value: "/name", hint: "/location" }),
    hint: "made when it is not there; one that exists is used as it is",
    fixed: Some(Fixed { step: super::RESOURCE_GROUP, why: "everything of the setup lies in it" }),
    kind: FieldKind::Name(NameKind::ResourceGroup),
    get: |answers| answers.resource_group.clone(),
    set: Answers::regroup,
};

/// The region, settled once `step` made something in it.
const fn location(step: StepId) -> Field {
    Field {
        key: "location",
        label: "Region",
        choices: Some(Choices::Regions),
        hint: "of everything; only preview-2025 lets the hub lie apart",
        fixed: Some(Fixed { step, why: "what is made stays in its region" }),
        kind: FieldKind::Name(NameKind::Location),
        get: |answers| answers.location.clone(),
        set: |answers, text| {
            // A hub that lay where the rest does goes along.
            if answers.hub_location == answers.location {
                text.clone_into(&mut answers.hub_location);
            }
            text.clone_into(&mut answers.location);
        },
    }
}

const IDENTITY: Field = Field {
    key: "identity.name",
    label: "Managed identity",
    choices: Some(Choices::Listed {
        list: |answers| of_type(answers, "Microsoft.ManagedIdentity/userAssignedIdentities"),
        value: "/name",
        hint: "/location",
    }),
    hint: "the identity that hub and provisioning service share, where they do",
    fixed: Some(Fixed { step: super::IDENTITY, why: "hub, provisioning service and grants name it" }),
    kind: FieldKind::Name(NameKind::Identity),
    get: |answers| answers.identity.clone(),
    set: |answers, text| text.clone_into(&mut answers.identity),
};

const ROLES: Field = Field {
    key: "roles.kind",
    label: "Roles",
    choices: None,
    hint: "preview-2025 only; custom: one least-privilege role is defined; built-in: for callers who may not define roles",
    fixed: None,
    kind: FieldKind::Choice(&["custom", "built-in"]),
    get: |answers| roles_word(answers).to_owned(),
    set: |answers, text| {
        answers.roles = if text == "built-in" { Roles::BuiltIn } else { Roles::Custom };
    },
};

const ROLE_NAME: Field = Field {
    key: "roles.name",
    label: "Custom role",
    choices: None,
    hint: "preview-2025 only; unique in the tenant",
    fixed: Some(Fixed { step: super::ADR_ROLE, why: "the role keeps the name it was made with" }),
    kind: FieldKind::Name(NameKind::Role),
    get: |answers| answers.role_name.clone(),
    set: |answers, text| text.clone_into(&mut answers.role_name),
};

const ASSIGNABLE: Field = Field {
    key: "roles.assignable_scope",
    label: "Assignable at",
    choices: None,
    hint: "preview-2025 only; the group, or the subscription when resources lie in several groups",
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
};

const HUB_APP: Field = Field {
    key: "iot_hub_app_object_id",
    label: "IoT Hub app id",
    choices: None,
    hint: "preview-2025 only; object id of the IoT Hub application in your tenant; leave empty to have it looked up",
    fixed: None,
    kind: FieldKind::OptionalGuid,
    get: |answers| answers.iot_hub_app_object_id.clone().unwrap_or_default(),
    set: |answers, text| {
        answers.iot_hub_app_object_id = (!text.is_empty()).then(|| text.to_owned());
    },
};

const IDENTITY_KIND: Field = Field {
    key: "identity.kind",
    label: "Identities",
    choices: None,
    hint: "links-2026 only; system-assigned: hub and provisioning service have one each; user-assigned: they share one",
    fixed: Some(Fixed {
        step: hub::CREATE,
        why: "a provisioning service keeps the identity that it was made with",
    }),
    kind: FieldKind::Choice(&["system-assigned", "user-assigned"]),
    get: |answers| {
        match answers.identity_kind {
            IdentityKind::SystemAssigned => "system-assigned",
            IdentityKind::UserAssigned => "user-assigned",
        }
        .to_owned()
    },
    set: |answers, text| {
        answers.identity_kind = match text {
            "user-assigned" => IdentityKind::UserAssigned,
            _ => IdentityKind::SystemAssigned,
        };
    },
};

/// What `preview-2025` asks, in the order of the form.
pub static FIELDS: &[Field] = &[
    NAME,
    SUBSCRIPTION,
    RESOURCE_GROUP,
    location(namespace::CREATE),
    IDENTITY,
    ROLES,
    ROLE_NAME,
    ASSIGNABLE,
    HUB_APP,
];

/// What `links-2026` asks.
pub static LINKS_2026: &[Field] =
    &[NAME, SUBSCRIPTION, RESOURCE_GROUP, location(hub::CREATE), IDENTITY_KIND, IDENTITY];

fn roles_word(answers: &Answers) -> &'static str {
    match answers.roles {
        Roles::Custom => "custom",
        Roles::BuiltIn => "built-in",
    }
}
