# The parent of one PostgreSQL server; see guardian.rs for who calls it and what it promises.
# Arguments: the folder of the binaries, the server's own folder, the superuser, the port, the authentication method.
# Standard output: the postmaster's pid, then nothing; its end tells that no process of the server is left.
trap : HUP INT TERM # a signal ends the wait below, and then the same clean end follows
server=
if "$1/initdb" --pgdata="$2/data" --username="$3" --auth="$5" --pwfile="$2/password" --encoding=UTF8 --no-locale \
  --no-sync </dev/null >>"$2/log" 2>&1; then
  "$1/postgres" -D "$2/data" -p "$4" -c config_file="$2/postgresql.conf" -c hba_file="$2/pg_hba.conf" \
    </dev/null 2>>"$2/log" &
  server=$!
  echo "$server"
fi
exec >/dev/null
read -r _
if [ -n "$server" ]; then
  # QUIT is the immediate shutdown: nothing is written that would be removed anyway, and after five seconds the
  # postmaster kills what did not obey. CONT wakes one that a test has stopped.
  kill -s QUIT "$server" 2>/dev/null
  kill -s CONT "$server" 2>/dev/null
  while kill -s 0 "$server" 2>/dev/null; do wait "$server"; done
fi
rm -rf "$2"
