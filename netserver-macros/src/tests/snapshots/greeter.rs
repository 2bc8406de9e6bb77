// What `#[net_server(personality = "prefork", port = 7000)]` writes.

/// Greets each visitor.
#[derive(Debug)]
pub(crate) struct Greeter {
    /// What to say.
    ///
    /// In any language.
    greeting: String,
    /// How long to wait for a name.
    patience: Duration,
    tries: Tries,
    language: Vec<Language>,
    #[cfg(feature = "tokens")]
    token: Option<String>,
    visitors: u64,
    since: Instant,
}
#[automatically_derived]
impl ::netserver::Declared for Greeter {
    type Personality = ::netserver::personality::PreFork;
    const FROM_OPTIONS: ::core::primitive::bool = true;
    fn declaration() -> ::netserver::Declaration {
        let declaration = ::netserver::Declaration::new(
                ::core::env!("CARGO_PKG_VERSION"),
                "Greets each visitor.",
            )
            .set("port", "7000")
            .own(const {
                #[allow(unused_imports)]
                use ::netserver::__private::ReadAny as _;
                &[
                    ::netserver::__private::own(
                            "greeting",
                            "What to say",
                            "In any language.",
                            ::netserver::__private::way(
                                    &::netserver::__private::Probe::<String>::WAY,
                                )
                                .kind,
                        )
                        .default(&["hello"]),
                    ::netserver::__private::own(
                            "patience",
                            "How long to wait for a name",
                            "",
                            ::netserver::__private::way(
                                    &::netserver::__private::Probe::<Duration>::WAY,
                                )
                                .kind,
                        )
                        .default(&["30s"])
                        .range("1s", "10m"),
                    ::netserver::__private::own(
                            "tries",
                            "",
                            "",
                            ::netserver::__private::way(
                                    &::netserver::__private::Probe::<Tries>::WAY,
                                )
                                .kind,
                        )
                        .default(&["5"])
                        .range("1", "9"),
                    ::netserver::__private::own(
                        "language",
                        "",
                        "",
                        ::netserver::__private::way(
                                &::netserver::__private::Probe::<Language>::WAY,
                            )
                            .kind
                            .repeats(),
                    ),
                    #[cfg(feature = "tokens")]
                    ::netserver::__private::own(
                        "api_token",
                        "",
                        "",
                        ::netserver::__private::way(
                                &::netserver::__private::Probe::<String>::WAY,
                            )
                            .kind
                            .optional(),
                    ),
                ]
            });
        let declaration = declaration
            .set(
                "language",
                ::netserver::__private::Texts::new()
                    .with("en")
                    .with(::netserver::__private::Preset::<Language>::texts(LAST)),
            );
        declaration
    }
}
#[automatically_derived]
impl Greeter {
    #[doc(hidden)]
    #[allow(dead_code, non_upper_case_globals, reason = "its name is a message")]
    const net_server_has_arguments_twice__keep_those_of_the_struct: () = ();
}
#[automatically_derived]
impl ::netserver::FromOptions for Greeter {
    fn from_options(options: &::netserver::OwnOptions) -> ::netserver::Result<Self> {
        #[allow(unused_imports)]
        use ::netserver::__private::ReadAny as _;
        ::netserver::__private::Ok(Self {
            greeting: options
                .one(
                    "greeting",
                    ::netserver::__private::way(
                            &::netserver::__private::Probe::<String>::WAY,
                        )
                        .read,
                )?,
            patience: options
                .one(
                    "patience",
                    ::netserver::__private::way(
                            &::netserver::__private::Probe::<Duration>::WAY,
                        )
                        .read,
                )?,
            tries: options
                .one(
                    "tries",
                    ::netserver::__private::way(
                            &::netserver::__private::Probe::<Tries>::WAY,
                        )
                        .read,
                )?,
            language: options
                .all(
                    "language",
                    ::netserver::__private::way(
                            &::netserver::__private::Probe::<Language>::WAY,
                        )
                        .read,
                )?,
            #[cfg(feature = "tokens")]
            token: options
                .maybe(
                    "api_token",
                    ::netserver::__private::way(
                            &::netserver::__private::Probe::<String>::WAY,
                        )
                        .read,
                )?,
            visitors: ::netserver::__private::Start::start(),
            since: Instant::now(),
        })
    }
}
#[automatically_derived]
impl Greeter
where
    Self: ::netserver::Hooks,
    <Self as ::netserver::Declared>::Personality: ::netserver::personality::Personality<
        Self,
    >,
{
    /// The server, whose value is made from its own options once they are known.
    #[allow(dead_code, reason = "a program starts its server in one of three ways")]
    pub(crate) fn server() -> ::netserver::Server<Self> {
        ::netserver::Server::from_options()
    }
    /// Runs the server until it is told to stop; see `Server::run`.
    #[allow(dead_code, reason = "a program starts its server in one of three ways")]
    pub(crate) fn run() -> ::netserver::__private::ExitCode {
        Self::server().run()
    }
    /// As `run`, with further options, weaker than the command line.
    #[allow(dead_code, reason = "a program starts its server in one of three ways")]
    pub(crate) fn run_with<Name, Value>(
        arguments: impl ::core::iter::IntoIterator<Item = (Name, Value)>,
    ) -> ::netserver::__private::ExitCode
    where
        Name: ::core::convert::AsRef<::core::primitive::str>,
        Value: ::core::convert::Into<::netserver::Texts>,
    {
        Self::server().run_with(arguments)
    }
}
const _: () = {
    #[allow(unused_imports)]
    use ::netserver::__private::ReadAny as _;
    let measured = ::netserver::__private::way(
            &::netserver::__private::Probe::<Tries>::WAY,
        )
        .measured;
    ::core::assert!(
        measured,
        "`tries` is no number and no duration, so it has no range; help: remove `range`"
    )
};
const _: () = {
    #[allow(unused_imports)]
    use ::netserver::__private::ReadAny as _;
    let named = ::netserver::__private::is_named(
        ::netserver::__private::way(&::netserver::__private::Probe::<Tries>::WAY).names,
        "5",
    );
    ::core::assert!(
        named,
        "the default `5` is none of the values of `tries`; help: see `NAMES` of its type"
    )
};
const _: () = {
    #[allow(unused_imports)]
    use ::netserver::__private::ReadAny as _;
    let named = ::netserver::__private::is_named(
        ::netserver::__private::way(&::netserver::__private::Probe::<Language>::WAY)
            .names,
        "en",
    );
    ::core::assert!(
        named,
        "the default `en` is none of the values of `language`; help: see `NAMES` of its type"
    )
};
