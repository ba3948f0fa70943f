//! The way of being a provider that does no I/O: a trait, and the glue that exports it. The host makes the HTTP call.

use std::cell::RefCell;
use std::marker::PhantomData;

use crate::bindings::codec::exports::parlor::conversation::codec as wit;
use crate::bindings::description::exports::parlor::conversation::description as wit_description;
use crate::description::ProviderDescription;
use crate::types::{Error, Event, Request};
use crate::{Headers, Settings};

/// The HTTP call that the host is to make for a codec.
pub use wit::HttpRequest;

/// A provider that turns a request into an HTTP request and the bytes of the HTTP answer into events.
///
/// One fresh instance of the component serves one call: `encode` runs first, then one [`Decoder`] reads the answer, so
/// what is kept in a `thread_local!` between the two belongs to that call alone.
pub trait Codec: 'static {
    /// What reads the answer.
    type Decoder: Decoder;

    /// Says what the provider is and which settings it takes. Must not depend on anything but the provider's code.
    fn describe() -> ProviderDescription;

    /// Writes the vendor's HTTP request.
    ///
    /// # Errors
    /// When the request asks for what the vendor can't be asked for, or a setting is missing or wrong.
    fn encode(settings: &Settings, request: Request) -> Result<HttpRequest, Error>;
}

/// Reads one HTTP answer.
pub trait Decoder: Sized + 'static {
    /// Begins to read. `streaming` is what the request asked for; what came, the headers say.
    fn new(status: u16, headers: Headers, streaming: bool) -> Self;

    /// Takes the next bytes of the body, cut anywhere, and gives the events that are complete. `end` says that no more
    /// bytes come; it is said once, perhaps with the last bytes, perhaps with none.
    ///
    /// # Errors
    /// When the answer is an error, can't be read, or isn't whole at its `end`. Nothing is fed after an error.
    fn feed(&mut self, bytes: &[u8], end: bool) -> Result<Vec<Event>, Error>;
}

/// Exports a type that implements [`Codec`] from the component. A crate has one such line; it does something on wasm only.
#[macro_export]
macro_rules! export_codec {
    ($provider:ty) => {
        const _: () = {
            type Provider = $crate::CodecExport<$provider>;
            // Holds a native build to the trait as well.
            const _: fn() = $crate::CodecExport::<$provider>::check;
            #[cfg(target_arch = "wasm32")]
            const _: () = {
        $crate::bindings::description::export!(Provider with_types_in $crate::bindings::description);
        $crate::bindings::codec::export!(Provider with_types_in $crate::bindings::codec);
            };
        };
    };
}

/// What `export_codec!` exports for `T`.
#[doc(hidden)]
#[derive(Debug)]
pub struct CodecExport<T>(PhantomData<T>);

impl<T: Codec> CodecExport<T> {
    #[doc(hidden)]
    pub fn check() {}
}

impl<T: Codec> wit_description::Guest for CodecExport<T> {
    fn describe() -> ProviderDescription {
        T::describe()
    }
}

impl<T: Codec> wit::Guest for CodecExport<T> {
    type Decoder = DecoderExport<T::Decoder>;

    fn encode(settings: wit::Settings, request: Request) -> Result<HttpRequest, Error> {
        T::encode(&Settings::new(settings), request)
    }
}

/// A decoder as the component model has it: methods of a resource get `&self`.
#[doc(hidden)]
#[derive(Debug)]
pub struct DecoderExport<D>(RefCell<D>);

impl<D: Decoder> wit::GuestDecoder for DecoderExport<D> {
    fn new(status: u16, headers: Vec<(String, String)>, streaming: bool) -> Self {
        Self(RefCell::new(D::new(status, Headers::new(headers), streaming)))
    }

    fn feed(&self, bytes: Vec<u8>, end: bool) -> Result<Vec<Event>, Error> {
        self.0.borrow_mut().feed(&bytes, end)
    }
}
