//! The activations that no operator of the set stands for, or none of doubles: written out by operators that
//! runtimes know for floats and doubles alike.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI};

use backprop_tensor::Scalar;

use super::builder::{GraphBuilder, int};
use super::messages::{DOUBLE, FLOAT};

/// The nodes of one activation, on the last value.
struct Activation<'a> {
    chain: &'a mut GraphBuilder,
    index: usize,
    /// The value before the activation.
    x: String,
}

impl<'a> Activation<'a> {
    fn new(chain: &'a mut GraphBuilder, index: usize) -> Self {
        let x = chain.value.clone();
        Activation { chain, index, x }
    }

    /// An operator on the last value.
    fn apply(&mut self, name: &str, operator: &str) -> &mut Self {
        let name = self.name(name);
        self.chain.add_node(&name, operator, &[], vec![]);
        self
    }

    /// An operator on the last value and a number.
    fn with<T: Scalar>(&mut self, name: &str, operator: &str, number: f64) -> &mut Self {
        let (name, constant) = (self.name(name), self.name(&format!("{name}.constant")));
        self.chain.combine::<T>(&name, operator, &constant, number);
        self
    }

    /// An operator on the last value and another one.
    fn and(&mut self, name: &str, operator: &str, other: &str) -> &mut Self {
        let name = self.name(name);
        self.chain.add_node(&name, operator, &[other], vec![]);
        self
    }

    /// The last value times the input of the activation.
    fn times_x(&mut self, name: &str) -> &mut Self {
        let x = self.x.clone();
        self.and(name, "Mul", &x)
    }

    /// Keeps the last value, and begins with the input of the activation again.
    fn again(&mut self) -> String {
        std::mem::replace(&mut self.chain.value, self.x.clone())
    }

    /// `max(x, 0) + ln(1 + e^-|x|)`, which never overflows.
    fn softplus<T: Scalar>(&mut self) -> &mut Self {
        self.with::<T>("positive", "Max", 0.0);
        let positive = self.again();
        self.apply("size", "Abs")
            .apply("negated", "Neg")
            .apply("exp", "Exp");
        self.with::<T>("one", "Add", 1.0).apply("log", "Log");
        self.and("softplus", "Add", &positive)
    }

    fn name(&self, what: &str) -> String {
        format!("{}.{what}", self.index)
    }
}

impl GraphBuilder {
    /// `x (1 + erf(x / sqrt 2)) / 2`. Runtimes know the error function of floats alone: that of a double is
    /// computed as a float, 1e-7 off.
    pub(super) fn gelu<T: Scalar>(&mut self, index: usize) {
        let mut gelu = Activation::new(self, index);
        gelu.with::<T>("scaled", "Mul", FRAC_1_SQRT_2);
        let to = |element: i32| vec![int("to", i64::from(element))];
        if T::SIZE == 8 {
            let name = gelu.name("narrowed");
            gelu.chain.add_node(&name, "Cast", &[], to(FLOAT));
        }
        gelu.apply("erf", "Erf");
        if T::SIZE == 8 {
            let name = gelu.name("widened");
            gelu.chain.add_node(&name, "Cast", &[], to(DOUBLE));
        }
        gelu.with::<T>("one", "Add", 1.0)
            .with::<T>("half", "Mul", 0.5);
        gelu.times_x("gelu");
    }

    /// `x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2`.
    pub(super) fn gelu_tanh<T: Scalar>(&mut self, index: usize) {
        let mut gelu = Activation::new(self, index);
        gelu.times_x("square").with::<T>("cubic", "Mul", 0.044_715);
        gelu.with::<T>("bent", "Add", 1.0).times_x("sum");
        gelu.with::<T>("scaled", "Mul", FRAC_2_PI.sqrt())
            .apply("tanh", "Tanh");
        gelu.with::<T>("one", "Add", 1.0)
            .with::<T>("half", "Mul", 0.5);
        gelu.times_x("gelu_tanh");
    }

    /// `x / (1 + e^-x)`.
    pub(super) fn silu(&mut self, index: usize) {
        Activation::new(self, index)
            .apply("sigmoid", "Sigmoid")
            .times_x("silu");
    }

    /// `scale x` where positive, `scale alpha (e^x - 1)` elsewhere.
    pub(super) fn elu<T: Scalar>(&mut self, index: usize, scale: f64, alpha: f64) {
        let mut elu = Activation::new(self, index);
        elu.with::<T>("positive", "Max", 0.0);
        if scale != 1.0 {
            elu.with::<T>("above", "Mul", scale);
        }
        let above = elu.again();
        elu.with::<T>("negative", "Min", 0.0).apply("exp", "Exp");
        elu.with::<T>("less", "Sub", 1.0);
        elu.with::<T>("below", "Mul", scale * alpha)
            .and("elu", "Add", &above);
    }

    /// The ELU with SELU's constants.
    pub(super) fn selu<T: Scalar>(&mut self, index: usize) {
        self.elu::<T>(index, 1.050_700_987_355_480_5, 1.673_263_242_354_377_2);
    }

    /// `ln(1 + e^x)`.
    pub(super) fn softplus<T: Scalar>(&mut self, index: usize) {
        Activation::new(self, index).softplus::<T>();
    }

    /// `x tanh(ln(1 + e^x))`.
    pub(super) fn mish<T: Scalar>(&mut self, index: usize) {
        let mut mish = Activation::new(self, index);
        mish.softplus::<T>().apply("tanh", "Tanh").times_x("mish");
    }

    /// `x max(0, min(6, x + 3)) / 6`.
    pub(super) fn hard_swish<T: Scalar>(&mut self, index: usize) {
        let mut swish = Activation::new(self, index);
        swish
            .with::<T>("moved", "Add", 3.0)
            .with::<T>("low", "Max", 0.0);
        swish
            .with::<T>("high", "Min", 6.0)
            .with::<T>("part", "Div", 6.0);
        swish.times_x("hard_swish");
    }
}
