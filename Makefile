# Shortcuts for people who work on Vienna. `./vienna` needs none of them.
.PHONY: check lint types imports test fuzz fuzz-api demo showcase screenshots ci lock

# Newest versions that fit, from one resolution: the runtime lock is a cut of the other. Needs uv.
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --universal --python-version 3.13 \
	--generate-hashes --no-annotate --no-emit-package vienna-client $(UPGRADE)

check: lint types imports

lint:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types:
	.venv/bin/mypy

imports:
	.venv/bin/lint-imports

test:
	./vienna test

# make fuzz SECONDS=60 TARGETS="call decode_json": each in turn for so long; all of them unless named.
fuzz:
	.venv/bin/python -m fuzz --seconds $(or $(SECONDS),60) $(TARGETS)

# make fuzz-api EXAMPLES=50: the API against its own description, every boundary and so many of each operation.
fuzz-api:
	VIENNA_API_EXAMPLES=$(or $(EXAMPLES),50) .venv/bin/pytest -q tests/control/api/test_described.py

demo:
	./vienna demo --auto

# make showcase PORT=8090: the product with life in it, until Ctrl-C; prints who may log in. Enter: started again.
showcase:
	PYTHONPATH=tests .venv/bin/python -m browser.showcase --port $(or $(PORT),0)

# make screenshots OUT=dir ONLY=inbox,approval LOOKS=light-wide,dark-phone: every page of the console, both themes,
# wide and at 360 px; of the showcase that runs, or of one of its own. Fails when a page complains.
screenshots:
	PYTHONPATH=tests .venv/bin/python -m browser.screenshots --out $(or $(OUT),build/screenshots) --only "$(ONLY)" --looks "$(LOOKS)"

ci:
	.ci/run

# Keeps the pinned versions that still fit; `make lock UPGRADE=--upgrade` takes the newest.
lock:
	$(COMPILE) --group build --group dev -o requirements-dev.lock pyproject.toml
	$(COMPILE) --group build --constraint requirements-dev.lock -o requirements.lock pyproject.toml
