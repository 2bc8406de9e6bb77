//! A server that leaves it open which personality serves, and whose attribute has options that not each
//! of them has a use for.

use netserver::testing::{Client, Program, scratch};

use super::{APART, program};

/// The ways to leave it open, and who says that `single` serves where nobody chooses.
fn each() -> [(Program, &'static str); 3] {
    let declared = |how| program!("multitype").env("DECLARED", how);
    [
        (declared("multitype"), "default"),
        (declared("list"), "attribute"),
        (declared("by_hand"), "attribute"),
    ]
}

#[test]
fn where_nobody_chooses_single_serves_and_needs_none_of_the_others_options() {
    for (program, _) in each() {
        let server = program.start();
        assert_eq!(Client::connect(server.address()).rest(), b"single\n");
        assert_eq!(server.children(), []);
        server.stop();
    }
    for (program, source) in each() {
        let printed = program.arg("--print-config").run().expect_code(0).stdout;
        let chosen = printed.lines().find(|line| line.starts_with("server_type = single"));
        assert!(chosen.is_some_and(|line| line.ends_with(&format!("  # {source}"))), "{printed}");
        let left_out = "\n# max_servers (attribute) has no effect with single\n";
        assert!(printed.contains(left_out), "{printed}");
    }
}

#[test]
fn whoever_is_chosen_has_the_options_of_the_attribute() {
    for personality in APART {
        for (program, _) in each() {
            let server = program.arg(format!("--server_type={personality}")).start();
            let said = format!("{personality}\n").into_bytes();
            assert_eq!(Client::connect(server.address()).rest(), said);
            server.stop();
        }
    }
    for (program, _) in each() {
        let printed = program.args(["--server_type=prefork", "--print-config=json"]).run();
        let printed = printed.expect_code(0).stdout;
        let three = "\"max_servers\": {\"value\": 3, \"source\": \"attribute\"}";
        assert!(printed.contains(three), "{printed}");
    }
}

#[test]
fn the_help_says_what_holds_for_others() {
    for (program, _) in each() {
        let help = program.arg("--help").run().expect_code(0).stdout;
        // What the attribute has set, and what the table has, which depends on who serves.
        for (option, default) in [
            ("--max_servers", "[default: 3]"),
            ("--check_for_dead", "[default: 1m with fork, 30s with"),
        ] {
            let row = help.lines().find(|line| line.trim_start().starts_with(option));
            assert!(row.is_some_and(|row| row.contains(default)), "{help}");
        }
    }
}

#[test]
fn whoever_starts_it_is_told_of_an_option_that_has_no_effect() {
    let folder = scratch();
    let file = folder.write("own.conf", "max_servers = 4\n");
    let file = file.display();
    for (word, place) in [
        ("--max_servers=4".to_owned(), "--max_servers".to_owned()),
        (format!("--conf_file={file}"), format!("{file}:1: max_servers")),
    ] {
        for (program, _) in each() {
            let refused = program.arg(&word).run().expect_code(2);
            let fault = format!("multitype: {place}: has no effect with personality `single`");
            assert!(refused.stderr().starts_with(&fault), "{}", refused.stderr());
        }
    }
}

/// As the compiler refuses it in an attribute, whoever is chosen later.
#[test]
fn an_option_that_is_for_none_of_those_named_is_refused_by_hand_too() {
    for words in [&[][..], &["--server_type=single"], &["--server_type=prefork"], &["--help"]] {
        let refused = program!("multitype").env("DECLARED", "in_vain").args(words.iter().copied());
        let refused = refused.run().expect_code(2);
        assert_eq!(
            refused.stderr(),
            "multitype: attribute: max_servers: has no effect with personality `single`\n  \
             help: remove it, or use personality `fork`, `prefork_simple`, `prefork` or `thread`\n"
        );
    }
}

#[test]
fn a_personality_that_is_none_is_refused_by_hand_too() {
    let refused = program!("multitype").env("DECLARED", "misspelt").run().expect_code(2);
    let fault = "multitype: attribute: personality: expected `single`, `inet`, `fork`, `prefork_simple`, \
                 `prefork`, `multiplex` or `thread`, got perfork\n";
    assert!(refused.stderr().starts_with(fault), "{}", refused.stderr());
}

/// A program in which `multiplex` is one of those that it names, or the only one.
fn declared(how: &str) -> Program {
    program!("multitype").env("DECLARED", how)
}

#[test]
fn who_is_not_named_and_wants_more_than_a_handler_is_refused() {
    let folder = scratch();
    let any = "`single`, `inet`, `fork`, `prefork_simple` or `prefork`";
    for (how, refused, served) in [
        ("multitype", &["multiplex", "thread"][..], any.to_owned()),
        ("list", &["multiplex", "thread"], any.to_owned()),
        ("by_hand", &["multiplex", "thread"], any.to_owned()),
        ("multiplex", &["single", "prefork", "thread"], "`multiplex`".to_owned()),
        ("either", &["thread"], any.replace(" or `prefork`", ", `prefork` or `multiplex`")),
    ] {
        for personality in refused {
            let file = folder.write("who.conf", format!("server_type = {personality}\n"));
            let conf_file = format!("--conf_file={}", file.display());
            let word = format!("--server_type={personality}");
            for (word, place) in [
                (&word, "--server_type".to_owned()),
                (&conf_file, format!("{}:1: server_type", file.display())),
            ] {
                for check in [&["--check"][..], &[]] {
                    let program = declared(how).args(check.iter().copied()).arg(word);
                    let said = format!(
                        "multitype: {place}: this program has nothing that `{personality}` could serve\n  \
                         help: it is made for {served}\n"
                    );
                    assert_eq!(program.run().expect_code(2).stderr(), said, "{how}");
                }
            }
        }
    }
}

#[test]
fn one_that_is_named_serves_beside_those_that_want_a_handler() {
    let said = |program: Program| {
        let server = program.start();
        let said = Client::connect(server.address()).rest();
        server.stop();
        String::from_utf8(said).unwrap()
    };
    assert_eq!(said(declared("multiplex")), "multiplex\n");
    assert_eq!(said(declared("either")), "prefork\n");
    for other in ["multiplex", "single", "fork"] {
        let program = declared("either").arg(format!("--server_type={other}"));
        assert_eq!(said(program), format!("{other}\n"));
    }
}

#[test]
fn each_has_the_options_that_it_has_a_use_for() {
    let printed = |arguments: &[&str]| {
        let program = declared("either").arg("--print-config").args(arguments);
        program.run().expect_code(0).stdout
    };
    let prefork = printed(&[]);
    assert!(
        prefork.contains("\n# max_unsent (attribute) has no effect with prefork\n"),
        "{prefork}"
    );
    assert!(prefork.lines().any(|line| line.starts_with("max_servers = 3 ")), "{prefork}");
    let multiplex = printed(&["--server_type=multiplex"]);
    let none = "\n# max_servers (attribute) has no effect with multiplex\n";
    assert!(multiplex.contains(none), "{multiplex}");
    let least = multiplex.lines().find(|line| line.starts_with("max_unsent = "));
    assert!(least.is_some_and(|line| line.starts_with("max_unsent = 64KiB ")), "{multiplex}");
    for (option, value) in
        [("stdio", "yes"), ("max_servers", "1"), ("serialize", "flock"), ("max_requests", "1")]
    {
        assert!(
            !multiplex.lines().any(|line| line.starts_with(&format!("{option} ="))),
            "{option}"
        );
        let word = format!("--{option}={value}");
        let refused = declared("either").args(["--server_type=multiplex", &word]).run();
        let fault = format!("multitype: --{option}: has no effect with personality `multiplex`\n");
        let said = refused.expect_code(2).stderr();
        assert!(said.starts_with(&fault), "{said}");
    }
}
