SELECT count(*), sum(hashtextextended(bench_numbers::text, 0)::numeric),
    (SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND conrelid = 'bench_numbers'::regclass)
FROM bench_numbers;
