"""A sample database: the schema of a shop, and rows that look like a shop's, made by the server itself out of row numbers."""

from collections.abc import Callable
from dataclasses import dataclass

from pods import Pod

CHUNK_ROWS = 25_000

SCHEMA = """
CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci;
CREATE TABLE shop.customers (
  id INT UNSIGNED PRIMARY KEY,
  name VARCHAR(80) NOT NULL,
  email VARCHAR(120) CHARACTER SET ascii NOT NULL,
  city VARCHAR(60) CHARACTER SET latin1 NOT NULL,
  country CHAR(2) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  note VARCHAR(200) COLLATE utf8mb4_0900_as_cs,
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY (email), KEY (country, city), KEY (name(12)));
CREATE TABLE shop.products (
  id INT UNSIGNED PRIMARY KEY,
  sku CHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  title VARCHAR(120) NOT NULL,
  title_en VARCHAR(120) CHARACTER SET utf16 NOT NULL,
  price DECIMAL(10,2) NOT NULL,
  UNIQUE KEY (sku), FULLTEXT KEY (title));
CREATE TABLE shop.orders (
  id INT UNSIGNED PRIMARY KEY,
  customer_id INT UNSIGNED NOT NULL,
  status ENUM('open', 'paid', 'sent', 'returned') NOT NULL,
  total DECIMAL(12,2) NOT NULL,
  placed_at DATETIME(6) NOT NULL,
  KEY (customer_id, placed_at), KEY (status, placed_at DESC),
  FOREIGN KEY (customer_id) REFERENCES shop.customers (id));
CREATE TABLE shop.order_items (
  order_id INT UNSIGNED NOT NULL,
  line TINYINT UNSIGNED NOT NULL,
  product_id INT UNSIGNED NOT NULL,
  quantity SMALLINT UNSIGNED NOT NULL,
  price DECIMAL(10,2) NOT NULL,
  PRIMARY KEY (order_id, line), KEY (product_id),
  FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE CASCADE,
  FOREIGN KEY (product_id) REFERENCES shop.products (id));
CREATE TABLE shop.events (
  id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
  order_id INT UNSIGNED NOT NULL,
  happened_at TIMESTAMP(6) NOT NULL,
  payload JSON NOT NULL,
  kind VARCHAR(20) CHARACTER SET ascii AS (payload->>'$.kind') STORED,
  KEY (kind, happened_at), KEY ((CAST(payload->>'$.session.pages' AS UNSIGNED))),
  FOREIGN KEY (order_id) REFERENCES shop.orders (id));
"""

# n is the row's number, from 1; h looks random and depends on n alone, so that every run makes the same rows. {customers}, {products} and
# {orders} are how many rows those tables have.
ROWS = """
SET SESSION cte_max_recursion_depth = {chunk};
INSERT INTO shop.{table} ({columns}) WITH RECURSIVE numbers (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last}),
  numbered AS (SELECT n, CRC32(CONCAT('{table}', n)) AS h FROM numbers)
SELECT {values} FROM numbered;
"""


@dataclass(frozen=True)
class Table:
    """A table's name, its rows at scale 1, and the columns with the expressions that fill them."""

    name: str
    rows: int
    columns: str
    values: str


TABLES = (
    Table(
        "customers",
        60_000,
        "id, name, email, city, country, note, created_at",
        """n, CONCAT(ELT(1 + h % 8, 'Zoë', 'Łukasz', 'Søren', 'Noémie', '美咲', 'Иван', 'Ana', 'Bjørn'), ' ',
          ELT(1 + (h >> 4) % 8, 'Müller', 'Nowak', 'Ødegård', 'Lefèvre', '佐藤', 'Петров', 'García', 'Smith'), ' ', HEX(h)),
        CONCAT('customer', n, '@', ELT(1 + h % 3, 'example.org', 'example.net', 'mail.example')),
        ELT(1 + (h >> 8) % 6, 'Málaga', 'Zürich', 'Århus', 'Paris', 'Porto', 'Düsseldorf'),
        ELT(1 + (h >> 8) % 6, 'ES', 'CH', 'DK', 'FR', 'PT', 'DE'),
        IF(h % 5, NULL, CONCAT('prefers mornings 🌅, floor ', h % 30)), TIMESTAMP('2020-01-01') + INTERVAL h % 150000000 SECOND""",
    ),
    Table(
        "products",
        5_000,
        "id, sku, title, title_en, price",
        """n, CONCAT('SKU', LPAD(n, 8, '0')), CONCAT(ELT(1 + h % 5, 'Kaffeemühle', 'Théière', 'Lámpara', 'やかん', 'Desk'), ' no. ', n),
        CONCAT(ELT(1 + h % 5, 'grinder', 'teapot', 'lamp', 'kettle', 'desk'), ' no. ', n), 1 + h % 50000 / 100""",
    ),
    Table(
        "orders",
        120_000,
        "id, customer_id, status, total, placed_at",
        "n, 1 + h % {customers}, 1 + h % 4, 5 + h % 100000 / 100, TIMESTAMP('2024-01-01') + INTERVAL n * 400 + h % 400 SECOND",
    ),
    Table(
        "order_items",
        300_000,
        "order_id, line, product_id, quantity, price",
        "1 + (n - 1) % {orders}, 1 + (n - 1) DIV {orders}, 1 + h % {products}, 1 + h % 9, 1 + h % 50000 / 100",
    ),
    Table(
        "events",
        350_000,
        "order_id, happened_at, payload",
        """1 + h % {orders}, TIMESTAMP('2024-01-01') + INTERVAL n * 90 SECOND, JSON_OBJECT(
          'kind', ELT(1 + h % 5, 'viewed', 'added', 'paid', 'packed', 'sent'), 'ip', INET_NTOA(h), 'trace', SHA2(n, 256),
          'session', JSON_OBJECT('pages', h % 40, 'seconds', h % 3600 / 10, 'agent', 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0'),
          'tags', JSON_ARRAY('web', ELT(1 + h % 3, 'spring', 'été', '冬'), HEX(h)),
          'comment', REPEAT(ELT(1 + h % 4, 'ok. ', 'prompt. ', 'très bien. ', 'слишком долго. '), 1 + h % 12))""",
    ),
)


def write(pod: Pod, scale: float = 1.0, progress: Callable[[str, int, int], None] = lambda table, rows, total: None) -> None:
    """Makes the schema and its rows through a pod, a transaction for each chunk of rows. `progress` is told the rows of a table so far."""
    pod.sql(SCHEMA)
    counts = {table.name: max(1, int(table.rows * scale)) for table in TABLES}
    for table in TABLES:
        for first in range(1, counts[table.name] + 1, CHUNK_ROWS):
            last = min(first + CHUNK_ROWS - 1, counts[table.name])
            values = table.values.format(**counts)
            pod.sql(ROWS.format(chunk=CHUNK_ROWS, table=table.name, columns=table.columns, values=values, first=first, last=last))
            progress(table.name, last, counts[table.name])
