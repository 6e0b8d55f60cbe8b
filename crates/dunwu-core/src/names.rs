//! Enumerations whose members are written by name in plans.

/// Declares an enumeration, the names of its members and the table `ALL` of both.
macro_rules! named_enum {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        $vis enum $name { $($(#[$doc])* #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// Every member, sorted by name.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The name as written in a plan.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)+ }
            }

            /// The names of all members, as help and error messages list them.
            pub fn names() -> Vec<&'static str> {
                Self::ALL.iter().map(|m| m.name()).collect()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::error::UnknownName;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|m| m.name() == text)
                    .ok_or_else(|| $crate::error::UnknownName::new(text, &Self::names()))
            }
        }
    };
}
pub(crate) use named_enum;
