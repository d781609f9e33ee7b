//! What the sandbox promises to other people's clients, clause by clause, held against every kind of resource.

mod bounds;
mod consistency;
mod echoes;
mod etags;
mod headers;
mod kinds;
mod operations;
mod paging;
mod planes;
mod refusals;
mod rights;
mod shapes;
mod states;
mod two;
mod versions;
mod words;
