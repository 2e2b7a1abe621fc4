-- The table of the bench without its key.
CREATE TABLE bench_events (
    id bigint NOT NULL,
    tenant integer NOT NULL,
    kind text NOT NULL,
    amount double precision,
    paid boolean NOT NULL,
    token text NOT NULL,
    created_at timestamptz NOT NULL
);
