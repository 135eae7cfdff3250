use super::*;

#[test]
fn every_panel_has_one_owner_and_chunks_are_contiguous() {
    for threads in [1, 2, 3, 8] {
        let pool = Pool::new(threads);
        for panels in 1..40 {
            let mut next = 0;
            for thread in 0..threads {
                for k in chunk_of(panels, thread, threads) {
                    assert_eq!(k, next);
                    assert_eq!(pool.owner_of(panels, k), thread);
                    next += 1;
                }
            }
            assert_eq!(next, panels);
        }
    }
}

#[test]
fn every_element_is_visited_once_with_its_own_index() {
    for threads in [1, 2, 3, 8] {
        let pool = Pool::with_meeting_time(threads, Duration::ZERO);
        for length in [0, 1, 1000, 1 << 14, (1 << 14) + 13] {
            let (mut a, mut b) = (vec![0_usize; length], vec![1_usize; length]);
            pool.par_split(48, [&mut a, &mut b], |range, [a, b]| {
                assert!(range.start % 48 == 0, "cut inside a unit");
                for ((i, a), b) in range.zip(a).zip(b) {
                    *a += i;
                    *b += i;
                }
            });
            assert!(a.iter().enumerate().all(|(i, &x)| x == i));
            assert!(b.iter().enumerate().all(|(i, &x)| x == i + 1));
        }
    }
}

#[test]
fn work_decides_how_many_threads_get_a_share() {
    for (meeting_ns, work_ns, shares) in [(50, 1e3, 2), (300, 1e3, 1), (20_000, 1e6, 2)] {
        let pool = Pool::with_meeting_time(2, Duration::from_nanos(meeting_ns));
        let mut owners = [9; 6];
        pool.par_split_work(work_ns, 1, [&mut owners], |thread, _, [chunk]| {
            chunk.fill(thread);
        });
        let expected = if shares == 2 { 1 } else { 0 };
        assert_eq!((owners[0], owners[5]), (0, expected), "{meeting_ns} ns");
    }
}

#[test]
fn a_pool_uses_no_more_threads_than_there_are_cores() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let pool = Pool::new(cores + 3);
    // Enough decisions for several measurements.
    for _ in 0..20_000 {
        assert!((1..=cores).contains(&pool.threads_for(f64::INFINITY)));
    }
    let mut owners = vec![usize::MAX; 64];
    pool.par_split_work(1e12, 1, [&mut owners], |thread, _, [chunk]| {
        chunk.fill(thread);
    });
    assert!(owners.iter().all(|&owner| owner < cores), "{owners:?}");
}
