//! The keys that act now. The footer, the help and the dispatch of `update` all read this one list, so none of them
//! can name a key that does nothing. Pure.

mod binding;
mod entry;
mod log;
mod pages;
mod review;
mod setup;
mod using;

pub(crate) use binding::{Action, Binding, Place, Scroll, Taking};
pub(crate) use log::choices;
pub(crate) use pages::{bindings, page_bindings};
pub(crate) use setup::{can_cancel, can_keep_trying, can_retry, can_skip, is_skipped};
