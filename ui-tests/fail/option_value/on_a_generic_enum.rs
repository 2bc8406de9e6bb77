use netserver::prelude::*;

#[derive(OptionValue)]
enum Language<T> {
    English,
    German(T),
}

fn main() {}
