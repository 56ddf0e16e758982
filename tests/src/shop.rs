//! A shop for a journey.
