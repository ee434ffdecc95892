//! Decisions that need nothing but their arguments.

mod disposition;

pub use self::disposition::content_disposition;
