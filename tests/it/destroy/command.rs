//! `hubup destroy` as a person starts it: what it shows, asks, prints and returns.
