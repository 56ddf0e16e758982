//! `comptoir` as scripts use it: the real binary, real folders, and a real server where one is needed.

#[cfg(test)]
mod documents;
#[cfg(test)]
mod floor;
#[cfg(test)]
mod importing;
#[cfg(test)]
mod past;
#[cfg(test)]
mod printing;
#[cfg(test)]
mod queueing;
#[cfg(test)]
mod quoting;
#[cfg(test)]
mod real_data;
#[cfg(test)]
mod replaying;
#[cfg(test)]
mod selling;
#[cfg(test)]
mod server;
#[cfg(test)]
mod shell;
#[cfg(test)]
mod syncing;
#[cfg(test)]
mod usage;
