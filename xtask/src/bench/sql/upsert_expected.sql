-- What an upsert must leave: the source's rows, and those that none of them met.
SELECT
    count(*),
    sum(hashtextextended(ROW(id, tenant, kind, amount, paid, token, created_at)::text, 0)::numeric),
    1
FROM (TABLE bench_events UNION ALL TABLE apart.untouched) AS merged;
