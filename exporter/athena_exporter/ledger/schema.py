"""The ledger's tables and the steps from one version to the next."""

import sqlite3
from collections.abc import Sequence

APPLICATION_ID = 0x4154_484E
"""`ATHN` in SQLite's header: how a ledger is told from any other database."""

VERSION = 5
_INVENTORIES = """
CREATE TABLE inventories (                -- the present state of something as a whole: workgroups, quotas, ...
    target_id INTEGER NOT NULL REFERENCES targets (id),
    kind TEXT NOT NULL,                   -- the name of the record's class
    told_ms INTEGER NOT NULL,
    body TEXT NOT NULL,                   -- JSON
    PRIMARY KEY (target_id, kind)
) WITHOUT ROWID;
"""
_TABLE_READS = """
CREATE TABLE table_reads (                -- when a table was last read
    target_id INTEGER NOT NULL REFERENCES targets (id),
    database TEXT NOT NULL,
    table_name TEXT NOT NULL,
    last_read_ms INTEGER NOT NULL,
    PRIMARY KEY (target_id, database, table_name)
) WITHOUT ROWID;
"""
_TABLE_EVENTS = """
CREATE TABLE table_events (               -- CloudTrail events about tables that were told: each once
    target_id INTEGER NOT NULL REFERENCES targets (id),
    event_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (target_id, event_id)
) WITHOUT ROWID;
"""
_USAGE_TABLES = """
CREATE TABLE usage_tables (               -- days by table, mode and user: who reads what
    target_id INTEGER NOT NULL REFERENCES targets (id),
    start_ms INTEGER NOT NULL,
    database TEXT NOT NULL,
    table_name TEXT NOT NULL,
    mode TEXT NOT NULL,
    user TEXT NOT NULL,
    queries INTEGER NOT NULL,
    last_ms INTEGER,                      -- the newest that succeeded
    PRIMARY KEY (target_id, start_ms, database, table_name, mode, user)
) WITHOUT ROWID;
"""
_USAGE_TYPES = """
CREATE TABLE usage_types (                -- days by statement type: what CloudWatch can be compared with
    target_id INTEGER NOT NULL REFERENCES targets (id),
    start_ms INTEGER NOT NULL,
    workgroup TEXT NOT NULL,
    statement_type TEXT NOT NULL,
    state TEXT NOT NULL,
    queries INTEGER NOT NULL,
    scanned_bytes INTEGER NOT NULL,
    total_ms INTEGER NOT NULL,
    PRIMARY KEY (target_id, start_ms, workgroup, statement_type, state)
) WITHOUT ROWID;
"""
_KNOWN_TYPES = """
INSERT INTO usage_types                   -- what is still known query by query; nobody kept how long it took
SELECT target_id, ended_ms / 86400000 * 86400000, coalesce(nullif(workgroup, ''), 'unknown'),
       coalesce(nullif(statement_type, ''), 'unknown'), coalesce(nullif(state, ''), 'unknown'),
       count(*), coalesce(sum(scanned_bytes), 0), 0
FROM queries WHERE phase = 3 GROUP BY 1, 2, 3, 4, 5;
"""
_BUDGETS = """
CREATE TABLE budget_tallies (             -- what is added up for budgets
    id INTEGER PRIMARY KEY,
    target_id INTEGER NOT NULL REFERENCES targets (id),
    definition TEXT NOT NULL,             -- JSON: per whom, over which window, of which queries
    since_ms INTEGER NOT NULL,            -- every query that ended at or after it is in
    UNIQUE (target_id, definition)
);
CREATE TABLE budget_usage (               -- their sums: a calendar window, or a part of a rolling one
    tally_id INTEGER NOT NULL REFERENCES budget_tallies (id) ON DELETE CASCADE,
    start_ms INTEGER NOT NULL,
    subject TEXT NOT NULL,
    scanned_bytes INTEGER NOT NULL,
    cost_nanousd INTEGER NOT NULL,
    PRIMARY KEY (tally_id, start_ms, subject)
) WITHOUT ROWID;
CREATE TABLE budget_log (                 -- what batches have added and the sums do not hold yet
    seq INTEGER PRIMARY KEY,
    target_id INTEGER NOT NULL REFERENCES targets (id),
    body TEXT NOT NULL                    -- JSON: cells (tally, start_ms); subject: bytes, nanodollars
);
"""
_NEWS = """
CREATE INDEX facts_news ON facts (seq) WHERE kind IN ('budget', 'guard');
"""
_DECISIONS = """
CREATE TABLE budget_decisions (           -- a subject came to a level of its budget: each is told once
    decision_id TEXT PRIMARY KEY,
    target_id INTEGER NOT NULL REFERENCES targets (id),
    budget TEXT NOT NULL,
    subject TEXT NOT NULL,
    level TEXT NOT NULL,                  -- warned or exceeded
    start_ms INTEGER NOT NULL,            -- of the calendar window; of a rolling one, the cell in which it crossed
    decided_ms INTEGER NOT NULL,
    ended_ms INTEGER,                     -- when it was below that level again, or the window was over
    UNIQUE (target_id, budget, subject, level, start_ms)
) WITHOUT ROWID;
"""
_GUARD = """
CREATE TABLE guard_actions (              -- what the guard means to do to one query, written before it acts
    action_id TEXT PRIMARY KEY,
    target_id INTEGER NOT NULL REFERENCES targets (id),
    query_id TEXT NOT NULL,
    workgroup TEXT NOT NULL,
    budget TEXT NOT NULL,
    subject TEXT NOT NULL,
    user TEXT NOT NULL,
    unit TEXT NOT NULL,                   -- of the next two: bytes, or usd for nanodollars
    used INTEGER NOT NULL,
    most INTEGER NOT NULL,                -- the limit
    mode TEXT NOT NULL,                   -- dry_run or enforce
    decided_ms INTEGER NOT NULL,          -- this and the next times: AWS's clock
    expires_ms INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    result TEXT,                          -- NULL: not known yet
    ended_ms INTEGER
) WITHOUT ROWID;
CREATE INDEX guard_actions_open ON guard_actions (target_id, decided_ms) WHERE result IS NULL;
CREATE INDEX guard_actions_by_query ON guard_actions (target_id, query_id);
CREATE INDEX guard_actions_by_time ON guard_actions (target_id, decided_ms);
CREATE TABLE guard_counts (               -- how many actions ended how: the counter's value
    target_id INTEGER NOT NULL REFERENCES targets (id),
    budget TEXT NOT NULL,
    action TEXT NOT NULL,
    result TEXT NOT NULL,
    actions INTEGER NOT NULL,
    PRIMARY KEY (target_id, budget, action, result)
) WITHOUT ROWID;
"""
_PAST = """
CREATE TABLE past_queries (               -- queries that ended before the ledger began, as backfills have told them
    target_id INTEGER NOT NULL REFERENCES targets (id),
    query_id NOT NULL,                    -- as in queries
    phase INTEGER NOT NULL,               -- 0: only its start is known; 3: it is in the rollups
    at_ms INTEGER NOT NULL,               -- the query's time; of a start alone, its own
    workgroup TEXT,
    database TEXT,
    statement_type TEXT,
    state TEXT,                           -- NULL: only its start is known, and nobody can tell more
    scanned_bytes INTEGER,
    billed_bytes INTEGER,
    cost_nanousd INTEGER,
    identity_id INTEGER REFERENCES identities (id),
    workload TEXT,
    tables TEXT,                          -- as in queries; until the user is known
    detail TEXT,                          -- the whole execution, until the query history was told with its user
    told INTEGER NOT NULL,                -- 0: the query history knows nothing of it, 1: not its user, 2: all
    PRIMARY KEY (target_id, query_id)
) WITHOUT ROWID;
CREATE INDEX past_queries_by_time ON past_queries (target_id, at_ms);
CREATE INDEX past_queries_untold ON past_queries (target_id) WHERE detail IS NOT NULL AND told = 0;
"""
_BEGAN = """
ALTER TABLE targets ADD COLUMN began_ms INTEGER;
UPDATE targets SET began_ms = min(counting_since_ms, low_water_ms,
    coalesce((SELECT min(start_ms) FROM usage_hours WHERE target_id = targets.id), counting_since_ms),
    coalesce((SELECT min(start_ms) FROM usage_days WHERE target_id = targets.id), counting_since_ms));
"""
MIGRATIONS: Sequence[str] = (
    f"""
    ALTER TABLE queries ADD COLUMN engine_ms INTEGER;
    ALTER TABLE queries ADD COLUMN workload TEXT;
    ALTER TABLE queries ADD COLUMN tables TEXT;
    {_INVENTORIES} {_TABLE_READS} {_TABLE_EVENTS} {_USAGE_TABLES} {_USAGE_TYPES} {_KNOWN_TYPES}
    """,
    _BUDGETS,
    f"""
    ALTER TABLE consumers ADD COLUMN news_only INTEGER NOT NULL DEFAULT 0;
    {_NEWS} {_DECISIONS} {_GUARD}
    """,
    f"{_PAST} {_BEGAN}",
)
"""Statements that lead from version n + 1 to n + 2, at place n. A released step is never edited."""

TABLES = f"""
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE targets (
    id INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    counting_since_ms INTEGER NOT NULL,
    low_water_ms INTEGER NOT NULL,
    clock_ms INTEGER NOT NULL,            -- the newest time AWS's clock has shown
    began_ms INTEGER,                     -- what ended before it is none of the exporter's; backfills may tell of it
    UNIQUE (account_id, region)
);

CREATE TABLE identities (
    id INTEGER PRIMARY KEY,
    user TEXT NOT NULL,
    role TEXT NOT NULL,                   -- '' where there is none: NULLs would not be unique
    kind TEXT NOT NULL,
    client TEXT NOT NULL,
    UNIQUE (user, role, kind, client)
);

CREATE TABLE queries (
    id INTEGER PRIMARY KEY,
    target_id INTEGER NOT NULL REFERENCES targets (id),
    query_id BLOB NOT NULL,               -- 16 bytes of a UUID, else the text
    phase INTEGER NOT NULL,
    attribution INTEGER NOT NULL,
    unreadable INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    sequence INTEGER,
    opened_above INTEGER NOT NULL,
    workgroup TEXT,
    database TEXT,
    statement_type TEXT,
    state TEXT,
    ended_ms INTEGER,
    waiting_since_ms INTEGER,
    waiting_reads INTEGER NOT NULL,
    scanned_bytes INTEGER,
    billed_bytes INTEGER,
    cost_nanousd INTEGER,
    identity_id INTEGER REFERENCES identities (id),
    detail TEXT,
    engine_ms INTEGER,
    workload TEXT,
    tables TEXT                           -- a JSON array of database, table, mode; until the user is known
);
CREATE UNIQUE INDEX queries_by_id ON queries (target_id, query_id);
CREATE INDEX queries_unfinished ON queries (target_id, since_ms) WHERE phase < 3;
CREATE INDEX queries_nameless ON queries (target_id, since_ms)
    WHERE identity_id IS NULL AND attribution = 0 AND phase > 0;
CREATE INDEX queries_by_time ON queries (target_id, ended_ms) WHERE phase = 3;

CREATE TABLE rejections (
    target_id INTEGER NOT NULL REFERENCES targets (id),
    event_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (target_id, event_id)
) WITHOUT ROWID;

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    target_id INTEGER NOT NULL REFERENCES targets (id),
    metric TEXT NOT NULL,
    labels TEXT NOT NULL,                 -- a JSON array, in the catalogue's order
    UNIQUE (target_id, metric, labels)
);
CREATE TABLE counters (                   -- the values of series
    id INTEGER PRIMARY KEY REFERENCES series (id) ON DELETE CASCADE,
    value INTEGER NOT NULL,
    shown INTEGER NOT NULL DEFAULT 0      -- 0: exposed as 0, until scrapes have seen that 0
);
CREATE INDEX counters_unborn ON counters (id) WHERE shown = 0;

CREATE TABLE slots (
    target_id INTEGER NOT NULL REFERENCES targets (id),
    label TEXT NOT NULL,
    value TEXT NOT NULL,
    used_day INTEGER NOT NULL,
    PRIMARY KEY (target_id, label, value)
) WITHOUT ROWID;

CREATE TABLE usage_hours (
    target_id INTEGER NOT NULL REFERENCES targets (id),
    start_ms INTEGER NOT NULL,
    workgroup TEXT NOT NULL,
    user TEXT NOT NULL,
    database TEXT NOT NULL,
    state TEXT NOT NULL,
    queries INTEGER NOT NULL,
    scanned_bytes INTEGER NOT NULL,
    billed_bytes INTEGER NOT NULL,
    cost_nanousd INTEGER NOT NULL,
    PRIMARY KEY (target_id, start_ms, workgroup, user, database, state)
) WITHOUT ROWID;

CREATE TABLE usage_days (
    target_id INTEGER NOT NULL REFERENCES targets (id),
    start_ms INTEGER NOT NULL,
    workgroup TEXT NOT NULL,
    user TEXT NOT NULL,
    database TEXT NOT NULL,
    state TEXT NOT NULL,
    queries INTEGER NOT NULL,
    scanned_bytes INTEGER NOT NULL,
    billed_bytes INTEGER NOT NULL,
    cost_nanousd INTEGER NOT NULL,
    PRIMARY KEY (target_id, start_ms, workgroup, user, database, state)
) WITHOUT ROWID;

CREATE TABLE usage_totals (               -- what the windows show
    target_id INTEGER NOT NULL REFERENCES targets (id),
    start_ms INTEGER NOT NULL,
    label TEXT NOT NULL,                  -- workgroup or user
    value TEXT NOT NULL,
    queries INTEGER NOT NULL,
    scanned_bytes INTEGER NOT NULL,
    cost_nanousd INTEGER NOT NULL,
    PRIMARY KEY (target_id, start_ms, label, value)
) WITHOUT ROWID;

CREATE TABLE sources (
    target_id INTEGER NOT NULL REFERENCES targets (id),
    source TEXT NOT NULL,
    evidence TEXT,                        -- NULL until a window was read to its end
    last_success_ms INTEGER NOT NULL,
    read_until_ms INTEGER,
    PRIMARY KEY (target_id, source)
) WITHOUT ROWID;

CREATE TABLE cursors (
    target_id INTEGER NOT NULL REFERENCES targets (id),
    source TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (target_id, source, key)
) WITHOUT ROWID;

CREATE TABLE facts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    target_id INTEGER NOT NULL REFERENCES targets (id),
    kind TEXT NOT NULL,
    at_ms INTEGER NOT NULL,               -- the query's time
    written_ms INTEGER NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE consumers (
    name TEXT PRIMARY KEY,
    acknowledged_seq INTEGER NOT NULL,
    dropped INTEGER NOT NULL DEFAULT 0,
    news_only INTEGER NOT NULL DEFAULT 0  -- 1: it wants facts of the kinds budget and guard, and no others
) WITHOUT ROWID;
{_INVENTORIES} {_TABLE_READS} {_TABLE_EVENTS} {_USAGE_TABLES} {_USAGE_TYPES} {_BUDGETS}
{_NEWS} {_DECISIONS} {_GUARD} {_PAST}
"""


def create(connection: sqlite3.Connection) -> None:
    """Write the tables into an empty database."""
    connection.executescript(
        f"BEGIN; PRAGMA application_id = {APPLICATION_ID}; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;"
    )


def migrate(connection: sqlite3.Connection, version: int, steps: Sequence[str]) -> None:
    """Lead a ledger of `version` through `steps`, each in a transaction of its own."""
    for number, step in enumerate(steps[version - 1 :], start=version + 1):
        connection.executescript(f"BEGIN; {step} PRAGMA user_version = {number}; COMMIT;")
