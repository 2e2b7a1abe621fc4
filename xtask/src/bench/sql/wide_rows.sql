-- Texts of 66,016 characters that compress well: of others the server's own compression takes ten times as long as all else, and
-- hides what is measured. On the wire each has its full length.
INSERT INTO bench_wide SELECT id, repeat(md5(id::text), 2063) FROM generate_series(1, :rows) AS id;
VACUUM (FREEZE, ANALYZE) bench_wide;
