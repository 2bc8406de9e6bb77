// What `#[net_server(personality = "multiplex", port = 7000, max_unsent = 64KiB)]` writes.

#[allow(
    clippy::needless_pass_by_ref_mut,
    clippy::trivially_copy_pass_by_ref,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "the server calls these methods, so it chooses their signatures"
)]
impl Chat {
    fn mux_connection(&mut self, mux: &mut Mux<'_>) {
        self.names.insert(mux.id());
    }
    fn mux_input(&mut self, mux: &mut Mux<'_>, input: &mut Input<'_>) -> io::Result<()> {
        self.say(mux, input)
    }
    fn mux_stopping(&mut self) -> Result<(), Farewell> {
        self.farewell()
    }
}
#[automatically_derived]
impl ::netserver::Hooks for Chat {
    const WRITTEN: ::netserver::__private::Written = ::netserver::__private::Some(&[]);
}
#[automatically_derived]
impl ::netserver::MuxServer for Chat {
    fn mux_connection(
        &mut self,
        mux: &mut ::netserver::Mux<'_>,
    ) -> ::netserver::__private::io::Result<()> {
        let answer = Self::mux_connection(self, mux);
        ::netserver::__private::Served::served(answer)
    }
    fn mux_input(
        &mut self,
        mux: &mut ::netserver::Mux<'_>,
        input: &mut ::netserver::Input<'_>,
    ) -> ::netserver::__private::io::Result<()> {
        let answer = Self::mux_input(self, mux, input);
        ::netserver::__private::Served::served(answer)
    }
    fn mux_stopping(
        &mut self,
        _mux: &mut ::netserver::Mux<'_>,
    ) -> ::netserver::__private::io::Result<()> {
        let answer = Self::mux_stopping(self);
        ::netserver::__private::Served::served(answer)
    }
}
#[automatically_derived]
impl ::netserver::Declared for Chat {
    type Personality = ::netserver::personality::Multiplex;
    fn declaration() -> ::netserver::Declaration {
        ::netserver::Declaration::new(
                ::core::env!("CARGO_PKG_VERSION"),
                ::core::env!("CARGO_PKG_DESCRIPTION"),
            )
            .set("port", "7000")
            .set("max_unsent", "64KiB")
    }
}
#[automatically_derived]
impl Chat {
    #[doc(hidden)]
    #[allow(dead_code, non_upper_case_globals, reason = "its name is a message")]
    const net_server_has_arguments_twice__keep_those_of_the_struct: () = ();
}
