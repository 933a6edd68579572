BEGIN TRANSACTION;
PRAGMA application_id = 1096042574;
PRAGMA user_version = 1;
CREATE TABLE consumers (
    name TEXT PRIMARY KEY,
    acknowledged_seq INTEGER NOT NULL,
    dropped INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
INSERT INTO "consumers" VALUES('events',0,0);
CREATE TABLE counters (                   -- the values of series
    id INTEGER PRIMARY KEY REFERENCES series (id) ON DELETE CASCADE,
    value INTEGER NOT NULL,
    shown INTEGER NOT NULL DEFAULT 0      -- 0: exposed as 0, until scrapes have seen that 0
);
INSERT INTO "counters" VALUES(1,1,1);
INSERT INTO "counters" VALUES(2,104857600,1);
INSERT INTO "counters" VALUES(3,104857600,1);
INSERT INTO "counters" VALUES(4,476837,1);
INSERT INTO "counters" VALUES(5,2,1);
INSERT INTO "counters" VALUES(6,104857600,1);
INSERT INTO "counters" VALUES(7,476837,1);
INSERT INTO "counters" VALUES(8,2,1);
INSERT INTO "counters" VALUES(9,104857600,1);
INSERT INTO "counters" VALUES(10,476837,1);
INSERT INTO "counters" VALUES(11,1,1);
INSERT INTO "counters" VALUES(12,1,1);
INSERT INTO "counters" VALUES(13,0,1);
INSERT INTO "counters" VALUES(14,0,1);
INSERT INTO "counters" VALUES(15,0,1);
INSERT INTO "counters" VALUES(16,1,1);
INSERT INTO "counters" VALUES(17,0,1);
INSERT INTO "counters" VALUES(18,0,1);
INSERT INTO "counters" VALUES(19,1,1);
INSERT INTO "counters" VALUES(20,0,1);
INSERT INTO "counters" VALUES(21,0,1);
INSERT INTO "counters" VALUES(22,1,1);
INSERT INTO "counters" VALUES(23,0,1);
INSERT INTO "counters" VALUES(24,0,1);
INSERT INTO "counters" VALUES(25,0,1);
CREATE TABLE cursors (
    target_id INTEGER NOT NULL REFERENCES targets (id),
    source TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (target_id, source, key)
) WITHOUT ROWID;
INSERT INTO "cursors" VALUES(1,'lookup','full','2026-03-10T11:00:00+00:00');
CREATE TABLE facts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    target_id INTEGER NOT NULL REFERENCES targets (id),
    kind TEXT NOT NULL,
    at_ms INTEGER NOT NULL,               -- the query's time
    written_ms INTEGER NOT NULL,
    body TEXT NOT NULL
);
INSERT INTO "facts" VALUES(1,1,'query',1773144000000,1773144060000,'{"query_id":"00000000-0000-4000-8000-000000000001","at":"2026-03-10T12:00:00.000+00:00","attribution":"known","identity":{"user":"ann","role":"analyst","kind":"person","client":"console"},"billed_bytes":104857600,"cost_nanousd":476837,"execution":{"query_id":"00000000-0000-4000-8000-000000000001","workgroup":"primary","state":"succeeded","submitted_at":"2026-03-10T11:59:50+00:00","ended_at":"2026-03-10T12:00:00+00:00","catalog":null,"database":"sales","statement_type":"DML","substatement_type":null,"scanned_bytes":104857600,"queue_ms":null,"planning_ms":null,"engine_ms":null,"service_pre_ms":null,"service_ms":null,"total_ms":10000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":null,"tables":[]}}');
INSERT INTO "facts" VALUES(2,1,'query',1773144000000,1773144060000,'{"query_id":"00000000-0000-4000-8000-000000000002","at":"2026-03-10T12:00:00.000+00:00","attribution":"known","identity":{"user":"bob","role":"analyst","kind":"person","client":"console"},"billed_bytes":0,"cost_nanousd":0,"execution":{"query_id":"00000000-0000-4000-8000-000000000002","workgroup":"etl","state":"failed","submitted_at":"2026-03-10T11:59:50+00:00","ended_at":"2026-03-10T12:00:00+00:00","catalog":null,"database":"sales","statement_type":null,"substatement_type":null,"scanned_bytes":null,"queue_ms":null,"planning_ms":null,"engine_ms":null,"service_pre_ms":null,"service_ms":null,"total_ms":10000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":null,"tables":[]}}');
INSERT INTO "facts" VALUES(3,1,'query',1773144000000,1773144060000,'{"query_id":"00000000-0000-4000-8000-000000000004","at":"2026-03-10T12:00:00.000+00:00","attribution":"known","identity":{"user":"ann","role":"analyst","kind":"person","client":"console"},"billed_bytes":0,"cost_nanousd":0,"execution":{"query_id":"00000000-0000-4000-8000-000000000004","workgroup":"primary","state":"succeeded","submitted_at":"2026-03-10T11:59:50+00:00","ended_at":"2026-03-10T12:00:00+00:00","catalog":null,"database":"sales","statement_type":"DDL","substatement_type":null,"scanned_bytes":0,"queue_ms":null,"planning_ms":null,"engine_ms":null,"service_pre_ms":null,"service_ms":null,"total_ms":10000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":null,"tables":[]}}');
CREATE TABLE identities (
    id INTEGER PRIMARY KEY,
    user TEXT NOT NULL,
    role TEXT NOT NULL,                   -- '' where there is none: NULLs would not be unique
    kind TEXT NOT NULL,
    client TEXT NOT NULL,
    UNIQUE (user, role, kind, client)
);
INSERT INTO "identities" VALUES(1,'ann','analyst','person','console');
INSERT INTO "identities" VALUES(2,'bob','analyst','person','console');
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "meta" VALUES('generation','1');
INSERT INTO "meta" VALUES('ledger_id','00000000000000000000000000000001');
INSERT INTO "meta" VALUES('sequence','5');
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
    detail TEXT
);
INSERT INTO "queries" VALUES(1,1,X'00000000000040008000000000000001',3,1,0,1773143990000,1,1,'primary','sales','DML','succeeded',1773144000000,NULL,0,104857600,104857600,476837,1,NULL);
INSERT INTO "queries" VALUES(2,1,X'00000000000040008000000000000002',3,1,0,1773143990000,2,1,'etl','sales',NULL,'failed',1773144000000,NULL,0,NULL,0,0,2,NULL);
INSERT INTO "queries" VALUES(3,1,X'00000000000040008000000000000003',3,0,0,1773097190000,3,1,'primary','sales','DML','succeeded',1773097200000,NULL,0,104857600,104857600,476837,NULL,'{"query_id":"00000000-0000-4000-8000-000000000003","workgroup":"primary","state":"succeeded","submitted_at":"2026-03-09T22:59:50+00:00","ended_at":"2026-03-09T23:00:00+00:00","catalog":null,"database":"sales","statement_type":"DML","substatement_type":null,"scanned_bytes":104857600,"queue_ms":null,"planning_ms":null,"engine_ms":null,"service_pre_ms":null,"service_ms":null,"total_ms":10000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":null,"tables":[]}');
INSERT INTO "queries" VALUES(4,1,X'00000000000040008000000000000004',3,1,0,1773143990000,3,1,'primary','sales','DDL','succeeded',1773144000000,NULL,0,0,0,0,1,NULL);
INSERT INTO "queries" VALUES(5,1,X'00000000000040008000000000000005',1,0,0,1773143990000,3,1,'primary','sales','DML','running',NULL,NULL,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "queries" VALUES(6,1,X'00000000000040008000000000000006',2,0,0,1773143990000,3,1,'primary','sales','DML','succeeded',1773144000000,1773144060000,1,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE rejections (
    target_id INTEGER NOT NULL REFERENCES targets (id),
    event_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (target_id, event_id)
) WITHOUT ROWID;
INSERT INTO "rejections" VALUES(1,'refused-1',1773144000000);
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    target_id INTEGER NOT NULL REFERENCES targets (id),
    metric TEXT NOT NULL,
    labels TEXT NOT NULL,                 -- a JSON array, in the catalogue's order
    UNIQUE (target_id, metric, labels)
);
INSERT INTO "series" VALUES(1,1,'athena_queries_total','["primary", "DML", "succeeded"]');
INSERT INTO "series" VALUES(2,1,'athena_scanned_bytes_total','["primary", "DML", "succeeded"]');
INSERT INTO "series" VALUES(3,1,'athena_billed_bytes_total','["primary", "DML", "succeeded"]');
INSERT INTO "series" VALUES(4,1,'athena_cost_usd_total','["primary", "DML", "succeeded"]');
INSERT INTO "series" VALUES(5,1,'athena_user_queries_total','["ann", "primary", "sales", "succeeded"]');
INSERT INTO "series" VALUES(6,1,'athena_user_scanned_bytes_total','["ann", "primary", "sales"]');
INSERT INTO "series" VALUES(7,1,'athena_user_cost_usd_total','["ann", "primary", "sales"]');
INSERT INTO "series" VALUES(8,1,'athena_client_queries_total','["console", "primary"]');
INSERT INTO "series" VALUES(9,1,'athena_client_scanned_bytes_total','["console", "primary"]');
INSERT INTO "series" VALUES(10,1,'athena_client_cost_usd_total','["console", "primary"]');
INSERT INTO "series" VALUES(11,1,'athena_start_rejections_total','["primary", "user", "InvalidRequestException", "false"]');
INSERT INTO "series" VALUES(12,1,'athena_queries_total','["etl", "unknown", "failed"]');
INSERT INTO "series" VALUES(13,1,'athena_scanned_bytes_total','["etl", "unknown", "failed"]');
INSERT INTO "series" VALUES(14,1,'athena_billed_bytes_total','["etl", "unknown", "failed"]');
INSERT INTO "series" VALUES(15,1,'athena_cost_usd_total','["etl", "unknown", "failed"]');
INSERT INTO "series" VALUES(16,1,'athena_user_queries_total','["bob", "etl", "sales", "failed"]');
INSERT INTO "series" VALUES(17,1,'athena_user_scanned_bytes_total','["bob", "etl", "sales"]');
INSERT INTO "series" VALUES(18,1,'athena_user_cost_usd_total','["bob", "etl", "sales"]');
INSERT INTO "series" VALUES(19,1,'athena_client_queries_total','["console", "etl"]');
INSERT INTO "series" VALUES(20,1,'athena_client_scanned_bytes_total','["console", "etl"]');
INSERT INTO "series" VALUES(21,1,'athena_client_cost_usd_total','["console", "etl"]');
INSERT INTO "series" VALUES(22,1,'athena_queries_total','["primary", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(23,1,'athena_scanned_bytes_total','["primary", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(24,1,'athena_billed_bytes_total','["primary", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(25,1,'athena_cost_usd_total','["primary", "DDL", "succeeded"]');
CREATE TABLE slots (
    target_id INTEGER NOT NULL REFERENCES targets (id),
    label TEXT NOT NULL,
    value TEXT NOT NULL,
    used_day INTEGER NOT NULL,
    PRIMARY KEY (target_id, label, value)
) WITHOUT ROWID;
INSERT INTO "slots" VALUES(1,'client','console',20522);
INSERT INTO "slots" VALUES(1,'database','sales',20522);
INSERT INTO "slots" VALUES(1,'user','ann',20522);
INSERT INTO "slots" VALUES(1,'user','bob',20522);
CREATE TABLE sources (
    target_id INTEGER NOT NULL REFERENCES targets (id),
    source TEXT NOT NULL,
    evidence TEXT,                        -- NULL until a window was read to its end
    last_success_ms INTEGER NOT NULL,
    read_until_ms INTEGER,
    PRIMARY KEY (target_id, source)
) WITHOUT ROWID;
INSERT INTO "sources" VALUES(1,'athena','executions',1773144060000,1773144060000);
CREATE TABLE targets (
    id INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    counting_since_ms INTEGER NOT NULL,
    low_water_ms INTEGER NOT NULL,
    clock_ms INTEGER NOT NULL,            -- the newest time AWS's clock has shown
    UNIQUE (account_id, region)
);
INSERT INTO "targets" VALUES(1,'111122223333','eu-west-1',1773100800000,1773014400000,1773144060000);
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
INSERT INTO "usage_hours" VALUES(1,1773097200000,'primary','pending','sales','succeeded',1,104857600,104857600,476837);
INSERT INTO "usage_hours" VALUES(1,1773144000000,'etl','bob','sales','failed',1,0,0,0);
INSERT INTO "usage_hours" VALUES(1,1773144000000,'primary','ann','sales','succeeded',2,104857600,104857600,476837);
INSERT INTO "usage_hours" VALUES(1,1773144000000,'primary','pending','sales','succeeded',0,0,0,0);
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
INSERT INTO "usage_totals" VALUES(1,1773014400000,'user','pending',1,104857600,476837);
INSERT INTO "usage_totals" VALUES(1,1773014400000,'workgroup','primary',1,104857600,476837);
INSERT INTO "usage_totals" VALUES(1,1773100800000,'user','ann',2,104857600,476837);
INSERT INTO "usage_totals" VALUES(1,1773100800000,'user','bob',1,0,0);
INSERT INTO "usage_totals" VALUES(1,1773100800000,'user','pending',0,0,0);
INSERT INTO "usage_totals" VALUES(1,1773100800000,'workgroup','etl',1,0,0);
INSERT INTO "usage_totals" VALUES(1,1773100800000,'workgroup','primary',2,104857600,476837);
CREATE UNIQUE INDEX queries_by_id ON queries (target_id, query_id);
CREATE INDEX queries_unfinished ON queries (target_id, since_ms) WHERE phase < 3;
CREATE INDEX queries_nameless ON queries (target_id, since_ms)
    WHERE identity_id IS NULL AND attribution = 0 AND phase > 0;
CREATE INDEX queries_by_time ON queries (target_id, ended_ms) WHERE phase = 3;
CREATE INDEX counters_unborn ON counters (id) WHERE shown = 0;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('facts',3);
COMMIT;
