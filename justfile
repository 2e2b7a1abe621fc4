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

# psql | psql against rapidbyte apply
bench *ARGS:
    cargo xtask bench {{ARGS}}

# what CI runs
ci:
    bash .ci/run
