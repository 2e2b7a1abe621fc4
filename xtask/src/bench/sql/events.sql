-- The table of the bench: seven columns of common types, about 108 bytes a row in the heap, with its key in place.
DROP TABLE IF EXISTS bench_events;
CREATE TABLE bench_events (
    id bigint PRIMARY KEY,
    tenant integer NOT NULL,
    kind text NOT NULL,
    amount double precision,
    paid boolean NOT NULL,
    token text NOT NULL,
    created_at timestamptz NOT NULL
);
