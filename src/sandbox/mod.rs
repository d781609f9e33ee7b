//! An Azure that lives inside the program: resource providers behind a loopback server.
