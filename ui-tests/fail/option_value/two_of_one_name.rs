use netserver::prelude::*;

#[derive(OptionValue)]
enum Language {
    #[option_value(name = "german")]
    Austrian,
    German,
}

fn main() {}
