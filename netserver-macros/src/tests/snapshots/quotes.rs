// What `#[net_server(port = ["0", PORT], log_level = LEVEL, read_timeout = 1.5m, keepalive)]` writes.

#[allow(
    clippy::needless_pass_by_ref_mut,
    clippy::trivially_copy_pass_by_ref,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "the server calls these methods, so it chooses their signatures"
)]
/// A quote a day,
/// on every port.
///
/// Not in `--help`.
impl Quotes {
    const HOOKS: [fn(); 2] = [
        || {},
        || {
            fn pre_fork_hook() {}
        },
    ];
    fn configure_hook(options: &mut OptionSet) -> Result<(), Refused> {
        open(options)
    }
    fn write_to_log_hook(level: u32, message: &str) -> bool {
        level > 1 || send(message)
    }
    #[cfg(unix)]
    #[inline]
    fn child_init_hook(&mut self) {
        self.open()
    }
    fn allow_deny_hook(&self, mut conn: &mut Connection) -> bool {
        self.knows(conn)
    }
    fn post_process_request_hook(&self, _: &mut Connection, allowed: bool) {}
    #[cfg(feature = "short")]
    fn process_request(&mut self) {}
    #[cfg(not(feature = "short"))]
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        Ok(())
    }
    fn open(&self) {}
}
#[automatically_derived]
impl ::netserver::Hooks for Quotes {
    const WRITTEN: ::netserver::__private::Written = ::netserver::__private::Some(
        &[
            "configure_hook",
            "write_to_log_hook",
            #[cfg(unix)]
            "child_init_hook",
            "allow_deny_hook",
            "post_process_request_hook",
        ],
    );
    fn configure_hook(options: &mut ::netserver::OptionSet) -> ::netserver::Result<()> {
        let answer = Self::configure_hook(options);
        ::netserver::__private::Done::done(answer)
    }
    fn write_to_log_hook(
        level: ::core::primitive::u32,
        message: &::core::primitive::str,
    ) -> ::netserver::Result<bool> {
        let answer = Self::write_to_log_hook(level, message);
        ::netserver::__private::Verdict::verdict(answer)
    }
    #[cfg(unix)]
    fn child_init_hook(
        &mut self,
        _server: &::netserver::ServerInfo,
        _kind: ::netserver::ChildKind,
    ) -> ::netserver::Result<()> {
        let answer = Self::child_init_hook(self);
        ::netserver::__private::Done::done(answer)
    }
    fn allow_deny_hook(
        &mut self,
        conn: &mut ::netserver::Connection,
    ) -> ::netserver::Result<bool> {
        let answer = Self::allow_deny_hook(self, conn);
        ::netserver::__private::Verdict::verdict(answer)
    }
    fn post_process_request_hook(
        &mut self,
        conn: &mut ::netserver::Connection,
        allowed: ::core::primitive::bool,
    ) -> ::netserver::Result<()> {
        let answer = Self::post_process_request_hook(self, conn, allowed);
        ::netserver::__private::Done::done(answer)
    }
}
#[automatically_derived]
impl ::netserver::NetServer for Quotes {
    #[cfg(feature = "short")]
    fn process_request(
        &mut self,
        _conn: &mut ::netserver::Connection,
    ) -> ::netserver::__private::io::Result<()> {
        let answer = Self::process_request(self);
        ::netserver::__private::Served::served(answer)
    }
    #[cfg(not(feature = "short"))]
    fn process_request(
        &mut self,
        conn: &mut ::netserver::Connection,
    ) -> ::netserver::__private::io::Result<()> {
        let answer = Self::process_request(self, conn);
        ::netserver::__private::Served::served(answer)
    }
}
#[automatically_derived]
impl ::netserver::Declared for Quotes {
    type Personality = ::netserver::personality::Single;
    fn declaration() -> ::netserver::Declaration {
        ::netserver::Declaration::new(
                ::core::env!("CARGO_PKG_VERSION"),
                "A quote a day, on every port.",
            )
            .personality_by_default()
            .set(
                "port",
                ::netserver::__private::Texts::new()
                    .with("0")
                    .with(
                        ::netserver::__private::Constant::<
                            ::netserver::__private::option::port,
                        >::texts(PORT),
                    ),
            )
            .set(
                "log_level",
                ::netserver::__private::Constant::<
                    ::netserver::__private::option::log_level,
                >::texts(LEVEL),
            )
            .set("read_timeout", "1.5m")
            .set("keepalive", "true")
    }
}
#[automatically_derived]
impl Quotes {
    #[doc(hidden)]
    #[allow(dead_code, non_upper_case_globals, reason = "its name is a message")]
    const net_server_has_arguments_twice__keep_those_of_the_struct: () = ();
}
