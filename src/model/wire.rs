//! Checks the declared lengths in an ONNX file. Its parser trusts them: it reserves
//! that much memory, and recurses into nested messages until the stack overflows.

/// Deepest nesting of messages in a file; a graph in a branch of a graph adds three.
const MAX_MESSAGE_DEPTH: usize = 64;
/// Most messages in a file: an empty one takes two bytes there and hundreds in memory.
const MAX_MESSAGES: usize = 1_000_000;
/// Longest number of variable length, in bytes.
const MAX_VARINT_BYTES: usize = 10;

/// The messages that contain others or packed numbers, among those that the parser
/// reads.
#[derive(Debug, Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Value,
    Type,
    TensorType,
    Sequence,
    Shape,
    Leaf,
}

/// The content of a field with a declared length.
enum Content {
    Message(Message),
    /// Numbers of that many bytes each.
    Fixed(usize),
    /// Numbers of variable length.
    Variable,
    Bytes,
}

impl Message {
    fn content(self, number: u64) -> Content {
        Content::Message(match (self, number) {
            (Self::Model, 7) | (Self::Attribute, 6) => Self::Graph,
            (Self::Graph, 1) => Self::Node,
            (Self::Graph | Self::Attribute, 5) => Self::Tensor,
            (Self::Graph, 11..=13) => Self::Value,
            (Self::Node, 5) => Self::Attribute,
            (Self::Value, 2) | (Self::Sequence, 1) => Self::Type,
            (Self::Type, 1) => Self::TensorType,
            (Self::Type, 4) => Self::Sequence,
            (Self::TensorType, 2) => Self::Shape,
            (Self::Model, 8 | 14) | (Self::Tensor, 13) | (Self::Shape, 1) => Self::Leaf,
            (Self::Tensor, 4) => return Content::Fixed(4),
            (Self::Tensor, 10) => return Content::Fixed(8),
            (Self::Tensor, 5 | 7) => return Content::Variable,
            _ => return Content::Bytes,
        })
    }
}

/// Follows every field of a file to its end.
///
/// # Errors
/// The contradiction, in words.
pub(super) fn check(file: &[u8]) -> Result<(), String> {
    let mut walk = Walk { messages: 0 };
    walk.message(file, Message::Model, 0)
}

struct Walk {
    messages: usize,
}

impl Walk {
    fn message(&mut self, mut rest: &[u8], kind: Message, depth: usize) -> Result<(), String> {
        self.messages += 1;
        if depth > MAX_MESSAGE_DEPTH {
            return Err(format!(
                "more than {MAX_MESSAGE_DEPTH} messages inside each other"
            ));
        }
        if self.messages > MAX_MESSAGES {
            return Err(format!("more than {MAX_MESSAGES} messages"));
        }
        while !rest.is_empty() {
            let tag = variable(&mut rest)?;
            match tag & 7 {
                0 => drop(variable(&mut rest)?),
                1 => drop(take(&mut rest, 8)?),
                2 => {
                    let length = variable(&mut rest)?;
                    let held = take(&mut rest, length)?;
                    self.held(held, &kind.content(tag >> 3), depth)?;
                }
                3 | 4 => {} // a group's ends; its fields stand between them
                5 => drop(take(&mut rest, 4)?),
                other => return Err(format!("a field of type {other}, which does not exist")),
            }
        }
        Ok(())
    }

    fn held(&mut self, held: &[u8], content: &Content, depth: usize) -> Result<(), String> {
        let whole = match *content {
            Content::Message(kind) => return self.message(held, kind, depth + 1),
            Content::Fixed(size) => held.len().is_multiple_of(size),
            Content::Variable => held.last().is_none_or(|byte| byte & 0x80 == 0),
            Content::Bytes => true,
        };
        if whole {
            return Ok(());
        }
        Err("numbers that are cut off".into())
    }
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], String> {
    let (held, after) = usize::try_from(length)
        .ok()
        .and_then(|length| rest.split_at_checked(length))
        .ok_or_else(|| format!("a length of {length} bytes where {} are left", rest.len()))?;
    *rest = after;
    Ok(held)
}

/// A number with seven bits per byte, least significant first.
fn variable(rest: &mut &[u8]) -> Result<u64, String> {
    let mut value = 0;
    for (index, byte) in rest.iter().take(MAX_VARINT_BYTES).enumerate() {
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit.
        if index + 1 == MAX_VARINT_BYTES && bits > 1 {
            break;
        }
        value |= bits << (7 * index);
        if byte & 0x80 == 0 {
            *rest = &rest[index + 1..];
            return Ok(value);
        }
    }
    Err("a number without an end".into())
}
