use netserver::prelude::*;

#[derive(OptionValue)]
enum Language {}

fn main() {}
