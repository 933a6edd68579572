BEGIN TRANSACTION;
PRAGMA application_id = 1096042574;
PRAGMA user_version = 3;
CREATE TABLE budget_log (                 -- what batches have added and the sums do not hold yet
    seq INTEGER PRIMARY KEY,
    target_id INTEGER NOT NULL REFERENCES targets (id),
    body TEXT NOT NULL                    -- JSON: number of the tally, start_ms, subject: bytes, nanodollars
);
INSERT INTO "budget_log" VALUES(1,1,'{"1":{"1773100800000":{"ann":[0,47684]}}}');
INSERT INTO "budget_log" VALUES(2,1,'{"1":{"1773100800000":{"bob":[3060793345,13923645]}}}');
INSERT INTO "budget_log" VALUES(3,1,'{"1":{"1773100800000":{"ann":[1757413380,0]}}}');
INSERT INTO "budget_log" VALUES(4,1,'{"1":{"1773100800000":{"cleo":[0,0]}}}');
INSERT INTO "budget_log" VALUES(5,1,'{"1":{"1773100800000":{"ann":[3514826760,15988350]}}}');
INSERT INTO "budget_log" VALUES(6,1,'{"1":{"1773100800000":{"bob":[1332740105,0]}}}');
INSERT INTO "budget_log" VALUES(7,1,'{"1":{"1773100800000":{"cleo":[4393533450,19984245]}}}');
INSERT INTO "budget_log" VALUES(8,1,'{"1":{"1773100800000":{"dbt":[2211446795,10061264]}}}');
INSERT INTO "budget_log" VALUES(9,1,'{"1":{"1773100800000":{"bob":[3090153485,14057159]}}}');
INSERT INTO "budget_log" VALUES(10,1,'{"1":{"1773100800000":{"dbt":[3968860175,18053055]}}}');
INSERT INTO "budget_log" VALUES(11,1,'{"1":{"1773100800000":{"cleo":[2665480210,12125969]}}}');
INSERT INTO "budget_log" VALUES(12,1,'{"1":{"1773100800000":{"dbt":[0,0]}}}');
CREATE TABLE budget_tallies (             -- what is added up for budgets
    id INTEGER PRIMARY KEY,
    target_id INTEGER NOT NULL REFERENCES targets (id),
    definition TEXT NOT NULL,             -- JSON: per whom, over which window, of which queries
    since_ms INTEGER NOT NULL,            -- every query that ended at or after it is in
    UNIQUE (target_id, definition)
);
INSERT INTO "budget_tallies" VALUES(1,1,'{"match":{},"per":"user","window":["day","UTC"]}',1773100800000);
CREATE TABLE budget_usage (               -- their sums: a calendar window, or a part of a rolling one
    tally_id INTEGER NOT NULL REFERENCES budget_tallies (id) ON DELETE CASCADE,
    start_ms INTEGER NOT NULL,
    subject TEXT NOT NULL,
    scanned_bytes INTEGER NOT NULL,
    cost_nanousd INTEGER NOT NULL,
    PRIMARY KEY (tally_id, start_ms, subject)
) WITHOUT ROWID;
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
INSERT INTO "counters" VALUES(1,16,1);
INSERT INTO "counters" VALUES(2,3,1);
INSERT INTO "counters" VALUES(3,3968860175,1);
INSERT INTO "counters" VALUES(4,3980394496,1);
INSERT INTO "counters" VALUES(5,18100739,1);
INSERT INTO "counters" VALUES(6,0,1);
INSERT INTO "counters" VALUES(7,0,1);
INSERT INTO "counters" VALUES(8,439,1);
INSERT INTO "counters" VALUES(9,1,1);
INSERT INTO "counters" VALUES(10,839,1);
INSERT INTO "counters" VALUES(11,4,1);
INSERT INTO "counters" VALUES(12,60039,1);
INSERT INTO "counters" VALUES(13,1,1);
INSERT INTO "counters" VALUES(14,80000,1);
INSERT INTO "counters" VALUES(15,4,1);
INSERT INTO "counters" VALUES(16,6634340385,1);
INSERT INTO "counters" VALUES(17,1,1);
INSERT INTO "counters" VALUES(18,1,1);
INSERT INTO "counters" VALUES(19,0,1);
INSERT INTO "counters" VALUES(20,47684,1);
INSERT INTO "counters" VALUES(21,4,1);
INSERT INTO "counters" VALUES(22,3998220315,1);
INSERT INTO "counters" VALUES(23,12173653,1);
INSERT INTO "counters" VALUES(24,10,1);
INSERT INTO "counters" VALUES(25,3,1);
INSERT INTO "counters" VALUES(26,10544480280,1);
INSERT INTO "counters" VALUES(27,10547625984,1);
INSERT INTO "counters" VALUES(28,47965049,1);
INSERT INTO "counters" VALUES(29,0,1);
INSERT INTO "counters" VALUES(30,0,1);
INSERT INTO "counters" VALUES(31,324,1);
INSERT INTO "counters" VALUES(32,3,1);
INSERT INTO "counters" VALUES(33,624,1);
INSERT INTO "counters" VALUES(34,3,1);
INSERT INTO "counters" VALUES(35,45024,1);
INSERT INTO "counters" VALUES(36,3,1);
INSERT INTO "counters" VALUES(37,60000,1);
INSERT INTO "counters" VALUES(38,3,1);
INSERT INTO "counters" VALUES(39,10544480280,1);
INSERT INTO "counters" VALUES(40,3,1);
INSERT INTO "counters" VALUES(41,2,1);
INSERT INTO "counters" VALUES(42,6150946830,1);
INSERT INTO "counters" VALUES(43,27980804,1);
INSERT INTO "counters" VALUES(44,4,1);
INSERT INTO "counters" VALUES(45,12301893660,1);
INSERT INTO "counters" VALUES(46,47965049,1);
INSERT INTO "counters" VALUES(47,1,1);
INSERT INTO "counters" VALUES(48,1,1);
INSERT INTO "counters" VALUES(49,878706690,1);
INSERT INTO "counters" VALUES(50,0,1);
INSERT INTO "counters" VALUES(51,0,1);
INSERT INTO "counters" VALUES(52,0,1);
INSERT INTO "counters" VALUES(53,0,1);
INSERT INTO "counters" VALUES(54,219,1);
INSERT INTO "counters" VALUES(55,2,1);
INSERT INTO "counters" VALUES(56,419,1);
INSERT INTO "counters" VALUES(57,2,1);
INSERT INTO "counters" VALUES(58,30019,1);
INSERT INTO "counters" VALUES(59,2,1);
INSERT INTO "counters" VALUES(60,40000,1);
INSERT INTO "counters" VALUES(61,2,1);
INSERT INTO "counters" VALUES(62,5726273555,1);
INSERT INTO "counters" VALUES(63,2,1);
INSERT INTO "counters" VALUES(64,1,1);
INSERT INTO "counters" VALUES(65,1757413380,1);
INSERT INTO "counters" VALUES(66,0,1);
INSERT INTO "counters" VALUES(67,0,1);
INSERT INTO "counters" VALUES(68,223,1);
INSERT INTO "counters" VALUES(69,2,1);
INSERT INTO "counters" VALUES(70,423,1);
INSERT INTO "counters" VALUES(71,2,1);
INSERT INTO "counters" VALUES(72,30023,1);
INSERT INTO "counters" VALUES(73,2,1);
INSERT INTO "counters" VALUES(74,40000,1);
INSERT INTO "counters" VALUES(75,2,1);
INSERT INTO "counters" VALUES(76,1757413380,1);
INSERT INTO "counters" VALUES(77,1,1);
INSERT INTO "counters" VALUES(78,1,1);
INSERT INTO "counters" VALUES(79,1757413380,1);
INSERT INTO "counters" VALUES(80,0,1);
INSERT INTO "counters" VALUES(81,3,1);
INSERT INTO "counters" VALUES(82,3,1);
INSERT INTO "counters" VALUES(83,1,1);
INSERT INTO "counters" VALUES(84,2665480210,1);
INSERT INTO "counters" VALUES(85,12125969,1);
INSERT INTO "counters" VALUES(86,1,1);
INSERT INTO "counters" VALUES(87,454033415,1);
INSERT INTO "counters" VALUES(88,0,1);
INSERT INTO "counters" VALUES(89,0,1);
INSERT INTO "counters" VALUES(90,107,1);
INSERT INTO "counters" VALUES(91,1,1);
INSERT INTO "counters" VALUES(92,207,1);
INSERT INTO "counters" VALUES(93,1,1);
INSERT INTO "counters" VALUES(94,15007,1);
INSERT INTO "counters" VALUES(95,1,1);
INSERT INTO "counters" VALUES(96,20000,1);
INSERT INTO "counters" VALUES(97,1,1);
INSERT INTO "counters" VALUES(98,454033415,1);
INSERT INTO "counters" VALUES(99,1,1);
INSERT INTO "counters" VALUES(100,1,1);
INSERT INTO "counters" VALUES(101,3514826760,1);
INSERT INTO "counters" VALUES(102,3515875328,1);
INSERT INTO "counters" VALUES(103,15988350,1);
INSERT INTO "counters" VALUES(104,219,1);
INSERT INTO "counters" VALUES(105,2,1);
INSERT INTO "counters" VALUES(106,419,1);
INSERT INTO "counters" VALUES(107,2,1);
INSERT INTO "counters" VALUES(108,30019,1);
INSERT INTO "counters" VALUES(109,2,1);
INSERT INTO "counters" VALUES(110,40000,1);
INSERT INTO "counters" VALUES(111,2,1);
INSERT INTO "counters" VALUES(112,5726273555,1);
INSERT INTO "counters" VALUES(113,2,1);
INSERT INTO "counters" VALUES(114,1,1);
INSERT INTO "counters" VALUES(115,3514826760,1);
INSERT INTO "counters" VALUES(116,15988350,1);
INSERT INTO "counters" VALUES(117,1,1);
INSERT INTO "counters" VALUES(118,3514826760,1);
INSERT INTO "counters" VALUES(119,15988350,1);
INSERT INTO "counters" VALUES(120,1,1);
INSERT INTO "counters" VALUES(121,1,1);
INSERT INTO "counters" VALUES(122,1332740105,1);
INSERT INTO "counters" VALUES(123,0,1);
INSERT INTO "counters" VALUES(124,0,1);
INSERT INTO "counters" VALUES(125,109,1);
INSERT INTO "counters" VALUES(126,1,1);
INSERT INTO "counters" VALUES(127,209,1);
INSERT INTO "counters" VALUES(128,1,1);
INSERT INTO "counters" VALUES(129,15009,1);
INSERT INTO "counters" VALUES(130,1,1);
INSERT INTO "counters" VALUES(131,20000,1);
INSERT INTO "counters" VALUES(132,1,1);
INSERT INTO "counters" VALUES(133,1332740105,1);
INSERT INTO "counters" VALUES(134,1,1);
INSERT INTO "counters" VALUES(135,1,1);
INSERT INTO "counters" VALUES(136,1332740105,1);
INSERT INTO "counters" VALUES(137,0,1);
INSERT INTO "counters" VALUES(138,1,1);
INSERT INTO "counters" VALUES(139,4393533450,1);
INSERT INTO "counters" VALUES(140,19984245,1);
INSERT INTO "counters" VALUES(141,1,1);
INSERT INTO "counters" VALUES(142,2211446795,1);
INSERT INTO "counters" VALUES(143,2212495360,1);
INSERT INTO "counters" VALUES(144,10061264,1);
INSERT INTO "counters" VALUES(145,1,1);
INSERT INTO "counters" VALUES(146,2211446795,1);
INSERT INTO "counters" VALUES(147,10061264,1);
INSERT INTO "counters" VALUES(148,1,1);
INSERT INTO "counters" VALUES(149,2211446795,1);
INSERT INTO "counters" VALUES(150,10061264,1);
INSERT INTO "counters" VALUES(151,1,1);
INSERT INTO "counters" VALUES(152,2211446795,1);
INSERT INTO "counters" VALUES(153,10061264,1);
INSERT INTO "counters" VALUES(154,15011,1);
INSERT INTO "counters" VALUES(155,1,1);
INSERT INTO "counters" VALUES(156,29360140,1);
INSERT INTO "counters" VALUES(157,0,1);
INSERT INTO "counters" VALUES(158,0,1);
INSERT INTO "counters" VALUES(159,112,1);
INSERT INTO "counters" VALUES(160,1,1);
INSERT INTO "counters" VALUES(161,212,1);
INSERT INTO "counters" VALUES(162,1,1);
INSERT INTO "counters" VALUES(163,15012,1);
INSERT INTO "counters" VALUES(164,1,1);
INSERT INTO "counters" VALUES(165,20000,1);
INSERT INTO "counters" VALUES(166,1,1);
INSERT INTO "counters" VALUES(167,29360140,1);
INSERT INTO "counters" VALUES(168,1,1);
INSERT INTO "counters" VALUES(169,2,1);
INSERT INTO "counters" VALUES(170,1,1);
INSERT INTO "counters" VALUES(171,3968860175,1);
INSERT INTO "counters" VALUES(172,18053055,1);
INSERT INTO "counters" VALUES(173,1,1);
INSERT INTO "counters" VALUES(174,3968860175,1);
INSERT INTO "counters" VALUES(175,18053055,1);
INSERT INTO "counters" VALUES(176,1,1);
INSERT INTO "counters" VALUES(177,3968860175,1);
INSERT INTO "counters" VALUES(178,18053055,1);
INSERT INTO "counters" VALUES(179,15015,1);
INSERT INTO "counters" VALUES(180,1,1);
INSERT INTO "counters" VALUES(181,4847566865,1);
INSERT INTO "counters" VALUES(182,0,1);
INSERT INTO "counters" VALUES(183,0,1);
INSERT INTO "counters" VALUES(184,1,1);
INSERT INTO "counters" VALUES(185,2665480210,1);
INSERT INTO "counters" VALUES(186,2666528768,1);
INSERT INTO "counters" VALUES(187,12125969,1);
INSERT INTO "counters" VALUES(188,1,1);
INSERT INTO "counters" VALUES(189,1,1);
INSERT INTO "counters" VALUES(190,0,1);
INSERT INTO "counters" VALUES(191,0,1);
INSERT INTO "counters" VALUES(192,0,1);
INSERT INTO "counters" VALUES(193,1,1);
INSERT INTO "counters" VALUES(194,0,1);
INSERT INTO "counters" VALUES(195,0,1);
INSERT INTO "counters" VALUES(196,1,1);
INSERT INTO "counters" VALUES(197,0,1);
INSERT INTO "counters" VALUES(198,0,1);
INSERT INTO "counters" VALUES(199,1,1);
INSERT INTO "counters" VALUES(200,0,1);
INSERT INTO "counters" VALUES(201,0,1);
INSERT INTO "counters" VALUES(202,15019,1);
INSERT INTO "counters" VALUES(203,1,1);
INSERT INTO "counters" VALUES(204,3,1);
INSERT INTO "counters" VALUES(205,1362100245,1);
INSERT INTO "counters" VALUES(206,1,1);
INSERT INTO "counters" VALUES(207,878706690,1);
INSERT INTO "counters" VALUES(208,0,1);
INSERT INTO "counters" VALUES(209,1,1);
INSERT INTO "counters" VALUES(210,878706690,1);
INSERT INTO "counters" VALUES(211,0,1);
INSERT INTO "counters" VALUES(212,1,1);
INSERT INTO "counters" VALUES(213,454033415,1);
INSERT INTO "counters" VALUES(214,0,1);
INSERT INTO "counters" VALUES(215,1,1);
INSERT INTO "counters" VALUES(216,454033415,1);
INSERT INTO "counters" VALUES(217,0,1);
INSERT INTO "counters" VALUES(218,1,1);
INSERT INTO "counters" VALUES(219,454033415,1);
INSERT INTO "counters" VALUES(220,0,1);
INSERT INTO "counters" VALUES(221,15007,1);
INSERT INTO "counters" VALUES(222,1,1);
INSERT INTO "counters" VALUES(223,29360140,1);
INSERT INTO "counters" VALUES(224,0,1);
INSERT INTO "counters" VALUES(225,1,1);
INSERT INTO "counters" VALUES(226,29360140,1);
INSERT INTO "counters" VALUES(227,0,1);
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
INSERT INTO "facts" VALUES(1,1,'query',1773100820000,1773102600000,'{"query_id":"00000000-0000-4000-8000-000000000000","at":"2026-03-10T00:00:20.000+00:00","attribution":"known","identity":{"user":"ann","role":"analyst","kind":"person","client":"console"},"workload":null,"billed_bytes":10485760,"cost_nanousd":47684,"execution":{"query_id":"00000000-0000-4000-8000-000000000000","workgroup":"primary","state":"succeeded","submitted_at":"2026-03-10T00:00:00+00:00","ended_at":"2026-03-10T00:00:20+00:00","catalog":"awsdatacatalog","database":"sales","statement_type":"DML","substatement_type":null,"scanned_bytes":0,"queue_ms":100,"planning_ms":200,"engine_ms":15000,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":"0000000000000000000000000000000000000000000000000000000000000000","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null}],"unparsed":null,"workload":null}}');
INSERT INTO "facts" VALUES(2,1,'query',1773102620000,1773104400000,'{"query_id":"00000000-0000-4000-8000-000000000001","at":"2026-03-10T00:30:20.000+00:00","attribution":"known","identity":{"user":"bob","role":"analyst","kind":"person","client":"console"},"workload":null,"billed_bytes":3061841920,"cost_nanousd":13923645,"execution":{"query_id":"00000000-0000-4000-8000-000000000001","workgroup":"etl","state":"succeeded","submitted_at":"2026-03-10T00:30:00+00:00","ended_at":"2026-03-10T00:30:20+00:00","catalog":"awsdatacatalog","database":"sales","statement_type":"DML","substatement_type":null,"scanned_bytes":3060793345,"queue_ms":101,"planning_ms":201,"engine_ms":15001,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":"0000000000000000000000000000000000000000000000000000000000000001","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null},{"catalog":"awsdatacatalog","database":"finance","table":"accounts","mode":"read","via_view":null}],"unparsed":null,"workload":null}}');
INSERT INTO "facts" VALUES(3,1,'query',1773108020000,1773109800000,'{"query_id":"00000000-0000-4000-8000-000000000004","at":"2026-03-10T02:00:20.000+00:00","attribution":"known","identity":{"user":"ann","role":"analyst","kind":"person","client":"console"},"workload":null,"billed_bytes":0,"cost_nanousd":0,"execution":{"query_id":"00000000-0000-4000-8000-000000000004","workgroup":"etl","state":"cancelled","submitted_at":"2026-03-10T02:00:00+00:00","ended_at":"2026-03-10T02:00:20+00:00","catalog":"awsdatacatalog","database":null,"statement_type":"UTILITY","substatement_type":null,"scanned_bytes":1757413380,"queue_ms":104,"planning_ms":204,"engine_ms":15004,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":"0000000000000000000000000000000000000000000000000000000000000004","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null},{"catalog":"awsdatacatalog","database":"finance","table":"accounts","mode":"read","via_view":null}],"unparsed":null,"workload":null}}');
INSERT INTO "facts" VALUES(4,1,'query',1773111620000,1773113400000,'{"query_id":"00000000-0000-4000-8000-000000000006","at":"2026-03-10T03:00:20.000+00:00","attribution":"known","identity":{"user":"cleo","role":"analyst","kind":"person","client":"console"},"workload":null,"billed_bytes":null,"cost_nanousd":null,"execution":{"query_id":"00000000-0000-4000-8000-000000000006","workgroup":"primary","state":"succeeded","submitted_at":"2026-03-10T03:00:00+00:00","ended_at":"2026-03-10T03:00:20+00:00","catalog":"awsdatacatalog","database":"sales","statement_type":"DML","substatement_type":null,"scanned_bytes":null,"queue_ms":106,"planning_ms":206,"engine_ms":15006,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":"0000000000000000000000000000000000000000000000000000000000000006","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null}],"unparsed":null,"workload":null}}');
INSERT INTO "facts" VALUES(5,1,'query',1773115220000,1773117000000,'{"query_id":"00000000-0000-4000-8000-000000000008","at":"2026-03-10T04:00:20.000+00:00","attribution":"known","identity":{"user":"ann","role":"analyst","kind":"person","client":"console"},"workload":null,"billed_bytes":3515875328,"cost_nanousd":15988350,"execution":{"query_id":"00000000-0000-4000-8000-000000000008","workgroup":"adhoc","state":"succeeded","submitted_at":"2026-03-10T04:00:00+00:00","ended_at":"2026-03-10T04:00:20+00:00","catalog":"awsdatacatalog","database":"finance","statement_type":"DML","substatement_type":null,"scanned_bytes":3514826760,"queue_ms":108,"planning_ms":208,"engine_ms":15008,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":"0000000000000000000000000000000000000000000000000000000000000008","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null},{"catalog":"awsdatacatalog","database":"finance","table":"accounts","mode":"read","via_view":null}],"unparsed":null,"workload":null}}');
INSERT INTO "facts" VALUES(6,1,'query',1773117020000,1773118800000,'{"query_id":"00000000-0000-4000-8000-000000000009","at":"2026-03-10T04:30:20.000+00:00","attribution":"known","identity":{"user":"bob","role":"analyst","kind":"person","client":"console"},"workload":null,"billed_bytes":0,"cost_nanousd":0,"execution":{"query_id":"00000000-0000-4000-8000-000000000009","workgroup":"primary","state":"failed","submitted_at":"2026-03-10T04:30:00+00:00","ended_at":"2026-03-10T04:30:20+00:00","catalog":"awsdatacatalog","database":"finance","statement_type":"UTILITY","substatement_type":null,"scanned_bytes":1332740105,"queue_ms":109,"planning_ms":209,"engine_ms":15009,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":{"category":2,"type":1006,"retryable":false},"cutoff_hit":false,"sql_digest":"0000000000000000000000000000000000000000000000000000000000000009","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null}],"unparsed":null,"workload":null}}');
INSERT INTO "facts" VALUES(7,1,'query',1773118820000,1773120600000,'{"query_id":"00000000-0000-4000-8000-000000000010","at":"2026-03-10T05:00:20.000+00:00","attribution":"known","identity":{"user":"cleo","role":"analyst","kind":"person","client":"console"},"workload":null,"billed_bytes":4394582016,"cost_nanousd":19984245,"execution":{"query_id":"00000000-0000-4000-8000-000000000010","workgroup":"etl","state":"succeeded","submitted_at":"2026-03-10T05:00:00+00:00","ended_at":"2026-03-10T05:00:20+00:00","catalog":"awsdatacatalog","database":null,"statement_type":"DML","substatement_type":null,"scanned_bytes":4393533450,"queue_ms":110,"planning_ms":210,"engine_ms":15010,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":"000000000000000000000000000000000000000000000000000000000000000a","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null},{"catalog":"awsdatacatalog","database":"finance","table":"accounts","mode":"read","via_view":null}],"unparsed":null,"workload":null}}');
INSERT INTO "facts" VALUES(8,1,'query',1773120620000,1773122400000,'{"query_id":"00000000-0000-4000-8000-000000000011","at":"2026-03-10T05:30:20.000+00:00","attribution":"known","identity":{"user":"dbt","role":"analyst","kind":"service","client":"dbt-athena"},"workload":"dbt:model.shop.orders","billed_bytes":2212495360,"cost_nanousd":10061264,"execution":{"query_id":"00000000-0000-4000-8000-000000000011","workgroup":"adhoc","state":"cancelled","submitted_at":"2026-03-10T05:30:00+00:00","ended_at":"2026-03-10T05:30:20+00:00","catalog":"awsdatacatalog","database":null,"statement_type":"DML","substatement_type":null,"scanned_bytes":2211446795,"queue_ms":111,"planning_ms":211,"engine_ms":15011,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":"000000000000000000000000000000000000000000000000000000000000000b","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null},{"catalog":"awsdatacatalog","database":"finance","table":"accounts","mode":"read","via_view":null}],"unparsed":null,"workload":"dbt:model.shop.orders"}}');
INSERT INTO "facts" VALUES(9,1,'query',1773124220000,1773126000000,'{"query_id":"00000000-0000-4000-8000-000000000013","at":"2026-03-10T06:30:20.000+00:00","attribution":"known","identity":{"user":"bob","role":"analyst","kind":"person","client":"console"},"workload":null,"billed_bytes":3091202048,"cost_nanousd":14057159,"execution":{"query_id":"00000000-0000-4000-8000-000000000013","workgroup":"etl","state":"succeeded","submitted_at":"2026-03-10T06:30:00+00:00","ended_at":"2026-03-10T06:30:20+00:00","catalog":"awsdatacatalog","database":"sales","statement_type":"DML","substatement_type":null,"scanned_bytes":3090153485,"queue_ms":113,"planning_ms":213,"engine_ms":15013,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":"000000000000000000000000000000000000000000000000000000000000000d","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null},{"catalog":"awsdatacatalog","database":"finance","table":"accounts","mode":"read","via_view":null}],"unparsed":null,"workload":null}}');
INSERT INTO "facts" VALUES(10,1,'query',1773127820000,1773129600000,'{"query_id":"00000000-0000-4000-8000-000000000015","at":"2026-03-10T07:30:20.000+00:00","attribution":"known","identity":{"user":"dbt","role":"analyst","kind":"service","client":"dbt-athena"},"workload":"dbt:model.shop.orders","billed_bytes":3969908736,"cost_nanousd":18053055,"execution":{"query_id":"00000000-0000-4000-8000-000000000015","workgroup":"primary","state":"succeeded","submitted_at":"2026-03-10T07:30:00+00:00","ended_at":"2026-03-10T07:30:20+00:00","catalog":"awsdatacatalog","database":"finance","statement_type":"DML","substatement_type":null,"scanned_bytes":3968860175,"queue_ms":115,"planning_ms":215,"engine_ms":15015,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":"000000000000000000000000000000000000000000000000000000000000000f","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null}],"unparsed":null,"workload":"dbt:model.shop.orders"}}');
INSERT INTO "facts" VALUES(11,1,'query',1773133220000,1773135000000,'{"query_id":"00000000-0000-4000-8000-000000000018","at":"2026-03-10T09:00:20.000+00:00","attribution":"known","identity":{"user":"cleo","role":"analyst","kind":"person","client":"console"},"workload":null,"billed_bytes":2666528768,"cost_nanousd":12125969,"execution":{"query_id":"00000000-0000-4000-8000-000000000018","workgroup":"primary","state":"cancelled","submitted_at":"2026-03-10T09:00:00+00:00","ended_at":"2026-03-10T09:00:20+00:00","catalog":"awsdatacatalog","database":"sales","statement_type":"DML","substatement_type":null,"scanned_bytes":2665480210,"queue_ms":118,"planning_ms":218,"engine_ms":15018,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":"0000000000000000000000000000000000000000000000000000000000000012","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null}],"unparsed":null,"workload":null}}');
INSERT INTO "facts" VALUES(12,1,'query',1773135020000,1773136800000,'{"query_id":"00000000-0000-4000-8000-000000000019","at":"2026-03-10T09:30:20.000+00:00","attribution":"known","identity":{"user":"dbt","role":"analyst","kind":"service","client":"dbt-athena"},"workload":"dbt:model.shop.orders","billed_bytes":0,"cost_nanousd":0,"execution":{"query_id":"00000000-0000-4000-8000-000000000019","workgroup":"etl","state":"succeeded","submitted_at":"2026-03-10T09:30:00+00:00","ended_at":"2026-03-10T09:30:20+00:00","catalog":"awsdatacatalog","database":"sales","statement_type":"UTILITY","substatement_type":null,"scanned_bytes":null,"queue_ms":119,"planning_ms":219,"engine_ms":15019,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":"0000000000000000000000000000000000000000000000000000000000000013","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null},{"catalog":"awsdatacatalog","database":"finance","table":"accounts","mode":"read","via_view":null}],"unparsed":null,"workload":"dbt:model.shop.orders"}}');
INSERT INTO "facts" VALUES(13,1,'query',1773104420000,1773136800000,'{"query_id":"00000000-0000-4000-8000-000000000002","at":"2026-03-10T01:00:20.000+00:00","attribution":"not_found","identity":null,"workload":null,"billed_bytes":0,"cost_nanousd":0,"execution":{"query_id":"00000000-0000-4000-8000-000000000002","workgroup":"adhoc","state":"failed","submitted_at":"2026-03-10T01:00:00+00:00","ended_at":"2026-03-10T01:00:20+00:00","catalog":"awsdatacatalog","database":"finance","statement_type":"DDL","substatement_type":null,"scanned_bytes":878706690,"queue_ms":102,"planning_ms":202,"engine_ms":15002,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":{"category":2,"type":1006,"retryable":false},"cutoff_hit":false,"sql_digest":"0000000000000000000000000000000000000000000000000000000000000002","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null},{"catalog":"awsdatacatalog","database":"finance","table":"accounts","mode":"read","via_view":null}],"unparsed":null,"workload":null}}');
INSERT INTO "facts" VALUES(14,1,'query',1773113420000,1773136800000,'{"query_id":"00000000-0000-4000-8000-000000000007","at":"2026-03-10T03:30:20.000+00:00","attribution":"not_found","identity":null,"workload":"dbt:model.shop.orders","billed_bytes":0,"cost_nanousd":0,"execution":{"query_id":"00000000-0000-4000-8000-000000000007","workgroup":"etl","state":"succeeded","submitted_at":"2026-03-10T03:30:00+00:00","ended_at":"2026-03-10T03:30:20+00:00","catalog":"awsdatacatalog","database":"sales","statement_type":"DDL","substatement_type":null,"scanned_bytes":454033415,"queue_ms":107,"planning_ms":207,"engine_ms":15007,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":"0000000000000000000000000000000000000000000000000000000000000007","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null},{"catalog":"awsdatacatalog","database":"finance","table":"accounts","mode":"read","via_view":null}],"unparsed":null,"workload":"dbt:model.shop.orders"}}');
INSERT INTO "facts" VALUES(15,1,'query',1773122420000,1773136800000,'{"query_id":"00000000-0000-4000-8000-000000000012","at":"2026-03-10T06:00:20.000+00:00","attribution":"not_found","identity":null,"workload":null,"billed_bytes":0,"cost_nanousd":0,"execution":{"query_id":"00000000-0000-4000-8000-000000000012","workgroup":"primary","state":"succeeded","submitted_at":"2026-03-10T06:00:00+00:00","ended_at":"2026-03-10T06:00:20+00:00","catalog":"awsdatacatalog","database":"sales","statement_type":"DDL","substatement_type":null,"scanned_bytes":29360140,"queue_ms":112,"planning_ms":212,"engine_ms":15012,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":"000000000000000000000000000000000000000000000000000000000000000c","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null}],"unparsed":null,"workload":null}}');
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
CREATE TABLE inventories (                -- the present state of something as a whole: workgroups, quotas, ...
    target_id INTEGER NOT NULL REFERENCES targets (id),
    kind TEXT NOT NULL,                   -- the name of the record's class
    told_ms INTEGER NOT NULL,
    body TEXT NOT NULL,                   -- JSON
    PRIMARY KEY (target_id, kind)
) WITHOUT ROWID;
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "meta" VALUES('generation','1');
INSERT INTO "meta" VALUES('ledger_id','905e5f5c6f7544bb99400e508f7675d1');
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
    detail TEXT,
    engine_ms INTEGER,
    workload TEXT,
    tables TEXT                           -- a JSON array of database, table, mode; until the user is known
);
INSERT INTO "queries" VALUES(1,1,X'00000000000040008000000000000000',3,1,0,1773100800000,1,1,'primary','sales','DML','succeeded',1773100820000,NULL,0,0,10485760,47684,1,NULL,15000,NULL,NULL);
INSERT INTO "queries" VALUES(2,1,X'00000000000040008000000000000001',3,1,0,1773102600000,4,1,'etl','sales','DML','succeeded',1773102620000,NULL,0,3060793345,3061841920,13923645,2,NULL,15001,NULL,NULL);
INSERT INTO "queries" VALUES(3,1,X'00000000000040008000000000000002',3,2,0,1773104400000,6,1,'adhoc','finance','DDL','failed',1773104420000,NULL,0,878706690,0,0,NULL,'{"query_id":"00000000-0000-4000-8000-000000000002","workgroup":"adhoc","state":"failed","submitted_at":"2026-03-10T01:00:00+00:00","ended_at":"2026-03-10T01:00:20+00:00","catalog":"awsdatacatalog","database":"finance","statement_type":"DDL","substatement_type":null,"scanned_bytes":878706690,"queue_ms":102,"planning_ms":202,"engine_ms":15002,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":{"category":2,"type":1006,"retryable":false},"cutoff_hit":false,"sql_digest":"0000000000000000000000000000000000000000000000000000000000000002","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null},{"catalog":"awsdatacatalog","database":"finance","table":"accounts","mode":"read","via_view":null}],"unparsed":null,"workload":null}',15002,NULL,'[["finance","accounts","read"],["sales","orders","read"]]');
INSERT INTO "queries" VALUES(4,1,X'00000000000040008000000000000003',1,0,0,1773106200000,7,1,'primary','finance','DML','running',NULL,NULL,0,NULL,NULL,NULL,3,NULL,NULL,'dbt:model.shop.orders',NULL);
INSERT INTO "queries" VALUES(5,1,X'00000000000040008000000000000004',3,1,0,1773108000000,9,1,'etl',NULL,'UTILITY','cancelled',1773108020000,NULL,0,1757413380,0,0,1,NULL,15004,NULL,NULL);
INSERT INTO "queries" VALUES(6,1,X'00000000000040008000000000000005',2,0,0,1773109800000,12,1,'adhoc',NULL,'DML','succeeded',1773109820000,1773111600000,1,NULL,NULL,NULL,2,NULL,NULL,NULL,NULL);
INSERT INTO "queries" VALUES(7,1,X'00000000000040008000000000000006',3,1,0,1773111600000,14,1,'primary','sales','DML','succeeded',1773111620000,NULL,0,NULL,NULL,NULL,4,NULL,15006,NULL,NULL);
INSERT INTO "queries" VALUES(8,1,X'00000000000040008000000000000007',3,2,0,1773113400000,16,1,'etl','sales','DDL','succeeded',1773113420000,NULL,0,454033415,0,0,NULL,'{"query_id":"00000000-0000-4000-8000-000000000007","workgroup":"etl","state":"succeeded","submitted_at":"2026-03-10T03:30:00+00:00","ended_at":"2026-03-10T03:30:20+00:00","catalog":"awsdatacatalog","database":"sales","statement_type":"DDL","substatement_type":null,"scanned_bytes":454033415,"queue_ms":107,"planning_ms":207,"engine_ms":15007,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":"0000000000000000000000000000000000000000000000000000000000000007","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null},{"catalog":"awsdatacatalog","database":"finance","table":"accounts","mode":"read","via_view":null}],"unparsed":null,"workload":"dbt:model.shop.orders"}',15007,'dbt:model.shop.orders','[["finance","accounts","read"],["sales","orders","read"]]');
INSERT INTO "queries" VALUES(9,1,X'00000000000040008000000000000008',3,1,0,1773115200000,17,1,'adhoc','finance','DML','succeeded',1773115220000,NULL,0,3514826760,3515875328,15988350,1,NULL,15008,NULL,NULL);
INSERT INTO "queries" VALUES(10,1,X'00000000000040008000000000000009',3,1,0,1773117000000,19,1,'primary','finance','UTILITY','failed',1773117020000,NULL,0,1332740105,0,0,2,NULL,15009,NULL,NULL);
INSERT INTO "queries" VALUES(11,1,X'00000000000040008000000000000010',3,1,0,1773118800000,22,1,'etl',NULL,'DML','succeeded',1773118820000,NULL,0,4393533450,4394582016,19984245,4,NULL,15010,NULL,NULL);
INSERT INTO "queries" VALUES(12,1,X'00000000000040008000000000000011',3,1,0,1773120600000,24,1,'adhoc',NULL,'DML','cancelled',1773120620000,NULL,0,2211446795,2212495360,10061264,3,NULL,15011,'dbt:model.shop.orders',NULL);
INSERT INTO "queries" VALUES(13,1,X'00000000000040008000000000000012',3,2,0,1773122400000,26,1,'primary','sales','DDL','succeeded',1773122420000,NULL,0,29360140,0,0,NULL,'{"query_id":"00000000-0000-4000-8000-000000000012","workgroup":"primary","state":"succeeded","submitted_at":"2026-03-10T06:00:00+00:00","ended_at":"2026-03-10T06:00:20+00:00","catalog":"awsdatacatalog","database":"sales","statement_type":"DDL","substatement_type":null,"scanned_bytes":29360140,"queue_ms":112,"planning_ms":212,"engine_ms":15012,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":"000000000000000000000000000000000000000000000000000000000000000c","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null}],"unparsed":null,"workload":null}',15012,NULL,'[["sales","orders","read"]]');
INSERT INTO "queries" VALUES(14,1,X'00000000000040008000000000000013',3,1,0,1773124200000,27,1,'etl','sales','DML','succeeded',1773124220000,NULL,0,3090153485,3091202048,14057159,2,NULL,15013,NULL,NULL);
INSERT INTO "queries" VALUES(15,1,X'00000000000040008000000000000014',1,0,0,1773126000000,30,1,'adhoc','finance','UTILITY','running',NULL,NULL,0,NULL,NULL,NULL,4,NULL,NULL,NULL,NULL);
INSERT INTO "queries" VALUES(16,1,X'00000000000040008000000000000015',3,1,0,1773127800000,32,1,'primary','finance','DML','succeeded',1773127820000,NULL,0,3968860175,3969908736,18053055,3,NULL,15015,'dbt:model.shop.orders',NULL);
INSERT INTO "queries" VALUES(17,1,X'00000000000040008000000000000016',2,0,0,1773129600000,34,1,'etl',NULL,'DML','failed',1773129620000,1773131400000,1,NULL,NULL,NULL,1,NULL,NULL,NULL,NULL);
INSERT INTO "queries" VALUES(18,1,X'00000000000040008000000000000017',3,0,0,1773131400000,36,1,'adhoc',NULL,'DDL','succeeded',1773131420000,NULL,0,4847566865,0,0,NULL,'{"query_id":"00000000-0000-4000-8000-000000000017","workgroup":"adhoc","state":"succeeded","submitted_at":"2026-03-10T08:30:00+00:00","ended_at":"2026-03-10T08:30:20+00:00","catalog":"awsdatacatalog","database":null,"statement_type":"DDL","substatement_type":null,"scanned_bytes":4847566865,"queue_ms":117,"planning_ms":217,"engine_ms":15017,"service_pre_ms":null,"service_ms":null,"total_ms":20000,"dpu_count":null,"result_reused":null,"error":null,"cutoff_hit":false,"sql_digest":"0000000000000000000000000000000000000000000000000000000000000011","sql_text":"SELECT ?","tables":[{"catalog":"awsdatacatalog","database":"sales","table":"orders","mode":"read","via_view":null},{"catalog":"awsdatacatalog","database":"finance","table":"accounts","mode":"read","via_view":null}],"unparsed":null,"workload":null}',15017,NULL,'[["finance","accounts","read"],["sales","orders","read"]]');
INSERT INTO "queries" VALUES(19,1,X'00000000000040008000000000000018',3,1,0,1773133200000,37,1,'primary','sales','DML','cancelled',1773133220000,NULL,0,2665480210,2666528768,12125969,4,NULL,15018,NULL,NULL);
INSERT INTO "queries" VALUES(20,1,X'00000000000040008000000000000019',3,1,0,1773135000000,40,1,'etl','sales','UTILITY','succeeded',1773135020000,NULL,0,NULL,0,0,3,NULL,15019,'dbt:model.shop.orders',NULL);
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
INSERT INTO "series" VALUES(1,1,'athena_table_queries_total','["sales", "orders", "read"]');
INSERT INTO "series" VALUES(2,1,'athena_queries_total','["primary", "DML", "succeeded"]');
INSERT INTO "series" VALUES(3,1,'athena_scanned_bytes_total','["primary", "DML", "succeeded"]');
INSERT INTO "series" VALUES(4,1,'athena_billed_bytes_total','["primary", "DML", "succeeded"]');
INSERT INTO "series" VALUES(5,1,'athena_cost_usd_total','["primary", "DML", "succeeded"]');
INSERT INTO "series" VALUES(6,1,'athena_query_cutoff_hits_total','["primary"]');
INSERT INTO "series" VALUES(7,1,'athena_result_reuse_total','["primary"]');
INSERT INTO "series" VALUES(8,1,'athena_query_queue_seconds_sum','["primary", "DML"]');
INSERT INTO "series" VALUES(9,1,'athena_query_queue_seconds_bucket','["primary", "DML", "100"]');
INSERT INTO "series" VALUES(10,1,'athena_query_planning_seconds_sum','["primary", "DML"]');
INSERT INTO "series" VALUES(11,1,'athena_query_planning_seconds_bucket','["primary", "DML", "500"]');
INSERT INTO "series" VALUES(12,1,'athena_query_engine_seconds_sum','["primary", "DML"]');
INSERT INTO "series" VALUES(13,1,'athena_query_engine_seconds_bucket','["primary", "DML", "15000"]');
INSERT INTO "series" VALUES(14,1,'athena_query_total_seconds_sum','["primary", "DML"]');
INSERT INTO "series" VALUES(15,1,'athena_query_total_seconds_bucket','["primary", "DML", "60000"]');
INSERT INTO "series" VALUES(16,1,'athena_query_scanned_bytes_sum','["primary", "DML"]');
INSERT INTO "series" VALUES(17,1,'athena_query_scanned_bytes_bucket','["primary", "DML", "10485760"]');
INSERT INTO "series" VALUES(18,1,'athena_user_queries_total','["ann", "primary", "sales", "succeeded"]');
INSERT INTO "series" VALUES(19,1,'athena_user_scanned_bytes_total','["ann", "primary", "sales"]');
INSERT INTO "series" VALUES(20,1,'athena_user_cost_usd_total','["ann", "primary", "sales"]');
INSERT INTO "series" VALUES(21,1,'athena_client_queries_total','["console", "primary"]');
INSERT INTO "series" VALUES(22,1,'athena_client_scanned_bytes_total','["console", "primary"]');
INSERT INTO "series" VALUES(23,1,'athena_client_cost_usd_total','["console", "primary"]');
INSERT INTO "series" VALUES(24,1,'athena_table_queries_total','["finance", "accounts", "read"]');
INSERT INTO "series" VALUES(25,1,'athena_queries_total','["etl", "DML", "succeeded"]');
INSERT INTO "series" VALUES(26,1,'athena_scanned_bytes_total','["etl", "DML", "succeeded"]');
INSERT INTO "series" VALUES(27,1,'athena_billed_bytes_total','["etl", "DML", "succeeded"]');
INSERT INTO "series" VALUES(28,1,'athena_cost_usd_total','["etl", "DML", "succeeded"]');
INSERT INTO "series" VALUES(29,1,'athena_query_cutoff_hits_total','["etl"]');
INSERT INTO "series" VALUES(30,1,'athena_result_reuse_total','["etl"]');
INSERT INTO "series" VALUES(31,1,'athena_query_queue_seconds_sum','["etl", "DML"]');
INSERT INTO "series" VALUES(32,1,'athena_query_queue_seconds_bucket','["etl", "DML", "500"]');
INSERT INTO "series" VALUES(33,1,'athena_query_planning_seconds_sum','["etl", "DML"]');
INSERT INTO "series" VALUES(34,1,'athena_query_planning_seconds_bucket','["etl", "DML", "500"]');
INSERT INTO "series" VALUES(35,1,'athena_query_engine_seconds_sum','["etl", "DML"]');
INSERT INTO "series" VALUES(36,1,'athena_query_engine_seconds_bucket','["etl", "DML", "60000"]');
INSERT INTO "series" VALUES(37,1,'athena_query_total_seconds_sum','["etl", "DML"]');
INSERT INTO "series" VALUES(38,1,'athena_query_total_seconds_bucket','["etl", "DML", "60000"]');
INSERT INTO "series" VALUES(39,1,'athena_query_scanned_bytes_sum','["etl", "DML"]');
INSERT INTO "series" VALUES(40,1,'athena_query_scanned_bytes_bucket','["etl", "DML", "5368709120"]');
INSERT INTO "series" VALUES(41,1,'athena_user_queries_total','["bob", "etl", "sales", "succeeded"]');
INSERT INTO "series" VALUES(42,1,'athena_user_scanned_bytes_total','["bob", "etl", "sales"]');
INSERT INTO "series" VALUES(43,1,'athena_user_cost_usd_total','["bob", "etl", "sales"]');
INSERT INTO "series" VALUES(44,1,'athena_client_queries_total','["console", "etl"]');
INSERT INTO "series" VALUES(45,1,'athena_client_scanned_bytes_total','["console", "etl"]');
INSERT INTO "series" VALUES(46,1,'athena_client_cost_usd_total','["console", "etl"]');
INSERT INTO "series" VALUES(47,1,'athena_query_failures_total','["adhoc", "user", "syntax_error", "false"]');
INSERT INTO "series" VALUES(48,1,'athena_queries_total','["adhoc", "DDL", "failed"]');
INSERT INTO "series" VALUES(49,1,'athena_scanned_bytes_total','["adhoc", "DDL", "failed"]');
INSERT INTO "series" VALUES(50,1,'athena_billed_bytes_total','["adhoc", "DDL", "failed"]');
INSERT INTO "series" VALUES(51,1,'athena_cost_usd_total','["adhoc", "DDL", "failed"]');
INSERT INTO "series" VALUES(52,1,'athena_query_cutoff_hits_total','["adhoc"]');
INSERT INTO "series" VALUES(53,1,'athena_result_reuse_total','["adhoc"]');
INSERT INTO "series" VALUES(54,1,'athena_query_queue_seconds_sum','["adhoc", "DDL"]');
INSERT INTO "series" VALUES(55,1,'athena_query_queue_seconds_bucket','["adhoc", "DDL", "500"]');
INSERT INTO "series" VALUES(56,1,'athena_query_planning_seconds_sum','["adhoc", "DDL"]');
INSERT INTO "series" VALUES(57,1,'athena_query_planning_seconds_bucket','["adhoc", "DDL", "500"]');
INSERT INTO "series" VALUES(58,1,'athena_query_engine_seconds_sum','["adhoc", "DDL"]');
INSERT INTO "series" VALUES(59,1,'athena_query_engine_seconds_bucket','["adhoc", "DDL", "60000"]');
INSERT INTO "series" VALUES(60,1,'athena_query_total_seconds_sum','["adhoc", "DDL"]');
INSERT INTO "series" VALUES(61,1,'athena_query_total_seconds_bucket','["adhoc", "DDL", "60000"]');
INSERT INTO "series" VALUES(62,1,'athena_query_scanned_bytes_sum','["adhoc", "DDL"]');
INSERT INTO "series" VALUES(63,1,'athena_query_scanned_bytes_bucket','["adhoc", "DDL", "5368709120"]');
INSERT INTO "series" VALUES(64,1,'athena_queries_total','["etl", "UTILITY", "cancelled"]');
INSERT INTO "series" VALUES(65,1,'athena_scanned_bytes_total','["etl", "UTILITY", "cancelled"]');
INSERT INTO "series" VALUES(66,1,'athena_billed_bytes_total','["etl", "UTILITY", "cancelled"]');
INSERT INTO "series" VALUES(67,1,'athena_cost_usd_total','["etl", "UTILITY", "cancelled"]');
INSERT INTO "series" VALUES(68,1,'athena_query_queue_seconds_sum','["etl", "UTILITY"]');
INSERT INTO "series" VALUES(69,1,'athena_query_queue_seconds_bucket','["etl", "UTILITY", "500"]');
INSERT INTO "series" VALUES(70,1,'athena_query_planning_seconds_sum','["etl", "UTILITY"]');
INSERT INTO "series" VALUES(71,1,'athena_query_planning_seconds_bucket','["etl", "UTILITY", "500"]');
INSERT INTO "series" VALUES(72,1,'athena_query_engine_seconds_sum','["etl", "UTILITY"]');
INSERT INTO "series" VALUES(73,1,'athena_query_engine_seconds_bucket','["etl", "UTILITY", "60000"]');
INSERT INTO "series" VALUES(74,1,'athena_query_total_seconds_sum','["etl", "UTILITY"]');
INSERT INTO "series" VALUES(75,1,'athena_query_total_seconds_bucket','["etl", "UTILITY", "60000"]');
INSERT INTO "series" VALUES(76,1,'athena_query_scanned_bytes_sum','["etl", "UTILITY"]');
INSERT INTO "series" VALUES(77,1,'athena_query_scanned_bytes_bucket','["etl", "UTILITY", "5368709120"]');
INSERT INTO "series" VALUES(78,1,'athena_user_queries_total','["ann", "etl", "unknown", "cancelled"]');
INSERT INTO "series" VALUES(79,1,'athena_user_scanned_bytes_total','["ann", "etl", "unknown"]');
INSERT INTO "series" VALUES(80,1,'athena_user_cost_usd_total','["ann", "etl", "unknown"]');
INSERT INTO "series" VALUES(81,1,'athena_query_queue_seconds_bucket','["primary", "DML", "500"]');
INSERT INTO "series" VALUES(82,1,'athena_query_engine_seconds_bucket','["primary", "DML", "60000"]');
INSERT INTO "series" VALUES(83,1,'athena_user_queries_total','["cleo", "primary", "sales", "succeeded"]');
INSERT INTO "series" VALUES(84,1,'athena_user_scanned_bytes_total','["cleo", "primary", "sales"]');
INSERT INTO "series" VALUES(85,1,'athena_user_cost_usd_total','["cleo", "primary", "sales"]');
INSERT INTO "series" VALUES(86,1,'athena_queries_total','["etl", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(87,1,'athena_scanned_bytes_total','["etl", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(88,1,'athena_billed_bytes_total','["etl", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(89,1,'athena_cost_usd_total','["etl", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(90,1,'athena_query_queue_seconds_sum','["etl", "DDL"]');
INSERT INTO "series" VALUES(91,1,'athena_query_queue_seconds_bucket','["etl", "DDL", "500"]');
INSERT INTO "series" VALUES(92,1,'athena_query_planning_seconds_sum','["etl", "DDL"]');
INSERT INTO "series" VALUES(93,1,'athena_query_planning_seconds_bucket','["etl", "DDL", "500"]');
INSERT INTO "series" VALUES(94,1,'athena_query_engine_seconds_sum','["etl", "DDL"]');
INSERT INTO "series" VALUES(95,1,'athena_query_engine_seconds_bucket','["etl", "DDL", "60000"]');
INSERT INTO "series" VALUES(96,1,'athena_query_total_seconds_sum','["etl", "DDL"]');
INSERT INTO "series" VALUES(97,1,'athena_query_total_seconds_bucket','["etl", "DDL", "60000"]');
INSERT INTO "series" VALUES(98,1,'athena_query_scanned_bytes_sum','["etl", "DDL"]');
INSERT INTO "series" VALUES(99,1,'athena_query_scanned_bytes_bucket','["etl", "DDL", "671088640"]');
INSERT INTO "series" VALUES(100,1,'athena_queries_total','["adhoc", "DML", "succeeded"]');
INSERT INTO "series" VALUES(101,1,'athena_scanned_bytes_total','["adhoc", "DML", "succeeded"]');
INSERT INTO "series" VALUES(102,1,'athena_billed_bytes_total','["adhoc", "DML", "succeeded"]');
INSERT INTO "series" VALUES(103,1,'athena_cost_usd_total','["adhoc", "DML", "succeeded"]');
INSERT INTO "series" VALUES(104,1,'athena_query_queue_seconds_sum','["adhoc", "DML"]');
INSERT INTO "series" VALUES(105,1,'athena_query_queue_seconds_bucket','["adhoc", "DML", "500"]');
INSERT INTO "series" VALUES(106,1,'athena_query_planning_seconds_sum','["adhoc", "DML"]');
INSERT INTO "series" VALUES(107,1,'athena_query_planning_seconds_bucket','["adhoc", "DML", "500"]');
INSERT INTO "series" VALUES(108,1,'athena_query_engine_seconds_sum','["adhoc", "DML"]');
INSERT INTO "series" VALUES(109,1,'athena_query_engine_seconds_bucket','["adhoc", "DML", "60000"]');
INSERT INTO "series" VALUES(110,1,'athena_query_total_seconds_sum','["adhoc", "DML"]');
INSERT INTO "series" VALUES(111,1,'athena_query_total_seconds_bucket','["adhoc", "DML", "60000"]');
INSERT INTO "series" VALUES(112,1,'athena_query_scanned_bytes_sum','["adhoc", "DML"]');
INSERT INTO "series" VALUES(113,1,'athena_query_scanned_bytes_bucket','["adhoc", "DML", "5368709120"]');
INSERT INTO "series" VALUES(114,1,'athena_user_queries_total','["ann", "adhoc", "finance", "succeeded"]');
INSERT INTO "series" VALUES(115,1,'athena_user_scanned_bytes_total','["ann", "adhoc", "finance"]');
INSERT INTO "series" VALUES(116,1,'athena_user_cost_usd_total','["ann", "adhoc", "finance"]');
INSERT INTO "series" VALUES(117,1,'athena_client_queries_total','["console", "adhoc"]');
INSERT INTO "series" VALUES(118,1,'athena_client_scanned_bytes_total','["console", "adhoc"]');
INSERT INTO "series" VALUES(119,1,'athena_client_cost_usd_total','["console", "adhoc"]');
INSERT INTO "series" VALUES(120,1,'athena_query_failures_total','["primary", "user", "syntax_error", "false"]');
INSERT INTO "series" VALUES(121,1,'athena_queries_total','["primary", "UTILITY", "failed"]');
INSERT INTO "series" VALUES(122,1,'athena_scanned_bytes_total','["primary", "UTILITY", "failed"]');
INSERT INTO "series" VALUES(123,1,'athena_billed_bytes_total','["primary", "UTILITY", "failed"]');
INSERT INTO "series" VALUES(124,1,'athena_cost_usd_total','["primary", "UTILITY", "failed"]');
INSERT INTO "series" VALUES(125,1,'athena_query_queue_seconds_sum','["primary", "UTILITY"]');
INSERT INTO "series" VALUES(126,1,'athena_query_queue_seconds_bucket','["primary", "UTILITY", "500"]');
INSERT INTO "series" VALUES(127,1,'athena_query_planning_seconds_sum','["primary", "UTILITY"]');
INSERT INTO "series" VALUES(128,1,'athena_query_planning_seconds_bucket','["primary", "UTILITY", "500"]');
INSERT INTO "series" VALUES(129,1,'athena_query_engine_seconds_sum','["primary", "UTILITY"]');
INSERT INTO "series" VALUES(130,1,'athena_query_engine_seconds_bucket','["primary", "UTILITY", "60000"]');
INSERT INTO "series" VALUES(131,1,'athena_query_total_seconds_sum','["primary", "UTILITY"]');
INSERT INTO "series" VALUES(132,1,'athena_query_total_seconds_bucket','["primary", "UTILITY", "60000"]');
INSERT INTO "series" VALUES(133,1,'athena_query_scanned_bytes_sum','["primary", "UTILITY"]');
INSERT INTO "series" VALUES(134,1,'athena_query_scanned_bytes_bucket','["primary", "UTILITY", "5368709120"]');
INSERT INTO "series" VALUES(135,1,'athena_user_queries_total','["bob", "primary", "finance", "failed"]');
INSERT INTO "series" VALUES(136,1,'athena_user_scanned_bytes_total','["bob", "primary", "finance"]');
INSERT INTO "series" VALUES(137,1,'athena_user_cost_usd_total','["bob", "primary", "finance"]');
INSERT INTO "series" VALUES(138,1,'athena_user_queries_total','["cleo", "etl", "unknown", "succeeded"]');
INSERT INTO "series" VALUES(139,1,'athena_user_scanned_bytes_total','["cleo", "etl", "unknown"]');
INSERT INTO "series" VALUES(140,1,'athena_user_cost_usd_total','["cleo", "etl", "unknown"]');
INSERT INTO "series" VALUES(141,1,'athena_queries_total','["adhoc", "DML", "cancelled"]');
INSERT INTO "series" VALUES(142,1,'athena_scanned_bytes_total','["adhoc", "DML", "cancelled"]');
INSERT INTO "series" VALUES(143,1,'athena_billed_bytes_total','["adhoc", "DML", "cancelled"]');
INSERT INTO "series" VALUES(144,1,'athena_cost_usd_total','["adhoc", "DML", "cancelled"]');
INSERT INTO "series" VALUES(145,1,'athena_user_queries_total','["dbt", "adhoc", "unknown", "cancelled"]');
INSERT INTO "series" VALUES(146,1,'athena_user_scanned_bytes_total','["dbt", "adhoc", "unknown"]');
INSERT INTO "series" VALUES(147,1,'athena_user_cost_usd_total','["dbt", "adhoc", "unknown"]');
INSERT INTO "series" VALUES(148,1,'athena_client_queries_total','["dbt-athena", "adhoc"]');
INSERT INTO "series" VALUES(149,1,'athena_client_scanned_bytes_total','["dbt-athena", "adhoc"]');
INSERT INTO "series" VALUES(150,1,'athena_client_cost_usd_total','["dbt-athena", "adhoc"]');
INSERT INTO "series" VALUES(151,1,'athena_workload_queries_total','["dbt:model.shop.orders", "dbt-athena", "adhoc"]');
INSERT INTO "series" VALUES(152,1,'athena_workload_scanned_bytes_total','["dbt:model.shop.orders", "dbt-athena", "adhoc"]');
INSERT INTO "series" VALUES(153,1,'athena_workload_cost_usd_total','["dbt:model.shop.orders", "dbt-athena", "adhoc"]');
INSERT INTO "series" VALUES(154,1,'athena_workload_engine_seconds_total','["dbt:model.shop.orders", "dbt-athena", "adhoc"]');
INSERT INTO "series" VALUES(155,1,'athena_queries_total','["primary", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(156,1,'athena_scanned_bytes_total','["primary", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(157,1,'athena_billed_bytes_total','["primary", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(158,1,'athena_cost_usd_total','["primary", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(159,1,'athena_query_queue_seconds_sum','["primary", "DDL"]');
INSERT INTO "series" VALUES(160,1,'athena_query_queue_seconds_bucket','["primary", "DDL", "500"]');
INSERT INTO "series" VALUES(161,1,'athena_query_planning_seconds_sum','["primary", "DDL"]');
INSERT INTO "series" VALUES(162,1,'athena_query_planning_seconds_bucket','["primary", "DDL", "500"]');
INSERT INTO "series" VALUES(163,1,'athena_query_engine_seconds_sum','["primary", "DDL"]');
INSERT INTO "series" VALUES(164,1,'athena_query_engine_seconds_bucket','["primary", "DDL", "60000"]');
INSERT INTO "series" VALUES(165,1,'athena_query_total_seconds_sum','["primary", "DDL"]');
INSERT INTO "series" VALUES(166,1,'athena_query_total_seconds_bucket','["primary", "DDL", "60000"]');
INSERT INTO "series" VALUES(167,1,'athena_query_scanned_bytes_sum','["primary", "DDL"]');
INSERT INTO "series" VALUES(168,1,'athena_query_scanned_bytes_bucket','["primary", "DDL", "83886080"]');
INSERT INTO "series" VALUES(169,1,'athena_query_scanned_bytes_bucket','["primary", "DML", "5368709120"]');
INSERT INTO "series" VALUES(170,1,'athena_user_queries_total','["dbt", "primary", "finance", "succeeded"]');
INSERT INTO "series" VALUES(171,1,'athena_user_scanned_bytes_total','["dbt", "primary", "finance"]');
INSERT INTO "series" VALUES(172,1,'athena_user_cost_usd_total','["dbt", "primary", "finance"]');
INSERT INTO "series" VALUES(173,1,'athena_client_queries_total','["dbt-athena", "primary"]');
INSERT INTO "series" VALUES(174,1,'athena_client_scanned_bytes_total','["dbt-athena", "primary"]');
INSERT INTO "series" VALUES(175,1,'athena_client_cost_usd_total','["dbt-athena", "primary"]');
INSERT INTO "series" VALUES(176,1,'athena_workload_queries_total','["dbt:model.shop.orders", "dbt-athena", "primary"]');
INSERT INTO "series" VALUES(177,1,'athena_workload_scanned_bytes_total','["dbt:model.shop.orders", "dbt-athena", "primary"]');
INSERT INTO "series" VALUES(178,1,'athena_workload_cost_usd_total','["dbt:model.shop.orders", "dbt-athena", "primary"]');
INSERT INTO "series" VALUES(179,1,'athena_workload_engine_seconds_total','["dbt:model.shop.orders", "dbt-athena", "primary"]');
INSERT INTO "series" VALUES(180,1,'athena_queries_total','["adhoc", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(181,1,'athena_scanned_bytes_total','["adhoc", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(182,1,'athena_billed_bytes_total','["adhoc", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(183,1,'athena_cost_usd_total','["adhoc", "DDL", "succeeded"]');
INSERT INTO "series" VALUES(184,1,'athena_queries_total','["primary", "DML", "cancelled"]');
INSERT INTO "series" VALUES(185,1,'athena_scanned_bytes_total','["primary", "DML", "cancelled"]');
INSERT INTO "series" VALUES(186,1,'athena_billed_bytes_total','["primary", "DML", "cancelled"]');
INSERT INTO "series" VALUES(187,1,'athena_cost_usd_total','["primary", "DML", "cancelled"]');
INSERT INTO "series" VALUES(188,1,'athena_user_queries_total','["cleo", "primary", "sales", "cancelled"]');
INSERT INTO "series" VALUES(189,1,'athena_queries_total','["etl", "UTILITY", "succeeded"]');
INSERT INTO "series" VALUES(190,1,'athena_scanned_bytes_total','["etl", "UTILITY", "succeeded"]');
INSERT INTO "series" VALUES(191,1,'athena_billed_bytes_total','["etl", "UTILITY", "succeeded"]');
INSERT INTO "series" VALUES(192,1,'athena_cost_usd_total','["etl", "UTILITY", "succeeded"]');
INSERT INTO "series" VALUES(193,1,'athena_user_queries_total','["dbt", "etl", "sales", "succeeded"]');
INSERT INTO "series" VALUES(194,1,'athena_user_scanned_bytes_total','["dbt", "etl", "sales"]');
INSERT INTO "series" VALUES(195,1,'athena_user_cost_usd_total','["dbt", "etl", "sales"]');
INSERT INTO "series" VALUES(196,1,'athena_client_queries_total','["dbt-athena", "etl"]');
INSERT INTO "series" VALUES(197,1,'athena_client_scanned_bytes_total','["dbt-athena", "etl"]');
INSERT INTO "series" VALUES(198,1,'athena_client_cost_usd_total','["dbt-athena", "etl"]');
INSERT INTO "series" VALUES(199,1,'athena_workload_queries_total','["dbt:model.shop.orders", "dbt-athena", "etl"]');
INSERT INTO "series" VALUES(200,1,'athena_workload_scanned_bytes_total','["dbt:model.shop.orders", "dbt-athena", "etl"]');
INSERT INTO "series" VALUES(201,1,'athena_workload_cost_usd_total','["dbt:model.shop.orders", "dbt-athena", "etl"]');
INSERT INTO "series" VALUES(202,1,'athena_workload_engine_seconds_total','["dbt:model.shop.orders", "dbt-athena", "etl"]');
INSERT INTO "series" VALUES(203,1,'athena_start_rejections_total','["etl", "user", "InvalidRequestException", "false"]');
INSERT INTO "series" VALUES(204,1,'athena_exporter_unattributed_queries_total','["not_found"]');
INSERT INTO "series" VALUES(205,1,'athena_exporter_unattributed_bytes_total','["not_found"]');
INSERT INTO "series" VALUES(206,1,'athena_user_queries_total','["unattributed", "adhoc", "finance", "failed"]');
INSERT INTO "series" VALUES(207,1,'athena_user_scanned_bytes_total','["unattributed", "adhoc", "finance"]');
INSERT INTO "series" VALUES(208,1,'athena_user_cost_usd_total','["unattributed", "adhoc", "finance"]');
INSERT INTO "series" VALUES(209,1,'athena_client_queries_total','["unknown", "adhoc"]');
INSERT INTO "series" VALUES(210,1,'athena_client_scanned_bytes_total','["unknown", "adhoc"]');
INSERT INTO "series" VALUES(211,1,'athena_client_cost_usd_total','["unknown", "adhoc"]');
INSERT INTO "series" VALUES(212,1,'athena_user_queries_total','["unattributed", "etl", "sales", "succeeded"]');
INSERT INTO "series" VALUES(213,1,'athena_user_scanned_bytes_total','["unattributed", "etl", "sales"]');
INSERT INTO "series" VALUES(214,1,'athena_user_cost_usd_total','["unattributed", "etl", "sales"]');
INSERT INTO "series" VALUES(215,1,'athena_client_queries_total','["unknown", "etl"]');
INSERT INTO "series" VALUES(216,1,'athena_client_scanned_bytes_total','["unknown", "etl"]');
INSERT INTO "series" VALUES(217,1,'athena_client_cost_usd_total','["unknown", "etl"]');
INSERT INTO "series" VALUES(218,1,'athena_workload_queries_total','["dbt:model.shop.orders", "unknown", "etl"]');
INSERT INTO "series" VALUES(219,1,'athena_workload_scanned_bytes_total','["dbt:model.shop.orders", "unknown", "etl"]');
INSERT INTO "series" VALUES(220,1,'athena_workload_cost_usd_total','["dbt:model.shop.orders", "unknown", "etl"]');
INSERT INTO "series" VALUES(221,1,'athena_workload_engine_seconds_total','["dbt:model.shop.orders", "unknown", "etl"]');
INSERT INTO "series" VALUES(222,1,'athena_user_queries_total','["unattributed", "primary", "sales", "succeeded"]');
INSERT INTO "series" VALUES(223,1,'athena_user_scanned_bytes_total','["unattributed", "primary", "sales"]');
INSERT INTO "series" VALUES(224,1,'athena_user_cost_usd_total','["unattributed", "primary", "sales"]');
INSERT INTO "series" VALUES(225,1,'athena_client_queries_total','["unknown", "primary"]');
INSERT INTO "series" VALUES(226,1,'athena_client_scanned_bytes_total','["unknown", "primary"]');
INSERT INTO "series" VALUES(227,1,'athena_client_cost_usd_total','["unknown", "primary"]');
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
INSERT INTO "slots" VALUES(1,'table','finance.accounts',20522);
INSERT INTO "slots" VALUES(1,'table','sales.orders',20522);
INSERT INTO "slots" VALUES(1,'user','ann',20522);
INSERT INTO "slots" VALUES(1,'user','bob',20522);
INSERT INTO "slots" VALUES(1,'user','cleo',20522);
INSERT INTO "slots" VALUES(1,'user','dbt',20522);
INSERT INTO "slots" VALUES(1,'workload','dbt:model.shop.orders',20522);
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
CREATE TABLE table_events (               -- CloudTrail events about tables that were told: each once
    target_id INTEGER NOT NULL REFERENCES targets (id),
    event_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (target_id, event_id)
) WITHOUT ROWID;
CREATE TABLE table_reads (                -- when a table was last read
    target_id INTEGER NOT NULL REFERENCES targets (id),
    database TEXT NOT NULL,
    table_name TEXT NOT NULL,
    last_read_ms INTEGER NOT NULL,
    PRIMARY KEY (target_id, database, table_name)
) WITHOUT ROWID;
INSERT INTO "table_reads" VALUES(1,'finance','accounts',1773135020000);
INSERT INTO "table_reads" VALUES(1,'sales','orders',1773135020000);
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
INSERT INTO "usage_tables" VALUES(1,1773100800000,'finance','accounts','read','ann',2,1773115220000);
INSERT INTO "usage_tables" VALUES(1,1773100800000,'finance','accounts','read','bob',2,1773124220000);
INSERT INTO "usage_tables" VALUES(1,1773100800000,'finance','accounts','read','cleo',1,1773118820000);
INSERT INTO "usage_tables" VALUES(1,1773100800000,'finance','accounts','read','dbt',2,1773135020000);
INSERT INTO "usage_tables" VALUES(1,1773100800000,'finance','accounts','read','unattributed',2,1773113420000);
INSERT INTO "usage_tables" VALUES(1,1773100800000,'sales','orders','read','ann',3,1773115220000);
INSERT INTO "usage_tables" VALUES(1,1773100800000,'sales','orders','read','bob',3,1773124220000);
INSERT INTO "usage_tables" VALUES(1,1773100800000,'sales','orders','read','cleo',3,1773118820000);
INSERT INTO "usage_tables" VALUES(1,1773100800000,'sales','orders','read','dbt',3,1773135020000);
INSERT INTO "usage_tables" VALUES(1,1773100800000,'sales','orders','read','unattributed',3,1773122420000);
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
INSERT INTO "usage_types" VALUES(1,1773100800000,'adhoc','DDL','failed',1,878706690,20000);
INSERT INTO "usage_types" VALUES(1,1773100800000,'adhoc','DDL','succeeded',1,4847566865,20000);
INSERT INTO "usage_types" VALUES(1,1773100800000,'adhoc','DML','cancelled',1,2211446795,20000);
INSERT INTO "usage_types" VALUES(1,1773100800000,'adhoc','DML','succeeded',1,3514826760,20000);
INSERT INTO "usage_types" VALUES(1,1773100800000,'etl','DDL','succeeded',1,454033415,20000);
INSERT INTO "usage_types" VALUES(1,1773100800000,'etl','DML','succeeded',3,10544480280,60000);
INSERT INTO "usage_types" VALUES(1,1773100800000,'etl','UTILITY','cancelled',1,1757413380,20000);
INSERT INTO "usage_types" VALUES(1,1773100800000,'etl','UTILITY','succeeded',1,0,20000);
INSERT INTO "usage_types" VALUES(1,1773100800000,'primary','DDL','succeeded',1,29360140,20000);
INSERT INTO "usage_types" VALUES(1,1773100800000,'primary','DML','cancelled',1,2665480210,20000);
INSERT INTO "usage_types" VALUES(1,1773100800000,'primary','DML','succeeded',3,3968860175,60000);
INSERT INTO "usage_types" VALUES(1,1773100800000,'primary','UTILITY','failed',1,1332740105,20000);
CREATE UNIQUE INDEX queries_by_id ON queries (target_id, query_id);
CREATE INDEX queries_unfinished ON queries (target_id, since_ms) WHERE phase < 3;
CREATE INDEX queries_nameless ON queries (target_id, since_ms)
    WHERE identity_id IS NULL AND attribution = 0 AND phase > 0;
CREATE INDEX queries_by_time ON queries (target_id, ended_ms) WHERE phase = 3;
CREATE INDEX counters_unborn ON counters (id) WHERE shown = 0;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('facts',15);
COMMIT;
