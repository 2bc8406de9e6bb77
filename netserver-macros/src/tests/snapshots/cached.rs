// What `#[net_server(crate = my::netserver, unknown_options = "pass")]` writes.

#[cfg(unix)]
struct Cached<'a, K: FromStr, const N: usize>
where
    K::Err: Display,
{
    key: K,
    cache: [Option<&'a str>; N],
}
#[cfg(unix)]
#[automatically_derived]
impl<'a, K: FromStr, const N: usize> my::netserver::Declared for Cached<'a, K, N>
where
    K::Err: Display,
{
    type Personality = my::netserver::personality::Single;
    const FROM_OPTIONS: ::core::primitive::bool = true;
    fn declaration() -> my::netserver::Declaration {
        my::netserver::Declaration::new(
                ::core::env!("CARGO_PKG_VERSION"),
                ::core::env!("CARGO_PKG_DESCRIPTION"),
            )
            .personality_by_default()
            .pass_unknown_options()
            .own(const {
                #[allow(unused_imports)]
                use my::netserver::__private::ReadAny as _;
                {
                    #[allow(unused_imports)]
                    use my::netserver::__private::ReadAny as _;
                    let measured = my::netserver::__private::way(
                            &my::netserver::__private::Probe::<K>::WAY,
                        )
                        .measured;
                    ::core::assert!(
                        measured,
                        "`key` is no number and no duration, so it has no range; help: remove `range`"
                    )
                }
                &[
                    my::netserver::__private::own(
                            "key",
                            "",
                            "",
                            my::netserver::__private::way(
                                    &my::netserver::__private::Probe::<K>::WAY,
                                )
                                .kind,
                        )
                        .range("1", "9")
                        .required(),
                ]
            })
    }
}
#[cfg(unix)]
#[automatically_derived]
impl<'a, K: FromStr, const N: usize> Cached<'a, K, N>
where
    K::Err: Display,
{
    #[doc(hidden)]
    #[allow(dead_code, non_upper_case_globals, reason = "its name is a message")]
    const net_server_has_arguments_twice__keep_those_of_the_struct: () = ();
}
#[cfg(unix)]
#[automatically_derived]
impl<'a, K: FromStr, const N: usize> my::netserver::FromOptions for Cached<'a, K, N>
where
    K::Err: Display,
{
    fn from_options(options: &my::netserver::OwnOptions) -> my::netserver::Result<Self> {
        #[allow(unused_imports)]
        use my::netserver::__private::ReadAny as _;
        my::netserver::__private::Ok(Self {
            key: options
                .one(
                    "key",
                    my::netserver::__private::way(
                            &my::netserver::__private::Probe::<K>::WAY,
                        )
                        .read,
                )?,
            cache: my::netserver::__private::Start::start(),
        })
    }
}
#[cfg(unix)]
#[automatically_derived]
impl<'a, K: FromStr, const N: usize> Cached<'a, K, N>
where
    K::Err: Display,
    Self: my::netserver::Hooks,
    <Self as my::netserver::Declared>::Personality: my::netserver::personality::Personality<
        Self,
    >,
{
    /// The server, whose value is made from its own options once they are known.
    #[allow(dead_code, reason = "a program starts its server in one of three ways")]
    fn server() -> my::netserver::Server<Self> {
        my::netserver::Server::from_options()
    }
    /// Runs the server until it is told to stop; see `Server::run`.
    #[allow(dead_code, reason = "a program starts its server in one of three ways")]
    fn run() -> my::netserver::__private::ExitCode {
        Self::server().run()
    }
    /// As `run`, with further options, weaker than the command line.
    #[allow(dead_code, reason = "a program starts its server in one of three ways")]
    fn run_with<Name, Value>(
        arguments: impl ::core::iter::IntoIterator<Item = (Name, Value)>,
    ) -> my::netserver::__private::ExitCode
    where
        Name: ::core::convert::AsRef<::core::primitive::str>,
        Value: ::core::convert::Into<my::netserver::Texts>,
    {
        Self::server().run_with(arguments)
    }
}
