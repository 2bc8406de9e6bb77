// What `#[net_server(personality = "prefork", port = [20203, "localhost:20204/tcp"], max_servers = 20)]` writes.

#[allow(
    clippy::needless_pass_by_ref_mut,
    clippy::trivially_copy_pass_by_ref,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "the server calls these methods, so it chooses their signatures"
)]
impl Echo {
    fn process_request(&mut self, conn: &mut Connection) -> io::Result<()> {
        conn.write_all(b"hello")
    }
}
#[automatically_derived]
impl ::netserver::Hooks for Echo {
    const WRITTEN: ::netserver::__private::Written = ::netserver::__private::Some(&[]);
}
#[automatically_derived]
impl ::netserver::NetServer for Echo {
    fn process_request(
        &mut self,
        conn: &mut ::netserver::Connection,
    ) -> ::netserver::__private::io::Result<()> {
        let answer = Self::process_request(self, conn);
        ::netserver::__private::Served::served(answer)
    }
}
#[automatically_derived]
impl ::netserver::Declared for Echo {
    type Personality = ::netserver::personality::PreFork;
    fn declaration() -> ::netserver::Declaration {
        ::netserver::Declaration::new(
                ::core::env!("CARGO_PKG_VERSION"),
                ::core::env!("CARGO_PKG_DESCRIPTION"),
            )
            .set("port", ["20203", "localhost:20204/tcp"])
            .set("max_servers", "20")
    }
}
#[automatically_derived]
impl Echo {
    #[doc(hidden)]
    #[allow(dead_code, non_upper_case_globals, reason = "its name is a message")]
    const net_server_has_arguments_twice__keep_those_of_the_struct: () = ();
}
