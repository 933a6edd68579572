BEGIN TRANSACTION;
PRAGMA application_id = 1096042574;
PRAGMA user_version = 1;
CREATE TABLE consumers (
    name TEXT PRIMARY KEY,
    acknowledged_seq INTEGER NOT NULL,
    dropped INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE counters (                   -- the values of series
    id INTEGER PRIMARY KEY REFERENCES series (id) ON DELETE CASCADE,
    value INTEGER NOT NULL,
    shown INTEGER NOT NULL DEFAULT 0      -- 0: exposed as 0, until scrapes have seen that 0
);
INSERT INTO "counters" VALUES(1,3,1);
INSERT INTO "counters" VALUES(2,3968860175,1);
INSERT INTO "counters" VALUES(3,3980394496,1);
INSERT INTO "counters" VALUES(4,18100739,1);
INSERT INTO "counters" VALUES(5,1,1);
INSERT INTO "counters" VALUES(6,0,1);
INSERT INTO "counters" VALUES(7,47684,1);
INSERT INTO "counters" VALUES(8,4,1);
INSERT INTO "counters" VALUES(9,3998220315,1);
INSERT INTO "counters" VALUES(10,12173653,1);
INSERT INTO "counters" VALUES(11,3,1);
INSERT INTO "counters" VALUES(12,10544480280,1);
INSERT INTO "counters" VALUES(13,10547625984,1);
INSERT INTO "counters" VALUES(14,47965049,1);
INSERT INTO "counters" VALUES(15,2,1);
INSERT INTO "counters" VALUES(16,6150946830,1);
INSERT INTO "counters" VALUES(17,27980804,1);
INSERT INTO "counters" VALUES(18,4,1);
INSERT INTO "counters" VALUES(19,12301893660,1);
INSERT INTO "counters" VALUES(20,47965049,1);
INSERT INTO "counters" VALUES(21,1,1);
INSERT INTO "counters" VALUES(22,878706690,1);
INSERT INTO "counters" VALUES(23,0,1);
INSERT INTO "counters" VALUES(24,0,1);
INSERT INTO "counters" VALUES(25,1,1);
INSERT INTO "counters" VALUES(26,1757413380,1);
INSERT INTO "counters" VALUES(27,0,1);
INSERT INTO "counters" VALUES(28,0,1);
INSERT INTO "counters" VALUES(29,1,1);
INSERT INTO "counters" VALUES(30,1757413380,1);
INSERT INTO "counters" VALUES(31,0,1);
INSERT INTO "counters" VALUES(32,1,1);
INSERT INTO "counters" VALUES(33,2665480210,1);
INSERT INTO "counters" VALUES(34,12125969,1);
INSERT INTO "counters" VALUES(35,1,1);
INSERT INTO "counters" VALUES(36,454033415,1);
INSERT INTO "counters" VALUES(37,0,1);
INSERT INTO "counters" VALUES(38,0,1);
INSERT INTO "counters" VALUES(39,1,1);
INSERT INTO "counters" VALUES(40,3514826760,1);
INSERT INTO "counters" VALUES(41,3515875328,1);
INSERT INTO "counters" VALUES(42,15988350,1);
INSERT INTO "counters" VALUES(43,1,1);
INSERT INTO "counters" VALUES(44,3514826760,1);
INSERT INTO "counters" VALUES(45,15988350,1);
INSERT INTO "counters" VALUES(46,1,1);
INSERT INTO "counters" VALUES(47,3514826760,1);
INSERT INTO "counters" VALUES(48,15988350,1);
INSERT INTO "counters" VALUES(49,1,1);
INSERT INTO "counters" VALUES(50,1332740105,1);
INSERT INTO "counters" VALUES(51,0,1);
INSERT INTO "counters" VALUES(52,0,1);
INSERT INTO "counters" VALUES(53,1,1);
INSERT INTO "counters" VALUES(54,1332740105,1);
INSERT INTO "counters" VALUES(55,0,1);
INSERT INTO "counters" VALUES(56,1,1);
INSERT INTO "counters" VALUES(57,4393533450,1);
INSERT INTO "counters" VALUES(58,19984245,1);
INSERT INTO "counters" VALUES(59,1,1);
INSERT INTO "counters" VALUES(60,2211446795,1);
INSERT INTO "counters" VALUES(61,2212495360,1);
INSERT INTO "counters" VALUES(62,10061264,1);
INSERT INTO "counters" VALUES(63,1,1);
INSERT INTO "counters" VALUES(64,2211446795,1);
INSERT INTO "counters" VALUES(65,10061264,1);
INSERT INTO "counters" VALUES(66,1,1);
INSERT INTO "counters" VALUES(67,2211446795,1);
INSERT INTO "counters" VALUES(68,10061264,1);
INSERT INTO "counters" VALUES(69,1,1);
INSERT INTO "counters" VALUES(70,29360140,1);
INSERT INTO "counters" VALUES(71,0,1);
INSERT INTO "counters" VALUES(72,0,1);
INSERT INTO "counters" VALUES(73,1,1);
INSERT INTO "counters" VALUES(74,3968860175,1);
INSERT INTO "counters" VALUES(75,18053055,1);
INSERT INTO "counters" VALUES(76,1,1);
INSERT INTO "counters" VALUES(77,3968860175,1);
INSERT INTO "counters" VALUES(78,18053055,1);
INSERT INTO "counters" VALUES(79,1,1);
INSERT INTO "counters" VALUES(80,4847566865,1);
INSERT INTO "counters" VALUES(81,0,1);
INSERT INTO "counters" VALUES(82,0,1);
INSERT INTO "counters" VALUES(83,1,1);
INSERT INTO "counters" VALUES(84,2665480210,1);
INSERT INTO "counters" VALUES(85,2666528768,1);
INSERT INTO "counters" VALUES(86,12125969,1);
INSERT INTO "counters" VALUES(87,1,1);
INSERT INTO "counters" VALUES(88,1,1);
INSERT INTO "counters" VALUES(89,0,1);
INSERT INTO "counters" VALUES(90,0,1);
INSERT INTO "counters" VALUES(91,0,1);
INSERT INTO "counters" VALUES(92,1,1);
INSERT INTO "counters" VALUES(93,0,1);
INSERT INTO "counters" VALUES(94,0,1);
INSERT INTO "counters" VALUES(95,1,1);
INSERT INTO "counters" VALUES(96,0,1);
INSERT INTO "counters" VALUES(97,0,1);
INSERT INTO "counters" VALUES(98,1,1);
INSERT INTO "counters" VALUES(99,3,1);
INSERT INTO "counters" VALUES(100,1362100245,1);
INSERT INTO "counters" VALUES(101,1,1);
INSERT INTO "counters" VALUES(102,878706690,1);
INSERT INTO "counters" VALUES(103,0,1);
INSERT INTO "counters" VALUES(104,1,1);
INSERT INTO "counters" VALUES(105,878706690,1);
INSERT INTO "counters" VALUES(106,0,1);
INSERT INTO "counters" VALUES(107,1,1);
INSERT INTO "counters" VALUES(108,454033415,1);
INSERT INTO "counters" VALUES(109,0,1);
INSERT INTO "counters" VALUES(110,1,1);
INSERT INTO "counters" VALUES(111,454033415,1);
INSERT INTO "counters" VALUES(112,0,1);
INSERT INTO "counters" VALUES(113,1,1);
INSERT INTO "counters" VALUES(114,29360140,1);
INSERT INTO "counters" VALUES(115,0,1);
INSERT INTO "counters" VALUES(116,1,1);
INSERT INTO "counters" VALUES(117,29360140,1);
INSERT INTO "counters" VALUES(118,0,1);
CREATE TABLE cursors (
    target_id INTEGER NOT NULL REFERENCES targets (id),
    source TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (target_id, source, key)
) WITHOUT ROWID;
INSERT INTO "cursors" VALUES(1,'athena','reached','2026-03-10T10:00:00+00:00');
INSERT INTO "cursors" VALUES(1,'lookup','reached','2026-03-10T10:00:00+00:00');
CREATE TABLE facts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    target_id INTEGER NOT NULL REFERENCES targets (id),
    kind TEXT NOT NULL,
    at_ms INTEGER NOT NULL,               -- the query's time
    written_ms INTEGER NOT NULL,
    body TEXT NOT NULL
);
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
INSERT INTO "identities" VALUES(3,'dbt','analyst','service','dbt-athena');
INSERT INTO "identities" VALUES(4,'cleo','analyst','person','console');
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "meta" VALUES('generation','1');
INSERT INTO "meta" VALUES('ledger_id','e964aa5de3bc4f638af9a04875c610ee');
INSERT INTO "meta" VALUES('sequence','43');
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
INSERT INTO "queries" VALUES(1,1,X'00000000000040008000000000000000',3,1,0,1773100800000,1,1,'primary','sales','DML','succeeded',1773100820000,NULL,0,0,10485760,47684,1,NULL);
INSERT INTO "queries" VALUES(2,1,X'00000000000040008000000000000001',3,1,0,1773102600000,4,1,'etl','sales','DML','succeeded',1773102620000,NULL,0,3060793345,3061841920,13923645,2,NULL);
INSERT INTO "queries" VALUES(3,1,X'00000000000040008000000000000002',3,2,0,1773104400000,6,1,'adhoc','finance','DDL','failed',1773104420000,NULL,0,878706690,0,0,NULL,NULL);
INSERT INTO "queries" VALUES(4,1,X'00000000000040008000000000000003',1,0,0,1773106200000,7,1,'primary','finance','DML','running',NULL,NULL,0,NULL,NULL,NULL,3,NULL);
INSERT INTO "queries" VALUES(5,1,X'00000000000040008000000000000004',3,1,0,1773108000000,9,1,'etl',NULL,'UTILITY','cancelled',1773108020000,NULL,0,1757413380,0,0,1,NULL);
INSERT INTO "queries" VALUES(6,1,X'00000000000040008000000000000005',2,0,0,1773109800000,12,1,'adhoc',NULL,'DML','succeeded',1773109820000,1773111600000,1,NULL,NULL,NULL,2,NULL);
INSERT INTO "queries" VALUES(7,1,X'00000000000040008000000000000006',3,1,0,1773111600000,14,1,'primary','sales','DML','succeeded',1773111620000,NULL,0,NULL,NULL,NULL,4,NULL);
INSERT INTO "queries" VALUES(8,1,X'00000000000040008000000000000007',3,2,0,1773113400000,16,1,'etl','sales','DDL','succeeded',1773113420000,NULL,0,454033415,0,0,NULL,NULL);
INSERT INTO "queries" VALUES(9,1,X'00000000000040008000000000000008',3,1,0,1773115200000,17,1,'adhoc','finance','DML','succeeded',1773115220000,NULL,0,3514826760,3515875328,15988350,1,NULL);
INSERT INTO "queries" VALUES(10,1,X'00000000000040008000000000000009',3,1,0,1773117000000,19,1,'primary','finance','UTILITY','failed',1773117020000,NULL,0,1332740105,0,0,2,NULL);
INSERT INTO "queries" VALUES(11,1,X'00000000000040008000000000000010',3,1,0,1773118800000,22,1,'etl',NULL,'DML','succeeded',1773118820000,NULL,0,4393533450,4394582016,19984245,4,NULL);
INSERT INTO "queries" VALUES(12,1,X'00000000000040008000000000000011',3,1,0,1773120600000,24,1,'adhoc',NULL,'DML','cancelled',1773120620000,NULL,0,2211446795,2212495360,10061264,3,NULL);
INSERT INTO "queries" VALUES(13,1,X'00000000000040008000000000000012',3,2,0,1773122400000,26,1,'primary','sales','DDL','succeeded',1773122420000,NULL,0,29360140,0,0,NULL,NULL);
INSERT INTO "queries" VALUES(14,1,X'00000000000040008000000000000013',3,1,0,1773124200000,27,1,'etl','sales','DML','succeeded',1773124220000,NULL,0,3090153485,3091202048,14057159,2,NULL);
INSERT INTO "queries" VALUES(15,1,X'00000000000040008000000000000014',1,0,0,1773126000000,30,1,'adhoc','finance','UTILITY','running',NULL,NULL,0,NULL,NULL,NULL,4,NULL);
INSERT INTO "queries" VALUES(16,1,X'00000000000040008000000000000015',3,1,0,1773127800000,32,1,'primary','finance','DML','succeeded',1773127820000,NULL,0,3968860175,3969908736,18053055,3,NULL);
INSERT INTO "queries" VALUES(17,1,X'00000000000040008000000000000016',2,0,0,1773129600000,34,1,'etl',NULL,'DML','failed',1773129620000,1773131400000,1,NULL,NULL,NULL,1,NULL);
INSERT INTO "queries" VALUES(18,1,X'00000000000040008000000000000017',3,0,0,1773131400000,36,1,'adhoc',NULL,'DDL','succeeded',1773131420000,NULL,0,4847566865,0,0,NULL,NULL);
INSERT INTO "queries" VALUES(19,1,X'00000000000040008000000000000018',3,1,0,1773133200000,37,1,'primary','sales','DML','cancelled',1773133220000,NULL,0,2665480210,2666528768,12125969,4,NULL);
INSERT INTO "queries" VALUES(20,1,X'00000000000040008000000000000019',3,1,0,1773135000000,40,1,'etl','sales','UTILITY','succeeded',1773135020000,NULL,0,NULL,0,0,3,NULL);
CREATE TABLE rejections (
    target_id INTEGER NOT NULL REFERENCES targets (id),
    event_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (target_id, event_id)
) WITHOUT ROWID;
INSERT INTO "rejections" VALUES(1,'refused-1',1773118800000);
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
INSERT INTO "series" VALUES(11,1,'athena_queries_total','["etl", "DML", "succeeded"]');
INSERT INTO "series" VALUES(12,1,'athena_scanned_bytes_total','["etl", "DML", "succeeded"]');
INSERT INTO "series" VALUES(13,1,'athena_billed_bytes_total','["etl", "DML", "succeeded"]');
INSERT INTO "series" VALUES(14,1,'athena_cost_usd_total','["etl", "DML", "succeeded"]');
INSERT INTO "series" VALUES(15,1,'athena_user_queries_total','["bob", "etl", "sales", "succeeded"]');
INSERT INTO "series" VALUES(16,1,'athena_user_scanned_bytes_total','["bob", "etl", "sales"]');
INSERT INTO "series" VALUES(17,1,'athena_user_cost_usd_total','["bob", "etl", "sales"]');
INSERT INTO "series" VALUES(18,1,'athena_client_queries_total','["console", "etl"]');
INSERT INTO "series" VALUES(19,1,'athena_client_scanned_bytes_total','["console", "etl"]');
INSERT INTO "series" VALUES(20,1,'athena_client_cost_usd_total','["console", "etl"]');
INSERT INTO "series" VALUES(21,1,'athena_queries_total','["adhoc", "DDL", "failed"]');
INSERT INTO "series" VALUES(22,1,'athena_scanned_bytes_total','["adhoc", "DDL", "failed"]');
INSERT INTO "series" VALUES(23,1,'athena_billed_bytes_total','["adhoc", "DDL", "failed"]');
INSERT INTO "series" VALUES(24,1,'athena_cost_usd_total','["adhoc", "DDL", "failed"]');
INSERT INTO "series" VALUES(25,1,'athena_queries_total','["etl", "UTILITY", "cancelled"]');
INSERT INTO "series" VALUES(26,1,'athena_scanned_bytes_total','["etl", "UTILITY", "cancelled"]');
INSERT INTO "series" VALUES(27,1,'athena_billed_bytes_total','["etl", "UTILITY", "cancelled"]');
INSERT INTO "series" VALUES(28,1,'athena_cost_usd_total','["etl", "UTILITY", "cancelled"]');
INSERT INTO "series" VALUES(29,1,'athena_user_queries_total','["ann", "etl", "unknown", "cancelled"]');
INSERT INTO "series" VALUES(30,1,'athena_user_scanned_bytes_total','["ann", "etl", "unknown"]');
INSERT INTO "series" VALUES(31,1,'athena_user_cost_usd_total','["ann", "etl", "unknown"]');
INSERT INTO "series" VALUES(32,1,'athena_user_queries_total','["cleo", "primary", "sales", "succeeded"]');
INSERT INTO "series" VALUES(33,1,'athena_user_scanned_bytes_total','["cleo", "primary", "sales"]');
INSERT INTO "series" VALUES(34,1,'athena_user_cost_usd_total','["cleo", "primary", "sales"]');
INSERT INTO "series" VALUES(35,1,'athena_queries_total','["etl", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(36,1,'athena_scanned_bytes_total','["etl", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(37,1,'athena_billed_bytes_total','["etl", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(38,1,'athena_cost_usd_total','["etl", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(39,1,'athena_queries_total','["adhoc", "DML", "succeeded"]');
INSERT INTO "series" VALUES(40,1,'athena_scanned_bytes_total','["adhoc", "DML", "succeeded"]');
INSERT INTO "series" VALUES(41,1,'athena_billed_bytes_total','["adhoc", "DML", "succeeded"]');
INSERT INTO "series" VALUES(42,1,'athena_cost_usd_total','["adhoc", "DML", "succeeded"]');
INSERT INTO "series" VALUES(43,1,'athena_user_queries_total','["ann", "adhoc", "finance", "succeeded"]');
INSERT INTO "series" VALUES(44,1,'athena_user_scanned_bytes_total','["ann", "adhoc", "finance"]');
INSERT INTO "series" VALUES(45,1,'athena_user_cost_usd_total','["ann", "adhoc", "finance"]');
INSERT INTO "series" VALUES(46,1,'athena_client_queries_total','["console", "adhoc"]');
INSERT INTO "series" VALUES(47,1,'athena_client_scanned_bytes_total','["console", "adhoc"]');
INSERT INTO "series" VALUES(48,1,'athena_client_cost_usd_total','["console", "adhoc"]');
INSERT INTO "series" VALUES(49,1,'athena_queries_total','["primary", "UTILITY", "failed"]');
INSERT INTO "series" VALUES(50,1,'athena_scanned_bytes_total','["primary", "UTILITY", "failed"]');
INSERT INTO "series" VALUES(51,1,'athena_billed_bytes_total','["primary", "UTILITY", "failed"]');
INSERT INTO "series" VALUES(52,1,'athena_cost_usd_total','["primary", "UTILITY", "failed"]');
INSERT INTO "series" VALUES(53,1,'athena_user_queries_total','["bob", "primary", "finance", "failed"]');
INSERT INTO "series" VALUES(54,1,'athena_user_scanned_bytes_total','["bob", "primary", "finance"]');
INSERT INTO "series" VALUES(55,1,'athena_user_cost_usd_total','["bob", "primary", "finance"]');
INSERT INTO "series" VALUES(56,1,'athena_user_queries_total','["cleo", "etl", "unknown", "succeeded"]');
INSERT INTO "series" VALUES(57,1,'athena_user_scanned_bytes_total','["cleo", "etl", "unknown"]');
INSERT INTO "series" VALUES(58,1,'athena_user_cost_usd_total','["cleo", "etl", "unknown"]');
INSERT INTO "series" VALUES(59,1,'athena_queries_total','["adhoc", "DML", "cancelled"]');
INSERT INTO "series" VALUES(60,1,'athena_scanned_bytes_total','["adhoc", "DML", "cancelled"]');
INSERT INTO "series" VALUES(61,1,'athena_billed_bytes_total','["adhoc", "DML", "cancelled"]');
INSERT INTO "series" VALUES(62,1,'athena_cost_usd_total','["adhoc", "DML", "cancelled"]');
INSERT INTO "series" VALUES(63,1,'athena_user_queries_total','["dbt", "adhoc", "unknown", "cancelled"]');
INSERT INTO "series" VALUES(64,1,'athena_user_scanned_bytes_total','["dbt", "adhoc", "unknown"]');
INSERT INTO "series" VALUES(65,1,'athena_user_cost_usd_total','["dbt", "adhoc", "unknown"]');
INSERT INTO "series" VALUES(66,1,'athena_client_queries_total','["dbt-athena", "adhoc"]');
INSERT INTO "series" VALUES(67,1,'athena_client_scanned_bytes_total','["dbt-athena", "adhoc"]');
INSERT INTO "series" VALUES(68,1,'athena_client_cost_usd_total','["dbt-athena", "adhoc"]');
INSERT INTO "series" VALUES(69,1,'athena_queries_total','["primary", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(70,1,'athena_scanned_bytes_total','["primary", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(71,1,'athena_billed_bytes_total','["primary", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(72,1,'athena_cost_usd_total','["primary", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(73,1,'athena_user_queries_total','["dbt", "primary", "finance", "succeeded"]');
INSERT INTO "series" VALUES(74,1,'athena_user_scanned_bytes_total','["dbt", "primary", "finance"]');
INSERT INTO "series" VALUES(75,1,'athena_user_cost_usd_total','["dbt", "primary", "finance"]');
INSERT INTO "series" VALUES(76,1,'athena_client_queries_total','["dbt-athena", "primary"]');
INSERT INTO "series" VALUES(77,1,'athena_client_scanned_bytes_total','["dbt-athena", "primary"]');
INSERT INTO "series" VALUES(78,1,'athena_client_cost_usd_total','["dbt-athena", "primary"]');
INSERT INTO "series" VALUES(79,1,'athena_queries_total','["adhoc", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(80,1,'athena_scanned_bytes_total','["adhoc", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(81,1,'athena_billed_bytes_total','["adhoc", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(82,1,'athena_cost_usd_total','["adhoc", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(83,1,'athena_queries_total','["primary", "DML", "cancelled"]');
INSERT INTO "series" VALUES(84,1,'athena_scanned_bytes_total','["primary", "DML", "cancelled"]');
INSERT INTO "series" VALUES(85,1,'athena_billed_bytes_total','["primary", "DML", "cancelled"]');
INSERT INTO "series" VALUES(86,1,'athena_cost_usd_total','["primary", "DML", "cancelled"]');
INSERT INTO "series" VALUES(87,1,'athena_user_queries_total','["cleo", "primary", "sales", "cancelled"]');
INSERT INTO "series" VALUES(88,1,'athena_queries_total','["etl", "UTILITY", "succeeded"]');
INSERT INTO "series" VALUES(89,1,'athena_scanned_bytes_total','["etl", "UTILITY", "succeeded"]');
INSERT INTO "series" VALUES(90,1,'athena_billed_bytes_total','["etl", "UTILITY", "succeeded"]');
INSERT INTO "series" VALUES(91,1,'athena_cost_usd_total','["etl", "UTILITY", "succeeded"]');
INSERT INTO "series" VALUES(92,1,'athena_user_queries_total','["dbt", "etl", "sales", "succeeded"]');
INSERT INTO "series" VALUES(93,1,'athena_user_scanned_bytes_total','["dbt", "etl", "sales"]');
INSERT INTO "series" VALUES(94,1,'athena_user_cost_usd_total','["dbt", "etl", "sales"]');
INSERT INTO "series" VALUES(95,1,'athena_client_queries_total','["dbt-athena", "etl"]');
INSERT INTO "series" VALUES(96,1,'athena_client_scanned_bytes_total','["dbt-athena", "etl"]');
INSERT INTO "series" VALUES(97,1,'athena_client_cost_usd_total','["dbt-athena", "etl"]');
INSERT INTO "series" VALUES(98,1,'athena_start_rejections_total','["etl", "user", "InvalidRequestException", "false"]');
INSERT INTO "series" VALUES(99,1,'athena_exporter_unattributed_queries_total','["not_found"]');
INSERT INTO "series" VALUES(100,1,'athena_exporter_unattributed_bytes_total','["not_found"]');
INSERT INTO "series" VALUES(101,1,'athena_user_queries_total','["unattributed", "adhoc", "finance", "failed"]');
INSERT INTO "series" VALUES(102,1,'athena_user_scanned_bytes_total','["unattributed", "adhoc", "finance"]');
INSERT INTO "series" VALUES(103,1,'athena_user_cost_usd_total','["unattributed", "adhoc", "finance"]');
INSERT INTO "series" VALUES(104,1,'athena_client_queries_total','["unknown", "adhoc"]');
INSERT INTO "series" VALUES(105,1,'athena_client_scanned_bytes_total','["unknown", "adhoc"]');
INSERT INTO "series" VALUES(106,1,'athena_client_cost_usd_total','["unknown", "adhoc"]');
INSERT INTO "series" VALUES(107,1,'athena_user_queries_total','["unattributed", "etl", "sales", "succeeded"]');
INSERT INTO "series" VALUES(108,1,'athena_user_scanned_bytes_total','["unattributed", "etl", "sales"]');
INSERT INTO "series" VALUES(109,1,'athena_user_cost_usd_total','["unattributed", "etl", "sales"]');
INSERT INTO "series" VALUES(110,1,'athena_client_queries_total','["unknown", "etl"]');
INSERT INTO "series" VALUES(111,1,'athena_client_scanned_bytes_total','["unknown", "etl"]');
INSERT INTO "series" VALUES(112,1,'athena_client_cost_usd_total','["unknown", "etl"]');
INSERT INTO "series" VALUES(113,1,'athena_user_queries_total','["unattributed", "primary", "sales", "succeeded"]');
INSERT INTO "series" VALUES(114,1,'athena_user_scanned_bytes_total','["unattributed", "primary", "sales"]');
INSERT INTO "series" VALUES(115,1,'athena_user_cost_usd_total','["unattributed", "primary", "sales"]');
INSERT INTO "series" VALUES(116,1,'athena_client_queries_total','["unknown", "primary"]');
INSERT INTO "series" VALUES(117,1,'athena_client_scanned_bytes_total','["unknown", "primary"]');
INSERT INTO "series" VALUES(118,1,'athena_client_cost_usd_total','["unknown", "primary"]');
CREATE TABLE slots (
    target_id INTEGER NOT NULL REFERENCES targets (id),
    label TEXT NOT NULL,
    value TEXT NOT NULL,
    used_day INTEGER NOT NULL,
    PRIMARY KEY (target_id, label, value)
) WITHOUT ROWID;
INSERT INTO "slots" VALUES(1,'client','console',20522);
INSERT INTO "slots" VALUES(1,'client','dbt-athena',20522);
INSERT INTO "slots" VALUES(1,'database','finance',20522);
INSERT INTO "slots" VALUES(1,'database','sales',20522);
INSERT INTO "slots" VALUES(1,'user','ann',20522);
INSERT INTO "slots" VALUES(1,'user','bob',20522);
INSERT INTO "slots" VALUES(1,'user','cleo',20522);
INSERT INTO "slots" VALUES(1,'user','dbt',20522);
CREATE TABLE sources (
    target_id INTEGER NOT NULL REFERENCES targets (id),
    source TEXT NOT NULL,
    evidence TEXT,                        -- NULL until a window was read to its end
    last_success_ms INTEGER NOT NULL,
    read_until_ms INTEGER,
    PRIMARY KEY (target_id, source)
) WITHOUT ROWID;
INSERT INTO "sources" VALUES(1,'athena','executions',1773136800000,1773135000000);
INSERT INTO "sources" VALUES(1,'lookup','identities',1773136800000,1773136800000);
CREATE TABLE targets (
    id INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    counting_since_ms INTEGER NOT NULL,
    low_water_ms INTEGER NOT NULL,
    clock_ms INTEGER NOT NULL,            -- the newest time AWS's clock has shown
    UNIQUE (account_id, region)
);
INSERT INTO "targets" VALUES(1,'111122223333','eu-west-1',1773100800000,1773100800000,1773136800000);
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
INSERT INTO "usage_hours" VALUES(1,1773100800000,'etl','bob','sales','succeeded',1,3060793345,3061841920,13923645);
INSERT INTO "usage_hours" VALUES(1,1773100800000,'etl','pending','sales','succeeded',0,0,0,0);
INSERT INTO "usage_hours" VALUES(1,1773100800000,'primary','ann','sales','succeeded',1,0,10485760,47684);
INSERT INTO "usage_hours" VALUES(1,1773100800000,'primary','pending','sales','succeeded',0,0,0,0);
INSERT INTO "usage_hours" VALUES(1,1773104400000,'adhoc','pending','finance','failed',0,0,0,0);
INSERT INTO "usage_hours" VALUES(1,1773104400000,'adhoc','unattributed','finance','failed',1,878706690,0,0);
INSERT INTO "usage_hours" VALUES(1,1773108000000,'etl','ann','unknown','cancelled',1,1757413380,0,0);
INSERT INTO "usage_hours" VALUES(1,1773108000000,'etl','pending','unknown','cancelled',0,0,0,0);
INSERT INTO "usage_hours" VALUES(1,1773111600000,'etl','pending','sales','succeeded',0,0,0,0);
INSERT INTO "usage_hours" VALUES(1,1773111600000,'etl','unattributed','sales','succeeded',1,454033415,0,0);
INSERT INTO "usage_hours" VALUES(1,1773111600000,'primary','cleo','sales','succeeded',1,0,0,0);
INSERT INTO "usage_hours" VALUES(1,1773111600000,'primary','pending','sales','succeeded',0,0,0,0);
INSERT INTO "usage_hours" VALUES(1,1773115200000,'adhoc','ann','finance','succeeded',1,3514826760,3515875328,15988350);
INSERT INTO "usage_hours" VALUES(1,1773115200000,'adhoc','pending','finance','succeeded',0,0,0,0);
INSERT INTO "usage_hours" VALUES(1,1773115200000,'primary','bob','finance','failed',1,1332740105,0,0);
INSERT INTO "usage_hours" VALUES(1,1773115200000,'primary','pending','finance','failed',0,0,0,0);
INSERT INTO "usage_hours" VALUES(1,1773118800000,'adhoc','dbt','unknown','cancelled',1,2211446795,2212495360,10061264);
INSERT INTO "usage_hours" VALUES(1,1773118800000,'adhoc','pending','unknown','cancelled',0,0,0,0);
INSERT INTO "usage_hours" VALUES(1,1773118800000,'etl','cleo','unknown','succeeded',1,4393533450,4394582016,19984245);
INSERT INTO "usage_hours" VALUES(1,1773118800000,'etl','pending','unknown','succeeded',0,0,0,0);
INSERT INTO "usage_hours" VALUES(1,1773122400000,'etl','bob','sales','succeeded',1,3090153485,3091202048,14057159);
INSERT INTO "usage_hours" VALUES(1,1773122400000,'etl','pending','sales','succeeded',0,0,0,0);
INSERT INTO "usage_hours" VALUES(1,1773122400000,'primary','pending','sales','succeeded',0,0,0,0);
INSERT INTO "usage_hours" VALUES(1,1773122400000,'primary','unattributed','sales','succeeded',1,29360140,0,0);
INSERT INTO "usage_hours" VALUES(1,1773126000000,'primary','dbt','finance','succeeded',1,3968860175,3969908736,18053055);
INSERT INTO "usage_hours" VALUES(1,1773126000000,'primary','pending','finance','succeeded',0,0,0,0);
INSERT INTO "usage_hours" VALUES(1,1773129600000,'adhoc','pending','unknown','succeeded',1,4847566865,0,0);
INSERT INTO "usage_hours" VALUES(1,1773133200000,'etl','dbt','sales','succeeded',1,0,0,0);
INSERT INTO "usage_hours" VALUES(1,1773133200000,'etl','pending','sales','succeeded',0,0,0,0);
INSERT INTO "usage_hours" VALUES(1,1773133200000,'primary','cleo','sales','cancelled',1,2665480210,2666528768,12125969);
INSERT INTO "usage_hours" VALUES(1,1773133200000,'primary','pending','sales','cancelled',0,0,0,0);
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
INSERT INTO "usage_totals" VALUES(1,1773100800000,'user','ann',3,5272240140,16036034);
INSERT INTO "usage_totals" VALUES(1,1773100800000,'user','bob',3,7483686935,27980804);
INSERT INTO "usage_totals" VALUES(1,1773100800000,'user','cleo',3,7059013660,32110214);
INSERT INTO "usage_totals" VALUES(1,1773100800000,'user','dbt',3,6180306970,28114319);
INSERT INTO "usage_totals" VALUES(1,1773100800000,'user','pending',1,4847566865,0);
INSERT INTO "usage_totals" VALUES(1,1773100800000,'user','unattributed',3,1362100245,0);
INSERT INTO "usage_totals" VALUES(1,1773100800000,'workgroup','adhoc',4,11452547110,26049614);
INSERT INTO "usage_totals" VALUES(1,1773100800000,'workgroup','etl',6,12755927075,47965049);
INSERT INTO "usage_totals" VALUES(1,1773100800000,'workgroup','primary',6,7996440630,30226708);
CREATE UNIQUE INDEX queries_by_id ON queries (target_id, query_id);
CREATE INDEX queries_unfinished ON queries (target_id, since_ms) WHERE phase < 3;
CREATE INDEX queries_nameless ON queries (target_id, since_ms)
    WHERE identity_id IS NULL AND attribution = 0 AND phase > 0;
CREATE INDEX queries_by_time ON queries (target_id, ended_ms) WHERE phase = 3;
CREATE INDEX counters_unborn ON counters (id) WHERE shown = 0;
DELETE FROM "sqlite_sequence";
COMMIT;
