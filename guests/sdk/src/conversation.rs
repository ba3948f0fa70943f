//! The way of being a provider that does its own I/O, or needs none: the traits, and the glue that exports them.

use std::cell::RefCell;
use std::marker::PhantomData;

use crate::Settings;
use crate::bindings::conversation::exports::parlor::conversation::conversation as wit;
use crate::bindings::description::exports::parlor::conversation::description as wit_description;
use crate::bindings::streaming::exports::parlor::conversation::streaming as wit_streaming;
use crate::description::ProviderDescription;
use crate::types::{Error, Event, Request, Response};

/// A provider that answers in one piece.
pub trait Conversation: 'static {
    /// Says what the provider is and which settings it takes. Must not depend on anything but the provider's code.
    fn describe() -> ProviderDescription;

    /// Answers a request.
    ///
    /// # Errors
    /// When there is no answer; the error's kind says what the caller can do about it.
    fn converse(settings: &Settings, request: Request) -> Result<Response, Error>;
}

/// A provider that also answers as the words come. Without it the host makes one delta of the whole answer.
pub trait Streaming: Conversation {
    /// An answer under way. Dropping it cancels the call.
    type Stream: EventStream;

    /// Begins to answer.
    ///
    /// # Errors
    /// When there will be no answer.
    fn open(settings: &Settings, request: Request) -> Result<Self::Stream, Error>;
}

/// An answer under way.
pub trait EventStream: 'static {
    /// Waits for the next events and gives at most `max` of them, and `None` when the answer is complete.
    ///
    /// # Errors
    /// When the answer breaks off. Nothing is asked for after an error.
    fn next(&mut self, max: u32) -> Result<Option<Vec<Event>>, Error>;
}

/// Exports a type that implements [`Conversation`] from the component. A crate has one such line; it does something on
/// wasm only.
#[macro_export]
macro_rules! export_conversation {
    ($provider:ty) => {
        const _: () = {
            type Provider = $crate::ConversationExport<$provider>;
            // Holds a native build to the trait as well.
            const _: fn() = $crate::ConversationExport::<$provider>::check;
            #[cfg(target_arch = "wasm32")]
            const _: () = {
        $crate::bindings::description::export!(Provider with_types_in $crate::bindings::description);
        $crate::bindings::conversation::export!(Provider with_types_in $crate::bindings::conversation);
            };
        };
    };
}

/// Exports a type that implements [`Streaming`], and with it [`Conversation`], from the component.
#[macro_export]
macro_rules! export_streaming {
    ($provider:ty) => {
        $crate::export_conversation!($provider);
        const _: () = {
            type Provider = $crate::ConversationExport<$provider>;
            const _: fn() = $crate::ConversationExport::<$provider>::check_streaming;
            #[cfg(target_arch = "wasm32")]
            const _: () = {
        $crate::bindings::streaming::export!(Provider with_types_in $crate::bindings::streaming);
            };
        };
    };
}

/// What `export_conversation!` and `export_streaming!` export for `T`.
#[doc(hidden)]
#[derive(Debug)]
pub struct ConversationExport<T>(PhantomData<T>);

impl<T: Conversation> ConversationExport<T> {
    #[doc(hidden)]
    pub fn check() {}
}

impl<T: Streaming> ConversationExport<T> {
    #[doc(hidden)]
    pub fn check_streaming() {}
}

impl<T: Conversation> wit_description::Guest for ConversationExport<T> {
    fn describe() -> ProviderDescription {
        T::describe()
    }
}

impl<T: Conversation> wit::Guest for ConversationExport<T> {
    fn converse(settings: wit::Settings, request: Request) -> Result<Response, Error> {
        T::converse(&Settings::new(settings), request)
    }
}

impl<T: Streaming> wit_streaming::Guest for ConversationExport<T> {
    type EventStream = StreamExport<T::Stream>;

    fn open(settings: wit_streaming::Settings, request: Request) -> Result<wit_streaming::EventStream, Error> {
        let stream = T::open(&Settings::new(settings), request)?;
        Ok(wit_streaming::EventStream::new(StreamExport(RefCell::new(stream))))
    }
}

/// A stream as the component model has it: methods of a resource get `&self`.
#[doc(hidden)]
#[derive(Debug)]
pub struct StreamExport<S>(RefCell<S>);

impl<S: EventStream> wit_streaming::GuestEventStream for StreamExport<S> {
    fn next(&self, max: u32) -> Result<Option<Vec<Event>>, Error> {
        self.0.borrow_mut().next(max)
    }
}
