//! Checks by turns, without a socket.
