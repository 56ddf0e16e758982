//! Placeholder until its content is written.
