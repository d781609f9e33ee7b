//! The one thread that works on the world: requests reach it one after the other.
//!
//! One thread rather than whichever is free, so that the memory of the steps is one pool that stays as large as a step needs.
//! Opened by the server; ends when the server has let go of it.

use std::io;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use tokio::sync::oneshot;

use super::reply::Reply;
use super::request::Request;

type Order = (Request, oneshot::Sender<Reply>);

/// Where requests are handed in.
#[derive(Clone)]
pub(crate) struct Desk(Sender<Order>);

impl Desk {
    /// Starts the thread. `work` is asked for each request, in their order.
    pub(crate) fn open(mut work: impl FnMut(&Request) -> Reply + Send + 'static) -> io::Result<Self> {
        let (sender, orders) = channel::<Order>();
        thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
            for (request, answer) in orders {
                // Nobody waits any more for what a client has given up.
                _ = answer.send(work(&request));
            }
        })?;
        Ok(Self(sender))
    }

    /// The reply to a request, once its turn has come; `None` when the thread is gone.
    pub(crate) async fn ask(&self, request: Request) -> Option<Reply> {
        let (answer, reply) = oneshot::channel();
        self.0.send((request, answer)).ok()?;
        reply.await.ok()
    }
}
