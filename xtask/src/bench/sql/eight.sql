-- The table of the bench, eight times.
CREATE TABLE bench_1 (
    id bigint PRIMARY KEY,
    tenant integer NOT NULL,
    kind text NOT NULL,
    amount double precision,
    paid boolean NOT NULL,
    token text NOT NULL,
    created_at timestamptz NOT NULL
);
SELECT format('CREATE TABLE bench_%s (LIKE bench_1 INCLUDING ALL)', n) FROM generate_series(2, 8) AS n \gexec
