-- Numeric and jsonb: twenty columns, eleven numbers of different sizes and eight documents beside the key.
CREATE TABLE bench_numbers (
    id bigint PRIMARY KEY,
    n1 numeric, n2 numeric, n3 numeric, n4 numeric, n5 numeric(12, 2), n6 numeric(12, 2), n7 numeric(20, 4), n8 numeric(20, 4),
    n9 numeric(38, 10), n10 numeric(38, 10), n11 numeric,
    j1 jsonb, j2 jsonb, j3 jsonb, j4 jsonb, j5 jsonb, j6 jsonb, j7 jsonb, j8 jsonb
);
