-- Count, content whatever the order of the rows, and how many primary keys. Columns are cast to the source's types, because some
-- tools make others: a benchmark asks whether the values arrived.
SELECT
    count(*),
    sum(hashtextextended(ROW(
        id::bigint, tenant::integer, kind::text, amount::double precision, paid::boolean, token::text, created_at::timestamptz
    )::text, 0)::numeric),
    (SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND conrelid = 'bench_events'::regclass)
FROM bench_events;
