//! Options of Perl's Net::Server, and words of other daemons', that are something else here, and what to
//! write instead.
//!
//! Takes in a name that is no option, hands on a cure. Names that are only misspelt are not its
//! business.

/// The cures by their names, all in lower case: Perl's names of TLS options begin in capitals. A name
/// that ends in `*` stands for all that begin like it; the first that fits counts.
const GONE: &[(&[&str], &str)] = &[
    (&["cidr_allow"], "here it is `allow`, which takes networks, addresses and expressions"),
    (&["cidr_deny"], "here it is `deny`, which takes networks, addresses and expressions"),
    (
        &["no_client_stdout", "tie_client_stdout", "tied_stdin_callback", "tied_stdout_callback"],
        "here it is `stdio`: off, which it is by default, standard input and output are left alone",
    ),
    (&["ipv6_package"], "remove it: IPv6 needs no package"),
    (&["ssl_verify_mode"], "here it is `ssl_verify_client`"),
    (&["ssl_ca_file"], "here it is `ssl_client_ca_file`"),
    (&["ssl_ca_path"], "here it is `ssl_client_ca_file`: one file with all certificates"),
    (&["ssl_cert_file"], "here it is `ssl_cert_file`, in lower case"),
    (&["ssl_key_file"], "here it is `ssl_key_file`, in lower case"),
    (&["ssl_use_cert"], "remove it: a TLS port always has a certificate, `ssl_cert_file`"),
    (&["ssl_passwd_cb"], "remove it: the file of `ssl_key_file` is read without a password"),
    (&["ssl_max_getline_length"], "here it is `max_line`, on every port"),
    (
        &["ssl_version", "ssl_cipher_list"],
        "remove it: TLS 1.2 and 1.3 are spoken, with the ciphers that are good today",
    ),
    (&["ssl_error_callback"], "remove it: a handshake that fails is logged at level 3"),
    (&["ssl_verify_callback"], "here a client's certificate is for `allow_deny_hook` to look at"),
    (
        &["log4perl_*"],
        "install a logger of the `log` crate before the server runs: it gets every record",
    ),
    (
        &["log_function"],
        "here it is `write_to_log_hook`, or a logger of the `log` crate that the program installs",
    ),
    (&["multi_port"], "remove it: a server that has several ports knows it"),
    (&["no_exit_on_close"], "remove it: a server that has closed returns to its `main`"),
    (&["spare_servers"], "here it is `min_spare_servers` and `max_spare_servers`"),
    (&["lock_file"], "remove it: no `serialize` needs a file"),
    (
        &["sig_passthrough"],
        "remove it: the children are in their parent's process group, which can be signalled as one",
    ),
    (&["daemon", "daemonize"], "here it is `background`"),
    (
        &["foreground", "no_daemon"],
        "remove it: a server stays where it is unless `background` is set",
    ),
    (&["conf", "config", "config_file"], "here it is `conf_file`"),
    (&["hup_delete_env_keys"], "remove it: at a restart the environment is as it was at the start"),
    (&["uid"], "here it is `user`, by name or number"),
    (&["gid"], "here it is `group`, by names or numbers"),
    (&["unix_path"], "here the path stands in `port`: `/run/echo.sock/unix`"),
];

/// What to write instead of `name`, where Perl's Net::Server has an option of that name. `-` is `_`,
/// and case does not count.
pub fn cure(name: &str) -> Option<&'static str> {
    let name = name.replace('-', "_").to_ascii_lowercase();
    let fits = |gone: &&str| match gone.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *gone,
    };
    GONE.iter().find(|(names, _)| names.iter().any(fits)).map(|(_, cure)| *cure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{find, unknown};

    #[test]
    fn what_is_gone_says_what_is_here() {
        for (name, cure) in [
            ("cidr_allow", "here it is `allow`"),
            ("cidr-deny", "here it is `deny`"),
            ("SSL_key_file", "here it is `ssl_key_file`"),
            ("SSL_ca_file", "here it is `ssl_client_ca_file`"),
            ("log4perl_poll", "install a logger"),
            ("spare_servers", "here it is `min_spare_servers`"),
        ] {
            let reject = unknown(name);
            assert_eq!(reject.fault, format!("unknown option {name}"));
            assert!(reject.help.as_deref().is_some_and(|help| help.starts_with(cure)), "{name}");
        }
        assert_eq!(cure("log4perl"), None);
        assert_eq!(cure("max_server"), None);
    }

    #[test]
    fn each_name_stands_once_and_can_be_met() {
        let names: Vec<&str> = GONE.iter().flat_map(|(names, _)| *names).copied().collect();
        for (at, name) in names.iter().enumerate() {
            assert!(!names[..at].contains(name), "{name}: twice");
            assert_eq!(*name, name.to_ascii_lowercase(), "{name}: in lower case");
            // Those that differ from an option in case alone are met in capitals.
            let shadowed = find(name).is_some() && !name.starts_with("ssl_");
            assert!(!shadowed, "{name}: is an option");
        }
    }
}
