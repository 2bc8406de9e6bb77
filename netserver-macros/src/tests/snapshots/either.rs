// What `#[net_server(personality = ["prefork", "thread", "multiplex"], max_servers = 4)]` writes.

#[allow(
    clippy::needless_pass_by_ref_mut,
    clippy::trivially_copy_pass_by_ref,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "the server calls these methods, so it chooses their signatures"
)]
impl Either {
    fn process_request(&mut self, conn: &mut Connection) {}
    fn mux_input(&mut self, mux: &mut Mux<'_>) {}
}
#[automatically_derived]
impl ::netserver::Hooks for Either {
    const WRITTEN: ::netserver::__private::Written = ::netserver::__private::Some(&[]);
}
#[automatically_derived]
impl ::netserver::NetServer for Either {
    fn process_request(
        &mut self,
        conn: &mut ::netserver::Connection,
    ) -> ::netserver::__private::io::Result<()> {
        let answer = Self::process_request(self, conn);
        ::netserver::__private::Served::served(answer)
    }
}
#[automatically_derived]
impl ::netserver::MuxServer for Either {
    fn mux_input(
        &mut self,
        mux: &mut ::netserver::Mux<'_>,
        _input: &mut ::netserver::Input<'_>,
    ) -> ::netserver::__private::io::Result<()> {
        let answer = Self::mux_input(self, mux);
        ::netserver::__private::Served::served(answer)
    }
}
#[automatically_derived]
impl ::netserver::Declared for Either {
    type Personality = ::netserver::personality::Or<
        ::netserver::personality::PreFork,
        ::netserver::personality::Or<
            ::netserver::personality::Thread,
            ::netserver::personality::Multiplex,
        >,
    >;
    fn declaration() -> ::netserver::Declaration {
        ::netserver::Declaration::new(
                ::core::env!("CARGO_PKG_VERSION"),
                ::core::env!("CARGO_PKG_DESCRIPTION"),
            )
            .personalities(&["prefork", "thread", "multiplex"])
            .set("max_servers", "4")
    }
}
#[automatically_derived]
impl Either {
    #[doc(hidden)]
    #[allow(dead_code, non_upper_case_globals, reason = "its name is a message")]
    const net_server_has_arguments_twice__keep_those_of_the_struct: () = ();
}
