//! What wasmtime makes of `wit/conversation.wit`. Nothing else.
//!
//! One world with everything that a provider may export: a provider has some of it, so the interfaces are looked up one
//! by one. The file is read alone; the worlds in `wit/providers.wit` are for those who write providers.

wasmtime::component::bindgen!({
    path: "../wit/conversation.wit",
    inline: "
        package parlor:host;
        world all {
            import parlor:conversation/log@0.1.0;
            export parlor:conversation/description@0.1.0;
            export parlor:conversation/codec@0.1.0;
            export parlor:conversation/conversation@0.1.0;
            export parlor:conversation/streaming@0.1.0;
        }
    ",
    world: "parlor:host/all",
    exports: { default: async },
});

pub(super) use self::exports::parlor::conversation::{codec, description};
pub(super) use self::parlor::conversation::{log, types};
