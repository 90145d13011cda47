//! Checks that every tensor contains what its shape declares, in the file itself.

use rten_onnx::onnx::{DataLocation, DataType, GraphProto, TensorProto};

use crate::model_spec::SpecError;

/// The error about the first tensor that does not.
pub(super) fn error(graph: &GraphProto) -> Option<SpecError> {
    let attributes = || graph.node.iter().flat_map(|node| &node.attribute);
    let constants = attributes().filter_map(|attribute| attribute.t.as_ref());
    let inner = || attributes().filter_map(|attribute| attribute.g.as_ref());
    let mut tensors = graph.initializer.iter().chain(constants);
    tensors
        .find_map(|tensor| {
            let (expected, found) = contents(tensor)?;
            let name = tensor.name.as_deref().unwrap_or("?");
            Some(SpecError::new(format!("tensor {name}"), expected, found))
        })
        .or_else(|| inner().find_map(error))
}

/// The expected and the actual content of a tensor, where they differ.
fn contents(tensor: &TensorProto) -> Option<(String, String)> {
    let elsewhere = tensor
        .data_location
        .is_some_and(|place| place != DataLocation::DEFAULT);
    if elsewhere || !tensor.external_data.is_empty() {
        return Some(("numbers in the model file".into(), "another file".into()));
    }
    let numbers = tensor.dims.iter().try_fold(1_usize, |product, &dim| {
        product.checked_mul(usize::try_from(dim).ok()?)
    });
    let raw = tensor.raw_data.as_ref().map(|bytes| bytes.borrow().len());
    let found = match (raw, size(tensor.data_type)) {
        (Some(bytes), Some(size)) if bytes.is_multiple_of(size) => Some(bytes / size),
        (Some(_), _) => None,
        (None, _) => Some(
            tensor.float_data.len()
                + tensor.int32_data.len()
                + tensor.int64_data.len()
                + tensor.double_data.len(),
        ),
    };
    if numbers.is_some() && numbers == found {
        return None;
    }
    let expected = numbers.map_or("a shape".into(), |numbers| format!("{numbers} numbers"));
    let found = found.map_or_else(
        || format!("{} bytes", raw.unwrap_or(0)),
        |found| format!("{found} in the shape {:?}", tensor.dims),
    );
    Some((expected, found))
}

/// Bytes per element, for the types that both engines support.
fn size(kind: Option<DataType>) -> Option<usize> {
    match kind? {
        DataType::BOOL | DataType::INT8 | DataType::UINT8 => Some(1),
        DataType::INT16 | DataType::UINT16 | DataType::FLOAT16 | DataType::BFLOAT16 => Some(2),
        DataType::FLOAT | DataType::INT32 | DataType::UINT32 => Some(4),
        DataType::DOUBLE | DataType::INT64 | DataType::UINT64 => Some(8),
        _ => None,
    }
}
