//! A WebAssembly binary as a tree of sections, so that edits leave the lengths right. Knows no section's meaning but for
//! those that hold a module or a component of their own.

/// The first eight bytes of a module or a component.
const HEADER: usize = 8;
/// Sections of a component that hold a module, and a component.
const NESTED: [u8; 2] = [1, 4];

#[derive(Clone)]
pub(crate) enum Section {
    Plain { id: u8, bytes: Vec<u8> },
    Nested { id: u8, header: Vec<u8>, sections: Vec<Self> },
}

/// The sections after the header. What is cut off is left out. Real guests are no deeper than a few levels.
pub(crate) fn parse(binary: &[u8]) -> Vec<Section> {
    let is_component = binary.get(6) == Some(&1);
    let mut rest = binary.get(HEADER..).unwrap_or_default();
    let mut sections = Vec::new();
    while let Some((id, size, after)) = head(rest) {
        let Some((bytes, next)) = after.split_at_checked(size) else { break };
        rest = next;
        sections.push(match bytes.split_at_checked(HEADER) {
            Some((header, _)) if is_component && NESTED.contains(&id) => {
                Section::Nested { id, header: header.to_vec(), sections: parse(bytes) }
            }
            _ => Section::Plain { id, bytes: bytes.to_vec() },
        });
    }
    sections
}

/// A component of these sections.
pub(crate) fn write(sections: &[Section]) -> Vec<u8> {
    let mut binary = b"\0asm\x0d\0\x01\0".to_vec();
    write_to(&mut binary, sections);
    binary
}

fn write_to(binary: &mut Vec<u8>, sections: &[Section]) {
    for section in sections {
        let (id, content) = match section {
            Section::Plain { id, bytes } => (*id, bytes.clone()),
            Section::Nested { id, header, sections } => {
                let mut content = header.clone();
                write_to(&mut content, sections);
                (*id, content)
            }
        };
        binary.push(id);
        let mut size = content.len();
        while size >= 0x80 {
            binary.push(size.to_le_bytes()[0] | 0x80);
            size >>= 7;
        }
        binary.push(size.to_le_bytes()[0]);
        binary.extend(content);
    }
}

/// A section's number, the size of what it holds, and the rest.
fn head(binary: &[u8]) -> Option<(u8, usize, &[u8])> {
    let (id, mut rest) = binary.split_first()?;
    let mut size = 0_usize;
    for shift in [0, 7, 14, 21, 28] {
        let (byte, after) = rest.split_first()?;
        rest = after;
        size |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((*id, size, rest));
        }
    }
    None
}
