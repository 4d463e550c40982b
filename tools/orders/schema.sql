-- Orders of the example shop. Money is in US cents, dates are ISO 8601, times are UTC.
PRAGMA user_version = 1;

CREATE TABLE customers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE products (
    sku TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    price_cents INTEGER NOT NULL CHECK (price_cents > 0)
) STRICT;

CREATE TABLE orders (
    id TEXT PRIMARY KEY CHECK (id GLOB 'ORD-[0-9][0-9][0-9][0-9]'),
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    status TEXT NOT NULL CHECK (
        status IN (
            'processing', 'packed', 'shipped', 'in transit', 'out for delivery', 'delivered',
            'returned', 'cancelled'
        )
    ),
    placed_on TEXT NOT NULL,
    shipping_method TEXT NOT NULL CHECK (
        shipping_method IN ('standard', 'express', 'overnight', 'international')
    ),
    shipping_cents INTEGER NOT NULL CHECK (shipping_cents >= 0),
    delivery_address TEXT NOT NULL,
    estimated_delivery TEXT,
    closed_on TEXT -- day of delivery, return or cancellation
) STRICT;

CREATE TABLE order_items (
    order_id TEXT NOT NULL REFERENCES orders (id),
    sku TEXT NOT NULL REFERENCES products (sku),
    variant TEXT NOT NULL DEFAULT '',
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    unit_price_cents INTEGER NOT NULL CHECK (unit_price_cents >= 0),
    PRIMARY KEY (order_id, sku, variant)
) STRICT;

CREATE TABLE shipments (
    order_id TEXT PRIMARY KEY REFERENCES orders (id),
    carrier TEXT NOT NULL,
    tracking_number TEXT NOT NULL UNIQUE,
    shipped_on TEXT NOT NULL
) STRICT;

CREATE TABLE shipment_events (
    order_id TEXT NOT NULL REFERENCES shipments (order_id),
    happened_at TEXT NOT NULL,
    place TEXT NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (order_id, happened_at)
) STRICT;

CREATE TABLE order_changes (
    id INTEGER PRIMARY KEY,
    order_id TEXT NOT NULL REFERENCES orders (id),
    changed_at TEXT NOT NULL,
    change TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
