//! What goes over the wire: the JSON of every type, and the bytes that must arrive as they left.
//!
//! A changed snapshot is a changed protocol. Registers in the field keep speaking the old one.

#[cfg(test)]
mod bytes;
#[cfg(test)]
mod links;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod shapes;
