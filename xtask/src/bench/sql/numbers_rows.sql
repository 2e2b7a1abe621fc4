INSERT INTO bench_numbers
SELECT
    id,
    id, -id * 1.5, id * 0.001, CASE WHEN id % 7 > 0 THEN id * 1000000007.0 END, id % 10000 * 0.01, id % 997, id * 0.0001,
    -id % 100000 * 1.0625, id * 12345678901234.0123456789, 1.0 / id, id * 1e-20,
    to_jsonb(id), jsonb_build_object('id', id, 'kind', 'view'), jsonb_build_array(id, id + 1, NULL),
    jsonb_build_object('amount', id * 0.01, 'paid', id % 3 = 0), to_jsonb(md5(id::text)),
    CASE WHEN id % 5 > 0 THEN jsonb_build_object('tags', jsonb_build_array('a', 'b', id % 10)) END,
    jsonb_build_object('nested', jsonb_build_object('deep', jsonb_build_object('id', id))), 'null'
FROM generate_series(1, :rows) AS id;
VACUUM (FREEZE, ANALYZE) bench_numbers;
