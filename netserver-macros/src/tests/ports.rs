//! What ports, hosts, protocols and families ask for together, from the attribute.

use super::{errors, expand};

#[test]
fn the_attribute_says_of_ports_what_the_table_says() {
    let rows = include_str!("../../../netserver/options/ports.txt");
    for row in rows.lines().filter(|row| !row.starts_with('#')) {
        let columns: Vec<&str> = row.split(" => ").collect();
        let handler = "impl S { fn process_request(&mut self) {} }";
        let said = errors(expand(&arguments(columns[1]), handler));
        match columns[2].strip_prefix("error: ") {
            None => assert!(said.is_empty(), "{row}: {said:?}"),
            Some(words) => {
                assert!(said.len() == 1 && said[0].contains(words), "{row}: {said:?}");
            }
        }
    }
}

/// The options of a row as an attribute has them: those that repeat as a list.
fn arguments(options: &str) -> String {
    let mut arguments: Vec<(&str, Vec<&str>)> = Vec::new();
    for option in options.split(" ; ").filter(|option| !option.is_empty()) {
        let (name, text) = option.split_once('=').expect("an option has a value");
        match arguments.iter_mut().find(|(other, _)| *other == name) {
            Some((_, texts)) => texts.push(text),
            None => arguments.push((name, vec![text])),
        }
    }
    let written = arguments.iter().map(|(name, texts)| match texts.as_slice() {
        [text] => format!("{name} = {text:?}"),
        texts => format!("{name} = {texts:?}"),
    });
    written.collect::<Vec<_>>().join(", ")
}
