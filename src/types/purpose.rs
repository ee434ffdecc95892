//! What an upload is for (XEP-0363 1.2).

/// How long a file is meant to be kept. Whoever says nothing means a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Part of a message: each device fetches it once.
    #[default]
    Message,
    /// A picture of a person or a room.
    Profile,
    /// Gone soon, like a story.
    Ephemeral,
    /// Not to be removed.
    Permanent,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Message, Self::Profile, Self::Ephemeral, Self::Permanent];

    /// As XEP-0363 calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Profile => "profile",
            Self::Ephemeral => "ephemeral",
            Self::Permanent => "permanent",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }
}
