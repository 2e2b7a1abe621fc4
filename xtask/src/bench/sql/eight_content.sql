SELECT count(*), sum(hash),
    (SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND connamespace = 'public'::regnamespace)
FROM (
    SELECT hashtextextended(bench_1::text, 0)::numeric AS hash FROM bench_1
    UNION ALL SELECT hashtextextended(bench_2::text, 0) FROM bench_2
    UNION ALL SELECT hashtextextended(bench_3::text, 0) FROM bench_3
    UNION ALL SELECT hashtextextended(bench_4::text, 0) FROM bench_4
    UNION ALL SELECT hashtextextended(bench_5::text, 0) FROM bench_5
    UNION ALL SELECT hashtextextended(bench_6::text, 0) FROM bench_6
    UNION ALL SELECT hashtextextended(bench_7::text, 0) FROM bench_7
    UNION ALL SELECT hashtextextended(bench_8::text, 0) FROM bench_8
) AS hashes;
