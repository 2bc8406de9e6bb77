use netserver::prelude::*;

#[derive(OptionValue)]
#[option_value(name = "language")]
enum Language {
    English,
    German,
}

fn main() {}
