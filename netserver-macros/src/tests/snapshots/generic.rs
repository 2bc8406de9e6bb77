// What `#[net_server(crate = my::netserver, personality = pools::Elastic::<4>)]` writes.

#[allow(
    clippy::needless_pass_by_ref_mut,
    clippy::trivially_copy_pass_by_ref,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "the server calls these methods, so it chooses their signatures"
)]
#[cfg(unix)]
impl<'a, H: Handler> Generic<'a, H>
where
    H::Error: Into<Failure>,
{
    fn process_request(&mut self, conn: &mut Connection) -> Result<(), H::Error> {
        self.handler.serve(conn)
    }
}
#[cfg(unix)]
#[automatically_derived]
impl<'a, H: Handler> my::netserver::Hooks for Generic<'a, H>
where
    H::Error: Into<Failure>,
{
    const WRITTEN: my::netserver::__private::Written = my::netserver::__private::Some(
        &[],
    );
}
#[cfg(unix)]
#[automatically_derived]
impl<'a, H: Handler> my::netserver::NetServer for Generic<'a, H>
where
    H::Error: Into<Failure>,
{
    fn process_request(
        &mut self,
        conn: &mut my::netserver::Connection,
    ) -> my::netserver::__private::io::Result<()> {
        let answer = Self::process_request(self, conn);
        my::netserver::__private::Served::served(answer)
    }
}
#[cfg(unix)]
#[automatically_derived]
impl<'a, H: Handler> my::netserver::Declared for Generic<'a, H>
where
    H::Error: Into<Failure>,
{
    type Personality = pools::Elastic<4>;
    fn declaration() -> my::netserver::Declaration {
        my::netserver::Declaration::new(
            ::core::env!("CARGO_PKG_VERSION"),
            ::core::env!("CARGO_PKG_DESCRIPTION"),
        )
    }
}
#[cfg(unix)]
#[automatically_derived]
impl<'a, H: Handler> Generic<'a, H>
where
    H::Error: Into<Failure>,
{
    #[doc(hidden)]
    #[allow(dead_code, non_upper_case_globals, reason = "its name is a message")]
    const net_server_has_arguments_twice__keep_those_of_the_struct: () = ();
}
