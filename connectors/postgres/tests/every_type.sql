-- Tables with a column of every type, one table per group, and rows at the edges of their values. Run
-- every_type_prerequisites.sql before. Each table has the primary key id, and a row of NULLs with id 0.
CREATE TYPE every_type.mood AS ENUM ('sad', 'so ''so''', 'h"app\y', 'ПРИВЕТ', '');
CREATE DOMAIN every_type.positive AS int4 CHECK (VALUE > 0);
CREATE DOMAIN every_type.short AS varchar(5);
CREATE DOMAIN every_type.pair AS int4[];
CREATE TYPE every_type."Inner type" AS (a int4, "b ""q""" text, mood every_type.mood);
CREATE TYPE every_type.outer_type AS (
    one every_type."Inner type", many every_type."Inner type"[], at timestamptz, flag bool, amount numeric(12, 3));
CREATE TYPE every_type.nothing AS ();

CREATE TABLE every_type.numbers (
    id int PRIMARY KEY, b bool, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric, n10_2 numeric(10, 2),
    n3_5 numeric(3, 5), m money, o oid, x xid, c cid, x8 xid8, lsn pg_lsn, snap pg_snapshot, t tid);
INSERT INTO every_type.numbers (id) VALUES (0);
INSERT INTO every_type.numbers VALUES
    (1, true, 32767, 2147483647, 9223372036854775807, '3.4028235e38', '1.7976931348623157e308', 'NaN', 'NaN', 'NaN',
     '92233720368547758.07', 4294967295, '4294967295', '4294967295', '18446744073709551615', 'FFFFFFFF/FFFFFFFF',
     '10:20:10,14,15', '(4294967295,65535)'),
    (2, false, -32768, -2147483648, -9223372036854775808, '-3.4028235e38', '-1.7976931348623157e308', 'Infinity', 99999999.99,
     0.00999, '-92233720368547758.08', 0, '0', '0', '0', '0/0', '1:1:', '(0,0)'),
    (3, true, 0, 0, 0, '-0', '-0', '-Infinity', -99999999.99, -0.00999, '0', 1, '1', '1', '1', '16/B374D848', '5:9:7', '(7,1)'),
    (4, true, 1, 1, 1, '1e-45', '5e-324', '0', 0, 0, '-0.01', 1, '1', '1', '1', '1/1', '1:1:', '(1,1)'),
    (5, true, 1, 1, 1, 'NaN', 'NaN', '-0.00000000000000000000000001', 0.1, 0.00001, '0.1', 1, '1', '1', '1', '1/1', '1:1:', '(1,1)'),
    (6, true, 1, 1, 1, 'Infinity', 'Infinity', '10000.00010000', 1, 0, '1234567.89', 1, '1', '1', '1', '1/1', '1:1:', '(1,1)'),
    (7, true, 1, 1, 1, '-Infinity', '-Infinity', '0.0000', 1, 0, '1', 1, '1', '1', '1', '1/1', '1:1:', '(1,1)'),
    (8, true, 1, 1, 1, 0.1, 0.1, ('1' || repeat('0', 131071) || '.' || repeat('0', 16382) || '1')::numeric, 1, 0, '1', 1, '1', '1', '1', '1/1', '1:1:', '(1,1)'),
    (9, true, 1, 1, 1, 1e10, 1e22, ('-' || repeat('9', 131072) || '.' || repeat('9', 16383))::numeric, 1, 0, '1', 1, '1', '1', '1', '1/1', '1:1:', '(1,1)'),
    (10, true, 1, 1, 1, 1e-5, 1e-7, 100000000, 1, 0, '1', 1, '1', '1', '1', '1/1', '1:1:', '(1,1)'),
    (11, true, 1, 1, 1, 16777216, 9007199254740993, 1e-16383, 1, 0, '1', 1, '1', '1', '1', '1/1', '1:1:', '(1,1)');

CREATE TABLE every_type.texts (
    id int PRIMARY KEY, t text, v varchar, v10 varchar(10), c5 char(5), c bpchar, n name, q "char", b bytea, r refcursor);
INSERT INTO every_type.texts (id) VALUES (0);
INSERT INTO every_type.texts VALUES
    (1, '', '', '', '', '', '', '', '', ''),
    (2, 'it''s "quoted" \ \\ \n E''x''', E'tab\tline\nreturn\r', '1234567890', 'ab', 'ab  ', 'name', 'x', '\x00ff5c27', 'cursor'),
    (3, E'\u0001\u007f\u0080\u00a0\uffff', '𝒳🐘é', 'ÄÖÜß', '🐘', '  ', repeat('n', 63), '\', '\x', E'\\'),
    (4, 'NULL', 'null', '\N', '\.', '{}', '(,)', '''', decode(repeat('00', 10000), 'hex'), 'NULL'),
    (5, repeat('long ', 20000), ' ', ' ', '     ', E'\n', ' ', ' ', convert_to('text', 'UTF8'), '$1');

CREATE TABLE every_type.times (
    id int PRIMARY KEY, d date, t time, t0 time(0), tz timetz, tz3 timetz(3), ts timestamp, ts3 timestamp(3), tstz timestamptz,
    tstz0 timestamptz(0), i interval, i3 interval(3), im interval year to month, ids interval day to second(2));
INSERT INTO every_type.times (id) VALUES (0);
INSERT INTO every_type.times VALUES
    (1, 'infinity', '24:00:00', '24:00:00', '24:00:00+15:59:59', '24:00:00-15:59:59', 'infinity', 'infinity', 'infinity',
     'infinity', '178000000 years', '1 day', '178000000 years', '1 day'),
    (2, '-infinity', '00:00:00', '00:00:00', '00:00:00-15:59:59', '00:00:00+15:59:59', '-infinity', '-infinity', '-infinity',
     '-infinity', '-178000000 years', '-1 day', '-178000000 years', '-1 day'),
    (3, '4713-01-01 BC', '23:59:59.999999', '23:59:59', '12:34:56.789+05:30', '12:34:56.789+00', '4713-01-01 00:00:00 BC',
     '4713-01-01 00:00:00 BC', '4713-01-01 00:00:00+00 BC', '4713-01-01 00:00:00+00 BC', '1 mon -1 day 00:00:00.000001',
     '-1 mon 1 day -00:00:00.001', '-13 mons', '1 day -02:03:04.56'),
    (4, '5874897-12-31', '12:00', '12:00', '12:00+00', '12:00-08', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999',
     '294276-12-31 23:59:59.999999+00', '294276-12-31 23:59:59+00', '2147483647 days', '-2147483648 days', '0', '0'),
    (5, '0001-12-31 BC', '00:00:00.000001', '00:00:01', '00:00:00.000001+00', '00:00:00.001+00', '0001-12-31 23:59:59.999999 BC',
     '0001-01-01', '0001-01-01 00:00:00+00', '1999-12-31 23:59:59+00', '-1 years -2 mons +3 days -04:05:06.789', '0', '1 mon', '0'),
    (6, '2000-02-29', '01:02:03', '01:02:03', '01:02:03-00:00:01', '01:02:03+14', '1999-12-31 23:59:59.999999', '2000-01-01',
     '2024-02-29 12:34:56.789+02', '1970-01-01 00:00:00+00', '9223372036854775807 microseconds', '1 day', '1 year', '1 day'),
    (7, '1900-03-01', '01:02:03', '01:02:03', '01:02:03+00', '01:02:03+00', '1582-10-15 00:00:00', '1970-01-01',
     '1969-12-31 23:59:59.999999+00', '0044-03-15 12:00:00+00 BC', '-9223372036854775808 microseconds', '1 day', '1 year', '1 day'),
    -- The two that an epoch of 1970 would shift onto the ends of 64 bits.
    (8, '2100-02-28', '01:02:03', '01:02:03', '01:02:03+00', '01:02:03+00', '294247-01-10 04:00:54.775807', '2000-01-01',
     '294247-01-10 04:00:54.775808+00', '2000-01-01 00:00:00+00', '2147483647 mons', '1 day', '-178000000 years', '1 day');

CREATE TABLE every_type.networks (
    id int PRIMARY KEY, i inet, c cidr, m macaddr, m8 macaddr8, u uuid, b bit, b11 bit(11), v varbit, v5 varbit(5));
INSERT INTO every_type.networks (id) VALUES (0);
INSERT INTO every_type.networks VALUES
    (1, '0.0.0.0/0', '0.0.0.0/0', '00:00:00:00:00:00', '00:00:00:00:00:00:00:00', '00000000-0000-0000-0000-000000000000', B'0',
     B'00000000000', B'', B''),
    (2, '255.255.255.255', '255.255.255.255/32', 'ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff:ff:ff',
     'ffffffff-ffff-ffff-ffff-ffffffffffff', B'1', B'11111111111', repeat('10', 5000)::varbit, B'10101'),
    (3, '192.168.1.5/24', '192.168.0.0/16', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05',
     'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', B'1', B'10000000001', B'1', B'1'),
    (4, '::', '::/0', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', B'1', B'10000000001',
     B'10000000', B'1'),
    (5, 'fe80::1234:5678:9abc:def0/64', '2001:db8::/32', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05',
     'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', B'1', B'10000000001', B'100000001', B'1'),
    (6, '::ffff:1.2.3.4', '::ffff:1.2.3.0/120', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05',
     'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', B'1', B'10000000001', B'1', B'1');

CREATE TABLE every_type.shapes (
    id int PRIMARY KEY, p point, l line, s lseg, b box, pa path, po polygon, c circle);
INSERT INTO every_type.shapes (id) VALUES (0);
INSERT INTO every_type.shapes VALUES
    (1, '(0,0)', '{1,2,3}', '[(0,0),(1,1)]', '(1,1),(0,0)', '((0,0),(1,1),(2,0))', '((0,0),(1,1),(2,0))', '<(0,0),1>'),
    (2, '(1e308,-1e-308)', '{0,-1,1e300}', '[(1e-300,2),(3,4)]', '(-1,-2),(-3,-4)', '[(0,0)]', '((0.1,0.2))', '<(-1.5,2.25),0>'),
    (3, '(Infinity,-Infinity)', '{Infinity,1,NaN}', '[(NaN,0),(0,NaN)]', '(Infinity,1),(0,-Infinity)',
     '[(1,2),(3,4),(5,6)]', '((0,0),(0,1),(1,1),(1,0))', '<(0,0),Infinity>'),
    (4, '(NaN,-0)', '{1,-0,0}', '[(0,0),(0,0)]', '(0,0),(0,0)', '((0.1,0.2),(0.3,0.4))', '((-0,0),(NaN,1))', '<(NaN,1),2>');

-- A tsquery without lexemes is left out: the server does not take back what it sends for it.
CREATE TABLE every_type.documents (
    id int PRIMARY KEY, j json, jb jsonb, x xml, v tsvector, q tsquery, jp jsonpath);
INSERT INTO every_type.documents (id) VALUES (0);
INSERT INTO every_type.documents VALUES
    (1, 'null', 'null', '', '', 'x', '$'),
    (2, '{"a": 1,  "a": 2, "b":[1e400, "\u0000"]}', '{"b": [1e400, "ü\\\"''"], "a": {"": null}}', '<a b="c">text &amp; ''more''</a>',
     'a:1A,2B,3C,4 fat:16383 cat', 'fat & (cat | rat) & !dog', '$.a[*] ? (@.b > 1 && @.c == "x")'),
    (3, ' [ ] ', '[]', 'content <b/> more', $q$'it''s' '\\back' 'with space':5 '"'$q$::tsvector, $q$'it''s' <-> '\\b' <3> 'c d':*A | !(x & y)$q$, 'strict $."k\"ey"'),
    (4, '"text"', '1.10', '<!-- c --><r/>', array_to_tsvector(ARRAY['élan', '🐘']), '!!a', '$ ? (@ like_regex "^\\d+$")'),
    (5, '1.0', '"\\n"', '<x/>', repeat('w', 2000)::tsvector, 'a & b & c & d | e | f <-> g <-> h', '$.**{2 to 4}');

CREATE TABLE every_type.enums (
    id int PRIMARY KEY, m every_type.mood, p every_type.positive, s every_type.short, d every_type.pair, ms every_type.mood[],
    ps every_type.positive[]);
INSERT INTO every_type.enums (id) VALUES (0);
INSERT INTO every_type.enums VALUES
    (1, 'sad', 1, 'short', '{1,2}', '{sad,"so ''so''"}', '{1,2}'),
    (2, 'h"app\y', 2147483647, '', '{}', ARRAY['h"app\y', 'ПРИВЕТ', '', NULL]::every_type.mood[], '{NULL}'),
    (3, '', 5, 'ЖЖЖЖЖ', '[-1:0]={NULL,7}', '{}', '{{1,2},{3,4}}');

CREATE TABLE every_type.composites (
    id int PRIMARY KEY, i every_type."Inner type", o every_type.outer_type, os every_type.outer_type[], n every_type.nothing);
INSERT INTO every_type.composites (id) VALUES (0);
INSERT INTO every_type.composites VALUES
    (1, (1, 'plain', 'sad'), ((1, 'a', 'sad'), ARRAY[(2, 'b', '')]::every_type."Inner type"[], 'infinity', true, 1.5),
     ARRAY[((1, 'a', 'sad'), NULL, 'now'::timestamptz, true, 'NaN')]::every_type.outer_type[], ROW()),
    (2, (NULL, NULL, NULL), (NULL, NULL, NULL, NULL, NULL), '{}', NULL),
    (3, (-5, E'it''s "(a,b)" \\ {x} \n ', 'h"app\y'),
     ((0, '', NULL), ARRAY[(1, E'\\"''', 'ПРИВЕТ'), NULL, (NULL, 'NULL', '')]::every_type."Inner type"[], '4713-01-01 BC', false, -0.001),
     ARRAY[NULL, ((NULL, ',', NULL), ARRAY[(7, '"', 'so ''so''')]::every_type."Inner type"[], NULL, NULL, NULL)]::every_type.outer_type[], ROW());

CREATE TABLE every_type.ranges (
    id int PRIMARY KEY, i4 int4range, i8 int8range, n numrange, ts tsrange, tstz tstzrange, d daterange, f every_type.float_range,
    i4m int4multirange, tsm tsmultirange, fm every_type.float_multirange, rs int4range[], fs every_type.float_range[]);
INSERT INTO every_type.ranges (id) VALUES (0);
INSERT INTO every_type.ranges VALUES
    (1, 'empty', 'empty', 'empty', 'empty', 'empty', 'empty', 'empty', '{}', '{}', '{}', '{}', '{}'),
    (2, '(,)', '(,)', '(,)', '(,)', '(,)', '(,)', '(,)', '{(,)}', '{(,)}', '{(,)}', '{"(,)",empty}', '{"(,)",empty,NULL}'),
    (3, '[1,5]', '[-9223372036854775808,1)', '(1.10,NaN]', '[2000-01-01 00:00,infinity]', '(4713-01-01 BC,2000-01-01 12:00+02]',
     '[-infinity,2000-01-01)', '(1.5,Infinity]', '{[1,2),[5,9)}', '{[2000-01-01,2001-01-01),[2002-01-01,infinity)}', '{[1,2],(3,4)}',
     ARRAY['[1,2)', 'empty']::int4range[], ARRAY['[1,2]', '(,3.5)']::every_type.float_range[]),
    (4, '[5,)', '(,5]', '(,1e100)', '(,2000-01-01]', '[2000-01-01,)', '(2000-01-01,)', '(-Infinity,-0)', '{(,1),[3,)}', '{(,infinity)}', '{(,)}',
     '[3:3]={"[7,8)"}', '{{"[1,2]"},{empty}}');

-- int2vector and oidvector without elements are left out: the server does not take back what it sends for them.
CREATE TABLE every_type.arrays (
    id int PRIMARY KEY, b bool[], i2 int2[], i4 int4[], i8 int8[], f4 float4[], f8 float8[], n numeric(10, 2)[], t text[], v varchar(9)[], c char(3)[],
    nm name[], q "char"[], by bytea[], d date[], ti time[], tz timetz[], ts timestamp[], tstz timestamptz(1)[], iv interval[], u uuid[],
    j json[], jb jsonb[], ip inet[], ci cidr[], ma macaddr[], bi bit(3)[], vb varbit[], m money[], x xml[], tv tsvector[], tq tsquery[],
    p point[], bo box[], pa path[], o oid[], iv2 int2vector, ov oidvector);
INSERT INTO every_type.arrays (id) VALUES (0);
INSERT INTO every_type.arrays VALUES
    (1, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
     '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '0', '0'),
    (2, '{t,f,NULL}', '{1,NULL,-32768}', '{{1,2},{3,NULL}}', '[0:1]={9223372036854775807,-1}', '{NaN,-0,1e-45}', '{Infinity,NaN,5e-324}',
     '{1.10,NaN,NULL}', ARRAY['', 'NULL', 'null', ' ', 'a,b', '{x}', '"', '\', 'it''s', E'\n', NULL], '{a,"b c"}', '{a,ab,abc}', '{n}', ARRAY['a', '"', '\']::"char"[],
     ARRAY['\x', '\x00', '\x5c']::bytea[], '{infinity,-infinity,"4713-01-01 BC"}', '{24:00:00}', '{12:00+05:30}', '{infinity,"2000-01-01 12:00:00.5"}',
     '{"2000-01-01 12:00:00.5+00","0044-03-15 12:00:00+00 BC"}', '{"1 mon -1 day",NULL}', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', ARRAY['{"a":"b\\c"}', 'null', NULL]::json[],
     ARRAY['{"a":"it''s"}', '[1,"x"]']::jsonb[], '{10.0.0.1/8,::1}', '{10.0.0.0/8}', '{08:00:2b:01:02:03}', '{101,000}', '{1,"",NULL}', '{-0.01,1.00}',
     ARRAY['<a>"</a>', 'x,y']::xml[], ARRAY['a:1 b', $q$'it''s'$q$]::tsvector[], ARRAY['a & b', $q$!'x y'$q$]::tsquery[], '{"(1,2)",NULL}',
     '{(1,1),(0,0);(2,2),(1,1)}', '{"[(1,2),(3,4)]"}', '{4294967295}', '1 -2 3', '1 2 4294967295'),
    (3, '{{t},{f}}', '[5:5]={1}', '[-2:-1][7:8]={{1,2},{3,4}}', '{{{{{{1}}}}}}', '{1}', '{1}', '{{1.00}}', '{{a,b},{c,d}}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '[2:2]={(1,1),(0,0)}', NULL, NULL, NULL, NULL);

DO $$
BEGIN
    IF to_regtype('public.hstore') IS NOT NULL AND to_regtype('public.citext') IS NOT NULL THEN
        CREATE TABLE every_type.extensions (
            id int PRIMARY KEY, h public.hstore, c public.citext, hs public.hstore[], cs public.citext[]);
        INSERT INTO every_type.extensions (id) VALUES (0);
        INSERT INTO every_type.extensions VALUES
            (1, '', '', '{}', '{}'),
            (2, '"a b"=>"it''s", "q\"\\"=>NULL, ""=>""', 'MiXed ''\"', ARRAY['a=>1', NULL]::public.hstore[], ARRAY['A', 'a,"', NULL]::public.citext[]);
    END IF;
END $$;
