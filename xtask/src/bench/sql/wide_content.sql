SELECT count(*), sum(hashtextextended(bench_wide::text, 0)::numeric),
    (SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND conrelid = 'bench_wide'::regclass)
FROM bench_wide;
