//! The store as its callers use it, on real files.

#[cfg(test)]
mod attachments;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod disputes;
#[cfg(test)]
mod health;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod mappings;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod print_jobs;
#[cfg(test)]
mod queue;
#[cfg(test)]
mod queue_laws;
#[cfg(test)]
mod sales;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod small;
#[cfg(test)]
mod stock_law;
#[cfg(test)]
mod sync;
#[cfg(test)]
mod tampering;
#[cfg(test)]
mod till;
#[cfg(test)]
mod upgrading;
