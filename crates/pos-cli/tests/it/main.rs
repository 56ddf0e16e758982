//! `comptoir` as scripts use it: the real binary, real folders, and a real server where one is needed.

mod documents;
mod importing;
mod quoting;
mod real_data;
mod replaying;
mod selling;
mod server;
mod shell;
mod syncing;
mod usage;
