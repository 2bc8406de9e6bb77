//! Whoever comes from Perl's Net::Server finds each of its names on the page for them, and each option there is one
//! here, or is refused with what to write instead.

#![allow(clippy::panic, reason = "a panic is how a test fails")]

use netserver_options::{find, gone, hook};

const PAGE: &str = include_str!("../docs/coming_from_net_server.md");

/// The options of 0.87, and of its personalities and protocols up to 2.018; not those of HTTP and PSGI.
const OPTIONS: &str = "conf_file log_level log_file log_function pid_file port host proto ipv listen ipv6_package \
    reverse_lookups double_reverse_lookups allow deny cidr_allow cidr_deny chroot user group background setsid \
    no_close_by_child no_client_stdout tie_client_stdout tied_stdin_callback tied_stdout_callback \
    leave_children_open_on_hup syslog_logsock syslog_ident syslog_logopt syslog_facility log4perl_conf \
    log4perl_logger log4perl_poll multi_port no_exit_on_close max_servers check_for_dead max_dequeue \
    check_for_dequeue sig_passthrough max_requests serialize lock_file min_servers min_spare_servers \
    max_spare_servers check_for_waiting check_for_spawn min_child_ttl child_communication spare_servers \
    server_type udp_recv_len udp_recv_flags udp_broadcast unix_type unix_path SSL_use_cert SSL_verify_mode \
    SSL_key_file SSL_cert_file SSL_ca_path SSL_ca_file SSL_cipher_list SSL_passwd_cb SSL_max_getline_length \
    SSL_error_callback SSL_verify_callback SSL_version";

/// Its hooks, and methods that are meant to be overridden as hooks are.
const HOOKS: &str = "configure_hook post_configure_hook post_bind_hook pre_loop_hook pre_server_close_hook \
    post_child_cleanup_hook restart_open_hook restart_close_hook fatal_hook can_read_hook pre_accept_hook \
    post_accept_hook allow_deny_hook request_denied_hook process_request post_process_request_hook \
    post_client_connection_hook double_reverse_lookup pre_fork_hook register_child child_init_hook \
    child_finish_hook run_n_children_hook idle_loop_hook parent_read_hook child_is_talking_hook \
    cleanup_dead_child_hook delete_child_hook other_child_died_hook pre_thread_hook run_dequeue dequeue \
    write_to_log_hook mux_connection mux_input mux_eof mux_close mux_timeout mux_outbuffer_empty";

/// The other methods of the manual and the source of 0.87, and of 2.018 those that may be overridden.
const METHODS: &str = "new run run_client_connection configure post_configure pre_bind proto_object bind post_bind \
    sig_chld loop accept accept_multi_port post_accept get_client_info allow_deny post_process_request done \
    server_close close_children sig_hup hup_server fatal log log_time options process_args process_conf \
    delete_child get_property set_property default_values default_port default_server_type commandline \
    hup_delete_env_keys server_exit shutdown_sockets close_parent hup_children";

/// Properties that hooks there rely on, beside the options.
const PROPERTIES: &str = "client sock _bind select requests ppid children udp_true udp_data udp_peer sockaddr \
    sockport sockhost peeraddr peerport peerhost peerhost_rev peername pid_file_unlink lock_file_unlink chown_files \
    chown_log_file _HUP kind_quit connected SigHUPed tally child_select parent_sock configure_args conf_file_args \
    _run_args";

const MODULES: &str = "Net::Server Net::Server::Fork Net::Server::INET Net::Server::MultiType Net::Server::Multiplex \
    Net::Server::PreForkSimple Net::Server::PreFork Net::Server::Single Net::Server::Thread Net::Server::Daemonize \
    Net::Server::SIG Net::Server::Proto Net::Server::Proto::TCP Net::Server::Proto::UDP Net::Server::Proto::UNIX \
    Net::Server::Proto::UNIXDGRAM Net::Server::Proto::SSL Net::Server::Proto::SSLEAY Net::Server::HTTP \
    Net::Server::PSGI Net::Server::Log::Sys::Syslog Net::Server::Log::Log::Log4perl";

const ENVIRONMENT: &str = "BOUND_SOCKETS HUP_CHILDREN IPV NO_IPV6 PWD REMOTE_HOST USE_XS_PARSER";

#[test]
fn every_name_is_on_the_page() {
    let (_, every_name) = PAGE.split_once("### Every name").unwrap_or_default();
    let all = [OPTIONS, HOOKS, METHODS, PROPERTIES, MODULES, ENVIRONMENT];
    let missing: Vec<&str> = all
        .iter()
        .flat_map(|names| names.split_whitespace())
        .filter(|name| !every_name.contains(&format!("`{name}`")))
        .collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
}

#[test]
fn what_the_page_says_is_the_same_is_there() {
    let same = PAGE
        .lines()
        .filter(|line| line.split(" | ").nth(1).is_some_and(|here| here.starts_with("the same")));
    let names = same.flat_map(|line| {
        line.split(" | ").next().unwrap_or_default().split('`').skip(1).step_by(2)
    });
    // Methods and callbacks of the runtime are no options and no hooks.
    let known = |name: &str| {
        OPTIONS.split_whitespace().chain(HOOKS.split_whitespace()).any(|one| one == name)
    };
    let (mut count, mut wrong) = (0, Vec::new());
    for name in names.filter(|name| known(name)) {
        count += 1;
        if find(name).is_none() && hook::find(name).is_none() {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty() && count > 70, "of {count} not there: {wrong:?}");
}

#[test]
fn every_option_is_one_or_has_a_cure() {
    for name in OPTIONS.split_whitespace() {
        assert!(
            find(name).is_some() || gone::cure(name).is_some(),
            "{name} is passed over without a word"
        );
    }
}
