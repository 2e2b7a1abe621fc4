-- What the destination of an upsert holds: as many rows as come, half of them with a key that comes, and other amounts.
INSERT INTO bench_events
SELECT
    id,
    id % 977,
    'view',
    0,
    id % 3 = 0,
    md5(id::text),
    timestamptz '2026-01-01 00:00:00Z' + id * interval '1.5 seconds'
FROM generate_series(:rows / 2 + 1, :rows + :rows / 2) AS id;
VACUUM (FREEZE, ANALYZE) bench_events;
