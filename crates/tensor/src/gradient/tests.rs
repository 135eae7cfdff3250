use std::time::Duration;

use ndarray::Array2;

use super::*;
use crate::kernels::Isa;
use crate::linear::tests::random;

#[test]
#[should_panic(expected = "a (2, 3) weight maps (batch, 3) to (batch, 2)")]
fn shapes_are_checked_without_slices_beside_the_gradient() {
    let (input, output_grad) = (Array2::<f32>::zeros((4, 3)), Array2::zeros((1, 2)));
    let gradient = Gradient::OuterProduct {
        layout: PanelLayout::new(3, 2),
        input: input.view(),
        output_grad: output_grad.view(),
        index: None,
    };
    gradient.for_each_panel(&Pool::new(1), 1, [], |_, _, []| {});
}

/// A step that is taken while the gradient is computed, and a step with the computed gradient.
fn sgd_step_equals_for_each_panel<T: Scalar>() {
    let rate = T::from_f64(0.3);
    for isa in Isa::available() {
        for threads in [1, 3] {
            let pool = &Pool::with_meeting_time(threads, Duration::ZERO);
            let exec = Executor { pool, isa };
            for rows in [0, 1, 5, 50, 128, 129, 300] {
                for (inputs, outputs) in [(1, 1), (40, 16), (70, 50), (300, 130)] {
                    for density in [1.0, 0.1, 0.0] {
                        let layout = PanelLayout::new(inputs, outputs);
                        let (x, dy) = (
                            random::<T>(rows, inputs, 1, density),
                            random(rows, outputs, 2, 1.0),
                        );
                        let gradient = Gradient::OuterProduct {
                            layout,
                            input: x.view(),
                            output_grad: dy.view(),
                            index: None,
                        };
                        let unit = layout.panel_len::<T>();
                        let start = random::<T>(1, layout.packed_len::<T>(), 3, 1.0);
                        let mut expected = start.into_raw_vec_and_offset().0;
                        let mut found = expected.clone();
                        gradient.for_each_panel_on(
                            exec,
                            unit,
                            [&mut expected],
                            |_, grad, [values]| {
                                for (value, &grad) in values.iter_mut().zip(grad) {
                                    *value -= rate * grad;
                                }
                            },
                        );
                        gradient.sgd_step_on(exec, unit, &mut found, rate);
                        let case = (isa, threads, rows, inputs, outputs, density);
                        assert!(found == expected, "{case:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_streamed_step_has_the_bits_of_a_step_with_the_computed_gradient() {
    sgd_step_equals_for_each_panel::<f32>();
    sgd_step_equals_for_each_panel::<f64>();
}

#[test]
#[should_panic(expected = "elements in the storage of a (2, 3) weight")]
fn a_step_checks_the_length_of_the_values() {
    let (input, output_grad) = (Array2::<f32>::zeros((4, 3)), Array2::zeros((4, 2)));
    let gradient = Gradient::OuterProduct {
        layout: PanelLayout::new(3, 2),
        input: input.view(),
        output_grad: output_grad.view(),
        index: None,
    };
    gradient.sgd_step(&Pool::new(1), 1, &mut [0.0; 5], 0.1);
}
