//! Bindings made from `wit/conversation.wit`, one small world for each interface, so that a provider exports just what it
//! has. Nothing here is written by hand or meant to be used directly: the traits and macros beside it are the way in.

/// The data that everything shares.
pub mod data {
    wit_bindgen::generate!({
        path: "../../wit/conversation.wit",
        inline: "package parlor:sdk; world data { import parlor:conversation/types@0.1.0; }",
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq],
        additional_type_attributes: {
            "parlor:conversation/types@0.1.0/reasoning": [#[derive(Default)]],
            "parlor:conversation/types@0.1.0/tool-call": [#[derive(Default)]],
            "parlor:conversation/types@0.1.0/sampling": [#[derive(Default)]],
            "parlor:conversation/types@0.1.0/reasoning-options": [#[derive(Default)]],
            "parlor:conversation/types@0.1.0/prompt-cache": [#[derive(Default)]],
            "parlor:conversation/types@0.1.0/request": [#[derive(Default)]],
            "parlor:conversation/types@0.1.0/usage": [#[derive(Default)]],
            "parlor:conversation/types@0.1.0/response": [#[derive(Default)]],
            "parlor:conversation/types@0.1.0/started": [#[derive(Default)]],
        },
    });
}

/// Exports `description`.
pub mod description {
    wit_bindgen::generate!({
        path: "../../wit/conversation.wit",
        inline: "package parlor:sdk; world description { export parlor:conversation/description@0.1.0; }",
        generate_all,
        additional_derives: [PartialEq],
        pub_export_macro: true,
        default_bindings_module: "$crate::bindings::description",
    });
}

/// Exports `codec`.
pub mod codec {
    wit_bindgen::generate!({
        path: "../../wit/conversation.wit",
        inline: "package parlor:sdk; world codec { export parlor:conversation/codec@0.1.0; }",
        with: {
            "parlor:conversation/types@0.1.0": crate::bindings::data::parlor::conversation::types,
        },
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "$crate::bindings::codec",
    });
}

/// Exports `conversation`.
pub mod conversation {
    wit_bindgen::generate!({
        path: "../../wit/conversation.wit",
        inline: "package parlor:sdk; world conversation { export parlor:conversation/conversation@0.1.0; }",
        with: {
            "parlor:conversation/types@0.1.0": crate::bindings::data::parlor::conversation::types,
        },
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "$crate::bindings::conversation",
    });
}

/// Exports `streaming`.
pub mod streaming {
    wit_bindgen::generate!({
        path: "../../wit/conversation.wit",
        inline: "package parlor:sdk; world streaming { export parlor:conversation/streaming@0.1.0; }",
        with: {
            "parlor:conversation/types@0.1.0": crate::bindings::data::parlor::conversation::types,
        },
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "$crate::bindings::streaming",
    });
}

/// Imports `log`.
pub mod log {
    wit_bindgen::generate!({
        path: "../../wit/conversation.wit",
        inline: "package parlor:sdk; world log { import parlor:conversation/log@0.1.0; }",
        generate_all,
    });
}
