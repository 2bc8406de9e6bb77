use netserver::prelude::*;

#[derive(OptionValue)]
enum Language {
    #[option_value(rename = "en")]
    English,
    German,
}

fn main() {}
