//! An Azure that lives inside the program: resource providers behind a loopback server.
//!
//! One step, `(world, request, now) -> (world, reply)`, in `step`; everything else is a provider it calls or the
//! thin server, lock and file around it. It shares no code with the client it serves and is reached over HTTP only.

mod clock;
mod connection;
mod delivery;
mod desk;
mod faults;
mod front;
mod front_door;
mod handle;
mod labels;
mod link_settings;
mod models;
mod obstacles;
mod operations;
mod paging;
mod permissions;
mod providers;
mod record;
mod reply;
mod request;
mod schema;
mod server;
mod settings;
mod sign_in_settings;
mod step;
mod store;
mod target;
mod tls;
mod world;
mod x509;

#[cfg(test)]
mod tests;

pub use faults::{FaultScript, builtin_faults};
pub use handle::{
    Extras, Sandbox, SandboxError, SandboxOptions, SignIn, SubscriptionName, Tls, open, open_with, reset,
};
pub use settings::{WorldSource, builtin_worlds};
