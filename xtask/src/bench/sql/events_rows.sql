-- The rows of the bench, the same every time: `:rows` is how many.
INSERT INTO bench_events
SELECT
    id,
    id % 977,
    (ARRAY['view', 'click', 'purchase', 'refund'])[id % 4 + 1],
    CASE WHEN id % 11 > 0 THEN id * 0.01 END,
    id % 3 = 0,
    md5(id::text),
    timestamptz '2026-01-01 00:00:00Z' + id * interval '1.5 seconds'
FROM generate_series(1, :rows) AS id;
VACUUM (FREEZE, ANALYZE) bench_events;
