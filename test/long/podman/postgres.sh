#!/bin/sh
# What the official image of PostgreSQL does with its settings: makes the cluster once, and asks for the password over the network.
set -eu
cd /
PGDATA=/var/lib/postgresql/data
as_postgres() { setpriv --reuid postgres --regid postgres --init-groups "$@"; }
install -d -o postgres -g postgres /run/postgresql
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  install -d -m 700 -o postgres -g postgres "$PGDATA" /run/first
  install -m 400 -o postgres "$POSTGRES_PASSWORD_FILE" /run/first/password
  as_postgres initdb -D "$PGDATA" --username "$POSTGRES_USER" --pwfile /run/first/password --locale C.UTF-8 \
    --auth-local trust --auth-host scram-sha-256
  rm -r /run/first
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  echo "create database \"$POSTGRES_DB\"" | as_postgres postgres --single -D "$PGDATA" postgres
fi
# Not `as_postgres`: signals are for PostgreSQL.
exec setpriv --reuid postgres --regid postgres --init-groups postgres -D "$PGDATA" -c listen_addresses='*'
