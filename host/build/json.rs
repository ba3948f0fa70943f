//! Writes the Rust that reads and writes the JSON of messages: nothing but the names of fields, and for each a call of
//! `src/api/dapr/protojson.rs`, which knows the rules.

use std::fmt::Write;

use heck::{ToSnakeCase, ToUpperCamelCase};
use prost_types::{DescriptorProto, FieldDescriptorProto};

/// Beyond protobuf, a field that is known by one of these names is known by all of its row: Dapr's documentation mixes
/// them up, and a flag that is dropped for its spelling leaks what should have been scrubbed.
const SPELLINGS: [[&str; 3]; 3] = [
    ["contextID", "contextId", "context_id"],
    ["scrubPII", "scrubPii", "scrub_pii"],
    ["cacheTTL", "cacheTtl", "cache_ttl"],
];

/// Texts that may be written as a number, too.
const NUMBERS_TOO: [&str; 1] = ["cacheTTL"];

/// A message and the package that it is from.
pub(super) struct Message<'a> {
    pub(super) package: &'static str,
    pub(super) descriptor: &'a DescriptorProto,
}

/// The code for all of them.
pub(super) fn generate(messages: &[Message<'_>]) -> Result<String, std::fmt::Error> {
    let mut code = String::new();
    for message in messages {
        assert!(message.descriptor.field.len() <= 32, "`Members` in members.rs has one bit for each field");
        writeln!(code, "impl protojson::Message for {} {{", message.rust_name())?;
        if !message.descriptor.field.is_empty() {
            message.reading(&mut code)?;
            message.writing(&mut code)?;
        }
        code.push_str("}\n");
    }
    Ok(code)
}

impl Message<'_> {
    fn reading(&self, code: &mut String) -> std::fmt::Result {
        code.push_str(
            "    fn member<'de, A: serde::de::MapAccess<'de>>(
        &mut self,
        name: &str,
        members: &mut protojson::Members<A>,
    ) -> Result<bool, A::Error> {
        match name {\n",
        );
        for (index, field) in self.descriptor.field.iter().enumerate() {
            let names: Vec<String> = names(field).iter().map(|name| format!("{name:?}")).collect();
            let (json, rust) = (field.json_name(), rust_field(field.name()));
            write!(code, "            {} => ", names.join(" | "))?;
            match self.oneof(field) {
                Some(oneof) => {
                    let (package, message) = (self.package, self.descriptor.name());
                    let (slot, case) = (rust_field(oneof), self.case(oneof, field));
                    let full = format!("{package}.{message}.{oneof}");
                    writeln!(code, "members.one_of({index}, {full:?}, &mut self.{slot}, {case}),")?;
                }
                None if NUMBERS_TOO.contains(&json) => {
                    writeln!(code, "members.read_text_or_number({index}, {json:?}, &mut self.{rust}),")?;
                }
                None => writeln!(code, "members.read({index}, {json:?}, &mut self.{rust}),")?,
            }
        }
        code.push_str("            _ => Ok(false),\n        }\n    }\n");
        Ok(())
    }

    fn writing(&self, code: &mut String) -> std::fmt::Result {
        code.push_str(
            "    fn members(&self, object: &mut protojson::Object<'_>) -> Result<(), protojson::Unwritable> {\n",
        );
        for field in &self.descriptor.field {
            let key = format!("\"{}\":", field.json_name());
            match self.oneof(field) {
                Some(oneof) => {
                    let (slot, case) = (rust_field(oneof), self.case(oneof, field));
                    writeln!(code, "        if let Some({case}(value)) = &self.{slot} {{")?;
                    writeln!(code, "            object.member({key:?}, value)?;\n        }}")?;
                }
                None => writeln!(code, "        object.field({key:?}, &self.{})?;", rust_field(field.name()))?,
            }
        }
        code.push_str("        Ok(())\n    }\n");
        Ok(())
    }

    fn rust_name(&self) -> String {
        self.descriptor.name().to_upper_camel_case()
    }

    /// The oneof that a field is a case of. proto3's `optional` is one too, but only in the descriptor.
    fn oneof(&self, field: &FieldDescriptorProto) -> Option<&str> {
        let index = field.oneof_index.filter(|_| !field.proto3_optional())?;
        Some(self.descriptor.oneof_decl.get(usize::try_from(index).ok()?)?.name())
    }

    /// The variant that prost makes of a case.
    fn case(&self, oneof: &str, field: &FieldDescriptorProto) -> String {
        let module = self.descriptor.name().to_snake_case();
        format!("{module}::{}::{}", oneof.to_upper_camel_case(), field.name().to_upper_camel_case())
    }
}

/// Every name by which a field is known, its JSON name first.
fn names(field: &FieldDescriptorProto) -> Vec<&str> {
    let mut names = vec![field.json_name()];
    let also = SPELLINGS.iter().filter(|row| row.contains(&field.json_name())).flatten();
    for name in also.copied().chain([field.name()]) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The name that prost gives a field.
fn rust_field(name: &str) -> String {
    match name.to_snake_case().as_str() {
        "type" => "r#type".to_owned(),
        name => name.to_owned(),
    }
}
