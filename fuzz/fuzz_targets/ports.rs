#![no_main]

libfuzzer_sys::fuzz_target!(|input: &str| netserver_options::properties::port(input));
