//! What a setup file means: names checked and derived, words turned into values, rules across keys held.
//!
//! It reads no file and asks nobody; whether a name is free or a region offered is found out later, from Azure.

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::Spanned;

use crate::domain::{
    Answers, AssignableScope, Certificates, IdentityKind, NameKind, Names, Roles, SETUP_TAG, setup_name,
};
use crate::stages::{DIALECTS, versioned_types};

use super::checks::{bounded, guid, optional, path, refuse, required, word};
use super::file::{ConfigFile, Typed};
use super::mask::holds_secret;
use super::network::{cloud, routes, time_scale};
use super::problem::Problem;
use super::suggest::{quoted_key, short};
use super::table::Reader;

/// The app id of the IoT Hub application, the same in every tenant (contract preview-2025, 1b). What is asked for is
/// the object id of its service principal, which differs.
const IOT_HUB_APP_ID: &str = "89d10474-74af-4874-99a7-c23c2f643083";

/// The Azure CLI's public client application, which is taken where none is named.
const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// The tiers that can be linked to a namespace (contract preview-2025, 4 and 11; contract links-2026, sections 3 and 11).
const SKUS: &[&str] = &["GEN2", "S1", "S2", "S3"];

/// A setup file, understood.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    /// Complete and valid.
    pub answers: Answers,
    pub auth: AuthMethod,
    /// The public client application that people sign in to; `None` takes the Azure CLI's.
    pub client_id: Option<String>,
    /// Host pattern (exact, or `*.domain`) and base URL without a slash at the end; in the order of the file.
    pub routes: Vec<(String, String)>,
    /// Certificates of authorities to trust beside the system's, PEM. Relative to the setup file's folder made whole
    /// by `load`.
    pub ca_file: Option<PathBuf>,
    /// How many times faster than the clock hubup's own waits pass, at least 1.
    pub time_scale: f64,
    /// Where state is kept; `None` leaves it to the system's habit. Made whole as `ca_file` is.
    pub state_folder: Option<PathBuf>,
    /// The file it came from; `None` for the embedded example.
    pub path: Option<PathBuf>,
}

impl Config {
    /// A configuration with these answers and everything else by default.
    pub fn of(answers: Answers) -> Self {
        Self {
            answers,
            auth: AuthMethod::Auto,
            client_id: None,
            routes: Vec::new(),
            ca_file: None,
            time_scale: 1.0,
            state_folder: None,
            path: None,
        }
    }
}

/// How hubup signs in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AuthMethod {
    /// Tries in order what takes no person.
    #[default]
    Auto,
    AzureCli,
    AzureDeveloperCli,
    ManagedIdentity,
    ServicePrincipal,
    WorkloadIdentity,
    Browser,
    DeviceCode,
}

impl AuthMethod {
    /// Every method with its word in the setup file.
    pub const WORDS: [(&'static str, Self); 8] = [
        ("auto", Self::Auto),
        ("azure-cli", Self::AzureCli),
        ("azd", Self::AzureDeveloperCli),
        ("managed-identity", Self::ManagedIdentity),
        ("service-principal", Self::ServicePrincipal),
        ("workload-identity", Self::WorkloadIdentity),
        ("browser", Self::Browser),
        ("device-code", Self::DeviceCode),
    ];

    /// The word in the setup file.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, method)| *method == self).map_or("auto", |(word, _)| word)
    }
}

/// Understands `file`, noting problems in `reader`. What comes back is only good when there are none.
pub(super) fn understand(file: ConfigFile, reader: &mut Reader<'_>) -> Config {
    let subscription = required(
        reader,
        "subscription",
        NameKind::Guid,
        file.subscription,
        "`az account show --query id --output tsv` prints the one you are signed in to",
    );
    let resource_group = required(
        reader,
        "resource_group",
        NameKind::ResourceGroup,
        file.resource_group,
        "name the resource group to use; it is made when it is not there",
    );
    let location = required(
        reader,
        "location",
        NameKind::Location,
        file.location,
        "`az account list-locations --query \"[].name\" --output tsv` prints the names of regions",
    );
    let has_name = file.name.is_some();
    let name = optional(reader, "name", NameKind::Setup, file.name).or_else(|| setup_name(&resource_group));
    if name.is_none() && !has_name && !resource_group.is_empty() {
        reader.problem(
            Problem::new("`name` is missing, and none can be made from `resource_group`".to_owned())
                .suggest("add `name = \"...\"` at the top of the file".to_owned()),
        );
    }
    let name = name.unwrap_or_default();
    let derived = Names::of(&name, &resource_group);
    let routes = routes(reader, file.routes);
    let cloud = cloud(reader, file.cloud);
    let time_scale = time_scale(reader, file.time_scale, &cloud, &routes);
    let answers = Answers {
        tenant: guid(reader, "tenant", file.tenant),
        subscription: subscription.to_lowercase(),
        hub_location: optional(reader, "hub_location", NameKind::Location, file.hub_location)
            .unwrap_or_else(|| location.clone()),
        location,
        namespace: optional(reader, "namespace.name", NameKind::Namespace, file.namespace_name)
            .unwrap_or(derived.namespace),
        hub: optional(reader, "hub.name", NameKind::Hub, file.hub.name).unwrap_or(derived.hub),
        dps: optional(reader, "dps.name", NameKind::Dps, file.dps_name).unwrap_or(derived.dps),
        identity: optional(reader, "identity.name", NameKind::Identity, file.identity_name)
            .unwrap_or(derived.identity),
        identity_kind: match word(
            reader,
            "identity.kind",
            &["system-assigned", "user-assigned"],
            file.identity_kind,
        )
        .as_deref()
        {
            Some("user-assigned") => IdentityKind::UserAssigned,
            _ => IdentityKind::SystemAssigned,
        },
        role_name: optional(reader, "roles.name", NameKind::Role, file.roles.name).unwrap_or(derived.role),
        root_ca: optional(
            reader,
            "certificates.root_ca",
            NameKind::CertificateAuthority,
            file.certificates.root_ca,
        )
        .unwrap_or(derived.root_ca),
        issuing_ca: optional(
            reader,
            "certificates.issuing_ca",
            NameKind::CertificateAuthority,
            file.certificates.issuing_ca,
        )
        .unwrap_or(derived.issuing_ca),
        policy: optional(reader, "certificates.policy", NameKind::Policy, file.certificates.policy)
            .unwrap_or(derived.policy),
        enrollment_group: optional(
            reader,
            "enrollment.group",
            NameKind::EnrollmentGroup,
            file.enrollment_group,
        )
        .unwrap_or(derived.enrollment_group),
        roles: match word(reader, "roles.kind", &["custom", "built-in"], file.roles.kind).as_deref() {
            Some("built-in") => Roles::BuiltIn,
            _ => Roles::Custom,
        },
        assignable_scope: match word(
            reader,
            "roles.assignable_scope",
            &["resource-group", "subscription"],
            file.roles.assignable_scope,
        )
        .as_deref()
        {
            Some("subscription") => AssignableScope::Subscription,
            _ => AssignableScope::ResourceGroup,
        },
        certificates: {
            // Checked also where certificates are off: the key will be needed when they are turned on.
            let days = bounded(reader, "certificates.leaf_days", 7, 90, file.certificates.leaf_days);
            if file.certificates.enabled.is_none_or(Spanned::into_inner) {
                Certificates::On { leaf_days: days.and_then(|days| days.try_into().ok()).unwrap_or(30) }
            } else {
                Certificates::Off
            }
        },
        hub_sku: word(reader, "hub.sku", SKUS, file.hub.sku),
        hub_capacity: bounded(reader, "hub.capacity", 1, 200, file.hub.capacity).unwrap_or(1),
        iot_hub_app_object_id: app_object_id(reader, file.iot_hub_app_object_id),
        use_mi_sdk: file.use_mi_sdk.map(Spanned::into_inner),
        api_versions: api_versions(reader, file.api_versions),
        tags: tags(reader, file.tags),
        dialect: dialect(reader, file.dialect),
        cloud,
        name,
        resource_group,
    };
    let words = AuthMethod::WORDS.map(|(word, _)| word);
    let auth = word(reader, "auth.method", &words, file.auth_method);
    let auth = AuthMethod::WORDS.into_iter().find(|(word, _)| auth.as_deref() == Some(*word));
    Config {
        answers,
        auth: auth.map_or(AuthMethod::Auto, |(_, method)| method),
        client_id: guid(reader, "auth.client_id", file.client_id).filter(|id| id != AZURE_CLI),
        routes: routes.into_iter().map(|(pattern, target)| (pattern, target.url)).collect(),
        ca_file: path(reader, "network.ca_file", file.ca_file),
        time_scale,
        state_folder: path(reader, "engine.state_folder", file.state_folder),
        path: None,
    }
}

fn app_object_id(reader: &mut Reader<'_>, typed: Typed<String>) -> Option<String> {
    let key = "iot_hub_app_object_id";
    if let Some(typed) = typed.as_ref().filter(|typed| typed.get_ref().eq_ignore_ascii_case(IOT_HUB_APP_ID)) {
        reader.problem(
            Problem::at(typed.span(), format!("`{key}` is the app id of IoT Hub"))
                .rule(
                    "takes the object id of its service principal, which every tenant has its own of"
                        .to_owned(),
                )
                .suggest(format!("`az ad sp show --id {IOT_HUB_APP_ID} --query id --output tsv` prints it")),
        );
        return None;
    }
    guid(reader, key, typed)
}

fn dialect(reader: &mut Reader<'_>, typed: Typed<String>) -> String {
    let words: Vec<&str> = ["auto"].into_iter().chain(DIALECTS.iter().map(|dialect| dialect.id)).collect();
    word(reader, "dialect", &words, typed).unwrap_or_else(|| "auto".to_owned())
}

/// Api-versions by resource type; the types are those of the profiles, compared without case.
fn api_versions(
    reader: &mut Reader<'_>,
    typed: Vec<(Spanned<String>, Spanned<String>)>,
) -> BTreeMap<String, String> {
    let known = versioned_types(DIALECTS);
    let mut versions = BTreeMap::new();
    for (name, version) in typed {
        let Some(known) = known.iter().find(|known| known.eq_ignore_ascii_case(name.get_ref())) else {
            reader.problem(
                Problem::at(name.span(), format!("`[api_versions]` knows no `{}`", short(name.get_ref())))
                    .rule("takes the resource types that hubup speaks to".to_owned())
                    .suggest(format!("one of: {}", known.join(", "))),
            );
            continue;
        };
        if let Some(finding) = NameKind::ApiVersion.check(version.get_ref()) {
            refuse(reader, known, &version, finding);
        }
        versions.insert((*known).to_owned(), version.into_inner());
    }
    versions
}

/// The person's tags, within Azure's limits: 50 a resource, 512 characters a name, 256 a value, names without regard
/// to case (Azure documentation, "Use tags to organize your Azure resources", limitations).
fn tags(reader: &mut Reader<'_>, typed: Vec<(Spanned<String>, Spanned<String>)>) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::new();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    if let Some((name, _)) = typed.get(49) {
        reader.problem(
            Problem::at(name.span(), format!("`[tags]` cannot hold {} tags", typed.len()))
                .rule(format!("takes at most 49: Azure takes 50, and hubup adds `{SETUP_TAG}`"))
                .suggest("remove this tag and those after it, or others".to_owned()),
        );
    }
    for (name, value) in typed {
        let lower = name.get_ref().to_lowercase();
        if lower == SETUP_TAG {
            reader.problem(
                Problem::at(name.span(), format!("`[tags]` cannot hold `{SETUP_TAG}`"))
                    .rule("is the tag by which hubup knows its own resources; it sets it".to_owned())
                    .suggest("remove it; its value is `name`".to_owned()),
            );
        } else if let Some(finding) = NameKind::TagName.check(name.get_ref()) {
            let problem =
                Problem::at(name.span(), format!("a tag cannot be named `{}`", short(name.get_ref())))
                    .rule(format!("takes {}", finding.rule));
            reader.problem(match finding.suggestion {
                Some(suggestion) => {
                    problem.suggest(format!("did you mean `{}`?", short(&quoted_key(&suggestion))))
                }
                None => problem,
            });
        } else if let Some(other) = seen.get(&lower) {
            reader.problem(
                Problem::at(name.span(), format!("the tag `{}` occurs twice", short(name.get_ref())))
                    .rule(format!("is the same as `{}` to Azure, which pays no regard to case", short(other)))
                    .suggest("remove one of them".to_owned()),
            );
        }
        if holds_secret(value.get_ref()) {
            reader.problem(
                Problem::at(value.span(), format!("the tag `{}` holds a secret", short(name.get_ref())))
                    .rule("everybody who may read a resource may read its tags".to_owned())
                    .suggest("remove it, and renew the secret if this file was shared".to_owned()),
            );
        }
        let length = value.get_ref().chars().count();
        if length > 256 {
            reader.problem(
                Problem::at(value.span(), format!("the tag `{}` is too long", short(name.get_ref())))
                    .rule(format!("takes at most 256 characters, and this has {length}"))
                    .suggest("shorten it".to_owned()),
            );
        }
        seen.insert(lower, name.get_ref().clone());
        tags.insert(name.into_inner(), value.into_inner());
    }
    tags
}
