-- Users x databases.
-- Who uses which database, as a full matrix? A cell for each of the dearest users and each of the busiest databases,
-- also where there is nothing in it.
-- parameter users int = 50: at most so many users, the dearest
-- parameter databases int = 20: at most so many databases, those with most queries
-- column user_name name: who started the queries
-- column database_name name: the database that the SQL names; `multiple` if several, `unknown` if none
-- column queries count: finished queries; 0 where there are none
-- column cost_usd usd: list price of the billed bytes
WITH cells AS (
    SELECT user_name,
        coalesce(database_name, 'unknown') AS database_name,
        count(*) AS queries,
        coalesce(sum(cost_nanousd), 0) AS cost_nanousd
    FROM asked
    GROUP BY user_name, coalesce(database_name, 'unknown')
),
people AS (
    SELECT user_name, sum(cost_nanousd) AS cost_nanousd
    FROM cells
    GROUP BY user_name
    ORDER BY cost_nanousd DESC, user_name
    LIMIT :users
),
places AS (
    SELECT database_name, sum(queries) AS queries
    FROM cells
    GROUP BY database_name
    ORDER BY queries DESC, database_name
    LIMIT :databases
)
SELECT people.user_name,
    places.database_name,
    coalesce(cells.queries, 0) AS queries,
    coalesce(cells.cost_nanousd, 0) / 1e9 AS cost_usd
FROM people
CROSS JOIN places
LEFT JOIN cells
    ON cells.user_name = people.user_name
    AND cells.database_name = places.database_name
ORDER BY people.cost_nanousd DESC, people.user_name, places.queries DESC, places.database_name
