#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Starts PostgreSQL on the volume, which it fills the first time. An image of a newer release refuses the older one's data.
set -eu
bin=$(echo /usr/lib/postgresql/*/bin)
data=/var/lib/postgresql/data
if [ ! -s "$data/PG_VERSION" ]; then
  rm -rf "$data.new"
  # Huge pages are the host's to give to containers (the boolean container_use_hugetlbfs): it does not ask for them.
  "$bin/initdb" --pgdata="$data.new" --auth=scram-sha-256 --pwfile=/run/secrets/db-password --set=huge_pages=off
  echo "host all all all scram-sha-256" >>"$data.new/pg_hba.conf"
  mv "$data.new" "$data"
fi
exec "$bin/postgres" -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp
