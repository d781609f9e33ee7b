//! The resource providers, the directory and the data planes: a module for each.
//!
//! Each validates, keeps its own states and speaks its own errors. `lifecycle` starts and ends what they keep.

pub(crate) mod authorization;
pub(crate) mod built_in_roles;
pub(crate) mod credentials;
pub(crate) mod device_registry;
pub(crate) mod dps_service;
mod enrollment;
mod grants;
pub(crate) mod graph;
mod hub_schema;
pub(crate) mod hubs;
mod lifecycle;
mod linked_hubs;
pub(crate) mod managed_identity;
pub(crate) mod provisioning_services;
pub(crate) mod resources;
pub(crate) mod role_assignments;
pub(crate) mod role_definitions;
pub(crate) mod sign_in;

pub(crate) use lifecycle::{admit, finish, populate, public_body};
