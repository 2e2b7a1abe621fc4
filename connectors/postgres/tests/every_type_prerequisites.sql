-- What must be at both ends before the tables of every_type.sql can be moved: what the destination refuses to make.
CREATE SCHEMA IF NOT EXISTS every_type;
CREATE TYPE every_type.float_range AS RANGE (subtype = float8, subtype_diff = float8mi);
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'hstore') THEN
        CREATE EXTENSION IF NOT EXISTS hstore SCHEMA public;
    END IF;
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citext') THEN
        CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;
    END IF;
END $$;
