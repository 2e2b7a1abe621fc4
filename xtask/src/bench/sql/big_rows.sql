-- Texts of 1 MiB. They compress well, so that ten thousand fit a disk; on the wire each has its full length.
INSERT INTO bench_wide SELECT id, repeat(md5(id::text), 32768) FROM generate_series(1, :rows) AS id;
VACUUM (FREEZE, ANALYZE) bench_wide;
