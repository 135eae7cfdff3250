use backprop_tensor::Scalar;

/// The Euclidean norm of all gradients together, summed in `f64` and in one fixed order.
pub fn global_norm<'a, T: Scalar>(grads: impl Iterator<Item = &'a [T]>) -> f64 {
    let mut lanes = [0.0_f64; 8];
    for grad in grads {
        let eights = grad.chunks_exact(8);
        let rest = eights.remainder();
        for eight in eights {
            for (lane, g) in lanes.iter_mut().zip(eight) {
                *lane += g.as_f64() * g.as_f64();
            }
        }
        for (lane, g) in lanes.iter_mut().zip(rest) {
            *lane += g.as_f64() * g.as_f64();
        }
    }
    lanes.iter().sum::<f64>().sqrt()
}

/// The factor for all gradients that brings their common norm down to at most `max_norm`:
/// `min(1, max_norm / (norm + 1e-6))`, as PyTorch does (Pascanu, Mikolov and Bengio, 2013).
///
/// ```
/// use backprop_optimizers::clip_scale;
///
/// let grads = [&[3.0_f64][..], &[4.0]];
/// assert_eq!(clip_scale(grads.into_iter(), 10.0), 1.0);
/// approx::assert_abs_diff_eq!(clip_scale(grads.into_iter(), 1.0), 0.2, epsilon = 1e-6);
/// ```
///
/// # Panics
/// If `max_norm` is not above 0.
#[track_caller]
pub fn clip_scale<'a, T: Scalar>(grads: impl Iterator<Item = &'a [T]>, max_norm: f64) -> f64 {
    assert!(
        max_norm > 0.0,
        "the norm to clip at is {max_norm}; it must be above 0"
    );
    let scale = max_norm / (global_norm(grads) + 1e-6);
    // Not `min`, which would turn the NaN of a broken gradient into 1.
    if scale > 1.0 { 1.0 } else { scale }
}
