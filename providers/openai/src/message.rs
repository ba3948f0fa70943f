//! From messages to those of chat completions. What they have no place for is an error that says so.

use std::borrow::Cow;

use parlor_sdk::types::{
    Audio, Error, ErrorKind, File, Image, MediaSource, Message, Part, ResultPart, Role, ToolCall, ToolResult,
};

use crate::request::object;
use crate::settings::Vendor;
use crate::wire::{
    AudioId, Base64, ChatMessage, ChatToolCall, Content, ContentPart, FilePart, FunctionCall, ImageUrl, InputAudio,
    KnownPart, Url,
};

pub(crate) fn messages<'a>(vendor: &Vendor<'_>, messages: &'a [Message]) -> Result<Vec<ChatMessage<'a>>, Error> {
    let mut found = Vec::with_capacity(messages.len());
    for message in messages {
        match &message.role {
            Role::Tool => push_tool_results(&mut found, message)?,
            Role::Assistant => found.push(assistant(vendor, message)?),
            Role::System => found.push(plain("system", message)?),
            Role::Developer if vendor.is_openai => found.push(plain("developer", message)?),
            Role::Developer => found.push(plain("system", message)?),
            Role::User => found.push(plain("user", message)?),
            Role::Other(role) => found.push(plain(role, message)?),
        }
    }
    Ok(found)
}

/// A message of someone who only speaks and shows.
fn plain<'a>(role: &'a str, message: &'a Message) -> Result<ChatMessage<'a>, Error> {
    let name = message.name.as_deref();
    if let [Part::Text(text)] = message.parts.as_slice() {
        return Ok(ChatMessage { role, content: Some(Content::Text(text)), name, ..ChatMessage::default() });
    }
    let shows = !matches!(message.role, Role::System | Role::Developer);
    let parts = message.parts.iter().map(|part| match part {
        Part::Text(text) => Ok(ContentPart::Known(KnownPart::Text { text })),
        Part::Image(value) if shows => image(value),
        Part::Audio(value) if shows => audio(value),
        Part::File(value) if shows => file(value),
        Part::Other(value) => {
            object(&value.value, || format!("content of kind `{}`", value.kind)).map(ContentPart::Raw)
        }
        Part::Image(_)
        | Part::Audio(_)
        | Part::File(_)
        | Part::Reasoning(_)
        | Part::Refusal(_)
        | Part::ToolCall(_)
        | Part::ToolResult(_) => Err(misplaced(part, role)),
    });
    let content = content(parts.collect::<Result<_, _>>()?);
    Ok(ChatMessage { role, content: Some(content), name, ..ChatMessage::default() })
}

/// A message of the model: what it said, thought and asked for.
fn assistant<'a>(vendor: &Vendor<'_>, message: &'a Message) -> Result<ChatMessage<'a>, Error> {
    const ROLE: &str = "assistant";
    let mut found = ChatMessage { role: ROLE, name: message.name.as_deref(), ..ChatMessage::default() };
    let mut parts = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(text) => parts.push(ContentPart::Known(KnownPart::Text { text })),
            Part::Refusal(text) if found.refusal.is_none() => found.refusal = Some(text),
            // OpenAI takes no thoughts back. Engines that show theirs may want them again.
            Part::Reasoning(_) if vendor.is_openai => {}
            Part::Reasoning(thoughts) => match &mut found.reasoning_content {
                Some(text) => text.to_mut().push_str(&thoughts.text),
                empty => *empty = Some(Cow::Borrowed(&thoughts.text)),
            },
            Part::ToolCall(ToolCall { id, name, arguments }) => {
                found.tool_calls.push(ChatToolCall { id, function: FunctionCall { name, arguments } });
            }
            Part::Audio(Audio { source: MediaSource::FileId(id), .. }) if found.audio.is_none() => {
                found.audio = Some(AudioId { id });
            }
            Part::Other(value) => {
                parts.push(ContentPart::Raw(object(&value.value, || format!("content of kind `{}`", value.kind))?));
            }
            Part::Image(_) | Part::Audio(_) | Part::File(_) | Part::Refusal(_) | Part::ToolResult(_) => {
                return Err(misplaced(part, ROLE));
            }
        }
    }
    let may_lack_content = found.refusal.is_some() || found.audio.is_some() || !found.tool_calls.is_empty();
    found.content = (!parts.is_empty() || !may_lack_content).then(|| content(parts));
    Ok(found)
}

/// One message for each result, as chat completions want them.
fn push_tool_results<'a>(found: &mut Vec<ChatMessage<'a>>, message: &'a Message) -> Result<(), Error> {
    const ROLE: &str = "tool";
    let invalid =
        || invalid("a message of role `tool` must hold tool results, each with the id of the call that it answers");
    if message.parts.is_empty() {
        return Err(invalid());
    }
    for part in &message.parts {
        let Part::ToolResult(ToolResult { call_id, parts, .. }) = part else { return Err(invalid()) };
        let parts = parts.iter().map(|part| match part {
            ResultPart::Text(text) => Ok(ContentPart::Known(KnownPart::Text { text })),
            ResultPart::Other(value) => {
                object(&value.value, || format!("content of kind `{}`", value.kind)).map(ContentPart::Raw)
            }
            ResultPart::Image(_) | ResultPart::File(_) => {
                Err(unsupported("chat completions take tool results as text only; send images and files as the user's"))
            }
        });
        let content = Some(content(parts.collect::<Result<_, _>>()?));
        found.push(ChatMessage { role: ROLE, content, tool_call_id: Some(call_id), ..ChatMessage::default() });
    }
    Ok(())
}

/// One text as itself, anything else as a list; nothing as an empty text, because engines want content to be there.
fn content(parts: Vec<ContentPart<'_>>) -> Content<'_> {
    match parts.as_slice() {
        [] => Content::Text(""),
        [ContentPart::Known(KnownPart::Text { text })] => Content::Text(text),
        _ => Content::Parts(parts),
    }
}

fn image(image: &Image) -> Result<ContentPart<'_>, Error> {
    let url = match &image.source {
        MediaSource::Url(url) => Url::Plain(url),
        MediaSource::Bytes(bytes) => {
            let without_type = || invalid("an image that is sent as bytes needs its media type, such as `image/png`");
            let media_type = image.media_type.as_deref().ok_or_else(without_type)?;
            Url::Data { media_type, bytes: Base64(bytes) }
        }
        MediaSource::FileId(_) => {
            return Err(unsupported("chat completions take images as a URL or as bytes, not by a file's identifier"));
        }
    };
    Ok(ContentPart::Known(KnownPart::ImageUrl { image_url: ImageUrl { url, detail: image.detail.as_deref() } }))
}

fn audio(audio: &Audio) -> Result<ContentPart<'_>, Error> {
    let MediaSource::Bytes(bytes) = &audio.source else {
        return Err(unsupported("chat completions take audio as bytes only"));
    };
    let format = match audio.media_type.as_deref().map(|media_type| media_type.trim_start_matches("audio/")) {
        Some("wav" | "x-wav" | "wave" | "vnd.wave") => "wav",
        Some("mpeg" | "mp3") => "mp3",
        Some(other) => other,
        None => return Err(invalid("audio needs its media type, such as `audio/wav`")),
    };
    Ok(ContentPart::Known(KnownPart::InputAudio { input_audio: InputAudio { data: Base64(bytes), format } }))
}

fn file(file: &File) -> Result<ContentPart<'_>, Error> {
    let filename = file.name.as_deref();
    let file = match &file.source {
        MediaSource::FileId(id) => FilePart { file_id: Some(id), file_data: None, filename: None },
        MediaSource::Bytes(bytes) => {
            let media_type = file.media_type.as_deref().unwrap_or("application/octet-stream");
            let data = Url::Data { media_type, bytes: Base64(bytes) };
            FilePart { file_id: None, file_data: Some(data), filename }
        }
        MediaSource::Url(_) => {
            return Err(unsupported("chat completions take files as bytes or by a file's identifier, not as a URL"));
        }
    };
    Ok(ContentPart::Known(KnownPart::File { file }))
}

fn misplaced(part: &Part, role: &str) -> Error {
    let what = match part {
        Part::Text(_) => "a text",
        Part::Image(_) => "an image",
        Part::Audio(_) => "audio",
        Part::File(_) => "a file",
        Part::Reasoning(_) => "thoughts",
        Part::Refusal(_) => "a refusal",
        Part::ToolCall(_) => "a tool call",
        Part::ToolResult(_) => "a tool result",
        Part::Other(_) => "other content",
    };
    invalid(format!("chat completions can't carry {what} in this place of a message of role `{role}`"))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidRequest, message)
}

fn unsupported(message: &str) -> Error {
    Error::new(ErrorKind::Unsupported, message)
}
