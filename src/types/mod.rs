//! Values that are parsed once at the edge and trusted afterwards.

mod address;
mod byte_range;
mod content_type;
mod escaped;
mod jid;
mod object_path;
mod purpose;
mod secret;
mod time;

pub use self::address::{Address, InvalidAddress};
pub use self::byte_range::{ByteRange, InvalidRange, RangeSpec, Unsatisfiable};
pub(crate) use self::content_type::is_token;
pub use self::content_type::{ContentType, InvalidContentType};
pub use self::escaped::{uri_escaped, uri_escaped_path};
pub use self::jid::{
    BareJid, InvalidUserHash, Localpart, LocalpartFault, LocalpartRef, UserHash, Vhost, as_ejabberd_writes,
    encoded_once, parse_localpart, parse_vhost,
};
pub use self::object_path::{ObjectPath, PathError};
pub use self::purpose::Purpose;
pub use self::secret::{Secret, WeakSecret};
pub use self::time::{seconds_since_1970, since_1970, time_since_1970};
