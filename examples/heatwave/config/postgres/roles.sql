-- Runs once, when the database is made. The standby gets these with everything else.
\getenv replication_password REPLICATION_PASSWORD
\getenv health_password PG_HEALTH_PASSWORD
\connect postgres
CREATE ROLE replicator LOGIN REPLICATION PASSWORD :'replication_password';
CREATE ROLE health_check LOGIN CONNECTION LIMIT 10 PASSWORD :'health_password';
-- pg-guard announces a promotion by a file in the data directory, which the other server looks for.
GRANT EXECUTE ON FUNCTION pg_stat_file(text, boolean) TO health_check;
