//! Shows the program without a person.
fn main() {}
