-- Texts of 66,016 hexadecimal digits, each another rotation of one: hardly compressible, as documents with random parts are.
INSERT INTO bench_wide
SELECT id, substr(base, 1 + (id * 7919 % 66016)::integer) || substr(base, 1, (id * 7919 % 66016)::integer)
FROM (SELECT string_agg(md5(part::text), '') AS base FROM generate_series(1, 2063) AS part) AS one,
    generate_series(1, :rows) AS id;
VACUUM (FREEZE, ANALYZE) bench_wide;
