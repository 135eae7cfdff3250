//! Losses, optimizers and schedules.

use super::*;

/// All losses, with what their targets may be.
#[test]
fn losses() {
    let outputs = array![[0.2_f64, 0.8], [0.5, 0.5]];
    let values = array![[0.0, 1.0], [1.0, 0.0]];
    let (narrow, first) = (array![[0.0], [1.0]], array![[0.0, 1.0]]);
    let nan = array![[0.0, f64::NAN], [1.0, 0.0]];
    let evaluate = |loss: &dyn Loss<f64>, targets, weights, grad: (usize, usize)| {
        let mut grad = Array2::zeros(grad);
        panic(|| loss.value_and_grad(outputs.view(), targets, weights, Some(grad.view_mut())))
    };
    let classes = TargetsView::Classes(&[0, 1]);
    let losses: [&dyn Loss<f64>; 4] = [
        &SoftmaxCrossEntropy,
        &CrossEntropy,
        &MeanSquaredError,
        &BinaryCrossEntropyWithLogits,
    ];
    for loss in losses {
        let range = match loss.name() {
            "MeanSquaredError" => "finite numbers",
            "BinaryCrossEntropyWithLogits" => "numbers from 0 to 1",
            _ => "finite shares of at least 0",
        };
        let name = loss.name();
        let not_a_number = format!("the target at row 0, column 1 is NaN; {name} takes {range}");
        let all = TargetsView::Values(values.view());
        check(vec![
            (
                "targets of another width, checked",
                error(loss.check(2, TargetsView::Values(narrow.view()))),
                "the targets have 1 columns, but the network has 2 outputs",
            ),
            (
                "a target that is not a number, checked",
                error(loss.check(2, TargetsView::Values(nan.view()))),
                &not_a_number,
            ),
            (
                "targets of another width",
                evaluate(loss, TargetsView::Values(narrow.view()), None, (2, 2)),
                "assertion `left == right` failed: shape of the targets and of the output\n  left: \
                 (2, 1)\n right: (2, 2)",
            ),
            (
                "targets of fewer rows",
                evaluate(loss, TargetsView::Values(first.view()), None, (2, 2)),
                "assertion `left == right` failed: rows of the targets and of the output\n  left: 1\n \
                 right: 2",
            ),
            (
                "too few weights",
                evaluate(loss, all, Some(&[1.0]), (2, 2)),
                "assertion `left == right` failed: weights and rows of the output\n  left: 1\n right: 2",
            ),
            (
                "a gradient of another shape",
                evaluate(loss, all, None, (2, 3)),
                "assertion `left == right` failed: shape of the gradient and of the output\n  left: \
                 (2, 3)\n right: (2, 2)",
            ),
        ]);
    }
    for loss in &losses[..2] {
        let same = |outputs: usize| {
            format!(
                "{} over {outputs} output(s) is the same whatever the network does; give it an \
                 output for each of at least two classes",
                loss.name()
            )
        };
        let negative = array![[0.0, -0.5], [1.0, 0.0]];
        let below = format!(
            "the target at row 0, column 1 is -0.5; {} takes finite shares of at least 0",
            loss.name()
        );
        check(vec![
            (
                "one class",
                error(loss.check(1, TargetsView::Classes(&[0, 0]))),
                &same(1),
            ),
            (
                "no output",
                error(loss.check(0, TargetsView::Classes(&[0]))),
                &same(0),
            ),
            (
                "a class out of range, checked",
                error(loss.check(3, TargetsView::Classes(&[2, 0, 3]))),
                "row 2 is of class 3, but the network has 3 outputs (classes 0 to 2)",
            ),
            (
                "a class out of range",
                evaluate(*loss, TargetsView::Classes(&[0, 2]), None, (2, 2)),
                "row 1 is of class 2, but the output has 2 columns; call Loss::check first",
            ),
            (
                "a negative share",
                error(loss.check(2, TargetsView::Values(negative.view()))),
                &below,
            ),
        ]);
    }
    for loss in &losses[2..] {
        let needs = format!(
            "{} takes values as targets, but these are classes; choose a cross-entropy",
            loss.name()
        );
        let takes = format!("{} takes values as targets, not classes", loss.name());
        check(vec![
            ("classes, checked", error(loss.check(2, classes)), &needs),
            ("classes", evaluate(*loss, classes, None, (2, 2)), &takes),
        ]);
    }
    let above = array![[0.0, 1.5], [1.0, 0.0]];
    check(vec![(
        "a label above 1",
        error(BinaryCrossEntropyWithLogits.check(2, TargetsView::Values(above.view()))),
        "the target at row 0, column 1 is 1.5; BinaryCrossEntropyWithLogits takes numbers from 0 to 1",
    )]);
}

#[test]
fn optimizers() {
    let step = |number| Step {
        t: number,
        learning_rate: 0.1_f32,
        l2: 0.0,
        decoupled: 0.0,
        grad_scale: 1.0,
    };
    let update = |rule: &dyn Optimizer<f32>, grads: usize, buffers: usize, length: usize| {
        let (mut values, grads) = ([0.0; 3], vec![0.0; grads]);
        let mut state = vec![vec![0.0; length]; buffers];
        let mut state: Vec<&mut [f32]> = state.iter_mut().map(Vec::as_mut_slice).collect();
        panic(|| rule.update(step(1), &mut values, &grads, &mut state))
    };
    let rules: [(&dyn Optimizer<f32>, &str); 4] = [
        (&Sgd::default(), "Sgd"),
        (&Nesterov::default(), "Nesterov"),
        (&RmsProp::default(), "RmsProp"),
        (&Adam::default(), "Adam"),
    ];
    for (rule, name) in rules {
        let buffers = rule.state_slots();
        let lengths = format!(
            "assertion `left == right` failed: gradients and values of a step of {name}\n  left: 2\n \
             right: 3"
        );
        let more = buffers + 1;
        let count = format!("{name} has {buffers} state buffers, not {more}");
        check(vec![
            ("too few gradients", update(rule, 2, buffers, 3), &lengths),
            ("a buffer too many", update(rule, 3, more, 3), &count),
            (
                "all as it should be",
                update(rule, 3, buffers, 3),
                "no panic",
            ),
        ]);
        if buffers > 0 {
            let short = format!(
                "assertion `left == right` failed: a state buffer and values of a step of {name}\n  \
                 left: 2\n right: 3"
            );
            check(vec![(
                "a short buffer",
                update(rule, 3, buffers, 2),
                &short,
            )]);
        }
    }

    let pool = Pool::new(1);
    let take = |state: &mut OptimizerState<f32>, rule: &dyn Optimizer<f32>, lengths: &[usize]| {
        let mut values: Vec<Vec<f32>> = lengths.iter().map(|&n| vec![0.0; n]).collect();
        let grads = values.clone();
        let pairs = values.iter_mut().zip(&grads);
        let items = pairs.map(|(v, g)| (v.as_mut_slice(), g.as_slice(), ParamInfo::new(1)));
        state.step(&pool, rule, 0.1, 1.0, items);
    };
    let after_first = |rule: &dyn Optimizer<f32>, lengths: &[usize]| {
        let mut state = OptimizerState::new();
        take(&mut state, &Adam::default(), &[2, 3]);
        panic(|| take(&mut state, rule, lengths))
    };
    let refuse = |optimizer: &dyn Optimizer<f32>| error(optimizer.check());
    let adam = Adam::default();
    let at = |step, steps_per_epoch, epochs| Progress {
        step,
        steps_per_epoch,
        epochs,
    };
    let schedules = [Schedule::Constant, Schedule::Cosine, Schedule::OneCycle];
    let endless = |schedule: &Schedule| schedule.learning_rate(0.1, at(5, 1000, u64::MAX));
    check(vec![
        (
            "values and gradients of different length",
            panic(|| {
                let item = (&mut [0.0_f32; 3][..], &[0.0_f32; 2][..], ParamInfo::new(1));
                OptimizerState::new().step(&pool, &Sgd::default(), 0.1, 1.0, [item].into_iter());
            }),
            "assertion `left == right` failed: values and gradients of parameter 0\n  left: 3\n right: 2",
        ),
        (
            "a parameter more than before",
            after_first(&adam, &[2, 3, 4]),
            "more parameters than the 2 of the first step",
        ),
        (
            "a parameter fewer than before",
            after_first(&adam, &[2]),
            "assertion `left == right` failed: parameters in this step and in the first\n  left: 1\n \
             right: 2",
        ),
        (
            "another length than before",
            after_first(&adam, &[2, 4]),
            "assertion `left == right` failed: moments and values of parameter 1\n  left: 3\n right: 4",
        ),
        (
            "another rule than before",
            after_first(&RmsProp::default(), &[2, 3]),
            "assertion `left == right` failed: buffers of the state and of the rule \"rmsprop\"\n  \
             left: 2\n right: 1",
        ),
        (
            "a unit of nothing",
            panic(|| {
                let item = (&mut [0.0_f32; 3][..], &[0.0_f32; 3][..], ParamInfo::new(0));
                OptimizerState::new().step(&pool, &Sgd::default(), 0.1, 1.0, [item].into_iter());
            }),
            "a unit of 0 elements cannot be split off",
        ),
        (
            "a step that Adam does not know",
            panic(|| adam.update(step(0), &mut [0.0], &[0.0], &mut [&mut [0.0], &mut [0.0]])),
            "Adam counts steps from 1, not 0",
        ),
        (
            "a norm of 0 to clip at",
            panic(|| clip_scale([&[1.0_f32][..]].into_iter(), 0.0)),
            "the norm to clip at is 0; it must be above 0",
        ),
        (
            "a norm of NaN to clip at",
            panic(|| clip_scale([&[1.0_f32][..]].into_iter(), f64::NAN)),
            "the norm to clip at is NaN; it must be above 0",
        ),
        (
            "a momentum of 1",
            refuse(&Nesterov::new(0.1).momentum(1.0)),
            "the momentum is 1; it must be at least 0 and below 1",
        ),
        (
            "a decay rate of NaN",
            refuse(&RmsProp::new(0.1).decay_rate(f64::NAN)),
            "the decay rate is NaN; it must be at least 0 and below 1",
        ),
        (
            "a beta below 0",
            refuse(&Adam::new(0.1).betas(0.9, -0.1)),
            "beta2 is -0.1; it must be at least 0 and below 1",
        ),
        (
            "an epsilon of 0",
            refuse(&Adam::new(0.1).epsilon(0.0)),
            "epsilon is 0; it must be above 0 and finite",
        ),
        (
            "a step schedule that never changes",
            error(
                Schedule::Step {
                    every_epochs: 0,
                    factor: 0.5,
                }
                .check(),
            ),
            "the number of epochs between two changes of the learning rate is 0; it must be above 0 \
             and finite",
        ),
        (
            "a step schedule of factor NaN",
            error(
                Schedule::Step {
                    every_epochs: 1,
                    factor: f64::NAN,
                }
                .check(),
            ),
            "the factor of the step schedule is NaN; it must be above 0 and finite",
        ),
        (
            "a run of all the epochs there are",
            format!("{:.4?}", schedules.each_ref().map(endless)),
            "[0.1000, 0.1000, 0.0040]",
        ),
        (
            "a cosine after its end",
            format!("{}", Schedule::Cosine.learning_rate(0.1, at(15, 1, 10))),
            "0",
        ),
        (
            "a cosine of no steps",
            format!("{}", Schedule::Cosine.learning_rate(0.1, at(0, 0, 0))),
            "0.1",
        ),
    ]);
}
