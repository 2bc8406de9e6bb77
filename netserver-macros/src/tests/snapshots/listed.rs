// What `#[net_server(personality = ["single", "prefork"], max_servers = 4)]` writes.

pub struct Listed;
#[automatically_derived]
impl ::netserver::Declared for Listed {
    type Personality = ::netserver::personality::Single;
    fn declaration() -> ::netserver::Declaration {
        ::netserver::Declaration::new(
                ::core::env!("CARGO_PKG_VERSION"),
                ::core::env!("CARGO_PKG_DESCRIPTION"),
            )
            .personalities(&["single", "prefork"])
            .set("max_servers", "4")
    }
}
#[automatically_derived]
impl Listed {
    #[doc(hidden)]
    #[allow(dead_code, non_upper_case_globals, reason = "its name is a message")]
    const net_server_has_arguments_twice__keep_those_of_the_struct: () = ();
}
const _: fn() = ::netserver::__private::served::<Listed>;
