use netserver::prelude::*;

#[derive(OptionValue)]
enum Language {
    #[option_value(name = "british english")]
    British,
    German,
}

fn main() {}
