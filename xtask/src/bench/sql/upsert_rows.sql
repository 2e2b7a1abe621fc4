-- Beside the rows to upsert, those of the destination that no row of the source meets: what must be there afterwards as well.
CREATE SCHEMA apart;
CREATE TABLE apart.untouched AS
SELECT
    id,
    id % 977 AS tenant,
    'view'::text AS kind,
    0::double precision AS amount,
    id % 3 = 0 AS paid,
    md5(id::text) AS token,
    timestamptz '2026-01-01 00:00:00Z' + id * interval '1.5 seconds' AS created_at
FROM generate_series(:rows + 1, :rows + :rows / 2) AS id;
