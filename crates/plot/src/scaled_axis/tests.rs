use super::*;

fn labels(scale: Scale, low: f64, high: f64, margin: Margin) -> Vec<String> {
    let axis = Axis::new("", scale);
    let scaled = ScaledAxis::new(&axis, [low, high].into_iter(), margin, 5);
    scaled.ticks.into_iter().map(|tick| tick.label).collect()
}

#[test]
fn ticks_are_round() {
    let linear = |low, high| labels(Scale::Linear, low, high, Margin::ToTick);
    assert_eq!(linear(0.0, 0.47), ["0", "0.1", "0.2", "0.3", "0.4", "0.5"]);
    assert_eq!(linear(-1.0, 1.0), ["−1.0", "−0.5", "0", "0.5", "1.0"]);
    assert_eq!(linear(0.0, 9e-5)[1], "2·10⁻⁵");
    assert_eq!(linear(0.0, 4e7)[1], "1·10⁷");
    assert_eq!(linear(0.0, 48_000.0)[1], "10,000");
    assert_eq!(
        labels(Scale::Whole, 1.0, 3.0, Margin::None),
        ["1", "2", "3"]
    );
    assert_eq!(labels(Scale::Whole, 1.0, 1.0, Margin::None), ["1"]);
    let percent = labels(Scale::Percent, 0.952, 0.981, Margin::ToTick);
    assert_eq!(percent, ["95 %", "96 %", "97 %", "98 %", "99 %"]);
    let percent = labels(Scale::Percent, 0.5, 1.0, Margin::Padded);
    assert_eq!(percent.last().unwrap(), "100 %");
}

#[test]
fn log_axes_have_powers_of_ten() {
    let wide = labels(Scale::Log, 1e-6, 10.0, Margin::None);
    assert_eq!(wide, ["10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"]);
    let few = labels(Scale::Log, 0.03, 0.7, Margin::ToTick);
    assert_eq!(few, ["0.02", "0.05", "0.1", "0.2", "0.5", "1"]);
    assert!(labels(Scale::Log, 0.31, 0.34, Margin::None).len() >= 2);
}

#[test]
fn invalid_values_have_no_position_and_break_nothing() {
    let all = [
        f64::NAN,
        f64::INFINITY,
        1e308,
        -1e308,
        0.0,
        5e-324,
        -0.0,
        7.0,
    ];
    for scale in [Scale::Linear, Scale::Log, Scale::Whole, Scale::Percent] {
        for margin in [Margin::None, Margin::Padded, Margin::ToTick] {
            for a in all {
                for b in all {
                    let axis = Axis::new("", scale.clone());
                    let scaled = ScaledAxis::new(&axis, [a, b].into_iter(), margin, 5);
                    assert!(scaled.low < scaled.high, "{scale:?} {a} {b}");
                    assert!(scaled.ticks.len() < 20, "{scale:?} {a} {b}");
                    for value in [a, b] {
                        let position = scaled.position(value);
                        let inside = |position: f64| (-1e-6..=1.0 + 1e-6).contains(&position);
                        assert!(
                            position.is_none_or(inside),
                            "{scale:?} {a} {b}: {position:?}"
                        );
                    }
                }
            }
        }
    }
}
