//! The setup file as it is typed: every key that may stand in it, optional, with its place.
//!
//! What the keys mean, and what holds where one is left out, is for [`super::meaning`].

use toml::Spanned;
use toml::de::DeTable;

use super::suggest::Known;
use super::table::Reader;

pub(super) type Typed<T> = Option<Spanned<T>>;

/// A setup file as typed.
pub(super) struct ConfigFile {
    pub(super) name: Typed<String>,
    pub(super) tenant: Typed<String>,
    pub(super) subscription: Typed<String>,
    pub(super) resource_group: Typed<String>,
    pub(super) location: Typed<String>,
    pub(super) hub_location: Typed<String>,
    pub(super) dialect: Typed<String>,
    pub(super) iot_hub_app_object_id: Typed<String>,
    pub(super) namespace_name: Typed<String>,
    pub(super) use_mi_sdk: Typed<bool>,
    pub(super) api_versions: Vec<(Spanned<String>, Spanned<String>)>,
    pub(super) hub: HubFile,
    pub(super) dps_name: Typed<String>,
    pub(super) identity_name: Typed<String>,
    pub(super) identity_kind: Typed<String>,
    pub(super) roles: RolesFile,
    pub(super) certificates: CertificatesFile,
    pub(super) enrollment_group: Typed<String>,
    pub(super) tags: Vec<(Spanned<String>, Spanned<String>)>,
    pub(super) auth_method: Typed<String>,
    pub(super) client_id: Typed<String>,
    pub(super) cloud: CloudFile,
    pub(super) ca_file: Typed<String>,
    pub(super) routes: Vec<(Spanned<String>, Spanned<String>)>,
    pub(super) time_scale: Typed<f64>,
    pub(super) state_folder: Typed<String>,
}

/// `[hub]`.
pub(super) struct HubFile {
    pub(super) name: Typed<String>,
    pub(super) sku: Typed<String>,
    pub(super) capacity: Typed<i64>,
}

/// `[roles]`.
pub(super) struct RolesFile {
    pub(super) kind: Typed<String>,
    pub(super) name: Typed<String>,
    pub(super) assignable_scope: Typed<String>,
}

/// `[certificates]`.
pub(super) struct CertificatesFile {
    pub(super) enabled: Typed<bool>,
    pub(super) root_ca: Typed<String>,
    pub(super) issuing_ca: Typed<String>,
    pub(super) policy: Typed<String>,
    pub(super) leaf_days: Typed<i64>,
}

/// `[cloud]`.
pub(super) struct CloudFile {
    pub(super) name: Typed<String>,
    /// In the order of the fields of `domain::Cloud`, with their keys.
    pub(super) hosts: [(&'static str, Typed<String>); 5],
}

impl ConfigFile {
    /// Takes a parsed file apart, noting in `reader` what is of a wrong type or unknown.
    pub(super) fn read<'t>(root: DeTable<'t>, reader: &mut Reader<'t>) -> Self {
        let mut top = Reader::top(root);
        let mut namespace = top.table(reader, "namespace", "namespace");
        let mut hub = top.table(reader, "hub", "hub");
        let mut dps = top.table(reader, "dps", "dps");
        let mut identity = top.table(reader, "identity", "identity");
        let mut roles = top.table(reader, "roles", "roles");
        let mut certificates = top.table(reader, "certificates", "certificates");
        let mut enrollment = top.table(reader, "enrollment", "enrollment");
        let tags = top.table(reader, "tags", "tags");
        let api_versions = top.table(reader, "api_versions", "api_versions");
        let mut auth = top.table(reader, "auth", "auth");
        let mut cloud = top.table(reader, "cloud", "cloud");
        let mut network = top.table(reader, "network", "network");
        let routes = network.table(reader, "routes", "network.routes");
        let mut engine = top.table(reader, "engine", "engine");
        let file = Self {
            name: top.text(reader, "name"),
            tenant: top.text(reader, "tenant"),
            subscription: top.text(reader, "subscription"),
            resource_group: top.text(reader, "resource_group"),
            location: top.text(reader, "location"),
            hub_location: top.text(reader, "hub_location"),
            dialect: top.text(reader, "dialect"),
            iot_hub_app_object_id: top.text(reader, "iot_hub_app_object_id"),
            namespace_name: namespace.text(reader, "name"),
            use_mi_sdk: namespace.switch(reader, "use_mi_sdk"),
            api_versions: api_versions.texts(reader),
            hub: HubFile {
                name: hub.text(reader, "name"),
                sku: hub.text(reader, "sku"),
                capacity: hub.whole(reader, "capacity"),
            },
            dps_name: dps.text(reader, "name"),
            identity_name: identity.text(reader, "name"),
            identity_kind: identity.text(reader, "kind"),
            roles: RolesFile {
                kind: roles.text(reader, "kind"),
                name: roles.text(reader, "name"),
                assignable_scope: roles.text(reader, "assignable_scope"),
            },
            certificates: CertificatesFile {
                enabled: certificates.switch(reader, "enabled"),
                root_ca: certificates.text(reader, "root_ca"),
                issuing_ca: certificates.text(reader, "issuing_ca"),
                policy: certificates.text(reader, "policy"),
                leaf_days: certificates.whole(reader, "leaf_days"),
            },
            enrollment_group: enrollment.text(reader, "group"),
            tags: tags.texts(reader),
            auth_method: auth.text(reader, "method"),
            client_id: auth.text(reader, "client_id"),
            cloud: CloudFile {
                name: cloud.text(reader, "name"),
                hosts: ["resource_manager", "graph", "login", "dps_domain", "hub_domain"]
                    .map(|key| (key, cloud.text(reader, key))),
            },
            ca_file: network.text(reader, "ca_file"),
            routes: routes.texts(reader),
            time_scale: engine.number(reader, "time_scale"),
            state_folder: engine.text(reader, "state_folder"),
        };
        for table in [
            top,
            namespace,
            hub,
            dps,
            identity,
            roles,
            certificates,
            enrollment,
            auth,
            cloud,
            network,
            engine,
        ] {
            table.finish(reader);
        }
        reader.judge_strangers();
        file
    }
}

/// Every key of the setup file, dotted; tables whose keys a person chooses (`tags`, `network.routes`) by their own
/// name.
pub fn known_keys() -> Vec<String> {
    let mut reader = Reader::new("");
    ConfigFile::read(DeTable::new(), &mut reader);
    let free = |known: &Known| matches!(known.key, "tags" | "routes" | "api_versions");
    reader.known.iter().filter(|known| !known.is_table || free(known)).map(Known::dotted).collect()
}
