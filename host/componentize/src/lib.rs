//! From the core module that a compiler made to the component of a provider, for `parlor componentize` and for the
//! providers of this repository alike. Knows no provider: the module carries the interfaces that it was built for.

use anyhow::{Context, Result};
use wasm_encoder::{ExportKind, ExportSection, Module, RawSection};
use wasmparser::{ExportSectionReader, Parser, Payload};
use wit_component::ComponentEncoder;

/// The component of `module`, without the destructors of its resources.
///
/// A provider's instance ends with its call, and all that a destructor would free ends with it. But a resource with a
/// destructor must be there before the module that has the destructor, so that two more modules and a table would have
/// to be set up in every call to tie the knot.
///
/// # Errors
/// When it is no core module, or was not built for a world of components.
pub fn component(module: &[u8]) -> Result<Vec<u8>> {
    let module = without_destructors(module)?;
    ComponentEncoder::default().validate(true).module(&module).and_then(|encoder| encoder.encode())
}

fn without_destructors(module: &[u8]) -> Result<Vec<u8>> {
    let mut kept = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::ExportSection(exports) = payload {
            kept.section(&other_exports(exports)?);
        } else if let Some((id, range)) = payload.as_section() {
            let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
            let data = module.get(range).context("a section is cut off")?;
            kept.section(&RawSection { id, data });
        }
    }
    Ok(kept.finish())
}

/// All exports but the destructors.
fn other_exports(exports: ExportSectionReader<'_>) -> Result<ExportSection> {
    let mut kept = ExportSection::new();
    for export in exports {
        let export = export?;
        if !is_destructor(export.name) {
            kept.export(export.name, ExportKind::from(export.kind), export.index);
        }
    }
    Ok(kept)
}

/// The name that the canonical ABI has for it: `INTERFACE#[dtor]RESOURCE`.
fn is_destructor(name: &str) -> bool {
    name.split_once('#').is_some_and(|(_, function)| function.starts_with("[dtor]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destructors_are_left_out_and_nothing_else() {
        let module = wat::parse_str(
            r#"(module
                (memory (export "memory") 1)
                (func (export "a:b/c@0.1.0#[method]d.e"))
                (func (export "a:b/c@0.1.0#[dtor]d"))
                (func (export "[dtor]"))
                (data (i32.const 8) "kept")
                (@custom "note" "kept too"))"#,
        );
        let module = module.unwrap();
        let kept = without_destructors(&module).unwrap();
        let text = String::from_utf8_lossy(&kept);
        assert!(!text.contains("[dtor]d"));
        for what in ["memory", "[method]d.e", "[dtor]", "kept", "note", "kept too"] {
            assert!(text.contains(what), "{what}");
        }
        assert_eq!(without_destructors(&kept).unwrap(), kept);
    }

    #[test]
    fn what_is_no_module_is_refused() {
        for bytes in [&b""[..], b"\0asm", b"\0asm\x01\0\0\0\x07\xff", b"(module)"] {
            assert!(component(bytes).is_err(), "{bytes:?}");
        }
    }
}
