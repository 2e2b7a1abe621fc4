-- The key comes afterwards: a hundred million rows into an indexed table would take most of an hour.
INSERT INTO bench_narrow SELECT id, id % 1000003 FROM generate_series(1, :rows) AS id;
ALTER TABLE bench_narrow ADD PRIMARY KEY (id);
VACUUM (FREEZE, ANALYZE) bench_narrow;
