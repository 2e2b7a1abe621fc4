-- The shop that `rapidbyte demo` syncs: ten tables, every common type of PostgreSQL, the same rows each time.
-- demo.rows, which the command sets first, is the size of the largest table, order_lines.

CREATE SCHEMA shop;
SET search_path = shop;
SET TIME ZONE 'UTC';

CREATE TYPE order_status AS ENUM ('new', 'paid', 'packed', 'shipped', 'delivered', 'returned');
CREATE TYPE package_size AS (width_mm integer, height_mm integer, depth_mm integer);
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');

CREATE TABLE countries (
    code char(2) PRIMARY KEY,
    name text NOT NULL,
    currency char(3) NOT NULL,
    vat_rate numeric(4, 2) NOT NULL,
    population bigint,
    in_eu boolean NOT NULL,
    languages text[] NOT NULL
);
INSERT INTO countries VALUES
    ('AT', 'Österreich', 'EUR', 20.00, 9180000, true, '{de}'),
    ('BE', 'België / Belgique', 'EUR', 21.00, 11800000, true, '{nl,fr,de}'),
    ('CH', 'Schweiz / Suisse', 'CHF', 8.10, 8960000, false, '{de,fr,it,rm}'),
    ('CZ', 'Česko', 'CZK', 21.00, 10900000, true, '{cs}'),
    ('DE', 'Deutschland', 'EUR', 19.00, 84500000, true, '{de}'),
    ('ES', 'España', 'EUR', 21.00, 48600000, true, '{es,ca,gl,eu}'),
    ('FR', 'France', 'EUR', 20.00, 68400000, true, '{fr}'),
    ('GR', 'Ελλάδα', 'EUR', 24.00, 10400000, true, '{el}'),
    ('JP', '日本', 'JPY', 10.00, 124000000, false, '{ja}'),
    ('GB', 'United Kingdom', 'GBP', 20.00, NULL, false, '{en,cy}');

CREATE TABLE categories (
    id smallint PRIMARY KEY,
    parent_id smallint REFERENCES categories,
    name varchar(40) NOT NULL,
    path text[] NOT NULL
);
INSERT INTO categories
SELECT i, CASE WHEN i > 8 THEN (i - 1) % 8 + 1 END, 'Category ' || i,
    CASE WHEN i > 8 THEN ARRAY['Category ' || (i - 1) % 8 + 1, 'Category ' || i] ELSE ARRAY['Category ' || i] END
FROM generate_series(1, 40) AS i;

CREATE TABLE customers (
    id integer PRIMARY KEY,
    public_id uuid NOT NULL UNIQUE,
    name varchar(80) NOT NULL,
    mail email NOT NULL,
    country char(2) NOT NULL REFERENCES countries,
    born date,
    credit numeric(12, 2) NOT NULL,
    newsletter boolean NOT NULL,
    preferences jsonb NOT NULL,
    last_address inet,
    avatar bytea,
    created_at timestamptz NOT NULL
);
INSERT INTO customers
SELECT i, md5('customer ' || i)::uuid,
    (ARRAY['Ada', 'Björn', 'Chloé', 'Đorđe', 'Eleni', 'Fatma', 'Grace', 'Håkon', '花子', 'Zoë'])[i % 10 + 1] || ' '
        || (ARRAY['Müller', 'O''Neill', 'Núñez', 'Šimek', 'van der Berg', '山田', 'Łukasik'])[i % 7 + 1],
    'customer' || i || '@example.org',
    (ARRAY['AT', 'BE', 'CH', 'CZ', 'DE', 'ES', 'FR', 'GR', 'JP', 'GB'])[i * 7 % 10 + 1],
    CASE WHEN i % 9 > 0 THEN date '1940-01-01' + i * 37 % 24000 END,
    (i::bigint * 7919 % 1000000) / 100.0, i % 3 = 0,
    jsonb_build_object('theme', CASE WHEN i % 2 = 0 THEN 'dark' ELSE 'light' END, 'sizes', jsonb_build_array(i % 5, i % 7),
        'note', CASE WHEN i % 11 = 0 THEN 'likes "quotes" and \ signs' END),
    CASE WHEN i % 4 > 0 THEN inet '10.0.0.0' + i END,
    CASE WHEN i % 6 = 0 THEN decode(md5('avatar ' || i), 'hex') END,
    timestamptz '2021-03-01 08:00:00+00' + i * interval '7 minutes 13.000017 seconds'
FROM generate_series(1, greatest(current_setting('demo.rows')::integer / 10, 1)) AS i;

CREATE TABLE products (
    id integer PRIMARY KEY,
    sku varchar(16) NOT NULL UNIQUE,
    category_id smallint NOT NULL REFERENCES categories,
    name text NOT NULL,
    description text,
    price numeric(10, 2) NOT NULL,
    weight_kg real NOT NULL,
    rating double precision,
    box package_size,
    attributes json NOT NULL,
    stock_levels integer[] NOT NULL,
    on_sale daterange,
    released date
);
INSERT INTO products
SELECT i, 'SKU-' || lpad(i::text, 8, '0'), i % 40 + 1, 'Product № ' || i,
    CASE WHEN i % 5 > 0 THEN repeat('A plain description; with, commas and' || chr(10) || 'a second line. ', i % 4) END,
    (i::bigint * 104729 % 100000) / 100.0, (i % 977) / 31.0::real, CASE WHEN i % 13 = 0 THEN 'NaN' ELSE (i % 50) / 10.0 END::double precision,
    CASE WHEN i % 3 > 0 THEN ROW(i % 400, i % 300, nullif(i % 200, 0))::package_size END,
    json_build_object('colour', (ARRAY['red', 'green', 'blue'])[i % 3 + 1], 'i', i),
    ARRAY[i % 100, NULL, i % 10], CASE WHEN i % 8 = 0 THEN daterange(date '2025-01-01' + i % 300, date '2025-01-08' + i % 300) END,
    CASE WHEN i % 21 = 0 THEN 'infinity' ELSE date '2020-01-01' + i % 2000 END
FROM generate_series(1, greatest(current_setting('demo.rows')::integer / 50, 1)) AS i;

CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers,
    status order_status NOT NULL,
    history order_status[] NOT NULL,
    placed_at timestamptz NOT NULL,
    due_on date NOT NULL,
    deliver_after time,
    gift_note text
);
INSERT INTO orders (customer_id, status, history, placed_at, due_on, deliver_after, gift_note)
SELECT i % greatest(current_setting('demo.rows')::integer / 10, 1) + 1,
    (enum_range(NULL::order_status))[i % 6 + 1], (enum_range(NULL::order_status))[1:i % 6 + 1],
    timestamptz '2024-01-01 00:00:00+00' + i * interval '97.123457 seconds', date '2024-01-03' + i % 365,
    CASE WHEN i % 4 = 0 THEN time '08:00' + i % 600 * interval '1 minute' END,
    CASE WHEN i % 17 = 0 THEN 'Für dich 🎁 – alles Gute' END
FROM generate_series(1, greatest(current_setting('demo.rows')::integer * 3 / 10, 1)) AS i;

CREATE TABLE order_lines (
    order_id bigint NOT NULL REFERENCES orders,
    line smallint NOT NULL,
    product_id integer NOT NULL REFERENCES products,
    quantity integer NOT NULL,
    unit_price numeric(10, 2) NOT NULL,
    discount real NOT NULL,
    total numeric(14, 4) GENERATED ALWAYS AS (quantity * unit_price) STORED,
    note text,
    PRIMARY KEY (order_id, line)
);
INSERT INTO order_lines (order_id, line, product_id, quantity, unit_price, discount, note)
SELECT i % greatest(current_setting('demo.rows')::integer * 3 / 10, 1) + 1,
    i / greatest(current_setting('demo.rows')::integer * 3 / 10, 1) + 1,
    i % greatest(current_setting('demo.rows')::integer / 50, 1) + 1, i % 9 + 1, (i::bigint * 7907 % 50000) / 100.0, (i % 4) / 8.0::real,
    CASE WHEN i % 25 = 0 THEN 'fragile: handle with care' END
FROM generate_series(0, current_setting('demo.rows')::integer - 1) AS i;

CREATE TABLE payments (
    id uuid PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders,
    amount numeric NOT NULL,
    fee money NOT NULL,
    flags bit(8) NOT NULL,
    signature varbit,
    settled_at timestamp,
    processing interval NOT NULL
);
INSERT INTO payments
SELECT md5('payment ' || i)::uuid, i, (i::bigint * 6151 % 90000)::numeric / 7, (i % 300)::integer::money / 100,
    (i % 256)::bit(8), CASE WHEN i % 5 = 0 THEN repeat('10', i % 9)::varbit END,
    CASE WHEN i % 10 = 0 THEN 'infinity' WHEN i % 10 < 9 THEN timestamp '2024-01-01 12:00:00.000001' + i * interval '97 seconds' END,
    i % 14 * interval '1 day 02:03:04.5' - i % 2 * interval '1 month'
FROM generate_series(1, greatest(current_setting('demo.rows')::integer / 5, 1)) AS i
WHERE i <= greatest(current_setting('demo.rows')::integer * 3 / 10, 1);

CREATE TABLE shipments (
    id integer PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders,
    position point,
    area box,
    scanner macaddr NOT NULL,
    network cidr NOT NULL,
    window_of_delivery tstzrange,
    collected_at timetz,
    route point[]
);
INSERT INTO shipments
SELECT i, i, CASE WHEN i % 7 > 0 THEN point(8.5 + (i % 100) / 97.0, 47.3 + (i % 91) / 89.0) END,
    CASE WHEN i % 20 = 0 THEN box(point(0, 0), point(i % 9, i % 8)) END,
    ('08:00:2b:' || substr(md5(i::text), 1, 2) || ':' || substr(md5(i::text), 3, 2) || ':' || substr(md5(i::text), 5, 2))::macaddr,
    ('10.' || i % 256 || '.0.0/16')::cidr,
    CASE WHEN i % 3 = 0 THEN tstzrange(timestamptz '2024-02-01 08:00:00+00' + i * interval '1 hour', NULL) END,
    CASE WHEN i % 2 = 0 THEN timetz '08:30:00+01' + i % 500 * interval '1 minute' END,
    CASE WHEN i % 50 = 0 THEN ARRAY[point(1, 2), point(3.5, i % 5)] END
FROM generate_series(1, greatest(current_setting('demo.rows')::integer / 10, 1)) AS i;

CREATE TABLE page_views (
    id bigint PRIMARY KEY,
    seen_at timestamptz NOT NULL,
    customer_id integer,
    url text NOT NULL,
    client inet NOT NULL,
    millis real,
    search tsvector,
    tags varchar(20)[]
);
INSERT INTO page_views
SELECT i, timestamptz '2024-06-01 00:00:00+00' + i * interval '1.618034 seconds', nullif(i % 500, 0),
    '/products/' || i % 2000 || '?q=' || substr(md5('q' || i), 1, 6), inet '2001:db8::' + i, (i::bigint * 31 % 9000) / 7.0::real,
    CASE WHEN i % 10 = 0 THEN to_tsvector('simple', 'product ' || i || ' in blue') END,
    CASE i % 3 WHEN 0 THEN '{}'::varchar(20)[] WHEN 1 THEN ARRAY['new', 'with, comma', 'with "quote"'] END
FROM generate_series(1, greatest(current_setting('demo.rows')::integer / 2, 1)) AS i;

-- The edges of each type in a few rows: what tends to be lost on the way.
CREATE TABLE edge_cases (
    id smallint PRIMARY KEY,
    small smallint, whole integer, big bigint,
    single real, double double precision, exact numeric,
    day date, moment timestamp, instant timestamptz, span interval,
    words text, letter "char", blob bytea, fixed char(5), identifier name,
    document jsonb, grid integer[][], shifted text[], ranges int4multirange, object oid
);
INSERT INTO edge_cases VALUES
    (1, -32768, -2147483648, -9223372036854775808, '-Infinity', '-Infinity', '-Infinity', '-infinity', '-infinity', '-infinity',
        '-178000000 years', '', ' ', '', '', '', 'null', '{}', '{}', '{}', 0),
    (2, 32767, 2147483647, 9223372036854775807, 'Infinity', 'Infinity', 'Infinity', 'infinity', 'infinity', 'infinity',
        '178000000 years', E'tab\t, newline\n, backslash \\, quote '' and "', 'z', '\x000102feff', 'ab   ', 'Name', '{"a": [1, 2.50, "é"]}',
        '{{1,NULL},{3,4}}', '[5:7]={five,NULL,"NULL"}', '{[1,3),[7,9)}', 4294967295),
    (3, 0, 0, 0, 'NaN', 'NaN', 'NaN', '4713-01-01 BC', '4713-01-01 00:00:00 BC', '0044-03-15 12:00:00+00 BC', '-1 day +23:59:59.999999',
        '𝔘𝔫𝔦𝔠𝔬𝔡𝔢 👩‍👩‍👧 e' || chr(769), 'a', '\xdeadbeef', 'é', 'ünï', '"text"', '{{{1}},{{2}}}', '{NULL}', '{(,5),[10,)}', 16384),
    (4, 1, 1, 1, 1.17549435e-38, 5e-324, 0.00000000000000000000000000000000000001, '5874897-12-31', '294276-12-31 23:59:59.999999',
        '294276-12-31 23:59:59.999999+00', '0', repeat('long ', 2000), 'b', decode(repeat('00ff', 3000), 'hex'), 'abcde', repeat('n', 63),
        '{"deep": {"er": {"est": null}}}', NULL, NULL, NULL, NULL),
    (5, NULL, NULL, NULL, -0.0, -0.0, 99999999999999999999999999999999999999.000, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
        NULL, NULL, NULL, NULL);

ANALYZE;
