//! Enums as options, without a name of the prelude in scope, and in every form that a field has.

mod again {
    pub use netserver as inner;
}

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, netserver::OptionValue)]
#[option_value(crate = crate::again::inner)]
pub enum Language {
    /// As in London.
    BritishEnglish,
    r#Type,
    #[cfg(any())]
    #[option_value(name = "type")]
    Gone,
    #[option_value(name = "de")]
    German,
}

const FIRST: Language = Language::German;

/// Greets.
#[netserver::net_server(personality = "prefork", env_prefix = "GREETER")]
struct Greeter {
    #[option(default = "british-english", short = 'l')]
    language: Language,
    #[option(default = FIRST)]
    first: Language,
    #[option(default = ["de", "type"])]
    others: Vec<Language>,
    #[option]
    last: Option<Language>,
    #[option(secret, required)]
    token: String,
}

#[netserver::net_server]
impl Greeter {
    fn process_request(&mut self) {
        let _ = (&self.language, &self.first, &self.others, &self.last, &self.token);
    }
}

fn main() {
    use netserver::OptionValue;
    assert_eq!(Language::NAMES, ["british-english", "type", "de"]);
    assert_eq!(Language::MEANINGS, ["As in London", "", ""]);
    assert_eq!(Language::from_name("de"), Some(Language::German));
    assert_eq!(Language::r#Type.name(), "type");
    let _: fn() -> std::process::ExitCode = Greeter::run;
}
