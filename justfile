# The same chores as `cargo xtask`, for those who use just.

# list the chores
default:
    @just --list

# bring what is missing: the guests' target and a PostgreSQL server
setup:
    cargo xtask setup

# the whole job on a throw-away PostgreSQL
demo *ARGS:
    cargo xtask demo {{ARGS}}

# every test; arguments go to the test runner
test *ARGS:
    cargo xtask test {{ARGS}}

# format, clippy, house rules, licences
lint:
    cargo xtask lint

# rapidbyte against other ways to do the same; `just bench help` lists the benches
bench *ARGS:
    cargo xtask bench {{ARGS}}

# rapidbyte apply against psql | psql
bench-connector-postgres ROWS="1000000":
    cargo xtask bench keyed --rows {{ROWS}}

# one run under a sampling profiler, for the Firefox Profiler; MODE: copy, insert, upsert
bench-profile ROWS MODE:
    cargo xtask bench profile {{ROWS}} {{MODE}}

# 1K to 10M rows by INSERT, COPY, upsert by none, lz4, zstd
bench-matrix *ARGS:
    cargo xtask bench matrix {{ARGS}}

# two commits, in turns
bench-compare A B *ARGS:
    cargo xtask bench compare {{A}} {{B}} {{ARGS}}

# what CI runs
ci:
    bash .ci/run
