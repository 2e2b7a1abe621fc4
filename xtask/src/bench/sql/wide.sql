-- Wide rows: a text of 66 KB, which PostgreSQL keeps out of line.
CREATE TABLE bench_wide (id bigint PRIMARY KEY, body text NOT NULL);
