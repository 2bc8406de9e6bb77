//! Every verdict of the table, from the attribute.

use super::{errors, expand};

#[test]
fn the_attribute_says_of_a_value_what_the_table_says() {
    let rows = include_str!("../../../netserver/options/verdicts.txt");
    for row in rows.lines().filter(|row| !row.starts_with('#')) {
        let [name, value, verdict] = row.splitn(3, '|').collect::<Vec<_>>()[..] else {
            panic!("three columns: {row}");
        };
        if name == "server_type" {
            // The attribute calls it `personality`, and says what that is.
            continue;
        }
        // Each option has an effect with one of the two.
        let handlers = "impl S { fn process_request(&mut self) {} fn mux_input(&mut self) {} }";
        let personalities = "personality = [\"prefork\", \"multiplex\"]";
        let said = errors(expand(&format!("{personalities}, {name} = {value:?}"), handlers));
        let expected = format!("option `{name}`: {verdict}");
        match verdict {
            "good" => assert!(said.is_empty(), "{row}: {said:?}"),
            _ => assert!(said.len() == 1 && said[0].starts_with(&expected), "{row}: {said:?}"),
        }
    }
}
