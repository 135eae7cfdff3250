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
    let (huber, quantile) = (Huber::default(), Quantile::default());
    let (smoothing, focal) = (LabelSmoothing::default(), Focal::default());
    let losses: [&dyn Loss<f64>; 10] = [
        &SoftmaxCrossEntropy,
        &CrossEntropy,
        &smoothing,
        &focal,
        &MeanSquaredError,
        &BinaryCrossEntropyWithLogits,
        &MeanAbsoluteError,
        &huber,
        &quantile,
        &Poisson,
    ];
    let mut list = Vec::new();
    for loss in losses {
        let all = TargetsView::Values(values.view());
        let said = [
            (
                "targets of another width, checked",
                error(loss.check(2, TargetsView::Values(narrow.view()))),
            ),
            (
                "a target that is not a number, checked",
                error(loss.check(2, TargetsView::Values(nan.view()))),
            ),
            (
                "targets of another width",
                evaluate(loss, TargetsView::Values(narrow.view()), None, (2, 2)),
            ),
            (
                "targets of fewer rows",
                evaluate(loss, TargetsView::Values(first.view()), None, (2, 2)),
            ),
            ("too few weights", evaluate(loss, all, Some(&[1.0]), (2, 2))),
            (
                "a gradient of another shape",
                evaluate(loss, all, None, (2, 3)),
            ),
        ];
        list.extend(of(loss.name(), said));
    }
    for loss in &losses[..4] {
        let negative = array![[0.0, -0.5], [1.0, 0.0]];
        let said = [
            (
                "one class",
                error(loss.check(1, TargetsView::Classes(&[0, 0]))),
            ),
            (
                "no output",
                error(loss.check(0, TargetsView::Classes(&[0]))),
            ),
            (
                "a class out of range, checked",
                error(loss.check(3, TargetsView::Classes(&[2, 0, 3]))),
            ),
            (
                "a class out of range",
                evaluate(*loss, TargetsView::Classes(&[0, 2]), None, (2, 2)),
            ),
            (
                "a negative share",
                error(loss.check(2, TargetsView::Values(negative.view()))),
            ),
        ];
        list.extend(of(loss.name(), said));
    }
    for loss in &losses[4..] {
        let said = [
            ("classes, checked", error(loss.check(2, classes))),
            ("classes", evaluate(*loss, classes, None, (2, 2))),
        ];
        list.extend(of(loss.name(), said));
    }
    let above = array![[0.0, 1.5], [1.0, 0.0]];
    let said = [(
        "a label above 1",
        error(BinaryCrossEntropyWithLogits.check(2, TargetsView::Values(above.view()))),
    )];
    list.extend(of("BinaryCrossEntropyWithLogits", said));
    check("losses", list);
}

#[test]
fn optimizers() {
    let step = Step {
        t: 1,
        learning_rate: 0.1_f32,
        l2: 0.0,
        decoupled: 0.0,
        grad_scale: 1.0,
        constants: [0.0; 4],
    };
    let update = |rule: &dyn Optimizer<f32>, grads: usize, buffers: usize, length: usize| {
        let (mut values, grads) = ([0.0; 3], vec![0.0; grads]);
        let mut state = vec![vec![0.0; length]; buffers];
        let mut state: Vec<&mut [f32]> = state.iter_mut().map(Vec::as_mut_slice).collect();
        panic(|| rule.update(step, &mut values, &grads, &mut state))
    };
    let rules: [(&dyn Optimizer<f32>, &str); 9] = [
        (&Sgd::default(), "Sgd"),
        (&Nesterov::default(), "Nesterov"),
        (&RmsProp::default(), "RmsProp"),
        (&Adam::default(), "Adam"),
        (&Momentum::default(), "Momentum"),
        (&AdaGrad::default(), "AdaGrad"),
        (&AdamW::default(), "AdamW"),
        (&NAdam::default(), "NAdam"),
        (&Lion::default(), "Lion"),
    ];
    let mut list = Vec::new();
    for (rule, name) in rules {
        let buffers = rule.state_slots();
        let more = buffers + 1;
        let said = [
            ("too few gradients", update(rule, 2, buffers, 3)),
            ("a buffer too many", update(rule, 3, more, 3)),
            ("all as it should be", update(rule, 3, buffers, 3)),
        ];
        list.extend(of(name, said));
        if buffers > 0 {
            let said = [("a short buffer", update(rule, 3, buffers, 2))];
            list.extend(of(name, said));
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
    let said = [
        (
            "values and gradients of different length",
            panic(|| {
                let item = (&mut [0.0_f32; 3][..], &[0.0_f32; 2][..], ParamInfo::new(1));
                OptimizerState::new().step(&pool, &Sgd::default(), 0.1, 1.0, [item].into_iter());
            }),
        ),
        (
            "a parameter more than before",
            after_first(&adam, &[2, 3, 4]),
        ),
        ("a parameter fewer than before", after_first(&adam, &[2])),
        ("another length than before", after_first(&adam, &[2, 4])),
        (
            "another rule than before",
            after_first(&RmsProp::default(), &[2, 3]),
        ),
        (
            "a unit of nothing",
            panic(|| {
                let item = (&mut [0.0_f32; 3][..], &[0.0_f32; 3][..], ParamInfo::new(0));
                OptimizerState::new().step(&pool, &Sgd::default(), 0.1, 1.0, [item].into_iter());
            }),
        ),
        (
            "a step that Adam does not know",
            panic(|| Optimizer::<f32>::step_constants(&adam, 0)),
        ),
        (
            "a norm of 0 to clip at",
            panic(|| clip_scale([&[1.0_f32][..]].into_iter(), 0.0)),
        ),
        (
            "a norm of NaN to clip at",
            panic(|| clip_scale([&[1.0_f32][..]].into_iter(), f64::NAN)),
        ),
        ("a momentum of 1", refuse(&Nesterov::new(0.1).momentum(1.0))),
        (
            "a decay rate of NaN",
            refuse(&RmsProp::new(0.1).decay_rate(f64::NAN)),
        ),
        ("a beta below 0", refuse(&Adam::new(0.1).betas(0.9, -0.1))),
        ("an epsilon of 0", refuse(&Adam::new(0.1).epsilon(0.0))),
        ("a decay below 0", refuse(&AdamW::new(0.1).decay(-0.1))),
        (
            "a momentum decay of NaN",
            refuse(&NAdam::new(0.1).momentum_decay(f64::NAN)),
        ),
        (
            "a step that NAdam does not know",
            panic(|| Optimizer::<f32>::step_constants(&NAdam::default(), 0)),
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
        ),
        (
            "a run of all the epochs there are",
            format!("{:.4?}", schedules.each_ref().map(endless)),
        ),
        (
            "a cosine after its end",
            format!("{}", Schedule::Cosine.learning_rate(0.1, at(15, 1, 10))),
        ),
        (
            "a cosine of no steps",
            format!("{}", Schedule::Cosine.learning_rate(0.1, at(0, 0, 0))),
        ),
    ];
    list.extend(of("state or schedule", said));
    check("optimizers", list);
}
