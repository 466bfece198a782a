//! Who may come in: sessions and the throttling of sign-ins.

mod sessions;
mod throttle;

pub(crate) use sessions::{Session, SessionToken, Sessions};
pub(crate) use throttle::Throttle;
