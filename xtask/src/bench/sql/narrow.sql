-- Narrow rows: 36 bytes each in the heap.
CREATE TABLE bench_narrow (id bigint NOT NULL, n integer NOT NULL);
