//! Tests of the client, by subject. `cloud` is an Azure without sockets, `wire` one with raw sockets.

mod answers;
mod calls;
mod cloud;
mod operations;
mod people;
mod principals;
mod redaction;
mod rendering;
mod routing;
mod signing;
mod signing_in;
mod tls;
mod tokens;
mod wire;
