//! The resource providers, the directory and the data planes: a module for each.
//!
//! Each validates, keeps its own states and speaks its own errors. `lifecycle` starts and ends what they keep.

mod authorities;
mod authority_policies;
pub(crate) mod authorization;
pub(crate) mod built_in_roles;
pub(crate) mod credentials;
mod device_plane;
pub(crate) mod device_registry;
mod device_view;
pub(crate) mod dps_service;
mod endpoints;
mod enrollment;
mod enrollment_names;
mod grants;
pub(crate) mod graph;
mod hub_details;
pub(crate) mod hub_devices;
mod hub_schema;
pub(crate) mod hubs;
mod hubs_2026;
mod issuing;
mod lifecycle;
mod link_rights;
mod linked_hubs;
mod linking;
pub(crate) mod managed_identity;
mod namespace_view;
mod namespaces_2026;
mod own_certificates;
pub(crate) mod policy_insights;
pub(crate) mod provisioning_services;
mod reads;
mod registrations;
pub(crate) mod resources;
pub(crate) mod role_assignments;
pub(crate) mod role_definitions;
mod services_2026;
pub(crate) mod sign_in;
mod signatures;
mod trust;

pub(crate) use lifecycle::{admit, finish, gone, populate, public_body, spoil};
pub(crate) use reads::{read, view};
