use netserver::prelude::*;

#[derive(OptionValue)]
struct Language {
    name: String,
}

fn main() {}
