//! Tests of the client, by subject.
