// What `#[net_server(personality = "single", port = 13)]` writes.

pub struct Daytime;
#[automatically_derived]
impl ::netserver::Declared for Daytime {
    type Personality = ::netserver::personality::Single;
    fn declaration() -> ::netserver::Declaration {
        ::netserver::Declaration::new(
                ::core::env!("CARGO_PKG_VERSION"),
                ::core::env!("CARGO_PKG_DESCRIPTION"),
            )
            .set("port", "13")
    }
}
#[automatically_derived]
impl Daytime {
    #[doc(hidden)]
    #[allow(dead_code, non_upper_case_globals, reason = "its name is a message")]
    const net_server_has_arguments_twice__keep_those_of_the_struct: () = ();
}
const _: fn() = ::netserver::__private::served::<Daytime>;
