//! The checks of shapes.

use crate::{PanelLayout, Scalar};

/// Asserts that input (B, I), output (B, O) and `stored` weights fit the layout.
#[track_caller]
pub(super) fn check_shapes<T: Scalar>(
    layout: PanelLayout,
    input: (usize, usize),
    output: (usize, usize),
    stored: usize,
) {
    let (inputs, outputs) = (layout.inputs(), layout.outputs());
    assert!(
        input.0 == output.0 && input.1 == inputs && output.1 == outputs,
        "a ({outputs}, {inputs}) weight maps (batch, {inputs}) to (batch, {outputs}), \
         but the input is {input:?} and the output {output:?}"
    );
    let expected = layout.packed_len::<T>();
    assert_eq!(
        stored, expected,
        "elements in the storage of a ({outputs}, {inputs}) weight"
    );
}

/// Asserts that a bias of `bias` elements fits the layout.
#[track_caller]
pub(super) fn check_bias(layout: PanelLayout, bias: usize) {
    let (inputs, outputs) = (layout.inputs(), layout.outputs());
    assert_eq!(
        bias, outputs,
        "elements in the bias of a ({outputs}, {inputs}) weight"
    );
}
