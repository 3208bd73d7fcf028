# Every command of the project; `make help` lists them. Each one sets up what is missing.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
SETUP := var/setup.stamp

export RASA_TELEMETRY_ENABLED := false
export SQLALCHEMY_SILENCE_UBER_WARNING := 1
export PYTHONWARNINGS := ignore::DeprecationWarning

.PHONY: help setup run demo chat assistant train evaluate bench bench-widget bench-search \
	check check-content test test-fast test-postgres load urgent faults fuzz takeover \
	alerts swaps crashes harmful whole-path teaching training-time finetune clean again

help: ## one line for each command
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
		while IFS='|' read -r name does; do printf '  make %-12s %s\n' "$$name" "$$does"; done

setup: $(SETUP) ## tools, Python and packages (the other commands do it by themselves)

# Also when .venv was removed by hand.
$(SETUP): pyproject.toml uv.lock $(if $(wildcard .venv/bin/python),,again)
	@sh deploy/setup.sh
	@touch $@

run: $(SETUP) ## start all of the product on this machine and print its addresses
	@$(PYTHON) -m deploy.run

demo: $(SETUP) ## made-up patients write to a running front desk, so that its inbox has work
	@$(PYTHON) -m deploy.demo

chat: $(SETUP) ## a conversation in the terminal
	@$(PYTHON) -m deploy.chat

assistant: $(SETUP) ## only the assistant: Rasa server and action server
	@$(PYTHON) -m deploy.assistant

train: $(SETUP) ## train a model
	@$(PYTHON) -m retraining.train

evaluate: $(SETUP) ## score the newest model on the project's own test sets
	@$(PYTHON) -m retraining.evaluate

bench: $(SETUP) ## measure speed and memory
	@$(PYTHON) -m benchmarks

bench-widget: $(SETUP) ## our chat widget beside deep-chat and rasa-webchat (npm fetches them)
	-@$(PYTHON) -m tests.widget.chromium
	@$(PYTHON) -m benchmarks.widget

load: $(SETUP) ## patients at the gateway, beside the assistant alone (FULL=1: 500 streams)
	@$(PYTHON) -m retraining.train --if-changed
	@$(PYTHON) -m tests.load $(if $(FULL),--full)

check: $(SETUP) ## content, style and type checks
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy .
	$(PYTHON) -m retraining.checks

check-content: $(SETUP) ## what speaks against changed content, without training (SINCE=main)
	@$(PYTHON) -m retraining check --content --since $(or $(SINCE),HEAD)

test: $(SETUP) ## the whole test suite (trains first if the data changed)
	@$(PYTHON) -m retraining.train --if-changed
	-@$(PYTHON) -m tests.widget.chromium
	-@$(PYTHON) -m tests.frontdesk.redis_server
	-@$(PYTHON) -m tests.on_postgres --install
	$(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-fast: $(SETUP) ## the tests that need no model, under a minute
	$(PYTHON) -m pytest -m "not model and not slow"

test-postgres: $(SETUP) ## the front desk's tests on a PostgreSQL of their own (Debian's)
	-@$(PYTHON) -m tests.on_postgres --install
	@$(PYTHON) -m tests.on_postgres

bench-search: $(SETUP) ## how fast staff find conversations (SQLite, PostgreSQL; KEEP=folder)
	@$(PYTHON) -m tests.load.search --check $(if $(KEEP),--keep $(KEEP))

urgent: $(SETUP) ## how surely and fast a person in danger is answered, all test messages
	@$(PYTHON) -m retraining.train --if-changed
	@URGENT_MESSAGES=100000 $(PYTHON) -m pytest -q -s tests/frontdesk/test_urgent_figures.py

faults: $(SETUP) ## 1000 messages while processes are killed and connections cut
	@$(PYTHON) -m retraining.train --if-changed
	@FAULT_MESSAGES=1000 $(PYTHON) -m pytest -q -s tests/frontdesk/test_faults.py

fuzz: $(SETUP) ## 5000 odd requests to the chat API
	@$(PYTHON) -m retraining.train --if-changed
	@FUZZ_REQUESTS=5000 $(PYTHON) -m pytest -q -s tests/frontdesk/test_fuzz.py

takeover: $(SETUP) ## 10000 steps in any order: the assistant never talks over a person
	@TAKEOVER_STEPS=10000 $(PYTHON) -m pytest -q -s tests/staff/test_takeover_machine.py

alerts: $(SETUP) ## 200 kills while urgent alerts are delivered
	@ALERT_KILLS=200 $(PYTHON) -m pytest -q -s tests/staff/test_alerts_kill.py -k killed

swaps: $(SETUP) ## 50 swaps of the model while patients write: none may be lost
	@SWAPS=50 $(PYTHON) -m pytest -q -s tests/retraining/test_swap.py

crashes: $(SETUP) ## 100 kills while a model is trained, promoted, rolled back
	@CRASHES=100 $(PYTHON) -m pytest -q -s tests/retraining/test_crashes.py

harmful: $(SETUP) ## harmful proposals, with the training that one of them needs (docs/harmful.md)
	@$(PYTHON) -m retraining.train --if-changed
	@HARMFUL=1 $(PYTHON) -m pytest -q -s tests/retraining/test_harmful.py

whole-path: $(SETUP) ## corrected, trained, live, rolled back: in a browser, real models (10 min)
	@$(PYTHON) -m retraining.train --if-changed
	-@$(PYTHON) -m tests.widget.chromium
	@WHOLE_PATH=1 $(PYTHON) -m pytest -q -s tests/e2e/test_whole_path.py

teaching: $(SETUP) ## what 10, 50 and 200 corrected messages teach, beside plain Rasa (hours)
	@$(PYTHON) -m retraining.teaching_curve

training-time: $(SETUP) ## training time at 1500 to 50000 examples (an hour)
	@$(PYTHON) -m retraining.training_time

finetune: $(SETUP) ## fine-tune the sentence encoder (rare; docs/decisions)
	@$(PYTHON) -m retraining.finetune_encoder

again:

clean: ## remove caches; keeps models, data and secrets
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .rasa results
	@find . -name __pycache__ -not -path './.venv/*' -not -path './var/*' -prune \
		-exec rm -rf {} +
