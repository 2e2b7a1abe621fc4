SELECT count(*), sum(hashint8extended(id * 1000003 + n, 0)::numeric),
    (SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND conrelid = 'bench_narrow'::regclass)
FROM bench_narrow;
