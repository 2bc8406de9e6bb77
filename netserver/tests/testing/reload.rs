//! Restarts under load: a server that does it well is found well, and each kind of ill one is found out.

use std::time::Duration;

use netserver::testing::{Program, ReloadReport, VerifyReload, tool, verify_reload};

/// A server in Perl, with that fault; `None` where there is no Perl.
fn fake<'a>(fault: &str) -> Option<VerifyReload<'a>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testing/reload.pl");
    let program = Program::new(tool("perl")?).arg(path).env("FAULT", fault);
    let load = verify_reload(program).connections(200).restarts(3).clients(4);
    Some(load.deadline(Duration::from_secs(5)))
}

/// What came of it, which must not be clean and must tell of this.
fn found(fault: &str, told: &str) -> Option<ReloadReport> {
    let report = fake(fault)?.run();
    assert!(!report.is_clean() && report.lost() > 0, "{report}");
    assert!(report.to_string().contains(told), "{told:?} is not told of:\n{report}");
    Some(report)
}

#[test]
fn a_server_that_restarts_well_loses_nobody() {
    let Some(load) = fake("") else { return };
    let report = load.run();
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.lost(), report.restarts(), report.generations()), (0, 3, 4), "{report}");
    assert!(report.right() >= 200, "{report}");
    assert!(report.p50() <= report.p99() && report.p99() <= report.p999(), "{report}");
    assert!(report.p999() <= report.max() && report.max() <= report.elapsed(), "{report}");
    assert!(report.slowest_restart() > Duration::ZERO);
}

#[test]
fn clients_come_for_as_long_as_there_are_restarts() {
    let Some(load) = fake("") else { return };
    let report = load.connections(1).restarts(5).run();
    assert!(report.is_clean() && report.restarts() == 5, "{report}");
}

#[test]
fn no_port_is_found_out_while_it_is_bound_anew() {
    let Some(report) = found("unbinds", "connect: connection refused") else { return };
    assert!(report.refused() > 0 && report.lost() >= report.refused(), "{report}");
}

#[test]
fn a_client_that_is_cut_at_a_restart_is_found_out() {
    let told = "closed after \"half\", which is no whole reply";
    let Some(report) = found("cuts", told) else { return };
    assert_eq!((report.truncated(), report.lost(), report.restarts()), (3, 3, 3), "{report}");
}

#[test]
fn a_client_that_is_reset_at_a_restart_is_found_out() {
    let Some(report) = found("resets", "connection reset") else { return };
    assert_eq!((report.reset(), report.lost(), report.restarts()), (3, 3, 3), "{report}");
}

#[test]
fn more_than_a_reply_is_wrong() {
    let Some(report) = found("babbles", "which is more than a reply") else { return };
    assert!(report.wrong() > 0, "{report}");
}

#[test]
fn a_server_that_never_restarts_is_found_out() {
    let Some(load) = fake("deaf") else { return };
    let report = load.deadline(Duration::from_secs(2)).run();
    assert_eq!((report.lost(), report.restarts()), (3, 0), "{report}");
    assert!(report.to_string().contains("no generation 2: waited 2s"), "{report}");
}

#[test]
fn a_server_that_cannot_restart_is_not_waited_for() {
    let Some(report) = found("refuses", "no generation 2: it says \"2026") else { return };
    assert_eq!((report.lost(), report.restarts()), (3, 0), "{report}");
    assert!(report.elapsed() < Duration::from_secs(5), "{report}");
}

#[test]
fn a_server_that_dies_is_found_out() {
    let told = "it ended with exit code 3 before it was told to";
    let Some(report) = found("dies", told) else { return };
    assert_eq!(report.restarts(), 0, "{report}");
}

#[test]
fn a_server_that_becomes_another_process_is_found_out() {
    // Whichever is seen first: its own end, or what the other says.
    let Some(report) = found("forks", "no generation 2: it") else { return };
    assert_eq!(report.restarts(), 0, "{report}");
}

#[test]
fn a_server_that_has_another_process_serve_is_found_out() {
    let Some(report) = found("hides", "no generation 2: it is another process") else { return };
    // All else about it is well.
    assert_eq!((report.lost(), report.restarts()), (3, 0), "{report}");
}

#[test]
fn clients_in_flight_are_served_across_a_restart() {
    let Some(load) = fake("none, and forks") else { return };
    let report = load.in_flight(5).run();
    assert!(report.is_clean() && report.right() >= 200 + 3 * 5, "{report}");
}

#[test]
fn a_client_in_flight_that_is_cut_is_found_out() {
    let Some(load) = fake("drops") else { return };
    let report = load.in_flight(5).run();
    // Others may be cut beside them.
    assert!(report.truncated() + report.reset() >= 3 * 5, "{report}");
    assert_eq!(report.restarts(), 3, "{report}");
    assert!(report.to_string().contains("a client in flight, at "), "{report}");
}

#[test]
#[should_panic(expected = "cannot start /nonexistent/server")]
fn a_program_that_is_not_there_cannot_be_started() {
    verify_reload("/nonexistent/server").run();
}

#[test]
#[should_panic(expected = "the check fails")]
fn a_panic_of_the_check_fails_the_test() {
    let Some(load) = fake("") else { panic!("the check fails, were there Perl") };
    load.exchange("a\n", |_| panic!("the check fails")).run();
}
