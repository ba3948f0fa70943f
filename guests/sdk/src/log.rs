//! A provider's words for the host's log. The host adds the component's name, bounds length and number, and masks
//! secrets; off wasm the words go nowhere.
//!
//! A provider that writes to the log imports `parlor:conversation/log`; one that doesn't, does not.

/// Writes one line about how the provider did its work, for whoever looks for a fault.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// Writes one line about the ordinary course of events.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// Writes one line about something that a person should look at some time.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

#[derive(Debug, Clone, Copy)]
enum Level {
    Debug,
    Info,
    Warn,
}

#[cfg(target_arch = "wasm32")]
fn write(level: Level, message: &str) {
    use crate::bindings::log::parlor::conversation::log as wit;
    let level = match level {
        Level::Debug => wit::Level::Debug,
        Level::Info => wit::Level::Info,
        Level::Warn => wit::Level::Warn,
    };
    wit::log(level, message);
}

#[cfg(not(target_arch = "wasm32"))]
fn write(_level: Level, _message: &str) {}
