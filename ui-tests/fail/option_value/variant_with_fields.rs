use netserver::prelude::*;

#[derive(OptionValue)]
enum Language {
    English,
    Other(String),
}

fn main() {}
