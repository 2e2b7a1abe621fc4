CREATE TABLE public.orders (id bigint PRIMARY KEY, customer text NOT NULL, total numeric(10,2), created_at timestamptz NOT NULL);
INSERT INTO public.orders SELECT i, CASE WHEN i % 5 = 0 THEN 'test' ELSE 'customer ' || i % 20 END, nullif(i % 7, 0) * 1.25, '2024-02-29 12:00+00'
  FROM generate_series(1, 50) AS i;
