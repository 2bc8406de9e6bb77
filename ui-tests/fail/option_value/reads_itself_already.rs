use netserver::prelude::*;

#[derive(OptionValue)]
enum Language {
    English,
    German,
}

impl std::str::FromStr for Language {
    type Err = String;

    fn from_str(_: &str) -> std::result::Result<Self, String> {
        Ok(Self::English)
    }
}

fn main() {}
