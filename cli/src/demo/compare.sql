-- One line per table of the sample: its name, its rows, the sum of the hashes of all rows as text. Run on both sides with
-- another search_path, the same lines mean the same rows, whatever their order.
SELECT 'categories', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM categories AS t
UNION ALL SELECT 'countries', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM countries AS t
UNION ALL SELECT 'customers', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM customers AS t
UNION ALL SELECT 'edge_cases', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM edge_cases AS t
UNION ALL SELECT 'order_lines', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM order_lines AS t
UNION ALL SELECT 'orders', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM orders AS t
UNION ALL SELECT 'page_views', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM page_views AS t
UNION ALL SELECT 'payments', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM payments AS t
UNION ALL SELECT 'products', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM products AS t
UNION ALL SELECT 'shipments', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM shipments AS t
ORDER BY 1;
