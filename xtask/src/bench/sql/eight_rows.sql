-- The same rows as in the one table, an eighth of them in each.
SELECT format($$
    INSERT INTO bench_%1$s
    SELECT
        id,
        id %% 977,
        (ARRAY['view', 'click', 'purchase', 'refund'])[id %% 4 + 1],
        CASE WHEN id %% 11 > 0 THEN id * 0.01 END,
        id %% 3 = 0,
        md5(id::text),
        timestamptz '2026-01-01 00:00:00Z' + id * interval '1.5 seconds'
    FROM generate_series(%2$s::bigint * (%1$s - 1) / 8 + 1, %2$s::bigint * %1$s / 8) AS id
$$, n, :rows) FROM generate_series(1, 8) AS n \gexec
VACUUM (FREEZE, ANALYZE);
