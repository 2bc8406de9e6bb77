#![no_main]

libfuzzer_sys::fuzz_target!(|input: &str| netserver::properties::value(input));
